"""API models of a lot's story."""

from typing import Literal

from pydantic import BaseModel

from farmlive.bilingual import Bilingual
from farmlive.origin.core import requirements
from farmlive.origin.core.fields import Time
from farmlive.origin.core.models import Doubt, Farm, Inspection, Lot, Plot, Work
from farmlive.origin.stops.models import Finding, Lift, MissingKind, StopReason


class Station(BaseModel):
    """A step of a lot's story.

    `event` is its trace event, null for a field operation. A spraying has its `substance`, and
    `until`, the end of its waiting period; a test whether it was `passed`; a packing its `boxes`; a
    shipping its destination `to`; a harvest and waste their `weight_g`. `corrected` is when the
    harvest's weight was corrected, from `was_g` to `weight_g`.
    """

    step: Literal[
        "flowered", "sprayed", "picked", "tested", "packed", "shipped", "wasted", "corrected"
    ]
    at: Time
    event: str | None
    substance: Bilingual | None = None
    until: Time | None = None
    passed: bool | None = None
    boxes: int | None = None
    to: Bilingual | None = None
    weight_g: int | None = None
    was_g: int | None = None
    reason: str | None = None


class ShownMoment(BaseModel):
    """A time when a lot's card was shown in a broadcast; `at` and `seq` are its event's."""

    broadcast: str
    seq: int
    at: Time


class Story(BaseModel):
    """The contents of a lot's page: the farm, the lot, its steps in order, its tests, its moments.

    `inspection` is the latest valid test, and `inspections` are all; `withdrawn_works` are
    withdrawn field operations of the plot. `within_waiting_period`: by the present records, late
    ones included, it was picked too soon; `waiting_period_overridden` is the reason that was given
    at the harvest. `doubts` are the reasons to doubt the harvest, and `plausibility_reason` answers
    them. `findings` are all findings, oldest first, and `lifts` all lifts, withdrawn ones included.
    """

    lot: Lot
    farm: Farm
    plot: Plot | None
    stations: list[Station]
    inspection: Inspection | None
    inspections: list[Inspection] = []
    withdrawn_works: list[Work] = []
    within_waiting_period: bool = False
    waiting_period_overridden: str | None = None
    doubts: list[Doubt] = []
    plausibility_reason: str | None = None
    findings: list[Finding] = []
    lifts: list[Lift] = []
    moments: list[ShownMoment]
    events_url: str

    @property
    def reasons(self) -> list[StopReason]:
        """The reasons that stop the lot: its open findings."""
        return [finding.reason for finding in self.findings if finding.lift is None]

    @property
    def lacks(self) -> list[StopReason]:
        """The county's requirements that the lot lacks, without which it is not sold."""
        kinds: dict[str | None, MissingKind] = {
            "test": "test_missing",
            "certificate": "certificate_missing",
        }
        kind = kinds.get(self.lot.missing)
        return [StopReason(kind=kind, at=self.lot.harvested_at)] if kind else []

    @property
    def is_test_early(self) -> bool:
        """Whether the valid test was passed and is too early to count for this harvest."""
        test = self.inspection
        if test is None or not test.passed:
            return False
        return requirements.is_early(test.at, self.lot.harvested_at)

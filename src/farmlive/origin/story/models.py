"""The shapes of a lot's story in the API."""

from typing import Literal

from pydantic import BaseModel

from farmlive.bilingual import Bilingual
from farmlive.origin.core import requirements
from farmlive.origin.core.fields import Time
from farmlive.origin.core.models import Doubt, Farm, Inspection, Lot, Plot, Work
from farmlive.origin.stops.models import Finding, Lift, MissingKind, StopReason


class Station(BaseModel):
    """One step of a lot on its way.

    `event` is its trace event, null for a work of the plot. A spraying tells its `substance` and
    `until` when its waiting period ran; a test whether it was `passed`; a packing its `boxes`; a
    shipping where `to`; a harvest and what was wasted their `weight_g`. `corrected` is when the
    harvest's weight was put right, from `was_g` to `weight_g`.
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
    """When a lot's card was shown in a broadcast; `at` and `seq` are its event's."""

    broadcast: str
    seq: int
    at: Time


class Story(BaseModel):
    """What a lot's page tells: the farm, the lot, its stations in order, its test, its moments.

    `inspection` is the latest that stands, and `inspections` are all; `withdrawn_works` are works
    of the plot that were taken back. `within_waiting_period` says that by what is recorded now, a
    spraying entered later included, it was picked too soon; `waiting_period_overridden` is the
    reason that was given for it at the harvest. `doubts` are what made the harvest hard to believe,
    and `plausibility_reason` answers them. `findings` are what stopped it, oldest first, and
    `lifts` what coordinators said when they lifted them, those that were taken back too.
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
        """Why the lot is stopped: its open findings."""
        return [finding.reason for finding in self.findings if finding.lift is None]

    @property
    def lacks(self) -> list[StopReason]:
        """What the county asks for before the lot is sold, and what is not there."""
        kinds: dict[str | None, MissingKind] = {
            "test": "test_missing",
            "certificate": "certificate_missing",
        }
        kind = kinds.get(self.lot.missing)
        return [StopReason(kind=kind, at=self.lot.harvested_at)] if kind else []

    @property
    def is_test_early(self) -> bool:
        """Whether the test that stands was passed and is too early to count for this harvest."""
        test = self.inspection
        if test is None or not test.passed:
            return False
        return requirements.is_early(test.at, self.lot.harvested_at)

"""The shapes of what stops a lot, and of lifts, in the API and on cards."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from farmlive.bilingual import Bilingual
from farmlive.origin.core.fields import Identifier, Sent, Sentence, Time
from farmlive.origin.core.models import MOST_TESTS, MOST_WORKS, Inspection, Work

# A finding is of a test of the lot, or of a work of its plot in the year before the harvest.
MOST_FINDINGS = MOST_TESTS + MOST_WORKS

FindingKind = Literal["test_failed", "waiting_period"]
MissingKind = Literal["test_missing", "certificate_missing"]


class StopReason(BaseModel):
    """Why a lot is stopped, as cards, events and refusals tell it; times are milliseconds since
    1970, as on the channel.

    A `test_failed` tells the test's `result` and when it was, `at`; a `waiting_period` what was
    sprayed, `at` when, and `until` when nothing might be picked. Both name their `finding`. A
    `test_missing` or `certificate_missing` names none: the county sells no lot without, and what
    was sold before is packed and handed over; `at` is then the harvest.
    """

    finding: str | None = None
    kind: FindingKind | MissingKind
    at: int
    result: Bilingual | None = None
    substance: Bilingual | None = None
    until: int | None = None


class CardLift(BaseModel):
    """The sentence with which a lot was last lifted, and when, milliseconds since 1970."""

    sentence: str
    at: int


class Finding(BaseModel):
    """Why a lot was stopped: its `inspection` that failed, or the `work` in whose waiting period
    it was picked. `at` is when that was found; `lift` names what lifted it, null while it is open.
    """

    id: str
    kind: FindingKind
    at: Time
    inspection: Inspection | None
    work: Work | None
    lift: str | None

    @property
    def reason(self) -> StopReason:
        """The finding as cards and events tell it."""
        cause = self.inspection or self.work
        return StopReason(
            finding=self.id,
            kind=self.kind,
            at=cause.at if cause else self.at,
            result=self.inspection and self.inspection.result,
            substance=self.work and self.work.substance,
            until=self.work and self.work.until,
        )


class NewLift(Sent):
    """Lift a stopped lot: the findings that were looked at, and a sentence that everyone reads.

    A lot with a finding that is not named stays stopped.
    """

    findings: Annotated[list[Identifier], Field(min_length=1, max_length=MOST_FINDINGS)]
    sentence: Sentence


class Lift(BaseModel):
    """A coordinator lifted these findings, with this sentence; `stopped`: some of the lot are open.

    One that was taken back lifts none of them any more: it says when that was, and why.
    """

    id: str
    lot: str
    at: Time
    sentence: str
    findings: list[str]
    stopped: bool
    withdrawn_at: Time | None = None
    withdrawn_reason: str | None = None

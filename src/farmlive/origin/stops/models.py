"""Models of stops and lifts, in the API and on cards."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from farmlive.bilingual import Bilingual
from farmlive.origin.core.fields import Identifier, Sent, Sentence, Time
from farmlive.origin.core.models import MOST_TESTS, MOST_WORKS, Inspection, Work

# A finding comes from a test of the lot, or from a field operation of its plot in the year before
# the harvest.
MOST_FINDINGS = MOST_TESTS + MOST_WORKS

FindingKind = Literal["test_failed", "waiting_period"]
MissingKind = Literal["test_missing", "certificate_missing"]


class StopReason(BaseModel):
    """A reason that stops a lot, as in cards, events and refusals; times are in milliseconds since
    1970, as on the channel.

    A `test_failed` has the test's `result` and its time `at`; a `waiting_period` has what was
    sprayed, `at` when, and `until` when picking was not allowed. Both have the id of their
    `finding`. A `test_missing` or `certificate_missing` has none: the county sells no lot without,
    and earlier orders are still packed and handed over; `at` is then the harvest.
    """

    finding: str | None = None
    kind: FindingKind | MissingKind
    at: int
    result: Bilingual | None = None
    substance: Bilingual | None = None
    until: int | None = None


class CardLift(BaseModel):
    """The public sentence of a lot's last lift, and its time in milliseconds since 1970."""

    sentence: str
    at: int


class Finding(BaseModel):
    """A finding that stops a lot: its failed `inspection`, or the `work` in whose waiting period it
    was picked. `at` is when it was found; `lift` is the id of its lift, null while it is open.
    """

    id: str
    kind: FindingKind
    at: Time
    inspection: Inspection | None
    work: Work | None
    lift: str | None

    @property
    def reason(self) -> StopReason:
        """Return the finding as cards and events have it."""
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
    """The findings to lift, and a public sentence.

    A lot with another open finding stays stopped.
    """

    findings: Annotated[list[Identifier], Field(min_length=1, max_length=MOST_FINDINGS)]
    sentence: Sentence


class Lift(BaseModel):
    """A coordinator's lift of these findings, with its sentence; `stopped`: some findings of the
    lot are open.

    A withdrawn one lifts none of them any more: it has the time and the reason of the withdrawal.
    """

    id: str
    lot: str
    at: Time
    sentence: str
    findings: list[str]
    stopped: bool
    withdrawn_at: Time | None = None
    withdrawn_reason: str | None = None

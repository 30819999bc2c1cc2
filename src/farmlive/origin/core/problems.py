"""Problems of origin, each with a sentence that says what to do."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from farmlive.problems import Conflict, Forbidden, Invalid, NotFound, Problem


class UnknownFarm(NotFound):
    """No farm has that id."""

    slug = "unknown-farm"
    title = "There is no such farm"


class UnknownPlot(NotFound):
    """No plot has that id."""

    slug = "unknown-plot"
    title = "There is no such plot"


class UnknownLot(NotFound):
    """No lot has that id, or that GTIN and code."""

    slug = "unknown-lot"
    title = "There is no such lot"


class UnknownInspection(NotFound):
    """The lot has no test with that id."""

    slug = "unknown-inspection"
    title = "The lot has no such test"


class UnknownPicture(Invalid):
    """A picture that is not stored here was named."""

    slug = "unknown-picture"
    title = "There is no such picture"


class OtherFarm(Forbidden):
    """The farm does not belong to the seller."""

    slug = "other-farm"
    title = "That is another farm's"


class LotTaken(Conflict):
    """Another lot has this code, or this GTIN with this code."""

    slug = "lot-taken"
    title = "Another lot has that code"


class WaitingPeriod(Conflict):
    """The harvest is within the waiting period of a spraying of its plot."""

    slug = "waiting-period"
    title = "The waiting period after spraying was not over"


class ImplausibleHarvest(Conflict):
    """The harvest is implausible, and no reason was given; `doubts` lists why.

    Each is a `Doubt`: its plot was planted later, or bears less within a year.
    """

    slug = "implausible-harvest"
    title = "The harvest is implausible"

    def __init__(self, doubts: Sequence[Mapping[str, Any]]):
        why = " ".join(_DOUBTS[doubt["kind"]](doubt) for doubt in doubts)
        super().__init__(
            f"{why} Nothing was saved: correct the date, the weight or the plot, or say why it is "
            "so (plausibility_reason); everyone reads that.",
            doubts=list(doubts),
        )


_DOUBTS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "before_planting": lambda doubt: f"The plot was planted in {doubt['planted_year']}.",
    "above_yield": lambda doubt: (
        f"The plot of {doubt['area_m2']} m² would have given {doubt['year_g'] / 1000:g} kg this "
        f"year, and it can bear {doubt['most_g'] / 1000:g} kg."
    ),
}


class UnknownWork(NotFound):
    """The plot has no field operation with that id, or it was withdrawn."""

    slug = "unknown-work"
    title = "There is no such work"


class TooManyRecords(Conflict):
    """The lot has too many tests, packings, shippings or records of waste, or its plot too many
    field operations within a year; `most` is the limit.

    Half of it is for coordinators only.
    """

    slug = "too-many-records"
    title = "There are too many records of it"

    def __init__(self, what: str, most: int, *, by_coordinator: bool):
        do = (
            "Look whether it is the right one; a program should record each once."
            if by_coordinator
            else "Look whether it is the right one, or ask a coordinator to record it."
        )
        super().__init__(f"Nothing was kept: there are {most} {what} already. {do}", most=most)


class InFuture(Invalid):
    """The record is about something that has not happened yet."""

    slug = "in-the-future"
    title = "The time is in the future"


class WrongOrder(Invalid):
    """The times of a lot's records contradict each other."""

    slug = "wrong-order"
    title = "The times contradict each other"


class EarlyTest(Invalid):
    """The passed test is from too long before the harvest to count for it; `most_days` is the
    limit.

    `harvested_at` is the harvest's time.
    """

    slug = "early-test"
    title = "The test is from too long before the harvest"

    def __init__(self, tested_at: str, harvested_at: str, most_days: int):
        super().__init__(
            f"Nothing was kept: the test is of {tested_at}, and the lot was harvested at "
            f"{harvested_at}. A test counts for a harvest from {most_days} days before it on: put "
            "the time right, or record a test of this harvest.",
            harvested_at=harvested_at,
            most_days=most_days,
        )


class NotLeft(Conflict):
    """More was to be wasted than is neither sold nor held; `left_g` is the most."""

    slug = "not-left"
    title = "Not enough of the lot is left"

    def __init__(self, left_g: int):
        super().__init__(
            f"Nothing was changed: {left_g / 1000:g} kg of the lot are neither sold, held for "
            "buyers nor wasted. Cancel orders of it first, or compare the weight.",
            left_g=left_g,
        )


class BelowTaken(Conflict):
    """The weight is below what is sold, held and wasted of the lot; `least_g` is the least."""

    slug = "below-taken"
    title = "More of the lot is sold or held than that"

    def __init__(self, least_g: int):
        super().__init__(
            f"Nothing was changed: {least_g / 1000:g} kg of the lot are sold, held for buyers or "
            "wasted. Cancel orders of it first, or compare the weight.",
            least_g=least_g,
        )


class UnknownWaste(NotFound):
    """The lot has no record of waste with that id, or it was withdrawn."""

    slug = "unknown-waste"
    title = "There is no such record of waste"


class UnknownFinding(NotFound):
    """The lot has no finding with that id."""

    slug = "unknown-finding"
    title = "The lot has no such finding"


class UnknownLift(NotFound):
    """The lot has no lift with that id, or it was withdrawn."""

    slug = "unknown-lift"
    title = "The lot has no such lift"


class LotStopped(Conflict):
    """The lot is stopped; `lot` is its id, `code` its code, `reasons` say why.

    Each reason is a `StopReason`: times are in milliseconds since 1970, as on cards. `offers` lists
    the request's offers that sell the lot, if any.
    """

    slug = "lot-stopped"
    title = "The lot is stopped"

    def __init__(
        self,
        lot: str,
        code: str,
        reasons: Sequence[Mapping[str, Any]],
        why: str,
        offers: Sequence[str] = (),
        *,
        for_buyer: bool = False,
    ):
        if any("finding" in reason for reason in reasons):
            detail = (
                f"Nothing was changed: lot {code} is stopped. {why} Nothing of it is sold, packed "
                "or handed over until a coordinator lifts the stop; its orders can be called off "
                "and refunded."
            )
        elif for_buyer:
            detail = (
                f"Nothing was ordered or held: lot {code} is not sold yet. {why} Look at it again "
                "later, or choose something else."
            )
        else:
            detail = (
                f"Nothing was changed: lot {code} can't be sold yet. {why} Record what is missing "
                "first."
            )
        super().__init__(detail, lot=lot, code=code, reasons=list(reasons), offers=list(offers))


class WrongIdentifier(Problem):
    """The identifier in the URL is malformed."""

    status = 400
    slug = "wrong-identifier"
    title = "The identifier is invalid"


class NoSuchLink(NotFound):
    """The lot has no link of the requested type."""

    slug = "no-such-link"
    title = "There is no link of that type"

"""Parts of events' data, as typed dictionaries: mypy checks them and they are encoded as they
are.
"""

from typing import Annotated, Literal, NotRequired

from typing_extensions import TypedDict

from farmlive.broadcast.events.model import ULID, doc

MOMENT = 1_764_400_000_000

Id = Annotated[str, doc("A ULID.", ULID)]
Ms = Annotated[int, doc("UTC milliseconds since 1970.", MOMENT)]
Boxes = Annotated[int, doc("Boxes.", 3)]
Grams = Annotated[int, doc("Net weight, grams.", 7_500)]


class Money(TypedDict):
    """An amount in minor units, with its ISO 4217 code."""

    amount: Annotated[int, doc("Minor units: 2990 is 29.90.", 2990)]
    currency: Annotated[str, doc("ISO 4217.", "CNY")]


class Text(TypedDict):
    """A text in both languages; one of them may be empty."""

    zh: Annotated[str, doc("Chinese.", "金柑")]
    en: Annotated[str, doc("English.", "Kumquats")]


class Line(TypedDict):
    """A line of an order; `price` and `total` are in minor units of the order's currency."""

    offer: Id
    lot: Id
    farm: Id
    quantity: Boxes
    price: Annotated[int, doc("Minor units a box.", 2990)]
    total: Annotated[int, doc("Minor units of the line.", 8970)]
    flash: NotRequired[Annotated[str, doc("The flash batch of the line.", ULID)]]


class Returned(TypedDict):
    """Boxes of an offer that were returned to stock."""

    offer: Id
    farm: NotRequired[Annotated[str, doc("The farm; missing in older logs.", ULID)]]
    quantity: Boxes


class LineName(TypedDict):
    """A reference to a line of an order."""

    offer: Id
    farm: Id


class Reason(TypedDict):
    """A reason that stops a lot."""

    finding: NotRequired[Annotated[str, doc("The finding; absent for a missing document.", ULID)]]
    kind: Literal["test_failed", "waiting_period", "test_missing", "certificate_missing"]
    at: Annotated[int, doc("When it was tested, sprayed or harvested, UTC milliseconds.", MOMENT)]
    result: NotRequired[Annotated[Text, doc("The test's result, for test_failed.")]]
    substance: NotRequired[Annotated[Text, doc("The sprayed substance, for waiting_period.")]]
    until: NotRequired[Annotated[int, doc("End of the waiting period.", MOMENT)]]


class Lift(TypedDict):
    """The last lift of a lot: its public sentence and its time."""

    sentence: Annotated[str, doc("A coordinator's reason.", "复检合格。")]
    at: Ms


class CardFarm(TypedDict):
    """The farm on a card."""

    id: Id
    name: Text
    place: Text


class CardLot(TypedDict):
    """The lot on a card, with the fields that all offers of the lot share."""

    id: Id
    code: Annotated[str, doc("The lot's code.", "YX-1124")]
    url: Annotated[str, doc("The page of its origin.", "/01/06900000000013/10/YX-1124")]
    harvested_at: int | None
    tested: Annotated[bool, doc("Whether its latest test was passed.", True)]
    stopped: NotRequired[Annotated[list[Reason], doc("The reasons that stop its sale.")]]
    lifted: NotRequired[Annotated[Lift | None, doc("Null unless it was lifted.")]]
    harvested_g: NotRequired[Grams]
    wasted_g: NotRequired[Grams]
    sold_g: NotRequired[Grams]
    left_g: NotRequired[Grams]
    farm: CardFarm


class CardFlash(TypedDict):
    """The flash batch on a card."""

    id: Id
    state: Literal["planned", "running"]
    price: Money
    boxes: Boxes
    per_buyer: int | None
    starts_at: Ms
    ends_at: Ms

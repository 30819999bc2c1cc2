"""API models of a review. Each number comes with the sentence that defines it."""

from typing import Literal

from pydantic import BaseModel

from farmlive.bilingual import Bilingual


class Sum(BaseModel):
    """A sum in minor units with its ISO 4217 code; the code is null where nothing was offered."""

    amount: int
    currency: str | None


class Part(BaseModel):
    """A part of the orders: how many, of how many items, at what price in total."""

    orders: int
    items: int
    gross: Sum


class Total(BaseModel):
    """The sales of a broadcast without cancelled orders, less refunds."""

    orders: int
    items: int
    net: Sum


class Refunds(BaseModel):
    """The number of refunded orders, and the refunds of those that are not cancelled."""

    orders: int
    amount: Sum


class Share(BaseModel):
    """The sales of an offer, a lot or a farm; `id` is its id."""

    id: str
    orders: int
    items: int
    net_items: int
    gross: Sum
    cancelled: Sum
    refunded: Sum
    net: Sum


class OfferShare(Share):
    """The sales of an offer, with its released and left boxes, and its card.

    `flash_items` of its items were ordered in flash batches, for `flash_gross`.
    """

    name: Bilingual
    unit: Bilingual
    lot: str
    farm: str
    price: Sum
    list_price: Sum | None
    released: int
    left: int
    flash_items: int
    flash_gross: Sum
    impressions: int
    taps: int
    ctr: float | None
    ctor: float | None


class LotBalance(BaseModel):
    """The balance of a harvest until now, in grams: harvested = wasted, sold, held or left, over
    all broadcasts that offer it.

    Boxes of orders that were cancelled after packing count as sold until they are released again.
    """

    harvested_g: int
    wasted_g: int
    sold_g: int
    held_g: int
    left_g: int


class LotShare(Share):
    """The sales of a lot here, over all its offers; weights in grams.

    `harvested_g` is from its card, `balance` is the present one.
    """

    code: str
    farm: str
    net_weight_g: int
    harvested_g: int | None
    balance: LotBalance | None


class FarmShare(Share):
    """The sales of a farm; `paid` and `due` are of orders that are not cancelled, and add up to
    `net`.
    """

    name: Bilingual
    net_weight_g: int
    paid: Sum
    due: Sum


class Moment(BaseModel):
    """A host's action, and the sales of its offer in the following minutes.

    `pin` has `until` and `impressions`; `price` has `price` and `was`; `release` has `quantity`
    (negative for withdrawn boxes) and `sold_after_ms`: when as many had been ordered. A `flash` is
    a flash batch from `at` until `until`, with its `price`, the ordinary price `was`, its boxes as
    `quantity`, `sold_after_ms` if all were sold, and its own orders only; a `flash_end` has the
    number of sold boxes.
    """

    kind: Literal["pin", "price", "release", "flash", "flash_end"]
    at: int
    offer: str
    until: int | None = None
    impressions: int | None = None
    price: Sum | None = None
    was: Sum | None = None
    quantity: int | None = None
    sold_after_ms: int | None = None
    orders: int = 0
    items: int = 0
    gross: Sum


class Cut(BaseModel):
    """A switch to this camera at `at`."""

    at: int
    source: str
    label: str


class Timeline(BaseModel):
    """The broadcast on one time axis: a list has one value per `step_ms` from `start` on.

    `start` and every `at` are in milliseconds since 1970. `viewers` is the average of the step,
    `peak` its maximum; `gross` is in minor units. The first of `cuts` may be before the start.
    """

    start: int
    step_ms: int
    viewers: list[float]
    peak: list[int]
    orders: list[int]
    items: list[int]
    gross: list[int]
    moments: list[Moment]
    cuts: list[Cut]


class BestMinute(BaseModel):
    """The minute with the most sales, its best-selling offer, and the action just before it."""

    at: int
    orders: int
    items: int
    gross: Sum
    offer: str
    after: Moment | None


class Highlights(BaseModel):
    """Highlights; null where nothing was sold, or no release sold out within minutes."""

    best_minute: BestMinute | None
    best_release: Moment | None


class Report(BaseModel):
    """The sales of a broadcast up to `seq` of its log; `definitions` defines each number.

    Rates are fractions of one, null where the denominator is zero. `farms_only` lists the farms
    whose part this is; null for the whole broadcast.
    """

    broadcast: str
    title: Bilingual
    state: Literal["scheduled", "live", "ended"]
    seq: int
    started_at: int | None
    until: int | None
    farms_only: list[str] | None

    orders: int
    items: int
    buyers: int
    gross: Sum
    cancelled: Part
    refunded: Refunds
    net: Sum
    fees: Sum
    paid: Sum
    due: Sum
    aov: Sum | None
    gpm: Sum | None
    uv_value: Sum | None

    views: int
    viewers: int
    pcu: int
    pcu_at: int | None
    acu: float | None
    watch_s: float | None

    impressions: int
    taps: int
    ctr: float | None
    ctor: float | None
    cancel_rate: float | None
    refund_rate: float | None
    unpaid_rate: float | None

    simulated: Part
    offers: list[OfferShare]
    lots: list[LotShare]
    farms: list[FarmShare]
    timeline: Timeline
    highlights: Highlights
    definitions: dict[str, Bilingual]

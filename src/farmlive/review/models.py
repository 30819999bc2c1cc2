"""The shapes of a review. Each number comes with the sentence that says how it is counted."""

from typing import Literal

from pydantic import BaseModel

from farmlive.bilingual import Bilingual


class Sum(BaseModel):
    """Money added up, minor units with their ISO 4217 code; null code where nothing was offered."""

    amount: int
    currency: str | None


class Part(BaseModel):
    """Some of the orders: how many, of how many items, for how much at the prices ordered at."""

    orders: int
    items: int
    gross: Sum


class Total(BaseModel):
    """What a broadcast sold that is not cancelled, less what was given back."""

    orders: int
    items: int
    net: Sum


class Refunds(BaseModel):
    """How many orders got money back, and how much the ones that stand got."""

    orders: int
    amount: Sum


class Share(BaseModel):
    """What an offer, a lot or a farm sold; `id` is its own."""

    id: str
    orders: int
    items: int
    net_items: int
    gross: Sum
    cancelled: Sum
    refunded: Sum
    net: Sum


class OfferShare(Share):
    """What an offer sold, of how much was released, what is left of that, and its card.

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
    """What became of a harvest until now, in grams: what was harvested is wasted, sold, held for
    buyers or left, over all the broadcasts that offer it.

    Boxes that were called off after they were packed count as sold until they are released anew.
    """

    harvested_g: int
    wasted_g: int
    sold_g: int
    held_g: int
    left_g: int


class LotShare(Share):
    """What a lot sold here, over all the offers that draw on it; weights in grams.

    `harvested_g` is what its card said, `balance` how the lot stands now.
    """

    code: str
    farm: str
    net_weight_g: int
    harvested_g: int | None
    balance: LotBalance | None


class FarmShare(Share):
    """What a farm sold; `paid` and `due` are of the orders that stand, and add up to `net`."""

    name: Bilingual
    net_weight_g: int
    paid: Sum
    due: Sum


class Moment(BaseModel):
    """Something the host did, and what its offer sold in the minutes that followed.

    `pin` has `until` and `impressions`; `price` has `price` and `was`; `release` has `quantity`
    (negative where stock was taken back) and `sold_after_ms`: when as many had been ordered. A
    batch at a flash price is a `flash`, from `at` until `until`, with its `price`, the price that
    it `was` beside, its boxes as `quantity`, `sold_after_ms` where they were all sold, and what was
    ordered of it alone; and a `flash_end` with the boxes sold.
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
    """From `at` on viewers saw this camera."""

    at: int
    source: str
    label: str


class Timeline(BaseModel):
    """The broadcast on one axis: a list has one value for each `step_ms` from `start` on.

    `start` and every `at` are milliseconds since 1970. `viewers` is the average of the step,
    `peak` its highest; `gross` is in minor units. A first of `cuts` may be before the start.
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
    """The minute that sold most, the offer that sold most in it, and what came just before."""

    at: int
    orders: int
    items: int
    gross: Sum
    offer: str
    after: Moment | None


class Highlights(BaseModel):
    """What stands out; null where nothing was sold, or no release sold out within minutes."""

    best_minute: BestMinute | None
    best_release: Moment | None


class Report(BaseModel):
    """What a broadcast sold up to `seq` of its log; `definitions` says how each number counts.

    Rates are shares of one, null where there is nothing to divide by. `farms_only` names the farms
    whose part this is; null is the whole broadcast.
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

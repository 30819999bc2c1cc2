"""The shapes of a review. Each number comes with the sentence that says how it is counted."""

from typing import Literal

from pydantic import BaseModel

from farmlive.bilingual import Bilingual


class Sum(BaseModel):
    """Money added up, minor units with their ISO 4217 code; null code where nothing was offered."""

    amount: int
    currency: str | None


class Share(BaseModel):
    """What an offer, a lot or a farm sold; `id` is its own."""

    id: str
    orders: int
    items: int
    gross: Sum


class OfferShare(Share):
    """What an offer sold, of how much was released, and what is left of that."""

    name: Bilingual
    unit: Bilingual
    lot: str
    farm: str
    released: int
    left: int


class LotShare(Share):
    """What a lot sold, over all the offers that draw on it; weight in grams, packing aside."""

    code: str
    farm: str
    net_weight_g: int


class FarmShare(Share):
    """What a farm sold."""

    name: Bilingual


class Simulated(BaseModel):
    """How much of the totals comes from the demo's simulated people."""

    orders: int
    items: int
    gross: Sum


class Report(BaseModel):
    """What a broadcast sold up to `seq` of its log; `definitions` says how each number counts."""

    broadcast: str
    title: Bilingual
    state: Literal["scheduled", "live", "ended"]
    seq: int
    orders: int
    items: int
    buyers: int
    gross: Sum
    simulated: Simulated
    offers: list[OfferShare]
    lots: list[LotShare]
    farms: list[FarmShare]
    definitions: dict[str, Bilingual]

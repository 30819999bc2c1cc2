"""The shapes of farms, plots, works and lots in the API. Times are RFC 3339 outside, milliseconds
inside. What stops a lot is models.py's, and its story models.py's.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from farmlive.bilingual import Bilingual
from farmlive.edge.paging import Listing
from farmlive.origin.core.fields import (
    Gs1Prefix,
    Gtin,
    Identifier,
    Latitude,
    Longitude,
    LotCode,
    Outline,
    Prose,
    Sent,
    Sentence,
    Time,
    Words,
)
from farmlive.public_text import Public, PublicBilingual
from farmlive.store.files.files import PictureUrl

Area = Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]
Year = Annotated[int, Field(strict=True, ge=1000, le=2200)]
Grams = Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]
Days = Annotated[int, Field(strict=True, ge=0, le=366)]
Count = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]

# The most tests of a lot, and works of a plot within a year, including those taken back: its story
# tells them all, and one lift can name all their findings. Half of them are for coordinators alone,
# so that no farm and no host fills up what a failed test needs.
MOST_TESTS = 200
MOST_WORKS = 400
# The most trace events of a lot and a step, error declarations among them, for the same reason:
# packings, shippings, waste, and corrections of its weight, which leave two each. What was recorded
# wrongly can be taken back however many there are.
MOST_EVENTS = 400
# The same of its tests: each test, certificate, and test that was taken back.
MOST_TEST_EVENTS = 3 * MOST_TESTS


class NewFarm(Sent):
    """A farm to add: what it is called, where it lies, who grows there.

    Pictures are addresses that POST /api/v1/pictures answered; coordinates are WGS 84 degrees.
    """

    name: PublicBilingual
    place: PublicBilingual
    person: PublicBilingual | None = None
    story: Annotated[Prose, Public] | None = None
    photo: PictureUrl | None = None
    person_photo: PictureUrl | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    gs1_prefix: Gs1Prefix | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("Give latitude and longitude together, or neither.")
        return self


class FarmChange(NewFarm):
    """What to change of a farm; what is not sent stays, and null takes away what may be missing."""

    name: PublicBilingual = None  # type: ignore[assignment]
    place: PublicBilingual = None  # type: ignore[assignment]


class Farm(BaseModel):
    """A farm."""

    id: str
    name: Bilingual
    place: Bilingual
    person: Bilingual | None = None
    story: Prose | None = None
    photo: str | None = None
    person_photo: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    gs1_prefix: str | None = None


class FarmList(Listing):
    """The farms, oldest first."""

    farms: list[Farm]
    next: str | None = None


class NewPlot(Sent):
    """A plot to add to a farm; `crop` is what a harvest from it is called."""

    name: PublicBilingual
    crop: PublicBilingual | None = None
    area_m2: Area | None = None
    planted_year: Year | None = None
    outline: Outline | None = None


class PlotChange(NewPlot):
    """What to change of a plot; what is not sent stays, and null takes away what may be missing."""

    name: PublicBilingual = None  # type: ignore[assignment]


class Plot(BaseModel):
    """A plot of a farm."""

    id: str
    farm: str
    name: Bilingual
    crop: Bilingual | None
    area_m2: int | None
    planted_year: int | None
    outline: Outline | None


class PlotList(Listing):
    """A farm's plots, oldest first."""

    plots: list[Plot]
    next: str | None = None


class NewWork(Sent):
    """What happened on a plot. A spraying says for how many days nothing may be picked."""

    kind: Literal["flowered", "sprayed"]
    at: Time
    substance: PublicBilingual | None = None
    waiting_days: Days | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind == "sprayed" and self.waiting_days is None:
            raise ValueError(
                "Say for how many days nothing may be picked after the spraying; 0 where there is "
                "no waiting period."
            )
        if self.kind != "sprayed" and (self.substance or self.waiting_days is not None):
            raise ValueError("Only a spraying has a substance and waiting days.")
        return self


class Work(BaseModel):
    """What happened on a plot; `until` is when picking is allowed again.

    One that was taken back did not happen: it says when that was said, and why.
    """

    id: str
    plot: str
    kind: Literal["flowered", "sprayed"]
    at: Time
    substance: Bilingual | None
    waiting_days: int | None
    until: Time | None
    withdrawn_at: Time | None = None
    withdrawn_reason: str | None = None


class WorkList(Listing):
    """A plot's works, latest first."""

    works: list[Work]
    next: str | None = None


def _said(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError("Say whether the lot passed this test: true or false.")
    return value


class NewInspection(Sent):
    """A test of a lot: when, what it found, by whom, and whether the lot passed it, which nothing
    but the sender says.
    """

    at: Time
    result: PublicBilingual
    laboratory: Words | None = None
    passed: Annotated[bool, BeforeValidator(_said)]

    @model_validator(mode="before")
    @classmethod
    def _unsaid(cls, sent: object) -> object:
        """Have a verdict that is missing refused by the sentence of one that is none."""
        return {"passed": None, **sent} if isinstance(sent, dict) else sent


class Inspection(BaseModel):
    """A test of a lot; `certificate` is the address of its file.

    One that was taken back did not happen: it says when that was said, and why.
    """

    id: str
    at: Time
    result: Bilingual
    laboratory: str | None
    passed: bool
    certificate: str | None
    withdrawn_at: Time | None = None
    withdrawn_reason: str | None = None


class Doubt(BaseModel):
    """What makes a harvest hard to believe.

    `before_planting`: it is from before its plot's `planted_year`. `above_yield`: it brings what
    the plot of `area_m2` gave within the year to `year_g`, above the `most_g` that it can bear.
    """

    kind: Literal["before_planting", "above_yield"]
    planted_year: int | None = None
    area_m2: int | None = None
    year_g: int | None = None
    most_g: int | None = None


class NewLot(Sent):
    """A harvest to record, with its test and its packing where they have happened.

    From the orchard four facts do: `plot`, `quantity_g`, `harvested_at`, and `code` or none for the
    next free one. Without a plot, `farm` and `product_name` are needed. `plausibility_reason` is
    asked for where the harvest is hard to believe, and told to everyone.
    """

    farm: Identifier | None = None
    plot: Identifier | None = None
    code: LotCode | None = None
    product_name: PublicBilingual | None = None
    gtin: Gtin | None = None
    harvested_at: Time
    quantity_g: Grams
    waiting_period_overridden: Sentence | None = None
    plausibility_reason: Sentence | None = None
    inspection: NewInspection | None = None
    packed_at: Time | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.packed_at is not None and self.packed_at < self.harvested_at:
            raise ValueError("A lot can't be packed before it is harvested; put the times right.")
        if self.farm is None and self.plot is None:
            raise ValueError("Say from which plot the harvest is, or from which farm.")
        return self


class NewPacking(Sent):
    """The lot, or a part of it, was packed into boxes."""

    at: Time
    boxes: Count | None = None


class NewShipping(Sent):
    """The lot, or a part of it, left the farm."""

    at: Time
    to: PublicBilingual | None = None


class NewWaste(Sent):
    """So much of a lot was thrown away and can't be sold; `reason` is told with it, to everyone.

    Without `at` it is now.
    """

    weight_g: Grams
    reason: Words
    at: Time | None = None


class Wasted(BaseModel):
    """What was thrown away; `id` is its EPCIS eventID."""

    id: str
    at: Time
    weight_g: int
    reason: str


class Undo(Sent):
    """Why something that was recorded did not happen; told with it, to everyone."""

    reason: Words


class LotChange(Sent):
    """What was harvested in truth, and why it was recorded otherwise; told to everyone."""

    quantity_g: Grams
    reason: Words
    plausibility_reason: Sentence | None = None


class PlotName(BaseModel):
    """The plot that a lot is from."""

    id: str
    name: Bilingual


class Lot(BaseModel):
    """A harvest batch. `quantity_g` is what was harvested, in grams, `wasted_g` what of it was
    thrown away. What is `sold_g` and `held_g` for buyers, and what is `left_g`, stands where the
    lot is read by itself or in the list of lots.

    `tested` says that its latest test was passed, and was no more than 30 days before the harvest,
    `passed` what that test said, null where there is none. Of a lot that is `stopped` nothing is
    sold or handed over: it is not called `tested` and shows no `certificate`, whatever its latest
    test said. `lifted`: a coordinator lifted what had stopped it, once at least. `missing` is what
    the county asks for before the lot is sold.
    """

    id: str
    farm: str
    plot: PlotName | None = None
    code: str
    product_name: Bilingual
    gtin: str | None
    class_uri: str
    url: str
    harvested_at: Time
    quantity_g: int
    wasted_g: int = 0
    sold_g: int | None = None
    held_g: int | None = None
    left_g: int | None = None
    stopped: bool = False
    lifted: bool = False
    missing: Literal["test", "certificate"] | None = None
    tested: bool
    passed: bool | None = None
    certificate: str | None = None
    packed_at: Time | None = None
    shipped_at: Time | None = None


class LotList(Listing):
    """Lots, latest harvest first."""

    lots: list[Lot]
    next: str | None = None


class Certified(BaseModel):
    """The address of a kept certificate."""

    certificate: str


class Traced(BaseModel):
    """The trace event that was written; `id` is its EPCIS eventID."""

    id: str
    at: Time

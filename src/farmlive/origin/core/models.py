"""API models of farms, plots, field operations and lots. Times are RFC 3339 in the API,
milliseconds inside. stops/models.py has those of stops, story/models.py those of a lot's story.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from farmlive.bilingual import Bilingual
from farmlive.edge.paging import Page
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
from farmlive.problems import WrongValue
from farmlive.public_text import Public, PublicBilingual
from farmlive.store.files.files import PictureUrl

Area = Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]
Year = Annotated[int, Field(strict=True, ge=1000, le=2200)]
Grams = Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]
Days = Annotated[int, Field(strict=True, ge=0, le=366)]
Count = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]

# The most tests of a lot, and field operations of a plot within a year, withdrawn ones included:
# its story lists them all, and one lift can name all their findings. Half of them are for
# coordinators only, so that no farm and no host uses up the room for a failed test.
MOST_TESTS = 200
MOST_WORKS = 400
# The most trace events of a lot per step, error declarations included, for the same reason:
# packings, shippings, waste, and corrections of its weight, which take two each. Wrong records can
# be withdrawn whatever their number.
MOST_EVENTS = 400
# The most trace events of a lot's tests: each test, certificate and withdrawal.
MOST_TEST_EVENTS = 3 * MOST_TESTS


class NewFarm(Sent):
    """A farm to add: its name, place and growers.

    Pictures are URLs from POST /api/v1/pictures; coordinates are WGS 84 degrees.
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
            raise WrongValue("half-coordinates", "Enter both latitude and longitude, or neither.")
        return self


class FarmChange(NewFarm):
    """Changes to a farm; absent members stay, and null removes an optional one."""

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


class FarmList(Page):
    """Farms, oldest first."""

    farms: list[Farm]
    next: str | None = None


class NewPlot(Sent):
    """A plot to add to a farm; `crop` is the product name of its harvests."""

    name: PublicBilingual
    crop: PublicBilingual | None = None
    area_m2: Area | None = None
    planted_year: Year | None = None
    outline: Outline | None = None


class PlotChange(NewPlot):
    """Changes to a plot; absent members stay, and null removes an optional one."""

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


class PlotList(Page):
    """A farm's plots, oldest first."""

    plots: list[Plot]
    next: str | None = None


class NewWork(Sent):
    """A field operation on a plot. A spraying has the number of days in which nothing may be
    picked.
    """

    kind: Literal["flowered", "sprayed"]
    at: Time
    substance: PublicBilingual | None = None
    waiting_days: Days | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind == "sprayed" and self.waiting_days is None:
            raise WrongValue(
                "waiting-days-missing",
                "Enter how many days must pass after spraying before picking; 0 if there is no "
                "waiting period.",
            )
        if self.kind != "sprayed" and (self.substance or self.waiting_days is not None):
            raise ValueError("Only a spraying has a substance and waiting days.")
        return self


class Work(BaseModel):
    """A field operation on a plot; `until` is when picking is allowed again.

    A withdrawn one did not happen: it has the time and the reason of the withdrawal.
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


class WorkList(Page):
    """A plot's field operations, latest first."""

    works: list[Work]
    next: str | None = None


def _said(value: object) -> object:
    if not isinstance(value, bool):
        raise WrongValue("test-undecided", "Say whether the lot passed this test.")
    return value


class NewInspection(Sent):
    """A test of a lot: time, result, laboratory, and whether the lot passed, which only the sender
    knows.
    """

    at: Time
    result: PublicBilingual
    laboratory: Words | None = None
    passed: Annotated[bool, BeforeValidator(_said)]

    @model_validator(mode="before")
    @classmethod
    def _unsaid(cls, sent: object) -> object:
        """Refuse a missing verdict with the message of an invalid one."""
        return {"passed": None, **sent} if isinstance(sent, dict) else sent


class Inspection(BaseModel):
    """A test of a lot; `certificate` is the URL of its file.

    A withdrawn one did not happen: it has the time and the reason of the withdrawal.
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
    """A reason to doubt a harvest.

    `before_planting`: it is earlier than its plot's `planted_year`. `above_yield`: it brings the
    year's harvest of the plot, with `area_m2`, to `year_g`, above the maximum `most_g`.
    """

    kind: Literal["before_planting", "above_yield"]
    planted_year: int | None = None
    area_m2: int | None = None
    year_g: int | None = None
    most_g: int | None = None


class NewLot(Sent):
    """A harvest to record, with its test and packing if they have happened.

    From the orchard four facts are enough: `plot`, `quantity_g`, `harvested_at`, and `code`, which
    defaults to the next free one. Without a plot, `farm` and `product_name` are required. An
    implausible harvest needs a `plausibility_reason`, which is public.
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
            raise WrongValue(
                "packed-before-harvest",
                "A lot can't be packed before it is harvested. Check the times.",
            )
        if self.farm is None and self.plot is None:
            raise ValueError("Say from which plot the harvest is, or from which farm.")
        return self


class NewPacking(Sent):
    """A packing of the lot, or of a part of it."""

    at: Time
    boxes: Count | None = None


class NewShipping(Sent):
    """A shipping of the lot, or of a part of it, from the farm."""

    at: Time
    to: PublicBilingual | None = None


class NewWaste(Sent):
    """A part of a lot that was thrown away and can't be sold; the `reason` is public.

    `at` defaults to now.
    """

    weight_g: Grams
    reason: Words
    at: Time | None = None


class Wasted(BaseModel):
    """A record of waste; `id` is its EPCIS eventID."""

    id: str
    at: Time
    weight_g: int
    reason: str


class Undo(Sent):
    """The reason why a recorded fact did not happen; it is public."""

    reason: Words


class LotChange(Sent):
    """The true weight of a harvest, and why another was recorded; the reason is public."""

    quantity_g: Grams
    reason: Words
    plausibility_reason: Sentence | None = None


class PlotName(BaseModel):
    """The plot of a lot."""

    id: str
    name: Bilingual


class Lot(BaseModel):
    """A lot: one harvest. `quantity_g` was harvested, in grams, `wasted_g` of it thrown away.
    `sold_g`, `held_g` and `left_g` are present where a single lot or the list of lots is read.

    `tested` is true if its latest test was passed, at most 30 days before the harvest; `passed` is
    that test's verdict, null without one. Nothing of a `stopped` lot is sold or handed over: it is
    never `tested` and shows no `certificate`, whatever its latest test says. `lifted`: a
    coordinator lifted a finding of it at least once. `missing` is what the county requires before
    the lot is sold.
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


class LotList(Page):
    """Lots, latest harvest first."""

    lots: list[Lot]
    next: str | None = None


class Certified(BaseModel):
    """The URL of a stored certificate."""

    certificate: str


class Traced(BaseModel):
    """A new trace event; `id` is its EPCIS eventID."""

    id: str
    at: Time

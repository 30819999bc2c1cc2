"""The shapes of origin in the API. Times are RFC 3339 outside and milliseconds inside."""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from farmlive.bilingual import Bilingual
from farmlive.clock import parse_rfc3339, rfc3339
from farmlive.origin.gs1 import gtin14, lot_code


def _milliseconds(value: object) -> object:
    if isinstance(value, str):
        try:
            return parse_rfc3339(value)
        except ValueError as error:
            raise ValueError(
                "Write the time with its offset, such as 2026-11-23T08:30:00+08:00."
            ) from error
    return value


Time = Annotated[
    int,
    BeforeValidator(_milliseconds),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Gtin = Annotated[str, AfterValidator(gtin14)]
LotCode = Annotated[str, AfterValidator(lot_code)]
Identifier = Annotated[str, Field(min_length=1, max_length=26)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Passage = Annotated[str, Field(max_length=2000)]


class Prose(Bilingual):
    """A text of a few paragraphs in Chinese and English."""

    zh: Passage = ""
    en: Passage = ""


class NewFarm(BaseModel):
    """A farm to add: what it is called, where it lies, who grows there."""

    model_config = ConfigDict(extra="forbid")

    name: Bilingual
    place: Bilingual
    person: Bilingual | None = None
    story: Prose | None = None


class Farm(BaseModel):
    """A farm."""

    id: str
    name: Bilingual
    place: Bilingual
    person: Bilingual | None
    story: Prose | None


class FarmList(BaseModel):
    """The farms, oldest first."""

    farms: list[Farm]


class Inspection(BaseModel):
    """A test of a lot: when, what it found, by whom."""

    at: Time
    result: Bilingual
    laboratory: Words | None = None


class NewLot(BaseModel):
    """A harvest to record, with its test and its packing where they have happened."""

    model_config = ConfigDict(extra="forbid")

    farm: Identifier
    code: LotCode
    product_name: Bilingual
    gtin: Gtin | None = None
    harvested_at: Time
    quantity_g: Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]
    plot: Words | None = None
    inspection: Inspection | None = None
    packed_at: Time | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "NewLot":
        if self.packed_at is not None and self.packed_at < self.harvested_at:
            raise ValueError("A lot can't be packed before it is harvested; put the times right.")
        return self


class Lot(BaseModel):
    """A harvest batch. `quantity_g` is what was harvested, in grams."""

    id: str
    farm: str
    code: str
    product_name: Bilingual
    gtin: str | None
    class_uri: str
    url: str
    harvested_at: Time
    quantity_g: int
    tested: bool


class LotList(BaseModel):
    """Lots, latest harvest first."""

    lots: list[Lot]


class Station(BaseModel):
    """One step of a lot on its way, read from its trace event."""

    step: Literal["picked", "tested", "packed"]
    at: Time
    event: str


class Moment(BaseModel):
    """When a lot's card was shown in a broadcast; `at` and `seq` are its event's."""

    broadcast: str
    seq: int
    at: Time


class Story(BaseModel):
    """What a lot's page tells: the farm, the lot, its stations in order, its test, its moments."""

    lot: Lot
    farm: Farm
    plot: str | None
    stations: list[Station]
    inspection: Inspection | None
    moments: list[Moment]
    events_url: str

"""Fields that the models of origin share: times, identifiers, texts, outlines."""

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
)

from farmlive.bilingual import Bilingual, one_line
from farmlive.clock import parse_rfc3339, rfc3339
from farmlive.origin.core.gs1 import gtin14, lot_code, prefix
from farmlive.problems import WrongValue
from farmlive.public_text import Public

MAX_POINTS = 500


def _milliseconds(value: object) -> object:
    if isinstance(value, str):
        try:
            return parse_rfc3339(value)
        except ValueError as error:
            raise WrongValue(
                "time-without-offset",
                "Enter the time with its offset, such as 2026-11-23T08:30:00+08:00.",
            ) from error
    return value


Time = Annotated[
    int,
    BeforeValidator(_milliseconds),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Gtin = Annotated[str, AfterValidator(gtin14)]
Gs1Prefix = Annotated[str, AfterValidator(prefix)]
LotCode = Annotated[str, AfterValidator(lot_code)]
Identifier = Annotated[str, Field(min_length=1, max_length=26)]


def _read(text: str) -> str:
    if not any(each.isalnum() for each in text):
        raise WrongValue("not-words", "Write it in words: others can read this.")
    return text


# Public texts: everybody reads them.
Words = Annotated[
    str,
    BeforeValidator(one_line),
    StringConstraints(min_length=1, max_length=120),
    AfterValidator(_read),
    Public,
]
Sentence = Annotated[
    str,
    BeforeValidator(one_line),
    StringConstraints(min_length=4, max_length=200),
    AfterValidator(_read),
    Public,
]
Passage = Annotated[str, Field(max_length=2000)]
Latitude = Annotated[float, Field(ge=-85, le=85, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class Prose(Bilingual):
    """A text of a few paragraphs in Chinese and English."""

    zh: Passage = ""
    en: Passage = ""


class Sent(BaseModel):
    """Base of request bodies: unknown members are refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


Position = tuple[Longitude, Latitude]


def _ring(ring: list[Position]) -> list[Position]:
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise ValueError("An outline's ring has three corners at least and ends where it begins.")
    if len(set(ring)) < 3:
        raise ValueError("An outline needs three different corners.")
    return ring


Ring = Annotated[list[Position], Field(max_length=MAX_POINTS), AfterValidator(_ring)]


class Outline(Sent):
    """A GeoJSON Polygon (RFC 7946, section 3.1.6): longitude first, then latitude, in degrees."""

    type: Literal["Polygon"]
    coordinates: Annotated[list[Ring], Field(min_length=1, max_length=8)]

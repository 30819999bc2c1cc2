"""The shapes of claims: what a buyer says of damage, with photos, and what staff answer."""

import re
import unicodedata
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from farmlive.money import Money
from farmlive.origin.core.fields import Time
from farmlive.shop.core.fields import Amount

MAX_PHOTOS = 6
MAX_TEXT = 1000


def _text(value: object) -> object:
    text = unicodedata.normalize("NFC", value) if isinstance(value, str) else ""
    lines = (re.sub(r"\s+", " ", line).strip() for line in text.splitlines())
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    if not text or len(text) > MAX_TEXT or not text.replace("\n", "").isprintable():
        raise ValueError(f"Write what is wrong in 1 to {MAX_TEXT} characters.")
    return text


def _each_once(photos: list[str]) -> list[str]:
    return list(dict.fromkeys(photos))


Text = Annotated[str, BeforeValidator(_text)]
Photo = Annotated[str, Field(pattern=r"^[0-9a-f]{64}\.webp$")]
ClaimState = Literal["open", "refunded", "refused"]


class KeptPhoto(BaseModel):
    """A photo by its id, as a claim takes it, and its size in pixels."""

    id: str
    width: int
    height: int


class NewClaim(BaseModel):
    """What is wrong with what came; `photos` as their upload answered them."""

    model_config = ConfigDict(extra="forbid")

    text: Text
    photos: Annotated[list[Photo], Field(max_length=MAX_PHOTOS), AfterValidator(_each_once)] = []


class ClaimAnswer(BaseModel):
    """Money back, or a refusal; and the word on it, which the buyer reads."""

    model_config = ConfigDict(extra="forbid")

    amount: Amount | None = None
    refuse: bool = False
    answer: Text

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.amount is None) != self.refuse:
            raise ValueError("Say how much is given back, or refuse it.")
        return self


class ClaimPhoto(BaseModel):
    """A photo of a claim; its address is for those alone who may see it."""

    url: str


class Claim(BaseModel):
    """A claim as its buyer and staff see it; `amount` is what was given back for it."""

    id: str
    state: ClaimState
    text: str
    photos: list[ClaimPhoto]
    claimed_at: Time
    amount: Money | None
    answer: str | None
    answered_at: Time | None

"""API models of claims: a buyer's complaint with photos, and the staff's answer."""

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
    """An uploaded photo: its id, which a claim refers to, and its size in pixels."""

    id: str
    width: int
    height: int


class NewClaim(BaseModel):
    """A claim to make: what is wrong with the goods; `photos` as their uploads returned them."""

    model_config = ConfigDict(extra="forbid")

    text: Text
    photos: Annotated[list[Photo], Field(max_length=MAX_PHOTOS), AfterValidator(_each_once)] = []


class ClaimAnswer(BaseModel):
    """The answer to a claim: a refund or a refusal, with a text that the buyer reads."""

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
    """A photo of a claim; its URL works only for those who may see the claim."""

    url: str


class Claim(BaseModel):
    """A claim as its buyer and staff see it; `amount` is what was refunded for it."""

    id: str
    state: ClaimState
    text: str
    photos: list[ClaimPhoto]
    claimed_at: Time
    amount: Money | None
    answer: str | None
    answered_at: Time | None

"""API models for a buyer's own data: codes, summary, export and erasure."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from farmlive.bilingual import Bilingual
from farmlive.shop.core.fields import Phone

Code = Annotated[str, Field(pattern=r"^ *[0-9]{3} ?[0-9]{3} *$")]


class CodeAsked(BaseModel):
    """The phone that gets the code, and the language; both languages if none is given."""

    model_config = ConfigDict(extra="forbid")

    phone: Phone
    language: Literal["zh", "en"] | None = None


class CodeSent(BaseModel):
    """The same answer whether the phone has orders or not: `minutes` is how long a code is
    valid.
    """

    minutes: int


class PersonAsked(BaseModel):
    """A phone, with the code that was sent to it. A coordinator needs no code.

    `language` is that of an export's page.
    """

    model_config = ConfigDict(extra="forbid")

    phone: Phone
    code: Code | None = None
    language: Literal["zh", "en"] = "zh"


class AsPageOrFile(BaseModel):
    """A form's choice between a page to read and a file to save."""

    model_config = ConfigDict(extra="forbid")

    form: Literal["page", "file"]


class CodeForm(AsPageOrFile):
    """A form's choice for all orders of a phone, with the code that was sent to it."""

    phone: Phone
    code: Code


class ExportAsked(BaseModel):
    """The language of the page in an export."""

    model_config = ConfigDict(extra="forbid")

    language: Literal["zh", "en"] = "zh"


class KeptOrder(BaseModel):
    """An order of the person: `open` is the reason why it can't be erased yet, or null. `has_name`
    is false where the personal data was removed by retention.
    """

    number: str
    broadcast: str
    title: Bilingual
    placed_at: str
    state: str
    open: str | None
    has_name: bool


class KeptOfPerson(BaseModel):
    """A summary of a person's data: the latest orders first, 200 at most, and `count` of all;
    `open` is how many of them prevent an erasure.
    """

    orders: list[KeptOrder]
    count: int
    open: int


class Erased(BaseModel):
    """The number of orders whose buyer was erased now; 0 if there were none left."""

    orders: int

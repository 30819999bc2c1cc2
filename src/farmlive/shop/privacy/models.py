"""The shapes of what a buyer, or a coordinator for one, asks of what is kept of them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from farmlive.bilingual import Bilingual
from farmlive.shop.core.fields import Phone

Code = Annotated[str, Field(pattern=r"^ *[0-9]{3} ?[0-9]{3} *$")]


class CodeAsked(BaseModel):
    """To which phone a code is sent, and in which language; both where none is given."""

    model_config = ConfigDict(extra="forbid")

    phone: Phone
    language: Literal["zh", "en"] | None = None


class CodeSent(BaseModel):
    """The same whether the phone has orders: `minutes` is how long a code is good for."""

    minutes: int


class PersonAsked(BaseModel):
    """Of whom: a phone, with the code that was sent to it. A coordinator needs no code.

    `language` is that of an export's page.
    """

    model_config = ConfigDict(extra="forbid")

    phone: Phone
    code: Code | None = None
    language: Literal["zh", "en"] = "zh"


class AsPageOrFile(BaseModel):
    """Whether a page's form asks for a page to read or for a file to keep."""

    model_config = ConfigDict(extra="forbid")

    form: Literal["page", "file"]


class CodeForm(AsPageOrFile):
    """The same of all orders of a phone, with the code that was sent to it."""

    phone: Phone
    code: Code


class ExportAsked(BaseModel):
    """In which language the page is that is in an export."""

    model_config = ConfigDict(extra="forbid")

    language: Literal["zh", "en"] = "zh"


class KeptOrder(BaseModel):
    """An order of the person: `open` says why it can't be erased yet, null where it can. `has_name`
    is false where the details were removed by their time.
    """

    number: str
    broadcast: str
    title: Bilingual
    placed_at: str
    state: str
    open: str | None
    has_name: bool


class KeptOfPerson(BaseModel):
    """What is kept of a person, in short: the latest orders first, 200 at most, and `count` of all;
    `open` is how many of them keep it from being erased.
    """

    orders: list[KeptOrder]
    count: int
    open: int


class Erased(BaseModel):
    """How many orders have no person from now on; 0 where it was so before."""

    orders: int

"""API models of pasted addresses."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from farmlive.shop.addresses.pasted import MAX_TEXT

Part = Literal["name", "phone", "region", "street"]


class PastedAddress(BaseModel):
    """A text with a postal address, such as a shop's or a messenger's address card."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class ParsedAddress(BaseModel):
    """The parts of a pasted address, as an order takes them.

    `region` is the code of a county, a prefecture or a province (GB/T 2260), `region_names` are its
    names in both languages, the province first. `street` is all of the text that is no other part.
    `unsure` names the parts that are missing or guessed: a person should look at them.
    """

    name: str | None
    phone: str | None
    region: str | None
    region_names: dict[Literal["zh", "en"], list[str]]
    street: str
    unsure: list[Part]

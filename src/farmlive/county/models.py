"""API models of the county."""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from farmlive.bilingual import one_line
from farmlive.public_text import PublicBilingual
from farmlive.store.files.files import PictureUrl

Colour = Literal["kumquat", "honey", "plum", "lake", "jade", "slate"]
"""The colour of buttons and prices. Each has its shades for light and dark pages, so that the words
on it stay readable (WCAG 2.2, 1.4.3)."""
COLOURS: tuple[Colour, ...] = get_args(Colour)


class CountyProfile(BaseModel):
    """The county as pages, shared links and messages show it.

    `name` is null while nobody has named it: pages then say farmlive. `contact` is whom buyers ask:
    an e-mail address, a phone number, or a sentence with both; `phone` takes orders by telephone.
    Both may be empty. `mark` is the URL path of a picture from `POST /api/v1/pictures`, shown as a
    small square; null: farmlive's own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: PublicBilingual | None = None
    contact: Annotated[str, Field(max_length=200), BeforeValidator(one_line)] = ""
    phone: Annotated[
        str,
        Field(max_length=40, pattern=r"^$|^\+?[0-9][0-9 ()./-]{1,37}[0-9]$"),
        BeforeValidator(one_line),
    ] = ""
    colour: Colour = "kumquat"
    mark: PictureUrl | None = None

    @property
    def lacks_contact(self) -> bool:
        """Whether the privacy page does not say who runs this server, or how to reach them."""
        return self.name is None or not self.contact

    def title(self, language: str) -> str:
        """Return its name in `zh` or `en`; farmlive's while it has none."""
        return self.name.in_language(language) if self.name else "farmlive"

    @property
    def whom_to_ask(self) -> str:
        """Its name and contact, as far as they are known, or ""."""
        name = "" if self.name is None else self.name.zh or self.name.en
        return ", ".join(filter(None, (name, self.contact)))

"""A text in Chinese and English: titles and names that staff write and viewers read in either
language.

Also owns the rule for characters of any one-line text.
"""

import re
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from farmlive.problems import WrongValue

# Control characters, which PostgreSQL would not store, and characters that turn the direction of
# later text. Joiners stay, because emoji need them.
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


def one_line(value: object) -> object:
    """Return the text on one line, without invisible characters; return anything but a text
    unchanged.
    """
    return _UNSEEN.sub(" ", value).strip() if isinstance(value, str) else value


Line = Annotated[str, Field(max_length=200), BeforeValidator(one_line)]


class Bilingual(BaseModel):
    """`{"zh": "金柑 2.5 公斤装", "en": "Kumquats, 2.5 kg box"}`; one of the two may be empty."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    zh: Line = ""
    en: Line = ""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not (self.zh or self.en):
            raise WrongValue("text-missing", "Enter the text in Chinese or English")
        return self

    def in_language(self, language: str) -> str:
        """Return the text in `zh` or `en`, or the other one if that is empty."""
        return (self.en or self.zh) if language == "en" else (self.zh or self.en)

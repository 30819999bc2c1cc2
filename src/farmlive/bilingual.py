"""A text in Chinese and English: titles and names that staff write and viewers read in either."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Line = Annotated[str, Field(max_length=200)]


class Bilingual(BaseModel):
    """`{"zh": "金桔 2.5 公斤装", "en": "Kumquats, 2.5 kg box"}`; one of the two may be empty."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    zh: Line = ""
    en: Line = ""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not (self.zh or self.en):
            raise ValueError("write the text in Chinese or English")
        return self

    def in_language(self, language: str) -> str:
        """The text in `zh` or `en`, or in the other where that one is empty."""
        return (self.en or self.zh) if language == "en" else (self.zh or self.en)

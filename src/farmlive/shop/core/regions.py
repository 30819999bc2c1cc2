"""China's administrative divisions: whether a code is one, and what it is called.

The files are those that the page of a parcel loads, under web/static/vendor/area-data; the README
there says where they come from and how they are renewed.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BeforeValidator, WithJsonSchema

Language = Literal["zh", "en"]

# What stands in a prefecture's or a county's place where there is none.
_NO_NAMES = ("省直辖县", "自治区直辖县级行政区划", "县", "市辖区")
_FILES = {"zh": "regions.json", "en": "regions.en.json"}


@cache
def every(language: Language = "zh") -> Mapping[str, str]:
    """The divisions' names by their codes of six digits (GB/T 2260)."""
    folder = files("farmlive.web").joinpath("static/vendor/area-data")
    names: dict[str, str] = json.loads(folder.joinpath(_FILES[language]).read_text("utf-8"))
    return names


def known(code: str) -> bool:
    """Whether it is the code of a province, a prefecture or a county."""
    return code in every()


def parents(code: str) -> list[str]:
    """The codes of the province and the prefecture that it is in, the greater first."""
    above = (f"{code[:2]}0000", f"{code[:4]}00")
    return [parent for parent in above if parent != code and known(parent)]


def names(code: str, language: Language = "zh") -> list[str]:
    """What it is called, the province first: 福建省, 三明市, 尤溪县. Empty for what is no code.

    A municipality is named once, and what stands in the place of no prefecture not at all.
    """
    if not known(code):
        return []
    path = [one for one in (*parents(code), code) if every()[one] not in _NO_NAMES]
    return list(dict.fromkeys(every(language)[one] for one in path))


def said(code: str | None, language: Language = "zh") -> str:
    """The names in one line, or the code of what is none any more; empty for None.

    福建省 三明市 尤溪县, or Youxi County, Sanming City, Fujian Province.
    """
    if not code:
        return ""
    found = names(code, language)
    return (" ".join(found) if language == "zh" else ", ".join(reversed(found))) or code


def address(code: str | None, written: str | None) -> str | None:
    """What stands on the parcel: the region that was chosen, as far as its buyer did not write it
    again, and the address. None where there is no address.
    """
    if written is None:
        return None
    return " ".join([*(name for name in names(code or "") if name not in written), written])


def prefix(code: str) -> str:
    """What the codes of all that lies in it begin with: 35 of a province, 3504 of a prefecture."""
    while code.endswith("00"):
        code = code[:-2]
    return code


def _region(value: object) -> object:
    if not isinstance(value, str) or not known(value):
        raise ValueError(
            "The region is the six digits of a county, a prefecture or a province (GB/T 2260), "
            "such as 350426; leave it out where the address says it."
        )
    return value


Region = Annotated[
    str,
    BeforeValidator(_region),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{6}$"}),
]

"""China's administrative divisions: validates codes and returns names.

The files are those that the pages load, under web/static/vendor/area-data; the README there gives
their source and how to update them.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BeforeValidator, WithJsonSchema

Language = Literal["zh", "en"]

# Placeholder names, where a level of the division does not exist.
NO_NAMES = ("省直辖县", "自治区直辖县级行政区划", "县", "市辖区")
_FILES = {"zh": "regions.json", "en": "regions.en.json"}


@cache
def all_names(language: Language = "zh") -> Mapping[str, str]:
    """Return the names of the divisions by their six-digit codes (GB/T 2260)."""
    folder = files("farmlive.web").joinpath("static/vendor/area-data")
    names: dict[str, str] = json.loads(folder.joinpath(_FILES[language]).read_text("utf-8"))
    return names


def is_known(code: str) -> bool:
    """Return whether it is the code of a province, a prefecture or a county."""
    return code in all_names()


def parents(code: str) -> list[str]:
    """Return the codes of its province and its prefecture, larger first."""
    above = (f"{code[:2]}0000", f"{code[:4]}00")
    return [parent for parent in above if parent != code and is_known(parent)]


def names(code: str, language: Language = "zh") -> list[str]:
    """Return its names, province first: 福建省, 三明市, 尤溪县. Empty for an unknown code.

    A municipality is named once, and placeholder names are left out.
    """
    if not is_known(code):
        return []
    path = [one for one in (*parents(code), code) if all_names()[one] not in NO_NAMES]
    return list(dict.fromkeys(all_names(language)[one] for one in path))


def full_name(code: str | None, language: Language = "zh") -> str:
    """Return its names in one line, the code itself if it is unknown, or "" for None.

    福建省 三明市 尤溪县, or Youxi County, Sanming City, Fujian Province.
    """
    if not code:
        return ""
    found = names(code, language)
    return (" ".join(found) if language == "zh" else ", ".join(reversed(found))) or code


def postal_address(code: str | None, written: str | None) -> str | None:
    """Return the postal address on the parcel: the chosen region and the address, without repeating
    what the buyer wrote anyway. None if there is no address.
    """
    if written is None:
        return None
    return " ".join([*(name for name in names(code or "") if name not in written), written])


def prefix(code: str) -> str:
    """Return the prefix of all codes within it: 35 for a province, 3504 for a prefecture."""
    while code.endswith("00"):
        code = code[:-2]
    return code


def _region(value: object) -> object:
    if not isinstance(value, str) or not is_known(value):
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

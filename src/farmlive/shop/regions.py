"""China's administrative divisions: whether a code is one, and what it is called.

The file is the one that the page of a parcel loads, under web/static/vendor/area-data; its README
says where it comes from and how it is renewed.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

# What stands in a prefecture's or a county's place where there is none.
_NO_NAMES = ("省直辖县", "自治区直辖县级行政区划", "县", "市辖区")


@cache
def every() -> Mapping[str, str]:
    """The divisions' names by their codes of six digits (GB/T 2260)."""
    kept = files("farmlive.web").joinpath("static/vendor/area-data/regions.json")
    names: dict[str, str] = json.loads(kept.read_text("utf-8"))
    return names


def known(code: str) -> bool:
    """Whether it is the code of a province, a prefecture or a county."""
    return code in every()


def parents(code: str) -> list[str]:
    """The codes of the province and the prefecture that it is in, the greater first."""
    above = (f"{code[:2]}0000", f"{code[:4]}00")
    return [parent for parent in above if parent != code and known(parent)]


def names(code: str) -> list[str]:
    """What it is called, the province first: 福建省, 三明市, 尤溪县. Empty for what is no code.

    A municipality is named once, and what stands in the place of no prefecture not at all.
    """
    if not known(code):
        return []
    found = [every()[one] for one in (*parents(code), code)]
    return [name for name in dict.fromkeys(found) if name not in _NO_NAMES]


def said(code: str | None) -> str:
    """The names in one line, or the code of what is none any more; empty for None."""
    return " ".join(names(code)) or code if code else ""


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

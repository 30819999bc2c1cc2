"""What of an event its audiences see: a farm's sellers see of an order their own lines only.

Pure; the hub and the snapshot ask it alike.
"""

from collections.abc import Iterable, Set
from typing import Any

PUBLIC = "public"
STAFF = "staff"
FARM = "farm:"
ORDER = "order:"
# What tells of the buyer, or of the whole order where other farms have lines in it.
_OF_THE_BUYER = ("buyer", "reason", "fee")
_OF_THE_WHOLE = ("total", "amount", "refunded")


def farm_audience(farm: str) -> str:
    """The audience of a farm's sellers."""
    return FARM + farm


def order_of(told: Iterable[str]) -> str | None:
    """The order whose buyer is among those that an event was told to; at most one is."""
    return next((name.removeprefix(ORDER) for name in told if name.startswith(ORDER)), None)


def seen(data: dict[str, Any], told: Iterable[str], audiences: Set[str]) -> dict[str, Any]:
    """The data of an event that was told to `told`, as someone of these `audiences` sees it.

    Staff and the order's buyer see all, and so does everyone of what is public. A seller sees the
    lines of own farms with their total, and what of them a refund was for, but neither buyer,
    reason nor the parcel's fee; what is said of the whole order is left out where another farm has
    a part in it. Where the audiences have nothing in common with `told`, nothing is to be shown at
    all, and that is the caller's to see.
    """
    told = frozenset(told)
    mine = told & audiences
    farms = {name for name in mine if name.startswith(FARM)}
    if not farms or len(farms) < len(mine):
        return data
    shown = {name: value for name, value in data.items() if name not in _OF_THE_BUYER}
    whole = all(name in farms for name in told if name.startswith(FARM))
    if not whole:
        for name in _OF_THE_WHOLE:
            shown.pop(name, None)
    if "lines" in data:
        lines = [line for line in data["lines"] if _is_of(line, farms)]
        shown["lines"] = lines
        if "total" in data:
            own = sum(line["total"] for line in lines)
            shown["total"] = {**data["total"], "amount": own}
    if "back" in data:
        # An older log does not name the farm of what was put back.
        shown["back"] = [each for each in data["back"] if _is_of(each, farms, whole)]
        if not shown["back"]:
            del shown["back"]
    if "line" in data and not _is_of(data["line"], farms):
        del shown["line"]
    return shown


def _is_of(boxes: dict[str, Any], farms: Set[str], unnamed: bool = False) -> bool:
    """Whether boxes of an order are of one of these farms; `unnamed` where they name none."""
    return farm_audience(boxes["farm"]) in farms if "farm" in boxes else unnamed

"""Filters an event's data by audience: a farm's sellers see only their own lines of an order.

Pure; the hub and the snapshot both use it.
"""

from collections.abc import Iterable, Set
from typing import Any

PUBLIC = "public"
STAFF = "staff"
FARM = "farm:"
ORDER = "order:"
# Fields about the buyer, and fields about the whole order where other farms have lines in it.
_OF_THE_BUYER = ("buyer", "reason", "fee")
_OF_THE_WHOLE = ("total", "amount", "refunded")


def farm_audience(farm: str) -> str:
    """Return the name of the audience of a farm's sellers."""
    return FARM + farm


def order_in(audience: Iterable[str]) -> str | None:
    """Return the order whose buyer is in the event's audience, or None; there is at most one."""
    return next((name.removeprefix(ORDER) for name in audience if name.startswith(ORDER)), None)


def filter_data(
    data: dict[str, Any], audience: Iterable[str], audiences: Set[str]
) -> dict[str, Any]:
    """Return the data of an event sent to `audience`, filtered for a reader in `audiences`.

    Public events, staff and the order's buyer get all fields. Sellers get the lines of their own
    farms with the total of these and their part of a refund, but no buyer, no reason and no fee;
    fields about the whole order are left out where another farm has lines in it.

    The caller must check first that `audience` and `audiences` have a name in common.
    """
    audience = frozenset(audience)
    mine = audience & audiences
    farms = {name for name in mine if name.startswith(FARM)}
    if not farms or len(farms) < len(mine):
        return data
    shown = {name: value for name, value in data.items() if name not in _OF_THE_BUYER}
    whole = all(name in farms for name in audience if name.startswith(FARM))
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
        # Older logs lack the farm of returned boxes.
        shown["back"] = [each for each in data["back"] if _is_of(each, farms, whole)]
        if not shown["back"]:
            del shown["back"]
    if "line" in data and not _is_of(data["line"], farms):
        del shown["line"]
    return shown


def _is_of(boxes: dict[str, Any], farms: Set[str], unnamed: bool = False) -> bool:
    """Return whether an order's boxes belong to one of the farms; `unnamed` if they name no
    farm.
    """
    return farm_audience(boxes["farm"]) in farms if "farm" in boxes else unnamed

"""Access to reviews: staff read everything, a seller the part of own farms, a clerk the hand-over
lists of own centres.
"""

from farmlive.people import Caller
from farmlive.people.core.roles import STAFF
from farmlive.problems import Forbidden, NotFound

# Sheets by name, with the roles that may read them; a seller gets the rows of own farms.
SHEETS: dict[str, tuple[str, ...]] = {
    "pick-list": (*STAFF, "seller"),
    "hand-over": (*STAFF, "clerk"),
    "packing": STAFF,
    "cash": STAFF,
    "settlement": (*STAFF, "seller"),
    "sales": (*STAFF, "seller"),
    "orders": (*STAFF, "seller"),
    "timeline": (*STAFF, "seller"),
}
# Sheets that people print to work with.
LISTS = ("pick-list", "hand-over", "packing", "cash", "settlement")
# Sheets with a row per order: their files require reauthentication (people).
OF_ORDERS = ("hand-over", "packing", "orders")


class UnknownSheet(NotFound):
    """No sheet has that name."""

    slug = "unknown-sheet"
    title = "There is no such sheet"

    def __init__(self, name: str):
        super().__init__(f"There is no sheet {name[:40]}. There are: {', '.join(SHEETS)}.")


def sheets_of(caller: Caller) -> list[str]:
    """Return the sheets that the caller may read."""
    return [name for name, roles in SHEETS.items() if caller.role in roles]


def check_sheet(caller: Caller, name: str) -> None:
    """Raise UnknownSheet, or Forbidden where the caller may not read it."""
    if name not in SHEETS:
        raise UnknownSheet(name)
    if caller.role not in SHEETS[name]:
        raise Forbidden("Nothing is shown: this sheet is not for your role. Ask a coordinator.")


def centres_of(caller: Caller) -> frozenset[str] | None:
    """Return the centres whose hand-overs the caller may read; None for all."""
    return caller.centres if caller.role == "clerk" else None


def farms_of(caller: Caller, farm: str | None = None) -> frozenset[str] | None:
    """Return the farms whose part the caller may read; None for the whole broadcast.

    Raises Forbidden for another farm, and for roles that may not read reviews.
    """
    if farm is not None:
        if not caller.may_manage_farm(farm):
            raise Forbidden("Nothing is shown: a seller reads own farms' part of a review.")
        return frozenset({farm})
    if caller.is_staff:
        return None
    if caller.role == "seller":
        return caller.farms
    raise Forbidden("Nothing is shown: a review is for coordinators, hosts and sellers.")

"""Who may read what of a review: staff all of it, a seller own farms' part, a clerk the
hand-overs at own centres.
"""

from farmlive.people import Caller
from farmlive.problems import Forbidden, NotFound

# Sheets by name, and who may read them; a seller reads own farms' rows.
STAFF = ("coordinator", "host")
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
# Those that people print and work by.
LISTS = ("pick-list", "hand-over", "packing", "cash", "settlement")
# Those with a row for each order: as files they ask for reauthentication (people).
OF_ORDERS = ("hand-over", "packing", "orders")


class UnknownSheet(NotFound):
    """No sheet has that name."""

    slug = "unknown-sheet"
    title = "There is no such sheet"

    def __init__(self, name: str):
        super().__init__(f"There is no sheet {name[:40]}. There are: {', '.join(SHEETS)}.")


def sheets_of(caller: Caller) -> list[str]:
    """The sheets that the caller may read."""
    return [name for name, roles in SHEETS.items() if caller.role in roles]


def check_sheet(caller: Caller, name: str) -> None:
    """Raise UnknownSheet, or Forbidden where the caller may not read it."""
    if name not in SHEETS:
        raise UnknownSheet(name)
    if caller.role not in SHEETS[name]:
        raise Forbidden("Nothing is shown: this sheet is not for your role. Ask a coordinator.")


def centres_of(caller: Caller) -> frozenset[str] | None:
    """The centres whose hand-overs the caller reads; None are all of them."""
    return caller.centres if caller.role == "clerk" else None


def farms_of(caller: Caller, farm: str | None = None) -> frozenset[str] | None:
    """The farms whose part the caller reads; None is the whole broadcast.

    Raises Forbidden for another's farm, and for who reads no reviews.
    """
    if farm is not None:
        if not caller.may_farm(farm):
            raise Forbidden("Nothing is shown: a seller reads own farms' part of a review.")
        return frozenset({farm})
    if caller.is_staff:
        return None
    if caller.role == "seller":
        return caller.farms
    raise Forbidden("Nothing is shown: a review is for coordinators, hosts and sellers.")

"""Who may read what of a review: staff all of it, a seller own farms' part, a clerk hand-overs."""

from farmlive.people import Caller
from farmlive.problems import Forbidden


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

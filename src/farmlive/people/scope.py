"""What goes with a role: a seller has farms, a clerk has centres, everyone else neither.

Pure. That a farm or a centre exists is for the rooms above to say.
"""

from collections.abc import Iterable
from typing import Any

from farmlive.people.models import KeyRole
from farmlive.problems import Invalid


def farms_of(role: KeyRole, farms: Iterable[str]) -> frozenset[str]:
    """The farms with which the role goes: a seller has some, the others none. Raises Invalid."""
    found = frozenset(farms)
    if (role == "seller") == bool(found):
        return found
    message = (
        "A seller sells for one farm or more: name them."
        if role == "seller"
        else f"Only a seller has farms of its own; leave them out for a {role}."
    )
    raise Invalid(message, errors=[{"field": "farms", "message": message}])


def centres_of(role: KeyRole, centres: Iterable[str]) -> frozenset[str]:
    """The centres with which the role goes: a clerk has some, the others none. Raises Invalid."""
    found = frozenset(centres)
    if (role == "clerk") == bool(found):
        return found
    message = (
        "A clerk hands over at one pick-up point or more: name them."
        if role == "clerk"
        else f"Only a clerk has pick-up points; leave them out for a {role}."
    )
    raise Invalid(message, errors=[{"field": "centres", "message": message}])


def stored_centres(role: KeyRole, centres: list[str] | None) -> frozenset[str] | None:
    """The centres as the database has them beside a role: null is all of them, for a clerk from
    before clerks belonged to centres, and none for everyone else.
    """
    if centres is None and role == "clerk":
        return None
    return frozenset(centres or ())


def listed(centres: frozenset[str] | None) -> list[str] | None:
    """The centres as the database and the API have them."""
    return None if centres is None else sorted(centres)


def audited(role: KeyRole, farms: Iterable[str], centres: frozenset[str] | None) -> dict[str, Any]:
    """Role, farms and a clerk's centres, as a line of the audit list has them."""
    detail: dict[str, Any] = {"role": role, "farms": sorted(farms)}
    if role == "clerk":
        detail["centres"] = listed(centres)
    return detail

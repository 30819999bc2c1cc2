"""Scope of a role: a seller has farms, a clerk has centres, all others neither.

Pure. The rooms above check that a farm or a centre exists.
"""

from collections.abc import Iterable
from typing import Any

from farmlive.people.models import KeyRole
from farmlive.problems import Invalid


def farms_of(role: KeyRole, farms: Iterable[str]) -> frozenset[str]:
    """Return the role's farms: a seller has some, the others none. Raises Invalid."""
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
    """Return the role's centres: a clerk has some, the others none. Raises Invalid."""
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
    """Return the centres that are stored beside a role. Null is all of them, for a clerk from
    before clerks belonged to centres, and none for everyone else.
    """
    if centres is None and role == "clerk":
        return None
    return frozenset(centres or ())


def listed(centres: frozenset[str] | None) -> list[str] | None:
    """Return the centres as the database and the API have them."""
    return None if centres is None else sorted(centres)


def audited(role: KeyRole, farms: Iterable[str], centres: frozenset[str] | None) -> dict[str, Any]:
    """Return role, farms and a clerk's centres as the detail of an audit entry."""
    detail: dict[str, Any] = {"role": role, "farms": sorted(farms)}
    if role == "clerk":
        detail["centres"] = listed(centres)
    return detail

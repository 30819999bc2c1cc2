"""The scope of a role: farms of a seller, centres of a clerk, none for all others; and the
remaining scope of a key whose owner's role was reduced.

Pure. The rooms above check that a farm or a centre exists.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from farmlive.people.core.roles import STAFF, KeyRole
from farmlive.problems import Invalid, field_error


@dataclass(frozen=True)
class Scope:
    """A role with its farms or centres; `centres` as `stored_centres` returns them."""

    role: KeyRole
    farms: frozenset[str] = frozenset()
    centres: frozenset[str] | None = frozenset()


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
    raise Invalid(message, errors=[field_error("farms", "unfit-farms", message)])


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
    raise Invalid(message, errors=[field_error("centres", "unfit-centres", message)])


def stored_centres(role: KeyRole, centres: list[str] | None) -> frozenset[str] | None:
    """Return the stored centres of a role. Null means all centres for a clerk from before clerks
    belonged to centres, and none for all others.
    """
    if centres is None and role == "clerk":
        return None
    return frozenset(centres or ())


def split_centres(centres: frozenset[str] | None) -> list[str] | None:
    """Return the centres in the form of the database and the API."""
    return None if centres is None else sorted(centres)


def audit_detail(
    role: KeyRole, farms: Iterable[str], centres: frozenset[str] | None
) -> dict[str, Any]:
    """Return role, farms and a clerk's centres as the detail of an audit entry."""
    detail: dict[str, Any] = {"role": role, "farms": sorted(farms)}
    if role == "clerk":
        detail["centres"] = split_centres(centres)
    return detail


def at_most(key: Scope, owner: Scope) -> Scope | None:
    """Return what a key of this scope may do now that its owner has that scope; None if nothing.

    A host may do what a coordinator may, except for people and keys; both may do all that a
    moderator, a seller and a clerk may, and none of these may do what another may.
    """
    if owner.role == "coordinator" or (owner.role == "host" and key.role != "coordinator"):
        return key
    if key.role in STAFF:
        return owner
    if key.role != owner.role:
        return None
    farms, centres = key.farms & owner.farms, key.centres
    if centres is None or owner.centres is not None:
        centres = owner.centres if centres is None else centres & (owner.centres or frozenset())
    if (key.role == "seller" and not farms) or (key.role == "clerk" and centres == frozenset()):
        return None
    return Scope(key.role, farms, centres)

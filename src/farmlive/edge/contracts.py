"""The contract of a route beyond its models: the problems that it returns, and who may call it.

Routes and dependencies declare it where they raise the problem; openapi.py reads it for the
document.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from farmlive.problems import Problem

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Contract:
    """The declarations of one function.

    `access` is None if it declares none. `headers` are those that FastAPI considers optional,
    because the function itself refuses a request without one, with a problem of its own.
    `by_device`: its effect belongs to the device, which a cookie names.
    """

    problems: tuple[type[Problem], ...] = ()
    access: "Access | None" = None
    headers: tuple[str, ...] = ()
    by_device: bool = False


@dataclass(frozen=True)
class Access:
    """The permitted callers: a signed-in account or an API key of one of `roles`; anyone without
    `roles`.

    `stream_key`: the bearer token is a stream key instead.
    """

    roles: tuple[str, ...] = ()
    stream_key: bool = False


def contract_of(function: object) -> Contract:
    """Return the declarations of a function, or of a bound method's function."""
    found = getattr(function, "contract", None)
    return found if isinstance(found, Contract) else Contract()


def raises(*whose: type[Problem] | Callable[..., Any]) -> Callable[[Function], Function]:
    """Declare the problems that a function raises itself; a named function stands for all those
    that it declares.

    The problems of a route's dependencies, of the server's limits and of the database are declared
    there.
    """
    problems: list[type[Problem]] = []
    for each in whose:
        if isinstance(each, type) and issubclass(each, Problem):
            problems.append(each)
        else:
            problems += contract_of(each).problems

    def declare(function: Function) -> Function:
        before = contract_of(function)
        return _declared(function, replace(before, problems=(*before.problems, *problems)))

    return declare


def called_by(*roles: str, stream_key: bool = False) -> Callable[[Function], Function]:
    """Declare who may call routes with this dependency; anyone without `roles`."""

    def declare(function: Function) -> Function:
        access = Access(roles, stream_key)
        return _declared(function, replace(contract_of(function), access=access))

    return declare


def needs_header(name: str) -> Callable[[Function], Function]:
    """Declare a header that the dependency requires."""

    def declare(function: Function) -> Function:
        before = contract_of(function)
        return _declared(function, replace(before, headers=(*before.headers, name)))

    return declare


def by_device(function: Function) -> Function:
    """Declare that what it does belongs to the device, which a cookie names."""
    return _declared(function, replace(contract_of(function), by_device=True))


def _declared(function: Function, contract: Contract) -> Function:
    function.contract = contract  # type: ignore[attr-defined]
    return function

"""What a route promises besides its shapes: the problems that it answers, and who may call it.

Routes and their dependencies declare it where they raise it; openapi.py reads it for the document.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from farmlive.problems import Problem

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Contract:
    """What one function declares.

    `access` is None where it says nothing of it. `headers` are those that FastAPI takes for
    optional, since the function itself refuses a request without one, with a problem of its own.
    """

    problems: tuple[type[Problem], ...] = ()
    access: "Access | None" = None
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Access:
    """Who may call: a signed-in account or an API key of one of `roles`; anyone without `roles`.

    `stream_key`: the bearer is a stream key instead.
    """

    roles: tuple[str, ...] = ()
    stream_key: bool = False


def contract_of(function: object) -> Contract:
    """Return what a function declares; of a bound method, what its function does."""
    found = getattr(function, "contract", None)
    return found if isinstance(found, Contract) else Contract()


def raises(*whose: type[Problem] | Callable[..., Any]) -> Callable[[Function], Function]:
    """Declare the problems that a function answers by itself; a function that is named stands for
    those that it declares.

    Those of a route's dependencies, of the server's limits and of the database are declared there.
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
    """Declare who may call what has this dependency; anyone without `roles`."""

    def declare(function: Function) -> Function:
        access = Access(roles, stream_key)
        return _declared(function, replace(contract_of(function), access=access))

    return declare


def needs_header(name: str) -> Callable[[Function], Function]:
    """Declare a header without which the dependency refuses the request."""

    def declare(function: Function) -> Function:
        before = contract_of(function)
        return _declared(function, replace(before, headers=(*before.headers, name)))

    return declare


def _declared(function: Function, contract: Contract) -> Function:
    function.contract = contract  # type: ignore[attr-defined]
    return function

"""`_native.pyi` tells the extension as it is: its names, and how many arguments each call takes."""

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import farmlive.media.engine.native

_native = pytest.importorskip(
    "farmlive.media.engine.native._native", reason="the engine in C was not built"
)

STUB = ast.parse(Path(farmlive.media.engine.native.__file__).with_name("_native.pyi").read_text())
RELAY = next(each for each in STUB.body if isinstance(each, ast.ClassDef))


def functions(body: list[ast.stmt]) -> dict[str, int]:
    """What takes how many arguments, each by its place."""
    found = {}
    for each in body:
        if isinstance(each, ast.FunctionDef) and each.name != "__new__":
            arguments = each.args
            assert not arguments.kwonlyargs, each.name
            assert not arguments.defaults, each.name
            named = [argument.arg for argument in arguments.args]
            assert named in ([], ["self"]), f"{each.name} takes no names"
            found[each.name] = len([a for a in arguments.posonlyargs if a.arg != "self"])
    return found


def takes(call: Callable[..., Any]) -> int:
    """How many arguments it says it takes, where it is given too many."""
    with pytest.raises(TypeError) as raised:
        call(*range(100))
    said = re.search(r"takes (?:exactly (\d+)|no) arguments? ", str(raised.value))
    assert said is not None, raised.value
    return int(said[1] or 0)


def public(thing: object) -> set[str]:
    return {name for name in vars(thing) if not name.startswith("_")}


def test_the_modules_names_are_told() -> None:
    numbers = {
        each.target.id
        for each in STUB.body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    }
    assert all(type(getattr(_native, name)) is int for name in numbers)
    assert public(_native) == numbers | set(functions(STUB.body)) | {RELAY.name}


def test_the_relays_names_are_told() -> None:
    assert public(_native.Relay) == set(functions(RELAY.body))


@pytest.mark.parametrize(("name", "count"), functions(STUB.body).items())
def test_a_function_takes_as_many_arguments_as_told(name: str, count: int) -> None:
    assert takes(getattr(_native, name)) == count


@pytest.mark.parametrize(("name", "count"), functions(RELAY.body).items())
def test_a_method_takes_as_many_arguments_as_told(name: str, count: int) -> None:
    assert takes(getattr(_native.Relay(manual=True), name)) == count

"""The composition root: a part gets what it needs when it is made, or fails loudly."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from farmlive import composition
from farmlive.nodes import Leases
from farmlive.outages import Outages
from farmlive.settings import Settings
from farmlive.store import Store

FOLDER = Path(composition.__file__).parent
ROOT = FOLDER.parent
FILES = [ROOT / "app.py", *sorted(FOLDER.glob("*.py"))]
# Rooms that build and connect parts of their own.
ROOMS = [
    ROOT / "broadcast/broadcasts.py",
    ROOT / "people/people.py",
    ROOT / "people/people_base.py",
    ROOT / "shop/lot_trade.py",
    ROOT / "shop/shop.py",
]
# What a caller may leave out although the composition passes it: a choice that has a sensible other
# side, not a part.
CHOICES = {
    # A command opens a database that others serve, and reports no outages.
    "Store.open": {"migrates", "alone", "outages"},
    "Periodic": {"back", "at_once"},
    "Files": {"folder"},
}


def module_of(path: Path) -> Any:
    return importlib.import_module(
        ".".join(("farmlive", *path.relative_to(ROOT).with_suffix("").parts))
    )


def made(path: Path) -> Iterator[tuple[str, inspect.Signature, ast.Call]]:
    """Each call of a class or function of farmlive in this file, with its signature."""
    module = module_of(path)
    tree = ast.parse(path.read_text())
    nodes = list(ast.walk(tree))
    if path in ROOMS:  # only their constructors build
        nodes = [
            inner
            for node in nodes
            if isinstance(node, ast.FunctionDef) and node.name == "__init__"
            for inner in ast.walk(node)
        ]
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        first, *rest = name.split(".")
        found = vars(module).get(first)
        for each in rest:
            found = getattr(found, each, None)
        if inspect.isclass(found) and issubclass(found, Exception):
            continue
        if callable(found) and getattr(found, "__module__", "").startswith("farmlive"):
            yield name, inspect.signature(found), node


CALLS = [
    pytest.param(name, signature, node, id=f"{path.stem}-{node.lineno}-{name}")
    for path in (*FILES, *ROOMS)
    for name, signature, node in made(path)
]


def given(signature: inspect.Signature, node: ast.Call) -> inspect.BoundArguments:
    """What the composition passes."""
    named = {each.arg: each.value for each in node.keywords if each.arg is not None}
    return signature.bind(*node.args, **named)


def test_the_composition_makes_all_parts() -> None:
    names = {str(param.values[0]) for param in CALLS}
    assert {"People", "Shop", "Origin", "Channel", "Relay", "Leases", "Timekeeper"} <= names


@pytest.mark.parametrize(("name", "signature", "node"), CALLS)
def test_what_is_passed_can_not_be_forgotten(
    name: str, signature: inspect.Signature, node: ast.Call
) -> None:
    """A default that the composition always replaces would hide that it forgot to."""
    if any(each.arg is None for each in node.keywords):
        return  # `**vars(rooms)`
    passed = given(signature, node).arguments
    silent = {
        parameter
        for parameter in passed
        if signature.parameters[parameter].default is not inspect.Parameter.empty
    }
    assert silent - CHOICES.get(name, set()) == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_set_on_a_part_after_it_was_made(path: Path) -> None:
    """But for the one call between two that need each other, which is checked below."""
    tree = ast.parse(path.read_text())
    assigned = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Attribute)
    ]
    assert assigned == []
    builders = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith(("build_", "make_"))
    ]
    called = [
        ast.unparse(statement)
        for builder in builders
        for statement in ast.walk(builder)
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    ]
    routes = ["api.router.routes.extend(router.routes)", "api.mount('/static', static)"]
    assert sorted(called) == {"media": ["leases.attach(relay)"], "http": sorted(routes)}.get(
        path.stem, []
    )


class NoMedia:
    def broadcasts(self) -> set[str]:
        return set()

    def end(self, broadcast: str) -> None:
        pass


async def test_leases_without_media_say_what_was_forgotten(
    store: Store, settings: Settings
) -> None:
    leases = Leases(store, settings, Outages(), begin=lambda _connection, _broadcast: None)
    for use in (leases.start, leases.renew):
        with pytest.raises(RuntimeError, match=r"Leases.attach\(media\) was forgotten"):
            await use()
    leases.attach(NoMedia())
    await leases.renew()
    with pytest.raises(RuntimeError, match="twice"):
        leases.attach(NoMedia())

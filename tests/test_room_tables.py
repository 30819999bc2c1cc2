"""Whose tables are whose: each module of tables is protected by a contract of import-linter."""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
# The stock of a lot and whether it may be sold are one statement of the till.
ALLOWED = {"farmlive.origin.core.tables": {"farmlive.shop.stock"}}


def has_tables(path: Path) -> bool:
    """Whether a file makes a table at its top level."""
    return any(
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "Table"
        for node in ast.parse(path.read_text()).body
    )


def test_no_room_imports_the_tables_of_another() -> None:
    """The store's own are of no room, and migrations have copies of the tables of their time."""
    rooms = ROOT / "src" / "farmlive"
    made = {
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        for path in rooms.rglob("*.py")
        if "store" not in path.relative_to(rooms).parts and has_tables(path)
    }
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    protected = {
        module: contract
        for contract in contracts["contracts"]
        if contract["type"] == "protected"
        for module in contract["protected_modules"]
        if "tables" in module
    }
    assert made == protected.keys()
    for module, contract in protected.items():
        room = ".".join(module.split(".")[:2])
        assert set(contract["allowed_importers"]) == {room, *ALLOWED.get(module, ())}
        assert "ignore_imports" not in contract

"""The files of the tree: the tests' own, and what the wheel is told to contain."""

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, and the names that it imports from them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)


def test_no_file_imports_from_a_test_file() -> None:
    modules = {path.stem for path in TESTS.rglob("test_*.py")}
    found = {
        f"{path.relative_to(TESTS)}: {name}"
        for path in TESTS.rglob("*.py")
        for name in imported(path)
        if modules.intersection(name.split("."))
    }
    assert found == set()


def test_no_folder_is_crowded_and_no_file_long() -> None:
    folders = Counter(path.parent for path in TESTS.rglob("*.py"))
    crowded = {str(folder.relative_to(TESTS)) for folder, files in folders.items() if files > 21}
    lines = {path: path.read_text().count("\n") for path in TESTS.rglob("*.py")}
    long = {str(path.relative_to(TESTS)): count for path, count in lines.items() if count > 410}
    assert (crowded, long) == (set(), {})


def test_every_package_is_part_of_the_wheel() -> None:
    project = tomllib.loads((TESTS.parent / "pyproject.toml").read_text())
    sources = TESTS.parent / "src"
    packages = {
        ".".join(path.parent.relative_to(sources).parts) for path in sources.rglob("__init__.py")
    }
    assert packages - set(project["tool"]["setuptools"]["packages"]) == set()

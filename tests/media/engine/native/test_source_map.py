"""The map of the engine's files has each of them, and nothing that is not there."""

import re
from pathlib import Path

from tests.media.engine.native.support.compiling import FOLDER

ROOT = Path(__file__).parents[4]
MAP = ROOT / "docs" / "native.md"


def test_each_file_in_c_is_on_the_map() -> None:
    named = set(re.findall(r"`(\w+)(?:\.[ch])?`", MAP.read_text()))
    files = {path.stem for path in FOLDER.glob("*/*.[ch]")}
    assert files - named == set()


def test_what_the_map_calls_a_file_is_one() -> None:
    named = re.findall(r"`(\w+\.(?:c|h|py|pyi))`", MAP.read_text())
    here = Path(__file__).parent
    folders = (FOLDER, *FOLDER.glob("*/"), FOLDER.parent, here, *here.glob("*/"), ROOT)
    assert [name for name in named if not any((each / name).exists() for each in folders)] == []


def order() -> list[str]:
    """The engine's folders as the map lists them: each needs those above it alone."""
    section = MAP.read_text().partition("## Folders\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def needs() -> dict[str, set[str]]:
    """What each file, source and header together, includes."""
    found: dict[str, set[str]] = {}
    for path in FOLDER.glob("*/*.[ch]"):
        name = f"{path.parent.name}/{path.stem}"
        includes = re.findall(r'#include "([\w/]+)\.h"', path.read_text())
        found.setdefault(name, set()).update(set(includes) - {name})
    return found


def test_the_map_has_each_folder() -> None:
    folders = {path.parent.name for path in FOLDER.glob("*/*.c")}
    assert sorted(folders) == sorted(order())


def test_no_file_includes_one_of_a_folder_below_its_own() -> None:
    place = {folder: at for at, folder in enumerate(order())}
    below = [
        f"{name} includes {other}"
        for name, others in needs().items()
        for other in others
        if place[other.partition("/")[0]] > place[name.partition("/")[0]]
    ]
    assert below == []


def test_no_two_files_need_each_other() -> None:
    """What includes nothing that is left is taken away, until only circles are."""
    left = needs()
    while free := {name for name, others in left.items() if not others & left.keys()}:
        left = {name: others for name, others in left.items() if name not in free}
    assert left == {}

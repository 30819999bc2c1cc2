"""The map of the engine's files has each of them, and nothing that is not there."""

import re
from pathlib import Path

from tests.media.native.compiling import FOLDER

ROOT = Path(__file__).parents[3]
MAP = ROOT / "docs" / "native.md"


def test_each_file_in_c_is_on_the_map() -> None:
    named = set(re.findall(r"`(\w+)(?:\.[ch])?`", MAP.read_text()))
    files = {path.stem for path in FOLDER.glob("*.c")}
    assert files - named == set()


def test_what_the_map_calls_a_file_is_one() -> None:
    named = re.findall(r"`(\w+\.(?:c|h|py|pyi))`", MAP.read_text())
    folders = (FOLDER, FOLDER.parent, Path(__file__).parent, ROOT)
    assert [name for name in named if not any((each / name).exists() for each in folders)] == []

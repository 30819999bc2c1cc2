"""A disk that can fail, for the tests of the crash bench."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.benches.lab import faulty
from scripts.benches.lab.faulty import Faulty
from tests.media.engine.native.support.compiling import compiler


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Faulty]:
    """A disk that can fail, with one file that was there before."""
    compiler()
    folder = tmp_path / "disk"
    folder.mkdir()
    (folder / "old").write_bytes(b"old")
    with sqlite3.connect(folder / "base", isolation_level=None) as base:
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("CREATE TABLE t (n INTEGER)")
    base.close()
    made = Faulty(faulty.build(tmp_path), folder, tmp_path)
    yield made
    made.close()

"""The disk of the crash bench: it loses what was not synced, and is full when it is told."""

import os
import sqlite3
import subprocess
import sys
import time

import pytest
from scripts.benches.lab.faulty import Faulty

WRITES = """
import os, sys
for name in ("synced", "unsynced", "written on"):
    with open(f"{sys.argv[1]}/{name}", "wb", buffering=0) as file:
        file.write(b"whole")
        if name != "unsynced":
            os.fsync(file.fileno())
        if name == "written on":
            file.write(b" and more")
with open(f"{sys.argv[1]}/old", "r+b", buffering=0) as file:
    file.write(b"new")
os.rename(f"{sys.argv[1]}/synced", f"{sys.argv[1]}/renamed")
"""


COMMITS = """
import sqlite3, sys
base = sqlite3.connect(f"{sys.argv[1]}/base", isolation_level=None)
base.execute("PRAGMA journal_mode=WAL")
base.execute(f"PRAGMA synchronous={sys.argv[2]}")
base.execute("INSERT INTO t VALUES (1)")
import os
os._exit(0)
"""


# A server with a database of its own, which commits, then lets others look, and commits again.
SERVES = """
import sqlite3, sys
base = sqlite3.connect(f"{sys.argv[1]}/base", isolation_level=None)
base.execute("PRAGMA synchronous=FULL")
for turn in range(2):
    for n in range(50):
        base.execute("INSERT INTO t VALUES (?)", (n,))
    base.execute("PRAGMA wal_checkpoint(FULL)")
    print("committed", flush=True)
    input()
import os
os._exit(0)
"""


def python(disk: Faulty, script: str, *words: str) -> str:
    """Run a script on the disk; what it printed."""
    return subprocess.run(
        [sys.executable, "-c", script, str(disk.folder), *words],
        env={**os.environ, **disk.environment},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_what_was_not_synced_is_lost_with_the_power(disk: Faulty) -> None:
    python(disk, WRITES)
    assert disk.syncs == 2
    assert disk.lose_power() == 3
    found = {path.name: path.read_bytes() for path in disk.folder.iterdir() if path.name != "base"}
    assert found == {"renamed": b"whole", "unsynced": b"", "written on": b"whole", "old": b"old"}


@pytest.mark.parametrize(("level", "kept"), [("FULL", 1), ("OFF", 0)])
def test_a_commit_that_was_not_synced_is_lost(disk: Faulty, level: str, kept: int) -> None:
    python(disk, COMMITS, level)
    assert disk.lose_power()
    (disk.folder / "base-shm").unlink()
    base = sqlite3.connect(disk.folder / "base")
    assert base.execute("SELECT count(*) FROM t").fetchone() == (kept,)
    base.close()


def rows(disk: Faulty) -> int:
    """What another process sees, which is then the last to close the database, as it believes."""
    script = """
import sqlite3, sys
base = sqlite3.connect(f"{sys.argv[1]}/base")
print(base.execute("SELECT count(*) FROM t").fetchone()[0])
base.close()
"""
    ran = [sys.executable, "-c", script, str(disk.folder)]
    return int(subprocess.run(ran, check=True, capture_output=True, text=True).stdout)


def test_a_sync_leaves_the_locks_by_which_others_see_who_uses_the_database(disk: Faulty) -> None:
    """Else who closes it last would delete the log, into which the server goes on to commit."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVES, str(disk.folder)],
        env={**os.environ, **disk.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        for seen in (50, 100):
            assert server.stdout.readline() == "committed\n"
            assert rows(disk) == seen
            assert (disk.folder / "base-wal").exists()
            server.stdin.write("\n")
            server.stdin.flush()
    assert disk.syncs >= 100


def test_a_full_disk_takes_nothing_and_reads_on(disk: Faulty) -> None:
    script = """
import os, sys
file = os.open(f"{sys.argv[1]}/old", os.O_RDWR)
print(os.read(file, 9).decode(), flush=True)
os.pwrite(file, b"new", 0)
"""
    with disk.full(), pytest.raises(subprocess.CalledProcessError) as raised:
        python(disk, script)
    assert "No space left on device" in raised.value.stderr
    assert raised.value.stdout == "old\n"
    python(disk, script)
    assert (disk.folder / "old").read_text() == "new"


def test_the_clock_is_wrong_by_as_much_as_it_is_told(disk: Faulty) -> None:
    disk.set_clock(7200)
    for call in ("time.time()", "datetime.datetime.now().timestamp()"):
        said = python(disk, f"import datetime, time; print({call}, time.monotonic())").split()
        assert 7100 < float(said[0]) - time.time() < 7300
        assert abs(float(said[1]) - time.monotonic()) < 100

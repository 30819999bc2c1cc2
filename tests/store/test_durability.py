"""What SQLite does to keep what it acknowledged: its pragmas, and one sync a batch, seen from
outside by the system calls of a process of its own.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scripts.benches.lab import faulty
from scripts.benches.lab.faulty import Faulty
from sqlalchemy import Connection, text
from tests.media.engine.native.support.compiling import compiler

from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.engine import DatabaseRefused, check_durable

SCRIPT = """
import asyncio, os, sys
from pathlib import Path
from sqlalchemy import text
from farmlive.settings import Settings
from farmlive.store import Store

async def main():
    store = await Store.open(Settings(data=Path(sys.argv[1])), migrates=True)
    await store.write(lambda c: c.execute(text("CREATE TABLE t (n INTEGER)")) and None)
    os.write(2, b"BEGIN-BATCH\\n")
    async def one(n):
        await store.write(lambda c: c.execute(text(f"INSERT INTO t VALUES ({n})")) and None)
        os.write(2, b"ANSWER\\n")
    await asyncio.gather(*(one(n) for n in range(25)))
    os.write(2, b"END-BATCH\\n")
    os._exit(0)

asyncio.run(main())
"""


async def test_the_writer_runs_wal_and_full(tmp_path: Path) -> None:
    store = await Store.open(Settings(data=tmp_path), migrates=True)

    def pragmas(connection: Connection) -> tuple[str, int]:
        return (
            connection.execute(text("PRAGMA journal_mode")).scalar_one(),
            connection.execute(text("PRAGMA synchronous")).scalar_one(),
        )

    assert await store.write(pragmas) == ("wal", 2)
    await store.close()


def test_one_batch_costs_one_sync_of_the_wal_before_the_first_answer(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    assert strace, "scripts/test installs strace"
    trace = tmp_path / "trace"
    subprocess.run(
        [
            strace, "-f", "-y", "-s", "32", "-e", "trace=fsync,fdatasync,write", "-o", str(trace),
            sys.executable, "-c", SCRIPT, str(tmp_path / "data"),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )  # fmt: skip
    lines = trace.read_text().splitlines()
    begin = next(i for i, line in enumerate(lines) if "BEGIN-BATCH" in line)
    end = next(i for i, line in enumerate(lines) if "END-BATCH" in line)
    batch = lines[begin:end]
    syncs = [
        i for i, line in enumerate(batch) if re.search(r"(fsync|fdatasync)\(\d+<.*-wal>", line)
    ]
    answers = [i for i, line in enumerate(batch) if "ANSWER" in line]
    assert len(answers) == 25
    assert len(syncs) == 1
    assert syncs[0] < answers[0]


async def test_postgresql_that_does_not_sync_is_refused(store: Store) -> None:
    if store.dialect == "sqlite":
        with pytest.raises(DatabaseRefused, match="local disk"):
            await store.write(_weaken_sqlite)
        return

    def weaken(connection: Connection) -> None:
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        check_durable(connection)

    with pytest.raises(DatabaseRefused, match="synchronous_commit"):
        await store.write(weaken)


def _weaken_sqlite(connection: Connection) -> None:
    class Weak:
        dialect = connection.dialect

        @staticmethod
        def exec_driver_sql(statement: str) -> "Weak":
            Weak.asked = statement
            return Weak()

        asked = ""

        def scalar_one(self) -> object:
            return "delete" if "journal" in Weak.asked else 2

    check_durable(Weak())  # type: ignore[arg-type]


FAILS = """
import asyncio, sys
from pathlib import Path
from sqlalchemy import text
from farmlive.server import set_up_log
from farmlive.settings import Settings
from farmlive.store import CommitUnknown, Store

set_up_log("error")

async def main():
    store = await Store.open(Settings(data=Path(sys.argv[1])), migrates=True)
    await store.write(lambda c: c.execute(text("CREATE TABLE t (n INTEGER)")) and None)
    print("failing", flush=True)
    sys.stdin.readline()
    try:
        await store.write(lambda c: c.execute(text("INSERT INTO t VALUES (1)")) and None)
    except CommitUnknown as problem:
        print(problem.slug, flush=True)
    sys.stdin.readline()
    await store.write(lambda c: c.execute(text("INSERT INTO t VALUES (2)")) and None)
    print(await store.read(lambda c: c.execute(text("SELECT sum(n) FROM t")).scalar()), flush=True)

asyncio.run(main())
"""


def test_nobody_is_told_of_what_could_not_be_synced_that_it_was_not_kept(tmp_path: Path) -> None:
    """What lies in the WAL with its commit may be found there after a restart."""
    compiler()
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    disk = Faulty(faulty.build(tmp_path), folder, tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", FAILS, str(folder)],
        env={**os.environ, **disk.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin
        assert server.stdout
        assert server.stdout.readline() == "failing\n"
        with disk.failing():
            print(file=server.stdin, flush=True)
            assert server.stdout.readline() == "save-unknown\n"
        print(file=server.stdin, flush=True)
        assert server.stdout.readline() in ("2\n", "3\n")
    disk.close()

"""What SQLite does to keep what it acknowledged: its pragmas, and one sync a batch, seen from
outside by the system calls of a process of its own.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

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
    store = await Store.open(Settings(data=Path(sys.argv[1])))
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
    store = await Store.open(Settings(data=tmp_path))

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

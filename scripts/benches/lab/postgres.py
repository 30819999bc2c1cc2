"""A PostgreSQL cluster for a bench, in a folder of its own: by its defaults each commit is
synced.
"""

import asyncio
import contextlib
import os
import pwd
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from scripts.benches.lab.ports import ReservedPort
from scripts.benches.lab.server import cpu_s

_ACCOUNT = "postgres"


def installed() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs on this machine."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3])
    )
    if found:
        return found[-1].parent
    named = shutil.which("postgres")
    return Path(named).resolve().parent if named else None


def hand_over(*folders: Path) -> None:
    """Make PostgreSQL's account the owner of the folders and all that is in them."""
    if os.getuid():
        return
    owner = (account()["user"], account()["group"])
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, *owner)


def account() -> dict[str, Any]:
    """Return the account that runs it: it refuses to run as the superuser."""
    if os.getuid():
        return {}
    person = pwd.getpwnam(_ACCOUNT)
    return {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}


class Postgres:
    """One cluster, created and started by `running`; `kill` and `start` it as often as needed."""

    def __init__(self, programs: Path, folder: Path, within: tuple[str, ...] = ()):
        self._programs, self._within = programs, within
        self.folder = folder
        self.data = folder / "postgresql"
        self._held = ReservedPort()
        self.port = self._held.port
        self.url = f"postgresql://farmlive@127.0.0.1:{self.port}/postgres"
        self.environment: Mapping[str, str] = os.environ
        self.process: subprocess.Popen[bytes] | None = None
        self._made = 0

    def make(self) -> None:
        """Create the cluster; its log has segments of one MiB."""
        hand_over(self.folder)
        subprocess.run(
            [
                *(self._programs / "initdb", "-D", self.data, "-U", "farmlive", "--auth=trust"),
                *("-E", "UTF8", "--no-instructions", "--wal-segsize=1"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            **account(),
        )

    async def start(self) -> None:
        """Start it and wait until it accepts connections."""
        self._start()
        assert self.process is not None
        async with asyncio.timeout(60):
            while not await self._ready():
                if self.process.poll() is not None:
                    raise ChildProcessError(f"PostgreSQL ended: {self.read_log()[-2000:]}")
                await asyncio.sleep(0.05)

    def _start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            # Not by the event loop: uvloop can't start it as another account.
            self.process = subprocess.Popen(
                [
                    *self._within,
                    *(self._programs / "postgres", "-D", self.data, "-p", str(self.port)),
                    *("-k", self.folder, "-c", "listen_addresses=127.0.0.1"),
                    *("-c", "max_connections=50"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                cwd=self.folder,
                **account(),
            )

    async def _ready(self) -> bool:
        asked = (self._programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port))
        return await (await asyncio.create_subprocess_exec(*asked)).wait() == 0

    async def database(self) -> str:
        """Create a database and return its URL."""
        self._made += 1
        name = f"bench{self._made}"
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url.rpartition("/")[0] + "/" + name

    def read_log(self) -> str:
        """Return its log."""
        return (self.folder / "log").read_text(errors="replace")

    def processes(self) -> list[int]:
        """Return its processes, the first one first."""
        if self.process is None:
            return []
        first = self.process.pid
        return [first, *_children(first)]

    def cpu_s(self) -> float:
        """Return the CPU seconds of its processes that still run."""
        used = 0.0
        for process in self.processes():
            with contextlib.suppress(OSError):
                used += cpu_s(process)
        return used

    async def kill(self) -> None:
        """`kill -9` of all its processes."""
        if self.process is None:
            return
        _, *others = self.processes()
        self.process.kill()
        for process in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        await asyncio.to_thread(self.process.wait)
        await asyncio.to_thread(_gone, others)

    async def kill_one(self, draw: random.Random) -> bool:
        """`kill -9` one of its processes, after which it stops the others and recovers; return
        whether there was one.
        """
        others = self.processes()[1:]
        if others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(draw.choice(others), signal.SIGKILL)
                return True
        return False

    async def revive(self) -> None:
        """Wait until it accepts connections, and start it if it does not run."""
        async with asyncio.timeout(60):
            while not await self._ready():
                if self.process is None or self.process.poll() is not None:
                    await self.kill()
                    with contextlib.suppress(ChildProcessError):
                        await self.start()
                await asyncio.sleep(0.05)

    async def stop(self, *, gently: bool = False) -> None:
        """Stop it for good, at once, or gently, so that all its files are complete."""
        self._held.close()
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT if gently else signal.SIGQUIT)
        try:
            await asyncio.to_thread(self.process.wait, 10)
        except subprocess.TimeoutExpired:
            await self.kill()


@contextlib.asynccontextmanager
async def running(within: tuple[str, ...] = ()) -> AsyncIterator[Postgres]:
    """Run a PostgreSQL for the length of the block. Raises SystemExit if none is installed."""
    programs = installed()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed: apt-get install postgresql.")
    folder = Path(tempfile.mkdtemp(prefix="farmlive-bench-"))
    postgres = Postgres(programs, folder, within)
    try:
        await asyncio.to_thread(postgres.make)
        await postgres.start()
        yield postgres
    finally:
        await postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _children(process: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == process:
                    found.append(int(folder.name))
    return found


def _gone(processes: list[int], within_s: float = 15.0) -> None:
    """Wait for the processes to end: they have another parent now, and PostgreSQL starts again only
    without them.
    """
    until = time.monotonic() + within_s
    while any(Path(f"/proc/{process}").exists() for process in processes):
        if time.monotonic() > until:
            raise TimeoutError("a process of PostgreSQL did not end")
        time.sleep(0.01)

"""A PostgreSQL of a test's own, that can be stopped as a whole and go on."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.support.free_ports import free_port


class OwnPostgreSQL:
    """One cluster in a folder; `freeze` stops each of its processes, and leaves its TCP alive."""

    def __init__(self) -> None:
        # Not below pytest's own folders, which nobody but their owner may look into.
        shared = Path("/dev/shm")
        self._folder = Path(tempfile.mkdtemp(dir=shared if shared.is_dir() else None))
        self._bin = max(Path("/usr/lib/postgresql").glob("*/bin"))
        self.port = free_port()
        self.url = f"postgresql://farmlive@127.0.0.1:{self.port}/postgres"

    def _run(self, program: str, *options: str) -> None:
        prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        subprocess.run(
            [*prefix, str(self._bin / program), "-D", str(self._folder / "data"), *options],
            check=True,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    async def start(self) -> None:
        """Make it and run it."""
        if os.getuid() == 0:
            shutil.chown(self._folder, "postgres")
        await asyncio.to_thread(self._run, "initdb", "-U", "farmlive", "--auth=trust", "-N")
        options = f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1"
        await asyncio.to_thread(
            self._run, "pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", options, "start"
        )

    def _processes(self) -> list[int]:
        first = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        found = [first]
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            if int(fields[1]) == first:
                found.append(int(path.parent.name))
        return found

    def freeze(self) -> None:
        """Stop all of it; the first one first, which starts the others."""
        os.kill(self._processes()[0], signal.SIGSTOP)
        for process in self._processes()[1:]:
            os.kill(process, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let all of it go on."""
        for process in reversed(self._processes()):
            with contextlib.suppress(ProcessLookupError):  # its connection ended meanwhile
                os.kill(process, signal.SIGCONT)

    async def end(self) -> None:
        """Stop it for good."""
        self.go_on()
        await asyncio.to_thread(self._run, "pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(self._folder)

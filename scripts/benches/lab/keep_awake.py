"""Keeps the machine's cores awake while CPU is measured, so that the cost of waking them is not
counted.

The machine's host wakes a sleeping core, and the time for that is charged to the process that runs
next.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Collection, Iterator

from scripts.benches.lab.server import cpu_s

# Of the lowest class (sched(7), SCHED_IDLE): everything else goes first. Ends with the bench.
_LOOP = """
import os, sys
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
os.sched_setaffinity(0, {int(sys.argv[1])})
while os.getppid() == int(sys.argv[2]):
    for _ in range(1_000_000):
        pass
"""


class Awake:
    """The busy loops that keep cores awake: all cores that we may use, or the given ones."""

    def __init__(self, cores: Collection[int] = ()) -> None:
        self._loops: list[subprocess.Popen[bytes]] = []
        self._ended_s = 0.0
        self._cores = cores or os.sched_getaffinity(0)

    def cpu_s(self) -> float:
        """Return the CPU seconds of the loops so far, ended ones included."""
        return self._ended_s + sum(cpu_s(loop.pid) for loop in self._loops)

    @contextlib.contextmanager
    def cores(self) -> Iterator[None]:
        """Keep them awake during the block."""
        try:
            for core in self._cores:
                words = [sys.executable, "-c", _LOOP, str(core), str(os.getpid())]
                self._loops.append(subprocess.Popen(words))
            yield
        finally:
            self._ended_s = self.cpu_s()
            for loop in self._loops:
                loop.kill()
                loop.wait()
            self._loops.clear()

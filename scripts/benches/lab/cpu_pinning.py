"""Pins a bench's server to one core and its load to another, and repeats runs while there is
time.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from scripts.benches.lab.keep_awake import Awake


@dataclass
class Rig:
    """The cores of server and load, and what measures them."""

    library: Any
    cores: list[int]
    awake: Awake
    direct_ns: float = field(default=0.0, kw_only=True)  # the median without a server

    @property
    def pinned(self) -> tuple[str, ...]:
        """Return the command prefix that pins a server to its core."""
        return ("taskset", "-c", str(self.cores[0])) if len(self.cores) > 1 else ()

    @property
    def beside(self) -> tuple[str, ...]:
        """Return the command prefix that pins a database to the load's core."""
        return ("taskset", "-c", str(self.cores[-1])) if len(self.cores) > 1 else ()

    @property
    def free(self) -> tuple[str, ...]:
        """Return the command prefix that gives a server every core, though its load is pinned."""
        return ("taskset", "-c", ",".join(map(str, self.cores)))

    def added(self, delays_ns: list[int]) -> dict[str, float]:
        """Return by how many ms packets were later than without a server."""
        return {
            name: round((delay - self.direct_ns) / 1e6, 3)
            for name, delay in zip(("p50", "p99"), delays_ns, strict=True)
        }


@contextlib.contextmanager
def load_on_one(cores: list[int]) -> Iterator[None]:
    """Pin this process, which is the load, to the last of the cores during the block."""
    os.sched_setaffinity(0, {cores[-1]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def runs_within(seconds: float, most: int, say: Callable[[str], None]) -> Iterator[int]:
    """Yield the numbers of the runs: as many as end in time if each takes as long as those
    before.
    """
    began = time.monotonic()
    for number in range(1, most + 1):
        if number > 1 and time.monotonic() - began > seconds * (number - 1) / number:
            say(f"a busy or slow machine: {number - 1} of {most} runs")
            return
        say(f"run {number} of {most}")
        yield number

"""The report of a bench beside its figures: the machine, the commit, medians and tables."""

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def machine() -> dict[str, Any]:
    """Return the processor, the cores that we may use, the memory, kernel and Python."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_1m": round(os.getloadavg()[0], 2),
    }


def commit() -> dict[str, Any]:
    """Return `commit`, the hash that is checked out, and `uncommitted`, whether the tree
    differs.
    """

    def git(*words: str) -> str:
        found = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True)
        return found.stdout.strip()

    return {
        "commit": git("rev-parse", "HEAD") or "unknown",
        "uncommitted": bool(git("status", "--porcelain")),
    }


class OtherLoad:
    """How many cores other programs keep busy, which disturbs the measurement.

    `ours` gives the CPU seconds of the bench and its server so far.
    """

    def __init__(self, ours: Callable[[], float]):
        self._ours = ours
        self._began = time.monotonic()
        self._before = _busy_s() - ours()

    def cores(self) -> float:
        """Return the mean since the start."""
        used = _busy_s() - self._ours() - self._before
        return round(max(0.0, used) / (time.monotonic() - self._began), 2)


def _busy_s() -> float:
    words = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, irq, soft = map(int, words[:7])
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the median of every number in the runs, in their shape: dicts, and lists of them."""
    found: dict[str, Any] = {}
    for name, value in runs[0].items():
        values = [run[name] for run in runs]
        if isinstance(value, dict):
            found[name] = medians(values)
        elif isinstance(value, list):
            found[name] = [medians(list(each)) for each in zip(*values, strict=True)]
        else:
            found[name] = round(statistics.median(values), 2)
    return found


def flatten(figures: dict[str, Any], prefix: str = "") -> dict[str, float]:
    """Return the figures with dotted names; those in a list have their index in them."""
    found: dict[str, float] = {}
    for name, value in figures.items():
        if isinstance(value, list):
            found |= flatten({str(at): each for at, each in enumerate(value)}, f"{prefix}{name}.")
        elif isinstance(value, dict):
            found |= flatten(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found

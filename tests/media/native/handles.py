"""What a process has of the system."""

import contextlib
import os
from pathlib import Path

# Of a task's flags (proc_pid_stat(5)); it stays so in /proc a moment after it was waited for.
_EXITING = 0x4


def handles() -> int:
    """How many descriptors this one has open."""
    return len(os.listdir("/proc/self/fd"))


def threads() -> list[tuple[str, Path]]:
    """This one's threads, but for those that are ending: the name of each, and its folder."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            name, _, rest = (task / "stat").read_text().partition("(")[2].rpartition(")")
            if not int(rest.split()[6]) & _EXITING:
                found.append((name, task))
    return found

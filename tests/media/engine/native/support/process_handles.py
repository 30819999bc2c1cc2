"""What a process has of the system."""

import contextlib
import os
import socket
import stat
from pathlib import Path

# Of a task's flags (proc_pid_stat(5)); it stays so in /proc a moment after it was waited for.
_EXITING = 0x4


def handles() -> int:
    """How many descriptors this one has open."""
    return len(os.listdir("/proc/self/fd"))


def ends_of(stream: socket.socket) -> list[int]:
    """The descriptors of this process at the other end of a connection."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            with socket.socket(fileno=os.dup(int(name))) as sock:
                if sock.getpeername() == stream.getsockname():
                    found.append(int(name))
    return found


def threads() -> list[tuple[str, Path]]:
    """This one's threads, but for those that are ending: the name of each, and its folder."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            name, _, rest = (task / "stat").read_text().partition("(")[2].rpartition(")")
            if not int(rest.split()[6]) & _EXITING:
                found.append((name, task))
    return found


def rests(thread: str) -> bool:
    """Whether this one's thread of that name waits for something to come: who goes round without a
    pause is never found asleep.
    """
    (task,) = [task for name, task in threads() if name == thread]
    looks = [(task / "stat").read_text().rpartition(")")[2].split()[0] for _ in range(20)]
    return set(looks) == {"S"}

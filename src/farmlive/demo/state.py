"""The demo's files in its folder: its notes, and demo.json for outside clients.

Owns the folder's layout, its lock and the format of demo.json. Both files hold secrets that only
their owner may read.
"""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

from farmlive.demo import DemoError


class DemoUser(TypedDict):
    """A sign-in of the demo."""

    name: str
    password: str
    role: str


class DemoJson(TypedDict):
    """The running demo, for any outside client. Broadcasts are named by their identifiers."""

    url: str
    udp_port: int
    live: str
    spare: str
    stream_keys: dict[str, str]
    users: list[DemoUser]
    offers: list[dict[str, Any]]


class FolderInUse(DemoError):
    """Another demo runs in the folder; the text is what to do."""


_OURS = ("demo.json", "notes.json", "film", "server", "lan")


class Folder:
    """The demo's data folder."""

    def __init__(self, path: Path):
        self.path = path
        self.server = path / "server"
        self.lan = path / "lan"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Create the folder and lock it for this process. Raises FolderInUse."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FolderInUse(
                    f"Another demo runs in {self.path}. Stop it, or choose another folder "
                    "with --data."
                ) from None
            yield

    def empty(self) -> None:
        """Remove all files of a demo, and nothing else."""
        for name in _OURS:
            path = self.path / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    @property
    def is_whole(self) -> bool:
        """Return whether a demo was set up here completely: its notes and its server's data
        exist.
        """
        return bool(self.notes()) and self.server.exists()

    def forget(self) -> None:
        """Remove the files of an incomplete start; the films may stay."""
        (self.path / "notes.json").unlink(missing_ok=True)
        shutil.rmtree(self.server, ignore_errors=True)

    def notes(self) -> dict[str, Any]:
        """Return the notes of the last start: identifiers and keys; empty before the first."""
        path = self.path / "notes.json"
        if not path.exists():
            return {}
        notes: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return notes

    def save_notes(self, notes: dict[str, Any]) -> None:
        """Save notes for the next start."""
        _write_private(self.path / "notes.json", notes)

    def announce(self, demo: DemoJson) -> Path:
        """Write demo.json."""
        _write_private(self.path / "demo.json", demo)
        return self.path / "demo.json"

    def withdraw(self) -> None:
        """Remove demo.json: nothing runs any more."""
        (self.path / "demo.json").unlink(missing_ok=True)


def _write_private(path: Path, content: Any) -> None:
    """Replace a file by one that only its owner may read, atomically."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=2)
        file.write("\n")
    unfinished.replace(path)

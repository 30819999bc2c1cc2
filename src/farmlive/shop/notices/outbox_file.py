"""The outbox: notices as JSON Lines files, for an external program that sends them.

Each line is written completely and once, in the order of sending; it is overwritten in place only
when its buyer is erased. There is a file per UTC day of the notices' creation, `YYYY-MM-DD.jsonl`.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from farmlive import compact_json
from farmlive.clock import rfc3339
from farmlive.shop.notices.providers import Notice, ProviderUnavailable

# Days whose notices are kept in memory; older files are read again.
DAYS_KEPT = 3
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.jsonl")


class Outbox:
    """The provider `file`. Servers with a shared folder share the files."""

    name = "file"
    at_once = 128
    together = 128

    def __init__(self, folder: Path):
        self._folder = folder
        self._days: dict[str, _Day] = {}

    def can_reach(self, person: str) -> bool:
        """Return whether it is a phone number."""
        return "@" not in person

    def send(self, *notices: Notice) -> None:
        """Append the notices that are not in the files yet.

        Raises ProviderUnavailable on a disk error.
        """
        days: dict[str, dict[str, bytes]] = {}
        for notice in notices:
            at = rfc3339(notice.at)
            lines = days.setdefault(f"{at[:10]}.jsonl", {})
            lines[notice.id] = _line(notice, at)
        for name, lines in days.items():
            try:
                self._day(name).append(lines)
            except OSError as error:
                self._days.pop(name, None)
                raise ProviderUnavailable(error.strerror or str(error)) from error

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _day(self, name: str) -> "_Day":
        if name not in self._days:
            while len(self._days) >= DAYS_KEPT:
                self._days.pop(min(self._days))
            self._days[name] = _Day(self._folder / name)
        return self._days[name]


class _Day:
    """One file, and the ids of the notices in its first `_seen` bytes."""

    def __init__(self, path: Path):
        self._path = path
        self._known: set[str] = set()
        self._seen = 0

    def append(self, lines: Mapping[str, bytes]) -> None:
        """Append the lines of these notices and sync them to the disk."""
        is_new = not self._path.exists()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked() as file:
            self._read(file)
            more = {notice: line for notice, line in lines.items() if notice not in self._known}
            if not more:
                return
            # A partial line at the end is from a writer that was killed.
            file.truncate(self._seen)
            file.seek(self._seen)
            written = b"".join(more.values())
            file.write(written)
            file.flush()
            os.fsync(file.fileno())
            self._seen += len(written)
            self._known.update(more)
        if is_new:
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _locked(self) -> BinaryIO:
        """Open and lock the file until it is closed; a new one where it was just removed."""
        while True:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            file = os.fdopen(handle, "r+b")
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:
                return file
            file.close()

    def _read(self, file: BinaryIO) -> None:
        """Read what other servers appended; a file that was replaced is read as a whole."""
        if os.fstat(file.fileno()).st_size < self._seen:
            self._known, self._seen = set(), 0
        file.seek(self._seen)
        for line in file:
            if not line.endswith(b"\n"):
                break
            self._seen += len(line)
            self._known.add(compact_json.decode(line)["id"])


Theirs = Callable[[str, str, str, str], bool]
"""Whether a line is theirs, by its `at`, `to`, `order` and `url`."""


def overwrite_lines(folder: Path, is_theirs: Theirs) -> int:
    """Overwrite the lines that match, and return how many.

    Each is replaced by a line of the same length with its `id` and `"erased": true`: readers keep
    their position in the file, and no notice is written twice.
    """
    erased = 0
    for path in sorted(folder.glob("*.jsonl")):
        # Lines never change their position, so the search needs no lock.
        with contextlib.suppress(FileNotFoundError):
            if found := _lines_of(path, is_theirs):
                erased += _overwrite(path, found)
    return erased


def recipients(folder: Path) -> set[str]:
    """Return the recipients in all files."""
    found: set[str] = set()
    for path in folder.glob("*.jsonl"):
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            found.update(said["to"] for line in file if (said := _parse_line(line)))
    return found


def _parse_line(line: bytes) -> dict[str, Any] | None:
    """Parse a line; None for an erased or an incomplete one."""
    if not line.endswith(b"\n") or b'"erased":true}' in line:
        return None
    said: dict[str, Any] = compact_json.decode(line)
    return said


def _lines_of(path: Path, is_theirs: Theirs) -> list[tuple[int, bytes]]:
    """Return the positions of the matching lines, and their replacements."""
    found = []
    place = 0
    with path.open("rb") as file:
        for line in file:
            said = _parse_line(line)
            if said and is_theirs(said["at"], said["to"], said["order"], said["url"]):
                empty = compact_json.encode({"id": said["id"], "erased": True})
                found.append((place, empty.ljust(len(line) - 1) + b"\n"))
            place += len(line)
    return found


def _overwrite(path: Path, lines: Sequence[tuple[int, bytes]]) -> int:
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not os.fstat(file.fileno()).st_nlink:  # removed meanwhile, with all lines in it
            return 0
        for place, line in lines:
            os.pwrite(file.fileno(), line, place)
        os.fsync(file.fileno())
    return len(lines)


def old_files(folder: Path, before_ms: int) -> list[Path]:
    """List the outbox's files that were last written before `before_ms`."""
    found = (path for path in folder.glob("*.jsonl") if _DAY.fullmatch(path.name))
    return sorted(path for path in found if _is_old(path, before_ms))


def remove_old(folder: Path, before_ms: int) -> int:
    """Remove the outbox's files that were last written before `before_ms`; return how many.

    Servers with a shared folder may run this at once, and write meanwhile: the lock protects a file
    that is being written.
    """
    removed = 0
    for path in old_files(folder, before_ms):
        with contextlib.suppress(FileNotFoundError), path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_old(path, before_ms):
                path.unlink()
                removed += 1
    return removed


def _is_old(path: Path, before_ms: int) -> bool:
    try:
        return path.stat().st_mtime * 1000 < before_ms
    except FileNotFoundError:  # another server removed it
        return False


def _line(notice: Notice, at: str) -> bytes:
    line = {
        "id": notice.id,
        "at": at,
        "to": notice.person,
        "language": notice.language,
        "kind": notice.kind,
        "order": notice.number,
        "subject": notice.text.subject,
        "text": notice.text.text,
        "url": notice.url,
    }
    return compact_json.encode(line) + b"\n"

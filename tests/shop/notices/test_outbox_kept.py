"""Files of the outbox are removed once nothing was written to them for a week, and no line of one
that is being written to is lost.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from tests.shop.support.sent_notices import notice

from farmlive.clock import DAY_MS, now_ms
from farmlive.shop.notices.outbox_file import Outbox, old_files, remove_old

WEEK_MS = 7 * DAY_MS


def only(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def age(path: Path, days: float) -> None:
    at = now_ms() / 1000 - days * 86_400
    os.utime(path, (at, at))


def test_files_of_a_week_ago_are_removed_and_no_others(tmp_path: Path) -> None:
    for name, days in (
        ("2026-01-01.jsonl", 7.1),
        ("2026-01-02.jsonl", 6.9),
        ("notes.txt", 100),
        ("mine.jsonl", 100),
    ):
        (tmp_path / name).write_text("{}\n")
        age(tmp_path / name, days)
    before = now_ms() - WEEK_MS
    assert [path.name for path in old_files(tmp_path, before)] == ["2026-01-01.jsonl"]
    assert remove_old(tmp_path, before) == 1
    assert sorted(os.listdir(tmp_path)) == ["2026-01-02.jsonl", "mine.jsonl", "notes.txt"]
    assert remove_old(tmp_path / "never written to", before) == 0


@contextlib.contextmanager
def held_open(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[BinaryIO, asyncio.Event]]:
    """A file that is locked, and what says that someone else waits for it."""
    waits = asyncio.Event()
    loop = asyncio.get_running_loop()
    real = fcntl.flock

    def flock(file: int, how: int) -> None:
        loop.call_soon_threadsafe(waits.set)
        real(file, how)

    with path.open("r+b") as file:
        real(file, fcntl.LOCK_EX)
        monkeypatch.setattr(fcntl, "flock", flock)
        yield file, waits


async def test_what_comes_while_a_file_is_removed_stands_in_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(tmp_path)
    at = now_ms() - 9 * DAY_MS
    first, late = notice(at), notice(at)
    outbox.send(first)
    path = only(tmp_path)
    with held_open(path, monkeypatch) as (_, waits):
        sending = asyncio.create_task(asyncio.to_thread(outbox.send, late))
        await waits.wait()  # it has the file open, and waits for the lock
        path.unlink()  # as who removes it does, with the lock
    await sending
    assert [path.name] == os.listdir(tmp_path)
    assert late.id in path.read_text()
    assert first.id not in path.read_text()


async def test_one_that_is_written_to_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(tmp_path)
    outbox.send(notice(now_ms() - 9 * DAY_MS))
    path = only(tmp_path)
    age(path, 8)
    with held_open(path, monkeypatch) as (file, waits):
        before = now_ms() - WEEK_MS
        removing = asyncio.create_task(asyncio.to_thread(remove_old, tmp_path, before))
        await waits.wait()
        file.seek(0, os.SEEK_END)
        file.write(b"{}\n")
    assert await removing == 0
    assert path.exists()

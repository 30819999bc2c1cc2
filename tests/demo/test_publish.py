"""What is late is dropped from keyframe to keyframe, so that a slow start is not kept up; and no
child that takes nothing is waited for.
"""

import asyncio
import time
from pathlib import Path

import imageio_ffmpeg
import pytest
from tests.demo.demo_process import films
from tests.support.waiting import LONG_S, until

from farmlive.demo import publish
from farmlive.demo.film.film import HOST, film_in
from farmlive.demo.publish import Lateness, Publication

__all__ = ["films"]


def test_pictures_in_time_are_kept() -> None:
    lateness = Lateness()
    assert all(lateness.keeps(0.1, True, n == 0) for n in range(3))


def test_after_a_late_picture_all_are_dropped_until_a_keyframe_in_time() -> None:
    lateness = Lateness()
    assert not lateness.keeps(0.6, True, False)
    assert not lateness.keeps(0.0, True, False)
    assert not lateness.keeps(0.6, True, True)
    assert not lateness.keeps(0.0, True, False)
    assert lateness.keeps(0.0, True, True)
    assert lateness.keeps(0.0, True, False)


def test_late_sound_is_dropped_alone() -> None:
    lateness = Lateness()
    assert not lateness.keeps(0.6, False, True)
    assert lateness.keeps(0.0, False, True)
    assert lateness.keeps(0.0, True, False)


def waits_s(publication: Publication) -> float:
    """For how long the child has taken nothing."""
    since = publication._wire.since
    return 0.0 if since is None else time.monotonic() - since


@pytest.mark.parametrize("is_told", [True, False], ids=["told to end", "left alone"])
async def test_child_that_takes_nothing_any_more_is_ended(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_told: bool
) -> None:
    child = tmp_path / "ffmpeg"
    child.write_text("#!/bin/sh\nexec sleep 600\n")
    child.chmod(0o700)
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: str(child))
    monkeypatch.setattr(publish, "_GOODBYE_S" if is_told else "_STUCK_S", 0.2)
    publication = Publication(film_in(films.parent, HOST), "http://farm.test", "key")
    running = asyncio.create_task(asyncio.to_thread(publication.run))
    if is_told:
        await until(lambda: waits_s(publication) > 0.5, "the pipe is full")
        publication.stop()
    async with asyncio.timeout(LONG_S):
        assert await running == ""
    assert publication._child.returncode == -9

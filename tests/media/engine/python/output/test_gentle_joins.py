"""Viewers that join in the middle of a large group, soon after another keyframe was requested: they
get it hardly faster than it comes.
"""

import itertools
from typing import Any

import pytest
from tests.media.support.scripted_peers import SSRCS, hear_plainly
from tests.media.support.weak_link import Scene

from farmlive.media.engine.python.output.epoch import Epoch
from farmlive.media.wire import rtcp

CLOCK_RATE = 90_000


@pytest.fixture(autouse=True)
def hearers(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_plainly(monkeypatch)


class Timed:
    """When frames came to a player, by their timestamps."""

    def __init__(self, scene: Scene) -> None:
        self.came: dict[int, float] = {}
        self._take = scene.player._part
        scene.player._part = self._part  # type: ignore[method-assign]

    def _part(self, number: int, packet: Any, payload: bytes, now: float) -> None:
        self.came[packet.timestamp] = now
        self._take(number, packet, payload, now)


def joined(kbps: float | None, behind_s: float = 1.0) -> tuple[Scene, Timed]:
    scene = Scene(None, key_parts=45)
    scene.run(2.5)
    scene.source.publisher.want_keyframe()
    scene.run(0.3 + behind_s)
    scene.queue.rate = kbps
    timed = Timed(scene)
    scene.join()
    assert scene.viewer.gently
    return scene, timed


@pytest.mark.parametrize("kbps", [2_000, 3_000])
def test_frames_that_leave_for_seconds_are_as_far_apart_as_they_leave(kbps: int) -> None:
    scene, timed = joined(kbps)
    scene.run(1.5)
    assert scene.viewer.cursor is not None, "it has not caught up"
    frames = list(timed.came.items())
    assert all(later > before for (before, _), (later, _) in itertools.pairwise(frames))
    (first, began), (last, ended) = frames[1], frames[-1]
    assert (last - first) / CLOCK_RATE == pytest.approx(ended - began, rel=0.15)
    # By the time of their capture they would be further apart, since it catches up.
    assert len(frames) > 30 * 1.1 * (ended - began)


def test_sound_is_not_held_back_for_them() -> None:
    scene, timed = joined(3_000)
    scene.run(1.0)
    told = scene.fanout.sending.report(scene.viewer, scene.now, 1_000_000_000.0)
    (stamp,) = (
        each.timestamp
        for each in rtcp.parse(told or b"")
        if isinstance(each, rtcp.SenderReport) and each.ssrc == SSRCS.video
    )
    # The frame that came last is dated by about now, as the report has it, though it is older.
    assert 0 <= stamp - max(timed.came) < 0.2 * CLOCK_RATE


def test_a_frame_that_is_sent_again_has_the_time_that_it_had() -> None:
    scene, timed = joined(3_000)
    lost = scene.player.queue
    scene.run(0.5)
    lost.latency_s = -1.0  # all is dropped
    scene.run(0.05)
    lost.latency_s = 0.3
    scene.run(1.0)
    assert not scene.player.missing
    # One may not be whole yet; else no part of a frame has another time than the rest.
    assert len(scene.player.pictures) >= len(timed.came) - 1


def test_live_goes_on_behind_them() -> None:
    scene, timed = joined(None, 0.4)
    scene.run(8)
    assert scene.viewer.forwarder is not None
    epoch = scene.viewer.epoch
    assert isinstance(epoch, Epoch)
    assert not epoch.moves
    newest = epoch.track.ring.newest
    assert newest is not None
    assert max(timed.came) == (newest.timestamp + epoch.shift.timestamp) & 0xFFFFFFFF
    frames = list(timed.came)
    assert frames == sorted(frames)


def test_a_frame_that_has_begun_to_leave_ends_its_part() -> None:
    """The frames of a part all have one live position; a frame that continues has an older one."""
    scene, _ = joined(2_000)
    scene.run(0.4)
    epoch = scene.viewer.epoch
    assert epoch is not None
    lives = [frame.live for frame in epoch.left]
    assert len(set(lives)) > 5
    assert lives == sorted(lives)
    assert len({frame.timestamp for frame in epoch.left}) == len(lives)

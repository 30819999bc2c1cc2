"""Viewers behind links of some widths: what they hear and see, second by second."""

import itertools

import pytest
from tests.media.support.scripted_peers import SSRCS, hear_plainly
from tests.media.support.weak_link import Scene

from farmlive.media.engine.python.link.quality_ladder import FEWER_FRAMES, FULL, KEYFRAMES
from farmlive.media.wire import rtcp

# A viewer joins at any moment of its source's time.
PHASES = (3.0, 3.4, 3.77)


@pytest.fixture(autouse=True)
def hearers(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_plainly(monkeypatch)


def joined(kbps: float, phase_s: float, key_parts: int, *, temporal: bool = False) -> Scene:
    scene = Scene(None, key_parts=key_parts, temporal=temporal)
    scene.run(phase_s)
    scene.queue.rate = kbps
    scene.join()
    return scene


@pytest.mark.parametrize("phase_s", PHASES)
@pytest.mark.parametrize("key_parts", [45, 55])
@pytest.mark.parametrize("kbps", [500, 1_000, 1_300])
def test_below_the_streams_rate_all_is_heard_and_something_is_seen(
    kbps: int, key_parts: int, phase_s: float
) -> None:
    scene = joined(kbps, phase_s, key_parts)
    scene.run(5)
    heard, lost = len(scene.player.sound), len(scene.player.sound_lost)
    scene.run(15)
    assert len(scene.player.sound_lost) - lost <= 0.01 * len(scene.player.sound[heard:])
    late = [each for each in scene.player.sound[heard:] if each > 0.1]
    assert len(late) < 0.1 * len(scene.player.sound[heard:])
    pictures = [*scene.player.pictures, scene.now]
    assert max(later - at for at, later in itertools.pairwise(pictures)) < 2.6
    assert scene.viewer.gets == KEYFRAMES


@pytest.mark.parametrize("phase_s", PHASES)
def test_a_link_a_little_wider_than_the_stream_has_all_of_it(phase_s: float) -> None:
    scene = joined(2_000, phase_s, 55)
    scene.run(15)
    assert scene.queue.dropped == 0
    assert scene.viewer.gets == FULL
    assert len(scene.player.pictures) > 29 * 14


@pytest.mark.parametrize("phase_s", PHASES)
def test_a_link_that_is_wide_again_has_all_within_fifteen_seconds(phase_s: float) -> None:
    scene = joined(1_000, phase_s, 55)
    scene.run(12)
    scene.queue.rate = None
    scene.run(15)
    assert scene.viewer.gets == FULL
    seen = len(scene.player.pictures)
    scene.run(2)
    assert len(scene.player.pictures) > seen + 2 * 28


def test_so_has_one_whose_source_sends_keyframes_slowly() -> None:
    scene = Scene(None, 0.3, 45, pace_kbps=3_000)
    scene.run(3.5)
    scene.queue.rate = 1_000
    scene.join()
    scene.run(12)
    scene.queue.rate = None
    scene.run(15)
    assert scene.viewer.gets == FULL


def test_keyframes_for_narrow_viewers_are_two_seconds_apart() -> None:
    scene = joined(1_000, 3.0, 55)
    scene.run(20)
    assert scene.requests <= 11


@pytest.mark.parametrize("phase_s", PHASES)
def test_frames_that_no_other_refers_to_give_way_first(phase_s: float) -> None:
    scene = joined(1_300, phase_s, 55, temporal=True)
    scene.run(20)
    seen, lost = len(scene.player.pictures), len(scene.player.sound_lost)
    rungs = set()
    for _ in range(20):
        scene.run(0.5)
        rungs.add(scene.viewer.gets)
    # Now and then it is tried whether all of them fit, which may cost a moment of sound.
    assert FEWER_FRAMES in rungs
    assert rungs <= {FULL, FEWER_FRAMES}
    assert len(scene.player.pictures) - seen > 10 * 13
    assert len(scene.player.sound_lost) - lost <= 5


@pytest.mark.parametrize("phase_s", PHASES)
def test_what_follows_a_keyframe_comes_as_far_as_the_link_carries_it(phase_s: float) -> None:
    scene = joined(1_300, phase_s, 55)
    scene.run(8)
    seen = len(scene.player.pictures)
    scene.run(10)
    pictures = scene.player.pictures[seen:]
    assert scene.viewer.gets == KEYFRAMES
    assert len(pictures) > 10 * 8, "more than a keyframe each two seconds"
    assert max(later - at for at, later in itertools.pairwise(pictures)) < 1.5


def test_a_keyframe_is_dated_by_when_it_has_left_and_reports_are_not() -> None:
    scene = joined(500, 3.0, 45)
    scene.run(12)
    epoch = scene.viewer.epoch or scene.viewer.past[-1]
    leaves_s = epoch.track.ring.keyframe_octets / 125 / scene.viewer.link.kbps
    assert epoch.lead / 90_000 == pytest.approx(leaves_s, rel=0.3)
    told = scene.fanout.sending.report(scene.viewer, scene.now, 1_000_000_000.0)
    assert told is not None
    stamps = [
        each.timestamp
        for each in rtcp.parse(told)
        if isinstance(each, rtcp.SenderReport) and each.ssrc == SSRCS.video
    ]
    plain = epoch.track.timestamp_at(scene.now) + epoch.shift.timestamp - epoch.lead
    assert stamps == [plain & 0xFFFFFFFF]


def test_all_frames_are_dated_by_their_capture() -> None:
    scene = joined(2_000, 3.0, 55)
    scene.run(8)
    assert scene.viewer.epoch is not None
    assert scene.viewer.epoch.lead == 0


def test_nothing_follows_for_who_saves_data() -> None:
    scene = Scene(1_300, key_parts=55)
    scene.run(3)
    scene.fanout.limit_rung(scene.viewer, KEYFRAMES)
    scene.join()
    scene.run(12)
    assert len(scene.player.pictures) <= 7

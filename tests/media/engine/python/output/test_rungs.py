"""Viewers who get less than their whole track: what they are sent, and when."""

import itertools

import pytest
from tests.media.support.scripted_peers import (
    DELTA,
    DISPOSABLE,
    KEY,
    SSRCS,
    VIEWING,
    Kept,
    Source,
    consecutive,
    hear_plainly,
    viewer,
)

from farmlive.media.engine.interface import Viewing
from farmlive.media.engine.python.link.quality_ladder import FEWER_FRAMES, FULL, KEYFRAMES, SOUND
from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.engine.python.output.viewer import RoundTrip, Viewer
from farmlive.media.wire import rtcp
from farmlive.media.wire.rtp import Packet

# Packets of a frame.
PARTS = 3


@pytest.fixture(autouse=True)
def hearers(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_plainly(monkeypatch)


@pytest.fixture
def fanout() -> Fanout:
    return Fanout(SSRCS)


def asked(source: Source, now: float) -> bool:
    """Whether a keyframe is requested now."""
    told = source.publisher.feedback(now, report=False)
    return told is not None and rtcp.KeyframeRequest(5) in list(rtcp.parse(told))


def joined(fanout: Fanout, source: Source, most: int = FULL) -> tuple[Viewer, Kept, float]:
    """A viewer of a source that is on air, and the time."""
    fanout.put_on_air(source.publisher)
    now = source.frames(5, 0, keyframe=True)
    one, kept = viewer(1)
    fanout.add(one, now)
    fanout.limit_rung(one, most)
    fanout.send_bursts(now)
    return one, kept, now


def group(fanout: Fanout, source: Source, now: float, length: int = 10) -> float:
    """A group of pictures comes, and parts of bursts leave meanwhile."""
    for number in range(length):
        now = source.frames(1, now, keyframe=number == 0)
        fanout.send_bursts(now)
    return now


def test_a_viewer_of_keyframes_has_each_of_them_and_no_other_frame(fanout: Fanout) -> None:
    source = Source(fanout)
    one, kept, now = joined(fanout, source, KEYFRAMES)
    for _ in range(3):
        now = group(fanout, source, now)
    assert len(kept.video) == 4 * PARTS
    assert all(each.payload.startswith(KEY) for each in kept.video[::PARTS])
    assert consecutive(kept.video)
    times = [each.timestamp for each in kept.video[::PARTS]]
    assert times == sorted(set(times))
    assert one.gets == KEYFRAMES


def test_a_live_viewer_who_limits_itself_to_keyframes_has_no_more_of_this_group(
    fanout: Fanout,
) -> None:
    source = Source(fanout)
    one, kept, now = joined(fanout, source)
    assert one.forwarder is not None
    now = source.frames(2, now)
    count = len(kept.video)
    fanout.limit_rung(one, KEYFRAMES)
    now = source.frames(3, now)
    fanout.request_keyframes(now)
    fanout.send_bursts(now)
    assert len(kept.video) == count
    now = group(fanout, source, now)
    assert len(kept.video) == count + PARTS
    assert consecutive(kept.video)


def test_keyframes_for_a_viewer_of_them_are_requested_two_seconds_apart(fanout: Fanout) -> None:
    source = Source(fanout)
    _, _, now = joined(fanout, source, KEYFRAMES)
    times = []
    for _ in range(80):
        fanout.request_keyframes(now)
        if asked(source, now):
            times.append(now)
            source.frames(1, now, keyframe=True)
        fanout.send_bursts(now)
        now = source.frames(3, now)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(gaps) >= 2
    assert all(2 <= gap < 2.2 for gap in gaps)


def test_a_part_of_a_keyframe_is_followed_by_the_rest(fanout: Fanout) -> None:
    source = Source(fanout)
    one, kept, now = joined(fanout, source, KEYFRAMES)
    before = len(kept.video)
    stamp = (source.frame * 3_000) & 0xFFFFFFFF
    for part in range(PARTS):
        payload = (KEY if part == 0 else b"\x00") + bytes(40)
        source.send(Packet(source.sequence, stamp, part == PARTS - 1, payload), now)
        source.sequence = (source.sequence + 1) & 0xFFFF
        fanout.send_bursts(now)
        assert (one.peer in fanout.joining.waiting) == (part == PARTS - 1)
    source.frame += 1
    assert len(kept.video) == before + PARTS


def test_what_a_viewer_lost_of_its_keyframe_is_sent_again(fanout: Fanout) -> None:
    source = Source(fanout)
    one, kept, now = joined(fanout, source, KEYFRAMES)
    fanout.repair(one, rtcp.Nack(SSRCS.video, (kept.video[1].sequence,)), now)
    (again,) = kept.of(SSRCS.retransmission)
    assert again.packet.payload[2:] == kept.video[1].payload


def test_a_viewer_who_lifts_its_limit_goes_live_at_the_next_keyframe(fanout: Fanout) -> None:
    source = Source(fanout)
    one, kept, now = joined(fanout, source, KEYFRAMES)
    fanout.limit_rung(one, FULL)
    fanout.request_keyframes(now)
    assert asked(source, now + 2)
    now = group(fanout, source, now)
    assert one.forwarder is not None
    assert len(kept.video) == PARTS + 10 * PARTS
    assert consecutive(kept.video)


def test_a_viewer_of_sound_has_no_picture_and_asks_for_none(fanout: Fanout) -> None:
    source = Source(fanout)
    one, kept, now = joined(fanout, source)
    fanout.limit_rung(one, SOUND)
    count = len(kept.video)
    fanout.request_keyframes(now)
    assert not asked(source, now + 3)
    now = group(fanout, source, now)
    source.send(Packet(7, 960, False, b"sound"), now, 111, 6)
    assert len(kept.video) == count
    assert len(kept.of(SSRCS.audio)) == 1
    assert one.gets == SOUND
    fanout.limit_rung(one, FULL)
    group(fanout, source, now)
    assert len(kept.video) > count
    assert consecutive(kept.video)


def test_a_joiner_of_sound_alone_asks_for_no_keyframe(fanout: Fanout) -> None:
    source = Source(fanout)
    fanout.put_on_air(source.publisher)
    now = source.frames(900, 0, keyframe=True)
    one, kept = viewer(1)
    one.ladder.most = SOUND
    fanout.add(one, now)
    fanout.request_keyframes(now)
    fanout.send_bursts(now)
    assert not asked(source, now + 3)
    assert kept.video == []


def test_a_joiner_of_keyframes_has_no_old_picture_where_a_new_one_comes(fanout: Fanout) -> None:
    source, other = Source(fanout), Fanout(SSRCS)
    fanout.put_on_air(source.publisher)
    now = source.frames(900, 0, keyframe=True)
    one, kept = viewer(1)
    one.ladder.most = KEYFRAMES
    fanout.add(one, now)
    fanout.send_bursts(now)
    assert kept.video == []
    assert asked(source, now)
    deaf = Source(other, pli=False)
    other.put_on_air(deaf.publisher)
    now = deaf.frames(900, 0, keyframe=True)
    one, kept = viewer(2)
    one.ladder.most = KEYFRAMES
    other.add(one, now)
    other.send_bursts(now)
    assert [each.payload[:4] for each in kept.video[::PARTS]] == [KEY]


def test_a_wide_viewer_beside_it_has_every_frame(fanout: Fanout) -> None:
    source = Source(fanout)
    _, _, now = joined(fanout, source, KEYFRAMES)
    wide, kept = viewer(2)
    fanout.add(wide, now)
    fanout.send_bursts(now)
    before = len(kept.video)
    group(fanout, source, now)
    assert len(kept.video) == before + 10 * PARTS
    assert kept.video[-1].payload[:1] == b"\x00"
    assert [each.payload[:4] for each in kept.video[-PARTS * 9 :: PARTS]] == [DELTA] * 9


def test_a_viewer_of_the_house_has_all_and_no_limit() -> None:
    fanout = Fanout(SSRCS)
    source = Source(fanout)
    fanout.put_on_air(source.publisher)
    now = source.frames(5, 0, keyframe=True)
    one, kept = viewer(1, Viewing(VIEWING.video, VIEWING.audio, exempt=True))
    fanout.add(one, now)
    fanout.limit_rung(one, SOUND)
    fanout.send_bursts(now)
    assert one.link.state == "wide"
    for lost in (0, 900, 5_000):
        now += 1
        block = rtcp.ReceiverReport(SSRCS.video, 0, lost, kept.video[-1].sequence, 0, 0, 0)
        fanout.record_report(one, block, now, RoundTrip(2.0, now))
        now = source.frames(300, now)
    for _ in range(100):
        one.backpressure.count_refused(10, now)
    assert one.link.state == "wide"
    assert one.backpressure.since is None
    assert one.forwarder is not None
    assert len(kept.video) == 905 * PARTS


def test_a_tcp_viewer_whose_queue_overflows_has_keyframes_alone_and_later_all(
    fanout: Fanout,
) -> None:
    source = Source(fanout)
    one, kept, now = joined(fanout, source)
    source.publisher.measure(now)
    one.backpressure.stop_video(3, now)
    fanout._stop_videos([one])
    fanout.run_each_second(one, now)
    now += 1.0
    count = len(kept.video)
    now = group(fanout, source, now)
    assert len(kept.video) == count + PARTS
    assert one.gets == KEYFRAMES
    for second in range(8):
        fanout.run_each_second(one, now + second)
    group(fanout, source, now + 8)
    assert one.gets == FULL
    assert len(kept.video) == count + PARTS + 10 * PARTS
    assert consecutive(kept.video)


def test_a_keyframe_alone_is_fed_to_a_tcp_viewer_as_it_takes_it(
    fanout: Fanout, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(fanout)
    one, kept, now = joined(fanout, source, KEYFRAMES)
    count = len(kept.video)
    monkeypatch.setattr(type(one.sock), "queued_bytes", lambda *_: 1)
    source.frames(1, now, keyframe=True)
    fanout.send_bursts(now)
    assert len(kept.video) == count
    monkeypatch.undo()
    hear_plainly(monkeypatch)
    fanout.send_bursts(now)
    assert len(kept.video) == count + PARTS


def test_a_keyframe_that_takes_too_long_leaves_sound_alone_for_a_while(
    fanout: Fanout, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(fanout)
    one, kept, now = joined(fanout, source, KEYFRAMES)
    source.publisher.measure(now)
    monkeypatch.setattr(type(one.sock), "queued_bytes", lambda *_: 1)
    source.frames(1, now, keyframe=True)
    fanout.send_bursts(now + 4.1)
    monkeypatch.undo()
    hear_plainly(monkeypatch)
    now = group(fanout, source, now + 4.2)
    assert one.ladder.carried == SOUND
    assert len(kept.video) == PARTS


def temporal(fanout: Fanout, source: Source, now: float, count: int) -> float:
    """Frames of three packets, to every second of which no other refers."""
    for number in range(count):
        head, rest = (DISPOSABLE, b"\x20") if number % 2 else (DELTA, b"\x00")
        stamp = (source.frame * 3_000) & 0xFFFFFFFF
        for part in range(PARTS):
            payload = (rest if part else head) + bytes((part,)) * 40
            source.send(Packet(source.sequence, stamp, part == PARTS - 1, payload), now)
            source.sequence = (source.sequence + 1) & 0xFFFF
        source.frame += 1
        now += 1 / 30
        fanout.send_bursts(now)
        fanout.send_bursts(now)
    return now


def test_fewer_frames_are_those_that_others_refer_to(fanout: Fanout) -> None:
    source = Source(fanout)
    one, kept, now = joined(fanout, source)
    now = source.frames(2, now)
    fanout.limit_rung(one, FEWER_FRAMES)
    count = len(kept.video)
    now = temporal(fanout, source, now, 40)
    assert len(kept.video) == count + 20 * PARTS
    assert [each.payload[:4] for each in kept.video[count::PARTS]] == [DELTA] * 20
    assert consecutive(kept.video)
    # What it lost of them is found under its own numbers.
    lost = kept.video[-4]
    fanout.repair(one, rtcp.Nack(SSRCS.video, (lost.sequence,)), now)
    assert kept.of(SSRCS.retransmission)[-1].packet.payload[2:] == lost.payload
    fanout.limit_rung(one, FULL)
    count = len(kept.video)
    temporal(fanout, source, now, 10)
    assert one.forwarder is not None
    assert len(kept.video) == count + 10 * PARTS
    assert consecutive(kept.video)

"""Viewers on links that are not known to be wide: how they join, what they are sent, and when."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.media.support.scripted_peers import (
    KEY,
    SSRCS,
    Kept,
    Source,
    consecutive,
    hear_plainly,
    viewer,
)

from farmlive.media.engine.python.demux import Demux
from farmlive.media.engine.python.link.link_estimate import LinkEstimate
from farmlive.media.engine.python.link.quality_ladder import KEYFRAMES
from farmlive.media.engine.python.output.catch_up import wants_sender_report
from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.engine.python.output.viewer import RoundTrip, Viewer
from farmlive.media.wire import rtcp

# A report on another stream.
NOTHING = rtcp.ReceiverReport(SSRCS.audio, 0, 0, 0, 0, 0, 0)
# Packets of a frame.
PARTS = 3


@pytest.fixture(autouse=True)
def hearers(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_plainly(monkeypatch)


@pytest.fixture
def fanout() -> Fanout:
    return Fanout(SSRCS)


def unknown(number: int, now: float) -> tuple[Viewer, Kept]:
    one, kept = viewer(number)
    one.link = LinkEstimate(now)
    return one, kept


def asked(source: Source, now: float) -> bool:
    """Whether a keyframe is requested now."""
    told = source.publisher.feedback(now, report=False)
    return told is not None and rtcp.KeyframeRequest(5) in list(rtcp.parse(told))


def report(fanout: Fanout, one: Viewer, now: float, highest: int, rtt_s: float) -> None:
    wants_sender_report(one, True, now - rtt_s)
    block = rtcp.ReceiverReport(SSRCS.video, 0, 0, highest, 0, 0, 0)
    fanout.record_report(one, block, now, RoundTrip(rtt_s, now - rtt_s))


def on_air(fanout: Fanout, source: Source, count: int) -> float:
    fanout.put_on_air(source.publisher)
    return source.frames(count, 0, keyframe=True)


def narrow(fanout: Fanout, source: Source, now: float) -> tuple[Viewer, Kept, float]:
    """A viewer that is live, and then reports a long queue."""
    one, kept = unknown(1, now)
    fanout.add(one, now)
    fanout.send_bursts(now)
    assert one.forwarder is not None
    first = kept.video[-1].sequence
    report(fanout, one, now, first, 0.05)
    for second in (1, 2):
        now = source.frames(30, now)
        report(fanout, one, now, first + 90 * second, 0.4)
    assert one.link.state == "narrow"
    return one, kept, now


def test_a_joiner_of_a_small_group_has_all_of_it(fanout: Fanout) -> None:
    source = Source(fanout)
    now = on_air(fanout, source, 5)
    one, kept = unknown(1, now)
    fanout.add(one, now)
    fanout.send_bursts(now)
    assert one.forwarder is not None
    source.frames(2, now)
    assert len(kept.video) == 7 * PARTS
    assert consecutive(kept.video)


def test_a_joiner_of_a_large_group_waits_for_the_keyframe_it_asks_for(fanout: Fanout) -> None:
    source = Source(fanout)
    now = on_air(fanout, source, 900)
    one, kept = unknown(1, now)
    fanout.add(one, now)
    fanout.send_bursts(now)
    assert kept.video == []
    assert asked(source, now)
    source.frames(2, now, keyframe=True)
    fanout.send_bursts(now)
    assert kept.video[0].payload.startswith(KEY)
    assert one.forwarder is not None


def test_a_joiner_soon_after_another_has_the_group_gently(fanout: Fanout) -> None:
    source = Source(fanout)
    now = on_air(fanout, source, 900)
    source.publisher.want_keyframe()
    assert asked(source, now)
    # So many packets that they would not leave soon.
    now = source.frames(1, now + 0.1, keyframe=True)
    now = source.frames(9, now, parts=250)
    one, kept = unknown(1, now)
    fanout.add(one, now)
    for _ in range(25):
        fanout.send_bursts(now)
        now += 0.004
    assert kept.video[0].payload.startswith(KEY)
    # 1,400 kbit/s of a stream that has not been measured, and 16 kB at once.
    octets = sum(len(packet.payload) for packet in kept.video)
    assert octets < 16_000 + 25 * 4 * 175 + 1_200
    while fanout.joining.catching:
        fanout.send_bursts(now)
        now += 0.004
    assert one.forwarder is not None
    assert len(kept.video) == PARTS + 9 * 250
    source.frames(1, now)
    assert consecutive(kept.video)
    # Nobody needs another keyframe.
    assert not asked(source, now + 3)


def behind(fanout: Fanout) -> tuple[Source, Viewer, Kept, float]:
    """A viewer that joins with a group that would not leave soon."""
    source = Source(fanout)
    now = on_air(fanout, source, 900)
    source.publisher.want_keyframe()
    assert asked(source, now)
    now = source.frames(1, now + 0.1, keyframe=True)
    now = source.frames(9, now, parts=250)
    one, kept = unknown(1, now)
    fanout.add(one, now)
    for _ in range(60):
        if not fanout.joining.measuring:
            fanout.send_bursts(now)
            now += 0.004
    assert fanout.joining.measuring
    assert one.gently
    one.train.report_left(now)
    return source, one, kept, now


def test_who_gets_a_train_at_once_catches_up_soon(fanout: Fanout) -> None:
    _, one, kept, now = behind(fanout)
    # The report behind the train came as soon as one without it.
    fanout.record_report(one, NOTHING, now + 0.01, RoundTrip(0.01, now))
    before, until = sum(len(packet.payload) for packet in kept.video), now + 0.1
    while now < until:
        fanout.send_bursts(now)
        now += 0.004
    octets = sum(len(packet.payload) for packet in kept.video) - before
    # As fast as packets that are this small leave; gently it would be 17,500.
    assert octets > 20_000


def test_who_waits_for_a_train_goes_on_gently(fanout: Fanout) -> None:
    _, one, kept, now = behind(fanout)
    fanout.record_report(one, NOTHING, now + 0.08, RoundTrip(0.08, now))
    before, until = sum(len(packet.payload) for packet in kept.video), now + 0.5
    while now < until:
        fanout.send_bursts(now)
        now += 0.004
    octets = sum(len(packet.payload) for packet in kept.video) - before
    assert octets < 100_000


def test_requests_for_many_joiners_are_two_seconds_apart(fanout: Fanout) -> None:
    source = Source(fanout)
    now = on_air(fanout, source, 900)
    requests = 0
    for number in range(60):
        one, _ = unknown(number, now)
        fanout.add(one, now)
        fanout.request_keyframes(now)
        if asked(source, now):
            requests += 1
            source.frames(1, now, keyframe=True)
            source.frames(9, now, parts=250)
        now += 0.1
    assert requests == 3


def test_a_burst_is_paced(fanout: Fanout) -> None:
    source = Source(fanout, pli=False)
    fanout.put_on_air(source.publisher)
    now = source.frames(30, 0, keyframe=True, parts=60)
    one, kept = unknown(1, now)
    fanout.add(one, now)
    octets = []
    while fanout.joining.catching:
        fanout.send_bursts(now)
        octets.append(sum(len(packet.payload) for packet in kept.video))
        now += 0.004
    assert len(kept.video) == 1_800
    # 2,500 kbit/s of a stream that has not been measured, and 16 kB at once.
    assert octets[10] < 16_000 + 10 * 1_250 + 100
    assert consecutive(kept.video)


def test_who_loses_its_burst_waits_for_another_group(fanout: Fanout) -> None:
    source = Source(fanout, pli=False)
    fanout.put_on_air(source.publisher)
    now = source.frames(30, 0, keyframe=True, parts=60)
    one, kept = unknown(1, now)
    fanout.add(one, now)
    for _ in range(5):
        fanout.send_bursts(now)
    sent = [packet.sequence for packet in kept.video]
    assert fanout.repair(one, rtcp.Nack(SSRCS.video, tuple(sent[20:60])), now)
    assert one.link.state == "narrow"
    assert one.peer in fanout.joining.waiting
    count = len(kept.received)
    fanout.request_keyframes(now + 0.1)
    fanout.send_bursts(now + 0.1)
    assert len(kept.received) == count


def test_a_narrow_viewer_is_paced_and_the_others_are_not(fanout: Fanout) -> None:
    source = Source(fanout)
    now = on_air(fanout, source, 5)
    wide, all_of_it = viewer(2)
    fanout.add(wide, now)
    fanout.send_bursts(now)
    one, kept, now = narrow(fanout, source, now)
    assert one.forwarder is None
    assert one.peer in fanout.joining.catching
    before, ends = len(kept.video), len(all_of_it.video)
    source.frames(1, now, parts=200)
    fanout.send_bursts(now)
    assert len(all_of_it.video) == ends + 200
    assert before < len(kept.video) < before + 200
    assert consecutive(kept.video)


def test_a_narrow_viewer_whose_picture_is_late_waits_for_a_keyframe(fanout: Fanout) -> None:
    source = Source(fanout)
    now = on_air(fanout, source, 5)
    one, kept, now = narrow(fanout, source, now)
    # A second of the picture comes in no time: more than it is sent.
    source.frames(30, now, parts=60)
    fanout.send_bursts(now)
    fanout.send_bursts(now + 0.01)
    assert one.peer in fanout.joining.waiting
    now += 2.5
    source.frames(3, now, keyframe=True)
    now += 0.1
    fanout.send_bursts(now)
    assert consecutive(kept.video)
    # Of that it gets the picture alone: its link does not carry more.
    assert kept.video[-PARTS].payload.startswith(KEY)


def test_a_narrow_link_that_is_wide_again_goes_live(fanout: Fanout) -> None:
    source = Source(fanout)
    now = on_air(fanout, source, 5)
    one, kept, now = narrow(fanout, source, now)
    for _ in range(20):
        for _ in range(6):
            now = source.frames(5, now)
            fanout.send_bursts(now)
        report(fanout, one, now, kept.video[-1].sequence, 0.05)
    fanout.send_bursts(now)
    assert one.link.state == "wide"
    assert one.forwarder is not None
    source.frames(2, now)
    assert consecutive(kept.video)


def test_repairs_of_a_narrow_link_have_an_end(fanout: Fanout) -> None:
    source = Source(fanout)
    now = on_air(fanout, source, 5)
    one, kept, now = narrow(fanout, source, now)
    one.link.kbps = 60.0
    source.frames(1, now, parts=100)
    for _ in range(5):
        now += 0.2
        fanout.send_bursts(now)
    numbers = tuple(packet.sequence for packet in kept.video[-70:])
    one.link.repairs._octets, one.link.repairs._at = 0.0, now
    assert fanout.repair(one, rtcp.Nack(SSRCS.video, numbers), now)
    assert one.peer in fanout.joining.waiting


def test_what_a_newer_keyframe_replaces_is_not_repaired(fanout: Fanout) -> None:
    source = Source(fanout)
    now = on_air(fanout, source, 5)
    one, kept, now = narrow(fanout, source, now)
    old = kept.video[-1].sequence
    source.frames(1, now, keyframe=True)
    fanout.send_bursts(now)
    assert not fanout.repair(one, rtcp.Nack(SSRCS.video, (old,)), now)
    assert kept.of(SSRCS.retransmission) == []
    fanout.repair(one, rtcp.Nack(SSRCS.video, (kept.video[-1].sequence,)), now)
    assert len(kept.of(SSRCS.retransmission)) == 1


def test_who_went_on_into_a_newer_group_is_not_sent_its_keyframe_again(fanout: Fanout) -> None:
    source = Source(fanout)
    now = on_air(fanout, source, 5)
    one, kept, now = narrow(fanout, source, now)
    now = source.frames(3, now, keyframe=True)
    fanout.send_bursts(now)
    source.frames(30, now, parts=60)
    fanout.send_bursts(now)
    fanout.send_bursts(now + 0.01)
    assert one.peer in fanout.joining.waiting
    count = len(kept.video)
    fanout.request_keyframes(now + 0.1)
    fanout.send_bursts(now + 0.1)
    assert len(kept.video) == count


def test_a_request_for_another_stream_says_nothing_of_the_burst(fanout: Fanout) -> None:
    source = Source(fanout, pli=False)
    fanout.put_on_air(source.publisher)
    now = source.frames(30, 0, keyframe=True, parts=60)
    one, _ = unknown(1, now)
    fanout.add(one, now)
    fanout.send_bursts(now)
    assert not fanout.repair(one, rtcp.Nack(SSRCS.audio, tuple(range(60))), now)
    assert one.link.state == "unknown"


def test_what_was_lost_before_a_burst_says_nothing_of_it(fanout: Fanout) -> None:
    source = Source(fanout)
    now = on_air(fanout, source, 5)
    one, kept, now = narrow(fanout, source, now)
    one.link.kbps, one.ladder.carried, one.rung = 900.0, KEYFRAMES, KEYFRAMES
    now = source.frames(4, now, parts=60)
    fanout.joining.end_keyframe(one)
    old = tuple(packet.sequence for packet in kept.video)
    kbps, now = one.link.kbps, now + 3
    source.frames(1, now, keyframe=True, parts=60)
    fanout.send_bursts(now)
    new = tuple(packet.sequence for packet in kept.video[len(old) :])
    assert len(new) > 8
    # Players go on asking for what was lost of the stream before it was a keyframe alone.
    fanout.repair(one, rtcp.Nack(SSRCS.video, old[-40:]), now)
    assert one.link.kbps == kbps
    fanout.repair(one, rtcp.Nack(SSRCS.video, new), now)
    assert one.link.kbps < kbps


def test_a_report_that_waited_to_be_read_shows_no_queue(fanout: Fanout) -> None:
    one, _ = unknown(1, 0.0)
    timers: Any = SimpleNamespace(
        wall_ahead=0.0,
        ntp_middle=lambda now: round(now * 65_536),
        measure_links=lambda fanout: None,
    )
    nobody: Any = None
    demux = Demux(nobody, timers, nobody)
    peer: Any = SimpleNamespace(viewer=one, fanout=fanout, publisher=None)
    protection: Any = SimpleNamespace(tag=16, unprotect_rtcp=lambda data: data)
    sent = rtcp.ReceiverReport(SSRCS.video, 0, 0, 1, 0, 10 * 65_536, 0)
    data = rtcp.receiver_report(9, [sent])
    # It came 50 ms after our report, and is read half a second later.
    demux._handle_rtcp(peer, protection, data, 10.05, 10.55)
    assert one.link.round_trip_s == pytest.approx(0.05, abs=0.001)

"""The fan-out, with viewers that keep what they were sent in plain text."""

import itertools

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

from farmlive.media.engine.interface import Outgoing, Ssrcs, Viewing
from farmlive.media.engine.python.ingest.ring import SIZE
from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.engine.python.output.viewer import Viewer
from farmlive.media.wire import rtcp, rtp
from farmlive.media.wire.rtp import Packet, ahead32


@pytest.fixture(autouse=True)
def hearers(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_plainly(monkeypatch)


@pytest.fixture
def fanout() -> Fanout:
    return Fanout(SSRCS)


def test_a_source_goes_on_air_at_its_keyframe(fanout: Fanout) -> None:
    source = Source(fanout)
    fanout.put_on_air(source.publisher)
    one, kept = viewer(1)
    fanout.add(one, 0)
    now = source.frames(2, 0)
    assert kept.video == []
    now = source.frames(2, now, keyframe=True)
    fanout.send_bursts(0.0)
    source.frames(2, now)
    assert source.switched
    assert len(kept.video) == 12
    assert consecutive(kept.video)
    assert {each.payload_type for each in kept.of(SSRCS.video)} == {96}


def test_a_late_joiner_gets_the_group_squeezed_then_live(fanout: Fanout) -> None:
    source = Source(fanout)
    fanout.put_on_air(source.publisher)
    now = source.frames(20, 0, keyframe=True)
    late, kept = viewer(1)
    fanout.add(late, now)
    fanout.send_bursts(0.0)
    assert len(kept.video) == 24
    now = source.frames(1, now)
    while fanout.joining.catching:
        fanout.send_bursts(0.0)
    source.frames(2, now)
    assert len(kept.video) == 23 * 3
    assert consecutive(kept.video)
    assert kept.video[0].payload.startswith(KEY)
    assert kept.video[0].sequence < 0x8000
    stamps = sorted({each.timestamp for each in kept.video}, key=lambda t: ahead32(t, 1 << 29))
    steps = [ahead32(b, a) for a, b in itertools.pairwise(stamps)]
    assert steps == [150] * 19 + [3000] * 3


def test_a_late_joiner_of_an_old_long_group_waits_and_asks(fanout: Fanout) -> None:
    source = Source(fanout)
    fanout.put_on_air(source.publisher)
    now = source.frames(90, 0, keyframe=True)
    late, kept = viewer(1)
    fanout.add(late, now)
    assert late.peer in fanout.joining.waiting
    told = source.publisher.feedback(now, report=False)
    assert told is not None
    assert rtcp.KeyframeRequest(5) in list(rtcp.parse(told))
    source.frames(1, now + 0.1, keyframe=True)
    fanout.send_bursts(0.0)
    assert kept.video[0].payload.startswith(KEY)


def test_without_pli_the_whole_group_is_sent_at_any_age(fanout: Fanout) -> None:
    source = Source(fanout, pli=False)
    fanout.put_on_air(source.publisher)
    now = source.frames(300, 0, keyframe=True)
    late, kept = viewer(1)
    fanout.add(late, now)
    while fanout.joining.catching:
        fanout.send_bursts(0.0)
    assert len(kept.video) == 900
    assert consecutive(kept.video)


def test_a_burst_goes_on_as_it_is_taken(fanout: Fanout, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(fanout, pli=False)
    fanout.put_on_air(source.publisher)
    now = source.frames(60, 0, keyframe=True)
    slow, kept = viewer(1)
    held = 0
    monkeypatch.setattr(Viewer, "queued_bytes", property(lambda _: held))
    fanout.add(slow, now)
    fanout.send_bursts(0.0)
    held = 100_000
    fanout.send_bursts(0.0)
    assert len(kept.video) == 24
    held = 0
    while fanout.joining.catching:
        fanout.send_bursts(0.0)
    assert len(kept.video) == 180
    assert consecutive(kept.video)


def test_who_is_too_slow_for_the_group_waits_for_the_next(
    fanout: Fanout, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(fanout, pli=False)
    fanout.put_on_air(source.publisher)
    now = source.frames(60, 0, keyframe=True)
    slow, kept = viewer(1)
    monkeypatch.setattr(Viewer, "queued_bytes", property(lambda _: 100_000))
    fanout.add(slow, now)
    fanout.send_bursts(0.0)
    now = source.frames(SIZE // 3, now)
    fanout.send_bursts(0.0)
    assert slow.peer in fanout.joining.waiting
    monkeypatch.undo()
    hear_plainly(monkeypatch)
    source.frames(2, now, keyframe=True)
    while fanout.joining.catching:
        fanout.send_bursts(0.0)
    assert kept.video[0].payload.startswith(KEY)
    assert consecutive(kept.video)


def test_an_unanswered_request_ends_in_the_whole_group(fanout: Fanout) -> None:
    source = Source(fanout)
    fanout.put_on_air(source.publisher)
    now = source.frames(90, 0, keyframe=True)
    late, kept = viewer(1)
    fanout.add(late, now)
    source.publisher.feedback(now, report=False)
    source.publisher.feedback(now + 2, report=False)
    fanout.request_keyframes(now + 2)
    while fanout.joining.catching:
        fanout.send_bursts(0.0)
    assert len(kept.video) == 270


def test_a_switch_is_one_stream_for_the_viewer(fanout: Fanout) -> None:
    orchard = Source(fanout)
    kitchen = Source(fanout, codec="H264:baseline", ssrc=6)
    fanout.put_on_air(orchard.publisher)
    one, kept = viewer(1)
    now = orchard.frames(1, 0, keyframe=True)
    fanout.add(one, now)
    fanout.send_bursts(0.0)
    fanout.put_on_air(kitchen.publisher)
    now = orchard.frames(2, now)
    kitchen.send(Packet(100, 7, True, b"\x41none"), now)
    kitchen.send(Packet(101, 777, False, b"\x67\x42\xc0\x0d"), now)
    kitchen.send(Packet(102, 777, True, b"\x65idr"), now)
    orchard.frames(1, now)
    assert consecutive(kept.video)
    assert [each.payload_type for each in kept.of(SSRCS.video)] == [96] * 9 + [98] * 2
    assert 0 < ahead32(kept.video[-1].timestamp, kept.video[-3].timestamp) < 90_000


def test_a_source_feeds_every_output_that_has_it_on_air(fanout: Fanout) -> None:
    preview = Fanout(Ssrcs(21, 22, 23))
    orchard, kitchen = Source(fanout), Source(fanout, ssrc=6)
    fanout.put_on_air(orchard.publisher)
    preview.put_on_air(kitchen.publisher)
    one, kept = viewer(1)
    host, seen = viewer(2)
    fanout.add(one, 0)
    preview.add(host, 0)
    now = orchard.frames(1, 0, keyframe=True)
    kitchen.frames(1, 0, keyframe=True)
    fanout.send_bursts(0.0)
    preview.send_bursts(0.0)
    fanout.put_on_air(kitchen.publisher)
    now = kitchen.frames(2, now)
    orchard.frames(2, now)
    assert (len(kept.video), len(seen.of(21))) == (9, 9), "the orchard until a keyframe comes"
    kitchen.frames(1, now, keyframe=True)
    assert consecutive(kept.video)
    assert (len(kept.video), len(seen.of(21))) == (12, 12)
    assert orchard.publisher.listeners == ()
    fanout.put_on_air(None)
    assert kitchen.publisher.listeners == (preview,)


def test_a_source_whose_keyframe_does_not_come_is_asked_again_and_may_go(fanout: Fanout) -> None:
    orchard, kitchen = Source(fanout), Source(fanout, ssrc=6)
    fanout.put_on_air(orchard.publisher)
    one, kept = viewer(1)
    fanout.add(one, 0)
    now = orchard.frames(1, 0, keyframe=True)
    fanout.send_bursts(0.0)
    fanout.put_on_air(kitchen.publisher)
    kitchen.frames(1, now)
    asked = [
        second
        for second in range(5)
        if (told := kitchen.publisher.feedback(1.0 + second, report=False)) is not None
        and rtcp.KeyframeRequest(6) in list(rtcp.parse(told))
    ]
    assert asked == [0, 1, 2, 3, 4]
    fanout.on_end(kitchen.publisher)
    assert kitchen.publisher.listeners == ()
    orchard.frames(1, 5.0)
    assert len(kept.video) == 6


def test_sound_follows_the_source_on_air(fanout: Fanout) -> None:
    source = Source(fanout)
    fanout.put_on_air(source.publisher)
    one, kept = viewer(1)
    source.send(Packet(1, 0, True, b"before"), 0, 111, 7)
    source.frames(1, 0, keyframe=True)
    fanout.add(one, 0)
    source.send(Packet(2, 960, True, b"sound"), 0.02, 111, 7)
    assert [each.packet.payload for each in kept.of(SSRCS.audio)] == [b"sound"]
    assert kept.of(SSRCS.audio)[0].packet.sequence < 0x8000


def on_air_with_sound(fanout: Fanout) -> tuple[Source, Kept, float]:
    """A source that has sent some frames and some sound."""
    source = Source(fanout)
    fanout.put_on_air(source.publisher)
    one, kept = viewer(1)
    fanout.add(one, 0)
    now = source.frames(1, 0, keyframe=True)
    fanout.send_bursts(0.0)
    for tick in range(10):
        sound(source, tick, tick / 50)
    for _ in range(10):
        now = source.frames(1, now)
    fanout.flush()
    kept.received.clear()
    kept.runs.clear()
    return source, kept, now


def sound(source: Source, tick: int, now: float) -> bool:
    packet = Packet(100 + tick, tick * 960, True, b"sound")
    taken = source.publisher.handle_packet((111, 7, *packet[:4], None), now)
    assert taken is not None
    source.fanout.on_packet(source.publisher, taken[0], taken[1], False, now)
    return source.fanout.send_whole()


def test_sound_that_comes_with_a_frame_leaves_in_its_send(fanout: Fanout) -> None:
    source, kept, now = on_air_with_sound(fanout)
    for part in range(2):
        packet = Packet(source.sequence + part, source.frame * 3000, part == 1, bytes(40))
        taken = source.publisher.handle_packet((96, 5, *packet[:4], None), now)
        assert taken is not None
        fanout.on_packet(source.publisher, taken[0], taken[1], False, now)
    assert not sound(source, 10, now)
    assert kept.runs == [3]
    assert [each.ssrc for each in kept.received] == [SSRCS.video, SSRCS.video, SSRCS.audio]


def test_a_frame_without_its_end_waits_for_flush(fanout: Fanout) -> None:
    source, kept, now = on_air_with_sound(fanout)
    packet = Packet(source.sequence, source.frame * 3000, False, bytes(40))
    taken = source.publisher.handle_packet((96, 5, *packet[:4], None), now)
    assert taken is not None
    fanout.on_packet(source.publisher, taken[0], taken[1], False, now)
    assert fanout.send_whole()
    assert kept.received == []
    fanout.flush()
    assert len(kept.video) == 1


def test_lost_packets_come_back_by_rtx(fanout: Fanout) -> None:
    source = Source(fanout)
    fanout.put_on_air(source.publisher)
    now = source.frames(2, 0, keyframe=True)
    late, kept = viewer(1)
    kept.lose = {2, 7}
    fanout.add(late, now)
    fanout.send_bursts(0.0)
    source.frames(3, now)
    first = kept.video[0].sequence
    lost = [(first + offset) & 0xFFFF for offset in (2, 7)]
    assert not {each.sequence for each in kept.video} & set(lost)
    fanout.repair(late, rtcp.Nack(SSRCS.video, (*lost, 5000)), 0.0)
    repaired = kept.of(SSRCS.retransmission)
    assert [each.payload_type for each in repaired] == [97, 97]
    assert [int.from_bytes(each.packet.payload[:2], "big") for each in repaired] == lost
    # What was squeezed when it was lost is squeezed when it comes again.
    neighbour = next(each for each in kept.video if each.sequence == (first + 1) & 0xFFFF)
    assert repaired[0].packet.timestamp == neighbour.timestamp
    assert (repaired[1].packet.sequence - repaired[0].packet.sequence) & 0xFFFF == 1
    assert (fanout.repairs.repaired, fanout.repairs.unrepaired) == (2, 1)


def test_without_rtx_nothing_comes_again(fanout: Fanout) -> None:
    source = Source(fanout)
    fanout.put_on_air(source.publisher)
    now = source.frames(2, 0, keyframe=True)
    late, kept = viewer(1, Viewing({"VP8": Outgoing(96)}, {}))
    kept.lose = {2}
    fanout.add(late, now)
    fanout.send_bursts(0.0)
    lost = (kept.video[0].sequence + 2) & 0xFFFF
    fanout.repair(late, rtcp.Nack(SSRCS.video, (lost,)), 0.0)
    assert lost not in [each.sequence for each in kept.video]
    assert (fanout.repairs.repaired, fanout.repairs.unrepaired) == (0, 1)


def test_a_flood_of_nacks_is_bounded(fanout: Fanout) -> None:
    source = Source(fanout)
    fanout.put_on_air(source.publisher)
    now = source.frames(30, 0, keyframe=True)
    one, kept = viewer(1)
    fanout.add(one, now)
    while fanout.joining.catching:
        fanout.send_bursts(0.0)
    wanted = tuple(each.sequence for each in kept.video)
    for _ in range(50):
        fanout.repair(one, rtcp.Nack(SSRCS.video, wanted), 0.0)
    assert len(kept.of(SSRCS.retransmission)) == 600
    fanout.run_each_second(one, now)
    fanout.repair(one, rtcp.Nack(SSRCS.video, wanted[:1]), 0.0)
    assert len(kept.of(SSRCS.retransmission)) == 601


def test_both_tracks_are_reported_on_one_clock(fanout: Fanout) -> None:
    source = Source(fanout)
    fanout.put_on_air(source.publisher)
    one, kept = viewer(1)
    fanout.add(one, 100.0)
    source.frames(1, 100.0, keyframe=True)
    source.send(Packet(1, 5_000, True, b"s"), 100.0, 111, 7)
    # The source's clock is far from ours; both tracks show the same moment.
    source.publisher.record_sender_report(
        rtcp.SenderReport(5, rtp.ntp(9_000.0), 45_000, 0, 0), 100.5
    )
    source.publisher.record_sender_report(
        rtcp.SenderReport(7, rtp.ntp(9_000.0), 29_000, 0, 0), 100.5
    )
    told = fanout.sending.report(one, 101.5, 1_700_000_000.0)
    assert told is not None
    reports = [r for r in rtcp.parse(told) if isinstance(r, rtcp.SenderReport)]
    assert [r.ssrc for r in reports] == [SSRCS.video, SSRCS.audio]
    assert {r.ntp for r in reports} == {rtp.ntp(1_700_000_000.0)}
    # The first frame was at 0, the first sound at 5,000 of their sources' time.
    assert reports[0].timestamp == (kept.video[0].timestamp + 45_000 + 90_000) & 0xFFFFFFFF
    heard = kept.of(SSRCS.audio)[0].packet.timestamp
    assert reports[1].timestamp == (heard + 29_000 - 5_000 + 48_000) & 0xFFFFFFFF


def test_a_reference_time_is_answered_once_with_the_reports(fanout: Fanout) -> None:
    source = Source(fanout)
    fanout.put_on_air(source.publisher)
    one, _ = viewer(1)
    fanout.add(one, 100.0)
    one.reference = rtcp.ReferenceTime(9, 77), 100.0
    assert fanout.sending.report(one, 100.0, 1_700_000_000.0) is None
    source.frames(1, 100.0, keyframe=True)
    told = fanout.sending.report(one, 100.25, 1_700_000_000.25)
    assert told is not None
    assert list(rtcp.parse(told))[-1] == rtcp.ReferenceReply(9, 77, 65_536 // 4)
    again = fanout.sending.report(one, 101.0, 1_700_000_001.0)
    assert again is not None
    assert not any(isinstance(each, rtcp.ReferenceReply) for each in rtcp.parse(again))


def test_a_viewer_without_the_codec_gets_it_when_it_is_on_air(fanout: Fanout) -> None:
    source = Source(fanout, codec="AV1")
    fanout.put_on_air(source.publisher)
    one, kept = viewer(1)
    source.send(Packet(1, 0, True, b"\x18keyframe"), 0)
    fanout.add(one, 0)
    fanout.send_bursts(0.0)
    assert kept.video == []
    other = Source(fanout, ssrc=6)
    fanout.put_on_air(other.publisher)
    other.frames(1, 1, keyframe=True)
    fanout.send_bursts(0.0)
    other.frames(1, 1)
    assert len(kept.video) == 6

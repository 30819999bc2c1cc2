"""Viewers between sources: numbers, times and pictures go on over the seam."""

import pytest
from tests.media.support.layered_source import Layered, layers, on_air, whole
from tests.media.support.scripted_peers import (
    DELTA,
    KEY,
    SSRCS,
    Source,
    consecutive,
    hear_plainly,
    viewer,
)

from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.wire.rtp import Packet


@pytest.fixture(autouse=True)
def hearers(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_plainly(monkeypatch)


@pytest.fixture
def fanout() -> Fanout:
    return Fanout(SSRCS)


def test_a_late_packet_from_before_the_seam_is_not_sent_to_who_came_with_it(
    fanout: Fanout,
) -> None:
    source, one, kept = on_air(fanout)
    other, seen = viewer(2)
    other.selector.most = 0
    fanout.add(other, source.now)
    fanout.send_bursts(0.0)
    source.frames(3, keyframes=(0,))
    held = source.sequences[0]
    source.lose = {(0, held)}
    one.selector.most = 0
    fanout.select_track(one, source.now)
    source.frames(1)
    source.frames(2, keyframes=(0,))
    assert layers(kept)[-1] == 0
    before = len(kept.video), len(seen.video)
    stamp = source.stamps[0] + (source.frame - 3) * 3000
    source.send(96, source.ssrcs[0], Packet(held, stamp, True, DELTA + bytes(40)))
    assert (len(kept.video), len(seen.video)) == (before[0], before[1] + 1)
    assert whole(kept)


def test_sources_of_one_and_of_three_layers_change_without_a_seam(fanout: Fanout) -> None:
    source, one, kept = on_air(fanout)
    plain = Source(fanout, ssrc=6)
    fanout.put_on_air(plain.publisher)
    source.frames(2)
    plain.frames(2, source.now, keyframe=True)
    fanout.put_on_air(source.publisher)
    now = plain.frames(2, source.now + 0.1)
    source.now = now
    source.frames(1)
    assert kept.video[-1].payload.startswith(b"\x00"), "no keyframe yet"
    source.frames(2, keyframes=(0, 1, 2))
    assert consecutive(kept.video)
    assert layers(kept)[-2:] == [1, 1]
    assert plain.publisher.listeners == ()
    assert one.forwarder is not None
    assert one.forwarder.publisher is source.publisher


def test_a_new_source_whose_layer_does_not_come_gives_a_lower_one(fanout: Fanout) -> None:
    source, _, kept = on_air(fanout)
    other = Layered(fanout, base_ssrc=200)
    other.now = source.now
    other.frames(3, keyframes=(0, 1, 2))
    fanout.put_on_air(other.publisher)
    other.frames(1, keyframes=(0,))
    source.frames(3)
    assert layers(kept)[-1] == 1, "the old source's picture goes on"
    listens = source.publisher.listeners
    assert listens == (fanout,)
    other.now += 1
    other.frames(1, keyframes=(0,))
    assert layers(kept)[-1] == 0
    assert whole(kept)
    assert source.publisher.listeners == ()


def test_a_track_that_begins_anew_goes_on_for_its_viewers(fanout: Fanout) -> None:
    source, _, kept = on_air(fanout)
    source.ssrcs[1] = 500
    source.sequences[1] = 7
    source.frames(1)
    seen = len(kept.video)
    assert source.asked() == [500]
    source.frames(2, keyframes=(1,))
    assert len(kept.video) == seen + 4
    assert whole(kept)


def test_a_keyframe_of_the_single_layer_begins_with_its_first_packet(fanout: Fanout) -> None:
    source = Source(fanout)
    fanout.put_on_air(source.publisher)
    one, kept = viewer(1)
    fanout.add(one, 0)
    # Its first packet is lost and comes by RTX, when the next frame has begun.
    source.send(Packet(10, 90, True, DELTA + bytes(9)), 0)
    source.send(Packet(12, 3090, True, b"\x00" * 9), 0.03)
    source.send(Packet(13, 6090, True, DELTA + bytes(9)), 0.06)
    source.send(Packet(11, 3090, False, KEY + bytes(9)), 0.1)
    fanout.send_bursts(0.0)
    assert [packet.payload[:4] for packet in kept.video] == [KEY, b"\x00" * 4, DELTA]

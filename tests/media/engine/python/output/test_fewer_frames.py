"""A viewer that is to get fewer frames gets those that others refer to, without a gap."""

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
from tests.media.support.temporal_layers import vp8

from farmlive.media.engine.python.link.quality_ladder import FEWER_FRAMES, FULL
from farmlive.media.engine.python.output import rung_select
from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.engine.python.output.viewer import Viewer
from farmlive.media.wire import picture_id, rtcp
from farmlive.media.wire.rtp import Packet


class Temporal(Source):
    """A source with two temporal layers: every second frame is disposable."""

    picture = 0

    def packets(self, parts: int = 3) -> list[Packet]:
        """The next frame, which is not sent."""
        layer, self.picture = self.picture % 2, self.picture + 1
        found = []
        for part in range(parts):
            head = vp8(
                self.picture, self.picture // 2, layer, disposable=layer == 1, first=not part
            )
            payload = head + b"\x01" + bytes((part,)) * 40
            stamp = (self.frame * 3000) & 0xFFFFFFFF
            found.append(Packet(self.sequence, stamp, part == parts - 1, payload))
            self.sequence = (self.sequence + 1) & 0xFFFF
        self.frame += 1
        return found

    def temporal(self, fanout: Fanout, count: int, now: float) -> float:
        for _ in range(count):
            for packet in self.packets():
                self.send(packet, now)
            fanout.send_bursts(now)
            now += 1 / 30
        return now


@pytest.fixture(autouse=True)
def hearers(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_plainly(monkeypatch)


@pytest.fixture
def fanout() -> Fanout:
    return Fanout(SSRCS)


def on_air(fanout: Fanout) -> tuple[Temporal, Viewer, Kept, float]:
    source = Temporal(fanout)
    fanout.put_on_air(source.publisher)
    now = source.frames(1, 0, keyframe=True)
    one, kept = viewer(1)
    fanout.add(one, now)
    fanout.send_bursts(now)
    assert kept.video[0].payload.startswith(KEY)
    return source, one, kept, now


def limit(fanout: Fanout, one: Viewer, most: int) -> None:
    rung_select.limit(fanout.joining, one, most, fanout.flush)


def stamps(kept: Kept) -> list[int]:
    return list(dict.fromkeys(packet.timestamp // 3000 for packet in kept.video))


def test_half_of_the_frames_go_out_in_a_row_and_all_of_them_again(fanout: Fanout) -> None:
    source, one, kept, now = on_air(fanout)
    now = source.temporal(fanout, 4, now)
    limit(fanout, one, FEWER_FRAMES)
    now = source.temporal(fanout, 10, now)
    limit(fanout, one, FULL)
    now = source.temporal(fanout, 4, now)
    assert one.forwarder is not None
    assert consecutive(kept.video)
    assert stamps(kept) == [0, 1, 2, 3, 4, 5, 7, 9, 11, 13, 15, 16, 17, 18]
    ids = [picture_id.read("VP8", packet.payload)[0] for packet in kept.video[3::3]]
    assert ids == list(range(1, 14))
    # What was sent before is still found by its number.
    old = kept.video[-30]
    fanout.repair(one, rtcp.Nack(SSRCS.video, (old.sequence,)), now)
    (again,) = kept.of(SSRCS.retransmission)
    assert again.packet.payload == old.sequence.to_bytes(2, "big") + old.payload


def test_no_end_of_a_frame_comes_without_its_beginning(fanout: Fanout) -> None:
    source, one, kept, now = on_air(fanout)
    limit(fanout, one, FEWER_FRAMES)
    now = source.temporal(fanout, 5, now)
    first, *rest = source.packets()
    source.send(first, now)
    fanout.send_bursts(now)
    limit(fanout, one, FULL)
    fanout.send_bursts(now)
    for packet in rest:
        source.send(packet, now)
        fanout.send_bursts(now)
    source.temporal(fanout, 3, now)
    assert one.forwarder is not None
    assert consecutive(kept.video)
    assert stamps(kept) == [0, 1, 3, 5, 7, 8, 9]
    assert len(kept.video) == 7 * 3

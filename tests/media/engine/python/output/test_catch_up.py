"""What a viewer that waits costs, and what one that goes live does to others."""

import pytest
from tests.media.support.scripted_peers import SSRCS, Source, hear_plainly, viewer

from farmlive.media.engine.interface import Incoming, Outgoing, Publishing, Viewing
from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.engine.python.ingest.ring import Ring
from farmlive.media.engine.python.link.link_estimate import LinkEstimate
from farmlive.media.engine.python.output.forwarder import Forwarder, RewriteOffset
from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.wire.rtp import Packet

AUDIO = Viewing({}, {"OPUS": Outgoing(111)})


@pytest.fixture(autouse=True)
def hearers(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_plainly(monkeypatch)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sequence numbers that were looked up in rings."""
    looked: list[int] = []
    get = Ring.get

    def counted(ring: Ring, sequence: int) -> Packet | None:
        looked.append(sequence)
        return get(ring, sequence)

    monkeypatch.setattr(Ring, "get", counted)
    return looked


def waiting(viewing: Viewing | None = None) -> tuple[Fanout, float]:
    """A viewer on a link that nobody knows, and a group that is too large to join with."""
    fanout = Fanout(SSRCS)
    source = Source(fanout)
    fanout.put_on_air(source.publisher)
    # So long ago that a keyframe can be requested.
    now = source.frames(40, 0, keyframe=True, parts=100) + 5
    one, _ = viewer(1) if viewing is None else viewer(1, viewing)
    one.link = LinkEstimate(now)
    fanout.add(one, now)
    assert one.peer in fanout.joining.waiting
    return fanout, now


def test_who_waits_costs_no_more_than_what_would_leave_at_once(looks: list[int]) -> None:
    fanout, now = waiting()
    looks.clear()
    fanout.request_keyframes(now)
    # A quarter of a second at 2,500 kbit/s, of 42 bytes or so.
    assert 0 < len(looks) < 2_500 * 125 / 4 / 41 + 10


def test_who_can_not_play_the_picture_costs_no_look(looks: list[int]) -> None:
    fanout, now = waiting(AUDIO)
    looks.clear()
    fanout.request_keyframes(now)
    assert looks == []


def test_a_viewer_that_began_long_ago_leaves_the_splices_of_others() -> None:
    video = Incoming("video", 90_000, {96: "VP8"})
    publisher = Publisher(Publishing([video]), 1)
    (track,) = publisher.layers
    for number in range(6_000):
        track.ring.put(Packet(number, 0, False, b""))
    lane = Forwarder(publisher, track)
    recent, old = RewriteOffset(96, 5, 0), RewriteOffset(96, 9, 0)
    lane.begin(recent, 5_990)
    lane.begin(old, 100)
    late, next_one = Packet(5_989, 0, False, b""), Packet(6_000, 0, False, b"")
    assert lane.after_splice([late, next_one], recent) == [next_one]
    # Once the ring has gone round nothing can come from before it.
    for number in range(6_000, 11_000):
        track.ring.put(Packet(number, 0, False, b""))
    assert lane.after_splice([late, next_one], recent) == [late, next_one]

"""Frames that are left out of a viewer's video leave no gap in its numbers."""

from collections.abc import Iterable

from tests.media.support.temporal_layers import vp8

from farmlive.media.engine.interface import Incoming, Outgoing
from farmlive.media.engine.python.ingest.track import Track
from farmlive.media.engine.python.output.epoch import Epoch
from farmlive.media.engine.python.output.forwarder import RewriteOffset
from farmlive.media.wire import picture_id
from farmlive.media.wire.rtp import Packet

START = 0xFFF0


def track_of(packets: Iterable[Packet], codec: str = "VP8") -> Track:
    track = Track(Incoming("video", 90_000, {96: codec}))
    track.begin(1, codec, START, 0, 0.0)
    for packet in packets:
        track.ring.put(packet)
    return track


def stream(frames: int, sizes: int = 3) -> list[Packet]:
    """Frames of some packets, every second one disposable."""
    return [
        Packet(
            (START + frame * sizes + at) & 0xFFFF,
            frame * 3000,
            at == sizes - 1,
            vp8(frame, frame // 2, frame % 2, disposable=frame % 2 == 1, first=at == 0) + b"body",
            frame % 2 == 1,
        )
        for frame in range(frames)
        for at in range(sizes)
    ]


def begin(track: Track, by: int = 0x8000) -> Epoch:
    return Epoch(track, Outgoing(96, 97), (START + by) & 0xFFFF, RewriteOffset(96, by, 0))


def sent(epoch: Epoch, packets: Iterable[Packet], fewer: bool = True) -> dict[int, Packet]:
    """What a viewer gets of these packets, by its own numbers."""
    got = {}
    for packet in packets:
        if epoch.leaves_out(packet, fewer):
            epoch.leave_out(packet)
        else:
            number = (packet.sequence + epoch.shift.sequence) & 0xFFFF
            assert number not in got, "a number is used twice"
            got[number] = packet
    return got


def test_numbers_and_picture_ids_go_on_without_a_gap() -> None:
    packets = stream(40)
    epoch = begin(track_of(packets))
    got = sent(epoch, packets)
    first = (START + 0x8000) & 0xFFFF
    assert list(got) == [(first + at) & 0xFFFF for at in range(60)]
    assert not any(packet.disposable for packet in got.values())
    ids = []
    for number, packet in got.items():
        shift = epoch.shift_of(number)
        assert shift is not None
        payload = packet.payload
        if shift.pictures is not None:
            payload = picture_id.moved(payload, shift.pictures)
        ids.append(picture_id.read("VP8", payload))
    assert ids == [(frame, frame) for frame in range(20) for _ in range(3)]


def test_every_number_leads_back_to_its_packet() -> None:
    packets = stream(60)
    epoch = begin(track_of(packets))
    got = sent(epoch, packets[:60])
    got |= sent(epoch, packets[60:90], fewer=False)
    got |= sent(epoch, packets[90:])
    for number, packet in got.items():
        shift = epoch.shift_of(number)
        assert shift is not None
        assert epoch.track.ring.get((number - shift.sequence) & 0xFFFF) is packet


def test_a_frame_is_left_out_whole_or_not_at_all() -> None:
    packets = stream(4)
    epoch = begin(track_of(packets))
    # Its first packet went out before the viewer was to get fewer frames.
    assert not epoch.leaves_out(packets[3], False)
    assert not epoch.leaves_out(packets[4], True)
    # And one that is left out has begun to be when it may get all again.
    assert epoch.leaves_out(packets[9], True)
    assert epoch.leaves_out(packets[10], False)


def test_the_rest_of_a_frame_that_was_begun_live_goes_out() -> None:
    packets = stream(4)
    epoch = begin(track_of(packets))
    assert not epoch.leaves_out(packets[5], True)
    assert epoch.leaves_out(packets[9], True)


def test_a_gap_within_a_frame_closes_up_with_it() -> None:
    packets = stream(6)
    late = packets[4]
    epoch = begin(track_of([each for each in packets if each is not late]))
    got = sent(epoch, (each for each in packets if each is not late))
    first = min(got)
    assert [number - first for number in got] == list(range(9))
    assert epoch.is_left_out(late)


def test_what_comes_late_at_the_edge_of_a_frame_is_known() -> None:
    packets = stream(6)
    late = packets[5]
    epoch = begin(track_of([each for each in packets if each is not late]))
    got = list(sent(epoch, (each for each in packets if each is not late)))
    # Nobody knows yet which frame it belongs to, so its number stays.
    assert [number - got[0] & 0xFFFF for number in got] == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    shift = epoch.shift_of(got[2] + 1)
    assert shift is not None
    assert (got[2] + 1 - shift.sequence) & 0xFFFF == late.sequence
    assert epoch.is_left_out(late)
    assert not epoch.is_left_out(packets[6])


def test_no_number_is_used_twice_whatever_timestamps_say() -> None:
    # Two timestamps in turn, of which one is of disposable packets.
    packets = [
        Packet((START + at) & 0xFFFF, at % 2 * 3000, True, b"\x90\x80\x01\x01", at % 2 == 1)
        for at in range(200)
    ]
    epoch = begin(track_of(packets))
    got = list(sent(epoch, packets))
    first = (START + 0x8000) & 0xFFFF
    assert got == [(first + at) & 0xFFFF for at in range(100)]


def test_vp9_keeps_its_picture_ids() -> None:
    packet = Packet(START, 0, True, b"\xe0\x80\x05\x20\x01frame", True)
    epoch = begin(track_of([packet], "VP9:0"))
    epoch.leave_out(packet)
    assert epoch.shift.pictures is None


def test_what_the_ring_has_lost_is_forgotten() -> None:
    packets = stream(3_000)
    track = track_of(packets[:3_000])
    epoch = begin(track)
    got = sent(epoch, packets[:3_000])
    early = list(got)[300]
    assert len(epoch.left_out) == 64
    assert epoch.shift_of(early) is None
    for packet in packets[3_000:]:
        track.ring.put(packet)
    sent(epoch, packets[3_000:], fewer=False)
    epoch.forget_first()
    assert not epoch.left_out
    assert epoch.since == (track.ring.highest - 4_095) & 0xFFFF
    assert epoch.first == (epoch.since + epoch.shift.sequence) & 0xFFFF

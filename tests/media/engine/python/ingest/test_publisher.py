"""A publisher's gaps, reports and requests, by a script of packets and times."""

import itertools
import random

import pytest
from tests.media.support.transport_cc import read

from farmlive.media.engine.interface import Incoming, Publishing
from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.wire import rtcp
from farmlive.media.wire.rtp import Packet

KEY, DELTA = b"\x10\x00\x50\x00", b"\x10\x01\x00\x00"


def publisher(nack: bool = True, pli: bool = True) -> Publisher:
    video = Incoming("video", 90_000, {96: "VP8"}, {97: 96}, nack=nack, pli=pli)
    return Publisher(Publishing([video], transport_cc=3), 99)


def send(
    to: Publisher, sequence: int, now: float, payload: bytes = DELTA, wide: int | None = None
) -> None:
    extension = None if wide is None else (0xBEDE, b"\x31" + wide.to_bytes(2, "big") + b"\x00")
    packet = Packet(sequence & 0xFFFF, round(now * 90_000), True, payload)
    to.handle_packet((96, 5, *packet[:4], extension), now)


def told(data: bytes | None) -> list[rtcp.Report]:
    return list(rtcp.parse(data)) if data else []


def test_asks_for_a_gap_and_again_until_it_is_filled() -> None:
    one = publisher()
    for sequence in (65534, 65535, 2, 3):
        send(one, sequence, 1.0)
    assert told(one.request(1.01)) == [rtcp.Nack(5, (0, 1))]
    assert one.request(1.02) is None
    send(one, 0, 1.03)
    assert told(one.request(1.1)) == [rtcp.Nack(5, (1,))]
    times = sum(one.request(2.0 + second) is not None for second in range(100))
    assert times == 8
    assert not one.tracks[0].missing


def test_an_rtx_fills_its_gap_with_the_packet_it_carries() -> None:
    one = publisher()
    send(one, 1, 1.0)
    send(one, 3, 1.0)
    one.request(1.02)
    repair = Packet(7000, 90_000, True, b"\x00\x02" + KEY)
    taken = one.handle_packet((97, 6, *repair[:4], None), 1.06)
    assert taken is not None
    track, packet, keyframe = taken
    assert (packet.sequence, packet.payload, keyframe) == (2, KEY, True)
    assert not track.missing
    assert one.handle_packet((97, 6, *repair[:4], None), 1.07) is None, "the same again"
    assert one.handle_packet((97, 6, *Packet(7001, 0, False, b"")[:4], None), 1.07) is None, (
        "padding"
    )


def test_what_comes_after_its_rtx_comes_to_nothing() -> None:
    one = publisher()
    send(one, 1, 1.0)
    send(one, 3, 1.0)
    repair = Packet(7000, 90_000, True, b"\x00\x02" + KEY)
    assert one.handle_packet((97, 6, *repair[:4], None), 1.06) is not None
    late = Packet(2, 90_000, True, DELTA)
    assert one.handle_packet((96, 5, *late[:4], None), 1.07) is None
    assert one.tracks[0].packets == 3


def test_without_nack_nothing_is_asked_for() -> None:
    one = publisher(nack=False)
    send(one, 1, 1.0)
    send(one, 5, 1.0)
    assert one.request(1.1) is None


def test_a_great_gap_needs_a_keyframe() -> None:
    one = publisher()
    send(one, 1, 1.0)
    send(one, 1000, 1.0)
    assert told(one.feedback(1.1, report=False)) == [rtcp.KeyframeRequest(5)]


def test_requests_are_merged_into_one_a_second() -> None:
    one = publisher()
    send(one, 1, 1.0)
    asked = []
    for step in range(100):
        one.want_keyframe()
        now = 1.0 + step * 0.05
        if told(one.feedback(now, report=False)):
            asked.append(round(now, 2))
    assert asked == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_a_keyframe_answers_the_request() -> None:
    one = publisher()
    send(one, 1, 1.0)
    one.want_keyframe()
    one.feedback(1.0, report=False)
    assert one.answers_requests
    one.feedback(3.0, report=False)
    assert not one.answers_requests
    send(one, 2, 3.1, KEY)
    assert not one.answers_requests, "it came by itself, not because it was asked for"
    assert not one.measure(3.2).keyframes_on_request
    one.want_keyframe()
    one.feedback(4.0, report=False)
    send(one, 3, 4.2, KEY)
    assert one.answers_requests
    assert one.measure(4.3).keyframes_on_request
    assert one.feedback(9.0, report=False) is None


def test_reports_loss_jitter_and_the_last_sender_report() -> None:
    one = publisher()
    for sequence in (65530, 65531, 65535, 0):
        send(one, sequence, 1.0)
    one.record_sender_report(rtcp.SenderReport(5, 0x1234_5678_9ABC_DEF0, 0, 0, 0), 1.0)
    (report,) = [r for r in told(one.feedback(1.5, True)) if isinstance(r, rtcp.ReceiverReport)]
    assert (report.ssrc, report.lost, report.total_lost) == (5, 3 * 256 // 7, 3)
    assert report.highest == 0x10000
    assert (report.last_report, report.delay) == (0x5678_9ABC, 32768)


def test_loss_is_what_did_not_come_by_itself_over_some_seconds() -> None:
    one = publisher()
    sequence = 1
    seen = []
    for second in range(1, 16):
        for _ in range(50):
            if sequence % 10:
                send(one, sequence, float(second))
            else:
                send(one, sequence + 1, float(second))
                lost = Packet(sequence, 0, False, DELTA)
                assert one.tracks[0].add_repaired(lost, float(second))
                sequence += 1
            sequence += 1
        seen.append(one.measure(float(second)).loss)
    assert seen[-1] == pytest.approx(0.1, abs=0.02)
    assert all(abs(b - a) < 0.05 for a, b in itertools.pairwise(seen))


def test_tells_when_packets_came() -> None:
    one = publisher(nack=False)
    for wide in (7, 8, 10):
        send(one, wide, 1.0 + wide / 1000, wide=wide)
    data = one.feedback(1.1, report=False)
    assert data is not None
    assert [number for number, when in read(data[8:]) if when is not None] == [7, 8, 10]


def test_measures_what_comes() -> None:
    one = publisher()
    one.measure(1.0)
    for frame in range(30):
        send(one, frame, 1.0 + frame / 30, (KEY if frame == 0 else DELTA) + bytes(996))
    health = one.measure(2.0)
    assert (health.codec, health.fps, health.bitrate_kbps) == ("VP8", 30.0, 240.0)
    send(one, 30, 2.0, bytes.fromhex("105002009d012a4001b400"))
    assert (health.keyframe_s, health.width, health.height) == (1.0, 320, 180)


def test_a_new_ssrc_starts_anew() -> None:
    one = publisher()
    send(one, 1, 1.0)
    one.handle_packet((96, 6, *Packet(40_000, 0, True, DELTA)[:4], None), 1.1)
    assert one.tracks[0].ssrc == 6
    assert not one.tracks[0].missing


LAYERS = ("q", "h", "f")


def layered() -> Publisher:
    video = Incoming("video", 90_000, {96: "VP8"}, {97: 96}, nack=True, pli=True, layers=LAYERS)
    return Publisher(Publishing([video], rid=10, repaired_rid=11), 99)


def named(number: int, rid: str) -> tuple[int, bytes]:
    return 0xBEDE, bytes((number << 4 | len(rid) - 1,)) + rid.encode() + bytes(2)


def of_layer(
    one: Publisher, ssrc: int, sequence: int, now: float, rid: str = "", payload: bytes = DELTA
) -> bool:
    extension = named(10, rid) if rid else None
    packet = Packet(sequence, round(now * 90_000), True, payload)
    return one.handle_packet((96, ssrc, *packet[:4], extension), now) is not None


def test_a_layer_is_known_by_its_rid_and_then_by_its_ssrc() -> None:
    one = layered()
    assert not of_layer(one, 7, 1, 1.0), "nobody said which layer that is"
    assert of_layer(one, 7, 2, 1.0, "f")
    assert of_layer(one, 7, 3, 1.0)
    assert of_layer(one, 5, 900, 1.0, "q")
    assert not of_layer(one, 8, 1, 1.0, "x")
    assert [(track.rid, track.ssrc, track.packets) for track in one.layers] == [
        ("q", 5, 1),
        ("h", 0, 0),
        ("f", 7, 2),
    ]
    assert of_layer(one, 70, 5, 1.1, "f"), "the phone began it anew"
    assert (one.layers[2].ssrc, one.layers[2].packets) == (70, 1)
    assert not of_layer(one, 7, 4, 1.2)


def test_each_layer_has_its_own_repairs() -> None:
    one = layered()
    for layer, rid in enumerate(LAYERS):
        of_layer(one, 10 + layer, 100, 1.0, rid)
        of_layer(one, 10 + layer, 102, 1.0)
    assert told(one.request(1.01)) == [rtcp.Nack(10 + layer, (101,)) for layer in range(3)]
    again = Packet(1, 90_000, True, (101).to_bytes(2, "big") + DELTA)
    assert one.handle_packet((97, 50, *again[:4], None), 1.05) is None, (
        "which layer it repairs is not known"
    )
    taken = one.handle_packet((97, 50, *again[:4], named(11, "h")), 1.05)
    assert taken is not None
    assert taken[0] is one.layers[1]
    assert [len(track.missing) for track in one.layers] == [1, 0, 1]
    of_layer(one, 11, 104, 1.1)
    later = Packet(2, 90_000, True, (103).to_bytes(2, "big") + DELTA)
    taken = one.handle_packet((97, 50, *later[:4], None), 1.15)
    assert taken is not None
    assert taken[0] is one.layers[1], "its SSRC is known by now"


def test_keyframes_are_asked_for_by_layer_where_it_comes() -> None:
    one = layered()
    for layer, rid in enumerate(LAYERS[:2]):
        of_layer(one, 10 + layer, 1, 1.0, rid)
    one.update_layers(1.0)
    one.want_keyframe()
    asked = told(one.feedback(1.0, report=False))
    assert asked == [rtcp.KeyframeRequest(10), rtcp.KeyframeRequest(11)]
    one.want_keyframe(one.layers[1])
    of_layer(one, 10, 2, 1.1, payload=KEY)
    of_layer(one, 11, 2, 1.2, payload=KEY)
    one.want_keyframe(one.layers[1])
    assert one.feedback(1.5, report=False) is None, "merged into one a second for each layer"
    assert told(one.feedback(2.1, report=False)) == [rtcp.KeyframeRequest(11)]


def test_tells_of_each_layer() -> None:
    one = layered()
    size = bytes.fromhex("105002009d012a4001b400")
    of_layer(one, 10, 1, 1.0, "q", size)
    of_layer(one, 11, 1, 1.0, "h", size.replace(b"\x40\x01\xb4\x00", b"\x80\x02\x68\x01"))
    one.update_layers(1.0)
    one.measure(1.0)
    for frame in range(2, 32):
        of_layer(one, 11, frame, 1.0 + frame / 40, payload=DELTA + bytes(996))
    health = one.measure(2.0)
    assert [(each.rid, each.width, each.height, each.kbps) for each in health.layers] == [
        ("q", 320, 180, 0.0),
        ("h", 640, 360, 240.0),
        ("f", None, None, 0.0),
    ]
    assert (health.width, health.height, health.fps) == (640, 360, 30.0)
    assert health.jitter_ms is not None


def test_the_round_trip_is_told_by_the_answer_to_our_time() -> None:
    one = publisher()
    send(one, 1, 1.0)
    data = one.feedback(1.5, True, wall_ntp=0x1111_2222_8000_0000)
    (time,) = [r for r in told(data) if isinstance(r, rtcp.ReferenceTime)]
    assert (time.ssrc, time.middle) == (99, 0x2222_8000)
    # It came back 150 ms later, of which it lay 70 ms with the sender.
    reply = rtcp.ReferenceReply(99, time.middle, round(0.07 * 65536))
    one.record_reference_reply(reply, time.middle + round(0.15 * 65536))
    assert one.round_trip_s is not None
    assert abs(one.round_trip_s - 0.08) < 0.001
    one.record_reference_reply(rtcp.ReferenceReply(98, 1, 0), time.middle)
    assert one.measure(2.0).rtt_ms == 80.0, "an answer to someone else's"


def test_at_ten_percent_loss_all_comes_back_and_little_is_asked_for_twice() -> None:
    one = publisher()
    one.round_trip_s = 0.08
    chance = random.Random(7)
    way_back: list[tuple[float, int]] = []
    lost, asked, sequence = set(), 0, 65_000
    for step in range(3000):
        now = 1.0 + step / 180
        while way_back and way_back[0][0] <= now:
            _, number = way_back.pop(0)
            if chance.random() >= 0.1:
                repair = Packet(step & 0xFFFF, 0, True, number.to_bytes(2, "big") + DELTA)
                one.handle_packet((97, 6, *repair[:4], None), now)
                lost.discard(number)
        sequence = (sequence + 1) & 0xFFFF
        if step < 2800 and chance.random() < 0.1:
            lost.add(sequence)
        else:
            send(one, sequence, now)
        for each in told(one.request(now)):
            assert isinstance(each, rtcp.Nack)
            asked += len(each.missing)
            if chance.random() >= 0.1:
                way_back += [(now + 0.08, number) for number in each.missing]
    assert not lost
    assert not one.tracks[0].missing
    assert asked < 1.5 * 280
    assert one.tracks[0].packets == 3000


def test_numbers_that_begin_anew_make_a_new_track() -> None:
    one = publisher()
    for sequence in (1, 2, 3):
        send(one, sequence, 1.0)
    send(one, 30_000, 1.1)
    assert one.tracks[0].packets == 3, "one packet alone may be a stray"
    send(one, 4, 1.1)
    send(one, 40_000, 1.2)
    send(one, 40_001, 1.2)
    assert one.tracks[0].packets == 1
    assert not one.tracks[0].missing


def test_sound_in_red_and_without_it_is_one_track() -> None:
    sound = Incoming("audio", 48_000, {111: "OPUS"}, red={63: 111})
    one = Publisher(Publishing([sound]), 99)
    wrapped = []
    for sequence, payload_type in enumerate((63, 63, 111, 63), 1):
        taken = one.handle_packet((payload_type, 7, sequence, 0, False, b"\x6fx", None), 1.0)
        assert taken is not None
        wrapped.append(taken[0].wrapped)
    assert wrapped == [True, True, False, True]
    assert one.tracks[0].packets == 4


def test_layers_are_put_in_the_order_of_their_pictures() -> None:
    one = layered()
    small, large = bytes.fromhex("105002009d012a4001b400"), bytes.fromhex("105002009d012a80026801")
    of_layer(one, 10, 1, 1.0, "q", large)
    of_layer(one, 11, 1, 1.0, "h", small)
    assert [track.rid for track in one.layers] == ["f", "h", "q"], "the offer named the best first"
    assert [track.layer for track in one.layers] == [0, 1, 2]
    assert one.flow.flowing == [False, True, True]
    of_layer(one, 20, 5, 1.2, "q", large)
    assert [track.ssrc for track in one.layers] == [0, 11, 20], "begun anew it keeps its place"


def test_a_keyframe_waits_for_the_parameter_sets_before_it() -> None:
    video = Incoming("video", 90_000, {96: "H264:high"}, {97: 96}, nack=True, pli=True)
    one = Publisher(Publishing([video]), 99)
    packets = {
        1: Packet(1, 0, True, b"\x41slice"),
        2: Packet(2, 3000, False, b"\x67\x42\xc0\x0d"),
        3: Packet(3, 3000, True, b"\x65idr"),
    }

    def take(number: int, again: bool = False) -> bool:
        packet = packets[number]
        if again:
            payload = number.to_bytes(2, "big") + packet.payload
            packet = packet._replace(sequence=9, payload=payload)
        taken = one.handle_packet((97 if again else 96, 6 if again else 5, *packet[:4], None), 1.0)
        assert taken is not None
        return taken[2]

    assert not take(1)
    assert not take(3)
    assert one.layers[0].ring.group_start is None
    assert take(2, again=True)
    assert one.layers[0].ring.group_start == 2
    packets = {
        number + 9: packet._replace(sequence=number + 9) for number, packet in packets.items()
    }
    packets[10] = packets[10]._replace(timestamp=6000)
    packets[11] = packets[11]._replace(timestamp=9000, payload=b"\x41other")
    packets[12] = packets[12]._replace(timestamp=12_000)
    assert not take(10)
    assert not take(12)
    assert take(11, again=True), "what was missing is of the frame before"
    assert one.layers[0].ring.group_start == 12

"""A publisher's gaps, reports and requests, by a script of packets and times."""

from tests.media.test_transport_cc import read

from farmlive.media import rtcp
from farmlive.media.engine import Incoming, Publishing
from farmlive.media.publisher import Publisher
from farmlive.media.rtp import Packet

KEY, DELTA = b"\x10\x00\x50\x00", b"\x10\x01\x00\x00"


def publisher(nack: bool = True, pli: bool = True) -> Publisher:
    video = Incoming("video", 90_000, {96: "VP8"}, {97: 96}, nack=nack, pli=pli)
    return Publisher(Publishing([video], transport_cc=3), 99)


def send(
    to: Publisher, sequence: int, now: float, payload: bytes = DELTA, wide: int | None = None
) -> None:
    extension = None if wide is None else (0xBEDE, b"\x31" + wide.to_bytes(2, "big") + b"\x00")
    packet = Packet(sequence & 0xFFFF, round(now * 90_000), True, payload)
    to.take((96, 5, *packet, extension), now)


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
    taken = one.take((97, 6, *repair, None), 1.06)
    assert taken is not None
    track, packet, keyframe = taken
    assert (packet.sequence, packet.payload, keyframe) == (2, KEY, True)
    assert not track.missing
    assert one.take((97, 6, *repair, None), 1.07) is None, "the same again"
    assert one.take((97, 6, *Packet(7001, 0, False, b""), None), 1.07) is None, "padding"


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
    one.want_keyframe()
    one.feedback(4.0, report=False)
    send(one, 3, 4.2, KEY)
    assert one.answers_requests
    assert one.feedback(9.0, report=False) is None


def test_reports_loss_jitter_and_the_last_sender_report() -> None:
    one = publisher()
    for sequence in (65530, 65531, 65535, 0):
        send(one, sequence, 1.0)
    one.heard(rtcp.SenderReport(5, 0x1234_5678_9ABC_DEF0, 0, 0, 0), 1.0)
    (report,) = [r for r in told(one.feedback(1.5, True)) if isinstance(r, rtcp.ReceiverReport)]
    assert (report.ssrc, report.lost, report.total_lost) == (5, 3 * 256 // 7, 3)
    assert report.highest == 0x10000
    assert (report.last_report, report.delay) == (0x5678_9ABC, 32768)
    assert one.health.loss == round((3 * 256 // 7) / 256, 3)


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
    one.take((96, 6, *Packet(40_000, 0, True, DELTA), None), 1.1)
    assert one.tracks[0].ssrc == 6
    assert not one.tracks[0].missing

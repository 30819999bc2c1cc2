"""The senders of the native engine: what is handed over arrives at each viewer, in order.

Real sockets on loopback, libsrtp on both ends, with and without send threads.
"""

import ctypes
import errno
import os
import socket
import struct
from ctypes import c_bool, c_int
from typing import Any

import pytest
from tests.media.engine.native.send.senders_driver import (
    CM,
    DATAGRAM,
    GCM,
    REFUSED,
    STREAM,
    Capture,
    Start,
    native_senders,
    on_a_narrow_loopback,
    packets,
    start,
    threads,
)

__all__ = ["native_senders", "start", "threads"]


@pytest.mark.parametrize("profile", [GCM, CM], ids=["GCM", "CM"])
def test_each_hears_every_packet_in_order_under_its_own_key(
    start: Start, threads: int, profile: tuple[int, int, int]
) -> None:
    senders = start(threads)
    viewers = [senders.placed(profile) for _ in range(50)]
    first = packets(1000, 1000, 1000, 20, 5, 1100, 1100)
    second = packets(200, first=7)
    senders.send(viewers, first)
    senders.send(viewers, second)
    for viewer in viewers:
        assert viewer.hear(8) == first + second
    assert senders.failed() == 0


def test_packets_of_one_size_leave_as_one(native_senders: ctypes.CDLL, start: Start) -> None:
    senders = start(0)
    viewers = [senders.placed() for _ in range(10)]
    senders.send(viewers, packets(1000, 1000, 1000, 1000, 1000, 1000, 90))
    assert c_int.in_dll(native_senders, "driver_runs").value == 10


def test_a_long_burst_leaves_in_runs_that_the_kernel_can_cut(start: Start, threads: int) -> None:
    senders = start(threads)
    viewers = [senders.placed() for _ in range(3)]
    sent = packets(*[1472] * 70, *[50] * 80, *[1000, 900] * 10)
    senders.send(viewers, sent)
    for viewer in viewers:
        assert viewer.hear(len(sent)) == sent
    assert senders.failed() == 0


def test_over_ipv6_and_by_several_sockets(start: Start, threads: int) -> None:
    senders = start(threads)
    others = [senders.bound(), senders.bound(socket.AF_INET6), senders.sock]
    families = [socket.AF_INET, socket.AF_INET6, socket.AF_INET]
    viewers = [senders.viewer(GCM, senders.bound(families[at % 3])) for at in range(9)]
    for at, viewer in enumerate(viewers):
        senders.move(viewer, by=others[at % 3])
    sent = packets(1000, 1000, 300)
    senders.send(viewers, sent)
    for at, viewer in enumerate(viewers):
        data, name = viewer.sock.recvfrom(2048)
        assert name[:2] == others[at % 3].getsockname()[:2]
        assert [viewer.receive.unprotect(data), *viewer.hear(2)] == sent


def test_one_gets_what_is_for_it_alone(start: Start, threads: int) -> None:
    senders = start(threads)
    one, other = senders.placed(), senders.placed()
    sent = packets(1000, 500, 700)
    senders.send_one(one, sent)
    assert one.hear(3) == sent
    senders.end()
    assert other.hears_nothing()


def test_rtcp_is_protected_as_such(start: Start, threads: int) -> None:
    senders = start(threads)
    viewer = senders.placed()
    report = struct.pack("!BBHI", 0x80, 201, 1, 7) + struct.pack("!BBHI", 0x81, 202, 1, 7)
    senders.send_rtcp(viewer, report)
    data = viewer.sock.recv(2048)
    assert data != report
    assert viewer.receive.unprotect_rtcp(data) == report


def test_what_is_too_long_for_rtcp_is_not_sent(start: Start) -> None:
    senders = start(0)
    viewer = senders.placed()
    senders.send_rtcp(viewer, struct.pack("!BBHI", 0x80, 201, 1, 7) + bytes(1200))
    assert viewer.hears_nothing()


def test_what_cannot_be_protected_is_counted_and_the_rest_arrives(
    start: Start, threads: int
) -> None:
    senders = start(threads)
    viewers = [senders.placed() for _ in range(3)]
    sent = packets(1000, 1000, 1000)
    senders.send(viewers, [*sent[:1], bytes(8), *sent[1:], bytes(9)])
    for viewer in viewers:
        assert viewer.hear(3) == sent
    senders.wait()
    assert senders.failed() == 6


@pytest.mark.parametrize("number", [errno.EMSGSIZE, errno.EINVAL, errno.EIO])
@pytest.mark.parametrize("size", [1000, 1001], ids="{} bytes".format)
def test_where_segments_do_not_fit_each_packet_leaves_alone(
    native_senders: ctypes.CDLL, start: Start, threads: int, number: int, size: int
) -> None:
    senders = start(threads)
    viewers = [senders.placed() for _ in range(3)]
    c_int.in_dll(native_senders, "driver_port").value = viewers[1].sock.getsockname()[1]
    c_int.in_dll(native_senders, "driver_error").value = number
    first, second = packets(size, size, 300), packets(800, 800, first=3)
    senders.send(viewers, first)
    senders.send(viewers, second)
    for viewer in viewers:
        assert viewer.hear(5) == first + second
    senders.wait()
    # It is tried once; the others still get runs.
    assert c_int.in_dll(native_senders, "driver_failed").value == 1
    assert c_int.in_dll(native_senders, "driver_runs").value == 4
    assert senders.failed() == 0


def test_another_error_costs_what_it_met_and_no_more(
    native_senders: ctypes.CDLL, start: Start
) -> None:
    senders = start(0)
    viewers = [senders.placed() for _ in range(3)]
    sent, more = packets(1000, 1000, 300), packets(1000, 1000, 300, first=3)
    failing = c_int.in_dll(native_senders, "driver_error")
    c_int.in_dll(native_senders, "driver_port").value = viewers[1].sock.getsockname()[1]
    failing.value = errno.ENETUNREACH
    senders.send(viewers, sent)
    assert senders.failed() == 3
    failing.value = 0
    senders.send(viewers, more)
    assert c_int.in_dll(native_senders, "driver_runs").value == 5
    senders.take()
    assert senders.reports == []
    assert viewers[0].hear(6) == sent + more
    assert viewers[1].hear(3) == more


def test_a_kernel_without_segments_sends_packets(
    native_senders: ctypes.CDLL, start: Start, threads: int
) -> None:
    c_bool.in_dll(native_senders, "driver_is_old").value = True
    senders = start(threads)
    viewers = [senders.placed() for _ in range(60)]
    sent = packets(1000, 1000, 1000, 300)
    senders.send(viewers, sent)
    for viewer in viewers:
        assert viewer.hear(4) == sent
    assert c_int.in_dll(native_senders, "driver_runs").value == 0


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOBUFS])
@pytest.mark.parametrize("is_old", [False, True])
def test_full_buffers_are_told_of_each_viewer(
    native_senders: ctypes.CDLL, start: Start, number: int, is_old: bool, threads: int
) -> None:
    c_bool.in_dll(native_senders, "driver_is_old").value = is_old
    senders = start(threads)
    viewers = [senders.placed() for _ in range(3)]
    c_bool.in_dll(native_senders, "driver_all").value = True
    c_int.in_dll(native_senders, "driver_error").value = number
    senders.send(viewers, packets(1000, 1000, 1000, 1000, 500, 1100))
    senders.wait()
    told = dict.fromkeys((viewer.number for viewer in viewers), 0)
    for kind, peer, count, data in senders.reports:
        assert (kind, data) == (REFUSED, b"")
        told[peer] += count
    assert set(told.values()) == {6}
    assert senders.failed() == 18
    c_int.in_dll(native_senders, "driver_error").value = 0
    senders.send(viewers, packets(1000, 1000, first=6))
    for viewer in viewers:
        assert viewer.hear(2) == packets(1000, 1000, first=6)


def test_a_stream_gets_its_packets_by_reports(start: Start, threads: int) -> None:
    senders = start(threads)
    viewers = [senders.placed() for _ in range(4)]
    streamed = viewers[1::2]
    for viewer in streamed:
        senders.move(viewer, streamed=True)
    sent = packets(1000, 1000, 300)
    report = struct.pack("!BBHI", 0x80, 201, 1, 7)
    senders.send(viewers, sent)
    senders.send_rtcp(viewers[1], report)
    for viewer in viewers[::2]:
        assert viewer.hear(3) == sent
    senders.wait()
    for viewer in streamed:
        theirs = [each for each in senders.reports if each[1] == viewer.number]
        assert all(kind == STREAM and count == 1 for kind, _, count, _ in theirs)
        plain = [viewer.receive.unprotect(data) for *_, data in theirs[:3]]
        assert plain == sent
        rest = [viewer.receive.unprotect_rtcp(data) for *_, data in theirs[3:]]
        assert rest == ([report] if viewer is viewers[1] else [])


def test_without_an_address_packets_are_dropped_and_counted(start: Start, threads: int) -> None:
    senders = start(threads)
    viewers = [senders.viewer(), senders.placed()]
    first, second = packets(1000, 1000), packets(900, first=2)
    senders.send(viewers, first)
    senders.send_rtcp(viewers[0], struct.pack("!BBHI", 0x80, 201, 1, 7))
    senders.move(viewers[0])
    senders.send(viewers, second)
    assert viewers[0].hear(1) == second
    assert viewers[1].hear(3) == first + second
    assert senders.failed() == 2


def test_moves_and_removals_keep_their_place_in_the_order(start: Start, threads: int) -> None:
    senders = start(threads)
    viewers = [senders.placed() for _ in range(6)]
    elsewhere = [senders.bound() for _ in viewers]
    sent = [
        (
            packets(1000, 1000, first=turn * 5),
            packets(900, 900, first=turn * 5 + 2),
            packets(80, first=turn * 5 + 4),
        )
        for turn in range(len(viewers))
    ]
    for turn, viewer in enumerate(viewers):
        first, second, third = sent[turn]
        audience = viewers[turn:]
        senders.send(audience, first)
        for each, sock in zip(audience, elsewhere[turn:], strict=True):
            senders.move(each, sock)
        senders.send(audience, second)
        senders.remove(viewer)
        for each in audience[1:]:
            senders.move(each)
        if audience[1:]:
            senders.send(audience[1:], third)
    assert sorted(senders.end()) == [viewer.number for viewer in viewers]
    for turn, (viewer, sock) in enumerate(zip(viewers, elsewhere, strict=True)):
        for first, second, third in sent[:turn]:
            assert viewer.hear(2) == first
            assert viewer.hear(2, sock) == second
            assert viewer.hear(1) == third
        first, second, _ = sent[turn]
        assert viewer.hear(2) == first
        assert viewer.hear(2, sock) == second
        assert viewer.hears_nothing()


def test_more_than_the_queues_hold_is_done_before_the_end(start: Start, threads: int) -> None:
    senders = start(threads)
    viewers = [senders.placed() for _ in range(4)]
    for viewer in viewers:
        senders.move(viewer, streamed=True)
    audience = senders.audience(viewers)
    for number in range(3000):
        burst = senders.burst(packets(40, first=number))
        senders.native.senders_send(audience, burst)
        senders.native.packet_batch_release(burst)
    senders.native.send_group_release(audience)
    senders.remove(viewers[0])
    freed = senders.end()
    assert freed == [viewers[0].number]
    for viewer in viewers:
        theirs = [data for _, peer, _, data in senders.reports if peer == viewer.number]
        assert [struct.unpack_from("!H", data, 2)[0] for data in theirs] == list(range(3000))


def test_the_bell_rings_once_until_reports_are_taken(start: Start, threads: int) -> None:
    bell = os.eventfd(0, os.EFD_NONBLOCK)
    try:
        senders = start(threads, bell=bell)
        viewer = senders.placed()
        senders.move(viewer, streamed=True)
        senders.send_one(viewer, packets(10, 10, 10))
        other = senders.placed()
        senders.send_one(other, packets(10))
        assert other.hear(1) == packets(10)
        senders.remove(viewer)
        senders.remove(other)
        senders.native.senders_free(senders.at)
        senders.is_over = True
        assert os.eventfd_read(bell) == 1
        assert len(senders.take()) == 2
        senders.native.send_feedback_clear(senders._queue)
    finally:
        os.close(bell)


def test_with_a_capture_all_goes_there(start: Start) -> None:
    caught: list[tuple[int, bytes]] = []

    def keep(_: int, peer: int, data: Any, size: int) -> None:
        caught.append((peer, ctypes.string_at(data, size)))

    catch = DATAGRAM(keep)
    senders = start(0, capture=Capture(catch, None))
    viewers = [senders.placed(), senders.viewer(), senders.viewer()]
    senders.move(viewers[1], streamed=True)
    sent = packets(1000, 1000, 300)
    report = struct.pack("!BBHI", 0x80, 201, 1, 7)
    senders.send(viewers, sent)
    senders.send_rtcp(viewers[0], report)
    assert len(caught) == 7
    for viewer in viewers[:2]:
        theirs = [data for peer, data in caught if peer == viewer.number]
        assert [viewer.receive.unprotect(data) for data in theirs[:3]] == sent
    assert viewers[0].receive.unprotect_rtcp(caught[-1][1]) == report
    assert senders.failed() == 3
    assert viewers[0].hears_nothing()


def test_a_route_with_a_small_mtu_gets_every_packet(
    native_senders: ctypes.CDLL, start: Start, threads: int
) -> None:
    def send() -> None:
        senders = start(threads)
        viewers = [senders.placed() for _ in range(3)]
        small, large = (500, 500, 500), (1200, 1200, 1200)
        for turn, sizes in enumerate((small, large, small)):
            sent = packets(*sizes, first=3 * turn)
            senders.send(viewers, sent)
            for viewer in viewers:
                assert viewer.hear(3) == sent
        assert senders.failed() == 0
        # One run each before the first that did not fit, none after it.
        assert c_int.in_dll(native_senders, "driver_runs").value == 3

    on_a_narrow_loopback(send)

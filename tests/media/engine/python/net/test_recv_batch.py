"""What one reading of a socket brings."""

import os
import socket
import struct
import time
from collections.abc import Iterator

import pytest
from tests.support.free_ports import APART

from farmlive.media.engine.python.net import recv_batch as inbox_module
from farmlive.media.engine.python.net.addresses import open_connected_socket, open_sockets
from farmlive.media.engine.python.net.recv_batch import (
    DATAGRAMS_PER_READ,
    RecvBatch,
    arrival_time,
    kernel_timestamp,
)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A publisher's own socket as the engine opens it, and the publisher's."""
    (shared,) = open_sockets([APART], 0)
    with shared, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        there.bind((APART, 0))
        there.connect(shared.getsockname())
        with open_connected_socket(shared, there.getsockname()) as here:
            yield here, there


@pytest.mark.parametrize("at_once", [True, False])
def test_reads_all_that_waits_with_the_kernels_stamps(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    if not at_once:
        monkeypatch.setattr(inbox_module, "_recvmmsg", None)
    here, there = ends
    inbox = RecvBatch()
    assert inbox.read(here) == []
    for _ in range(3):
        sent = [os.urandom(size) for size in (1, 1200, 60, 2048, 1)]
        before = time.time()
        for data in sent:
            there.send(data)
        found = inbox.read(here)
        assert [data for data, _ in found] == sent
        stamps = [when for _, when in found if when is not None]
        assert len(stamps) == 5
        assert stamps == sorted(stamps)
        assert before - 0.01 <= stamps[0] <= stamps[-1] <= time.time() + 0.01


def test_reads_many_in_turns(ends: tuple[socket.socket, socket.socket]) -> None:
    here, there = ends
    sent = [number.to_bytes(2, "big") for number in range(DATAGRAMS_PER_READ + 5)]
    for data in sent:
        there.send(data)
    inbox = RecvBatch()
    turns = [inbox.read(here), inbox.read(here), inbox.read(here)]
    assert [len(turn) for turn in turns] == [DATAGRAMS_PER_READ, 5, 0]
    assert [data for turn in turns for data, _ in turn] == sent


def test_the_stamp_is_taken_to_our_clock() -> None:
    assert arrival_time(1_000.25, 50.5, 950) == pytest.approx(50.25)
    assert arrival_time(1_000.51, 50.5, 950) == pytest.approx(50.51), "it came while we read"
    assert arrival_time(900.0, 50.5, 950) == 50.5, "the clock was set"
    assert arrival_time(1_001.0, 50.5, 950) == 50.5, "of the future"
    assert arrival_time(None, 50.5, 950) == 50.5
    message = (socket.SOL_SOCKET, 35, struct.pack("=qq", 1_000, 250_000_000))
    assert kernel_timestamp([message]) == 1_000.25
    assert kernel_timestamp([]) is None

"""What the senders learn of a route holds for that route alone."""

import ctypes
import errno
from ctypes import c_int

from tests.media.engine.native.send.senders_driver import (
    Start,
    native_senders,
    packets,
    start,
    threads,
)

__all__ = ["native_senders", "start", "threads"]


def test_who_moves_from_a_route_without_segments_gets_runs_again(
    native_senders: ctypes.CDLL, start: Start, threads: int
) -> None:
    senders = start(threads)
    viewer = senders.placed()
    failing = c_int.in_dll(native_senders, "driver_error")
    runs = c_int.in_dll(native_senders, "driver_runs")
    failing.value = errno.EMSGSIZE
    first = packets(1000, 1000)
    senders.send([viewer], first)
    assert viewer.hear(2) == first
    senders.wait()
    assert runs.value == 0
    failing.value = 0
    other = senders.bound()
    senders.move(viewer, other)
    second = packets(1000, 1000, first=2)
    senders.send([viewer], second)
    assert viewer.hear(2, other) == second
    senders.wait()
    assert runs.value == 1

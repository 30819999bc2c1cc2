"""Counters only grow, whenever senders report what failed."""

import ctypes
from ctypes import byref, c_uint64

import pytest
from tests.media.engine.native.support.compiling import DRIVERS, LIBRARY, compiled


def test_packets_sent_never_fall_when_failures_are_reported_late(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    driver = [DRIVERS / "counters_driver.c"]
    native = ctypes.CDLL(str(compiled(tmp_path_factory, "counters.so", driver, [], *LIBRARY)))
    native.net.restype = c_uint64
    told = c_uint64(0)
    looks = [(100, 0), (110, 30), (130, 30), (130, 140), (200, 60)]
    sent = [native.net(byref(told), c_uint64(all), c_uint64(failed)) for all, failed in looks]
    assert sent == [100, 100, 100, 100, 140]

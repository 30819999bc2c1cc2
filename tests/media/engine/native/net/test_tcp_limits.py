"""The limits on TCP connections in C: what an address has open, and what of it proved nothing."""

import ctypes
from ctypes import c_bool, c_ubyte, c_uint, c_void_p
from typing import Any

import pytest
from tests.media.engine.native.support.compiling import LIBRARY, compiled

UNPROVED, OPEN = 256, 2048


class Address(ctypes.Structure):
    _fields_ = (("name", c_ubyte * 28), ("size", c_uint))


class Limits:
    """All connections, counted by address."""

    def __init__(self, native: Any) -> None:
        self.native = native
        self.at = ctypes.create_string_buffer(256)

    def allows(self, host: str, port: int = 1) -> bool:
        allowed: bool = self.native.tcp_limits_allow(self.at, self._address(host, port))
        return allowed

    def add(self, host: str, port: int = 1) -> c_void_p:
        return c_void_p(self.native.tcp_limits_add(self.at, self._address(host, port)))

    def remove(self, connection: c_void_p) -> None:
        """Remove a connection that counts as proved."""
        self.native.tcp_limits_remove(self.at, connection)

    def _address(self, host: str, port: int) -> Any:
        address = Address()
        assert self.native.address_read(ctypes.byref(address), host.encode(), port)
        return ctypes.byref(address)


@pytest.fixture
def limits(tmp_path_factory: pytest.TempPathFactory) -> Any:
    sources = ("address", "table", "tcp_limits")
    native = ctypes.CDLL(str(compiled(tmp_path_factory, "limits.so", [], sources, *LIBRARY)))
    native.tcp_limits_allow.restype = c_bool
    native.address_read.restype = c_bool
    native.tcp_limits_add.restype = c_void_p
    native.tcp_limits_authenticated.argtypes = (c_void_p,)
    native.tcp_limits_remove.argtypes = (c_void_p, c_void_p)
    return Limits(native)


@pytest.mark.parametrize(("host", "other"), [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "::1")])
def test_only_what_proved_nothing_counts_against_the_low_limit(
    limits: Limits, host: str, other: str
) -> None:
    strangers = [limits.add(host, port) for port in range(1, UNPROVED + 1)]
    assert not limits.allows(host)
    assert limits.allows(other)
    limits.native.tcp_limits_authenticated(strangers[0])
    assert limits.allows(host)
    limits.add(host)
    assert not limits.allows(host)
    limits.native.tcp_limits_authenticated(strangers[1])
    limits.remove(strangers[1])
    assert limits.allows(host)


def test_one_address_leaves_places_for_others(limits: Limits) -> None:
    peers = [limits.add("192.0.2.1", port) for port in range(1, OPEN + 1)]
    for peer in peers:
        limits.native.tcp_limits_authenticated(peer)
    assert not limits.allows("192.0.2.1")
    assert limits.allows("192.0.2.2")
    limits.remove(peers[0])
    assert limits.allows("192.0.2.1")

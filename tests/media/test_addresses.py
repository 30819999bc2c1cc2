"""Which addresses are bound and told."""

import socket
import struct

import pytest

from farmlive.media.addresses import local_addresses, open_sockets, received_at, to_bind, to_tell

LOCAL = ["192.0.2.2", "fd00::2", "127.0.0.1", "::1"]


def test_all_of_the_machine_by_default() -> None:
    assert to_bind((), LOCAL) == LOCAL
    assert to_tell((), LOCAL) == LOCAL


def test_the_configured_ones_where_they_are_the_machines() -> None:
    assert to_bind(("127.0.0.1", "fd00:0::2"), LOCAL) == ["127.0.0.1", "fd00::2"]
    assert to_tell(("127.0.0.1", "fd00:0::2"), LOCAL) == ["127.0.0.1", "fd00::2"]


def test_a_public_address_before_a_nat_is_told_and_all_are_bound() -> None:
    assert to_bind(("203.0.113.7",), LOCAL) == LOCAL
    assert to_tell(("203.0.113.7",), LOCAL) == ["203.0.113.7"]


def test_a_word_that_is_no_address_is_named() -> None:
    with pytest.raises(ValueError, match=r"example\.org"):
        to_bind(("example.org",), LOCAL)


def test_loopback_is_known_and_comes_last() -> None:
    found = local_addresses()
    assert "127.0.0.1" in found
    loopback = [text.startswith("127.") or text == "::1" for text in found]
    assert loopback == sorted(loopback)


def test_all_sockets_have_one_port() -> None:
    sockets = open_sockets(["127.0.0.1", "127.0.0.2"], 0)
    try:
        assert len({sock.getsockname()[1] for sock in sockets}) == 1
    finally:
        for sock in sockets:
            sock.close()


def test_the_kernels_stamp_is_read_on_our_clock() -> None:
    def stamped(wall: float) -> list[tuple[int, int, bytes]]:
        return [(socket.SOL_SOCKET, 35, struct.pack("=qq", int(wall), round(wall % 1 * 1e9)))]

    assert received_at(stamped(1_000.25), 50.5, 950) == pytest.approx(50.25)
    assert received_at(stamped(900.0), 50.5, 950) == 50.5, "the clock was set"
    assert received_at(stamped(1_001.0), 50.5, 950) == 50.5, "of the future"
    assert received_at([], 50.5, 950) == 50.5

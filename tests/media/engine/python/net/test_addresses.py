"""Which addresses are bound and told."""

import pytest

from farmlive.media.engine.interface import Candidate
from farmlive.media.engine.python.net.addresses import (
    addresses_to_advertise,
    addresses_to_bind,
    local_addresses,
    open_sockets,
    sort_candidates,
)

LOCAL = ["192.0.2.2", "fd00::2", "127.0.0.1", "::1"]


def test_all_of_the_machine_by_default() -> None:
    assert addresses_to_bind((), LOCAL) == LOCAL
    assert addresses_to_advertise((), LOCAL) == LOCAL


def test_the_configured_ones_where_they_are_the_machines() -> None:
    assert addresses_to_bind(("127.0.0.1", "fd00:0::2"), LOCAL) == ["127.0.0.1", "fd00::2"]
    assert addresses_to_advertise(("127.0.0.1", "fd00:0::2"), LOCAL) == ["127.0.0.1", "fd00::2"]


def test_a_public_address_before_a_nat_is_told_and_all_are_bound() -> None:
    assert addresses_to_bind(("203.0.113.7",), LOCAL) == LOCAL
    assert addresses_to_advertise(("203.0.113.7",), LOCAL) == ["203.0.113.7"]


def test_a_word_that_is_no_address_is_named() -> None:
    with pytest.raises(ValueError, match=r"example\.org"):
        addresses_to_bind(("example.org",), LOCAL)


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


def test_the_address_at_which_a_client_asked_is_told_first() -> None:
    udp = [Candidate(address, 8189) for address in ("192.0.2.7", "198.51.100.7", "127.0.0.1")]
    tcp = [Candidate(each.address, 8190, "tcp") for each in udp]
    told = sort_candidates([*udp, *tcp], "198.51.100.7")
    assert told[:3] == [udp[1], udp[0], udp[2]]
    assert set(told) == {*udp, *tcp}
    assert told[3].protocol == "tcp"


@pytest.mark.parametrize("asked_at", ["127.0.0.1", "::1", "", "203.0.113.9"])
def test_an_address_that_says_nothing_leaves_the_order(asked_at: str) -> None:
    candidates = [Candidate("192.0.2.7", 8189), Candidate("127.0.0.1", 8189)]
    assert sort_candidates(candidates, asked_at) == candidates

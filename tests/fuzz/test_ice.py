"""ICE checks of any kind from any address, against a plain account of whose each address is."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.corpus import SESSIONS
from tests.fuzz.mutants import datagrams
from tests.media.test_ice import KeptPort

from farmlive.media import stun
from farmlive.media.engine import Credentials
from farmlive.media.ice import IceLite, IcePeer

CHECKS = [data for session in SESSIONS for data in session.stun]
NAMES = ("one", "two", "three")
ADDRESSES = [("192.0.2.1", number) for number in range(1, 13)] + [("2001:db8::1", 9, 0, 0)]
# Who checks (nobody we know, too), with which of its passwords, from where, nominating or not;
# or any bytes.
KINDS = some.sampled_from(("check", "check", "check", "check", "restart", "remove"))


def moves_among(names: Sequence[str], addresses: Sequence[Any]) -> some.SearchStrategy[list[Any]]:
    where = some.sampled_from(addresses)
    signed = some.tuples(
        some.sampled_from(names), some.integers(0, 3), where, some.booleans(), KINDS
    )
    noise = some.tuples(datagrams(CHECKS), where)
    return some.lists(signed | signed | signed | noise, max_size=60)


def credentials(name: str, generation: int) -> Credentials:
    return Credentials(f"{name}{generation}", f"password of {name} {generation}")


def test_peers_that_share_an_address_take_turns() -> None:
    turns = [(name, 0, ADDRESSES[0], False, "check") for name in NAMES[:2]] * 12
    follow(turns)


@given(moves_among((*NAMES, "nobody"), ADDRESSES) | moves_among(NAMES[:2], ADDRESSES[:2]))
def test_an_address_is_of_the_peer_that_last_proved_to_be_there(moves: list[Any]) -> None:
    follow(moves)


def follow(moves: list[Any]) -> None:
    ice: IceLite[IcePeer] = IceLite()
    port = KeptPort()
    peers = {name: IcePeer(credentials(name, 0), 0.0) for name in NAMES}
    generation = dict.fromkeys(NAMES, 0)
    for peer in peers.values():
        ice.add(peer)
    owner: dict[Any, IcePeer] = {}
    for now, move in enumerate(moves, 1):
        answered = len(port.sent)
        if len(move) == 2:
            assert ice.check(port, *move, float(now)) is None
            assert len(port.sent) == answered
        else:
            name, number, address, nominate, kind = move
            known = peers.get(name)
            if kind == "restart" and known is not None:
                generation[name] += 1
                ice.restart(known, credentials(name, generation[name]), float(now))
            elif kind == "remove" and known is not None:
                ice.remove(known)
                del peers[name]
                owner = {where: each for where, each in owner.items() if each is not known}
            elif kind == "check":
                told = credentials(name, number)
                key = told.password.encode()
                before = None if known is None else known.address
                data = stun.request(f"{told.ufrag}:x", key, bytes(12), use_candidate=nominate)
                checked = ice.check(port, data, address, float(now))
                valid = known is not None and number <= generation[name]
                if not valid or known is None:
                    assert checked is None
                if checked is None:
                    assert len(port.sent) == answered
                else:
                    # The answer is for this check, goes back where it came from, and to no other.
                    assert len(port.sent) == answered + 1
                    answer, to = port.sent[-1]
                    assert to == address
                    assert stun.parse(answer).kind == stun.BINDING_SUCCESS
                    assert stun.parse(answer).authentic(key)
                    assert checked.peer is known
                    assert known is not None
                    assert checked.moved == (known.address != before)
                    owner[address] = known
                    assert port.peers[address] is known
        # Whoever is at an address has proved to be there, and nobody after it.
        for where, peer in port.peers.items():
            assert owner[where] is peer
        for peer in peers.values():
            assert len(peer.addresses) <= 8
            assert sum(each is peer for each in port.peers.values()) <= 8
            assert len(peer.credentials) <= 2
            assert (peer.port is None) == (peer.address is None)
        assert len(ice) == sum(len(peer.credentials) for peer in peers.values())
    for peer in peers.values():
        ice.remove(peer)
    assert (len(ice), port.peers) == (0, {})

"""ICE checks of any kind from any address, and answers to ours, against a plain account of whose
each address is, and of how much went to one that has proved nothing.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.corpus import SESSIONS
from tests.fuzz.mutants import datagrams
from tests.media.support.recording_port import KeptPort

from farmlive.media.engine.interface import Credentials
from farmlive.media.engine.python.net.ice import IceLite, IcePeer
from farmlive.media.engine.python.net.path import FACTOR
from farmlive.media.wire import stun

CHECKS = [data for session in SESSIONS for data in session.stun]
NAMES = ("one", "two", "three")
ADDRESSES = [("192.0.2.1", number) for number in range(1, 13)] + [("2001:db8::1", 9, 0, 0)]
THEIRS = Credentials("theirs", "a password of theirs")
# Who checks (nobody we know, too), with which of its passwords, from where, nominating or not, and
# whether it answers what it is asked; or any bytes; or time goes on.
KINDS = some.sampled_from(("check", "check", "check", "answer", "answer", "restart", "remove"))


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
    peers = {name: IcePeer(credentials(name, 0), 0.0, THEIRS, b"secret") for name in NAMES}
    generation = dict.fromkeys(NAMES, 0)
    for peer in peers.values():
        ice.add(peer)
    owner: dict[Any, IcePeer] = {}
    came: Counter[Any] = Counter()
    for now, move in enumerate(moves, 1):
        sent = len(port.sent)
        if len(move) == 2:
            data, address = move
            assert ice.check(port, data, address, float(now)) is None
            assert len(port.sent) == sent
        else:
            name, number, address, nominate, kind = move
            known = peers.get(name)
            if kind == "restart" and known is not None:
                generation[name] += 1
                ice.restart(known, credentials(name, generation[name]), float(now), THEIRS)
            elif kind == "remove" and known is not None:
                ice.remove(known)
                del peers[name]
                owner = {where: each for where, each in owner.items() if each is not known}
            elif kind in ("check", "answer"):
                told = credentials(name, number)
                key = told.password.encode()
                before = None if known is None else known.address
                data = stun.request(f"{told.ufrag}:x", key, bytes(12), use_candidate=nominate)
                checked = ice.check(port, data, address, float(now))
                valid = known is not None and number <= generation[name]
                if not valid or known is None:
                    assert checked is None
                if checked is None:
                    assert len(port.sent) == sent
                else:
                    # The answer is for this check, goes back where it came from, and to no other.
                    came[address] += len(data)
                    answer, to = port.sent[sent]
                    assert to == address
                    assert stun.parse(answer).kind == stun.BINDING_SUCCESS
                    assert stun.parse(answer).authentic(key)
                    assert checked.peer is known
                    assert known is not None
                    assert not checked.moved, "a check alone proves nothing"
                    assert checked.first == (before is None)
                    assert known.address == (address if before is None else before)
                    owner[address] = known
                    assert port.peers[address] is known
                    asked = port.sent[sent + 1 :]
                    assert len(asked) <= 1
                    for check, to in asked:
                        assert to == address
                        assert stun.parse(check).authentic(THEIRS.password.encode())
                        if kind == "answer":
                            prove(ice, port, check, known, address, now)
            if kind in ("restart", "remove"):
                ice.retransmit_checks(float(now))
        # Whoever is at an address has passed a check from there, and nobody after it.
        for where, peer in port.peers.items():
            assert owner[where] is peer
        out = Counter[Any]()
        for data, where in port.sent:
            out[where] += len(data)
        for peer in peers.values():
            assert len(peer.paths) <= 8
            assert sum(each is peer for each in port.peers.values()) <= 8
            assert len(peer.credentials) == len(peer.remotes) <= 2
            assert (peer.port is None) == (peer.address is None)
            for path in peer.paths:
                assert path.sent <= FACTOR * path.received
        for where, count in out.items():
            assert count <= FACTOR * came[where], "nothing but checks and answers was sent here"
        assert len(ice) == sum(len(peer.credentials) for peer in peers.values())
    for peer in peers.values():
        ice.remove(peer)
    assert (len(ice), port.peers) == (0, {})


def prove(
    ice: IceLite[IcePeer], port: KeptPort, check: bytes, peer: IcePeer, address: Any, now: int
) -> None:
    """Answer our check from where it went: the peer is there now, and nowhere else."""
    other = ADDRESSES[0] if address != ADDRESSES[0] else ADDRESSES[1]
    answer = stun.success(stun.parse(check), "198.51.100.1", 1, THEIRS.password.encode())
    assert ice.check(port, answer, other, float(now)) is None
    proved = ice.check(port, answer, address, float(now))
    assert proved is not None
    assert (proved.moved, peer.address, peer.validated) == (True, address, True)
    assert ice.check(port, answer, address, float(now)) is None

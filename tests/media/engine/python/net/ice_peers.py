"""Peers for tests of ICE, and their checks and answers."""

from typing import Any

from tests.media.support.recording_port import KeptPort

from farmlive.media.engine.interface import Credentials
from farmlive.media.engine.python.net.ice import Checked, IceLite, IcePeer
from farmlive.media.wire import stun

THEIRS = Credentials("theirs", "a password of theirs")
OLD, NEW = Credentials("old", "old-password"), Credentials("new", "new-password")
HERE, THERE = ("192.0.2.1", 1), ("192.0.2.2", 2)


def check(credentials: Credentials, nominate: bool = False) -> bytes:
    key = credentials.password.encode()
    return stun.request(f"{credentials.ufrag}:theirs", key, bytes(12), use_candidate=nominate)


def one_peer() -> tuple[IceLite[IcePeer], IcePeer, KeptPort]:
    ice: IceLite[IcePeer] = IceLite()
    peer = IcePeer(OLD, 0.0, THEIRS, b"secret")
    ice.add(peer)
    return ice, peer, KeptPort()


def other_peer(ice: IceLite[IcePeer]) -> IcePeer:
    other = IcePeer(NEW, 0.0, THEIRS, b"another secret")
    ice.add(other)
    return other


def asked(port: KeptPort, address: Any) -> list[bytes]:
    """Our checks that went there, the newest last."""
    sent = [data for data, to in port.sent if to == address]
    return [data for data in sent if data[:2] == stun.BINDING_REQUEST.to_bytes(2, "big")]


def answered(check: bytes, key: str = THEIRS.password) -> bytes:
    return stun.success(stun.parse(check), "198.51.100.1", 8189, key.encode())


def prove(ice: IceLite[IcePeer], port: KeptPort, address: Any, now: float) -> Checked[IcePeer]:
    """The answer to our last check of this address comes from there."""
    proved = ice.check(port, answered(asked(port, address)[-1]), address, now)
    assert proved is not None
    return proved


def come(
    ice: IceLite[IcePeer],
    port: KeptPort,
    address: Any,
    now: float,
    credentials: Credentials = OLD,
    *,
    nominate: bool = False,
) -> Checked[IcePeer]:
    """A check, and the answer to ours."""
    assert ice.check(port, check(credentials, nominate), address, now) is not None
    return prove(ice, port, address, now)

"""DTLS from an address that has proved to be a peer's: a handshake that is disturbed comes to its
keys or to its end.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.mutants import mutants
from tests.support.waiting import LONG_S

from farmlive.media.engine.interface import Keys
from farmlive.media.signalling.dtls import Certificate, Handshake

CERTIFICATE = Certificate.generateCertificate()
FINGERPRINTS = [("sha-256", CERTIFICATE.fingerprint)]


@dataclass
class End:
    keys: list[Keys] = field(default_factory=list)
    closed: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    handshake: Handshake | None = None
    sent: list[bytes] = field(default_factory=list)

    def begin(self, role: str, other: "End", before: list[bytes]) -> None:
        def send(data: bytes) -> None:
            self.sent.append(data)
            if before:
                other.take(before.pop())
            other.take(data)

        self.handshake = Handshake(CERTIFICATE, FINGERPRINTS, role, send, self.open, self.close)

    def take(self, data: bytes) -> None:
        assert self.handshake is not None
        self.handshake.datagram(data)

    def open(self, keys: Keys) -> None:
        self.keys.append(keys)
        self.ended.set()

    def close(self) -> None:
        self.closed += 1
        self.ended.set()


async def shake(noise: list[bytes], limit_s: float) -> tuple[End, End, list[Any]]:
    faults: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: faults.append(what))
    server, client = End(), End()
    server.begin("server", client, [])
    client.begin("client", server, noise)
    ends = (server, client)
    for end in ends:
        assert end.handshake is not None
        end.handshake.start(limit_s)
    async with asyncio.timeout(LONG_S):
        for end in ends:
            await end.ended.wait()
    for end in ends:
        assert end.handshake is not None
        end.handshake.stop()
    return server, client, faults


def recorded() -> list[bytes]:
    """The datagrams of a handshake between two of ours."""
    with asyncio.Runner() as runner:
        server, client, _ = runner.run(shake([], 5))
    return [*server.sent, *client.sent]


def test_two_of_ours_come_to_keys() -> None:
    with asyncio.Runner() as runner:
        server, client, faults = runner.run(shake([], 5))
    assert (len(server.keys), len(client.keys), faults) == (1, 1, [])
    assert server.keys[0].transmit == client.keys[0].receive


RECORDS = recorded()


@given(some.lists(mutants(RECORDS) | some.binary(max_size=200), max_size=5))
def test_any_records_end_in_keys_or_in_the_end(noise: list[bytes]) -> None:
    with asyncio.Runner() as runner:
        server, client, faults = runner.run(shake(noise, 0.02))
    assert faults == []
    for end in (server, client):
        assert end.closed <= 1
        assert len(end.keys) <= 1

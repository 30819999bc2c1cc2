"""Probes the STUN and TURN servers of FARMLIVE_TURN_URLS once a minute.

It sends a Binding request (RFC 8489, section 3), which both answer without credentials; so it
checks neither the credentials nor the network between a client and the server.
"""

import asyncio
import os
import re
import ssl
import struct
from collections.abc import Sequence

from farmlive.outages import DependencyHealth, Outages
from farmlive.periodic import Periodic

EVERY_S = 60.0
ANSWER_WITHIN_S = 5.0
# The initial retransmission timeout of RFC 8489, section 6.2.1; it doubles.
_AGAIN_AFTER_S = 0.5
_URL = re.compile(r"(stun|turn)(s?):(\[[^\]]+\]|[^:?]+)(?::(\d+))?(?:\?transport=(udp|tcp))?")
_REQUEST, _ANSWERS, _COOKIE = 0x0001, (0x0101, 0x0111), 0x2112A442
_HEAD = struct.Struct("!HHI12s")


class NoAnswer(Exception):
    """The server sent something other than a response to the request."""


class IceProbe(Periodic):
    """Probes each server, and reports to the outages."""

    def __init__(self, urls: Sequence[str], outages: Outages):
        super().__init__(EVERY_S, self.look, "whether STUN and TURN servers are there is not known")
        self._servers: list[tuple[str, DependencyHealth]] = [
            (
                url,
                outages.register(
                    url,
                    lost=f"{url} does not answer; whom only a relay helps can't watch",
                    back=f"{url} answers again",
                    what_to_do="See that the server runs and that FARMLIVE_TURN_URLS is right.",
                ),
            )
            for url in urls
        ]

    async def look(self) -> None:
        """Probe all servers now, concurrently."""
        await asyncio.gather(*(self._ask(url, outage) for url, outage in self._servers))

    async def _run(self) -> None:
        if self._servers:
            await self.look()
            await super()._run()

    async def _ask(self, url: str, outage: DependencyHealth) -> None:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await ask(url)
        except TimeoutError:
            outage.failed(f"no answer within {ANSWER_WITHIN_S:g} s")
        except (OSError, EOFError, NoAnswer) as error:
            outage.failed(str(error) or type(error).__name__)
        else:
            outage.recovered()


async def ask(url: str) -> None:
    """Send one request to the server; return when it has answered. Raises OSError, EOFError and
    NoAnswer.
    """
    found = _URL.fullmatch(url)
    if found is None:
        raise NoAnswer("the address can't be read")
    _, secure, host, port, transport = found.groups()
    host = host.strip("[]")
    number = int(port or (5349 if secure else 3478))
    if secure or transport == "tcp":
        await _ask_by_tcp(host, number, secure=bool(secure))
    else:
        await _ask_by_udp(host, number)


async def _ask_by_tcp(host: str, port: int, *, secure: bool) -> None:
    context = ssl.create_default_context() if secure else None
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        request, identity = _request()
        writer.write(request)
        _check(await reader.readexactly(_HEAD.size), identity)
    finally:
        writer.transport.abort()


async def _ask_by_udp(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Waiting(answer), remote_addr=(host, port)
    )
    request, identity = _request()
    pause = _AGAIN_AFTER_S
    try:
        while True:
            transport.sendto(request)
            done, _ = await asyncio.wait((answer,), timeout=pause)
            if done:
                break
            pause *= 2
    finally:
        transport.close()
    _check(answer.result(), identity)


class _Waiting(asyncio.DatagramProtocol):
    """Receives the first datagram, or the network's error."""

    def __init__(self, answer: "asyncio.Future[bytes]"):
        self._answer = answer

    def datagram_received(self, data: bytes, _address: object) -> None:
        if not self._answer.done():
            self._answer.set_result(data)

    def error_received(self, error: Exception) -> None:
        if not self._answer.done():
            self._answer.set_exception(error)


def _request() -> tuple[bytes, bytes]:
    identity = os.urandom(12)
    return _HEAD.pack(_REQUEST, 0, _COOKIE, identity), identity


def _check(answer: bytes, identity: bytes) -> None:
    """Check that it is a response to the request. Raises NoAnswer."""
    if len(answer) < _HEAD.size:
        raise NoAnswer("what came is no STUN")
    kind, _, cookie, named = _HEAD.unpack_from(answer)
    if kind not in _ANSWERS or cookie != _COOKIE or named != identity:
        raise NoAnswer("what came is no answer of a STUN server")

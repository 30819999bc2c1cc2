"""A STUN or TURN server that does not answer is said, and when it does again."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from structlog.testing import capture_logs

from farmlive.media_bridge.ice_probe import IceProbe, NoAnswer, ask
from farmlive.outages import Outages


class Stun(asyncio.DatagramProtocol):
    """Answers by what a function makes of a request."""

    def __init__(self, answer: Callable[[bytes], bytes | None]):
        self._answer = answer
        self.asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.asked += 1
        if (answer := self._answer(data)) is not None:
            self.transport.sendto(answer, address)  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
async def _all_is_closed() -> AsyncIterator[None]:
    """What a test closes is closed in the event loop's next turns."""
    yield
    for _ in range(3):
        await asyncio.sleep(0)


def right(request: bytes) -> bytes:
    return b"\x01\x01\x00\x00" + request[4:20]


async def by_udp(answer: Callable[[bytes], bytes | None]) -> tuple[Stun, str]:
    loop = asyncio.get_running_loop()
    transport, stun = await loop.create_datagram_endpoint(
        lambda: Stun(answer), local_addr=("127.0.0.1", 0)
    )
    return stun, f"turn:127.0.0.1:{transport.get_extra_info('sockname')[1]}"


async def test_one_that_answers_is_there_by_udp_and_by_tcp() -> None:
    stun, url = await by_udp(right)
    await ask(url)
    await ask(url.replace("turn:", "stun:") + "?transport=udp")
    assert stun.asked == 2
    stun.transport.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(right(await reader.readexactly(20)))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await ask(f"turn:127.0.0.1:{port}?transport=tcp")
    server.close()


async def test_a_request_that_is_lost_is_sent_again() -> None:
    stun, url = await by_udp(lambda data: right(data) if stun.asked > 1 else None)
    await ask(url)
    assert stun.asked == 2
    stun.transport.close()


@pytest.mark.parametrize(
    "answer",
    [
        lambda data: b"\0",
        lambda data: b"HTTP/1.1 400 Bad Request",
        lambda data: b"\x01\x01\x00\x00" + data[4:8] + bytes(12),
        lambda data: data,
    ],
)
async def test_what_is_no_answer_is_none(answer: Callable[[bytes], bytes]) -> None:
    stun, url = await by_udp(answer)
    with pytest.raises(NoAnswer):
        await ask(url)
    stun.transport.close()


async def test_one_that_is_away_is_said_and_that_it_is_back() -> None:
    stun, url = await by_udp(right)
    stun.transport.close()
    await asyncio.sleep(0)  # it is closed then
    outages = Outages()
    probe = IceProbe([url], outages)
    with capture_logs() as said:
        await probe.look()
        (away,) = outages.failing()
        assert outages.failing(needed=True) == []
        loop = asyncio.get_running_loop()
        port = int(url.rpartition(":")[2])
        back, _ = await loop.create_datagram_endpoint(
            lambda: Stun(right), local_addr=("127.0.0.1", port)
        )
        await probe.look()
        back.close()
    assert not away.failing
    assert [each["event"].removeprefix(url) for each in said] == [
        " does not answer; whom only a relay helps can't watch",
        " answers again",
    ]


async def test_a_server_without_any_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[IceProbe] = []

    async def look(probe: IceProbe) -> None:
        looked.append(probe)

    monkeypatch.setattr(IceProbe, "look", look)
    probe = IceProbe([], Outages())
    await probe._run()
    assert looked == []

"""Connections that send no whole request: closed in time, and nobody else with them."""

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.waiting import LONG_S

from farmlive.demo.authority import get_certificates
from farmlive.edge import request_limits
from farmlive.server import Server, running
from farmlive.settings import Settings

HEAD = b"GET /healthz HTTP/1.1\r\nHost: farm\r\n\r\n"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_limits, "HEAD_S", 0.4)


@pytest.fixture
async def plain(settings: Settings, tables: None) -> AsyncIterator[Server]:
    """A server; what it holds open is the same on each database."""
    async with running(settings) as server:
        yield server


async def rest(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """What comes back until the server closes, as the parts are sent one after another."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def send() -> None:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)

    sending = asyncio.create_task(send())
    came = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(LONG_S):
            while part := await reader.read(4096):
                came += part
    sending.cancel()
    writer.close()
    return came


async def test_silent_connection_is_closed(plain: Server) -> None:
    assert await rest(plain.port) == b""


async def test_head_that_does_not_end_is_given_up(plain: Server) -> None:
    for parts in ((HEAD[:20],), (HEAD[:-2],), (b"G",)):
        assert (await rest(plain.port, *parts)).startswith(b"HTTP/1.1 408 ")


async def test_head_that_drips_is_given_up(plain: Server) -> None:
    drips = [HEAD[at : at + 1] for at in range(30)]
    assert (await rest(plain.port, *drips, pause=0.05)).startswith(b"HTTP/1.1 408 ")


async def test_empty_lines_keep_no_connection(plain: Server) -> None:
    assert await rest(plain.port, *[b"\r\n"] * 60, pause=0.05) == b""
    came = await rest(plain.port, HEAD, *[b"\r\n"] * 60, pause=0.05)
    assert came.count(b"HTTP/1.1") == 1


async def test_second_request_has_the_same_time(plain: Server) -> None:
    came = await rest(plain.port, HEAD, HEAD, HEAD[:20], pause=0.1)
    assert came.count(b"200 OK") == 2
    assert came.count(b"408 Request Timeout") == 1


async def test_slow_body_and_slow_answer_are_not_cut(plain: Server) -> None:
    body = b'{"name": "nobody", "password": "wrong"}'
    head = (
        b"POST /api/v1/session HTTP/1.1\r\nHost: farm\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    came = await rest(plain.port, head, body[:10], body[10:], pause=0.5)
    assert came.startswith(b"HTTP/1.1 401 ")


async def test_handshake_that_does_not_begin_is_given_up(
    settings: Settings, tables: None, tmp_path: Path
) -> None:
    made = get_certificates(tmp_path, [ipaddress.ip_address("127.0.0.1")])
    update = {"tls_cert": made.chain, "tls_key": made.key}
    async with running(settings.model_copy(update=update)) as server:
        assert await rest(server.port) == b""
        # The first bytes of a ClientHello.
        assert await rest(server.port, b"\x16\x03\x01\x02\x00\x01\x00") == b""

"""Clients that send more than anyone needs, or take nothing of what they asked for: cut in time, at
a cost that others don't feel.
"""

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.media.native.handles import ends_of
from tests.waiting import until

from farmlive import edge, problems
from farmlive.server import Server, running
from farmlive.settings import Settings

GET = b"GET /healthz HTTP/1.1\r\nHost: farm\r\n\r\n"


@pytest.fixture
async def plain(settings: Settings, tables: None) -> AsyncIterator[Server]:
    """A server; what it takes of one client is the same on each database."""
    async with running(settings) as server:
        yield server


async def answers(plain: Server) -> None:
    async with httpx.AsyncClient(base_url=plain.url) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}


async def sent(plain: Server, data: bytes) -> bytes:
    """All that comes back until the server closes, or nothing more does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", plain.port)
    writer.write(data)
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_a_head_has_so_many_fields(plain: Server) -> None:
    def head(fields: int) -> bytes:
        more = b"".join(b"X-%d: x\r\n" % number for number in range(fields - 2))
        return GET[:-2] + b"Connection: close\r\n" + more + b"\r\n"

    assert (await sent(plain, head(edge.FIELDS_MOST))).startswith(b"HTTP/1.1 200 OK")
    came = await sent(plain, head(edge.FIELDS_MOST + 1))
    assert came.startswith(b"HTTP/1.1 400 ")
    assert b"fields at most" in came


async def test_so_many_requests_may_be_sent_ahead(plain: Server) -> None:
    last = GET[:-2] + b"Connection: close\r\n\r\n"
    came = await sent(plain, GET * edge.AHEAD_MOST + last)
    assert came.count(b"HTTP/1.1 200 OK") == edge.AHEAD_MOST + 1
    came = await sent(plain, GET * 5_000)
    assert came.count(b"HTTP/1.1 200 OK") <= edge.AHEAD_MOST + 1
    await answers(plain)


async def test_a_body_of_members_that_nobody_knows_is_refused_for_little(plain: Server) -> None:
    def body(members: int) -> dict[str, int]:
        return {f"member {number}": number for number in range(members)}

    async with httpx.AsyncClient(base_url=plain.url) as client:
        answer = await client.post("/api/v1/session", json=body(edge.MEMBERS_MOST + 1))
        assert answer.status_code == 413
        answer = await client.post("/api/v1/session", json=body(1_000))
        assert answer.status_code == 422
        assert len(answer.json()["errors"]) == problems.ERRORS_MOST


async def test_who_takes_nothing_of_an_answer_is_gone_after_a_while(
    settings: Settings, tables: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "GONE_AFTER_S", 0.5)
    async with running(settings) as plain:
        loop = asyncio.get_running_loop()
        with socket.socket() as sock:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await loop.sock_connect(sock, ("127.0.0.1", plain.port))
            big = b"GET /openapi.json HTTP/1.1\r\nHost: farm\r\n\r\n"
            await loop.sock_sendall(sock, big * edge.AHEAD_MOST)
            await until(lambda: ends_of(sock), "it is there")
            await until(lambda: not ends_of(sock), "the server let go of it", 30)

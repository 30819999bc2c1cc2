"""Clients that send more than anyone needs, or take nothing of what they asked for: cut in time, at
a cost that others don't feel.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import ValidationError
from tests.media.engine.native.support.process_handles import ends_of
from tests.support.money import cny
from tests.support.waiting import LONG_S, until

from farmlive import problems
from farmlive.edge import request_limits
from farmlive.server import Server, running
from farmlive.settings import Settings
from farmlive.shop.core.checkout_models import MAX_LINES, HoldPlace
from farmlive.shop.shipping.models import MAX_FEES

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
        return await asyncio.wait_for(reader.read(), LONG_S)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_a_head_has_so_many_fields(plain: Server) -> None:
    def head(fields: int) -> bytes:
        more = b"".join(b"X-%d: x\r\n" % number for number in range(fields - 2))
        return GET[:-2] + b"Connection: close\r\n" + more + b"\r\n"

    assert (await sent(plain, head(request_limits.MAX_HEADER_FIELDS))).startswith(
        b"HTTP/1.1 200 OK"
    )
    came = await sent(plain, head(request_limits.MAX_HEADER_FIELDS + 1))
    assert came.startswith(b"HTTP/1.1 400 ")
    assert b"fields at most" in came


async def test_a_request_has_one_host(plain: Server) -> None:
    came = await sent(plain, GET[:-2] + b"hOST: evil.example\r\n\r\n")
    assert came.startswith(b"HTTP/1.1 400 ")
    assert b"one Host" in came


async def test_so_many_requests_may_be_sent_ahead(plain: Server) -> None:
    last = GET[:-2] + b"Connection: close\r\n\r\n"
    came = await sent(plain, GET * request_limits.MAX_PIPELINED + last)
    assert came.count(b"HTTP/1.1 200 OK") == request_limits.MAX_PIPELINED + 1
    came = await sent(plain, GET * 5_000)
    assert came.count(b"HTTP/1.1 200 OK") <= request_limits.MAX_PIPELINED + 1
    await answers(plain)


async def test_a_body_of_members_that_nobody_knows_is_refused_for_little(plain: Server) -> None:
    def body(members: int) -> dict[str, int]:
        return {f"member {number}": number for number in range(members)}

    async with httpx.AsyncClient(base_url=plain.url) as client:
        answer = await client.post("/api/v1/session", json=body(request_limits.MAX_MEMBERS + 1))
        assert answer.status_code == 413
        answer = await client.post("/api/v1/session", json=body(1_000))
        assert answer.status_code == 422
        assert len(answer.json()["errors"]) == problems.ERRORS_MOST


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32-le"])
async def test_members_are_counted_in_any_encoding(plain: Server, encoding: str) -> None:
    body = json.dumps({f"member {number}": 0 for number in range(request_limits.MAX_MEMBERS + 1)})
    async with httpx.AsyncClient(base_url=plain.url) as client:
        answer = await client.post(
            "/api/v1/session",
            content=body.encode(encoding),
            headers={"Content-Type": "application/json"},
        )
    assert answer.status_code == 413


async def test_a_body_of_half_a_million_items_is_refused_before_each_is(plain: Server) -> None:
    async with httpx.AsyncClient(base_url=plain.url) as client:
        answer = await client.post(
            "/api/v1/broadcasts/01/holds", json={"lines": [1] * 300_000, "key": "x" * 22}
        )
    assert answer.status_code == 413


def test_lines_of_an_order_are_counted_before_they_are_read() -> None:
    order = {"lines": [1] * (MAX_LINES + 1), "key": "x" * 22}
    with pytest.raises(ValidationError) as refused:
        HoldPlace.model_validate(order)
    assert refused.value.error_count() == 1


def test_the_largest_table_of_fees_is_no_flood() -> None:
    row = {"region": "350000", "upto_g": 10_000_000, "fee": cny(10_000_000)}
    body = json.dumps({"fees": [row] * MAX_FEES}).encode()
    assert len(request_limits._MEMBER.findall(body)) <= request_limits.MAX_MEMBERS
    assert body.count(b",") <= request_limits.MAX_COMMAS


async def test_who_takes_nothing_of_an_answer_is_gone_after_a_while(
    settings: Settings, tables: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_limits, "SEND_TIMEOUT_S", 3.0)
    async with running(settings) as plain:
        loop = asyncio.get_running_loop()
        with socket.socket() as sock:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await loop.sock_connect(sock, ("127.0.0.1", plain.port))
            big = b"GET /openapi.json HTTP/1.1\r\nHost: farm\r\n\r\n"
            await loop.sock_sendall(sock, big * request_limits.MAX_PIPELINED)
            await until(lambda: ends_of(sock), "it is there")
            await until(lambda: not ends_of(sock), "the server let go of it")

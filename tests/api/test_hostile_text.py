"""What a stranger, or a program with a key, puts into every place that takes a text.

No address and no message of the channel may fail over it, on either database, and none may take a
character that nobody can see.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from urllib.parse import quote

import pytest
from tests.support.every_route import PROXIED, Address, Shop, every_address, example, inlined, stock
from tests.support.raw_client import RawClient, Response
from websockets.asyncio.client import connect

from farmlive.broadcast.wire import message_rate
from farmlive.edge import control_characters
from farmlive.server import Server

UNSEEN = ["a\x00b", "\x1b[31m", "\x7f\x85"]
LINES = ["a\tb\r\nc"]
STRANGE = [
    "",
    "'\"; DROP TABLE orders; --",
    "../../etc/passwd%00",
    "{{7*7}}${7*7}\u202e\ufeff",
    "9" * 400,
    "99999999999999999999",
    "-1",
    "²",
    "💣" * 900,
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
]
VALUES: list[object] = [None, True, -1, 1 << 31, 1 << 63, 1 << 200, 0.5, 1e300, [], {}, [[]]]
# No text at all, but it may be written in JSON.
HALVES = ["a\ud800"]


async def asked(client: RawClient, method: str, url: str, **sent: Any) -> Response:
    answer = await client.request(method, url, **sent)
    if answer.status_code >= 500:
        FAILED.append(f"{method} {url[:200]} {str(sent)[:300]}: {answer.text}")
    return answer


# What a server could not answer in the test that runs.
FAILED: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_failed() -> Iterator[None]:
    FAILED.clear()
    yield
    assert FAILED == []


@pytest.fixture
async def shop(server: Server) -> Shop:
    return await stock(server)


def addresses(server: Server) -> Iterator[Address]:
    for address in every_address(server):
        # What ends the broadcast would end the test.
        if not address.path.endswith(("/end", "/{account}/password")):
            yield address


def is_first_database(server: Server) -> bool:
    """Whether it is SQLite, which is given all texts in each place. PostgreSQL is given a part of
    those that come as far as a database: a place more begins where the one before left off.
    """
    return not server.house.settings.database_url


async def test_no_path_and_no_parameter_fails(server: Server, shop: Shop) -> None:
    places, gets_all = 0, is_first_database(server)
    key = {"Authorization": f"Bearer {shop.key}"}
    for headers, texts_of in (({}, [*UNSEEN[:2], *LINES, *STRANGE[:2]]), (key, STRANGE)):
        headers |= {**PROXIED, "Accept": "text/html"}
        async with RawClient(server.url, headers) as client:
            for turn, address in enumerate(addresses(server)):
                for text in texts_of if gets_all else turned(texts_of, turn):
                    sent = quote(text, safe="")
                    urls = [address.url(shop.known, **{name: text}) for name in address.names]
                    urls += [f"{address.url(shop.known)}?{name}={sent}" for name in address.query]
                    for url in urls:
                        places += 1
                        answer = await asked(client, address.method, url)
                        if text in UNSEEN or text in LINES:
                            assert answer.status_code == 422, (url, answer.status_code)
    assert places > (2000 if gets_all else 800)


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of the values within an example."""
    yield place
    if isinstance(value, dict):
        for name, each in value.items():
            yield from leaves(each, (*place, name))
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from leaves(each, (*place, at))


def put(value: Any, place: tuple[Any, ...], other: Any) -> Any:
    """The example with another value in that place."""
    if not place:
        return other
    made = deepcopy(value)
    inner = made
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = other
    return made


def turned(several: list[Any], turn: int, most: int = 4) -> list[Any]:
    """The next few of them, around."""
    begin = turn * most % len(several)
    return (several * 2)[begin : begin + most]


def in_lines(place: tuple[Any, ...]) -> bool:
    return bool(control_characters.SEVERAL_LINES & set(place))


async def test_no_body_fails(server: Server, shop: Shop) -> None:
    known = {"Authorization": f"Bearer {shop.key}", **PROXIED}
    places, taken = 0, 0
    # What must be refused, wherever it stands.
    refused = [*UNSEEN[:1], *LINES, *HALVES] if is_first_database(server) else []
    async with RawClient(server.url, known) as client:
        for address in addresses(server):
            if address.body is None:
                continue
            url = address.url(shop.known)
            good = example(address.body, shop.members)
            for place in leaves(good):
                places += 1
                # Not all in each place: a place more begins where the one before left off.
                strange, values = turned(STRANGE, places), turned(VALUES, places)
                for other in [*refused, *strange, *values]:
                    body = json.dumps(put(good, place, other)).encode()
                    headers = [
                        (b"Idempotency-Key", b"a-key-of-a-test-%04d" % places),
                        (b"Content-Type", b"application/json"),
                    ]
                    answer = await asked(client, address.method, url, content=body, headers=headers)
                    taken += answer.is_success
                    seen = [*UNSEEN, *HALVES, *([] if in_lines(place) else LINES)]
                    if isinstance(other, str) and other in seen:
                        assert answer.status_code == 422, (url, place, other)
                        assert control_characters.ADVICE in answer.text, (url, place, other)
    assert places > 200
    assert taken > 50


async def test_a_second_content_type_hides_no_body(server: Server, shop: Shop) -> None:
    named = json.dumps({"zh": "a\x00b"})
    body = f'{{"name": {named}, "place": {named}}}'.encode()
    key = (b"Authorization", f"Bearer {shop.key}".encode())
    kinds = [b"application/json", b"text/plain", b"Application/JSON; charset=utf-8"]
    async with RawClient(server.url, {}) as client:
        for one, two in ((kinds[0], kinds[1]), (kinds[1], kinds[0]), (kinds[1], kinds[2])):
            headers = [key, (b"Content-Type", one), (b"Content-Type", two)]
            answer = await asked(client, "POST", "/api/v1/farms", content=body, headers=headers)
            assert answer.status_code == 422
            assert control_characters.ADVICE in answer.text


@pytest.mark.parametrize("around", [b"\xa0", b"\x85", b"\x85\xa0"])
async def test_a_content_type_that_is_json_to_its_parser_is_json_to_us(
    server: Server, shop: Shop, around: bytes
) -> None:
    named = json.dumps({"zh": "a\x00b"})
    headers = [
        (b"Authorization", f"Bearer {shop.key}".encode()),
        (b"Content-Type", around + b"application/json" + around),
    ]
    async with RawClient(server.url, {}) as client:
        body = f'{{"name": {named}, "place": {named}}}'.encode()
        answer = await asked(client, "POST", "/api/v1/farms", content=body, headers=headers)
    assert answer.status_code == 422
    assert control_characters.ADVICE in answer.text


async def test_no_header_fails(server: Server, shop: Shop) -> None:
    names = [
        b"Idempotency-Key",
        b"Authorization",
        b"Cookie",
        b"Accept-Language",
        b"Accept",
        b"X-CSRF-Token",
        b"X-Forwarded-For",
        b"Origin",
        b"Range",
        b"If-None-Match",
        b"Content-Type",
        b"Link",
    ]
    values = [b"", b"\xff\xfe", b"\x85", b"'\";", b"9" * 400, b"Bearer fl_\xe9", b"a=\xe9; b"]
    urls = {address.url(shop.known): address for address in addresses(server)}
    async with RawClient(server.url, PROXIED) as client:
        turn = 0
        for url, address in urls.items():
            for name in names:
                turn += 1
                value = values[turn % len(values)]
                await asked(client, address.method, url, headers=[(name, value)])


async def test_no_frame_of_the_channel_fails(
    server: Server, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_rate, "BURST_S", 1_000_000)
    channel = server.house.channel
    url = f"{server.url.replace('http', 'ws')}/api/v1/broadcasts/{shop.known['broadcast']}/live"
    headers = {"Authorization": f"Bearer {shop.key}"}
    async with connect(url, additional_headers=headers, subprotocols=["farmlive.v1"]) as socket:  # type: ignore[list-item]

        async def said(frame: str) -> dict[str, Any]:
            await socket.send(frame)
            while True:
                reply: dict[str, Any] = json.loads(await socket.recv())
                if reply["type"] == "reply":
                    return reply

        for name, command in channel.commands.items():
            shape = command.model.model_json_schema()
            good = example(inlined(shape), {**shop.members, "type": name, "key": "k" * 20})
            for place in leaves(good):
                if not place:
                    continue
                for other in [*UNSEEN, *LINES, *HALVES, *STRANGE, *VALUES]:
                    reply = await said(json.dumps(put(good, place, other)))
                    problem = reply.get("problem", {})
                    if problem.get("status", 200) >= 500:
                        FAILED.append(f"{name} {place} {str(other)[:60]}: {problem}")
                    seen = [*UNSEEN, *HALVES, *([] if in_lines(place) else LINES)]
                    if isinstance(other, str) and other in seen:
                        assert not reply["ok"], (name, place, other)
        for frame in ("", "[" * 60_000, '{"a":' * 10_000, '"', "NaN", "1" * 60_000, "\x00", "[]"):
            assert (await said(frame))["problem"]["status"] < 500, frame[:20]


async def test_no_address_of_a_channel_fails(server: Server, shop: Shop) -> None:
    root = server.url.replace("http", "ws")
    ways = [f"{root}/api/v1/broadcasts/{quote(text[:400], safe='')}/live" for text in UNSEEN]
    live = f"{root}/api/v1/broadcasts/{shop.known['broadcast']}/live"
    ways += [f"{live}?after={quote(text[:400])}" for text in [*UNSEEN, *STRANGE]]
    ways += [f"{root}/api/v1/broadcasts/{quote(text[:400], safe='')}/live" for text in STRANGE]
    for way in ways:
        answer = await _shaken(server, way)
        assert not re.match(r"HTTP/1.1 5", answer), (way, answer)


async def _shaken(server: Server, way: str) -> str:
    """The first line of the answer to a handshake, as a browser may never send it."""
    path = way.partition("://")[2].partition("/")[2]
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        f"GET /{path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    line = await reader.readline()
    writer.close()
    return line.decode()

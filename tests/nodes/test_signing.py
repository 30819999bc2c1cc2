"""What outsiders, and those on the way between two servers, try at the servers' own address."""

import asyncio
import contextlib
import hmac
import socket
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from tests.support.parts import signer_of
from tests.support.waiting import until

from farmlive import compact_json
from farmlive.clock import now_ms, pretended
from farmlive.media.wire.errors import HolderAway, OtherServer
from farmlive.nodes import forwarding
from farmlive.nodes.forwarding import PATH, Forwarding
from farmlive.nodes.leases import Lease
from farmlive.nodes.problems import HolderGone, NotANode
from farmlive.nodes.signing import GOOD_MS, SCHEME, Signer
from farmlive.outages import Outages
from farmlive.server import Server, running
from farmlive.settings import Settings
from farmlive.store.keys import Keys

KEYS = Keys(b"p" * 32, b"o" * 32)
BODY = forwarding.written("health", "01JD0000000000000000000000", "", {})


@pytest.fixture
def one() -> Signer:
    return signer_of(KEYS, "one")


@pytest.fixture
def other() -> Signer:
    return signer_of(KEYS, "other")


def test_a_request_is_taken_once_and_its_answer_is_for_it_alone(one: Signer, other: Signer) -> None:
    authorization, nonce = one.sign("other", BODY)
    signed = other.open(authorization)
    assert signed.nonce == nonce
    assert signed.check(BODY) is True
    seal = other.seal(nonce, b"answer")
    assert one.is_sealed(nonce, b"answer", seal)
    for wrong in ((nonce, b"another"), ("another", b"answer")):
        assert not one.is_sealed(*wrong, seal)
    assert not one.is_sealed(nonce, b"answer", "ü")
    with pytest.raises(NotANode, match="came before"):
        other.open(authorization).check(BODY)


def test_the_key_is_derived_as_every_other(one: Signer) -> None:
    key = KEYS.derive("requests between nodes")
    said = b"answer a number an answer"
    assert one.seal("a number", b"an answer") == hmac.digest(key, said, "sha256").hex()


def test_a_request_is_for_one_process_and_one_body(one: Signer, other: Signer) -> None:
    authorization, _ = one.sign("the process before", BODY)
    assert other.open(authorization).check(BODY) is False
    authorization, _ = one.sign("other", BODY)
    with pytest.raises(NotANode, match="another body"):
        other.open(authorization).check(BODY + b" ")


@pytest.mark.parametrize("away_ms", [-GOOD_MS - 1_000, GOOD_MS + 1_000])
def test_a_request_from_another_time_is_not_taken(one: Signer, other: Signer, away_ms: int) -> None:
    authorization, _ = one.sign("other", BODY)
    with pretended(now_ms() + away_ms), pytest.raises(NotANode, match="another time"):
        other.open(authorization).check(BODY)


def test_what_was_used_is_remembered_for_as_long_as_it_could_be_used(
    one: Signer, other: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("farmlive.nodes.signing.time.monotonic", lambda: now)
    for _ in range(100):
        other.open(one.sign("other", BODY)[0]).check(BODY)
    assert len(other._used) == 100
    now += 2 * GOOD_MS / 1000 + 2
    with pretended(now_ms() + 2 * GOOD_MS + 2_000):
        other.open(one.sign("other", BODY)[0]).check(BODY)
    assert len(other._used) == 1


def forged() -> list[str]:
    signer = signer_of(KEYS, "one")
    good, _ = signer.sign("other", BODY)
    written, _, mac = good.partition(" ")[2].partition(".")
    said = compact_json.decode(urlsafe_b64decode(written)) | {"to": "one"}
    changed = urlsafe_b64encode(compact_json.encode(said)).decode()
    stranger, _ = signer_of(Keys(b"x" * 32, b"y" * 32), "one").sign("other", BODY)
    return [
        "",
        "Bearer flk_something",
        SCHEME,
        f"{SCHEME} ",
        f"{SCHEME} .",
        f"{SCHEME} {written}",
        f"{SCHEME} {written}.",
        f"{SCHEME} {written}.{mac[:-1]}",
        f"{SCHEME} {changed}.{mac}",
        f"{SCHEME} {'A' * 5000}.{mac}",
        f"{SCHEME} {written}.\xfc",
        stranger,
    ]


@pytest.mark.parametrize("authorization", forged())
def test_forged_heads_are_refused_before_anything_is_read_of_them(
    other: Signer, authorization: str
) -> None:
    with pytest.raises(NotANode):
        other.open(authorization)


async def test_outsiders_get_nothing_there(server: Server) -> None:
    async def endless() -> Any:
        while True:
            yield b"x" * 65536
            await asyncio.sleep(0)

    async with httpx.AsyncClient(base_url=server.url) as http:
        for authorization in forged():
            headers = {b"Authorization": authorization.strip().encode("latin-1")}
            response = await http.post(PATH, content=BODY, headers=headers)
            assert response.status_code == 403
            assert response.json()["type"] == "/problems/not-a-node"
            assert SCHEME not in response.headers
        # A signed head with more behind it than any request has.
        leases = server.house.media.leases
        signer = signer_of(server.house.store.keys, "another")
        authorization, _ = signer.sign(leases.node, BODY)
        headers = {b"Authorization": authorization.encode()}
        response = await http.post(PATH, content=b"x" * (600 * 1024), headers=headers)
        assert response.json()["type"] == "/problems/too-large"
        response = await http.post(PATH, content=BODY, headers=headers)
        assert response.status_code == 200
        response = await http.post(PATH, content=BODY, headers=headers)
        assert response.json()["type"] == "/problems/not-a-node"
        assert (await http.get(PATH)).status_code == 405


async def test_it_answers_by_whatever_name_and_no_visitor_by_another(settings: Settings) -> None:
    named = settings.model_copy(update={"public_url": "https://live.example.org"})
    async with running(named) as server:
        url = f"http://127.0.0.1:{server.port}"
        async with httpx.AsyncClient(base_url=url, headers={"Host": "10.0.0.2:8000"}) as http:
            assert (await http.post(PATH)).status_code == 403
            assert (await http.get("/")).status_code == 421


async def test_an_answer_that_no_server_of_ours_gave_is_not_believed(
    one: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Someone has the address of a server that is gone."""
    left = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = compact_json.encode({"result": ["token", '"etag"', "v=0"]})
        head = f"HTTP/1.1 200 OK\r\n{SCHEME}: {'0' * 64}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()
        left.set()

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        left.set()

    monkeypatch.setattr(forwarding, "ANSWER_S", 0.1)
    for behave in (answer, silence):
        stranger = await asyncio.start_server(behave, "127.0.0.1", 0)
        port = stranger.sockets[0].getsockname()[1]
        lease = Lease("other", f"http://127.0.0.1:{port}", 1)
        outages = Outages()
        asking = Forwarding(one, outages, "")
        for _ in range(2):  # the second time of one that said nothing without asking
            with pytest.raises(HolderAway) as away:
                await asking.ask(lease, "view", "a broadcast", "v=0")
            assert away.value.headers["Retry-After"] == "2"
        assert [each.name for each in outages.failing()] == ["media_server"]
        asking.need_nobody()
        assert outages.failing() == []
        await asking.stop()
        await left.wait()
        left.clear()
        stranger.close()


async def test_where_nobody_listens_any_more_the_server_has_ended(one: Signer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    asking = Forwarding(one, Outages(), "")
    with pytest.raises(HolderGone):
        await asking.ask(Lease("other", f"http://127.0.0.1:{port}", 1), "health", "a broadcast")
    await asking.stop()


async def test_a_server_with_the_address_of_this_one_is_not_asked(one: Signer) -> None:
    outages = Outages()
    asking = Forwarding(one, outages, "http://10.0.0.2:8000")
    with pytest.raises(OtherServer):
        await asking.ask(Lease("other", "http://10.0.0.2:8000", 1), "health", "a broadcast")
    (failing,) = outages.failing()
    assert failing.reason == "its FARMLIVE_NODE_URL is ours"
    await asking.stop()


async def test_no_answer_is_read_that_is_longer_than_ours(one: Signer) -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
                sent += 65536
        writer.close()
        left.set()

    left = asyncio.Event()
    stranger = await asyncio.start_server(flood, "127.0.0.1", 0)
    port = stranger.sockets[0].getsockname()[1]
    asking = Forwarding(one, Outages(), "")
    with pytest.raises(HolderAway):
        await asking.ask(Lease("other", f"http://127.0.0.1:{port}", 1), "health", "a broadcast")
    await left.wait()
    assert sent < 100 << 20  # what the sockets between them hold, and no gigabyte
    await asking.stop()
    stranger.close()


@contextlib.asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[Lease]:
    """Have something serve on a port, as if it held the lease; until all have gone from there."""
    there = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal there
        there += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        there -= 1

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield Lease(f"at {port}", f"http://127.0.0.1:{port}", 1)
    server.close()
    await until(lambda: there == 0, "all have gone")


async def test_a_silent_server_is_not_forgotten_for_another_one(
    one: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "SILENT_S", 60.0)
    asked = 0

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.read()

    asking = Forwarding(one, Outages(), "")
    asking._http.timeout = httpx.Timeout(1.0)
    async with listening(silence) as here, listening(silence) as there:
        for lease in (here, there) * 3:
            with pytest.raises(HolderAway):
                await asking.ask(lease, "health", "a broadcast")
        assert asked == 2
        await asking.stop()


async def test_a_rush_waits_here_for_a_server_that_answers(
    one: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as 500 viewers who come at once to a server that has not the cameras."""
    monkeypatch.setattr(forwarding, "_TURN_S", 60.0)
    monkeypatch.setattr(forwarding, "ANSWER_S", 60.0)
    one_at_a_time = asyncio.Lock()
    now = most = 0
    said = compact_json.encode({"result": ["token", '"etag"', "v=0"]})

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        while head := await reader.readuntil(b"\r\n\r\n"):
            now += 1
            most = max(most, now)
            lines = head.decode().splitlines()
            fields = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines)}
            await reader.readexactly(int(fields["content-length"]))
            nonce = holder.open(fields["authorization"]).nonce
            async with one_at_a_time:
                await asyncio.sleep(0.004)
            now -= 1
            seal = f"{SCHEME}: {holder.seal(nonce, said)}"
            writer.write(
                f"HTTP/1.1 200 OK\r\n{seal}\r\nContent-Length: {len(said)}\r\n\r\n".encode()
            )
            writer.write(said)

    outages = Outages()
    asking = Forwarding(one, outages, "")
    async with listening(slow) as lease:
        holder = signer_of(KEYS, lease.node)
        asks = (asking.ask(lease, "view", "a broadcast", "v=0" * 1000) for _ in range(500))
        found = await asyncio.gather(*asks, return_exceptions=True)
        assert Counter(map(str, found)) == {str(["token", '"etag"', "v=0"]): 500}
        assert most <= 32
        assert outages.failing() == []
        await asking.stop()


async def test_who_waits_for_a_silent_server_is_told_so_and_keeps_nobody_from_another(
    one: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "SILENT_S", 60.0)
    asked: Counter[int] = Counter()

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked[writer.get_extra_info("sockname")[1]] += 1
        await reader.read()

    asking = Forwarding(one, Outages(), "")
    asking._http.timeout = httpx.Timeout(1.0)

    async def ask(lease: Lease) -> None:
        with pytest.raises(HolderAway):
            await asking.ask(lease, "view", "a broadcast", "v=0")

    async with listening(silence) as here, listening(silence) as there:
        await asyncio.gather(*(ask(here) for _ in range(100)), ask(there))
        assert sorted(asked.values()) == [1, 32]
        await asking.stop()


@pytest.mark.parametrize("where", ["here", "inside httpx"])
async def test_a_server_that_was_not_asked_is_not_called_silent(
    one: Signer, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    outages = Outages()
    asking = Forwarding(one, outages, "")
    lease = Lease("other", "http://127.0.0.1:9", 1)
    if where == "here":
        monkeypatch.setattr(forwarding, "_TURN_S", 0.05)
        for _ in range(32):
            await asking._turns[lease.url].acquire()
    else:

        async def full(*_: Any) -> None:
            raise httpx.PoolTimeout("full")

        monkeypatch.setattr(asking, "_send", full)
    with pytest.raises(HolderAway):
        await asking.ask(lease, "view", "a broadcast", "v=0")
    assert outages.failing() == []
    assert asking._silent == {}
    await asking.stop()

"""What someone between two servers has of their requests: to read, to repeat, to lead astray."""

import asyncio

import httpx
import pytest
from tests.nodes.conftest import Pair
from tests.support.parts import signer_of

from farmlive.clock import now_ms, pretended
from farmlive.media.wire.errors import HolderAway
from farmlive.nodes import forwarding
from farmlive.nodes.forwarding import Forwarding
from farmlive.nodes.leases import Lease
from farmlive.nodes.problems import NotANode
from farmlive.outages import Outages
from farmlive.server import Server
from farmlive.store import reference
from farmlive.store.keys import Keys

KEYS = Keys(b"p" * 32, b"o" * 32)
BROADCAST = "01JD0000000000000000000000"
BODY = forwarding.written("health", BROADCAST, "", {})


async def test_no_cookie_goes_between_servers(server: Server) -> None:
    house = server.house
    authorization, _ = signer_of(house.store.keys, "another").sign(house.media.leases.node, BODY)
    async with httpx.AsyncClient(base_url=server.url) as http:
        for head, status in ((authorization, 200), ("", 403)):
            response = await http.post(
                forwarding.PATH, content=BODY, headers={"Authorization": head}
            )
            assert response.status_code == status
            assert "set-cookie" not in response.headers


async def test_no_cookie_is_kept_of_whoever_answers() -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        cookies = b"Set-Cookie: a=b\r\nSet-Cookie: c=d; Domain=127.0.0.1; Path=/\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\n" + cookies + b"Content-Length: 0\r\n\r\n")
        writer.close()

    stranger = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = stranger.sockets[0].getsockname()[1]
    asking = Forwarding(signer_of(KEYS, "one"), Outages(), "")
    for _ in range(2):
        with pytest.raises(HolderAway):
            await asking.ask(Lease("other", f"http://127.0.0.1:{port}", 1), "health", BROADCAST)
    assert len(heads) == 2
    assert not [head for head in heads if b"cookie:" in head.lower()]
    await asking.stop()
    stranger.close()


def test_no_request_is_taken_again_where_the_clock_was_put_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steady, epoch, start = 1000.0, 0, now_ms()
    monkeypatch.setattr("farmlive.nodes.signing.time.monotonic", lambda: steady)
    one, other = (signer_of(KEYS, name, lambda: epoch) for name in ("one", "other"))

    def check(authorization: str, at: int) -> bool:
        with pretended(at):
            return other.open(authorization).check(BODY)

    def signed(at: int) -> str:
        with pretended(at):
            return one.sign("other", BODY)[0]

    captured = signed(start)
    assert check(captured, start)
    steady += 35
    assert check(signed(start + 35_000), start + 35_000)
    with pytest.raises(NotANode, match="another time"):
        check(captured, start + 35_000)
    # A step within an epoch, as of what is made up for by going slower: its number is forgotten.
    with pytest.raises(NotANode, match="came before"):
        check(captured, start + 14_000)
    # One that makes an epoch: honest requests of the same times are taken.
    epoch += 1
    with pytest.raises(NotANode, match="another time"):
        check(captured, start)
    assert check(signed(start - 1_000), start - 1_000)


async def test_a_server_refuses_what_was_signed_before_its_clock_was_moved(server: Server) -> None:
    house = server.house
    one = signer_of(house.store.keys, "one", lambda: house.store.clock_epoch)
    before, _ = one.sign(house.media.leases.node, BODY)
    was = house.store.clock_epoch
    await house.store.write(lambda connection: reference.write_row(connection, epoch=was + 1))
    await house.store.write(lambda connection: None)  # which hears of it
    assert house.store.clock_epoch == was + 1
    after, _ = one.sign(house.media.leases.node, BODY)
    async with httpx.AsyncClient(base_url=server.url) as http:
        for head, status in ((before, 403), (after, 200), (after, 403)):
            response = await http.post(
                forwarding.PATH, content=BODY, headers={"Authorization": head}
            )
            assert response.status_code == status


@pytest.mark.redis
@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_server_that_is_led_to_says_nothing_of_another(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is on the way brings a request to a server that it was not meant for."""
    await pair.camera("Orchard", pair.one.url)
    viewer = await pair.watch(pair.other.url)
    there = pair.other.house.media.forwarding
    send, statuses = there._send, []

    async def lead_astray(_: str, body: bytes, authorization: str) -> tuple[int, str, bytes]:
        answer = await send(pair.other.url, body, authorization)
        statuses.append(answer[0])
        return answer

    session = viewer.session.location
    async with httpx.AsyncClient() as http:
        with monkeypatch.context() as patched:
            patched.setattr(there, "_send", lead_astray)
            response = await http.delete(session)
        assert statuses == [403]
        assert (response.status_code, response.json()["type"]) == (
            503,
            "/problems/media-server-away",
        )
        assert (await http.delete(session)).status_code == 200
        viewer.session = None

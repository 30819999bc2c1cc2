"""What someone between two servers has of their requests: to read, to repeat, to lead astray."""

import asyncio

import httpx
import pytest

from farmlive.media.refusals import HolderAway
from farmlive.nodes import forwarding
from farmlive.nodes.forwarding import Forwarding
from farmlive.nodes.leases import Lease
from farmlive.nodes.signing import Signer
from farmlive.outages import Outages
from farmlive.server import Server
from farmlive.store.keys import Keys

KEYS = Keys(b"p" * 32, b"o" * 32)
BROADCAST = "01JD0000000000000000000000"
BODY = forwarding.written("health", BROADCAST, "", {})


async def test_no_cookie_goes_between_servers(server: Server) -> None:
    house = server.house
    authorization, _ = Signer(house.store.keys, "another").sign(house.leases.node, BODY)
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
    asking = Forwarding(Signer(KEYS, "one"), Outages())
    for _ in range(2):
        with pytest.raises(HolderAway):
            await asking.ask(Lease("other", f"http://127.0.0.1:{port}", 1), "health", BROADCAST)
    assert len(heads) == 2
    assert not [head for head in heads if b"cookie:" in head.lower()]
    await asking.stop()
    stranger.close()

"""The channel's WebSocket protocol where uvicorn's own would fail."""

import asyncio

import pytest
import websockets
from websockets.protocol import State

from farmlive.broadcast.wire.ws_protocol import ChannelProtocol
from farmlive.client import Api
from farmlive.server import running
from farmlive.settings import Settings


async def test_a_server_stops_while_a_channel_is_in_its_closing_handshake(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing = asyncio.Event()

    def linger(protocol: ChannelProtocol, _event: object) -> None:
        """Leave the connection open, as until the kernel has taken the reply."""
        protocol.conn.data_to_send()
        closing.set()

    monkeypatch.setattr(ChannelProtocol, "handle_close", linger)
    async with running(settings) as server:
        _, key = await server.house.people.create_api_key("test", "coordinator")
        async with Api(server.url, key=key) as api:
            broadcast = (await api.create_broadcast({"en": "Live"}))["id"]
        url = f"{server.url.replace('http', 'ws', 1)}/api/v1/broadcasts/{broadcast}/live"
        client = await websockets.connect(url, subprotocols=[websockets.Subprotocol("farmlive.v1")])
        ending = asyncio.create_task(client.close())
        await closing.wait()
    await ending
    assert client.state is State.CLOSED

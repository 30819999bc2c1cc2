"""Media over TCP: aiortc peers through a passage, and what a connection may and may not do."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.media.support.media_server import Media, serving
from tests.media.support.moving_peers import (
    flows,
    moving_publisher,
    moving_viewer,
    one_that_takes_nothing,
    passages,
)
from tests.support.waiting import LONG_S, until

from farmlive.media.engine.interface import ViewerHealth
from farmlive.media.engine.python.net import tcp
from farmlive.media.engine.python.net.sockets import Port
from farmlive.media.engine.python.net.tcp import ConnectionLimits, TcpPorts
from farmlive.media.wire.framing import LARGEST, Deframer, frame
from farmlive.settings import Settings

__all__ = ["passages"]


class Room:
    """The TCP port on one address, what was taken from it, and who connects."""

    def __init__(self, most: int = 8, unproved: int = 4, most_of_an_address: int = 6) -> None:
        self.ports = TcpPorts()
        self.ports.limits = ConnectionLimits(most, unproved, most_of_an_address)
        self.taken: list[bytes] = []
        number = self.ports.open(["127.0.0.1"], 0, self._take, lambda now: None)
        self.address = ("127.0.0.1", number)
        (self.port,) = self.ports.all
        self.socks: list[socket.socket] = []

    def _take(self, port: Port, data: bytes, stamped: object, address: Any, now: float) -> None:
        self.taken.append(data)
        if data == b"check":
            port.peers[address] = Nobody()

    async def connect(self, host: str = "127.0.0.1") -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socks.append(sock)
        sock.bind((host, 0))
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, self.address)
        return sock

    async def comes(self, *expected: bytes) -> None:
        await until(lambda: len(self.taken) >= len(expected), "the packets are taken")
        assert self.taken == list(expected)
        self.taken.clear()

    async def holds(self, count: int) -> None:
        await until(lambda: len(self.port.connections) == count, f"{count} connections are open")
        assert len(self.ports.limits) == count

    def close(self) -> None:
        self.ports.close()
        for sock in self.socks:
            sock.close()


class Nobody:
    """A peer that has proved where it is."""

    cut: tuple[Port, Any] | None = None

    def remove_path(self, port: Port, address: Any) -> None:
        self.cut = port, address


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    room = Room()
    yield room
    room.close()


async def ended(sock: socket.socket) -> bool:
    try:
        return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 1), LONG_S) == b""
    except ConnectionError:
        return True


async def test_packets_are_taken_whole_and_sent_framed(room: Room) -> None:
    sock = await room.connect()
    sock.send(frame(b"first") + frame(b"second")[:4])
    await room.comes(b"first")
    sock.send(frame(b"second")[4:])
    await room.comes(b"second")
    room.port.send(b"answer", sock.getsockname())
    got = await asyncio.get_running_loop().sock_recv(sock, 100)
    assert Deframer().feed(got) == [b"answer"]
    room.port.send(b"lost", ("127.0.0.1", 1))


async def test_a_packet_that_is_too_long_ends_the_connection(room: Room) -> None:
    sock = await room.connect()
    sock.send((LARGEST + 1).to_bytes(2, "big"))
    assert await ended(sock)
    await room.holds(0)


async def test_who_proves_nothing_is_shut_out(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "CHECKED_WITHIN_S", 1.0)
    stranger, peer = await room.connect(), await room.connect()
    peer.send(frame(b"check"))
    assert await ended(stranger)
    await room.holds(1)
    assert peer.getsockname() in room.port.connections


async def test_where_all_is_full_a_stranger_makes_room_and_never_a_peer() -> None:
    room = Room(most=3)
    peer, oldest, other = [await room.connect() for _ in range(3)]
    peer.send(frame(b"check"))
    await room.comes(b"check")
    await room.holds(3)
    for stranger in (oldest, other):
        await room.connect("127.0.0.2")
        assert await ended(stranger)
        await room.holds(3)
    assert peer.getsockname() in room.port.connections
    room.close()


async def test_a_peer_whose_connection_ends_is_told_of(room: Room) -> None:
    sock = await room.connect()
    address = sock.getsockname()
    sock.send(frame(b"check"))
    await room.comes(b"check")
    peer = room.port.peers[address]
    sock.close()
    await room.holds(0)
    assert peer.cut == (room.port, address)
    assert not room.port.peers


async def test_a_peer_that_is_removed_loses_its_connection(room: Room) -> None:
    sock = await room.connect()
    sock.send(frame(b"check"))
    await room.comes(b"check")
    room.port.forget(sock.getsockname())
    assert await ended(sock)


async def test_strangers_of_one_address_are_bounded_and_peers_are_not_counted_among_them(
    room: Room,
) -> None:
    peer, *_ = [await room.connect() for _ in range(4)]
    await room.holds(4)
    assert await ended(await room.connect())
    assert room.ports.limits.refused == 1
    await room.connect("127.0.0.2")
    await room.holds(5)
    peer.send(frame(b"check"))
    await room.comes(b"check")
    await room.connect()
    await room.holds(6)
    assert await ended(await room.connect())


async def test_one_address_leaves_places_for_others(room: Room) -> None:
    for _ in range(6):
        peer = await room.connect()
        peer.send(frame(b"check"))
        await room.comes(b"check")
    assert await ended(await room.connect())
    await room.connect("127.0.0.2")
    await room.holds(7)
    peer.close()
    await room.holds(6)
    await room.connect()
    await room.holds(7)


async def test_who_connects_anew_from_the_same_port_is_let_in(room: Room) -> None:
    first = await room.connect()
    port = first.getsockname()[1]
    await room.holds(1)
    # A reset, and the next one before anybody has read of it.
    first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    room.port._loop.remove_reader(room.port.connections["127.0.0.1", port]._sock)
    first.close()
    with socket.create_connection(room.address, source_address=("127.0.0.1", port)) as second:
        second.send(frame(b"check"))
        await room.comes(b"check")
        await room.holds(1)
    await room.holds(0)


async def test_where_all_is_full_one_that_proved_nothing_makes_room(room: Room) -> None:
    strangers = [await room.connect() for _ in range(4)]
    await room.holds(4)
    for _ in range(4):
        (await room.connect("127.0.0.2")).send(frame(b"check"))
    await room.holds(8)
    late = await room.connect("127.0.0.3")
    assert await ended(strangers[0])
    late.send(frame(b"check"))
    await until(lambda: late.getsockname() in room.port.peers, "the late one is in")


async def test_a_port_that_is_taken_names_the_setting(media: Media, settings: Settings) -> None:
    port = next(each.port for each in media.relay.candidates if each.protocol == "tcp")
    with pytest.raises(OSError, match="FARMLIVE_TCP_PORT"):
        async with serving(settings.model_copy(update={"tcp_port": port})):
            pass
    off = settings.model_copy(update={"tcp_port": "off"})
    async with serving(off) as other:
        assert {each.protocol for each in other.relay.candidates} == {"udp"}


async def test_a_viewer_and_a_publisher_by_tcp(media: Media, passages: list[Any]) -> None:
    source, way_in = await moving_publisher(media, passages)
    await way_in.by_tcp()
    await source.negotiate()
    await flows(media)
    viewer, way_out = await moving_viewer(media, passages)
    await way_out.by_tcp()
    await viewer.negotiate()
    await until(lambda: viewer.frames["video"] > 20, "the viewer decodes")
    await until(lambda: viewer.frames["audio"] > 20, "and hears")
    assert [place and place.protocol for place in map(media.place, (source, viewer))] == ["tcp"] * 2
    await viewer.connection.close()
    await media.http.delete(viewer.location)
    await until(lambda: media.held["connections"] == 1, "a viewer that left has no connection")


async def test_a_viewer_that_takes_nothing_costs_the_others_nothing(
    media: Media, passages: list[Any]
) -> None:
    quick, slow, way = await one_that_takes_nothing(media, passages)
    number = media.session(slow).peer

    def watching() -> ViewerHealth:
        found = media.engine.viewer_health(number)
        assert found is not None
        return found

    assert (watching().transport, watching().dropped) == ("tcp", 0)
    before = quick.frames["video"]
    await until(lambda: watching().dropped > 0, "the slow viewer falls behind")
    assert media.relay.metrics()["packets_dropped"] > 0
    await until(lambda: quick.frames["video"] > before + 30, "the other one goes on")
    shown = slow.frames["video"]
    way.go_on()
    await until(lambda: slow.frames["video"] > shown + 20, "it may go on, and does")

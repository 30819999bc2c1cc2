"""The relay's thread on real sockets: who is answered, how many may connect, and its end."""

import asyncio
import os
import resource
import signal
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.media.engine.native.loop.loopback import Room, heard
from tests.media.engine.native.support.process_handles import ends_of, handles, rests, threads
from tests.media.engine.native.support.stepped_engine import LOCAL, check
from tests.media.engine.native.support.stepped_engines import Told
from tests.support.free_ports import APART
from tests.support.waiting import LONG_S, until

from farmlive.media.engine.interface import Credentials, RemoteAddress
from farmlive.media.engine.native.engine import NativeEngine
from farmlive.media.wire import stun
from farmlive.media.wire.framing import LARGEST, Deframer, frame

OF_AN_ADDRESS, IN_ALL = 256, 4096


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    engine = NativeEngine()
    with ExitStack() as sockets:
        room = Room(engine, sockets)
        await engine.start(room.told, [APART], [APART], 0, 0)
        yield room
        await engine.stop()


async def is_answered(sock: socket.socket) -> bool:
    """Check and wait for the answer."""
    framed = sock.type == socket.SOCK_STREAM
    sock.send(frame(check()) if framed else check())
    data = await heard(sock)
    (packet,) = Deframer().feed(data) if framed else [data]
    answer = stun.parse(packet)
    return answer.kind == stun.BINDING_SUCCESS and answer.authentic(LOCAL.password.encode())


async def is_reached(engine: NativeEngine, peer: int, place: RemoteAddress) -> None:
    await until(lambda: engine.remote_address(peer) == place, "it is there")


async def has_ended(sock: socket.socket) -> bool:
    try:
        return await heard(sock) == b""
    except ConnectionError:
        return True


async def test_a_peer_is_answered_by_udp_and_tcp(room: Room) -> None:
    peer = room.engine.add_peer(LOCAL)
    sock, stream = await room.udp(), await room.tcp()
    assert await is_answered(sock)
    await room.tells("reached", peer)
    assert await is_answered(stream)
    # What comes from either is the peer's, and what is for it goes to where it is.
    for way, record in ((sock, b"\x16one"), (stream, frame(b"\x16two"))):
        way.send(record)
        await room.tells("dtls", peer, record[-4:])
    room.engine.send(peer, b"record")
    assert await heard(sock) == b"record"
    stream.send(frame(check(nominate=True)))
    await heard(stream)
    room.engine.send(peer, b"another")
    assert await heard(stream) == frame(b"another")


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
async def test_whoever_comes_as_soon_as_it_is_let_in_is_answered(room: Room, protocol: str) -> None:
    socks = [await (room.udp() if protocol == "udp" else room.tcp()) for _ in range(100)]
    # Those before keep no place, though they were heard a moment ago.
    room.engine.relay.set_times(30.0, 3.0, -1.0)
    for turn in range(10):
        for number, sock in enumerate(socks):
            local = Credentials(f"of{turn}-{number}", LOCAL.password)
            room.engine.add_peer(local)
            sock.send(check(local) if protocol == "udp" else frame(check(local)))
        for sock in socks:
            assert len(await heard(sock)) > 20


async def test_strangers_get_no_answer(room: Room) -> None:
    room.engine.add_peer(LOCAL)
    sock = await room.udp()
    for data in (b"", b"\x16record", check(Credentials(LOCAL.ufrag, "wrong")), bytes(3000)):
        sock.send(data)
    assert await is_answered(sock)
    counts = room.engine.counters()
    assert (counts["datagrams_received"], counts["datagrams_ignored"]) == (5, 4)


async def test_a_stream_may_be_cut_anywhere(room: Room) -> None:
    peer = room.engine.add_peer(LOCAL)
    stream = await room.tcp()
    assert await is_answered(stream)
    for byte in frame(b"\x16in pieces") + frame(b"") + frame(b"\x17")[:2]:
        stream.send(bytes([byte]))
        await asyncio.sleep(0)
    await room.tells("dtls", peer, b"\x16in pieces")
    stream.send(b"\x17" + frame(b"\x16a") + frame(b"\x16b"))
    for record in (b"\x17", b"\x16a", b"\x16b"):
        await room.tells("dtls", peer, record)
    stream.send((LARGEST + 1).to_bytes(2, "big"))
    assert await has_ended(stream)


async def test_a_peer_whose_connection_ended_is_where_its_next_check_comes_from(
    room: Room,
) -> None:
    peer = room.engine.add_peer(LOCAL)
    stream, sock = await room.tcp(), await room.udp()
    assert await is_answered(stream)
    await room.tells("reached", peer)
    stream.close()
    # It is nowhere once that is known, and then reached anew.
    for _ in range(100):
        assert await is_answered(sock)
        if ("reached", peer) in room.told.events:
            break
    await room.tells("reached", peer)
    room.engine.send(peer, b"record")
    assert await heard(sock) == b"record"


async def test_who_hangs_up_before_its_answer_is_nowhere(room: Room) -> None:
    peer = room.engine.add_peer(LOCAL)
    for number in range(100):
        # Each from a host of its own: a port that the system gives again cuts off who had it.
        stream = await room.tcp(f"127.0.0.{2 + number}")
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.send(frame(check()))
        stream.close()
    await until(lambda: room.engine.counters()["datagrams_received"] == 100, "all were read")
    await until(lambda: room.engine.gauges()["connections"] == 0, "all have ended")
    assert room.engine.gauges()["addresses"] == 0
    assert room.engine.remote_address(peer) is None


async def test_a_peer_that_is_removed_loses_its_connection_and_its_address(room: Room) -> None:
    peer = room.engine.add_peer(LOCAL)
    stream, sock = await room.tcp(), await room.udp()
    assert await is_answered(stream)
    assert await is_answered(sock)
    room.engine.remove_peer(peer)
    assert await has_ended(stream)
    ignored = room.engine.counters()["datagrams_ignored"]
    sock.send(b"\x16record")
    sock.send(check())
    await until(
        lambda: room.engine.counters()["datagrams_ignored"] == ignored + 2, "nobody is there"
    )


async def test_connections_of_one_address_are_bounded(room: Room) -> None:
    for _ in range(OF_AN_ADDRESS):
        await room.tcp()
    assert await has_ended(await room.tcp())
    assert room.engine.counters()["connections_refused"] == 1
    room.engine.add_peer(LOCAL)
    assert await is_answered(await room.tcp("127.0.1.1"))


async def test_who_connects_anew_from_the_same_port_is_let_in(room: Room) -> None:
    room.engine.add_peer(LOCAL)
    port = 0
    for _ in range(50):
        stream = await asyncio.to_thread(
            socket.create_connection, room.way("tcp"), source_address=(APART, port)
        )
        with stream:
            port = stream.getsockname()[1]
            stream.setblocking(False)
            assert await is_answered(stream)
            # Its end is a reset, so that the port is free at once.
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await until(lambda: not room.engine.gauges()["connections"], "none is left")


async def test_where_all_is_full_the_oldest_that_proved_nothing_makes_room(room: Room) -> None:
    room.engine.add_peer(LOCAL)
    proved = await room.tcp("127.0.1.1")
    assert await is_answered(proved)
    streams = [
        await room.tcp(f"127.0.0.{1 + number // OF_AN_ADDRESS}") for number in range(IN_ALL - 1)
    ]
    late = await room.tcp("127.0.1.2")
    assert await is_answered(late)
    assert await has_ended(streams[0])
    assert await is_answered(proved)


async def test_who_proves_nothing_is_shut_out(room: Room) -> None:
    room.engine.add_peer(LOCAL)
    stranger, peer = await room.tcp(), await room.tcp()
    began = asyncio.get_running_loop().time()
    assert await is_answered(peer)
    assert await asyncio.wait_for(asyncio.get_running_loop().sock_recv(stranger, 1), LONG_S) == b""
    assert asyncio.get_running_loop().time() - began > 9
    assert await is_answered(peer)


async def test_without_room_in_the_system_who_connects_waits(room: Room) -> None:
    room.engine.add_peer(LOCAL)
    sock, way, loop = room.own(socket.SOCK_STREAM), room.way("tcp"), asyncio.get_running_loop()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, limits[1]))
    try:
        await loop.sock_connect(sock, way)
        sock.send(frame(check()))
        began = time.process_time()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(loop.sock_recv(sock, 4096), 0.5)
        assert time.process_time() - began < 0.3, "it does not try again and again"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert await heard(sock)


async def test_what_a_child_process_still_holds_wakes_nobody(room: Room) -> None:
    """A child has each descriptor until its program begins."""
    room.engine.add_peer(LOCAL)
    stream = await room.tcp()
    assert await is_answered(stream)
    kept = [os.dup(each) for each in ends_of(stream)]
    assert kept
    stream.close()
    await until(lambda: room.engine.gauges()["connections"] == 0, "it was told")
    await until(lambda: rests("farmlive-media"), "the thread waits")
    for each in kept:
        os.close(each)


async def test_every_address_has_ports_of_its_own() -> None:
    told: Any = Told()
    engine = NativeEngine()
    await engine.start(told, [APART, "::1"], [APART, "::1"], 0, 0)
    theirs = Credentials("theirs", "a password of theirs")
    peer, loop = engine.add_peer(LOCAL, theirs), asyncio.get_running_loop()
    with ExitStack() as sockets:
        room = Room(engine, sockets)
        for candidate in engine.candidates:
            kind = socket.SOCK_DGRAM if candidate.protocol == "udp" else socket.SOCK_STREAM
            sock = room.own(kind, candidate.address)
            await loop.sock_connect(sock, (candidate.address, candidate.port))
            data = check(nominate=True)
            sock.send(data if kind == socket.SOCK_DGRAM else frame(data))
            assert stun.parse((await heard(sock))[-64 - 12 * (":" in candidate.address) :])
            if kind == socket.SOCK_DGRAM:
                asked = stun.parse(await heard(sock))
                sock.send(stun.success(asked, APART, 1, theirs.password.encode()))
            address, port = sock.getsockname()[:2]
            await is_reached(engine, peer, RemoteAddress(address, port, candidate.protocol))
            engine.send(peer, b"record")
            assert (await heard(sock))[-6:] == b"record"
    await engine.stop()


async def test_a_machine_may_have_many_addresses() -> None:
    told: Any = Told()
    engine = NativeEngine()
    addresses = [f"127.0.1.{number}" for number in range(100)]
    await engine.start(told, addresses, addresses, 0, 0)
    assert len(engine.candidates) == 200
    await engine.stop()


async def test_the_thread_leaves_signals_to_python(room: Room) -> None:
    status = (dict(threads())["farmlive-media"] / "status").read_text()
    blocked = int(status.split("SigBlk:")[1].split()[0], 16)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        assert blocked >> (number - 1) & 1


@pytest.mark.parametrize("send_threads", [0, 2])
async def test_nothing_is_left_of_an_engine_that_stopped(send_threads: int) -> None:
    told: Any = Told()

    async def live() -> None:
        engine = NativeEngine(send_threads)
        await engine.start(told, [APART], [APART], 0, 0)
        with ExitStack() as sockets:
            room = Room(engine, sockets)
            engine.add_peer(LOCAL)
            assert await is_answered(await room.tcp())
            assert await is_answered(await room.udp())
            way = room.way("tcp")
            await engine.stop()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(way)

    await live()
    before, alive = handles(), threading.active_count()
    for _ in range(20):
        await live()
    assert handles() == before
    assert threading.active_count() == alive
    assert not [name for name, _ in threads() if name.startswith("farmlive")]


async def test_an_engine_that_cannot_start_leaves_the_sockets_to_their_opener(
    tmp_path: Path,
) -> None:
    engine = NativeEngine()
    file = os.open(tmp_path / "file", os.O_CREAT)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((APART, 0))
        sock.setblocking(False)
        # A file can't be waited for.
        with pytest.raises(PermissionError):
            engine.relay.start([sock.fileno()], [file], 0, 0.0)
        assert sock.getsockname()[1] > 0
        os.close(file)
    assert "farmlive-media" not in dict(threads())

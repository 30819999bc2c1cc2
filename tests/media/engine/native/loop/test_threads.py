"""The engine in C in threads of its own, at its ports."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.media.engine.native.support.stepped_engine import GCM, LOCAL, VIDEO, check
from tests.media.engine.native.support.stepped_engines import Told
from tests.support.free_ports import APART
from tests.support.waiting import until

from farmlive.media.engine.interface import Credentials, Keys
from farmlive.media.engine.native.engine import NativeEngine
from farmlive.media.wire import stun


@pytest.fixture(params=[0, 2], ids=["its one thread", "two send threads"])
async def running(request: pytest.FixtureRequest) -> AsyncIterator[tuple[NativeEngine, Told]]:
    engine, told = NativeEngine(request.param), Told()
    await engine.start(told, [APART], ["203.0.113.7"], 0, 0)
    yield engine, told
    await engine.stop()


async def test_it_is_reached_by_its_ports(running: tuple[NativeEngine, Told]) -> None:
    engine, told = running
    assert [(each.address, each.protocol) for each in engine.candidates] == [
        ("203.0.113.7", "udp"),
        ("203.0.113.7", "tcp"),
    ]
    udp, tcp = [each.port for each in engine.candidates]
    one, other = engine.add_peer(LOCAL), engine.add_peer(Credentials("other", "password"))
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect((APART, udp))
        await loop.sock_sendall(sock, check(LOCAL))
        answer = await loop.sock_recv(sock, 2048)
    assert stun.parse(answer).authentic(LOCAL.password.encode())
    reader, writer = await asyncio.open_connection(APART, tcp)
    request = check(Credentials("other", "password"))
    writer.write(len(request).to_bytes(2, "big") + request)
    answer = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
    assert stun.parse(answer).kind == stun.BINDING_SUCCESS
    await until(lambda: len(told.events) == 2, "both were told of")
    assert sorted(told.events) == [("reached", one), ("reached", other)]
    assert engine.counters()["datagrams_received"] == 2
    assert engine.counters()["connections_refused"] == 0
    writer.close()
    await writer.wait_closed()


async def test_sessions_come_back_from_the_thread(running: tuple[NativeEngine, Told]) -> None:
    engine, _ = running
    for _ in range(50):
        peer = engine.add_peer(LOCAL)
        engine.secure(peer, Keys(GCM, 16, os.urandom(28), os.urandom(28)))
        engine.remove_peer(peer)
    await until(lambda: not engine._sessions, "all sessions are free")


async def test_what_was_asked_before_the_start_waits_for_it() -> None:
    engine, told = NativeEngine(), Told()
    peer, output = engine.add_peer(LOCAL), engine.add_output()
    engine.publish(peer, VIDEO)
    engine.put_on_air(output, peer)
    assert engine.health(peer) is None
    assert set(engine.counters().values()) == {0}
    await engine.start(told, [APART], [APART], 0, None)
    assert engine.health(peer) is not None
    await engine.stop()


async def test_after_the_end_nothing_happens_and_counts_stay() -> None:
    engine, told = NativeEngine(), Told()
    await engine.start(told, [APART], [APART], 0, None)
    port = engine.candidates[0].port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"nothing that is known", (APART, port))
        await until(lambda: engine.counters()["datagrams_received"], "it was read")
    peer = engine.add_peer(LOCAL)
    await engine.stop()
    assert engine.candidates == []
    assert engine.counters()["datagrams_received"] == 1
    assert (engine.health(peer), engine.viewer_health(peer)) == (None, None)
    engine.remove_peer(engine.add_peer(LOCAL))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((APART, port))  # it is free again
    with pytest.raises(RuntimeError, match="once"):
        engine.relay.start([], [], 0, 0.0)


async def test_a_taken_port_is_an_error_and_keeps_none_open() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind((APART, 0))
        taken.listen()
        number = taken.getsockname()[1]
        engine, told = NativeEngine(), Told()
        start: Any = engine.start
        with pytest.raises(OSError, match=f"TCP port {number} .*FARMLIVE_TCP_PORT"):
            await start(told, [APART], [APART], 0, number)
        assert engine.candidates == []
        await start(told, [APART], [APART], 0, None)
        await engine.stop()

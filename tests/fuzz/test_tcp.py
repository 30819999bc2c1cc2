"""Streams of any bytes at the TCP port: each ends, and harms nobody."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.corpus import SESSIONS
from tests.fuzz.engine_driver import Heard
from tests.fuzz.mutants import datagrams, mutants
from tests.support.plugins.engines import engines
from tests.support.waiting import LONG_S, until

from farmlive.media.engine.interface import Credentials, Engine
from farmlive.media.engine_choice import choose
from farmlive.media.wire import stun
from farmlive.media.wire.framing import frame

PACKETS = [data for each in SESSIONS for data in (*each.stun, *each.rtcp, *each.rtp)]
STREAM = b"".join(map(frame, PACKETS[:40]))
FRAMED = some.lists(datagrams(PACKETS), max_size=8).map(lambda each: b"".join(map(frame, each)))
STREAMS = some.lists(mutants([STREAM], 1 << 15) | FRAMED | some.binary(max_size=400), max_size=4)
OWN = Credentials("own", "the password of our end")


async def send(engine: Engine, streams: list[bytes], known: bool) -> None:
    """`known`: each connection begins with a check of a peer's."""
    faults: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: faults.append(what))
    heard: Any = Heard()
    await engine.start(heard, ["127.0.0.1"], ["127.0.0.1"], 0, 0)
    try:
        engine.add_peer(OWN)
        port = next(each.port for each in engine.candidates if each.protocol == "tcp")
        check = frame(stun.request("own:x", OWN.password.encode(), bytes(12)))
        for stream in streams:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(check + stream if known else stream)
            writer.write_eof()
            # Nothing is held back: it comes to its end whatever was in it.
            async with asyncio.timeout(LONG_S):
                try:
                    answer = await reader.read()
                except ConnectionResetError:
                    answer = b""
            assert known or answer == b"", "who is nobody's gets no answer"
            writer.close()
        await until(lambda: not engine.gauges()["connections"], "all connections are closed")
        assert engine.gauges()["addresses"] == 0
        assert engine.counters()["packets_received"] == 0
    finally:
        await engine.stop()
    assert faults == []


@pytest.mark.parametrize("name", engines)
@given(streams=STREAMS, known=some.booleans())
def test_any_stream_comes_to_its_end(name: Any, streams: list[bytes], known: bool) -> None:
    with asyncio.Runner() as runner:
        runner.run(send(choose(name, 0), streams, known))

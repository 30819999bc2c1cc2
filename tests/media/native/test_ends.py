"""The native engine's thread ends before what it uses is freed, however the engine ends."""

import gc
import subprocess
import sys
from typing import Any

import pytest
from tests.media.native.hands import Told
from tests.media.native.test_loop import threads

from farmlive.media.native.engine import NativeEngine

THREAD = "farmlive-media"
FORGETFUL = """
import asyncio, atexit, pathlib
from farmlive.media.native.engine import NativeEngine

def tell():
    names = [task.read_text().strip() for task in pathlib.Path("/proc/self/task").glob("*/comm")]
    print(sorted(names))

atexit.register(tell)
engine = NativeEngine(1)
asyncio.run(engine.start(object(), ["127.0.0.1"], ["127.0.0.1"], 0, None))
tell()
"""


class Session:
    """In the place of one of libsrtp's: notes whether the thread could still use it at its end."""

    in_use: bool | None = None

    def __del__(self) -> None:
        Session.in_use = THREAD in threads()


async def test_one_that_is_dropped_ends_before_its_sessions() -> None:
    engine, told = NativeEngine(), Told()
    await engine.start(told, ["127.0.0.1"], ["127.0.0.1"], 0, None)  # type: ignore[arg-type]
    assert engine._loop is not None
    engine._loop.remove_reader(engine.relay.fileno())
    engine._sessions[1] = Session(), engine
    assert THREAD in threads()
    del engine
    gc.collect()
    assert Session.in_use is False


def test_one_that_was_not_stopped_ends_with_the_process() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FORGETFUL], capture_output=True, text=True, timeout=60, check=True
    )
    before, after = ran.stdout.splitlines()
    assert THREAD in before
    assert "farmlive-send" in before
    assert "farmlive" not in after


async def test_one_that_cannot_start_keeps_no_port_open() -> None:
    engine, told = NativeEngine(-1), Told()
    start: Any = engine.start
    with pytest.raises(ValueError, match="send threads") as raised:
        await start(told, ["127.0.0.1"], ["127.0.0.1"], 0, 0)
    sockets = raised.traceback[1].frame.f_locals
    assert [each.fileno() for each in (*sockets["udp"], *sockets["tcp"])] == [-1, -1]

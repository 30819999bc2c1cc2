"""The native engine's thread ends before what it uses is freed, however the engine ends."""

import gc
import resource
import subprocess
import sys
from typing import Any

import pytest
from tests.media.engine.native.support.process_handles import threads
from tests.media.engine.native.support.stepped_engines import Told

from farmlive.media.engine.native.engine import NativeEngine

THREAD = "farmlive-media"
FORGETFUL = """
import asyncio, atexit
from tests.media.engine.native.support.process_handles import threads
from farmlive.media.engine.native.engine import NativeEngine

def tell():
    print(sorted(name for name, _ in threads()))

atexit.register(tell)
engine = NativeEngine(1)
asyncio.run(engine.start(object(), ["127.0.0.1"], ["127.0.0.1"], 0, None))
tell()
"""
NO_ROOM = """
import asyncio, errno
from farmlive.media.engine.native.engine import NativeEngine

engine = NativeEngine(2)
try:
    asyncio.run(engine.start(object(), ["127.0.0.1"], ["127.0.0.1"], 0, None))
except OSError as error:
    print(errno.errorcode[error.errno])
"""
FORKED = """
import asyncio, os
from farmlive.media.engine.native.engine import NativeEngine

engine = NativeEngine(1)
asyncio.run(engine.start(object(), ["127.0.0.1"], ["127.0.0.1"], 0, None))
if child := os.fork():
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), engine.gauges()["outputs"])
    engine.add_output()
    print(engine.gauges()["outputs"])
else:
    engine.gauges(), engine.counters()
    engine.relay.stop()
"""


class Session:
    """In the place of one of libsrtp's: notes whether the thread could still use it at its end."""

    in_use: bool | None = None

    def __del__(self) -> None:
        Session.in_use = THREAD in dict(threads())


async def test_one_that_is_dropped_ends_before_its_sessions() -> None:
    engine, told = NativeEngine(), Told()
    await engine.start(told, ["127.0.0.1"], ["127.0.0.1"], 0, None)
    assert engine._loop is not None
    engine._loop.remove_reader(engine.relay.fileno())
    engine._sessions[1] = Session(), engine
    assert THREAD in dict(threads())
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


def test_one_without_room_for_its_send_threads_says_so() -> None:
    """A thread's stack is as large as the process may have one, and there is no room for that."""

    def with_huge_stacks() -> None:
        _, most = resource.getrlimit(resource.RLIMIT_STACK)
        resource.setrlimit(resource.RLIMIT_STACK, (1 << 47, most))

    ran = subprocess.run(
        [sys.executable, "-c", NO_ROOM],
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=with_huge_stacks,
    )
    assert (ran.returncode, ran.stdout.split()) == (0, ["EAGAIN"]), ran.stderr


def test_a_child_of_its_process_leaves_it_alone() -> None:
    ran = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout.split()) == (0, ["0", "0", "1"]), ran.stderr


async def test_one_that_cannot_start_keeps_no_port_open() -> None:
    engine, told = NativeEngine(-1), Told()
    start: Any = engine.start
    with pytest.raises(ValueError, match="send threads") as raised:
        await start(told, ["127.0.0.1"], ["127.0.0.1"], 0, 0)
    sockets = raised.traceback[1].frame.f_locals
    assert [each.fileno() for each in (*sockets["udp"], *sockets["tcp"])] == [-1, -1]

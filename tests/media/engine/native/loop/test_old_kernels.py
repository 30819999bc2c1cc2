"""On a system that knows no wait finer than a millisecond, or whose sandbox knows none, the engine
in C waits by milliseconds.
"""

import errno
import platform
import subprocess
import sys

import pytest

pytest.importorskip("farmlive.media.engine.native._native", reason="the engine in C was not built")

# A sandbox that answers epoll_pwait2 (441 on every machine) with an error, and an engine in it.
SANDBOXED = """
import asyncio, ctypes, struct, sys

LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
rules = b"".join(
    struct.pack("HBBI", *each)
    for each in (
        (LOAD, 0, 0, 0),
        (EQUAL, 0, 1, 441),
        (RETURN, 0, 0, 0x00050000 | int(sys.argv[1])),
        (RETURN, 0, 0, 0x7FFF0000),
    )
)
kept = ctypes.create_string_buffer(rules)
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(kept)))
libc = ctypes.CDLL(None, use_errno=True)
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2
libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_void_p] * 4
assert libc.prctl(NO_NEW_PRIVILEGES, 1, None, None, None) == 0
if libc.prctl(SECCOMP, FILTER, ctypes.addressof(program), None, None):
    print("no sandbox here")
    raise SystemExit
assert libc.syscall(441, -1, None, 0, None, None, 0) == -1
assert ctypes.get_errno() == int(sys.argv[1])

from farmlive.media.engine.native.engine import NativeEngine
from tests.media.engine.native.support.process_handles import rests
from tests.support.waiting import until

engine = NativeEngine()
asyncio.run(engine.start(object(), ["127.0.0.1"], ["127.0.0.1"], 0, None))
engine.add_output()
print(engine.gauges()["outputs"])
print(asyncio.run(until(lambda: rests("farmlive-media"), "the thread waits")))
"""


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64"), reason="made for other numbers of calls"
)
@pytest.mark.parametrize("error", ["ENOSYS", "EPERM"])
def test_it_is_answered_and_rests(error: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SANDBOXED, str(getattr(errno, error))],
        capture_output=True,
        text=True,
        timeout=60,
    )
    if ran.stdout == "no sandbox here\n":
        pytest.skip("no seccomp here")
    assert (ran.returncode, ran.stdout.split()) == (0, ["1", "True"]), ran.stderr

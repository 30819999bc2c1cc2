"""The whole engine, its threads and its sockets, while clients come and go: under the sanitizers.

Longer, and by other chances: FARMLIVE_TEST_STRESS_SECONDS=60 FARMLIVE_TEST_STRESS_SEED=7.
"""

import os
import subprocess
from ctypes.util import find_library
from pathlib import Path

import pytest
from tests.media.engine.native.support.compiling import (
    DRIVERS,
    FOLDER,
    SANITIZERS,
    compiled,
    sanitizing,
)

NAMES = ("engine_stress", "engine_guests", "engine_media", "engine_orders", "engine_system")
# What engine_system.c stands before.
WRAPPED = ("clock_gettime", "syscall", "sendto", "sendmmsg")
SECONDS = os.environ.get("FARMLIVE_TEST_STRESS_SECONDS", "2.5")
SEED = os.environ.get("FARMLIVE_TEST_STRESS_SEED", "1")


@pytest.fixture(params=SANITIZERS)
def stress(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    flags = sanitizing(request.param, tmp_path)
    drivers = [DRIVERS / f"{name}.c" for name in NAMES]
    sources = [each.stem for each in sorted(FOLDER.glob("*/*.c")) if each.parent.name != "binding"]
    wrapped = [f"-Wl,--wrap={name}" for name in WRAPPED]
    name = f"engine stress {request.param}"
    return compiled(tmp_path_factory, name, drivers, sources, "-pthread", *wrapped, *flags)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("send_threads", [0, 2])
def test_no_race_and_no_leak(stress: Path, send_threads: int) -> None:
    # What takes so much longer than it was asked to does not end.
    most = 100 + 2 * float(SECONDS)
    command = [str(stress), str(send_threads), SECONDS, SEED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=most)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "some by OpenSSL alone" in done.stdout or not find_library("crypto")

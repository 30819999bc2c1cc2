"""Viewers come, move and go while threads send: under the sanitizers."""

import subprocess
from pathlib import Path

import pytest
from tests.media.engine.native.send.senders_driver import compile_with
from tests.media.engine.native.support.compiling import SANITIZERS, sanitizing


@pytest.fixture(params=SANITIZERS)
def stress(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    flags = sanitizing(request.param, tmp_path)
    name = f"stress {request.param}"
    return compile_with(tmp_path_factory, name, "senders_stress.c", *flags)


@pytest.mark.parametrize("threads", [0, 1, 2, 3])
def test_no_race_and_no_leak(stress: Path, threads: int) -> None:
    done = subprocess.run([stress, str(threads)], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr

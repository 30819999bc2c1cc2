"""The demo at work: started as its user starts it, with short films, and stopped by Ctrl-C."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.build_once import once
from tests.support.waiting import LONG_S, until

from farmlive.demo.film.film import HOST, KITCHEN, RATE, film_in, make_film

SHORT_S = 10


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with short films."""

    def make(data: Path) -> None:
        make_film(film_in(data, HOST), lambda frame: None, SHORT_S * RATE, HOST)
        make_film(film_in(data, KITCHEN), lambda frame: None, SHORT_S * KITCHEN.rate, KITCHEN)

    return film_in(once(tmp_path_factory, "films", make)).parent


@pytest.fixture
def folder(tmp_path: Path, films: Path) -> Path:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "film").symlink_to(films)
    return tmp_path / "demo"


def command(folder: Path, *options: str) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "farmlive", "demo", "--data", str(folder)),
        *("--udp-port", "0", *options),
    )


@contextlib.asynccontextmanager
async def demo(folder: Path, *options: str) -> AsyncIterator[dict[str, Any]]:
    """Run the demo; gives its demo.json, and sees that Ctrl-C stops it and its children."""
    child = await asyncio.create_subprocess_exec(
        *command(folder, "--port", "0", *options), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    try:
        # Two publishers and some people begin meanwhile: long, where other tests have the cores.
        async with asyncio.timeout(3 * LONG_S):
            while b"Ctrl-C" not in await child.stdout.readline():
                assert child.returncode is None
        yield json.loads((folder / "demo.json").read_text())
        ffmpeg = await until(lambda: children(child.pid), "ffmpeg runs")
        child.send_signal(signal.SIGINT)
        async with asyncio.timeout(LONG_S):
            said = await child.stdout.read()
            assert await child.wait() == 0
        assert b"has stopped" in said
        assert not any(is_running(pid) for pid in ffmpeg)
        assert not (folder / "demo.json").exists()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]

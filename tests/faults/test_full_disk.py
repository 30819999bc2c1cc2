"""A server on a full disk says so, by log and `/readyz`, at its start too; and that it is back."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from scripts.benches.lab import faulty
from scripts.benches.lab.faulty import Faulty
from tests.media.engine.native.support.compiling import compiler
from tests.support.waiting import until

from farmlive.settings import Settings

# The probe looks every ten seconds.
SOON_S = 60
LOST, BACK = "the database's disk takes nothing", "the database's disk takes what is written again"


@pytest.fixture
def disk(settings: Settings, tables: None, tmp_path: Path) -> Iterator[Faulty]:
    compiler()
    made = Faulty(faulty.build(tmp_path), settings.data, tmp_path)
    yield made
    made.close()


class Serving:
    """A server whose disk can be full, and what it said."""

    def __init__(self, settings: Settings, disk: Faulty, log: Path):
        self.url = ""
        self._log = log
        self._environment = {
            **os.environ,
            **disk.environment,
            "FARMLIVE_DATA": str(settings.data),
            "FARMLIVE_PORT": "0",
            "FARMLIVE_UDP_PORT": "0",
            "FARMLIVE_UDP_ADDRESSES": "127.0.0.1",
        }
        self._process: asyncio.subprocess.Process

    async def _run(self) -> None:
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "farmlive", "serve"),
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    async def ends(self) -> int:
        await self._run()
        return await self._process.wait()

    async def start(self) -> None:
        await self._run()
        await until(lambda: "Serving" in self.said or self._process.returncode, "it serves", SOON_S)
        found = re.search(r"Serving (http\S+)", self.said)
        assert found, self.said
        self.url = found[1]

    async def end(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        assert await self._process.wait() == 0

    @property
    def said(self) -> str:
        return self._log.read_text()

    def logged(self, event: str) -> list[dict[str, Any]]:
        lines = (json.loads(line) for line in self.said.splitlines() if line.startswith("{"))
        return [line for line in lines if event in line["event"]]

    async def is_ready(self) -> bool:
        async with httpx.AsyncClient(base_url=self.url) as client:
            answer = await client.get("/readyz")
        assert answer.status_code in (200, 503)
        if answer.status_code == 503:
            assert "database_disk" in answer.json()["detail"]
        return answer.status_code == 200


@pytest.fixture
async def serving(settings: Settings, disk: Faulty, tmp_path: Path) -> AsyncIterator[Serving]:
    made = Serving(settings, disk, tmp_path / "log")
    yield made
    await made.end()


async def test_a_disk_that_fills_up_is_told_before_anyone_orders(
    serving: Serving, disk: Faulty
) -> None:
    async def is_not_ready() -> bool:
        return not await serving.is_ready()

    await serving.start()
    assert await serving.is_ready()
    with disk.full():
        await until(is_not_ready, "it is not ready", SOON_S)
        (lost,) = serving.logged(LOST)
        assert lost["level"] == "error"
        assert lost["times"] == 1
        assert "Make room" in lost["what_to_do"]
    await until(serving.is_ready, "it is ready again", SOON_S)
    assert len(serving.logged(BACK)) == 1


async def test_a_start_on_a_full_disk_says_so(
    serving: Serving, disk: Faulty, settings: Settings
) -> None:
    """Where SQLite's own files are there already, as others have it open."""
    await serving.start()  # and makes its account
    await serving.end()
    other = sqlite3.connect(settings.data / "farmlive.sqlite3")
    other.execute("SELECT count(*) FROM accounts").fetchone()
    with disk.full(), contextlib.closing(other):
        await serving.start()
        await until(lambda: "Not ready: database_disk" in serving.said, "it says so")
        assert not await serving.is_ready()
    await until(serving.is_ready, "it is ready", SOON_S)


async def test_where_the_database_can_not_even_be_opened_the_start_ends_with_a_sentence(
    serving: Serving, disk: Faulty
) -> None:
    with disk.full():
        assert await serving.ends() == 1
    assert "its disk has room" in serving.said
    await serving.start()

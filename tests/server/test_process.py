"""What a serving process sets up for all of itself."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
import uvicorn
from structlog.testing import capture_logs
from tests.support.waiting import LONG_S, until

from farmlive import server as module
from farmlive.server import set_up_log

SPEAK = """
import logging, structlog
from farmlive.server import set_up_log
set_up_log("info")
structlog.get_logger("ours").info("a broadcast began", broadcast="01A")
try:
    raise ValueError("two\\nlines")
except ValueError:
    structlog.get_logger("ours").exception("a request failed")
    logging.getLogger("uvicorn.error").exception('it said "no" %s', "twice")
logging.getLogger("uvicorn.error").info("192.0.2.1 asked")
"""


def test_every_line_of_the_log_is_json_whoever_writes_it() -> None:
    said = subprocess.run([sys.executable, "-c", SPEAK], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in said.stderr.splitlines()]
    assert [line["event"] for line in lines] == [
        "a broadcast began",
        "a request failed",
        'it said "no" twice',
    ]
    assert all(line["timestamp"] and line["level"] for line in lines)
    assert lines[2]["logger"] == "uvicorn.error"
    assert "ValueError: two" in lines[1]["exception"]
    assert "ValueError: two" in lines[2]["exception"]


def test_a_log_that_takes_nothing_ends_nothing() -> None:
    """Its disk is full; standard error is then as good as closed, too."""
    told = (
        "import structlog; from farmlive.server import set_up_log; set_up_log('info'); "
        "structlog.get_logger().warning('redis lost'); print('goes on', flush=True)"
    )
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", told], stdout=subprocess.PIPE, stderr=full, text=True
        )
    assert done.stdout == "goes on\n"


@pytest.mark.parametrize("_turn", ["before", "after"])
def test_what_one_test_leaves_out_of_the_log_is_there_in_the_next(_turn: str) -> None:
    """As of commands that run in a test's process: `conftest` has the log as it was."""
    with capture_logs() as lines:
        structlog.get_logger("ours").warning("the database is back")
    assert [line["event"] for line in lines] == ["the database is back"]
    set_up_log("error")


async def test_a_server_without_requests_wakes_for_the_date_alone_and_ends_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """uvicorn's own wakes ten times a second, which was a third of what an idle server took."""
    ticks = 0

    class Counted(module._Uvicorn):
        async def on_tick(self, counter: int) -> bool:
            nonlocal ticks
            ticks += 1
            return await super().on_tick(counter)

    rests = [0.001, 0.001]
    monkeypatch.setattr(module, "rest_s", lambda _: rests.pop() if rests else 3600.0)
    server = Counted(uvicorn.Config(lambda: None))
    task = asyncio.create_task(server.main_loop())
    await until(lambda: ticks == 3, "the date after each rest")
    assert [name for name, _ in server.server_state.default_headers][:1] == [b"date"]
    server.should_exit = True
    async with asyncio.timeout(LONG_S):
        await task
    assert ticks == 4

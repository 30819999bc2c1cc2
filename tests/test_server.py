"""What a serving process sets up for all of itself."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

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

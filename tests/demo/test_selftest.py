"""The selftest from its camera to its review, and what it says of a server that does not start."""

from pathlib import Path

import pytest

from farmlive.demo import selftest
from farmlive.demo.selftest import Result
from farmlive.demo.trial import ServerFailed, trial_server


@pytest.mark.timeout(180)
async def test_everything_passes(tmp_path: Path) -> None:
    results: list[Result] = []
    passed = await selftest.attempt(tmp_path, results.append)
    assert [result for result in results if not result.passed] == []
    assert passed
    assert len(results) == 19


async def test_a_server_that_can_not_start_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "server").write_text("in the way")
    with pytest.raises(ServerFailed):
        async with trial_server(tmp_path / "server"):
            pass

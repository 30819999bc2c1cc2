"""The selftest from its camera to its review, and what it says of a server that does not start."""

import socket
from pathlib import Path

import pytest
from tests.support.free_ports import free_port
from typer.testing import CliRunner

from farmlive.cli.main import cli
from farmlive.demo.selftest import selftest
from farmlive.demo.selftest.selftest import Result
from farmlive.demo.selftest.trial import Address, ServerFailed, trial_server


async def test_everything_passes(tmp_path: Path) -> None:
    results: list[Result] = []
    passed = await selftest.run_steps(tmp_path, results.append)
    assert [result for result in results if not result.passed] == []
    assert passed
    assert len(results) == 19


async def test_a_server_that_can_not_start_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "server").write_text("in the way")
    with pytest.raises(ServerFailed):
        async with trial_server(tmp_path / "server"):
            pass


async def test_it_listens_where_it_is_told(tmp_path: Path) -> None:
    at = Address(port=free_port())
    async with trial_server(tmp_path / "server", at) as server:
        assert server.url == f"http://127.0.0.1:{at.port}"


def test_the_check_takes_the_demos_options_and_says_why_it_cant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `./scripts/demo --check --port N` passes them on."""
    monkeypatch.setenv("COLUMNS", "200")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = ("--data", str(tmp_path / "new"), "--host", "127.0.0.1", "--port", str(port))
        ran = CliRunner().invoke(cli, ["selftest", *options, "--udp-port", "0"])
    assert ran.exit_code == 1
    assert f"Port {port} on 127.0.0.1 can't be used" in " ".join(ran.stdout.split())
    assert list((tmp_path / "new").iterdir()) == []

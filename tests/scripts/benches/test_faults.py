"""The bench of bad networks says which engine it measured, and takes the one that it is told."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from scripts.benches import __main__ as bench
from scripts.benches import faults
from scripts.benches.lab.server import running


@pytest.mark.parametrize("engine", ["native", "python"])
async def test_a_server_says_which_engine_it_took(engine: str) -> None:
    async with running(engine=engine) as server:
        assert server.engine == engine


def measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> Any:
    """What the bench prints, where the measuring only says what it was given."""

    async def measure(
        window_s: float, times: int, say: Callable[[str], None], engine: str
    ) -> dict[str, Any]:
        sys.stdout.write("what is logged is no JSON\n")
        return {"engine": engine, "runs": [{}]}

    monkeypatch.setattr(faults, "measure", measure)
    monkeypatch.setattr(sys, "argv", ["bench", *words])
    bench.main()
    return json.loads(capsys.readouterr().out)


def test_it_takes_the_engine_that_it_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measured(monkeypatch, capsys, "faults", "--json", "--engine", "python")["engine"] == (
        "python"
    )
    assert measured(monkeypatch, capsys, "faults", "--json")["engine"] == "auto"


def test_no_other_bench_takes_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "spine", "--engine", "python"])
    with pytest.raises(SystemExit):
        bench.main()

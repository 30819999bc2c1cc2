"""The commands `farmlive whip-check` and `whep-check` against our server."""

import asyncio
import json

import pytest
from tests.media.conftest import BROADCAST, Media
from tests.media.examined import relayed
from typer.testing import CliRunner, Result

from farmlive.cli import cli
from farmlive.client.clauses import CLAUSES

__all__ = ["relayed"]
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def run(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, cli, arguments, env={"COLUMNS": "120"})


async def test_a_table_says_what_came_of_each_clause(relayed: Media) -> None:
    result = await run("whip-check", f"{relayed.url}/whip/{BROADCAST}", "--key", "orchard")
    assert result.exit_code == 0, result.output
    for clause in CLAUSES["whip"]:
        assert clause.id in result.output
    assert "0 MUST and 0 SHOULD not kept" in result.output
    sources = relayed.relay.health(BROADCAST)["sources"]
    assert [source["source"] for source in sources if not source["away"]] == ["kitchen"]


async def test_json_is_for_programs(relayed: Media) -> None:
    result = await run("whep-check", f"{relayed.url}/whep/{BROADCAST}", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["kept"] is True
    assert [each["id"] for each in told["clauses"]] == [each.id for each in CLAUSES["whep"]]
    assert {each["outcome"] for each in told["clauses"]} == {"pass", "n/a"}
    assert relayed.relay.metrics()["viewers"] == 0


@pytest.mark.parametrize(
    ("command", "path", "words"),
    [
        ("whip-check", f"/whip/{BROADCAST}", "401 Unauthorized"),
        ("whip-check", "/whip/unknown", "no endpoint at this address"),
        ("whep-check", "/whep/unknown", "nothing to watch"),
        ("whep-check", "/elsewhere", "nothing to watch"),
    ],
)
async def test_what_keeps_the_check_from_beginning_is_said(
    relayed: Media, command: str, path: str, words: str
) -> None:
    result = await run(command, relayed.url + path)
    assert result.exit_code == 1
    assert words in result.stderr
    assert not result.stdout


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/whip", "example.org/whip", "http://[/"])
async def test_an_address_that_leads_nowhere_is_said(url: str) -> None:
    result = await run("whip-check", url)
    assert result.exit_code == 1
    assert url in result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit)


async def test_a_broken_must_fails_the_check(
    relayed: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("farmlive.media.routes._FRAGMENT", "application/other")
    result = await run("whip-check", f"{relayed.url}/whip/{BROADCAST}", "--key", "orchard")
    assert result.exit_code == 1
    assert "MUST: 204 without a body and without an ETag" in result.stdout
    assert "Accept-Patch" not in result.stderr

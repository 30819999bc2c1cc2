"""The demo as its user has it: it comes up, shows a living broadcast, and stops clean."""

import asyncio
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest
from tests.demo.demo_process import command, demo, films, folder
from tests.support.waiting import LONG_S, until

from farmlive.client import Api, Channel
from farmlive.county.county import of_settings
from farmlive.demo.command import Options, _site
from farmlive.demo.state import Folder

__all__ = ["films", "folder"]


async def test_the_demo_lives_and_is_taken_up_again_and_opened_to_others(folder: Path) -> None:
    async with demo(folder) as first:
        assert list(first) == [
            *("url", "udp_port", "live", "spare", "stream_keys", "users", "offers")
        ]
        assert {user["name"]: user["role"] for user in first["users"]} == {
            "lin": "coordinator",
            "chen": "host",
            "mei": "moderator",
            "wu": "seller",
            "zhang": "clerk",
        }
        assert all(offer["gtin"].startswith("0952") for offer in first["offers"])
        async with Api(first["url"]) as api:
            await api.sign_in("lin", first["users"][0]["password"])
            states = {item["id"]: item["state"] for item in await api.broadcasts()}
            assert states[first["live"]] == states[first["spare"]] == "live"
            assert sorted(states.values()) == ["ended", "ended", "live", "live", "scheduled"]
            made = (await api.request("GET", "/api/v1/credentials"))["credentials"]
            assert {each["kind"] for each in made} == {"api_key", "stream_key"}
            assert all(each["owner"] for each in made)
            sources = {item["id"] for item in await api.sources(first["live"])}
            assert len(sources) == 3
            channel = await Channel.connect(api.url, first["live"], after=0, cookie=api.cookie)
            async with channel:
                await channel.wait_for("card.pinned")
                on_air = await channel.wait_for("source.switched", label="果园 Orchard")
                said = await channel.wait_for("chat.said", simulated=True)
                assert said.data["nickname"]
                await channel.wait_for("order.placed", 90, simulated=True)
                # On a busy machine its two ffmpegs may starve for a moment.
                found = await until(
                    lambda: in_order(api, first["live"]), "there is nothing to advise"
                )
                assert {source["label"]: source["on_air"] for source in found} == {
                    "果园 Orchard": True,
                    "厨房 Kitchen": False,
                }
                # Nobody has picked: the orchard was the first.
                assert not any(source["picked"] for source in found)
                (kitchen,) = (s["id"] for s in found if s["id"] != on_air.data["source"])
                await api.commands(first["live"]).switch(kitchen)
                await channel.wait_for("source.switched", source=kitchen)
    async with demo(folder) as second, Api(second["url"]) as api:
        assert {**second, "url": "", "udp_port": 0} == {**first, "url": "", "udp_port": 0}
        await api.sign_in("lin", second["users"][0]["password"])
        await api.end(second["live"])
        followed = await until(lambda: another(folder, second), "another broadcast is live")
        assert (await api.broadcast(followed["live"]))["state"] == "live"
        assert followed["spare"] == second["spare"]
        assert set(followed["stream_keys"]) >= {followed["live"], followed["spare"]}
    async with demo(folder, "--host", "0.0.0.0") as open_to_others:
        simple = [user["password"] for user in second["users"]]
        drawn = [user["password"] for user in open_to_others["users"]]
        assert len(set(simple)) == 1
        assert len(set(drawn)) == len(drawn) == 5
        assert not set(simple) & set(drawn)


async def in_order(api: Api, broadcast: str) -> list[dict[str, Any]] | None:
    """The broadcast's sources, where there is nothing to advise about any."""
    sources: list[dict[str, Any]] = (await api.health(broadcast))["sources"]
    return None if any(source["advice"] for source in sources) else sources


def another(folder: Path, first: dict[str, Any]) -> dict[str, Any] | None:
    found: dict[str, Any] = json.loads((folder / "demo.json").read_text())
    return found if found["live"] != first["live"] else None


async def refused(folder: Path, *options: str) -> str:
    child = await asyncio.create_subprocess_exec(
        *command(folder, *options), stderr=asyncio.subprocess.PIPE, env=dict(os.environ)
    )
    async with asyncio.timeout(LONG_S):
        _, said = await child.communicate()
    assert child.returncode == 1
    return said.decode()


@pytest.mark.parametrize("come", ["server/farmlive.sqlite3", "server/files"])
async def test_a_first_start_stops_soon_too(folder: Path, come: str) -> None:
    child = await asyncio.create_subprocess_exec(
        *command(folder, "--port", "0"), stderr=asyncio.subprocess.PIPE, env=dict(os.environ)
    )
    await until((folder / come).exists, "the server begins")
    child.send_signal(signal.SIGINT)
    async with asyncio.timeout(LONG_S):
        _, said = await child.communicate()
    assert child.returncode == 0
    assert "Traceback" not in said.decode()
    assert not (folder / "demo.json").exists()


async def test_a_taken_port_names_the_option(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        said = await refused(folder, "--port", str(other.getsockname()[1]))
    assert "--port" in said
    assert "Traceback" not in said


async def test_a_taken_media_port_names_the_option(folder: Path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        said = await refused(folder, "--port", "0", "--udp-port", str(other.getsockname()[1]))
    assert "--udp-port" in said
    assert "Traceback" not in said


def test_the_demos_privacy_page_says_whom_to_ask(tmp_path: Path) -> None:
    options = Options(tmp_path, host="", port=0, udp_port=0, lan=False, fresh=False)
    settings = _site(Folder(tmp_path), options).settings
    assert not of_settings(settings).lacks_contact

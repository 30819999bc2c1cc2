"""The orchard stays on air: the kitchen comes before it, and takes no place when it comes again."""

import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.waiting import until

from farmlive.client import Api, ApiProblem
from farmlive.demo import on_air
from farmlive.demo.on_air import OrchardAndKitchen

ORCHARD, KITCHEN = Path("orchard.mkv"), Path("kitchen.mkv")


class Server(Api):
    """What a server says of its sources, and what was put on air."""

    def __init__(self) -> None:
        super().__init__("http://farm.test")
        self.shown: list[dict[str, Any]] = []
        self.picked: list[str] = []
        self.asked = 0

    async def health(self, broadcast: str) -> dict[str, Any]:
        self.asked += 1
        if broadcast != "live":
            raise ApiProblem(404, {})
        return {"sources": self.shown}

    async def request(self, method: str, path: str, **what: Any) -> dict[str, Any]:
        assert (method, path) == ("PUT", "/api/v1/broadcasts/live/on-air")
        self.picked.append(what["json"]["source"])
        return {}


class Publications:
    """Publications that run until they are told to end; `begun` has their films."""

    def __init__(self) -> None:
        self.begun: list[Path] = []
        self._running: dict[Path, threading.Event] = {}

    def __call__(self, film: Path, whip_url: str, key: str) -> Any:
        self.begun.append(film)
        ended = self._running[film] = threading.Event()

        class Running:
            def run(self) -> str:
                ended.wait()
                return "it ended"

            def stop(self) -> None:
                ended.set()

        return Running()

    def end(self, film: Path) -> None:
        self._running[film].set()


@pytest.fixture
def publications(monkeypatch: pytest.MonkeyPatch) -> Publications:
    made = Publications()
    monkeypatch.setattr(on_air, "Publication", made)
    monkeypatch.setattr(on_air, "_PAUSES_S", (0.01,))
    monkeypatch.setattr(on_air, "_LOOK_S", 0.01)
    return made


@pytest.fixture
async def site() -> AsyncIterator[Server]:
    site = Server()
    yield site
    await site.close()


def cameras(site: Server) -> OrchardAndKitchen:
    return OrchardAndKitchen(site, "live", "/whip/live", (ORCHARD, "o"), (KITCHEN, "k"))


def source(name: str, *, shown: bool = False, picked: bool = False) -> dict[str, Any]:
    return {"id": name, "on_air": shown, "picked": picked, "away": False}


async def test_the_orchard_waits_for_the_kitchen(site: Server, publications: Publications) -> None:
    both = cameras(site)
    await both.start()
    await until(lambda: site.asked > 3, "it looks for the kitchen")
    assert publications.begun == [KITCHEN]
    site.shown = [source("kitchen", shown=True)]
    await until(lambda: publications.begun == [KITCHEN, ORCHARD], "both send")
    await both.stop()
    assert site.picked == []


async def test_the_orchard_does_not_wait_for_ever_and_is_picked_then(
    site: Server, publications: Publications, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_air, "_KITCHEN_S", 0.05)
    both = cameras(site)
    await both.start()
    await until(lambda: ORCHARD in publications.begun, "the orchard sends")
    site.shown = [source("orchard", shown=True)]
    await until(lambda: site.picked, "what is on air is picked")
    await both.stop()
    assert site.picked == ["orchard"]


@pytest.mark.parametrize("picked", [False, True])
async def test_a_kitchen_that_comes_again_leaves_on_air_what_is(
    site: Server, publications: Publications, picked: bool
) -> None:
    both = cameras(site)
    site.shown = [source("kitchen", picked=picked), source("outside", shown=True)]
    await both.start()
    await until(lambda: ORCHARD in publications.begun, "the orchard sends")
    publications.end(KITCHEN)
    await until(lambda: publications.begun.count(KITCHEN) == 2, "the kitchen is back")
    assert site.picked == ([] if picked else ["outside"])
    publications.end(ORCHARD)
    await until(lambda: publications.begun.count(ORCHARD) == 2, "the orchard is back")
    await both.stop()
    assert site.picked == ([] if picked else ["outside"])

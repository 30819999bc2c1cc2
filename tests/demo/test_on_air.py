"""The orchard is on air: the kitchen comes after it."""

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
    """What a server says of its sources."""

    def __init__(self) -> None:
        super().__init__("http://farm.test")
        self.shown: list[dict[str, Any]] = []
        self.asked = 0

    async def health(self, broadcast: str) -> dict[str, Any]:
        self.asked += 1
        if broadcast != "live":
            raise ApiProblem(404, {})
        return {"sources": self.shown}


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


def source(name: str, *, shown: bool = False) -> dict[str, Any]:
    return {"id": name, "on_air": shown, "picked": False, "away": False}


async def test_the_kitchen_waits_for_the_orchard(site: Server, publications: Publications) -> None:
    both = cameras(site)
    await both.start()
    await until(lambda: site.asked > 3, "it looks for the orchard")
    assert publications.begun == [ORCHARD]
    site.shown = [source("orchard", shown=True)]
    await until(lambda: publications.begun == [ORCHARD, KITCHEN], "both send")
    await both.stop()


async def test_the_kitchen_does_not_wait_for_ever(
    site: Server, publications: Publications, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_air, "_ORCHARD_S", 0.05)
    both = cameras(site)
    await both.start()
    await until(lambda: publications.begun == [ORCHARD, KITCHEN], "both send")
    await both.stop()


async def test_each_film_begins_again_when_it_ends(
    site: Server, publications: Publications
) -> None:
    both = cameras(site)
    site.shown = [source("orchard", shown=True)]
    await both.start()
    await until(lambda: KITCHEN in publications.begun, "both send")
    publications.end(KITCHEN)
    await until(lambda: publications.begun.count(KITCHEN) == 2, "the kitchen is back")
    publications.end(ORCHARD)
    await until(lambda: publications.begun.count(ORCHARD) == 2, "the orchard is back")
    await both.stop()

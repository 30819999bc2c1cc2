"""What is made once for all who ask, and that nothing of one visitor is in it."""

import asyncio

import httpx
import pytest
from tests.moved_clock import Clock

from farmlive.pages.shared import Shared
from farmlive.server import Server

from .conftest import Sale


async def test_it_is_made_once_for_all_who_ask_at_once_and_again_when_it_is_old() -> None:
    clock, made = Clock(), []

    async def make(key: str) -> str:
        made.append(key)
        await asyncio.sleep(0)
        return f"{key} {len(made)}"

    shared = Shared(make, 1.0, clock=clock)
    assert await asyncio.gather(*(shared.get("a") for _ in range(40))) == ["a 1"] * 40
    assert await shared.get("b") == "b 2"
    clock.now += 0.9
    assert await shared.get("a") == "a 1"
    clock.now += 0.1
    assert await shared.get("a") == "a 3"


async def test_who_leaves_takes_it_from_nobody_and_an_error_is_not_kept() -> None:
    ready, fail = asyncio.Event(), True

    async def make(_key: None) -> str:
        await ready.wait()
        if fail:
            raise LookupError
        return "made"

    shared = Shared(make, 1.0)
    first, second = (asyncio.create_task(shared.get(None)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    ready.set()
    with pytest.raises(LookupError):
        await second
    fail = False
    assert await shared.get(None) == "made"


async def test_start_page_is_made_once_a_second_for_whoever_is_not_signed_in(
    site: Server, sale: Sale, visitor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    every = site.house.broadcasts.all

    async def counted() -> object:
        nonlocal asked
        asked += 1
        return await every()

    monkeypatch.setattr(site.house.broadcasts, "all", counted)
    pages = await asyncio.gather(*(visitor.get(f"/?{turn}=x") for turn in range(40)))
    assert {page.status_code for page in pages} == {200}
    assert asked <= 2
    assert len({page.text for page in pages}) <= asked
    assert sale.broadcast in pages[0].text


async def test_start_page_of_one_is_not_anothers(
    site: Server, sale: Sale, visitor: httpx.AsyncClient, host: httpx.AsyncClient
) -> None:
    async def seen(client: httpx.AsyncClient, query: str = "") -> httpx.Response:
        return await client.get(f"/{query}", headers={"Accept": "text/html"})

    for _ in range(2):
        signed_in, stranger = await asyncio.gather(seen(host), seen(visitor, "?secret=mine"))
        other = await seen(visitor)
        assert "data-sign-out" in signed_in.text
        assert "data-sign-out" not in stranger.text + other.text
        assert "mine" not in stranger.text + other.text
        assert stranger.headers["cache-control"] == "private, no-cache"
        assert stranger.headers["vary"] == "Cookie, Accept-Language"
    english, chinese = await asyncio.gather(seen(visitor, "?lang=en"), seen(visitor, "?lang=zh"))
    assert '<html lang="en"' in english.text
    assert '<html lang="zh-CN"' in chinese.text
    assert "farmlive_language=en" in english.headers["set-cookie"]
    async with (
        httpx.AsyncClient(base_url=site.url) as one,
        httpx.AsyncClient(base_url=site.url) as two,
    ):
        devices = {(await seen(each)).headers["set-cookie"] for each in (one, two)}
        assert len(devices) == 2

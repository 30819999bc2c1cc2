"""What is made once for all who ask, and that nothing of one visitor is in it."""

import asyncio
import re
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from tests.broadcast.live_channel import ask, channel, comes, with_kind
from tests.pages.conftest import Sale
from tests.support.manual_clock import Clock

from farmlive.bilingual import Bilingual
from farmlive.client import Api
from farmlive.pages.rendering import styles
from farmlive.pages.rendering.render import Pages
from farmlive.pages.rendering.static import WEB, Static
from farmlive.pages.shared import Shared, SharedPage
from farmlive.people import Caller
from farmlive.server import Server
from farmlive.shop.core.models import NewCentre


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


async def test_what_is_old_is_forgotten_whatever_the_key() -> None:
    clock = Clock()

    async def make(key: int) -> int:
        return key

    shared = Shared(make, 1.0, clock=clock)
    for key in range(100):
        await shared.get(key)
        clock.now += 0.1
    assert len(shared._made) <= 11


async def test_what_is_forgotten_while_it_is_made_is_made_anew_for_whoever_asks_later() -> None:
    first_may, made = asyncio.Event(), 0

    async def make(_key: None) -> int:
        nonlocal made
        made += 1
        number = made
        if number == 1:
            await first_may.wait()
        return number

    shared = Shared(make, 1.0)
    early = asyncio.create_task(shared.get(None))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    shared.forget()
    assert await shared.get(None) == 2
    first_may.set()
    assert await early == 1
    assert await shared.get(None) == 2


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
        # Scripts send nothing that another account pressed.
        assert '"account": null' in stranger.text
        assert re.search(r'"account": "\w+"', signed_in.text)
        assert stranger.headers["cache-control"] == "private, no-cache"
        assert stranger.headers["vary"] == "Cookie, Accept-Language, Accept-Encoding"
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


async def httpx_get(site: Server, address: str, headers: dict[str, str]) -> httpx.Response:
    """Ask with these headers, and no cookie."""
    async with httpx.AsyncClient(base_url=site.url, headers=headers) as client:
        return await client.get(address)


def addresses(sale: Sale) -> list[str]:
    """Those that each visitor without a role gets alike."""
    lot = f"/origin/lot/{sale.lot}"
    return ["/", f"/live/{sale.broadcast}", lot, f"{lot}?part=story", f"/origin/farm/{sale.farm}"]


@pytest.mark.parametrize("place", range(5))
async def test_page_is_drawn_once_a_second_for_whoever_is_not_signed_in(
    site: Server,
    sale: Sale,
    visitor: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    place: int,
) -> None:
    drawn: list[str] = []
    html = Pages.html

    def counted(self: Pages, request: Request, template: str, **context: Any) -> str:
        drawn.append(template)
        return html(self, request, template, **context)

    monkeypatch.setattr(Pages, "html", counted)
    address = addresses(sale)[place]
    sign = "&" if "?" in address else "?"
    pages = await asyncio.gather(*(visitor.get(f"{address}{sign}{n}=x") for n in range(40)))
    assert {page.status_code for page in pages} == {200}
    assert len(drawn) <= 2
    assert len({page.text for page in pages}) <= 2


@pytest.mark.parametrize("place", range(5))
async def test_page_of_one_is_not_anothers(
    site: Server, sale: Sale, host: httpx.AsyncClient, place: int
) -> None:
    """No cookie, header, parameter or role of whoever asks first is in what the next one gets."""
    address = addresses(sale)[place]
    sign = "&" if "?" in address else "?"
    secret = {"farmlive_secret": "mine-cookie"}
    async with (
        httpx.AsyncClient(base_url=site.url, cookies=secret) as one,
        httpx.AsyncClient(base_url=site.url) as two,
    ):
        asks = [
            host.get(address, headers={"Accept-Language": "en"}),
            one.get(
                f"{address}{sign}secret=mine-parameter&lang=en",
                headers={"Referer": "mine-referer", "X-Forwarded-For": "mine-address"},
            ),
            two.get(address, headers={"Accept-Language": "en"}),
        ]
        signed_in, first, second = await asyncio.gather(*asks)
        third = await two.get(address, headers={"Accept-Language": "zh"})
    assert "mine" not in first.text + second.text
    assert "data-sign-out" not in first.text + second.text
    assert ("data-sign-out" in signed_in.text) == (place in (0, 2, 4))  # where there is a header
    assert first.text == second.text != third.text
    assert "farmlive_language=en" in str(first.headers.get_list("set-cookie"))
    assert "farmlive_language" not in str(second.headers.get_list("set-cookie"))
    devices = {page.cookies["farmlive_device"] for page in (first, second)}
    assert len(devices) == 2
    for page in (first, second, third):
        assert page.headers["cache-control"] == "private, no-cache"
        assert page.headers["vary"].startswith("Cookie, Accept-Language")


async def test_live_page_of_a_clerk_and_of_staff_is_their_own(
    site: Server, sale: Sale, visitor: httpx.AsyncClient, host: httpx.AsyncClient
) -> None:
    centres = [
        await site.house.shop.catalogue.add_centre(
            Caller(None, None, "coordinator", "device", None), NewCentre(name=name, address=name)
        )
        for name in (Bilingual(zh="城关镇", en="Chengguan"), Bilingual(zh="西城镇", en="Xicheng"))
    ]
    _, key = await site.house.people.create_api_key("clerk", "clerk", [], [centres[0].id])
    address = f"/live/{sale.broadcast}?lang=en"
    headers = {"Authorization": f"Bearer {key}"}
    for _ in range(2):
        of_visitor = (await visitor.get(address)).text
        of_clerk = (await httpx_get(site, address, headers)).text
        of_host = (await host.get(address)).text
        assert "Xicheng" in of_visitor
        assert "Xicheng" not in of_clerk
        assert "Chengguan" in of_clerk
        assert '"order_boxes": null' in of_clerk
        assert '"order_boxes": null' in of_host
        assert '"order_boxes": 20' in of_visitor


async def test_who_hears_of_a_stop_and_looks_reads_of_it(
    site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    """A page that shows the story asks for it again as soon as the channel tells."""
    _, key = await site.house.people.create_api_key("test", "coordinator")
    address = f"/origin/lot/{sale.lot}?part=story&lang=en"
    failed = {"at": "2026-11-21T08:00:00+08:00", "result": {"en": "Residues"}, "passed": False}
    async with Api(site.url, key=key) as api, channel(site, sale.broadcast) as socket:
        assert "Stopped:" not in (await visitor.get(address)).text
        await api.request("POST", f"/api/v1/lots/{sale.lot}/inspections", json=failed)
        await comes(socket, with_kind("lot.stopped"))
        assert "Stopped:" in (await visitor.get(address)).text


async def test_chat_that_says_the_words_of_an_event_has_nothing_drawn_anew(
    site: Server, sale: Sale, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[SharedPage] = []
    monkeypatch.setattr(SharedPage, "forget", lambda page: forgotten.append(page))
    async with channel(site, sale.broadcast) as socket:
        await ask(socket, "chat.say", nickname="a", text='"lot.stopped" "broadcast.ended"')
        await comes(socket, with_kind("chat.said"))
    assert forgotten == []


class Turns:
    """Counts the turns of the event loop, and notes in which of them a method of `Pages` ran."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, method: str):
        self.now = 0
        self.at: list[int] = []
        original = getattr(Pages, method)

        def noted(pages: Pages, *given: Any, **context: Any) -> Any:
            self.at.append(self.now)
            return original(pages, *given, **context)

        monkeypatch.setattr(Pages, method, noted)

    async def __aenter__(self) -> "Turns":
        self._counting = asyncio.create_task(self._count())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._counting.cancel()
        await asyncio.gather(self._counting, return_exceptions=True)

    async def _count(self) -> None:
        while True:
            self.now += 1
            await asyncio.sleep(0)


async def test_different_pages_are_drawn_one_at_a_time_and_others_get_their_turn(
    site: Server, sale: Sale, visitor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [*addresses(sale), "/nothing", "/live/nothing", "/sign-in", "/design"]
    async with Turns(monkeypatch, "html") as turns:
        await asyncio.gather(
            *(visitor.get(each, params={"lang": lang}) for each in asked for lang in ("en", "zh"))
        )
    assert len(turns.at) == 16  # a story with that parameter is the page of its lot
    assert len(set(turns.at)) == 16


async def test_one_page_is_answered_at_a_time_and_others_get_their_turn(
    site: Server, sale: Sale, visitor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Turns(monkeypatch, "answer") as turns:
        await asyncio.gather(*(visitor.get(f"/live/{sale.broadcast}") for _ in range(40)))
    assert len(turns.at) == len(set(turns.at)) == 40


async def test_only_pages_that_all_share_are_compressed(
    sale: Sale, visitor: httpx.AsyncClient, host: httpx.AsyncClient
) -> None:
    shared = (
        "/",
        f"/live/{sale.broadcast}",
        f"/origin/lot/{sale.lot}",
        f"/origin/farm/{sale.farm}",
    )
    for path in shared:
        page = await visitor.get(path)
        assert page.headers["content-encoding"] == "gzip", path
        assert "Accept-Encoding" in page.headers["vary"]
        plain = await visitor.get(path, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert "Accept-Encoding" in plain.headers["vary"]
        assert "</html>" in plain.text
        # One's own name is in the head of these, beside titles that others chose.
        assert "content-encoding" not in (await host.get(path)).headers, path
    for path in (f"/o/{sale.order}", "/studio", f"/studio/{sale.broadcast}/console", "/sign-in"):
        for browser in (visitor, host):
            assert "content-encoding" not in (await browser.get(path)).headers, path


async def test_a_page_links_one_style_sheet(
    sale: Sale, visitor: httpx.AsyncClient, host: httpx.AsyncClient
) -> None:
    paths = ["/", f"/live/{sale.broadcast}", "/sign-in", "/privacy", f"/origin/lot/{sale.lot}"]
    paths += ["/studio", f"/studio/{sale.broadcast}", "/studio/fees", f"/review/{sale.broadcast}"]
    known = {Static().url(name) for name in styles.of_templates(WEB / "templates")}
    for path in paths:
        browser = host if path.startswith(("/studio", "/review")) else visitor
        page = await browser.get(path)
        assert page.status_code == 200, path
        text = re.sub(r"<noscript>.*?</noscript>", "", page.text, flags=re.S)
        sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)">', text)
        assert len(sheets) == 1, path
        assert sheets[0] in known, path
        assert page.text.count("<link") == page.text.count("<link rel="), path
        style = await browser.get(sheets[0])
        assert style.headers["content-encoding"] == "gzip"
        assert style.text.startswith("/*")
        assert "--paper" in style.text


async def test_a_page_preloads_all_that_its_scripts_import(
    sale: Sale, visitor: httpx.AsyncClient, host: httpx.AsyncClient
) -> None:
    static = Static()
    for browser, path in (
        (visitor, "/"),
        (visitor, f"/live/{sale.broadcast}"),
        (host, f"/studio/{sale.broadcast}"),
    ):
        page = (await browser.get(path)).text
        scripts = re.findall(r'<script type="module" src="([^"]+)">', page)
        names = [url.removeprefix(static.url("")) for url in scripts]
        preloaded = re.findall(r'<link rel="modulepreload" href="([^"]+)">', page)
        assert len(names) >= 2, path
        assert {*preloaded, *scripts} == set(static.modules(*names)) | set(scripts), path
        assert len(preloaded) == len(set(preloaded)), path

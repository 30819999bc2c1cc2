"""What pages weigh: the bytes and requests of a first visit, with their heads, from a real server.

Counted as a browser loads them: the page, its style and what that shows, the scripts and all that
they import, the icons, pictures, the channel's first frame and the WHEP request.
"""

import json
import re

import httpx
from tests.pages.conftest import Sale

from farmlive.client import Channel
from farmlive.pages.rendering.languages import read_words
from farmlive.pages.rendering.scripts import modules
from farmlive.pages.rendering.static import WEB, Static
from farmlive.server import Server

LIVE_BYTES, LIVE_REQUESTS = 110_000, 30
START_BYTES = 60_000
# The channel's handshake, and the WHEP request with its answer.
_SESSION_BYTES = 6_000


async def weigh(http: httpx.AsyncClient, path: str) -> tuple[int, dict[str, int]]:
    """Return the bytes of a page and of all that it loads before anybody does anything."""
    loaded: dict[str, int] = {}

    async def load(url: str) -> str:
        if url in loaded:
            return ""
        async with http.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.status_code == 200, url
            raw = b"".join([part async for part in answer.aiter_raw()])
            head = sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
            loaded[url] = head + 17 + len(raw)
        return (await http.get(url)).text

    page = await load(path)
    head = re.sub(r"<noscript>.*?</noscript>", "", page, flags=re.S)
    links = re.findall(r'<link rel="(?:stylesheet|modulepreload|icon)" href="(/[^"]+)"', head)
    links += re.findall(r'<script type="module" src="([^"]+)"', head)
    links += re.findall(r'<img [^>]*src="(/[^"]+)"', head)
    links += [url.partition("#")[0] for url in re.findall(r'<use href="([^"]+)"', head)]
    for url in links:
        text = await load(url)
        if url.endswith(".css"):
            for shown in re.findall(r"url\(\"(/static/[^\")]+)\"\)", text):
                await load(shown)
    return sum(loaded.values()), loaded


async def test_the_live_page_is_light_until_one_can_watch_and_buy(
    site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    async with await Channel.connect(site.url, sale.broadcast) as channel:
        first = len(json.dumps(channel.welcome).encode())
    for language in ("zh", "en"):
        octets, loaded = await weigh(visitor, f"/live/{sale.broadcast}?lang={language}")
        requests = len(loaded) + 2
        # A card's picture, or the drawing in its place, is one more.
        assert requests + 1 <= LIVE_REQUESTS, "\n".join(loaded)
        assert octets + first + _SESSION_BYTES <= LIVE_BYTES, (octets, first)


async def test_the_start_page_is_light(sale: Sale, visitor: httpx.AsyncClient) -> None:
    for language in ("zh", "en"):
        octets, loaded = await weigh(visitor, f"/?lang={language}")
        assert octets <= START_BYTES, loaded


async def test_the_rest_of_the_live_page_is_loaded_later(
    sale: Sale, visitor: httpx.AsyncClient
) -> None:
    page = (await visitor.get(f"/live/{sale.broadcast}")).text
    found = re.search(r'id="page-data">(.*?)</script>', page, re.S)
    assert found is not None
    rest = json.loads(found[1])["data"]["rest"]
    preloaded = re.findall(r'<link rel="modulepreload" href="([^"]+)">', page)
    static = Static()
    later = static.modules(
        "pages/live/shop.js", "pages/live/stage/placeholder.js", "lib/ui/page.js"
    )
    assert set(later) <= {*rest, *preloaded}
    assert set(rest).isdisjoint(preloaded)
    assert static.url("pages/live/buying/buy.js") in rest
    assert static.url("lib/ui/sheet.js") in rest


async def test_words_of_what_comes_later_come_later(sale: Sale, visitor: httpx.AsyncClient) -> None:
    static = Static()
    every = read_words(WEB / "locale")["zh"].of_scripts(
        *modules(static.folder, "pages/live/first.js", "pages/live/live.js", later=True)
    )
    page = (await visitor.get(f"/live/{sale.broadcast}?lang=zh")).text
    found = re.search(r'id="page-data">(.*?)</script>', page, re.S)
    assert found is not None
    data = json.loads(found[1])
    answer = await visitor.get(data["words_later"], headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert {**data["words"], **answer.json()} == every
    assert data["words"].keys().isdisjoint(answer.json())
    assert len(data["words"]) < len(every) / 4
    # What reads as the scripts have it needs no words.
    english = (await visitor.get(f"/live/{sale.broadcast}?lang=en")).text
    assert '"words_later": null' in english

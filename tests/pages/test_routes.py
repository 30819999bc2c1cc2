"""The pages as a browser gets them."""

import re

import httpx
import pytest
from tests.pages.conftest import Sale
from tests.pages.page_text import words

from farmlive.broadcast.events import SourceSwitched
from farmlive.pages.rendering.static import WEB
from farmlive.server import Server


async def test_every_page_speaks_both_languages(
    sale: Sale, visitor: httpx.AsyncClient, host: httpx.AsyncClient
) -> None:
    pages = [
        (visitor, "/", "田头直播", "Live from the farm"),
        (visitor, f"/live/{sale.broadcast}", "现摘金桔", "Kumquats live"),
        (visitor, f"/live/{sale.scheduled}", "明早挖笋", "Shoots at dawn"),
        (visitor, "/sign-in", "登录", "Sign in"),
        (visitor, sale.order, "您买了什么", "What you ordered"),
        (visitor, f"/origin/lot/{sale.lot}", "批次 1123", "Lot 1123"),
        (visitor, "/design", "设计规范", "Design"),
        (host, "/review", "销售", "Sales"),
        (host, f"/review/{sale.broadcast}", "¥29.90", "¥29.90"),
        (host, "/studio", "直播", "Studio"),
        (visitor, "/nowhere", "这里什么也没有", "There is nothing here"),
    ]
    for client, path, chinese, english in pages:
        for tag, lang, wanted in (("zh-CN", "zh", chinese), ("en", "en", english)):
            page = await client.get(path, params={"lang": lang})
            assert f'<html lang="{tag}"' in page.text
            assert wanted in words(page), path
            other = "en" if lang == "zh" else "zh"
            assert f"?lang={other}" in page.text, path


async def test_the_review_calls_a_camera_without_a_name_in_the_visitors_language(
    site: Server, sale: Sale, host: httpx.AsyncClient
) -> None:
    house = site.house
    for label in ("Camera 2", "Barn"):
        switched = SourceSwitched(source=label, label=label, codec="VP8")
        await house.store.write(
            lambda c, event=switched: house.log.append(c, sale.broadcast, event)  # type: ignore[misc]
        )
    for lang, camera in (("zh", "机位 2"), ("en", "Camera 2")):
        page = words(await host.get(f"/review/{sale.broadcast}", params={"lang": lang}))
        assert {"zh": f"镜头：{camera}; 镜头：Barn", "en": f"Camera: {camera}; Camera: Barn"}[
            lang
        ] in page


async def test_a_language_once_chosen_is_kept(visitor: httpx.AsyncClient) -> None:
    await visitor.get("/", params={"lang": "en"})
    assert '<html lang="en"' in (await visitor.get("/")).text


async def test_the_policy_lets_nothing_in_from_elsewhere(
    sale: Sale, visitor: httpx.AsyncClient
) -> None:
    for path in ("/", f"/live/{sale.broadcast}", "/nowhere"):
        policy = (await visitor.get(path)).headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "*" not in policy


async def test_what_people_wrote_is_text(sale: Sale, visitor: httpx.AsyncClient) -> None:
    page = await visitor.get("/", params={"lang": "en"})
    assert "New &lt;rice&gt;" in page.text
    live = await visitor.get(f"/live/{sale.ended}", params={"lang": "en"})
    assert "<rice>" not in live.text


async def test_the_start_page_shows_what_is_live_next_and_past(
    sale: Sale, visitor: httpx.AsyncClient
) -> None:
    page = words(await visitor.get("/", params={"lang": "en"}))
    assert page.index("Kumquats live") < page.index("Shoots at dawn") < page.index("New <rice>")
    assert "¥29.90" in page


async def test_the_next_broadcast_stands_where_nothing_is_live(
    site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    await site.house.broadcasts.end(sale.broadcast)
    page = words(await visitor.get("/", params={"lang": "en"}))
    assert "Nothing is live at the moment" not in page
    assert page.index("Shoots at dawn") < page.index("See what comes")
    assert page.index("See what comes") < page.index("Kumquats live") < page.index("New <rice>")


async def test_an_empty_server_says_so(visitor: httpx.AsyncClient) -> None:
    page = words(await visitor.get("/", params={"lang": "en"}))
    assert "Nothing is live at the moment" in page


async def test_an_order_is_read_by_its_address_and_kept_by_nobody(
    sale: Sale, visitor: httpx.AsyncClient
) -> None:
    page = await visitor.get(sale.order, params={"lang": "en"})
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    for text in (sale.number, "¥29.90", "Wang Fang", "13800000000", "Meixian, Youxi"):
        assert text in words(page)


async def test_a_lot_is_a_page_and_a_part_for_the_sheet(
    sale: Sale, visitor: httpx.AsyncClient
) -> None:
    path = f"/origin/lot/{sale.lot}"
    page = await visitor.get(path, params={"lang": "en"})
    part = await visitor.get(path, params={"lang": "en", "part": "story"})
    assert "<!doctype" in page.text
    assert "<!doctype" not in part.text
    for text in ("Flowered", "Sprayed", "Picked", "Tested", "Packed", "Orchard", "50 kg"):
        assert text in words(page)
        assert text in words(part)
    assert "No test is recorded for this lot." in words(page)


@pytest.mark.parametrize("path", ["/review", "/review/01M89D11FFY6GDBKT5DH4RAJ18", "/studio"])
async def test_staff_pages_lead_to_signing_in_and_back(
    path: str, visitor: httpx.AsyncClient
) -> None:
    answer = await visitor.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=" + path.replace("/", "%2F")


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/review", "/review"),
        ("//elsewhere.example", "/studio"),
        ("/\\elsewhere.example", "/studio"),
        ("https://elsewhere.example", "/studio"),
    ],
)
async def test_signing_in_leads_nowhere_else(asked: str, led: str, host: httpx.AsyncClient) -> None:
    answer = await host.get("/sign-in", params={"next": asked})
    assert answer.status_code == 303
    assert answer.headers["location"] == led


@pytest.mark.parametrize("path", ["/live/nothing", "/no/such/page", "/studio/farms/nowhere"])
async def test_a_problem_asks_nobody_to_sign_in_twice(
    path: str, host: httpx.AsyncClient, visitor: httpx.AsyncClient
) -> None:
    page = await host.get(path, params={"lang": "en"}, headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert "Sign in" not in words(page)
    assert "Studio" in words(page)
    assert "Sign in" in words(await visitor.get("/live/nothing", params={"lang": "en"}))


async def test_a_browser_gets_a_page_for_a_problem_and_a_program_json(
    site: Server, visitor: httpx.AsyncClient
) -> None:
    page = await visitor.get("/live/nothing", params={"lang": "en"})
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "There is no such broadcast" in words(page)
    async with httpx.AsyncClient(base_url=site.url) as program:
        answer = await program.get("/live/nothing")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "status", "english", "chinese"),
    [
        ("/review/{b}/lists/pick-lsit", 404, "There is no such list", "没有这个清单"),
        ("/review/{b}/sheets/sales.cvs", 404, "There is no such list", "没有这个清单"),
        ("/review/{b}/sheets/slaes.csv", 404, "There is no such list", "没有这个清单"),
        ("/review/{b}?farm=mistyped", 404, "There is no such farm", "没有这个农场"),
        ("/review/{b}/lists/pick-list?farm=x", 404, "There is no such farm", "没有这个农场"),
        ("/review/{b}/sheets/sales.csv?farm=x", 404, "There is no such farm", "没有这个农场"),
        ("/studio/{b}/orders/slisp", 422, "This address is not right", "这个网址不对"),
        ("/studio/{b}/orders/slips?state=x", 422, "This address is not right", "这个网址不对"),
        ("/origin/lot/x?part=strory", 422, "This address is not right", "这个网址不对"),
        ("/design?theme=%01", 422, "This address is not right", "这个网址不对"),
    ],
)
async def test_an_address_that_is_mistyped_is_answered_in_the_pages_language(
    sale: Sale, host: httpx.AsyncClient, path: str, status: int, english: str, chinese: str
) -> None:
    address = path.format(b=sale.broadcast)
    for language, said in (("en", english), ("zh", chinese)):
        page = await host.get(address, headers={"Accept-Language": language})
        assert page.status_code == status
        assert said in words(page)
        assert "Input should" not in page.text
        if language == "zh":
            assert not re.search(r"[A-Za-z]{2,} [A-Za-z]{2,}", words(page)), words(page)
        if path.startswith("/review"):
            assert 'href="/review">' in page.text


async def test_static_files_are_kept_for_good_by_their_fingerprint(
    visitor: httpx.AsyncClient,
) -> None:
    page = (await visitor.get("/")).text
    found = re.search(r"/static/[0-9a-f]{12}/lib/ui/page\.js", page)
    assert found is not None
    named = await visitor.get(found.group())
    assert named.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "set-cookie" not in named.headers
    old = await visitor.get("/static/0123456789ab/lib/ui/page.js")
    plain = await visitor.get("/static/lib/ui/page.js")
    assert old.status_code == plain.status_code == 200
    assert old.headers["cache-control"] == plain.headers["cache-control"] == "no-cache"
    again = await visitor.get(
        "/static/lib/ui/page.js", headers={"If-None-Match": plain.headers["etag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/static/../__init__.py", "/static/%2e%2e/__init__.py"])
async def test_static_files_end_at_their_folder(path: str, visitor: httpx.AsyncClient) -> None:
    assert (await visitor.get(path)).status_code == 404


async def test_the_design_page_shows_every_component(visitor: httpx.AsyncClient) -> None:
    page = (await visitor.get("/design")).text
    files = sorted((WEB / "static" / "lib" / "styles" / "components").glob("*.css"))
    style = "".join(file.read_text(encoding="utf-8") for file in files)
    blocks = set(
        re.findall(r"^\.([a-z]+(?:-[a-z]+)?(?:__[a-z]+)?(?:--[a-z-]+)?)[ ,{:]", style, re.M)
    )
    shown = set(re.findall(r"[\w-]+", " ".join(re.findall(r'class="([^"]*)"', page))))
    made_by_scripts = {"old-shade", "toast", "toast--red", "toast__act", "ticked"}
    assert blocks - shown - made_by_scripts == set()

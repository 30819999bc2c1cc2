"""What is kept of a buyer as a page in the browser, and as a file, by forms without a script."""

import io
import json
import re
import zipfile
from base64 import b64encode
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from PIL import Image
from tests.pages.conftest import BUYER, Sale, signed_in
from tests.pages.page_text import words
from tests.support.waiting import until

from farmlive.pages.rendering.languages import LANGUAGES
from farmlive.server import Server
from farmlive.settings import Settings

WRONG = {"en": "The code is wrong", "zh": "验证码不对"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"notices": ("file",)})


async def code_of(site: Server, visitor: httpx.AsyncClient) -> str:
    """The code that was sent to the buyer's phone."""
    asked = await visitor.post("/api/v1/person/codes", json={"phone": BUYER["phone"]})
    assert asked.status_code == 202
    found: list[str] = []

    def is_there() -> bool:
        for path in sorted((site.house.settings.data / "outbox").glob("*.jsonl")):
            for line in map(json.loads, path.read_text().splitlines()):
                if line["kind"] == "person.code":
                    found.extend(re.findall(r"\b[0-9]{6}\b", line["text"])[:1])
        return bool(found)

    await until(is_there, "the code was sent")
    return found[-1]


async def ways(site: Server, sale: Sale, visitor: httpx.AsyncClient) -> list[tuple[str, Any]]:
    """By the link and by the code: where the form goes, and what it says besides."""
    return [
        (f"{sale.order}/export", {}),
        ("/privacy/export", {"phone": BUYER["phone"], "code": await code_of(site, visitor)}),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_is_shown_in_the_browser_and_kept_by_nobody(
    language: str, site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    visitor.cookies.set("farmlive_language", language)
    for path, more in await ways(site, sale, visitor):
        page = await visitor.post(path, data={**more, "form": "page"})
        assert page.status_code == 200, path
        assert page.headers["cache-control"] == "no-store"
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert page.headers["referrer-policy"] == "no-referrer"
        said = words(page)
        for word in (BUYER["name"], BUYER["phone"], sale.number, "¥29.90"):
            assert word in said, path
        assert {"en": "What we keep about you", "zh": "我们保存您的哪些信息"}[language] in said
        assert "None" not in said
        # Of what opens the order nothing, and nothing that is loaded.
        assert sale.order.removeprefix("/order/") not in page.text
        links = re.findall(r'(?:src|href)="([^"]*)"', page.text)
        assert links == ["export", f"{site.url}/privacy"]
        back = await visitor.get(urljoin(path, links[0]))
        assert back.headers["location"] == (
            sale.order if "order" in path else "/privacy#privacy-yours"
        )


async def test_a_file_comes_as_a_download_of_its_own_name(
    site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    names = set()
    for path, more in await ways(site, sale, visitor):
        file = await visitor.post(path, data={**more, "form": "file"})
        assert (file.status_code, file.headers["content-type"]) == (200, "application/zip")
        assert file.headers["cache-control"] == "no-store"
        disposition = file.headers["content-disposition"]
        names.add(re.match(r'attachment; filename="([\w.-]+)"', disposition)[1])  # type: ignore[index]
        with zipfile.ZipFile(io.BytesIO(file.content)) as opened:
            assert opened.namelist() == ["read-me.html", "data.json"]
    assert f"my-data-{sale.number}.zip" in names
    assert len(names) == 2
    assert not any(part in "".join(names) for part in BUYER.values())


async def claimed_with_a_photo(site: Server, sale: Sale, visitor: httpx.AsyncClient) -> None:
    """Have the order received, and a claim for it with one photo."""
    order = await site.house.shop.order(sale.order.removeprefix("/order/"))
    async with signed_in(site, "host") as host:
        csrf = (await host.get("/api/v1/session")).json()["csrf"]
        for state in ("packed", "shipped", "received"):
            moved = await host.post(
                f"/api/v1/broadcasts/{sale.broadcast}/orders/{order.id}/transitions",
                json={"state": state},
                headers={"X-CSRF-Token": csrf},
            )
            assert moved.status_code == 201, moved.text
    written = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 120, 20)).save(written, "JPEG")
    url = f"/api/v1/orders/{order.token}/claims"
    sent = await visitor.post(
        f"{url}/photos", content=written.getvalue(), headers={"Content-Type": "image/jpeg"}
    )
    photo = sent.json()["id"]
    assert (await visitor.post(url, json={"text": "x", "photos": [photo]})).status_code == 201


async def test_photos_stand_in_the_page_up_to_a_size(
    site: Server, sale: Sale, visitor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await claimed_with_a_photo(site, sale, visitor)
    form = {"form": "page"}
    shown = await visitor.post(f"{sale.order}/export", data=form)
    assert shown.text.count('src="data:image/webp;base64,') == 1
    monkeypatch.setattr("farmlive.shop.privacy.persons.PHOTOS_SHOWN", 10)
    shown = await visitor.post(f"{sale.order}/export", data=form)
    assert "<img" not in shown.text
    assert "Photo 1: in the file" in words(shown) or "照片 1：在" in words(shown)


async def test_photos_stand_in_the_files_page_and_beside_it(
    site: Server, sale: Sale, visitor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await claimed_with_a_photo(site, sale, visitor)

    async def sources() -> tuple[list[str], list[str]]:
        file = await visitor.post(f"{sale.order}/export", data={"form": "file"})
        with zipfile.ZipFile(io.BytesIO(file.content)) as opened:
            page = opened.read("read-me.html").decode()
            photos = [name for name in opened.namelist() if name.startswith("photos/")]
            kept = [b64encode(opened.read(name)).decode() for name in photos]
        found = re.findall(r'<img src="([^"]*)"', page)
        assert found in (photos, [f"data:image/webp;base64,{each}" for each in kept])
        return photos, found

    photos, found = await sources()
    assert len(photos) == 1
    assert found != photos
    # What is too much for the page is shown from the folder.
    monkeypatch.setattr("farmlive.shop.privacy.persons.PHOTOS_SHOWN", 10)
    photos, found = await sources()
    assert found == photos


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_asks_for_what_the_api_asks_for(
    language: str, site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    """The same checks, and what is refused is said as a page in the reader's language."""
    visitor.cookies.set("farmlive_language", language)
    form = {"form": "page"}
    unknown = await visitor.post(f"/order/{'x' * 22}/export", data=form)
    assert unknown.status_code == 404
    code = await code_of(site, visitor)
    wrong = {**form, "phone": BUYER["phone"], "code": f"{(int(code) + 1) % 1_000_000:06d}"}
    for _ in range(5):
        refused = await visitor.post("/privacy/export", data=wrong)
        assert refused.status_code == 403
        assert WRONG[language] in words(refused)
        assert 'href="/privacy#privacy-yours"' in refused.text
        assert BUYER["name"] not in refused.text
    locked = await visitor.post("/privacy/export", data={**wrong, "code": code})
    assert locked.status_code == 429
    assert {"en": "Try again in an hour", "zh": "一小时"}[language] in words(locked)
    for body in ({**wrong, "code": ""}, {"form": "page"}, {**wrong, "form": "all"}, {}):
        assert (await visitor.post("/privacy/export", data=body)).status_code == 422, body
    answers = [await visitor.post(f"{sale.order}/export", data=form) for _ in range(8)]
    late = [each for each in answers if each.status_code == 429]
    assert len(late) == 2
    # The order is not lost, and how long to wait is said.
    for each in late:
        assert f'<a class="button button--primary" href="{sale.order}">' in each.text
        seconds = each.headers["retry-after"]
        assert {"en": f"Wait {seconds} second", "zh": f"请等 {seconds} 秒"}[language] in words(each)
    assert f'href="/order/{"x" * 22}"' not in unknown.text


async def test_without_a_code_not_even_a_coordinator_has_it_by_a_form(
    site: Server, sale: Sale, host: httpx.AsyncClient
) -> None:
    form = {"form": "file", "phone": BUYER["phone"]}
    assert (await host.post("/privacy/export", data=form)).status_code == 422
    # Whoever is signed in has an order by its link, too.
    assert (await host.post(f"{sale.order}/export", data={"form": "page"})).status_code == 200


async def test_no_page_of_another_site_asks(
    site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    form, path = {"form": "page"}, f"{sale.order}/export"
    for headers, status in (
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 200),
        # The order's page names itself to nobody, and an older browser says no more of it.
        ({"Origin": "null"}, 200),
        ({"Origin": site.url}, 200),
    ):
        answer = await visitor.post(path, data=form, headers=headers)
        assert answer.status_code == status, headers


async def test_a_page_that_is_opened_again_leads_back(
    site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    for path, back in (
        (f"{sale.order}/export", sale.order),
        ("/privacy/export", "/privacy#privacy-yours"),
    ):
        answer = await visitor.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, back)


async def test_an_erased_orders_page_says_so(
    site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    token = sale.order.removeprefix("/order/")
    assert (await visitor.post(f"/api/v1/orders/{token}/cancellation", json={})).status_code == 201
    assert (await visitor.post(f"/api/v1/orders/{token}/erasures")).json() == {"orders": 1}
    page = await visitor.post(f"{sale.order}/export", data={"form": "page"})
    for page_words in (words(page), words(await visitor.get(sale.order))):
        assert "as you asked" in page_words or "已按您的要求" in page_words
        assert "as promised" not in page_words
        assert "已按承诺" not in page_words
    assert BUYER["phone"] not in page.text

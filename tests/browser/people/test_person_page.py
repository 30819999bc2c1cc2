"""What is kept of a buyer, read in Chromium: shown here, and from the file without a network."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.browser.support.erasing import NUMBER, code_of
from tests.browser.support.selling import order
from tests.support.money import cny

from farmlive.server import Server
from farmlive.settings import Settings

pytestmark = pytest.mark.browser

LONG = "阿克苏地区温宿县克孜勒镇托甫汗村村民委员会水果专业合作社"
SIZES = [
    pytest.param(PHONE, "zh", id="phone-zh"),
    pytest.param((360, 640), "en", id="small-phone-en"),
    pytest.param(DESK, "en", id="desktop-en"),
]
SHOW = {"en": "Show it here", "zh": "在这里查看"}
SAVE = {"en": "Download my data", "zh": "下载我的信息"}
TITLE = {"en": "What we keep about you", "zh": "我们保存您的哪些信息"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"notice_gather_minutes": 0, "county_name": "Youxi County"})


async def received(sale: Sale) -> Any:
    """An order with a claim, and with reasons that don't break."""
    placed = await order(sale, 1)
    for state in ("packed", "shipped", "received"):
        await sale.api.change_order_state(sale.broadcast, placed["id"], state)
    await sale.api.mark_order_paid(sale.broadcast, placed["id"])
    claim = f"/api/v1/orders/{placed['token']}/claims"
    made = await sale.api.request("POST", claim, json={"text": f"{'x' * 90} {LONG}"})
    answer = f"/api/v1/broadcasts/{sale.broadcast}/claims/{made['claims'][0]['id']}/answer"
    await sale.api.request("POST", answer, json={"amount": cny(500), "answer": LONG * 2})
    return placed


async def fits(page: Page, size: Any, language: str, number: str) -> None:
    """It is read without scrolling to the side, in its own style."""
    await expect(page.get_by_role("heading", name=TITLE[language])).to_be_visible()
    await expect(page.get_by_role("heading", name=number)).to_be_visible()
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= size[0]
    card = page.locator(".card").first
    await expect(card).to_have_css("border-top-style", "solid")
    box = await card.bounding_box()
    assert box is not None
    assert box["x"] >= 8
    assert box["width"] <= min(size[0] - 16, 720)
    # Whatever its name, a fact has the larger half of the line.
    name = await page.locator(".facts dt").first.bounding_box()
    assert name is not None
    assert name["width"] < box["width"] / 2


@pytest.mark.parametrize(("size", "language"), SIZES)
async def test_it_is_shown_here_without_a_download(
    size: Any, language: str, sale: Sale, open_page: Open
) -> None:
    placed = await received(sale)
    page = await open_page(f"/order/{placed['token']}", size=size, language=language)
    await page.get_by_role("button", name=SHOW[language]).click()
    await fits(page, size, language, placed["number"])
    await page.go_back()
    await expect(page.get_by_role("button", name=SAVE[language])).to_be_visible()


@pytest.mark.parametrize(("size", "language"), SIZES)
async def test_the_file_is_read_without_a_network(
    size: Any, language: str, sale: Sale, open_page: Open, tmp_path: Path
) -> None:
    placed = await received(sale)
    page = await open_page(f"/order/{placed['token']}", size=size, language=language)
    async with page.expect_download() as waited:
        await page.get_by_role("button", name=SAVE[language]).click()
    download = await waited.value
    named = {"zh": "我的信息", "en": "my-data"}[language]
    assert download.suggested_filename == f"{named}-{placed['number']}.zip"
    await download.save_as(tmp_path / "kept.zip")
    with zipfile.ZipFile(tmp_path / "kept.zip") as file:
        file.extractall(tmp_path)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.context.set_offline(True)
    await page.goto((tmp_path / "read-me.html").as_uri())
    await fits(page, size, language, placed["number"])
    assert [url for url in asked if not url.startswith("file:")] == []


@pytest.mark.parametrize(("size", "language"), SIZES[:1])
async def test_by_a_code_it_is_shown_too_and_one_goes_on_afterwards(
    size: Any, language: str, site: Server, sale: Sale, open_page: Open
) -> None:
    placed = await received(sale)
    page = await open_page("/privacy", size=size, language=language)
    await page.locator("#yours-phone input").fill(NUMBER)
    await page.locator("#yours-phone button").click()
    await page.locator("#yours-code input").fill(await code_of(site, NUMBER))
    await page.locator("#yours-code [type=submit]").click()
    found = page.locator("#yours-found")
    await found.get_by_role("button", name=SHOW[language]).click()
    await fits(page, size, language, placed["number"])
    await page.go_back()
    # A browser keeps the whole page, or the fields alone: then the code is sent once more.
    await expect(page.locator("#yours-found:visible, #yours-code:visible")).to_have_count(1)
    if await page.locator("#yours-code").is_visible():
        await page.locator("#yours-code [type=submit]").click()
    await expect(found).to_contain_text(placed["number"])

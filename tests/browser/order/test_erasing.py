"""A buyer takes out and erases what is kept of them in Chromium, by an order's page and by a code;
a coordinator does so for one who asks.
"""

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Download, Page, expect
from sqlalchemy import update
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.browser.support.desk import desk
from tests.browser.support.erasing import NUMBER, code_of
from tests.browser.support.selling import order

from farmlive.clock import now_ms
from farmlive.people.core import tables
from farmlive.server import Server
from farmlive.settings import Settings

pytestmark = pytest.mark.browser

NAME = "Wang 1"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"notice_gather_minutes": 0, "county_name": "Youxi County"})


async def over(sale: Sale, number: int = 1) -> Any:
    """An order that was received and paid for."""
    placed = await order(sale, number)
    for state in ("packed", "shipped", "received"):
        await sale.api.change_order_state(sale.broadcast, placed["id"], state)
    await sale.api.mark_order_paid(sale.broadcast, placed["id"])
    return placed


async def is_gone(site: Server, placed: Any) -> bool:
    return (await site.house.shop.order(placed["token"])).buyer is None


async def authenticated_before(site: Server, minutes: int) -> None:
    """Have every session's owner have authenticated last so long ago."""
    at = update(tables.sessions).values(authenticated_at=now_ms() - minutes * 60_000)
    await site.house.store.write(lambda conn: conn.execute(at).rowcount)


async def saved(page: Page, name: str, tmp_path: Path) -> dict[str, Any]:
    """What is in the file that the button saves."""
    async with page.expect_download() as waited:
        await page.get_by_role("button", name=name).click()
    download: Download = await waited.value
    path = tmp_path / download.suggested_filename
    await download.save_as(path)
    with zipfile.ZipFile(path) as file:
        return json.loads(file.read("data.json"))  # type: ignore[no-any-return]


SIZES = [pytest.param(PHONE, "zh", id="phone-zh"), pytest.param(DESK, "en", id="desktop-en")]
SAVE = {"en": "Download my data", "zh": "下载我的信息"}
ERASE = {"en": "Erase my details…", "zh": "删除我的信息…"}
YES = {"en": "Yes, erase them", "zh": "确认删除"}


@pytest.mark.parametrize(("size", "language"), SIZES)
async def test_on_the_page_of_an_order(
    size: Any, language: str, site: Server, sale: Sale, open_page: Open, tmp_path: Path
) -> None:
    placed, other = await over(sale), await over(sale, 2)
    page = await open_page(f"/order/{placed['token']}", size=size, language=language)
    whole = await saved(page, SAVE[language], tmp_path)
    assert [each["name"] for each in whole["orders"]] == [NAME]
    await page.evaluate("localStorage.setItem('farmlive.buyer', JSON.stringify({name: 'Wang 1'}))")
    await page.get_by_role("button", name=ERASE[language]).click()
    sheet = page.locator("#erase-sheet")
    await expect(sheet).to_contain_text({"en": "can't be undone", "zh": "无法恢复"}[language])
    assert not await is_gone(site, placed)  # it asks first
    await sheet.get_by_role("button", name=YES[language]).click()
    await expect(
        page.get_by_text({"en": "as you asked", "zh": "已按您的要求"}[language])
    ).to_be_visible()
    await expect(page.locator("body")).not_to_contain_text(NAME)
    await expect(page.get_by_role("button", name=ERASE[language])).to_have_count(0)
    assert await page.evaluate("localStorage.getItem('farmlive.buyer')") is None
    assert await is_gone(site, placed)
    assert not await is_gone(site, other)


@pytest.mark.parametrize(("size", "language"), SIZES)
async def test_an_open_order_says_why_not(
    size: Any, language: str, site: Server, sale: Sale, open_page: Open
) -> None:
    placed = await order(sale, 1)
    page = await open_page(f"/order/{placed['token']}", size=size, language=language)
    button = page.get_by_role("button", name=ERASE[language])
    await expect(button).to_be_disabled()
    not_paid = {"en": "not paid yet", "zh": "还没有付款"}[language]
    await expect(page.locator("#kept-because")).to_contain_text(not_paid)
    for state in ("packed", "shipped", "received"):
        await sale.api.change_order_state(sale.broadcast, placed["id"], state)
    await sale.api.mark_order_paid(sale.broadcast, placed["id"])
    await page.evaluate("dispatchEvent(new Event('online'))")  # it comes up to date
    await expect(button).to_be_enabled()
    await expect(page.locator("#kept-because")).to_have_count(0)


@pytest.mark.parametrize(("size", "language"), SIZES)
async def test_with_one_open_order_the_others_are_erased_on_their_pages(
    size: Any, language: str, site: Server, sale: Sale, open_page: Open
) -> None:
    await over(sale)
    await sale.api.commands(sale.broadcast).order(
        "a-key-of-an-open-order",
        {
            "lines": [{"offer": sale.offer, "quantity": 1, "price": 2990}],
            "buyer": {"name": NAME, "phone": NUMBER},
            "delivery": {"way": "parcel", "address": "Meixian, Youxi"},
            "payment": "cash_on_delivery",
        },
    )
    page = await open_page("/privacy", size=size, language=language)
    await page.locator("#yours-phone input").fill(NUMBER)
    await page.locator("#yours-phone button").click()
    await page.locator("#yours-code input").fill(await code_of(site, NUMBER))
    await page.locator("#yours-code [type=submit]").click()
    told = page.locator("#yours-open")
    await expect(told).to_contain_text(
        {"en": "1 order is still open", "zh": "还有 1 个订单"}[language]
    )
    await expect(told).to_contain_text({"en": "on their own pages", "zh": "单独删除"}[language])
    await expect(page.locator("#yours-found [data-erase]")).to_be_disabled()


@pytest.mark.parametrize(("size", "language"), SIZES)
async def test_all_orders_by_a_code_to_ones_phone(
    size: Any, language: str, site: Server, sale: Sale, open_page: Open, tmp_path: Path
) -> None:
    placed = await over(sale)
    page = await open_page("/privacy", size=size, language=language)
    form = page.locator("#yours-phone")
    await form.locator("button").click()
    await expect(page.locator("#phone-error")).to_be_visible()
    await form.locator("input").fill("138 0000 0001")
    await form.locator("button").click()
    code = page.locator("#yours-code")
    await expect(code).to_be_visible()
    sent = await code_of(site, NUMBER)
    await code.locator("input").fill(f"{(int(sent) + 1) % 1_000_000:06d}")
    await code.locator("[type=submit]").click()
    wrong = {"en": "The code is wrong", "zh": "验证码不对"}[language]
    await expect(page.locator("#code-error")).to_contain_text(wrong)
    await code.locator("input").fill(f"{sent[:3]} {sent[3:]}")
    await code.locator("[type=submit]").click()
    found = page.locator("#yours-found")
    await expect(found).to_contain_text(placed["number"])
    all_of_it = {"en": "Download all of it", "zh": "全部下载"}[language]
    assert len((await saved(page, all_of_it, tmp_path))["orders"]) == 1
    await page.get_by_role("button", name=ERASE[language]).click()
    await page.locator("#erase-sheet").get_by_role("button", name=YES[language]).click()
    gone = {"en": "Your details of 1 order are erased", "zh": "已删除 1 个订单中您的信息"}
    await expect(page.locator("#yours-gone")).to_contain_text(gone[language])
    assert await is_gone(site, placed)
    await expect(form.locator("input")).to_have_value("")


@pytest.mark.parametrize(("size", "language"), SIZES)
async def test_a_coordinator_does_it_for_one_who_asks(
    size: Any, language: str, site: Server, sale: Sale, open_studio: Open, tmp_path: Path
) -> None:
    placed = await over(sale)
    page = await open_studio("/studio/people", size=size, language=language)
    link = {"en": "A buyer's data", "zh": "买家的信息"}[language]
    await page.get_by_role("link", name=link).click()
    form = page.locator("#buyer-find")
    await form.locator("input").fill(NUMBER)
    await form.locator("[type=submit]").click()
    found = page.locator("#buyer-found")
    await expect(found).to_contain_text(placed["number"])
    save = {"en": "Download for the buyer", "zh": "为买家下载"}[language]
    assert len((await saved(page, save, tmp_path))["orders"]) == 1
    await found.locator("[data-erase]").click()
    sheet = page.locator("#erase-sheet")
    await expect(sheet).to_contain_text(NUMBER)
    await authenticated_before(site, 11)
    await sheet.get_by_role("button", name=YES[language]).click()
    asked = page.locator("#reauthentication-sheet")
    await asked.get_by_role("button", name={"en": "Cancel", "zh": "取消"}[language]).click()
    await expect(sheet.locator("#erase-problem")).to_be_visible()
    assert not await is_gone(site, placed)
    await authenticated_before(site, 1)
    await sheet.get_by_role("button", name=YES[language]).click()
    erased = {"en": "The details of 1 order are erased", "zh": "已删除 1 个订单的买家信息"}
    await expect(page.locator("#toasts")).to_contain_text(erased[language])
    assert await is_gone(site, placed)
    await page.goto("/studio/audit")
    number = placed["number"]
    said = {
        "en": f"erased a buyer's details of {number}",
        "zh": f"删除了买家在 {number} 中的信息",
    }
    await expect(page.get_by_text(said[language])).to_be_visible()
    # Its number leads to the desk, where the order stands without its buyer.
    await page.get_by_role("link", name=number).first.click()
    await expect(page.locator("[data-order]")).to_contain_text(number)


@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh"), (DESK, "en")])
async def test_what_refuses_an_erasure_leads_to_the_desk(
    sale: Sale, open_studio: Open, size: tuple[int, int], language: str
) -> None:
    await over(sale)
    late = await order(sale, 1, key="an-order-that-is-open-0001")
    page = await open_studio("/studio/people/buyers", size=size, language=language)
    await page.locator("#buyer-find input").fill(NUMBER)
    await page.locator("#buyer-find [type=submit]").click()
    found = page.locator("#buyer-found")
    await expect(found.locator("[data-erase]")).to_be_disabled()
    link = found.get_by_role("link", name=late["number"])
    await expect(link).to_have_attribute(
        "href", f"/studio/{sale.broadcast}/orders?state=all&number={late['number']}"
    )
    await link.click()
    row = page.locator("[data-order]")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text(late["number"])


async def test_order_that_is_placed_meanwhile_is_named_with_its_link(
    sale: Sale, open_studio: Open
) -> None:
    await over(sale)
    page = await open_studio("/studio/people/buyers")
    await page.locator("#buyer-find input").fill(NUMBER)
    await page.locator("#buyer-find [type=submit]").click()
    await page.locator("#buyer-found [data-erase]").click()
    late = await order(sale, 1, key="an-order-that-is-open-0002")
    sheet = page.locator("#erase-sheet")
    await sheet.get_by_role("button", name=YES["en"]).click()
    named = sheet.locator("#erase-open")
    await expect(named).to_contain_text("not paid yet")
    # It is said once, and there is nothing to confirm until the sheet is opened again.
    said = sheet.locator("#erase-problem")
    await expect(said).to_contain_text("1 order is still open")
    await expect(said).not_to_contain_text(late["number"])
    await expect(sheet.get_by_role("button", name=YES["en"])).to_be_hidden()
    await sheet.get_by_role("button", name="No, go back").click()
    await page.locator("#buyer-found [data-erase]").click()
    await expect(said).to_be_hidden()
    await sheet.get_by_role("button", name=YES["en"]).click()
    await named.get_by_role("link", name=late["number"]).click()
    await expect(page.locator("[data-order]")).to_contain_text(late["number"])


async def test_a_desk_that_is_open_shows_the_name_no_more(
    site: Server, sale: Sale, open_studio: Open
) -> None:
    placed = await over(sale)
    page = await desk(open_studio, sale)
    await page.locator(".desk-chip").filter(has_text=re.compile("^All")).click()
    row = page.locator("[data-order]")
    await expect(row).to_contain_text(NAME)
    async with httpx.AsyncClient(base_url=site.url) as buyer:
        assert (await buyer.post(f"/api/v1/orders/{placed['token']}/erasures")).is_success
    await expect(row).to_contain_text("Buyer's details removed")
    await expect(page.locator("body")).not_to_contain_text(NAME)


async def test_a_host_finds_no_buyers_data(site: Server, sale: Sale, open_studio: Open) -> None:
    page = await open_studio("/studio/people", role="host")
    await expect(page.get_by_role("link", name="A buyer's data")).to_have_count(0)
    answer = await page.goto("/studio/people/buyers")
    assert answer is not None
    assert answer.status == 403

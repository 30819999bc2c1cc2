"""A coordinator reads the audit list in Chromium: chooses what it is about, a person and days, goes
to what an entry is about, and takes out what is chosen.
"""

import csv
import os
from io import StringIO
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect
from sqlalchemy import Connection
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.browser.support.selling import order
from tests.browser.support.touch_targets import SMALL_TARGETS
from tests.support.clerks import every_centre

from farmlive.ids import ulid
from farmlive.people import Caller
from farmlive.people.core import audit
from farmlive.server import Server

pytestmark = pytest.mark.browser

WIDER = "() => document.documentElement.scrollWidth - innerWidth"


async def shot(page: Page, name: str) -> None:
    if where := os.environ.get("SHOTS"):
        await page.screenshot(path=f"{where}/{name}.png", full_page=True)


async def filled(site: Server, sale: Sale) -> Any:
    """Have entries of many kinds; returns the order that its buyer erased."""
    placed = await order(sale, 1)
    for state in ("packed", "shipped", "received"):
        await sale.api.change_order_state(sale.broadcast, placed["id"], state)
    await sale.api.mark_order_paid(sale.broadcast, placed["id"])
    async with httpx.AsyncClient(base_url=site.url) as buyer:
        erased = await buyer.post(f"/api/v1/orders/{placed['token']}/erasures")
        assert erased.is_success
    people = site.house.people
    account, password = await people.create_account(
        "mei", "clerk", centres=await every_centre(site.house, "clerk")
    )
    async with httpx.AsyncClient(base_url=site.url, headers={"Accept": "text/html"}) as clerk:
        body = {"name": "mei", "password": password}
        assert (await clerk.post("/api/v1/session", json=body)).status_code == 200
        wrong = {"name": "mei", "password": "something else"}
        await clerk.post("/api/v1/session", json=wrong)
        assert (await clerk.get("/studio/audit")).status_code == 403
        sheet = f"/review/{sale.broadcast}/sheets/hand-over.csv"
        await clerk.get(sheet)
    mei = Caller(account.id, "mei", "clerk", "", None)
    lin = Caller(ulid(), "lin", "coordinator", "", None)

    def write(conn: Connection) -> None:
        audit.record_always(conn, mei, "buyers.search", by="phone")
        named = [{"number": f"A00{n}", "broadcast": sale.broadcast} for n in range(12, 19)]
        audit.record_always(conn, lin, "person.erase", ulid(), by="role", orders=9, named=named)
        audit.record_always(conn, lin, "account.change", account.id, name="mei", disabled=True)

    await site.house.store.write(write)
    await people.access.stop()
    return placed


@pytest.mark.parametrize(
    ("size", "language"), [(PHONE, "zh"), (DESK, "en"), (PHONE, "en"), (DESK, "zh")]
)
async def test_the_list_is_read_chosen_from_and_taken_out(
    site: Server, sale: Sale, open_studio: Open, size: tuple[int, int], language: str
) -> None:
    placed = await filled(site, sale)
    page = await open_studio("/studio/audit", size=size, language=language)
    number = placed["number"]
    erased = {
        "en": f"A buyer erased the details of {number}",
        "zh": f"买家删除了 {number} 中的信息",
    }
    await expect(page.get_by_text(erased[language])).to_be_visible()
    assert await page.evaluate(WIDER) <= 0
    assert await page.evaluate(SMALL_TARGETS) == []
    name = f"audit-{'phone' if size == PHONE else 'desk'}-{language}"
    await shot(page, name)
    # Of the refusal the sentence stands there, and its path behind one press.
    words = {"en": "mei tried to open the log, and was refused", "zh": "mei 想查看操作记录，被拒绝"}
    refused = page.get_by_role("listitem").filter(has_text=words[language])
    await expect(refused.locator("code")).to_be_hidden()
    await refused.locator("summary").click()
    await expect(refused.locator("code")).to_have_text("GET /studio/audit")
    groups = {"en": "Buyers' data and files", "zh": "买家信息和文件"}
    await page.get_by_role("link", name=groups[language]).click()
    await expect(page.locator(".deed")).not_to_have_count(0)
    await expect(refused).to_have_count(0)
    await page.get_by_label({"en": "Person", "zh": "人员"}[language]).select_option("mei")
    await page.get_by_role(
        "button", name={"en": "Show", "zh": "显示"}[language], exact=True
    ).click()
    searched = {"en": "mei searched for a buyer by phone number", "zh": "mei 按电话号码查找了买家"}
    await expect(page.get_by_text(searched[language])).to_be_visible()
    await expect(page.get_by_text(number)).to_have_count(0)
    assert "group=buyers" in page.url
    assert "mei" not in page.url
    await shot(page, f"{name}-chosen")
    async with page.expect_download() as waited:
        await page.locator("a[download]").click()
    path = await (await waited.value).path()
    title, _, head, *rows = csv.reader(StringIO(path.read_text(encoding="utf-8-sig")))
    assert f"{groups[language]} · mei" in title[0]
    assert len(rows) == await page.locator(".deed").count()
    assert head[1] == {"en": "Person", "zh": "人员"}[language]
    # A day on which nothing was.
    await page.locator("input[name=to]").fill("2020-01-01")
    await page.locator("input[name=to]").press("Enter")
    none = {"en": "No matching entries", "zh": "没有符合条件的记录"}
    await expect(page.get_by_role("heading", name=none[language])).to_be_visible()
    await shot(page, f"{name}-none")
    show_all = {"en": "Show all", "zh": "查看全部"}[language]
    await page.get_by_role("link", name=show_all).first.click()
    await page.get_by_role("link", name=number).first.click()
    await expect(page.locator("[data-order]")).to_contain_text(number)

"""Ordering in Chromium where the answer is lost: the page asks until it knows what became of it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect
from sqlalchemy import Connection
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.buying import KNOWN, open_buy_sheet, submit, tap_buy
from tests.browser.support.lost_answers import FRAIL, Proxy, behind, come_back
from tests.support.waiting import LONG_S

from farmlive.server import Server
from farmlive.store import CommitUnknown, Store

pytestmark = [pytest.mark.browser, pytest.mark.shared_server, pytest.mark.usefixtures("pinned")]

# The tap that is not answered yet was so long ago that nobody expects an order any more.
LATER = """
(broadcast) => {
  const kept = `farmlive.pending.${broadcast}`;
  const pending = JSON.parse(sessionStorage.getItem(kept));
  sessionStorage.setItem(kept, JSON.stringify({ ...pending, at: pending.at - 11 * 60_000 }));
}
"""
WORDS = {
    "en": {
        "told": "We haven't had an answer to your order yet.",
        "asking": "Asking about your order…",
        "see": "See the order",
        "buy": "Buy",
    },
    "zh": {
        "told": "还没有收到下单的答复。",
        "asking": "正在确认您的订单……",
        "see": "查看订单",
        "buy": "购买",
    },
}


class Forgetful:
    """A store that loses the database the first time that it saved."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked = 0

    async def write(self, function: Callable[[Connection], Any], **how: Any) -> Any:
        self.asked += 1
        answer = await self._store.write(function, **how)
        if self.asked == 1:
            raise CommitUnknown("Nobody knows whether it was kept: send the same again.")
        return answer


async def asked_again(page: Page, proxy: Proxy) -> None:
    async with asyncio.timeout(LONG_S):
        while len(proxy.keys) < 2:
            await page.wait_for_timeout(50)


async def expect_link(sheet: Locator, sale: Sale, see: str = "See the order") -> None:
    """The sheet tells the one order that there is, and leads to its page."""
    await expect(sheet.locator("[data-part=order-number]")).to_have_text("A0001")
    (order,) = await sale.api.orders(sale.broadcast)
    link = sheet.get_by_role("link", name=see)
    await expect(link).to_have_attribute("href", f"/order/{order['token']}")
    offers = {card["id"]: card for card in await sale.api.offers(sale.broadcast)}
    assert (offers[sale.offer]["left"], offers[sale.offer]["held"]) == (19, 0)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_order_whose_answer_a_proxy_lost_is_asked_for_until_its_link_is_there(
    sale: Sale, open_page: Open, language: str
) -> None:
    words = WORDS[language]
    page = await open_page(sale.path, size=PHONE, language=language, script=FRAIL + KNOWN)
    proxy = await behind(page)
    sheet = await tap_buy(page, words["buy"])
    await expect(submit(page)).to_be_enabled()
    await submit(page).click()
    await expect(sheet.get_by_role("status").filter(has_text=words["told"])).to_be_visible()
    await expect(submit(page)).to_be_disabled()
    await expect(submit(page)).to_have_text(words["asking"])
    # Nothing is called a failure, and what was ordered is still there to be seen.
    await expect(sheet.get_by_role("alert")).to_be_hidden()
    await expect(sheet.locator("[data-part=order]")).to_have_attribute("inert", "")
    await expect(sheet.locator(".lines__row")).to_have_count(1)
    await asked_again(page, proxy)
    proxy.broken = False
    await come_back(page)
    await expect_link(sheet, sale, words["see"])
    assert len(set(proxy.keys)) == 1


async def test_order_that_the_server_can_not_tell_of_is_asked_for_by_the_same_key(
    sale: Sale,
    open_page: Open,
    site: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Forgetful(site.house.store)
    monkeypatch.setattr(site.house.shop.till, "_store", store)
    page, sheet = await open_buy_sheet(open_page, sale)
    await submit(page).click()
    await expect_link(sheet, sale)
    assert store.asked == 2


async def test_what_the_page_did_not_know_it_asks_after_a_reload(
    sale: Sale, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=FRAIL + KNOWN)
    proxy = await behind(page)
    await tap_buy(page)
    await submit(page).click()
    await expect(submit(page)).to_have_text("Asking about your order…")
    await page.reload()
    kept = page.locator("#kept")
    await expect(kept).to_contain_text("Asking about your order…")
    # Another tap does not order anew meanwhile.
    sheet = await tap_buy(page)
    await expect(submit(page)).to_be_disabled()
    await expect(sheet.locator(".lines__row")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(
        page.locator("#toasts").get_by_text("We keep asking whether your order was taken")
    ).to_be_visible()
    proxy.broken = False
    await come_back(page)
    await page.get_by_text("Your order A0001 was placed.").wait_for()
    await page.get_by_role("button", name="See it").click()
    await expect_link(sheet, sale)
    await expect(kept).to_be_hidden()
    assert len(set(proxy.keys)) == 1


@pytest.mark.parametrize("taken", [True, False])
async def test_tap_of_long_ago_orders_nothing_by_itself(
    sale: Sale, open_page: Open, taken: bool
) -> None:
    page = await open_page(sale.path, size=PHONE, script=FRAIL + KNOWN)
    proxy = await behind(page)
    proxy.passes = taken
    await tap_buy(page)
    await submit(page).click()
    await expect(submit(page)).to_have_text("Asking about your order…")
    await page.evaluate(LATER, sale.broadcast)
    sent = len(proxy.keys)
    proxy.broken = False
    await page.reload()
    if taken:  # as the log tells, so that its answer is asked for
        await page.get_by_text("Your order A0001 was placed.").wait_for()
        assert len(set(proxy.keys)) == 1
    else:
        await expect(page.locator("#kept")).to_contain_text("1 box held for you")
        assert len(proxy.keys) == sent
        assert await sale.api.orders(sale.broadcast) == []


async def test_what_was_not_taken_in_the_end_is_told_and_stays_in_the_basket(
    sale: Sale, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=FRAIL + KNOWN)
    proxy = await behind(page)
    proxy.passes = False
    sheet = await tap_buy(page)
    await submit(page).click()
    await expect(submit(page)).to_have_text("Asking about your order…")
    proxy.answer = {"type": "/problems/blocked", "status": 403, "title": "No", "detail": "No."}
    proxy.broken = False
    await come_back(page)
    await expect(sheet.get_by_role("alert")).to_contain_text("We can't take orders from here.")
    await expect(submit(page)).to_have_text("Buy · ¥29.90")
    await expect(submit(page)).to_be_enabled()
    await expect(sheet.get_by_label("Quantity: Small kumquats")).to_have_value("1")
    assert await sale.api.orders(sale.broadcast) == []
    # Nothing is left open: after a reload nothing is asked.
    await page.reload()
    await expect(page.locator("#kept")).to_contain_text("1 box held for you")

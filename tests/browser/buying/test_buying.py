"""Buying on the live page in Chromium: from the card to the order's page, and what may happen."""

import json
import re

import pytest
from playwright.async_api import WebSocket, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.buying import (
    DEAF,
    KNOWN,
    WORDS,
    fill_in,
    open_buy_sheet,
    ordered,
    ordered_for,
    submit,
    tap_buy,
)
from tests.support.money import cny

from farmlive.client import Channel

pytestmark = [pytest.mark.browser, pytest.mark.shared_server, pytest.mark.usefixtures("pinned")]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_viewer_walks_the_whole_way_on_a_phone(
    sale: Sale, open_page: Open, language: str
) -> None:
    words = WORDS[language]
    page = await open_page(sale.path, size=PHONE, language=language, plain=False)
    card = page.locator("#card")
    await card.get_by_role("button", name=words["lot"]).click()
    story = page.get_by_role("dialog", name=words["origin"])
    await expect(story).to_contain_text("500")
    await expect(story.get_by_role("listitem")).to_have_count(7)
    await story.get_by_role("button", name=words["close"]).click()

    await card.get_by_role("button", name=words["buy"], exact=True).click()
    sheet = page.locator("#buy-sheet")
    await expect(sheet).to_contain_text(words["held"])
    await expect(sheet.get_by_role("timer")).to_have_text(re.compile(r"9:5\d"))
    await sheet.get_by_text(words["more"]).click()
    await sheet.get_by_role("button", name=words["add"]).click()
    await fill_in(page, language, name="王芳", address="尤溪县梅仙镇")
    await expect(submit(page)).to_have_text(words["place"])
    await ordered_for(page, "¥83.90")
    link = await sheet.get_by_role("link", name=words["see"]).get_attribute("href")
    offers = {card["id"]: card for card in await sale.api.offers(sale.broadcast)}
    assert (offers[sale.offer]["left"], offers[sale.offer]["held"]) == (19, 0)
    assert offers[sale.rare]["left"] == 1

    await page.goto(str(link))
    await expect(page.get_by_text(words["next"])).to_be_visible()
    await page.get_by_role("button", name=words["cancel"]).click()
    await page.get_by_role("button", name=words["sure"]).click()
    await expect(page.locator("#order").get_by_text(words["cancelled"], exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name=words["cancel"])).to_have_count(0)
    offers = {card["id"]: card for card in await sale.api.offers(sale.broadcast)}
    assert offers[sale.offer]["left"] == 20


async def test_who_is_known_buys_with_two_taps(sale: Sale, open_page: Open) -> None:
    page, sheet = await open_buy_sheet(open_page, sale)
    await expect(sheet).to_contain_text("Meixian, Youxi")
    await ordered(page)


async def test_a_tap_on_a_card_is_counted_once(sale: Sale, open_page: Open) -> None:
    opened: list[str] = []

    def sent(frame: str | bytes) -> None:
        message = json.loads(frame)
        if message["type"] == "card.open":
            opened.append(message["offer"])

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", sent)

    page = await open_page("/", size=PHONE)
    page.on("websocket", watch)
    await page.goto(sale.path)
    await page.locator("#card .pinned__look").click()
    look = page.locator("#look-sheet")
    await expect(look).to_contain_text("20 of 20 left")
    await look.get_by_role("button", name="Buy").click()
    await expect(page.locator("#buy-sheet")).to_contain_text("Held for you")
    assert opened == [sale.offer]


@pytest.mark.parametrize("settings", [{"price_grace_s": 0}], indirect=True)
async def test_a_price_that_changed_meanwhile_is_asked_about_with_both_prices(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=DEAF + KNOWN)
    await expect(page.locator("#card")).to_be_visible()
    await page.evaluate("window.deaf = true")
    await host.call("offer.change", offer=sale.offer, price=cny(3300))
    sheet = await tap_buy(page)
    question = sheet.get_by_role("alert")
    await expect(question).to_contain_text("was ¥29.90 a moment ago and is now ¥33.00")
    await expect(submit(page)).to_be_disabled()
    await question.get_by_role("button", name="Buy for ¥33.00").click()
    await expect(sheet).to_contain_text("Held for you")
    await ordered_for(page, "¥33.00")


async def test_the_order_page_comes_up_to_date_by_itself(sale: Sale, open_page: Open) -> None:
    page, sheet = await open_buy_sheet(open_page, sale)
    await submit(page).click()
    link = await sheet.get_by_role("link", name="See the order").get_attribute("href")
    await page.goto(str(link))
    step = page.locator("[aria-current=step]")
    await expect(step).to_have_text("Ordered")
    (order,) = await sale.api.orders(sale.broadcast)
    path = f"/api/v1/broadcasts/{sale.broadcast}/orders/{order['id']}/transitions"
    await sale.api.request("POST", path, json={"state": "packed"})
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(step).to_have_text("Packed")
    await expect(page.get_by_role("button", name="Cancel the order")).to_have_count(0)


async def test_a_sum_that_rises_under_the_thumb_is_not_ordered(sale: Sale, open_page: Open) -> None:
    page, sheet = await open_buy_sheet(open_page, sale)
    await expect(submit(page)).to_have_text("Buy · ¥29.90")
    other = await page.context.new_page()
    await other.goto(sale.path)
    await other.get_by_role("button", name="1 box held for you").click()
    await page.bring_to_front()
    box = await submit(page).bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 40, box["y"] + 20)
    await page.mouse.down()
    await other.get_by_role("button", name="One more: Small kumquats").click()
    await expect(submit(page)).to_have_text("Buy · ¥59.80")
    await page.mouse.up()
    told = sheet.get_by_role("alert")
    await expect(told).to_contain_text("The price is now ¥59.80; it was ¥29.90 a moment ago.")
    assert await sale.api.orders(sale.broadcast) == []
    await told.click()
    await ordered_for(page, "¥59.80")

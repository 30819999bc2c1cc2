"""The console in Chromium where an answer is lost: what it sends is sent again, and done once."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import Open, Sale
from tests.browser.support.selling import card, console

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

# The server does what `losing` names and its answer never comes; who is `away` reaches nobody.
FRAIL = """
window.sent = [];
window.losing = null;
window.away = false;
window.WebSocket = class extends WebSocket {
  #lost = new Set();
  constructor(url, protocol) {
    super(window.away ? `${url.origin}/away` : url, protocol);
  }
  send(text) {
    const message = JSON.parse(text);
    window.sent.push(message);
    if (message.type === window.losing) this.#lost.add(message.id);
    super.send(text);
  }
  addEventListener(kind, heard) {
    super.addEventListener(kind, (event) => {
      if (kind !== "message" || !this.#lost.has(JSON.parse(event.data).id)) return heard(event);
      window.losing = null;
      window.away = true;
      this.close();
    });
  }
};
"""


async def losing(page: Page, message: str) -> None:
    await page.evaluate("(message) => { window.losing = message; }", message)


async def come_back(page: Page) -> None:
    await page.evaluate("window.away = false; dispatchEvent(new Event('online'))")


async def sent(page: Page, message: str) -> list[Any]:
    """What was sent of these messages, their ids aside: each connection has its own."""
    found = await page.evaluate("window.sent")
    return [{**each, "id": None} for each in found if each["type"] == message]


async def released(sale: Sale) -> int:
    cards = {each["id"]: each for each in await sale.api.offers(sale.broadcast)}
    return int(cards[sale.offer]["released"])


@pytest.mark.parametrize(
    ("language", "told", "done"),
    [
        ("en", "No answer yet to “10 more”.", "10 more of Small kumquats can be bought."),
        ("zh", "“再放 10 件”还没有收到答复", "小金桔又放了 10 件。"),
    ],
)
async def test_release_whose_answer_is_lost_is_sent_again_and_done_once(
    open_studio: Open, sale: Sale, language: str, told: str, done: str
) -> None:
    page = await console(open_studio, sale, language=language, script=FRAIL)
    more = card(page).locator("[data-release='10']")
    await losing(page, "offer.release")
    await more.click()
    await expect(card(page)).to_contain_text(told)
    assert await released(sale) == 30
    # Who presses once more in doubt releases nothing more.
    await more.click()
    await come_back(page)
    await expect(page.get_by_text(done)).to_be_visible()
    await expect(card(page).get_by_text(told)).to_have_count(0)
    first, *again = await sent(page, "offer.release")
    assert again == [first]
    assert await released(sale) == 30
    # It is over: another tap is another release.
    await more.click()
    await expect(card(page).locator("[data-released]")).to_contain_text("40")
    assert (await sent(page, "offer.release"))[-1]["key"] != first["key"]


async def test_release_is_taken_back_once_where_the_answer_is_lost(
    open_studio: Open, sale: Sale
) -> None:
    page = await console(open_studio, sale, script=FRAIL)
    await card(page).locator("[data-release='10']").click()
    await losing(page, "offer.release")
    await page.get_by_role("button", name="Withdraw").click()
    await expect(card(page)).to_contain_text("No answer yet to withdrawing 10.")
    await come_back(page)
    await expect(page.get_by_text("Withdrawn.")).to_be_visible()
    assert await released(sale) == 20


async def test_what_was_not_sent_is_not_sent_later(open_studio: Open, sale: Sale) -> None:
    page = await console(open_studio, sale, script=FRAIL)
    await losing(page, "chat.say")
    await page.locator("[data-say] [name=text]").fill("Hello")
    await page.locator("[data-say] [name=text]").press("Enter")
    await expect(page.locator("[data-offline]")).to_be_visible()
    await card(page).locator("[data-release='10']").click()
    await expect(card(page)).to_contain_text("You are offline at the moment.")
    await come_back(page)
    await expect(page.locator("[data-offline]")).to_be_hidden()
    assert await sent(page, "offer.release") == []
    assert await released(sale) == 20


async def test_flash_whose_answer_is_lost_is_planned_once(open_studio: Open, sale: Sale) -> None:
    page = await console(open_studio, sale, script=FRAIL)
    await card(page).get_by_role("button", name=re.compile("^Flash batch of")).click()
    sheet = page.get_by_role("dialog", name="Flash batch: Small kumquats")
    start = sheet.get_by_role("button", name=re.compile("^Start now"))
    await losing(page, "flash.plan")
    await start.click()
    await expect(sheet.get_by_role("alert")).to_contain_text("No answer yet.")
    await expect(start).to_have_attribute("aria-busy", "true")
    await come_back(page)
    await expect(sheet).to_be_hidden()
    await expect(card(page).locator(".flash")).to_contain_text("10 left")
    first, *again = await sent(page, "flash.plan")
    assert again == [first]
    assert len(await sale.api.flashes(sale.broadcast)) == 1

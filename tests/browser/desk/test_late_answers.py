"""Forms in sheets in Chromium on a slow line: an answer that comes after its sheet was closed
touches nothing of what the sheet is open for meanwhile.
"""

import asyncio
import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, Route, expect
from tests.browser.conftest import Open, Sale
from tests.browser.support.desk import desk, sheet_of
from tests.browser.support.selling import console, order
from tests.support.waiting import LONG_S

from farmlive.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]


class Slow:
    """What is sent to such an address arrives at the server, each as soon as it is let on."""

    def __init__(self) -> None:
        self.sent: list[asyncio.Event] = []
        self.came = asyncio.Condition()

    async def __call__(self, route: Route) -> None:
        if route.request.method == "GET":
            await route.continue_()
            return
        passed = asyncio.Event()
        async with self.came:
            self.sent.append(passed)
            self.came.notify_all()
        await passed.wait()
        await route.continue_()

    async def number(self, count: int) -> None:
        """Wait until so many were sent."""
        async with asyncio.timeout(LONG_S), self.came:
            await self.came.wait_for(lambda: len(self.sent) >= count)

    def pass_on(self, place: int) -> None:
        self.sent[place].set()


async def slow(page: Page, pattern: str) -> Slow:
    line = Slow()
    await page.route(pattern, line)
    return line


async def claimed(sale: Sale, site: Server, number: int) -> Any:
    """An order that has arrived and of which something is claimed."""
    placed = await order(sale, number)
    for state in ("packed", "shipped", "received"):
        await sale.api.change_order_state(sale.broadcast, placed["id"], state)
    await sale.api.mark_order_paid(sale.broadcast, placed["id"])
    async with httpx.AsyncClient(base_url=site.url) as buyer:
        path = f"/api/v1/orders/{placed['token']}/claims"
        said = {"text": f"Box {number} was crushed.", "photos": []}
        assert (await buyer.post(path, json=said)).status_code == 201
    return placed


async def answer(page: Page, placed: Any, words: str) -> Any:
    """Write the answer to the claim on the order."""
    row = page.locator("[data-order]").filter(has_text=placed["number"])
    await row.get_by_role("button", name=re.compile("^Answer the claim")).click()
    sheet = page.get_by_role("dialog", name="Claim")
    await expect(sheet).to_contain_text(placed["number"])
    await sheet.get_by_label("Amount").fill("2.50")
    await sheet.get_by_label("What the buyer reads").fill(words)
    return sheet


async def answered_and_closed(page: Page, placed: Any) -> tuple[Any, Any, Any]:
    """The answer to the claim is on its way, and its sheet is closed: the line, the sheet and what
    sends it.
    """
    line = await slow(page, "**/claims/*/answer")
    sheet = await answer(page, placed, "We are sorry.")
    send = sheet.get_by_role("button", name="Send the answer")
    await send.click()
    await line.number(1)
    await sheet.get_by_role("button", name="Close").click()
    return line, sheet, send


@pytest.mark.parametrize("is_refused", [False, True])
async def test_a_late_answer_leaves_what_is_written_to_another_claim(
    open_studio: Open, sale: Sale, site: Server, is_refused: bool
) -> None:
    first, second = [await claimed(sale, site, number) for number in (1, 2)]
    page = await desk(open_studio, sale)
    line, sheet, send = await answered_and_closed(page, first)
    if is_refused:
        found = await sale.api.orders(sale.broadcast)
        claim = next(each for each in found if each["id"] == first["id"])["claims"][0]
        await sale.api.request(
            "POST",
            f"/api/v1/broadcasts/{sale.broadcast}/claims/{claim['id']}/answer",
            json={"refuse": True, "answer": "It was whole when it left."},
        )
        await expect(
            page.get_by_role("button", name=re.compile("^Answer the claim"))
        ).to_have_count(1)
    words = "The second box was crushed by the courier, whom we have told."
    await answer(page, second, words)
    line.pass_on(0)
    told = page.locator(".toast")
    if is_refused:
        # What is said of the first names it: the sheet is the second's.
        await expect(told).to_contain_text(f"{first['number']} · Wang 1")
        await expect(sheet.locator("[data-summary]")).to_be_hidden()
    else:
        await expect(told).to_contain_text(f"¥2.50 of {first['number']} was refunded.")
    await expect(sheet.get_by_label("What the buyer reads")).to_have_value(words)
    await send.click()
    await line.number(2)
    line.pass_on(1)
    await expect(sheet).to_be_hidden()
    await expect(told.last).to_contain_text(f"¥2.50 of {second['number']} was refunded.")


async def test_the_second_is_sent_while_the_first_waits_for_its_answer(
    open_studio: Open, sale: Sale, site: Server
) -> None:
    first, second = [await claimed(sale, site, number) for number in (1, 2)]
    page = await desk(open_studio, sale)
    line, sheet, send = await answered_and_closed(page, first)
    await answer(page, second, "We are sorry too.")
    await expect(send).not_to_have_attribute("aria-busy", "true")
    # Pressed twice it is sent once.
    await send.dblclick()
    await line.number(2)
    line.pass_on(0)
    told = page.locator(".toast")
    await expect(told).to_contain_text(f"¥2.50 of {first['number']} was refunded.")
    await expect(sheet).to_be_visible()
    await expect(send).to_have_attribute("aria-busy", "true")
    line.pass_on(1)
    await expect(sheet).to_be_hidden()
    # Both stay to be read.
    await expect(told).to_have_count(2)
    assert len(line.sent) == 2


async def test_an_order_that_is_put_right_late_leaves_the_next_one_open(
    open_studio: Open, sale: Sale
) -> None:
    first, second = [await order(sale, number) for number in (1, 2)]
    for each in (first, second):
        await sale.api.change_order_state(sale.broadcast, each["id"], "packed")
    page = await desk(open_studio, sale)
    line = await slow(page, "**/reversals")
    form = page.get_by_role("dialog", name="Correct")
    for each, reason in ((first, "A mistake"), (second, "Not packed at all")):
        sheet = await sheet_of(page, each["number"])
        await sheet.get_by_role("button", name="Correct…").click()
        await form.get_by_label("Reason").fill(reason)
        if each is first:
            await form.locator("[type=submit]").click()
            await line.number(1)
            await form.get_by_role("button", name="Close").click()
    line.pass_on(0)
    await expect(page.locator(".toast")).to_contain_text(f"{first['number']} is corrected.")
    await expect(form.get_by_label("Reason")).to_have_value("Not packed at all")


async def test_an_invitation_that_is_ready_late_is_shown_beside_the_next_one(
    open_studio: Open, sale: Sale
) -> None:
    page = await open_studio("/studio/people")
    line = await slow(page, "**/invitations")
    form = page.locator("#invite-sheet")
    for is_sent in (True, False):
        await page.get_by_role("button", name="Invite someone").first.click()
        await form.get_by_label("Moderator").check(force=True)
        if is_sent:
            await form.locator("[type=submit]").click()
            await line.number(1)
            await form.get_by_role("button", name="Close").click()
    line.pass_on(0)
    secret = page.get_by_role("dialog", name="The invitation is ready")
    await expect(secret.locator("[data-secret]")).to_contain_text("/invitation/")
    await secret.get_by_role("button", name="Close").click()
    await expect(form).to_be_visible()
    await expect(form.get_by_label("Moderator")).to_be_checked()


# The server's answers to what `window.holding` names wait until they are let go; it refuses the
# first ones of it, as many as `window.spoiling` says.
SLOW = """
window.holding = null;
window.spoiling = 0;
window.held = [];
window.WebSocket = class extends WebSocket {
  #slow = new Set();
  send(text) {
    const message = JSON.parse(text);
    if (message.type !== window.holding) return super.send(text);
    this.#slow.add(message.id);
    super.send(window.spoiling-- > 0 ? JSON.stringify({ ...message, offer: "0" }) : text);
  }
  addEventListener(kind, heard) {
    super.addEventListener(kind, (event) => {
      if (kind !== "message" || !this.#slow.has(JSON.parse(event.data).id)) return heard(event);
      window.held.push(() => heard(event));
    });
  }
};
"""


@pytest.mark.parametrize("is_refused", [False, True])
async def test_a_price_that_is_changed_late_leaves_the_sheet_of_another_product(
    open_studio: Open, sale: Sale, is_refused: bool
) -> None:
    page = await console(open_studio, sale, script=SLOW)
    if is_refused:
        await page.evaluate("window.spoiling = 1")
    await page.evaluate("window.holding = 'offer.change'")
    cards = page.locator("[data-bag] .bag__item")
    await cards.first.get_by_role("button", name=re.compile("Change the price")).click()
    sheet = page.locator("#price-sheet")
    price = sheet.get_by_label("New price, CNY")
    await price.fill("28.90")
    await sheet.locator("[data-sheet-do]").click()
    await page.wait_for_function("() => window.held.length === 1")
    await sheet.get_by_role("button", name="Close").click()
    await cards.nth(1).get_by_role("button", name=re.compile("Change the price")).click()
    await price.fill("53.10")
    await page.evaluate("window.held[0]()")
    if is_refused:
        await expect(page.locator(".toast")).to_contain_text("Small kumquats: ")
        await expect(sheet.locator("[data-sheet-problem]")).to_be_hidden()
    await expect(sheet.get_by_role("heading")).to_have_text("Large kumquats")
    await expect(price).to_have_value("53.10")
    await sheet.locator("[data-sheet-do]").click()
    await page.wait_for_function("() => window.held.length === 2")
    await page.evaluate("window.held[1]()")
    await expect(sheet).to_be_hidden()
    await expect(cards.nth(1)).to_contain_text("¥53.10")

"""The proof of work in Chromium, which holds and waits may have to bring as orders do; and how long
a hold is renewed.
"""

import pytest
from playwright.async_api import expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.buying import open_buy_sheet, tap_buy
from tests.support.waiting import until

from farmlive.client import Channel
from farmlive.shop.checkout import limits

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pinned")]

# Has every search for a proof wait for `go`, and counts them.
SLOW = """
window.begun = 0;
const gone = new Promise((resolve) => { window.go = resolve; });
const digest = crypto.subtle.digest.bind(crypto.subtle);
crypto.subtle.digest = async (...asked) => { await gone; return digest(...asked); };
window.Worker = class { constructor() { window.begun += 1; throw new Error("no worker"); } };
addEventListener("click", () => { window.tapped = performance.now(); }, true);
"""
# Longer than the page waits for more taps on the stepper.
SETTLED = "performance.now() > window.tapped + 700"


@pytest.mark.parametrize("settings", [{"order_proof_bits": 10}], indirect=True)
async def test_the_page_brings_the_proof_that_a_wait_needs(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    line = {"offer": sale.rare, "quantity": 2, "price": 5400}
    await host.call("hold.place", key="h" * 20, lines=[line])
    await host.call("card.pin", offer=sale.rare)
    page = await open_page(sale.path, size=PHONE)
    await page.locator("#card").get_by_role("button", name="Tell me").click()
    await expect(page.locator("#toasts")).to_contain_text("You're number 1 in line")


@pytest.mark.parametrize("settings", [{"order_proof_bits": 10}], indirect=True)
async def test_a_proof_that_took_long_serves_what_is_wanted_by_then(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page, sheet = await open_buy_sheet(open_page, sale, SLOW)
    await until(lambda: page.evaluate("window.begun"), "a search")
    for _ in range(2):
        await sheet.get_by_role("button", name="One more: Small kumquats").click()
    await until(lambda: page.evaluate(SETTLED), "a pause")
    await page.evaluate("window.go()")
    held = await host.wait_for("order.held", total={"amount": 3 * 2990, "currency": "CNY"})
    assert [line["quantity"] for line in held.data["lines"]] == [3]
    assert await page.evaluate("window.begun") == 1


async def test_the_page_says_that_a_hold_is_renewed_no_more(
    sale: Sale, host: Channel, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HOLD_AT_MOST", 1)
    page = await open_page(sale.path, size=PHONE)
    sheet = await tap_buy(page)
    told = sheet.locator("[data-part=held-text]")
    await expect(told).to_have_text("Held for you")
    first = await host.wait_for("order.held")
    await sheet.get_by_role("button", name="One more: Small kumquats").click()
    await expect(told).to_have_text("Held for you for the last time")
    again = await host.wait_for("order.held", total={"amount": 5980, "currency": "CNY"})
    assert again.data["until"] == first.data["until"]

"""Buying in Chromium: what a parcel costs by region and weight, the pick-up's code, and the proof
that an order may have to bring.
"""

import asyncio
import re

import pytest
import pytest_asyncio
from playwright.async_api import expect
from pydantic import SecretStr
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.buying import open_buy_sheet, ordered_for, submit, tap_buy
from tests.support.money import cny
from tests.support.waiting import LONG_S

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pinned", "charged")]

FEES = [
    {"region": "", "upto_g": 10_000, "fee": cny(1500)},
    {"region": "35", "upto_g": 5_000, "fee": cny(600)},
    {"region": "35", "upto_g": 20_000, "fee": cny(900)},
]
# A viewer in Youxi who bought before: what this device remembers.
LOCAL = """
localStorage.setItem("farmlive.buyer", JSON.stringify({
  name: "Wang Fang", phone: "13800000000", way: "parcel", address: "Meixian",
  region: "350426", place: "福建省 三明市 尤溪县", asked: true,
}));
"""
# A server that sends mail, by one that is away.
MAILING = {
    "notices": ("smtp",),
    "smtp_url": SecretStr("smtp://127.0.0.1:9"),
    "smtp_from": "Youxi <orders@example.org>",
}
# Counts what is tapped by hand, and keeps which workers the page has.
COUNTED = """
window.taps = 0;
addEventListener("click", (event) => { if (event.isTrusted) window.taps += 1; }, true);
window.workers = [];
window.Worker = class extends Worker {
  constructor(script, how) {
    super(script, how);
    window.workers.push(new URL(script, location).pathname);
  }
};
"""


@pytest_asyncio.fixture(loop_scope="session")
async def charged(sale: Sale) -> None:
    """Parcels of the shop cost something."""
    await charge(sale, FEES)


async def charge(sale: Sale, fees: list[dict[str, object]]) -> None:
    await sale.api.request("PUT", "/api/v1/parcel-fees", json={"fees": fees})


async def test_who_is_known_buys_by_two_taps(sale: Sale, open_page: Open) -> None:
    page, sheet = await open_buy_sheet(open_page, sale, COUNTED + LOCAL)
    await expect(sheet).to_contain_text("福建省 三明市 尤溪县 · Meixian")
    await expect(sheet.locator("[data-part=fee-line]")).to_have_text(
        "The parcel fee is ¥6.00 for 2.5 kg."
    )
    await expect(submit(page)).to_have_text("Buy · ¥35.90")
    await ordered_for(page, "¥35.90")
    assert await page.evaluate("window.taps") == 2
    (order,) = await sale.api.orders(sale.broadcast)
    assert order["fee"]["amount"] == 600


@pytest.mark.parametrize("settings", [MAILING], indirect=True)
async def test_the_fee_is_there_at_once_with_weight_and_region(sale: Sale, open_page: Open) -> None:
    page = await open_page(sale.path, size=PHONE)
    sheet = await tap_buy(page)
    fee = sheet.locator("[data-part=fee-line]")
    # Where the parcel goes is not known yet: the sum says so.
    await expect(fee).to_have_text(
        "The parcel fee starts at ¥6.00 for 2.5 kg and depends on the region."
    )
    await expect(submit(page)).to_have_text("Buy · from ¥35.90")
    await expect(sheet.locator("[data-part=total]")).to_have_text("from ¥35.90")
    await sheet.locator("[data-part=region] summary").click()
    await sheet.get_by_label("Province").select_option("Zhejiang Province")
    await expect(fee).to_have_text("The parcel fee is ¥15.00 for 2.5 kg.")
    await sheet.get_by_label("Province").select_option("Fujian Province")
    await expect(fee).to_have_text("The parcel fee is ¥6.00 for 2.5 kg.")
    await sheet.get_by_label("City").select_option("Sanming City")
    await sheet.get_by_label("County").select_option("Youxi County")
    await expect(submit(page)).to_have_text("Buy · ¥35.90")
    for _ in range(2):
        await sheet.get_by_role("button", name="One more: Small kumquats").click()
    await expect(fee).to_have_text("The parcel fee is ¥9.00 for 7.5 kg.")
    # A municipality has no cities to choose from.
    await sheet.get_by_label("Province").select_option("Shanghai")
    await expect(sheet.get_by_label("City")).to_be_hidden()
    await sheet.get_by_label("County").select_option("Xuhui District")
    await expect(fee).to_have_text("The parcel fee is ¥15.00 for 7.5 kg.")
    await sheet.get_by_text("E-mail for the receipt").click()
    for field, typed in (
        ("Name", "Wang Fang"),
        ("Phone", "13800000000"),
        ("Delivery address", "Xuhui 12"),
        ("E-mail for the receipt", "wang@example"),
    ):
        await sheet.get_by_label(field, exact=True).fill(typed)
    await submit(page).click()
    await expect(sheet.locator("#email-error")).to_contain_text("looks like name@example.com")
    email = sheet.get_by_label("E-mail for the receipt", exact=True)
    await email.fill("王@example.com")
    await submit(page).click()
    await expect(sheet.locator("#email-error")).to_contain_text("only write to plain letters")
    await email.fill("ｗａｎｇ＠example．com")
    await expect(submit(page)).to_have_text("Buy · ¥104.70")
    await ordered_for(page, "¥104.70")
    (order,) = await sale.api.orders(sale.broadcast)
    assert order["fee"]["amount"] == 1500


async def test_a_pick_up_adds_nothing_and_gives_a_code(sale: Sale, open_page: Open) -> None:
    page = await open_page(sale.path, size=PHONE)
    sheet = await tap_buy(page)
    await sheet.get_by_text("I'll pick it up").click()
    await expect(sheet.locator("[data-part=fee-line]")).to_have_text("Picking up is free.")
    await sheet.get_by_label("Name", exact=True).fill("Wang Fang")
    await sheet.get_by_label("Phone", exact=True).fill("13800000000")
    await expect(submit(page)).to_have_text("Buy · ¥29.90")
    await submit(page).click()
    await expect(sheet.locator("[data-part=code-number]")).to_have_text(re.compile(r"^\d{6}$"))
    await expect(sheet).to_contain_text("give your order number and the code")


async def test_a_fee_that_changed_meanwhile_is_asked_about_with_both_fees(
    sale: Sale, open_page: Open
) -> None:
    page, sheet = await open_buy_sheet(open_page, sale, LOCAL)
    await expect(submit(page)).to_have_text("Buy · ¥35.90")
    await charge(sale, [{"region": "", "upto_g": 5_000, "fee": cny(800)}])
    await submit(page).click()
    await expect(sheet.get_by_role("alert")).to_contain_text(
        "The parcel fee is now ¥8.00; it was ¥6.00 before."
    )
    await expect(submit(page)).to_have_text("Buy · ¥37.90")
    assert await sale.api.orders(sale.broadcast) == []
    await sheet.get_by_role("alert").click()  # read
    await ordered_for(page, "¥37.90")


async def test_a_parcel_that_is_too_heavy_is_not_sent(sale: Sale, open_page: Open) -> None:
    await charge(sale, [{"region": "", "upto_g": 3_000, "fee": cny(800)}])
    page, sheet = await open_buy_sheet(open_page, sale, LOCAL)
    await expect(submit(page)).to_have_text("Buy · ¥37.90")
    await sheet.get_by_role("button", name="One more: Small kumquats").click()
    told = sheet.get_by_role("alert")
    await expect(told).to_contain_text("A parcel to that region can weigh at most 3 kg.")
    await expect(submit(page)).to_be_disabled()
    await sheet.get_by_role("button", name="One less: Small kumquats").click()
    await expect(told).to_be_hidden()
    await expect(submit(page)).to_be_enabled()


@pytest.mark.parametrize("settings", [{"order_proof_bits": 14}], indirect=True)
async def test_the_page_brings_the_proof_that_an_order_needs(sale: Sale, open_page: Open) -> None:
    page, sheet = await open_buy_sheet(open_page, sale, COUNTED + LOCAL)
    await expect(sheet).to_contain_text("Held for you")
    await submit(page).click()
    async with asyncio.timeout(LONG_S):
        await sheet.locator("[data-part=order-number]").wait_for(timeout=LONG_S * 1000)
    await expect(sheet.locator("[data-part=order-number]")).to_have_text("A0001")
    # The search stands in a worker, so that the page answers meanwhile.
    workers = await page.evaluate("window.workers")
    assert {re.sub(".*/", "", worker) for worker in workers} == {"proof-of-work-worker.js"}

"""What a device remembers of buyers: nothing where somebody is signed in, who orders for others; of
everyone else what they say when they are asked, and nothing is ticked beforehand.
"""

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import DESK, Open, Sale
from tests.browser.support.buying import REMEMBERED, fill_in, ordered, own, tap_buy

from farmlive.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pinned")]

# As pages kept it while the box was ticked beforehand: once, not on each load.
BEFORE = """
if (!sessionStorage.getItem("began")) {
  sessionStorage.setItem("began", "yes");
  localStorage.setItem("farmlive.buyer", JSON.stringify(
    { name: "Wang Fang", phone: "13800000000", way: "parcel", address: "Meixian, Youxi" },
  ));
  localStorage.setItem("farmlive.orders", JSON.stringify({ OLD: "/order/secret" }));
}
"""
KEPT = "() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }])"


async def nothing_of(page: Page, *words: str) -> None:
    kept = await page.evaluate(KEPT)
    assert not [each for each in (*words, "/order/") if each in kept], kept


@pytest.mark.parametrize("role", ["clerk", "host"])
async def test_the_next_villagers_order_has_nothing_of_the_one_before(
    sale: Sale, open_studio: Open, role: str
) -> None:
    page = await open_studio(sale.path, role=role, size=DESK, script=BEFORE)
    sheet = await tap_buy(page)
    await nothing_of(page, "Wang Fang", "13800000000", "secret")  # of before, too
    await expect(sheet.locator("[data-part=summary]")).to_be_hidden()
    await expect(sheet.get_by_label("Name", exact=True)).to_have_value("")
    await expect(sheet.get_by_role("checkbox", name="Remember this on my device")).to_have_count(0)
    await expect(sheet.get_by_text("this device remembers no buyer")).to_be_visible()
    await sheet.locator("[name=way][value=parcel]").check()
    await fill_in(page)
    await ordered(page)
    await page.keyboard.press("Escape")
    await nothing_of(page, "Wang Fang", "138 0000 0000", "13800000000")
    await expect(own(page)).to_have_count(0)

    await tap_buy(page)
    await expect(sheet.get_by_text("Wang Fang")).to_have_count(0)
    for label in ("Name", "Phone", "Delivery address"):
        await expect(sheet.get_by_label(label, exact=True)).to_have_value("")
    assert len(await sale.api.orders(sale.broadcast)) == 1


async def test_what_is_typed_for_a_villager_is_looked_at_before_it_goes_out(
    sale: Sale, open_studio: Open
) -> None:
    """Also where the sheet was closed meanwhile, and what is held stays."""
    page = await open_studio(sale.path, role="clerk", size=DESK)
    sheet = await tap_buy(page)
    await sheet.locator("[name=way][value=parcel]").check()
    await fill_in(page)
    await page.keyboard.press("Escape")
    await tap_buy(page)
    await expect(sheet.get_by_label("Name", exact=True)).to_be_visible()
    await expect(sheet.locator("[data-part=summary]")).to_be_hidden()
    assert await sale.api.orders(sale.broadcast) == []


async def test_who_signs_in_in_another_tab_leaves_nothing_in_this_one(
    sale: Sale, open_page: Open, site: Server
) -> None:
    page = await open_page(sale.path, size=DESK, script=BEFORE)
    await expect(page.locator("#card")).to_be_visible()
    assert "Wang Fang" in await page.evaluate(KEPT)
    _, password = await site.house.people.create_account("mei", "moderator")
    answer = await page.context.request.post(
        "/api/v1/session", data={"name": "mei", "password": password}
    )
    assert answer.ok
    async with site.house.broadcasts.hub(sale.broadcast) as hub:
        for client in list(hub.clients):
            hub.cut(client)  # a new channel is that of who is signed in
    await page.wait_for_function("() => localStorage.getItem('farmlive.buyer') === null")
    await nothing_of(page, "Wang Fang", "secret")


async def test_who_was_remembered_unasked_is_asked_and_nothing_is_ticked(
    sale: Sale, open_page: Open
) -> None:
    page = await open_page(sale.path, size=DESK, script=BEFORE)
    sheet = await tap_buy(page)
    await expect(sheet.locator("[data-part=summary]")).to_be_hidden()
    await expect(sheet.get_by_label("Name", exact=True)).to_have_value("Wang Fang")
    keep = sheet.get_by_role("checkbox", name="Remember this on my device")
    await expect(keep).not_to_be_checked()
    await ordered(page)
    assert await page.evaluate(REMEMBERED, "buyer") is None


async def test_who_ticked_the_box_finds_it_ticked_and_orders_by_one_tap(
    sale: Sale, open_page: Open
) -> None:
    page = await open_page(sale.path, size=DESK)
    sheet = await tap_buy(page)
    await fill_in(page)
    await sheet.get_by_role("checkbox", name="Remember this on my device").check()
    await ordered(page)
    await page.reload()
    await tap_buy(page)
    await expect(sheet.locator("[data-part=whom]")).to_have_text("Wang Fang · 138 0000 0000")
    await expect(sheet.get_by_label("Name", exact=True)).to_be_hidden()
    await sheet.get_by_role("button", name="Change name or address").click()
    await expect(sheet.get_by_role("checkbox", name="Remember this on my device")).to_be_checked()
    await ordered(page, "A0002")

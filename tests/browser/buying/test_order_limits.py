"""Buying in Chromium where it is not held for new devices, and what limits and rushes say."""

from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.buying import (
    KNOWN,
    fill_in,
    open_buy_sheet,
    ordered,
    ordered_for,
    submit,
    tap_buy,
    want,
)

from farmlive.client import Channel
from farmlive.ids import token

pytestmark = [pytest.mark.browser, pytest.mark.shared_server, pytest.mark.usefixtures("pinned")]

WORDS = {
    "en": ("Order now: 10 are left", "Buy · ", "Buy"),
    "zh": ("现在可以直接下单：还有 10 件", "提交订单", "购买"),
}


async def hold(site: Any, sale: Sale, quantity: int) -> Channel:
    """Somebody on a new device holds so many of the small boxes."""
    channel = await Channel.connect(site.url, sale.broadcast)
    line = {"offer": sale.offer, "quantity": quantity, "price": 2990}
    await channel.call("hold.place", key=token(), lines=[line])
    return channel


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_where_half_is_held_the_sheet_orders_without_a_hold(
    site: Any, sale: Sale, open_page: Open, language: str
) -> None:
    told, place, buy = WORDS[language]
    other = await hold(site, sale, 10)
    page = await open_page(sale.path, size=PHONE, language=language, script=KNOWN)
    sheet = await tap_buy(page, buy)
    alert = sheet.get_by_role("alert")
    await expect(alert).to_contain_text(told)
    await expect(alert.get_by_role("button")).to_have_count(0)
    await expect(sheet.locator("[data-part=held]")).to_be_hidden()
    await expect(submit(page)).to_contain_text(place)
    await ordered_for(page, "¥29.90")
    await other.close()


async def test_the_stepper_ends_at_what_one_order_may_have(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    await host.call("offer.release", offer=sale.offer, quantity=80)
    page, sheet = await open_buy_sheet(open_page, sale)
    quantity = await want(page, 99)
    await expect(quantity).to_have_value("20")
    await expect(sheet).to_contain_text("Held for you")
    await expect(sheet).to_contain_text("At most 20 boxes per order.")
    await want(page, 19)
    await expect(sheet).not_to_contain_text("At most 20 boxes")


async def test_more_than_is_held_for_a_new_device_is_not_called_held(
    site: Any, sale: Sale, open_page: Open
) -> None:
    other = await hold(site, sale, 8)
    page, sheet = await open_buy_sheet(open_page, sale)
    bar = sheet.locator("[data-part=held]")
    await expect(bar).to_contain_text("Held for you")
    await want(page, 9)
    await expect(sheet.get_by_role("alert")).to_contain_text("Order now:")
    await expect(bar).to_be_hidden()
    await sheet.get_by_role("button", name="Close").click()
    await expect(page.locator("#kept")).to_contain_text("1 box held for you")
    await page.locator("#kept").click()
    await expect(bar).to_be_hidden()
    await want(page, 2)
    await expect(bar).to_contain_text("Held for you")
    await expect(sheet.get_by_role("alert")).to_be_hidden()
    await other.close()


@pytest.mark.parametrize(
    ("phone", "told"), [("+1 212 555 0123", True), ("+49 30 1234567", True), ("13800000000", False)]
)
async def test_a_number_that_gets_no_messages_is_told_so(
    sale: Sale, open_page: Open, phone: str, *, told: bool
) -> None:
    page = await open_page(sale.path, size=PHONE)
    sheet = await tap_buy(page)
    hint = sheet.locator("#phone-hint")
    await expect(hint).to_be_hidden()
    await fill_in(page, phone=phone)
    await expect(hint).to_be_visible(visible=told)
    await ordered(page)
    done = sheet.locator("[data-part=next]")
    await expect(done.get_by_text("don't send messages to")).to_have_count(int(told))


@pytest.mark.parametrize("settings", [{"device_boxes": 3}], indirect=True)
async def test_who_has_as_many_as_one_may_is_told_so(sale: Sale, open_page: Open) -> None:
    page, sheet = await open_buy_sheet(open_page, sale)
    quantity = await want(page, 5)
    await expect(sheet.get_by_role("alert")).to_contain_text("at most 3 unpacked boxes")
    await expect(quantity).to_have_value("3")
    await expect(sheet).to_contain_text("Held for you")


@pytest.mark.parametrize("settings", [{"rush_share": 10, "order_boxes": 2}], indirect=True)
async def test_staff_read_of_a_rush_beside_the_offer(
    site: Any, sale: Sale, open_studio: Open
) -> None:
    first, second = await hold(site, sale, 2), await hold(site, sale, 2)
    studio = await open_studio(f"/studio/{sale.broadcast}")
    await expect(studio.locator("[data-note=rush]").first).to_contain_text("took 4 of it")
    await first.close()
    await second.close()

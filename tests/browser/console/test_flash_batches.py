"""A flash batch in the console in Chromium: proposed, started, counted down, ended and planned."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.browser.support.phone_panels import open_panel
from tests.browser.support.selling import card, console, open_row
from tests.browser.support.touch_targets import SMALL_TARGETS
from tests.support.money import cny

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]


async def buy(sale: Sale, number: int, price: int) -> Any:
    return await sale.api.commands(sale.broadcast).order(
        f"a-key-of-a-test-{number:04d}",
        {
            "lines": [{"offer": sale.offer, "quantity": 1, "price": price}],
            "buyer": {"name": f"Wang {number}", "phone": f"138000000{number:02d}"},
            "delivery": {"way": "parcel", "address": "Meixian, Youxi"},
            "payment": "cash_on_delivery",
        },
    )


async def begin(page: Page) -> Any:
    await card(page).get_by_role("button", name=re.compile("^Flash batch of")).click()
    return page.get_by_role("dialog", name="Flash batch: Small kumquats")


async def test_flash_starts_with_two_taps_and_ends_by_one_that_asks(
    open_studio: Open, sale: Sale
) -> None:
    page = await console(open_studio, sale)
    sheet = await begin(page)
    await expect(sheet).to_contain_text("from the 20 left; 10 stay at ¥29.90")
    await sheet.get_by_role("button", name="Start now: 10 at ¥25.90").click()
    flash = card(page).locator(".flash")
    await expect(flash).to_contain_text("10 left")
    await expect(flash).to_contain_text("2 per buyer")
    await expect(flash.locator("[data-flash-clock]")).to_have_text(re.compile(r"^4:\d\d$"))
    await buy(sale, 1, 2590)
    line = {"offer": sale.offer, "quantity": 2, "price": 2590}
    await sale.api.commands(sale.broadcast).hold("a-hold-of-a-test-0001", [line])
    await expect(flash).to_contain_text("7 left")
    await expect(flash).to_contain_text("1 sold")
    await expect(flash).to_contain_text("2 held")
    await flash.get_by_role("button", name="End the flash batch of Small kumquats").click()
    await expect(flash).to_contain_text("End it now? 7 boxes go back to ¥29.90.")
    await flash.get_by_role("button", name="No", exact=True).click()
    await flash.get_by_role("button", name="End the flash batch of Small kumquats").click()
    await flash.get_by_role("button", name="Yes, end it").click()
    await expect(card(page)).to_contain_text("Flash batch over: 1 of 10 sold.")
    await expect(flash).to_be_hidden()
    await expect(card(page)).to_contain_text("17 left")


async def hold(sale: Sale, number: int, price: int) -> None:
    line = {"offer": sale.offer, "quantity": 2, "price": price}
    await sale.api.commands(sale.broadcast).hold(f"a-hold-of-a-test-{number:04d}", [line])


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_wrong_price_of_a_flash_is_put_right_by_one_tap(
    open_studio: Open, sale: Sale, size: Any
) -> None:
    page = await console(open_studio, sale, size=size)
    await open_panel(page, "bag")
    await sale.api.commands(sale.broadcast).flash(sale.offer, cny(1390), 10, 300)
    flash = card(page).locator(".flash")
    await expect(flash).to_contain_text("10 left")
    taken = await buy(sale, 1, 1390)
    await hold(sale, 1, 1390)
    await expect(flash).to_contain_text("1 sold")
    if size == PHONE:
        assert await page.evaluate(SMALL_TARGETS) == []
    await flash.get_by_role("button", name="The flash price of Small").click()
    await expect(flash).to_be_hidden()
    await expect(card(page)).to_contain_text(
        "Corrected: ¥29.90 instead of ¥13.90. ¥13.90: 1 order."
    )
    await expect(card(page)).not_to_contain_text("Flash batch over")
    await card(page).get_by_role("button", name=re.compile("^See these orders")).click()
    sheet = page.get_by_role("dialog", name="Orders at ¥13.90")
    await expect(sheet.get_by_role("listitem")).to_have_count(1)
    await expect(sheet.get_by_role("listitem")).to_contain_text(taken["number"])
    await expect(sheet).to_contain_text("1 for ¥13.90, ¥16.00 too little")
    await expect(sheet).to_contain_text(re.compile(r"1 hold keeps its boxes .* at ¥29\.90"))


async def test_wrong_price_of_a_flash_that_is_over_is_put_right(
    open_studio: Open, sale: Sale
) -> None:
    page = await console(open_studio, sale)
    flash = await sale.api.commands(sale.broadcast).flash(sale.offer, cny(1390), 10, 300)
    await expect(card(page).locator(".flash")).to_contain_text("10 left")
    await hold(sale, 2, 1390)
    await sale.api.commands(sale.broadcast).end_flash(flash["id"])
    await expect(card(page)).to_contain_text("Flash batch over: 0 of 10 sold.")
    other = await console(open_studio, sale, role="host")
    await card(page).get_by_role("button", name=re.compile("^Price was wrong: ")).click()
    for each in (page, other):
        await expect(card(each)).to_contain_text("Corrected: ¥29.90 instead of ¥13.90. Nobody")
    await expect(card(page)).not_to_contain_text("Flash batch over")


async def test_wrong_price_of_a_flash_is_put_right_long_after_it(
    open_studio: Open, sale: Sale
) -> None:
    flash = await sale.api.commands(sale.broadcast).flash(sale.offer, cny(1390), 10, 300)
    taken = await buy(sale, 2, 1390)
    await sale.api.commands(sale.broadcast).end_flash(flash["id"])
    # A page that heard nothing of it.
    page = await console(open_studio, sale)
    await card(page).get_by_role("button", name=re.compile("Change the price")).click()
    await page.get_by_role("button", name="Orders at a wrong price").click()
    sheet = page.get_by_role("dialog", name="Orders at a wrong price")
    await expect(sheet).to_contain_text(
        re.compile(r"Flash batch at ¥13\.90, \d\d:\d\d to \d\d:\d\d")
    )
    await sheet.get_by_role("button", name=re.compile("^Price was wrong: ")).click()
    found = page.get_by_role("dialog", name="Orders at ¥13.90")
    await expect(found.get_by_role("listitem")).to_have_count(1)
    await expect(found.get_by_role("listitem")).to_contain_text(taken["number"])
    await expect(found.get_by_role("alert")).to_be_hidden()


async def test_the_price_does_not_fall_to_that_of_a_flash(open_studio: Open, sale: Sale) -> None:
    page = await console(open_studio, sale)
    flash = await sale.api.commands(sale.broadcast).flash(sale.offer, cny(2590), 10, 300)
    await expect(card(page).locator(".flash")).to_contain_text("10 left")
    await card(page).get_by_role("button", name=re.compile("Change the price")).click()
    sheet = page.get_by_role("dialog", name="Small kumquats")
    await sheet.get_by_label("New price, CNY").fill("25.90")
    await sheet.get_by_role("button", name="Set ¥25.90").click()
    await expect(sheet.get_by_role("alert")).to_contain_text(
        "It has a flash batch at ¥25.90. Enter a higher price, or end the flash batch first."
    )
    await sale.api.commands(sale.broadcast).end_flash(flash["id"])
    await expect(card(page).locator(".flash")).to_be_hidden()
    await sheet.get_by_role("button", name="Set ¥25.90").click()
    await expect(card(page)).to_contain_text("¥29.90 → ¥25.90")


async def test_moderator_sees_what_runs(open_studio: Open, sale: Sale) -> None:
    host = await console(open_studio, sale)
    page = await console(open_studio, sale, role="moderator", size=PHONE)
    sheet = await begin(host)
    await sheet.get_by_role("button", name="Start now: 10 at ¥25.90").click()
    await expect(card(page).locator(".flash")).to_contain_text("10 left")
    await expect(page.get_by_role("button", name=re.compile("flash", re.IGNORECASE))).to_have_count(
        0
    )
    pins = page.get_by_role("region", name="Pin a card")
    await expect(pins.get_by_role("button").first).to_contain_text("¥25.90 · 10 left")


async def test_flash_says_what_it_releases_and_what_the_lot_gives(
    open_studio: Open, sale: Sale
) -> None:
    page = await console(open_studio, sale)
    sheet = await begin(page)
    boxes = sheet.get_by_label("How many boxes")
    await boxes.fill("50")
    await expect(sheet).to_contain_text("takes the 20 left and releases 30 more")
    await expect(sheet).to_contain_text("The lot then has enough for 150 more (375 kg).")
    await boxes.fill("500")
    await expect(sheet).to_contain_text("Lot 1123 has only 200 boxes left for the flash batch")
    await sheet.get_by_label("Flash price").fill("9")
    await sheet.get_by_role("button", name="Start now: 200 at ¥9.00").click()
    await expect(sheet.get_by_role("alert")).to_contain_text("less than half of ¥29.90")
    await sheet.get_by_role("button", name="Yes, set ¥9.00").click()
    await expect(sheet.get_by_role("alert")).to_contain_text("180 more (450 kg)")
    await sheet.get_by_role("button", name="Yes, 200").click()
    await expect(card(page).locator(".flash")).to_contain_text("200 left")
    await expect(card(page)).to_contain_text("All in the flash batch")
    await expect(card(page).get_by_role("button", name=re.compile("^Flash batch"))).to_be_disabled()


async def test_flash_of_far_more_than_was_proposed_is_asked_for_once(
    open_studio: Open, sale: Sale
) -> None:
    page = await console(open_studio, sale, size=PHONE)
    await open_panel(page, "bag")
    await open_row(card(page))
    sheet = await begin(page)
    boxes = sheet.get_by_label("How many boxes")
    alert = sheet.get_by_role("alert")
    await boxes.fill("999999")
    await expect(sheet).to_contain_text("Lot 1123 has only 200 boxes left for the flash batch")
    await sheet.get_by_role("button", name="Start now: 200 at ¥25.90").click()
    await expect(alert).to_have_text(
        "A flash batch of 200 instead of the suggested 10 releases all that is left of lot 1123: "
        "180 more (450 kg). Start it with 200?"
    )
    await expect(card(page).locator(".flash")).to_be_hidden()
    # Another number is another question.
    await boxes.fill("60")
    await sheet.get_by_role("button", name="Start now: 60 at ¥25.90").click()
    await expect(alert).to_have_text(
        "A flash batch of 60 instead of the suggested 10 releases 40 more from lot 1123 (100 kg). "
        "Start it with 60?"
    )
    await sheet.get_by_role("button", name="Yes, 60").click()
    await expect(card(page).locator(".flash")).to_contain_text("60 left")


async def test_planned_flash_is_called_off_and_planned_again(open_studio: Open, sale: Sale) -> None:
    page = await console(open_studio, sale, role="host", size=PHONE)
    hand = page.get_by_role("region", name="Stock and price of what is shown")
    await hand.get_by_role("button", name=re.compile("^Flash batch of")).click()
    sheet = page.get_by_role("dialog", name="Flash batch: Small kumquats")
    await sheet.get_by_role("radio", name="+15 min").check()
    await sheet.get_by_role("button", name=re.compile("^Plan it for")).click()
    flash = hand.locator(".flash")
    await expect(flash).to_contain_text("10 boxes")
    await expect(flash).to_contain_text("5 min")
    assert await page.evaluate(SMALL_TARGETS) == []
    await flash.get_by_role("button", name="Cancel the flash batch of Small kumquats").click()
    await expect(flash).to_be_hidden()
    await page.get_by_role("button", name="Undo").click()
    await expect(flash).to_contain_text("10 boxes")


async def test_flash_is_planned_before_the_broadcast(open_studio: Open, sale: Sale) -> None:
    title = {"zh": "明天", "en": "Tomorrow"}
    other = (await sale.api.create_broadcast(title))["id"]
    await sale.api.create_offer(
        other,
        sale.lot,
        cny(2990),
        5,
        name={"zh": "小金桔", "en": "Small kumquats"},
        unit={"zh": "箱", "en": "box"},
        net_weight_g=2500,
    )
    page = await open_studio(f"/studio/{other}")
    sheet = await begin(page)
    await expect(sheet).to_contain_text("not live yet")
    await sheet.get_by_role("button", name=re.compile("^Plan it for")).click()
    await expect(card(page).locator(".flash")).to_contain_text("10 boxes")
    await page.goto(f"/studio/{other}/bag")
    await expect(page.locator(".packing")).to_contain_text(
        re.compile(r"Flash batch at \d\d:\d\d: 10 at")
    )


async def test_what_is_waited_for_is_released_by_one_tap(
    open_studio: Open, open_page: Open, sale: Sale
) -> None:
    page = await console(open_studio, sale)
    large = page.locator("[data-bag] .bag__item").last
    await sale.api.request(
        "PUT",
        f"/api/v1/broadcasts/{sale.broadcast}/waits/{sale.rare}",
        json={"quantity": 5},
    )
    await expect(large).to_contain_text("5 boxes are on the waiting list.")
    await large.get_by_role("button", name=re.compile("another number")).click()
    sheet = page.get_by_role("dialog", name="Large kumquats")
    # Two are left: three more, and there is enough for who waits.
    await expect(sheet.get_by_label("How many more")).to_have_value("3")
    await sheet.get_by_role("button", name="Close").click()
    await large.get_by_role("button", name=re.compile("^Release 3: ")).click()
    await expect(large).to_contain_text("5 held")
    await expect(large).not_to_contain_text("on the waiting list")

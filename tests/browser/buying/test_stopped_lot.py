"""A lot that is stopped, in Chromium: its card, its bag, whoever is buying it, its story, and staff
who call it back and lift it.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.buying import DEAF, KNOWN, buy, open_buy_sheet, ordered, submit
from tests.browser.support.desk import at_the_centre
from tests.browser.support.phone_panels import open_panel
from tests.browser.support.selling import order
from tests.support.money import cny
from tests.support.upload_bodies import pdf
from tests.support.waiting import until

from farmlive.broadcast import snapshot
from farmlive.client import Channel

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

RESULT = {"zh": "毒死蜱超标", "en": "Too much chlorpyrifos"}
FAILED = "failed: Too much chlorpyrifos."
SENTENCE = "The second sample was clean; the first was mixed up."


async def stop(sale: Sale, lot: str | None = None) -> None:
    """A test of the lot failed."""
    now = datetime.now(UTC).isoformat()
    body = {"at": now, "result": RESULT, "passed": False}
    await sale.api.request("POST", f"/api/v1/lots/{lot or sale.lot}/inspections", json=body)


async def lift(sale: Sale) -> None:
    findings = (await sale.api.story(sale.lot))["findings"]
    await sale.api.lift_lot(sale.lot, [each["id"] for each in findings], SENTENCE)


async def another(sale: Sale) -> Any:
    """An offer of a lot that is not stopped."""
    name = {"zh": "柚子", "en": "Pomelos"}
    lot = await sale.api.create_lot(sale.farm, "1124", name, "2026-11-20T08:00:00+08:00", 50_000)
    unit = {"zh": "箱", "en": "box"}
    return await sale.api.create_offer(
        sale.broadcast, lot["id"], cny(1990), 20, name=name, unit=unit, net_weight_g=2500
    )


async def test_card_and_bag_say_it_and_say_when_it_is_lifted(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE)
    await host.call("card.pin", offer=sale.offer)
    card = page.locator("#card")
    await expect(buy(page)).to_have_text("Buy")
    await stop(sale)
    await expect(card).to_contain_text("Stopped: its test failed")
    await expect(card.locator(".pinned__left")).to_have_text("Stopped")
    await expect(card).not_to_contain_text("20 left")
    await expect(buy(page)).to_have_text("Stopped")
    await expect(buy(page)).to_be_disabled()
    await page.locator("#bag-open").click()
    rows = page.locator("#bag-sheet-list .bag__row")
    await expect(rows).to_have_count(2)
    for row in await rows.all():
        await expect(row).to_contain_text("Stopped")
        await expect(row.locator(".bag__buy")).to_be_disabled()
    await rows.first.locator(".bag__look").click()
    look = page.locator("#look-sheet")
    await expect(look.get_by_role("alert")).to_contain_text(FAILED)
    await expect(look.locator(".sheet__foot button")).to_be_disabled()
    # Whoever comes later sees the same.
    late = await open_page(sale.path, size=PHONE, language="zh")
    await expect(late.locator("#card")).to_contain_text("已停售：检测不合格")
    await lift(sale)
    await expect(look.locator(".notice--kumquat").first).to_contain_text(SENTENCE)
    await expect(buy(late)).to_have_text("购买")
    await expect(buy(late)).to_be_enabled()


@pytest.mark.usefixtures("pinned")
async def test_the_sheet_of_who_is_buying_it_closes_with_a_sentence(
    sale: Sale, open_page: Open
) -> None:
    page, sheet = await open_buy_sheet(open_page, sale)
    await expect(submit(page)).to_have_text("Buy · ¥29.90")
    await stop(sale)
    await expect(sheet).to_be_hidden()
    toast = page.locator("#toasts")
    await expect(toast).to_contain_text("Small kumquats · box is no longer sold and was taken out")
    await expect(toast).to_contain_text(FAILED)
    await expect(page.locator("#kept")).to_be_hidden()

    async def is_given_back() -> bool:
        return not any(each["held"] for each in await sale.api.offers(sale.broadcast))

    await until(is_given_back, "what was held is given back")
    await page.reload()
    await expect(buy(page)).to_have_text("Stopped")
    await expect(page.locator("#kept")).to_be_hidden()


@pytest.mark.usefixtures("pinned")
async def test_what_else_is_in_the_basket_stays_and_is_ordered(sale: Sale, open_page: Open) -> None:
    await another(sale)
    page, sheet = await open_buy_sheet(open_page, sale)
    await sheet.get_by_text("Add something from the bag").click()
    await sheet.get_by_role("button", name="Add Pomelos").click()
    await expect(submit(page)).to_have_text("Buy · ¥49.80")
    await stop(sale)
    await expect(sheet.locator("[data-part=notice]")).to_contain_text(
        "Small kumquats · box is no longer sold and was taken out"
    )
    await expect(sheet.locator("[data-part=lines] li")).to_have_count(1)
    await expect(submit(page)).to_have_text("Buy · ¥19.90")
    await ordered(page)


@pytest.mark.usefixtures("pinned")
async def test_an_order_that_comes_before_the_news_is_told_the_same(
    sale: Sale, open_page: Open
) -> None:
    page, sheet = await open_buy_sheet(open_page, sale, DEAF + KNOWN)
    await expect(sheet).to_contain_text("Held for you")
    await page.evaluate("deaf = true")
    await stop(sale)
    await submit(page).click()
    await expect(sheet).to_be_hidden()
    await expect(page.locator("#toasts .toast")).to_have_count(1)
    await expect(page.locator("#toasts")).to_contain_text("Small kumquats · box is no longer sold")
    await expect(buy(page)).to_have_text("Stopped")
    assert await sale.api.orders(sale.broadcast) == []


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_story_leads_with_it_and_shows_nothing_that_calls_it_good(
    sale: Sale, open_page: Open, language: str
) -> None:
    now = datetime.now(UTC).isoformat()
    good = {"at": now, "result": {"zh": "未检出", "en": "Nothing found"}, "passed": True}
    path = f"/api/v1/lots/{sale.lot}/inspections"
    test = await sale.api.request("POST", path, json=good)
    page = await open_page(f"/origin/lot/{sale.lot}", size=PHONE, language=language)
    where = f"{path}/{test['id']}/certificate"
    certified = await sale.api.upload(where, pdf(), "application/pdf")
    link = page.locator(f'a[href="{certified["certificate"]}"]')

    async def leads_to_the_certificate() -> bool:
        await page.reload()
        return await link.count() == 1

    # A visitor gets the page as it was drawn up to a second ago.
    await until(leads_to_the_certificate, "the story leads to the certificate")
    await stop(sale)
    await sale.api.request("POST", path, json={**good, "at": datetime.now(UTC).isoformat()})
    await page.reload()
    first = page.locator(".story > :first-child")
    await expect(first).to_have_class("stopped")
    said = FAILED if language == "en" else "检测不合格：毒死蜱超标。"
    await expect(first).to_contain_text(said)
    box = await first.bounding_box()
    assert box is not None
    assert box["y"] < 200
    size = await first.locator(".stopped__title").evaluate("(p) => getComputedStyle(p).fontSize")
    assert float(size.removesuffix("px")) >= 20
    await expect(link).to_have_count(0)
    await expect(page.locator(".notice--leaf")).to_have_count(0)
    await expect(page.locator('a[href*="documents"]')).to_have_count(0)
    # On paper, which has no red ground, its words aren't white.
    await page.emulate_media(media="print", color_scheme="dark")
    colour = "(at) => getComputedStyle(at).color"
    assert await first.evaluate(colour) == "rgb(143, 22, 15)"
    assert await page.locator(".story__name").evaluate(colour) == "rgb(0, 0, 0)"
    red = "getComputedStyle(document.documentElement).getPropertyValue('--red')"
    assert await page.evaluate(red) == "#bf2118"
    await page.emulate_media(media="screen", color_scheme="light")
    await lift(sale)
    await page.reload()
    await expect(page.locator(".stopped")).to_have_count(0)
    await expect(page.locator(".lifted")).to_contain_text(SENTENCE)


async def test_a_story_that_is_open_over_the_video_is_told_anew(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE)
    await host.call("card.pin", offer=sale.offer)
    await page.locator("#card .lot-line").click()
    story = page.locator("#origin-sheet")
    await expect(story).to_contain_text("No test is recorded for this lot.")
    await stop(sale)
    await expect(story.locator(".stopped")).to_contain_text(FAILED)


async def test_a_coordinator_sees_who_has_it_calls_off_refunds_and_lifts(
    sale: Sale, open_studio: Open
) -> None:
    await order(sale, 1)
    left = await order(sale, 2)
    for state in ("packed", "shipped"):
        await sale.api.change_order_state(sale.broadcast, left["id"], state)
    await stop(sale)
    page = await open_studio("/studio", size=PHONE)
    await page.get_by_role("link", name="Kumquats · Lot 1123").first.click()
    rows = page.locator('[data-list="lot-orders"] .keep-row')
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("A0002")
    await expect(rows.first).to_contain_text("shipped")
    await rows.first.get_by_role("button", name="Refund…").click()
    await page.get_by_label("Reason").locator("visible=true").fill("Its test failed")
    await page.get_by_role("button", name="Confirm the refund").click()
    await expect(rows.first).to_contain_text("nothing to pay")
    await page.get_by_role("button", name="Cancel all that can be cancelled…").click()
    await page.get_by_label("Reason").locator("visible=true").fill("Its test failed")
    await page.get_by_role("button", name="Cancel the order", exact=True).click()
    await expect(rows).to_have_count(0)
    states = {each["number"]: each["state"] for each in await sale.api.orders(sale.broadcast)}
    assert states == {"A0001": "cancelled", "A0002": "cancelled"}
    await page.get_by_role("button", name="Lift the stop").click()
    await expect(page.get_by_text("Enter a sentence that everyone can read.")).to_be_visible()
    await page.get_by_label("Why it may be sold after all").fill(SENTENCE)
    await page.get_by_role("button", name="Lift the stop").click()
    await expect(
        page.get_by_text("The stop was lifted; this lot is on sale again.")
    ).to_be_visible()
    await expect(page.get_by_text(SENTENCE)).to_be_visible()
    host = await open_studio(f"/studio/lots/{sale.lot}", role="host", size=PHONE)
    await expect(host.get_by_text(SENTENCE)).to_be_visible()
    await expect(host.get_by_role("button", name="Lift the stop")).to_have_count(0)
    await expect(host.get_by_role("button", name="Withdraw it…")).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_coordinator_takes_a_lift_back_after_one_question(
    sale: Sale, open_studio: Open, open_page: Open, language: str
) -> None:
    await stop(sale)
    await lift(sale)
    words = {
        "en": ("Its stop, and the lift", "Withdraw it…", "Why the lift", "Stop the lot again"),
        "zh": ("停售与解除", "撤回…", "为什么不该解除", "重新停售"),
    }
    leads, takes, why, does = words[language]
    page = await open_studio(f"/studio/farms/{sale.farm}", size=PHONE, language=language)
    await page.get_by_role("button", name=leads).click()
    await page.wait_for_url("**/studio/lots/*")
    tab = page.locator(".studio-tabs__tab[aria-current=page]")
    await expect(tab).to_have_attribute("href", "/studio/farms")
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)  # its script runs
    await page.get_by_role("button", name=takes).click()
    sheet = page.locator("#back-sheet")
    await expect(sheet).to_contain_text(SENTENCE)
    await sheet.get_by_role("button", name=does).click()
    assert not (await sale.api.story(sale.lot))["lot"]["stopped"]
    await sheet.get_by_label(why).fill("It was lot 1124's sample")
    await sheet.get_by_role("button", name=does).click()
    await expect(page.locator("#why")).to_be_visible()
    await expect(page.get_by_text("It was lot 1124's sample")).to_be_visible()
    await expect(page.get_by_role("button", name=takes)).to_have_count(0)
    assert (await sale.api.story(sale.lot))["lot"]["stopped"]
    story = await open_page(f"/origin/lot/{sale.lot}", size=PHONE, language=language)
    await expect(story.locator(".stopped")).to_be_visible()
    await expect(story.locator(".lifted")).to_have_count(0)
    await expect(story.get_by_text("It was lot 1124's sample")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_an_orders_page_says_that_its_lot_was_lifted_and_when_it_is_stopped_again(
    sale: Sale, open_page: Open, language: str
) -> None:
    placed = await order(sale, 1)
    page = await open_page(placed["url"], size=PHONE, language=language)
    lifted = page.locator(".order__lifted")
    stopped = page.locator(".order__stopped")
    await expect(page.locator(".order__number")).to_be_visible()
    await expect(lifted).to_have_count(0)

    async def look() -> None:
        await page.evaluate("dispatchEvent(new Event('online'))")

    await stop(sale)
    await look()
    await expect(stopped).to_be_visible()
    await lift(sale)
    await look()
    await expect(lifted).to_contain_text(SENTENCE)
    await expect(lifted).to_contain_text("lot 1123" if language == "en" else "批次 1123")
    await expect(stopped).to_have_count(0)
    await expect(lifted.get_by_role("link")).to_have_attribute("href", f"/origin/lot/{sale.lot}")
    made = (await sale.api.story(sale.lot))["lifts"][0]["id"]
    await sale.api.undo_lift(sale.lot, made, "The wrong lot")
    await look()
    await expect(stopped).to_be_visible()
    await expect(lifted).to_have_count(0)


async def test_the_desk_says_not_to_hand_it_over(sale: Sale, open_studio: Open) -> None:
    waiting = await at_the_centre(sale, 1)
    await stop(sale)
    page = await open_studio("/studio/handover", role="clerk")
    await page.get_by_role("button", name=f"Hand over: {waiting['number']}").click()
    sheet = page.get_by_role("dialog", name=waiting["number"])
    await expect(sheet).to_contain_text("Lot 1123 is stopped.")
    await expect(sheet).to_contain_text("Don't hand it over")
    await expect(sheet.locator("[data-do]")).to_be_hidden()
    await shows_no_step(sale, await open_studio(f"/studio/{sale.broadcast}/orders"))


async def shows_no_step(sale: Sale, page: Page) -> None:
    """In the list of orders it is marked, and only calling off and refunding are offered."""
    row = page.locator("[data-items] .order").first
    await expect(row).to_contain_text("Stopped lot")
    await expect(row.locator("[data-act=step], [data-act=pay]")).to_have_count(0)
    await row.locator("[data-act=open]").click()
    sheet = page.locator("#order-sheet")
    await expect(sheet).to_contain_text(FAILED)
    await expect(sheet.locator("[data-act=step], [data-act=pay]")).to_have_count(0)
    await expect(sheet.locator("[data-act=refund]")).to_be_visible()


async def test_the_console_says_why_and_leads_to_who_has_it(sale: Sale, open_studio: Open) -> None:
    await order(sale, 1)
    page = await open_studio(f"/studio/{sale.broadcast}")
    row = page.locator("[data-bag-list] > *").first
    await expect(row).to_contain_text("19 left")
    await stop(sale)
    await expect(row.locator(".note--red")).to_contain_text("Lot 1123 is stopped.")
    await expect(row.locator("[data-left]").first).to_have_text("Stopped")
    await expect(row.get_by_role("button", name="Who bought this lot")).to_be_visible()
    await expect(page.locator("[data-orders-list]")).to_contain_text("Stopped lot")


async def test_a_stopped_card_on_the_screen_stands_in_red_and_can_only_be_taken_down(
    sale: Sale, host: Channel, open_studio: Open
) -> None:
    await another(sale)
    await host.call("card.pin", offer=sale.offer)
    page = await open_studio(f"/studio/{sale.broadcast}", size=(1280, 900))
    bar = page.locator(".console-bar__figure--pinned")
    await expect(bar).to_contain_text("Small kumquats")
    down = bar.get_by_role("button", name="Unpin")
    await expect(down).to_be_hidden()
    await stop(sale)
    await expect(bar.locator(".badge--red")).to_have_text("stopped")
    for width in (1080, 1280, 1440):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate(
            "document.querySelector('[data-bar]').scrollWidth <= innerWidth"
        ), width
    rows = page.locator("[data-bag-list] > *")
    for index, pins in enumerate((True, False)):
        row = rows.nth(index)
        await expect(row.locator(".note--red")).to_be_visible()
        await expect(row.locator("[data-lot]")).to_be_hidden()
        await expect(row.locator(".bag__acts")).to_be_hidden()
        await expect(row.locator("[data-pin]")).to_be_enabled(enabled=pins)
        note = await row.locator(".note--red").bounding_box()
        stock = await row.locator(".bag__stock").bounding_box()
        assert note is not None
        assert stock is not None
        assert note["y"] + note["height"] <= stock["y"]
    await expect(rows.last.locator(".bag__acts")).to_be_visible()
    await expect(rows.last.locator("[data-pin]")).to_be_enabled()
    phone = await open_studio(f"/studio/{sale.broadcast}", role="moderator", size=PHONE)
    await open_panel(phone, "bag")
    await expect(phone.locator("[data-bag-list] .note--red").first).to_be_visible()
    await expect(phone.get_by_role("button", name="Who bought this lot")).to_have_count(0)
    phone = await open_studio(f"/studio/{sale.broadcast}", role="host", size=PHONE)
    hand = phone.locator("[data-hand]")
    await expect(hand.locator(".note--red")).to_be_visible()
    await expect(hand.locator(".dock__acts")).to_be_hidden()
    await expect(bar).to_be_visible()
    await expect(phone.locator(".console-bar__figure--pinned")).to_be_hidden()
    await down.click()
    await expect(down).to_be_hidden()
    await expect(page.locator("#toasts")).to_contain_text("is unpinned")
    await expect(page.locator("#toasts").get_by_role("button", name="Undo")).to_have_count(0)
    await expect(rows.first.locator("[data-pin]")).to_be_disabled()
    await expect(hand.get_by_role("button", name="Unpin")).to_have_count(0)


async def test_a_console_that_does_not_know_an_order_of_it_says_it_all_the_same(
    sale: Sale, open_studio: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "STAFF_ORDERS", 1)
    for number in (1, 2, 3):
        await order(sale, number)
    page = await open_studio(f"/studio/{sale.broadcast}")
    feed = page.locator("[data-orders-list]")
    await expect(feed).to_contain_text("A0003")
    await expect(feed).not_to_contain_text("A0001")
    thrown: list[Any] = []
    page.on("pageerror", lambda error: thrown.append(error))
    await stop(sale)
    row = page.locator("[data-bag-list] > *").first
    await expect(row.locator(".note--red")).to_contain_text("Lot 1123 is stopped.")
    await expect(feed).to_contain_text("Stopped lot")
    await expect(feed.locator(":scope > *")).to_have_count(1)
    assert not thrown

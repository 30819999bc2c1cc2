"""A wrong price put right in Chromium, and what is done with the orders that were taken at it."""

import re

import pytest
from playwright.async_api import Route, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.phone_panels import open_panel
from tests.browser.support.requests import body_of
from tests.browser.support.selling import card, console, open_row, order_at, set_price, wrong_orders

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]


async def test_orders_at_a_wrong_price_are_kept_or_cancelled(open_studio: Open, sale: Sale) -> None:
    before = await order_at(sale, 1, 2990)
    page = await console(open_studio, sale, size=PHONE)
    await open_panel(page, "bag")
    await open_row(card(page))
    await set_price(page, "19.90")
    await expect(card(page)).to_contain_text("¥29.90 → ¥19.90. Nobody")
    kept = await order_at(sale, 2, 1990)
    gone = await order_at(sale, 3, 1990, quantity=2)
    await expect(card(page)).to_contain_text("¥29.90 → ¥19.90. New price: 2 orders.")
    # It outlives the page.
    await page.reload()
    await open_panel(page, "bag")
    await card(page).get_by_role("button", name=re.compile("^Correct the price")).click()
    await card(page).get_by_role("button", name=re.compile("^See these orders")).click()
    sheet = page.get_by_role("dialog", name="Orders at ¥19.90")
    rows = sheet.get_by_role("listitem")
    await expect(rows).to_have_count(2)
    await expect(sheet).not_to_contain_text(before["number"])
    await expect(rows.last).to_contain_text("2 for ¥39.80, ¥20.00 too little")
    await rows.first.get_by_role("button", name=re.compile("^Honour the price")).click()
    await expect(rows.first).to_contain_text("honoured")
    await rows.last.get_by_role("button", name=re.compile("^Cancel it")).click()
    await expect(rows.last.get_by_text("cancelled", exact=True)).to_be_visible()
    found = {each["id"]: each for each in await sale.api.orders(sale.broadcast)}
    assert found[kept["id"]]["state"] == "placed"
    reason = found[gone["id"]]["history"][-1]["reason"]
    assert reason == "The price ¥19.90 was a mistake; it is ¥29.90."
    await rows.last.get_by_role("button", name=re.compile("^Undo: ")).click()
    await expect(rows.last.get_by_text("placed", exact=True)).to_be_visible()
    await rows.first.get_by_role("button", name=re.compile("^Undo: ")).click()
    await sheet.get_by_role("button", name="Cancel all 2").click()
    await expect(sheet.get_by_text("cancelled", exact=True)).to_have_count(2)
    await rows.first.get_by_role("button", name=re.compile("^Undo all 2: ")).click()
    await expect(sheet.get_by_text("placed", exact=True)).to_have_count(2)


async def test_what_can_not_be_taken_back_is_told_with_the_reason(
    open_studio: Open, sale: Sale
) -> None:
    page = await console(open_studio, sale)
    await set_price(page, "19.90")
    await expect(card(page)).to_contain_text("¥29.90 → ¥19.90.")
    taken = [await order_at(sale, number, 1990) for number in (1, 2)]
    sheet = await wrong_orders(page, "¥19.90")
    await sheet.get_by_role("button", name="Cancel all 2").click()
    await expect(sheet.get_by_text("cancelled", exact=True)).to_have_count(2)
    await order_at(sale, 3, 2990, quantity=19)
    await sheet.get_by_role("button", name=re.compile("^Undo all 2: ")).first.click()
    told = sheet.get_by_role("alert")
    await expect(told).to_contain_text("1 order stayed as it was")
    await expect(told).to_contain_text(
        f"{taken[1]['number']} The order stays unchanged: its boxes have been sold since"
    )
    await expect(sheet.get_by_text("placed", exact=True)).to_have_count(1)
    # It stays cancelled, and has no button that would take nothing back.
    await expect(sheet.get_by_role("button", name=re.compile("^Undo"))).to_have_count(0)


async def test_more_orders_than_one_move_takes_are_cancelled_and_taken_back(
    open_studio: Open, sale: Sale
) -> None:
    page = await console(open_studio, sale)
    await set_price(page, "19.90")
    await expect(card(page)).to_contain_text("¥29.90 → ¥19.90.")
    await order_at(sale, 1, 1990)
    found = 201
    sent: list[tuple[int, str]] = []
    undone: list[str] = []

    async def many(route: Route) -> None:
        answer = await (await route.fetch()).json()
        (wrong,) = answer["prices"]
        (one,) = wrong["orders"]
        orders = [
            {**one, "id": f"01{number:024d}", "number": f"A{number:04d}"}
            for number in range(1, found + 1)
        ]
        await route.fulfill(json={"prices": [{**wrong, "orders": orders}]})

    async def moved(route: Route) -> None:
        body = body_of(route.request)
        sent.append((len(body["orders"]), route.request.headers["idempotency-key"]))
        orders = [{"id": each, "state": body["state"], "payment": "due"} for each in body["orders"]]
        move = f"01{len(sent):024d}"
        await route.fulfill(json={"id": move, "until": None, "moved": orders, "refused": []})

    async def back(route: Route) -> None:
        undone.append(route.request.url.rpartition("/")[2])
        await route.fulfill(json={"id": undone[-1], "until": None, "moved": [], "refused": []})

    await page.route("**/mispriced", many)
    await page.route("**/orders/bulk-transitions", moved)
    await page.route("**/orders/bulk-transitions/*", back)
    sheet = await wrong_orders(page, "¥19.90")
    await sheet.get_by_role("button", name="Cancel all 201").click()
    await expect(sheet.get_by_text("cancelled", exact=True)).to_have_count(found)
    assert [size for size, _ in sent] == [200, 1]
    assert len({key for _, key in sent}) == 2
    await sheet.get_by_role("button", name=re.compile("^Undo all 201: ")).first.click()
    await expect(sheet.get_by_text("placed", exact=True)).to_have_count(found)
    assert undone == [f"01{number:024d}" for number in (2, 1)]


async def test_what_was_paid_too_much_is_given_back(open_studio: Open, sale: Sale) -> None:
    page = await console(open_studio, sale)
    await set_price(page, "99.00")
    await expect(card(page)).to_contain_text("¥29.90 → ¥99.00.")
    paid = await order_at(sale, 1, 9900, quantity=2)
    await sale.api.mark_order_paid(sale.broadcast, paid["id"])
    await order_at(sale, 2, 9900)
    await card(page).get_by_role("button", name=re.compile("^Another price")).click()
    sheet = page.get_by_role("dialog", name="Small kumquats")
    await sheet.get_by_label("New price, CNY").fill("28")
    await sheet.get_by_role("button", name="Correct it to ¥28.00").click()
    await sheet.get_by_role("button", name="Yes, set ¥28.00").click()
    await card(page).get_by_role("button", name=re.compile("^See these orders")).click()
    rows = page.get_by_role("dialog", name="Orders at ¥99.00").get_by_role("listitem")
    await expect(
        rows.last.get_by_role("button", name=re.compile("^Reduce by ¥71.00"))
    ).to_be_visible()
    async with page.expect_request("**/refunds") as sent:
        await rows.first.get_by_role("button", name=re.compile("^Refund ¥142.00")).click()
    request = await sent.value
    assert request.headers["idempotency-key"]
    assert body_of(request)["offer"] == sale.offer
    await expect(rows.first.get_by_text("partly refunded")).to_be_visible()
    found = {each["id"]: each for each in await sale.api.orders(sale.broadcast)}
    assert found[paid["id"]]["refunded"]["amount"] == 14200


async def test_another_device_learns_that_a_price_was_put_right(
    open_studio: Open, sale: Sale
) -> None:
    page = await console(open_studio, sale)
    other = await console(open_studio, sale, role="host", language="zh")
    await set_price(page, "19.90")
    await expect(card(other)).to_contain_text("¥29.90 → ¥19.90。还没有人按新价下单。")
    await card(page).get_by_role("button", name=re.compile("^Correct the price")).click()
    await expect(card(other)).to_contain_text("已更正：¥29.90，不是 ¥19.90。")


async def test_price_that_was_wrong_from_the_start_is_put_right(
    open_studio: Open, sale: Sale
) -> None:
    page = await console(open_studio, sale)
    taken = await order_at(sale, 1, 2990)
    await card(page).get_by_role("button", name=re.compile("Change the price")).click()
    sheet = page.get_by_role("dialog", name="Small kumquats")
    await sheet.get_by_label("The price until now was a mistake").check()
    await sheet.get_by_label("New price, CNY").fill("32")
    await sheet.get_by_role("button", name="Correct it to ¥32.00").click()
    await expect(card(page)).to_contain_text("Corrected: ¥32.00 instead of ¥29.90. ¥29.90: 1 order")
    # A device that knows nothing of it finds the orders all the same.
    other = await console(open_studio, sale, role="host")
    await card(other).get_by_role("button", name=re.compile("Change the price")).click()
    await other.get_by_role("button", name="Orders at a wrong price").click()
    found = other.get_by_role("dialog", name="Orders at ¥29.90")
    await expect(found.get_by_role("listitem")).to_contain_text(taken["number"])


async def test_second_correction_hides_no_orders_of_the_first(
    open_studio: Open, sale: Sale
) -> None:
    page = await console(open_studio, sale)
    await set_price(page, "2.99")
    await page.get_by_role("button", name="Yes, set ¥2.99").click()
    await expect(card(page)).to_contain_text("¥29.90 → ¥2.99.")
    low = [await order_at(sale, number, 299) for number in (1, 2)]
    await card(page).get_by_role("button", name=re.compile("^Another price")).click()
    sheet = page.get_by_role("dialog", name="Small kumquats")
    await sheet.get_by_label("New price, CNY").fill("39.90")
    await sheet.get_by_role("button", name="Correct it to ¥39.90").click()
    await expect(card(page)).to_contain_text("Corrected: ¥39.90 instead of ¥2.99. ¥2.99: 2 orders")
    high = await order_at(sale, 3, 3990)
    await card(page).get_by_role("button", name=re.compile("Change the price")).click()
    await sheet.get_by_label("The price until now was a mistake").check()
    await sheet.get_by_label("New price, CNY").fill("29.90")
    await sheet.get_by_role("button", name="Correct it to ¥29.90").click()
    told = "Corrected: ¥29.90 instead of ¥2.99, ¥39.90. ¥2.99, ¥39.90: 3 orders."
    await expect(card(page)).to_contain_text(told)
    # It outlives the page, and another change of the price.
    await page.reload()
    await set_price(page, "27.90")
    await expect(card(page)).to_contain_text("¥29.90 → ¥27.90. Nobody")
    await expect(card(page)).to_contain_text(told)
    await card(page).get_by_role("button", name=re.compile("^See these orders")).click()
    found = page.get_by_role("dialog", name="Orders at ¥39.90, ¥2.99")
    rows = found.get_by_role("listitem")
    await expect(rows).to_have_count(3)
    for place, taken in enumerate((high, *low)):
        await expect(rows.nth(place)).to_contain_text(taken["number"])
    await expect(rows.first).to_contain_text("At ¥39.90: 1 for ¥39.90, ¥10.00 too much")
    await expect(rows.last).to_contain_text("At ¥2.99: 1 for ¥2.99, ¥26.91 too little")
    await expect(found.get_by_label("Reason")).to_have_value(
        "The price was a mistake; it is ¥29.90."
    )
    await found.get_by_role("button", name="Cancel all 3").click()
    await expect(found.get_by_text("cancelled", exact=True)).to_have_count(3)

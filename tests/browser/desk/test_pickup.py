"""Hand-overs at a pick-up point in Chromium, by six digits or by name."""

import re

import pytest
from playwright.async_api import Route, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.desk import at_the_centre, states
from tests.browser.support.requests import body_of
from tests.browser.support.selling import PICKUP, order
from tests.support.money import cny
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.shared_server(False)]


async def test_a_code_hands_over_and_takes_the_money(open_studio: Open, sale: Sale) -> None:
    waits = await at_the_centre(sale, 1)
    page = await open_studio("/studio", role="clerk", size=PHONE)
    wrong = f"{(int(waits['code']) + 1) % 1_000_000:06d}"
    for digit in wrong:
        await page.locator(f"[data-digit='{digit}']").click()
    await expect(page.get_by_text("No order is waiting here under")).to_be_visible()
    for digit in waits["code"]:
        await page.locator(f"[data-digit='{digit}']").click()
    sheet = page.get_by_role("dialog", name=waits["number"])
    await expect(sheet).to_contain_text("Small kumquats")
    await sheet.get_by_role("button", name="Handed over, ¥29.90 collected").click()
    await expect(page.get_by_text("handed over, ¥29.90 collected.")).to_be_visible()
    await expect(page.get_by_text("Nothing is waiting here")).to_be_visible()
    (found,) = await sale.api.orders(sale.broadcast)
    assert (found["state"], found["payment"]) == ("received", "paid")
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("is back to how it was")).to_be_visible()
    (found,) = await sale.api.orders(sale.broadcast)
    assert (found["state"], found["payment"]) == ("at_centre", "due")


async def test_who_has_no_code_is_found_by_name(open_studio: Open, sale: Sale) -> None:
    await at_the_centre(sale, 1)
    second = await at_the_centre(sale, 2)
    page = await open_studio("/studio/handover", language="zh")
    rows = page.locator("[data-items] > li")
    await expect(rows).to_have_count(2)
    await page.get_by_placeholder("订单号、姓名或手机号").fill("wang 2")
    await expect(rows).to_have_count(1)
    await rows.get_by_role("button", name=re.compile("交付")).click()

    # The answer is lost; it is sent again, and happens once.
    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await page.route("**/handovers", lose, times=1)
    await expect(page.get_by_text("点一下即交付，收款 ¥29.90")).to_be_visible()
    await page.get_by_role("button", name="认识本人").click()
    await expect(page.get_by_text("连不上服务器")).to_be_visible()
    await expect(
        page.get_by_text(f"{second['number']} Wang 2：已交付，收款 ¥29.90。")
    ).to_be_visible()
    assert await states(sale) == ["at_centre", "received"]
    await page.get_by_role("button", name="撤销").click()
    await expect(page.get_by_text(f"{second['number']} 已恢复原样。")).to_be_visible()
    assert await states(sale) == ["at_centre", "at_centre"]


async def test_what_was_not_ticked_as_packed_is_handed_over_once_it_is_there(
    open_studio: Open, sale: Sale
) -> None:
    placed = await order(sale, 1, way=PICKUP)
    by_name = await order(sale, 2, way=PICKUP)
    (first, second) = await sale.api.orders(sale.broadcast)
    await sale.api.refund_order(sale.broadcast, second["id"], cny(990), "Less ripe.")
    page = await open_studio("/studio", role="clerk", size=PHONE)
    await expect(page.get_by_text("Nothing is waiting here")).to_be_visible()
    for digit in first["code"]:
        await page.locator(f"[data-digit='{digit}']").click()
    sheet = page.get_by_role("dialog", name=placed["number"])
    await expect(sheet).to_contain_text("It was not ticked as packed. Is the box in front of you?")
    deed = sheet.get_by_role("button", name="Handed over, ¥29.90 collected")
    await expect(deed).to_be_disabled()
    await sheet.get_by_label("Yes, it is here").check()
    await deed.click()
    await expect(page.get_by_text("handed over, ¥29.90 collected.")).to_be_visible()
    assert await states(sale) == ["received", "placed"]
    # It is found without its code too.
    await page.get_by_placeholder("Number, name or phone").fill("wang 2")
    await page.get_by_role("button", name=f"Hand over: {by_name['number']}").click()
    await page.get_by_label("Yes, it is here").check()
    await expect(page.get_by_text("hands it over, with ¥20.00 collected.")).to_be_visible()
    await page.get_by_role("button", name="Identity card").click()
    await expect(page.get_by_text("Wang 2: handed over, ¥20.00 collected.")).to_be_visible()
    assert await states(sale) == ["received", "received"]
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("is back to how it was")).to_be_visible()
    assert await states(sale) == ["received", "placed"]


async def test_what_waits_is_read_to_its_end_and_what_is_not_shown_is_said(
    open_studio: Open, sale: Sale
) -> None:
    waits = [await at_the_centre(sale, number) for number in (1, 2, 3)]
    page = await open_studio("/studio/handover")
    rows = page.locator("[data-items] > li")
    await expect(rows).to_have_count(3)

    async def one_by_one(route: Route) -> None:
        await route.continue_(post_data={**body_of(route.request), "limit": 1})

    await page.route("**/handovers/search", one_by_one)
    await page.reload()
    await expect(rows).to_have_count(3)
    await expect(page.locator("[data-rest]")).to_be_hidden()
    await page.unroute_all()

    async def endless(route: Route) -> None:
        after = int((body_of(route.request)["cursor"] or "0")[-4:])
        orders = [
            {**waits[0], "id": f"01{number:024d}"} for number in range(after + 1, after + 201)
        ]
        await route.fulfill(json={"orders": orders, "next": orders[-1]["id"]})

    await page.route("**/handovers/search", endless)
    await page.reload()
    await expect(rows).to_have_count(400)
    await expect(page.get_by_text("The 400 waiting longest are shown.")).to_be_visible()
    await page.get_by_role("button", name="Show more").click()
    await expect(rows).to_have_count(800)
    await page.unroute_all()
    # What stands on no page is sought on the server.
    async with page.expect_request("**/handovers/search") as sent:
        await page.get_by_placeholder("Number, name or phone").fill("0003")
    assert body_of(await sent.value)["find"] == "0003"
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text(waits[2]["number"])


async def test_a_hand_over_is_taken_back_over_a_lost_connection_and_for_ten_minutes(
    open_studio: Open, sale: Sale
) -> None:
    waits = await at_the_centre(sale, 1)
    # The clock stays turned.
    page = await open_studio("/studio/handover", kept=False)
    await page.clock.install()
    await page.reload()
    code = page.locator("[data-code]")

    async def give() -> None:
        await expect(code).to_be_editable()
        await page.keyboard.type(waits["code"])
        await page.get_by_role("button", name="Handed over, ¥29.90 collected").click()
        await expect(page.get_by_text("handed over, ¥29.90 collected.")).to_be_visible()

    await give()
    undo = page.get_by_role("button", name="Undo")
    await page.route("**/bulk-transitions/*", lambda route: route.abort())
    await undo.click()
    await expect(page.locator("[data-done-words]")).to_contain_text(
        "It is kept and sent automatically"
    )
    await page.unroute_all()
    await page.clock.run_for(15_000)
    await expect(page.get_by_text("is back to how it was")).to_be_visible()
    assert await states(sale) == ["at_centre"]
    await give()
    await expect(undo).to_be_visible()
    await page.clock.run_for("10:01")
    await expect(undo).to_be_hidden()
    await expect(page.get_by_text("handed over, ¥29.90 collected.")).to_be_visible()


async def test_too_many_wrong_codes_rest_the_pad(open_studio: Open, sale: Sale) -> None:
    page = await open_studio("/studio/handover")
    code = page.locator("[data-code]")
    for tried in range(11):
        async with page.expect_response("**/handovers/by-code"):
            await page.keyboard.type(f"{tried:06d}")
        if tried < 10:
            await expect(
                page.get_by_text(f"No order is waiting here under 000 {tried:03d}")
            ).to_be_visible()
    await expect(page.get_by_text("Too many wrong codes. Wait")).to_be_visible()
    await expect(code).not_to_be_editable()
    await expect(page.locator("[data-digit='1']")).to_be_disabled()
    held = await code.input_value()
    for press in ("field => field.focus()", "field => field.blur()"):
        await code.evaluate(press)
        await page.keyboard.press("7")
        assert await code.input_value() == held
    await expect(page.get_by_text("Too many wrong codes. Wait")).to_be_visible()


async def test_a_seventh_digit_does_not_look_the_code_up_again(
    open_studio: Open, sale: Sale
) -> None:
    waits = await at_the_centre(sale, 1)
    page = await open_studio("/studio/handover")
    asked: list[Route] = []
    await page.route("**/handovers/by-code", lambda route: asked.append(route))
    await page.locator("[data-code]").evaluate("field => field.blur()")
    await page.keyboard.type(f"{waits['code']}7")
    await until(lambda: asked, "the code is looked up")
    # What is written to the same server later comes later: a second look-up would be there by now.
    await page.evaluate("fetch('/health').then((answer) => answer.text())")
    assert len(asked) == 1
    await asked[0].continue_()
    await expect(page.get_by_role("dialog", name=waits["number"])).to_be_visible()

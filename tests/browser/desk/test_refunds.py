"""Refunds at the desk in Chromium: asked about where they are large, given once where an answer is
lost, undone, and put right later with what else was done by mistake.
"""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.desk import at_the_centre, desk, now, sheet_of
from tests.browser.support.selling import card, console, order, order_at, set_price, wrong_orders
from tests.support.money import cny
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

OFFLINE = "What you did with 1 order is kept here"


async def take_off(page: Page, placed: Any, amount: str, reason: str = "Less ripe") -> Any:
    sheet = await sheet_of(page, placed["number"])
    await sheet.get_by_role(
        "button", name=re.compile("reduce the total…$|Reduce…$", re.IGNORECASE)
    ).click()
    form = page.get_by_role("dialog", name="Reduction")
    await form.get_by_label("Amount").fill(amount)
    await form.get_by_label("Reason").fill(reason)
    await form.get_by_role("button", name="Confirm the reduction").click()
    return form


async def lose_the_first_answer(page: Page) -> list[Any]:
    """The first refund is kept and its answer lost; what is sent is listed."""
    sent: list[Any] = []

    async def lost(route: Route) -> None:
        request = route.request
        sent.append((request.headers["idempotency-key"], request.post_data_json))
        if len(sent) > 1:
            await route.continue_()
            return
        await route.fetch()
        await route.abort()

    await page.route("**/refunds", lost)
    return sent


async def test_a_refund_whose_answer_was_lost_is_given_once(open_studio: Open, sale: Sale) -> None:
    placed = await order(sale, 1)
    page = await desk(open_studio, sale)
    sent = await lose_the_first_answer(page)
    form = await take_off(page, placed, "9.90")
    await expect(page.get_by_text(OFFLINE)).to_be_visible()
    await expect(form).to_be_hidden()
    said = f"¥9.90 was deducted from {placed['number']}: ¥20.00 is due."
    await expect(page.locator(".toast").get_by_text(said)).to_be_visible()
    await expect(page.get_by_text(OFFLINE)).to_be_hidden()
    assert sent[0] == sent[1]
    assert (await now(sale, placed))["refunded"]["amount"] == 990


async def test_a_key_that_was_used_gives_nothing_more_and_says_what_was_kept(
    open_studio: Open, sale: Sale
) -> None:
    placed = await order(sale, 1)
    page = await desk(open_studio, sale)
    keys: list[str] = []

    async def other(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        await sale.api.refund_order(sale.broadcast, placed["id"], cny(500), "Small", key=keys[0])
        await route.continue_()

    await page.route("**/refunds", other, times=1)
    form = await take_off(page, placed, "9.90")
    said = f"{placed['number']} has a refund already: ¥5.00 in all."
    await expect(page.locator(".toast").get_by_text(said)).to_be_visible()
    await expect(form).to_be_hidden()
    await expect(page.locator("[data-order]")).to_contain_text("¥24.90")
    assert (await now(sale, placed))["refunded"]["amount"] == 500
    # Whoever opens it anew means another one.
    async with page.expect_request("**/refunds") as request:
        await take_off(page, placed, "1")
    assert (await request.value).headers["idempotency-key"] not in keys
    await expect(page.locator("[data-order]")).to_contain_text("¥23.90")


async def test_most_of_the_sum_is_asked_about_once_and_undone(
    open_studio: Open, sale: Sale
) -> None:
    placed = await order(sale, 1)
    page = await desk(open_studio, sale, size=PHONE)
    form = await take_off(page, placed, "29.90")
    question = page.get_by_role("dialog", name="Reduce ¥29.90 by ¥29.90?")
    await expect(question).to_contain_text("Nothing will be due.")
    await question.get_by_role("button", name="No, go back").click()
    await expect(form.get_by_label("Reason")).to_have_value("Less ripe")
    assert (await now(sale, placed))["refunded"]["amount"] == 0
    await form.get_by_role("button", name="Confirm the reduction").click()
    await question.get_by_role("button", name="Reduce by ¥29.90").click()
    toast = page.locator(".toast")
    await expect(toast).to_contain_text(f"¥29.90 was deducted from {placed['number']}: nothing is")
    assert (await now(sale, placed))["refunded"]["amount"] == 2990
    await toast.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text(f"{placed['number']} is back to how it was.")).to_be_visible()
    await expect(page.locator("[data-order]")).to_contain_text("¥29.90")
    assert (await now(sale, placed))["refunded"]["amount"] == 0
    # What was meant is less than half, and no question.
    await take_off(page, placed, "2.99")
    await expect(toast.last).to_contain_text("¥2.99 was deducted from")


async def test_a_lost_answer_at_a_wrong_price_is_asked_for_again_and_undone(
    open_studio: Open, sale: Sale
) -> None:
    page = await console(open_studio, sale)
    await set_price(page, "99.00")
    await expect(card(page)).to_contain_text("¥29.90 → ¥99.00.")
    placed = await order_at(sale, 1, 9900)
    sheet = await wrong_orders(page, "¥99.00")
    sent = await lose_the_first_answer(page)
    row = sheet.get_by_role("listitem").first
    await row.get_by_role("button", name=re.compile("^Reduce by ¥69.10")).click()
    await expect(sheet.get_by_text(OFFLINE)).to_be_visible()
    await sheet.get_by_label("Reason").fill("Another reason")
    await expect(row.get_by_role("button", name=re.compile("^Reduce"))).to_be_disabled()
    await expect(row.get_by_text("¥69.10 deducted", exact=True)).to_be_visible()
    assert sent[0] == sent[1]
    assert (await now(sale, placed))["refunded"]["amount"] == 6910
    await row.get_by_role("button", name=re.compile("^Undo: ")).click()
    await expect(row.get_by_role("button", name=re.compile("^Reduce by ¥69.10"))).to_be_enabled()
    assert (await now(sale, placed))["refunded"]["amount"] == 0


async def test_of_a_mistyped_refund_whose_box_is_sold_again_the_money_comes_back(
    open_studio: Open, sale: Sale
) -> None:
    placed = await order(sale, 1, quantity=2)
    page = await desk(open_studio, sale)
    sheet = await sheet_of(page, placed["number"])
    await sheet.get_by_role("button", name="Fewer boxes, or reduce the total…").click()
    form = page.get_by_role("dialog", name="Reduction")
    await form.get_by_role("button", name=re.compile("^One less")).click()
    await form.get_by_label("Amount").fill("50.00")
    await form.get_by_label("Reason").fill("One is enough")
    await form.get_by_role("button", name="Confirm the reduction").click()
    question = page.get_by_role("dialog", name="Reduce ¥59.80 by ¥50.00?")
    await question.get_by_role("button", name="Reduce by ¥50.00").click()
    undo = page.locator(".toast").get_by_role("button", name="Undo")
    await expect(undo).to_be_visible()
    await order(sale, 2, quantity=19)
    await undo.click()
    refused = page.locator("[data-refused]")
    await expect(refused).to_contain_text(
        "Correct the refund instead, which changes the money alone."
    )
    sheet = await sheet_of(page, placed["number"])
    await sheet.get_by_role("button", name="Correct…").click()
    right = page.get_by_role("dialog", name="Correct")
    choice = right.get_by_role("radio", name=re.compile("^¥50.00 should not be deducted"))
    await choice.check()
    await expect(right).to_contain_text(
        "¥59.80 will be due. Boxes removed with it are taken again; if they have been "
        "sold, only the money is corrected."
    )
    await right.get_by_label("Reason").fill("It was 29.90")
    await right.get_by_role("button", name="Correct the order").click()
    said = f"{placed['number']} is corrected, the money only: its boxes stay removed."
    await expect(page.locator(".toast").get_by_text(said)).to_be_visible()
    sheet = await sheet_of(page, placed["number"])
    await expect(sheet.get_by_role("list").last).to_contain_text("undone · money only · staff")
    found = await now(sale, placed)
    assert (found["refunded"]["amount"], found["lines"][0]["returned"]) == (0, 1)


async def test_what_was_done_elsewhere_is_read_before_it_is_corrected(
    open_studio: Open, sale: Sale
) -> None:
    waits = await at_the_centre(sale, 1)
    await sale.api.mark_order_paid(sale.broadcast, waits["id"])
    page = await desk(open_studio, sale, size=PHONE)
    sheet = await sheet_of(page, waits["number"])
    await sheet.get_by_role("button", name="Close").click()
    held: list[Route] = []
    let_go = asyncio.Event()

    async def hold(route: Route) -> None:
        held.append(route)
        await let_go.wait()
        await route.continue_()

    await page.route("**/orders/search", hold)
    await sale.api.refund_order(sale.broadcast, waits["id"], cny(990), "Small")
    await expect(page.locator("[data-order]")).to_contain_text("partly refunded")

    sheet = await sheet_of(page, waits["number"])
    await sheet.get_by_role("button", name="Correct…").click()
    await until(lambda: len(held) >= 2, "the sheet and its button ask for the order")
    let_go.set()
    form = page.get_by_role("dialog", name="Correct")
    await expect(form.get_by_role("radio", name="¥9.90 was not refunded")).to_be_visible()


async def test_a_wrong_hand_over_and_a_wrong_refund_are_put_right_later(
    open_studio: Open, sale: Sale
) -> None:
    waits = await at_the_centre(sale, 1)
    await sale.api.change_order_state(sale.broadcast, waits["id"], "received", known_by="slip")
    await sale.api.mark_order_paid(sale.broadcast, waits["id"])
    await sale.api.refund_order(sale.broadcast, waits["id"], cny(990), "Small")
    page = await desk(open_studio, sale, size=PHONE)
    await page.locator("input[name=state][value=all]").check(force=True)

    async def right(choice: str) -> None:
        sheet = await sheet_of(page, waits["number"])
        await sheet.get_by_role("button", name="Correct…").click()
        form = page.get_by_role("dialog", name="Correct")
        await form.get_by_role("radio", name=re.compile(choice)).check()
        await form.get_by_role("button", name="Correct the order").click()
        await expect(form.get_by_text("Please fill this in.")).to_be_visible()
        await form.get_by_label("Reason").fill("The wrong box")
        await form.get_by_role("button", name="Correct the order").click()
        said = page.locator(".toast").get_by_text(f"{waits['number']} is corrected.")
        await expect(said.last).to_be_visible()
        await expect(form).to_be_hidden()

    await right("^It was not handed over")
    await right("^¥9.90 was not refunded")
    await right("^It was not paid")
    (found,) = await sale.api.orders(sale.broadcast)
    assert (found["state"], found["payment"], found["refunded"]["amount"]) == (
        "at_centre",
        "due",
        0,
    )
    sheet = await sheet_of(page, waits["number"])
    await expect(sheet.get_by_role("list").last).to_contain_text(
        "at the pick-up point · undone · staff · The wrong box"
    )

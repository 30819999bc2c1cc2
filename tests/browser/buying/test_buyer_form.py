"""The form of an order in Chromium: name, phone and address, and what is wrong with them."""

import json
from pathlib import Path

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Open, Sale
from tests.browser.support.buying import (
    field,
    fill_in,
    open_buy_sheet,
    open_form,
    ordered,
    submit,
    tap_buy,
)

pytestmark = [pytest.mark.browser, pytest.mark.shared_server, pytest.mark.usefixtures("pinned")]


async def test_the_browser_can_fill_in_the_form(sale: Sale, open_page: Open) -> None:
    page = await open_form(open_page, sale)
    for name, token in (("name", "name"), ("phone", "tel"), ("address", "street-address")):
        await expect(field(page, name)).to_have_attribute("autocomplete", token)


async def test_what_the_server_finds_wrong_is_said_at_its_field(
    sale: Sale, open_page: Open
) -> None:
    page = await open_form(open_page, sale, "zh")
    await fill_in(page, "zh", name="王\u200b芳")
    await submit(page).click()
    await expect(page.locator("#name-error")).to_have_text("请填写收货人姓名，60 个字以内。")
    await expect(field(page, "name", "zh")).to_be_focused()


@pytest.mark.parametrize(
    ("language", "wrong"),
    [
        (
            "zh",
            {
                "": "请填写电话号码，方便快递员或自提点联系您。",
                "不告诉你": "这不是电话号码，请填数字，例如 138 0000 0000。",
                "123": "这个电话号码太短，至少要有 7 位。",
                "0591 88": "这个电话号码太短，至少要有 7 位。",
            },
        ),
        (
            "en",
            {
                "": "Enter a phone number, so that the courier or the pick-up point can call you.",
                "call me": "That isn't a phone number. Enter digits, such as 138 0000 0000.",
                "123": "That phone number is too short: 7 digits at least.",
                "0591 88": "That phone number is too short: 7 digits at least.",
                "+441234567890123456": "That phone number is too long: 15 digits at most.",
            },
        ),
    ],
)
async def test_a_wrong_phone_number_is_told_what_is_wrong_and_wide_digits_are_digits(
    sale: Sale, open_page: Open, language: str, wrong: dict[str, str]
) -> None:
    page = await open_form(open_page, sale, language)
    await fill_in(page, language, phone="")
    phone = field(page, "phone", language)
    for typed, told in wrong.items():
        await phone.fill(typed)
        await submit(page).click()
        await expect(page.locator("#phone-error")).to_have_text(told)
    await phone.fill("１３８００００００００")
    await ordered(page)
    (order,) = await sale.api.orders(sale.broadcast)
    assert order["buyer"]["phone"] == "13800000000"


GOLDEN = json.loads((Path(__file__).parents[2] / "support" / "phone_numbers.json").read_text())

JUDGED = """async (numbers) => {
    const { phoneDoubt, phoneProblem } = await import("/static/lib/forms/phone.js");
    return numbers.map((number) => [Boolean(phoneProblem(number)), Boolean(phoneDoubt(number))]);
}"""


async def test_the_page_takes_the_numbers_that_the_server_takes(
    sale: Sale, open_page: Open
) -> None:
    page = await open_page(sale.path)
    for kind, is_refused in (("kept", False), ("doubted", False), ("refused", True)):
        numbers = list(GOLDEN[kind])
        judged = dict(zip(numbers, await page.evaluate(JUDGED, numbers), strict=True))
        assert {number for number, (refused, _) in judged.items() if refused != is_refused} == set()
        if kind == "kept":
            assert not any(doubted for _, doubted in judged.values())


async def test_a_number_that_looks_mistyped_is_asked_about_once(
    sale: Sale, open_page: Open
) -> None:
    page = await open_form(open_page, sale)
    await fill_in(page, phone="138 0000 000")
    await submit(page).click()
    await expect(page.locator("#phone-error")).to_contain_text(
        "A mobile number has 11 digits; this one has 10."
    )
    await ordered(page)
    (order,) = await sale.api.orders(sale.broadcast)
    assert order["flags"] == ["doubtful-phone"]


async def test_who_is_blocked_is_told_so(sale: Sale, open_page: Open) -> None:
    page, sheet = await open_buy_sheet(open_page, sale)
    await submit(page).click()
    await sheet.get_by_role("button", name="Back to the broadcast").click()
    (order,) = await sale.api.orders(sale.broadcast)
    block = {"kind": "device", "order": order["id"], "reason": "test"}
    await sale.api.request("POST", "/api/v1/blocks", json=block)
    await tap_buy(page)
    await expect(sheet.get_by_role("alert")).to_contain_text("We can't take orders from here.")

"""What has to be read on a telephone stands there whole: no word is broken, none cut off."""

import re
from dataclasses import replace

import pytest
from playwright.async_api import expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.selling import card, console, order_at, set_price
from tests.support.money import cny

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

# The lines of text that each element's own words take.
LINES = """elements => elements.map(element => {
  const range = document.createRange();
  range.selectNodeContents(element.firstChild);
  return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size;
})"""


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_heads_and_lots_of_a_packing_slip_are_not_broken(
    language: str, open_studio: Open, sale: Sale
) -> None:
    long = await sale.api.create_offer(
        sale.broadcast,
        sale.lot,
        cny(2990),
        9,
        name={"zh": "梯田蜜柚 两个装 产地直发", "en": "Terrace pomelos, two of the largest"},
        unit={"zh": "约 4.8 斤 / 箱", "en": "box of two, 2.4 kg"},
        net_weight_g=2400,
    )
    await order_at(replace(sale, offer=long["id"]), 1, 2990)
    path = f"/studio/{sale.broadcast}/orders/slips"
    page = await open_studio(path, size=PHONE, language=language)
    heads = page.locator(".slip__lines th:not(.slip__tick), .slip__lines td.slip__lot")
    await expect(heads.first).to_be_visible()
    assert await heads.evaluate_all(LINES) == [1] * 5
    beyond = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert beyond <= 0


async def test_the_reason_for_a_wrong_price_is_read_whole(open_studio: Open, sale: Sale) -> None:
    page = await console(open_studio, sale, size=PHONE)
    await set_price(page, "19.90")
    await expect(card(page)).to_contain_text("→ ¥19.90")
    await order_at(sale, 1, 1990)
    await card(page).get_by_role("button", name=re.compile("^Correct the price")).click()
    await card(page).get_by_role("button", name=re.compile("^See these orders")).click()
    reason = page.get_by_role("dialog", name="Orders at ¥19.90").get_by_label("Reason")
    await expect(reason).to_have_value("The price ¥19.90 was a mistake; it is ¥29.90.")
    wider = "field => field.scrollWidth - field.clientWidth"
    higher = "field => field.scrollHeight - field.clientHeight"
    assert [await reason.evaluate(cut) for cut in (wider, higher)] == [0, 0]

"""A pasted address in the buying sheet in Chromium: taken apart, corrected, undone, charged for."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.buying import field, fill_in, open_form, ordered, submit, tap_buy
from tests.support.money import cny

pytestmark = [pytest.mark.browser, pytest.mark.shared_server, pytest.mark.usefixtures("pinned")]

CARD = (
    "收货人: 张三\n手机号码: 138 1234 5678\n"
    "所在地区: 福建省三明市尤溪县\n详细地址: 西城镇玉池村12号"
)
BY_REGION = [
    {"region": "", "upto_g": 20_000, "fee": cny(1500)},
    {"region": "35", "upto_g": 20_000, "fee": cny(800)},
]
# Counts what is tapped by hand.
COUNTED = """
window.taps = 0;
addEventListener("click", (event) => { if (event.isTrusted) window.taps += 1; }, true);
"""
PASTE = """
([name, text]) => {
  const field = document.querySelector(`#buy-sheet [name=${name}]`);
  field.focus();
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const how = { clipboardData: data, bubbles: true, cancelable: true };
  const paste = new ClipboardEvent("paste", how);
  if (field.dispatchEvent(paste)) document.execCommand("insertText", false, text);
}
"""


async def charge(sale: Sale, fees: list[dict[str, object]]) -> None:
    await sale.api.request("PUT", "/api/v1/parcel-fees", json={"fees": fees})


@pytest_asyncio.fixture(loop_scope="session")
async def charged(sale: Sale) -> AsyncIterator[None]:
    """Parcels cost something by region; the next test of the same server has none again."""
    await charge(sale, BY_REGION)
    yield
    await charge(sale, [])


async def paste(page: Page, text: str, name: str = "address") -> None:
    await page.evaluate(PASTE, [name, text])


@pytest.mark.usefixtures("charged")
@pytest.mark.parametrize("name", ["address", "name", "phone"])
async def test_first_purchase_is_a_paste_and_two_taps(
    sale: Sale, open_page: Open, name: str
) -> None:
    page = await open_page(sale.path, size=PHONE, script=COUNTED)
    sheet = await tap_buy(page)
    await expect(submit(page)).to_have_text("Buy · from ¥37.90")
    await paste(page, CARD, name)
    await expect(field(page, "name")).to_have_value("张三")
    await expect(field(page, "phone")).to_have_value("13812345678")
    await expect(field(page, "address")).to_have_value("西城镇玉池村12号")
    await expect(sheet.locator("[data-part=region-words]")).to_have_text(
        "Youxi County, Sanming City, Fujian Province"
    )
    await expect(submit(page)).to_have_text("Buy · ¥37.90")
    await ordered(page)
    assert await page.evaluate("window.taps") == 2
    (order,) = await sale.api.orders(sale.broadcast)
    assert (order["buyer"]["name"], order["buyer"]["phone"]) == ("张三", "13812345678")
    assert order["fee"]["amount"] == 800
    assert order["delivery"]["address"] == "福建省 三明市 尤溪县 西城镇玉池村12号"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_chips_say_what_was_found_and_what_to_look_at(
    sale: Sale, open_page: Open, language: str
) -> None:
    page = await open_form(open_page, sale, language)
    await paste(page, "阿芳 13812345678 鼓楼区中央路1号")
    chips = page.locator("[data-part=pasted] .chip")
    words = {
        "en": ["Check: Name 阿芳", "Phone 13812345678", "Region is missing", "Undo"],
        "zh": ["请核对：姓名 阿芳", "电话 13812345678", "缺地区", "撤销"],
    }
    await expect(chips).to_have_text(words[language])
    await chips.first.click()
    await expect(field(page, "name", language)).to_be_focused()
    await chips.nth(2).click()
    await expect(page.locator("#province")).to_be_focused()


async def test_undo_brings_back_what_was_typed(sale: Sale, open_page: Open) -> None:
    page = await open_form(open_page, sale)
    await fill_in(page, address="")
    await paste(page, CARD)
    await expect(field(page, "name")).to_have_value("张三")
    await page.get_by_role("button", name="Undo").click()
    await expect(field(page, "name")).to_have_value("Wang Fang")
    await expect(field(page, "phone")).to_have_value("138 0000 0000")
    await expect(field(page, "address")).to_have_value("")
    await expect(page.locator("[data-part=region-words]")).to_have_text("")


async def test_what_the_server_can_not_sort_stays_in_the_field(sale: Sale, open_page: Open) -> None:
    page = await open_form(open_page, sale)

    async def refuse(route: Route) -> None:
        await route.abort()

    await page.route("**/api/v1/parsed-addresses", refuse)
    await paste(page, CARD)
    await expect(page.locator("[data-part=pasted]")).to_contain_text("couldn't read that")
    await expect(field(page, "address")).to_have_value(CARD.replace("\n", " "))
    await expect(field(page, "name")).to_have_value("")


@pytest.mark.usefixtures("charged")
async def test_the_region_is_read_out_of_a_typed_address_and_the_sum_is_seen_first(
    sale: Sale, open_page: Open
) -> None:
    page = await open_form(open_page, sale)
    await fill_in(page, address="Xicheng Town, Youxi County, Sanming City")
    # The button said "from" when it was pressed: that orders nothing.
    await submit(page).click()
    await expect(submit(page)).to_have_text("Buy · ¥37.90")
    assert await sale.api.orders(sale.broadcast) == []
    await expect(field(page, "address")).to_have_value("Xicheng Town, Youxi County, Sanming City")
    await ordered(page)


@pytest.mark.usefixtures("charged")
async def test_a_region_that_nobody_said_is_asked_for_at_its_field(
    sale: Sale, open_page: Open
) -> None:
    page = await open_form(open_page, sale)
    await fill_in(page)
    await submit(page).click()
    await expect(page.locator("#province-error")).to_have_text(
        "Choose the region: the parcel's fee depends on it."
    )
    await expect(page.locator("#province")).to_be_focused()
    await page.get_by_label("Province").select_option("Fujian Province")
    await expect(page.locator("#province-error")).to_be_hidden()
    await expect(submit(page)).to_have_text("Buy · ¥37.90")
    await ordered(page)


@pytest.mark.usefixtures("charged")
async def test_the_sum_has_the_fee_from_the_first_second_where_no_region_matters(
    sale: Sale, open_page: Open
) -> None:
    await charge(sale, [{"region": "", "upto_g": 20_000, "fee": cny(800)}])
    page = await open_page(sale.path, size=PHONE)
    # Every sum that the button ever says.
    await page.evaluate("""
    () => {
      window.sums = [];
      const button = document.querySelector("#buy-sheet [type=submit]");
      const keep = () => window.sums.push(button.textContent);
      const how = { childList: true, characterData: true, subtree: true };
      new MutationObserver(keep).observe(button, how);
    }
    """)
    await tap_buy(page)
    await expect(submit(page)).to_have_text("Buy · ¥37.90")
    await fill_in(page)
    await ordered(page)
    sums = set(await page.evaluate("window.sums"))
    assert {each for each in sums if "¥" in each} == {"Buy · ¥37.90"}, sums

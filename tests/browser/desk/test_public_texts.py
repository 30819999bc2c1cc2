"""What staff read where a text that others read holds a telephone number or an address."""

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Open, Sale
from tests.browser.support.desk import desk
from tests.browser.support.selling import order

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]


async def test_a_form_says_at_its_field_what_to_take_out(open_studio: Open, sale: Sale) -> None:
    page = await open_studio("/studio/centres", language="zh")
    await page.get_by_role("button", name="新自提点").first.click()
    sheet = page.get_by_role("dialog", name="新自提点")
    name = sheet.get_by_label("自提点名称", exact=True)
    await name.fill("洋中服务站 0598-6322345")
    await sheet.get_by_label("地址", exact=True).fill("洋中镇 1 号")
    await sheet.get_by_role("button", name="保存自提点").click()
    await expect(name).to_be_focused()
    await expect(sheet.get_by_text("请去掉电话号码。自提点的电话有专门的栏目")).to_be_visible()
    await name.fill("洋中服务站")
    await sheet.get_by_role("button", name="保存自提点").click()
    await expect(page.get_by_role("listitem").filter(has_text="洋中服务站")).to_be_visible()


async def test_a_reason_that_the_buyer_would_read_is_refused_in_words(
    open_studio: Open, sale: Sale
) -> None:
    placed = await order(sale, 1)
    page = await desk(open_studio, sale)
    await page.get_by_role("button", name=placed["number"], exact=True).click()
    await page.get_by_role("button", name="Cancel…").last.click()
    sheet = page.get_by_role("dialog", name="Cancel the order")
    await sheet.get_by_label("Reason").fill("Wu (138 0000 1111) has the last box")
    await sheet.get_by_role("button", name="Cancel this order").click()
    await expect(page.locator(".toast")).to_contain_text("remove the phone number")
    (kept,) = await sale.api.orders(sale.broadcast)
    assert kept["state"] == "placed"

"""A product that is renamed, and gets another picture, while viewers look at its card."""

import pytest
from playwright.async_api import expect
from tests.browser.conftest import DESK, Open, Sale
from tests.support.money import cny

from farmlive.client import Channel

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

OLD = {"zh": "金桔", "en": "Kumquats"}
NEW = {"zh": "鸡蛋", "en": "Eggs"}
PICTURES = ["#look-sheet .look__picture", "#card .pinned__picture", "#bag-list img >> nth=-1"]


async def test_new_name_is_on_the_card_in_the_bag_and_in_the_open_sheet(
    new_page: Open, sale: Sale, host: Channel
) -> None:
    unit = {"zh": "箱", "en": "box"}
    product = await sale.api.create_product(sale.farm, OLD, unit, 2500)
    made = await sale.api.create_offer(
        sale.broadcast, sale.lot, cny(3990), 5, product=product["id"]
    )
    await host.call("card.pin", offer=made["id"])
    page = await new_page(size=DESK)
    await page.goto(sale.path)
    card = page.locator("#card .pinned__name")
    await expect(card).to_have_text("Kumquats · box")
    await page.locator("#card .pinned__look").click()
    title = page.locator("#look-sheet .sheet__title")
    await expect(title).to_have_text("Kumquats · box")
    drawn = [await page.locator(picture).get_attribute("src") for picture in PICTURES]
    await sale.api.change_product(product["id"], name=NEW)
    for shown in (title, card, page.locator("#bag-list .bag__name").last):
        await expect(shown).to_have_text("Eggs · box")
    # What stands for a product without a picture goes by its name.
    for picture, before in zip(PICTURES, drawn, strict=True):
        await expect(page.locator(picture)).not_to_have_attribute("src", str(before))

"""A picture whose answer comes after its form was opened for something else, in Chromium."""

from pathlib import Path

import pytest
from playwright.async_api import Route, expect
from tests.browser.conftest import Open, Sale
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

UNIT = {"zh": "箱", "en": "box"}


async def test_a_late_picture_is_not_put_into_another_product(
    open_studio: Open, sale: Sale, photo: Path
) -> None:
    for name in ("Pomelos", "Tea"):
        await sale.api.create_product(sale.farm, {"zh": "", "en": name}, UNIT, 2500)
    page = await open_studio("/studio/products")
    sent: list[Route] = []
    await page.route("**/api/v1/pictures", lambda route: sent.append(route))
    sheet = page.get_by_role("dialog")
    save = sheet.locator("[type=submit]")
    await page.get_by_role("button", name="Change: Pomelos").click()
    await sheet.locator("[data-picture-file]").set_input_files(photo)
    await expect(save).to_be_disabled()
    await until(lambda: sent, "the picture is sent")
    await page.keyboard.press("Escape")
    async with page.expect_event("requestfailed"):
        await page.get_by_role("button", name="Change: Tea").click()
    # It is not waited for any more, and its own form says nothing of it.
    await expect(save).to_be_enabled()
    await expect(sheet.locator("[name=picture]")).to_have_value("")
    await expect(sheet.locator("[data-picture-shown]")).to_be_hidden()
    await expect(sheet.locator("[data-problem]:visible")).to_have_count(0)
    # One that is chosen here is taken up here.
    await page.unroute_all()
    await sheet.locator("[data-picture-file]").set_input_files(photo)
    await expect(sheet.locator("[name=picture]")).not_to_have_value("")

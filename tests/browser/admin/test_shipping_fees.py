"""The parcels' fees in Chromium: set, checked while one types, tried by example, kept, undone."""

import re

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.touch_targets import SMALL_TARGETS
from tests.support.money import cny

pytestmark = pytest.mark.browser

FEES = [
    {"region": "", "upto_g": 3000, "fee": cny(800)},
    {"region": "", "upto_g": 10000, "fee": cny(1800)},
    {"region": "11", "upto_g": 5000, "fee": cny(2500)},
]


async def fees_page(open_studio: Open, **how: object) -> Page:
    page = await open_studio("/studio/fees", **how)
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)
    return page


async def kept(sale: Sale) -> object:
    return (await sale.api.request("GET", "/api/v1/parcel-fees"))["fees"]


async def test_first_fees_are_set_from_the_pick_up_points(open_studio: Open, sale: Sale) -> None:
    page = await open_studio("/studio/centres", role="host", size=PHONE)
    await page.get_by_role("link", name=re.compile("^Parcel fees None yet")).click()
    await page.get_by_role("button", name="Set the first fees").click()
    everywhere = page.locator(".fees-group").first
    for place, fee in enumerate(("8", "12", "18")):
        await everywhere.get_by_label("Fee", exact=True).nth(place).fill(fee)
    await expect(page.get_by_text("5 kg to Beijing: ¥12.00")).to_be_visible()
    await page.get_by_label("Add a region with its own fees").fill("beij")
    await page.get_by_role("option", name="Beijing", exact=True).click()
    beijing = page.locator(".fees-group").last
    await expect(beijing.get_by_label("Fee", exact=True).first).to_be_focused()
    for place, fee in enumerate(("12", "18", "10")):
        await beijing.get_by_label("Fee", exact=True).nth(place).fill(fee)
    await expect(page.get_by_text("5 kg to Beijing: ¥18.00")).to_be_visible()
    await expect(beijing).to_contain_text(
        "less than a lighter parcel costs: up to 5 kg it is ¥18.00"
    )
    await page.get_by_role("button", name="Save fees").click()
    await expect(beijing.get_by_label("Up to").last).to_be_focused()
    assert await kept(sale) == []
    await beijing.get_by_label("Fee", exact=True).last.fill("25.5")
    await page.get_by_role("button", name="Save fees").click()
    await expect(page.get_by_text("Not saved yet")).to_be_hidden()
    assert await page.evaluate(SMALL_TARGETS) == []
    assert {"region": "11", "upto_g": 10000, "fee": cny(2550)} in (await kept(sale))  # type: ignore[operator]
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("No fee yet")).to_be_visible()
    assert await kept(sale) == []


async def test_example_says_what_a_parcel_costs_and_why(open_studio: Open, sale: Sale) -> None:
    await sale.api.request("PUT", "/api/v1/parcel-fees", json={"fees": FEES})
    page = await fees_page(open_studio, language="zh")
    await expect(page.get_by_text("5 公斤寄北京市：¥25.00")).to_be_visible()
    await page.get_by_label("重量").fill("5.5")
    await expect(page.get_by_text("5.5 公斤寄北京市：不能寄")).to_be_visible()
    await page.get_by_label("寄往").fill("尤溪")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("5.5 公斤寄福建省 三明市 尤溪县：¥18.00")).to_be_visible()
    await expect(page.get_by_text("按其他地区的收费。")).to_be_visible()
    await page.get_by_label("重量").fill("x")
    await expect(page.get_by_text("请填公斤数")).to_be_visible()


async def test_region_goes_away_and_comes_back(open_studio: Open, sale: Sale) -> None:
    await sale.api.request("PUT", "/api/v1/parcel-fees", json={"fees": FEES})
    page = await fees_page(open_studio)
    await page.get_by_role("button", name="Remove the fees for Beijing").click()
    await expect(page.get_by_text("5 kg to Beijing: ¥18.00")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("5 kg to Beijing: ¥25.00")).to_be_visible()
    await expect(page.get_by_text("Not saved yet")).to_be_hidden()
    await page.get_by_label("Add a region with its own fees").fill("nowhere")
    await expect(page.get_by_role("status").filter(has_text="No region has")).to_be_visible()
    for typed, found in (
        ("youxi c", "Youxi County, Sanming City, Fujian Province"),
        ("尤溪", "Youxi County, Sanming City, Fujian Province"),
        ("urumqi", "Ürümqi City, Xinjiang"),
        ("xian city", "Xi'an City, Shaanxi Province"),
        ("xizang", "Tibet (Xizang)"),
    ):
        await page.get_by_label("Add a region with its own fees").fill(typed)
        await expect(page.get_by_role("option").first).to_have_text(found)
    await page.get_by_label("Add a region with its own fees").fill("1101")
    await expect(page.get_by_role("option")).to_have_count(8)
    assert await kept(sale) == FEES


async def test_two_who_change_the_fees_do_not_overwrite_one_another(
    open_studio: Open, sale: Sale
) -> None:
    await sale.api.request("PUT", "/api/v1/parcel-fees", json={"fees": FEES})
    page = await fees_page(open_studio)
    theirs = [{**FEES[0], "fee": cny(900)}, *FEES[1:]]
    await sale.api.request("PUT", "/api/v1/parcel-fees", json={"fees": theirs})
    own = page.locator(".fees-group").first.get_by_label("Fee", exact=True).first
    await own.fill("10")
    await page.get_by_role("button", name="Save fees").click()
    await expect(page.locator("[data-fees] [data-problem]")).to_contain_text(
        "somebody else changed the fees"
    )
    assert await kept(sale) == theirs
    await expect(own).to_have_value("10")
    await page.get_by_role("button", name="Discard changes").click()
    await expect(own).to_have_value("9.00")
    await own.fill("10")
    await page.get_by_role("button", name="Save fees").click()
    await expect(page.get_by_text("Not saved yet")).to_be_hidden()
    assert await kept(sale) == [{**FEES[0], "fee": cny(1000)}, *FEES[1:]]


async def test_fees_are_for_staff(open_studio: Open) -> None:
    page = await open_studio("/studio/fees", role="clerk")
    await expect(page.get_by_label("Fee", exact=True)).to_have_count(0)

"""Clerks on the page of people: whose pick-up points they are, and who still sees all of them."""

import pytest
from playwright.async_api import expect
from sqlalchemy import update
from tests.browser.conftest import Open, Sale

from farmlive.client import Channel
from farmlive.people.core import tables
from farmlive.server import Server

pytestmark = pytest.mark.browser


async def test_a_clerk_from_before_stands_in_red_until_pick_up_points_are_chosen(
    open_studio: Open, sale: Sale, site: Server
) -> None:
    west = {"zh": "西城", "en": "Xicheng"}
    await sale.api.create_centre(west, west)
    centres = [each["id"] for each in await sale.api.centres()]
    await sale.api.create_account("zhang", "clerk", centres=centres)
    before = update(tables.accounts).where(tables.accounts.c.name == "zhang")
    await site.house.store.write(lambda conn: conn.execute(before.values(centres=None)))

    page = await open_studio("/studio/people")
    told = page.locator(".notice--red").filter(has_text="Clerks who still see every pick-up point")
    await expect(told).to_contain_text("zhang")
    row = page.get_by_role("listitem").filter(has_text="zhang")
    await expect(row).to_contain_text("All pick-up points")
    await row.get_by_role("button", name="Change").click()
    sheet = page.get_by_role("dialog", name="zhang")
    await expect(sheet.get_by_role("checkbox", name="Xicheng")).not_to_be_checked()
    await sheet.get_by_role("button", name="Save").click()
    await expect(sheet).to_be_visible()  # none is chosen: nothing is kept
    await sheet.get_by_role("checkbox", name="Xicheng").check()
    await sheet.get_by_role("button", name="Save").click()
    await expect(sheet).to_be_hidden()
    await expect(told).to_be_hidden()
    await expect(row).to_contain_text("Xicheng")
    await expect(row).not_to_contain_text("All pick-up points")
    (account,) = [each for each in await site.house.people.accounts() if each.name == "zhang"]
    assert account.centres == frozenset({centres[-1]})


async def test_a_clerks_key_from_before_stands_in_red_until_it_is_ended(
    open_studio: Open, sale: Sale, site: Server
) -> None:
    west = {"zh": "西城", "en": "Xicheng"}
    own = (await sale.api.create_centre(west, west))["id"]
    for label in ("till of Xicheng", "sheet"):
        await site.house.people.create_api_key(label, "clerk", centres=[own])
    before = update(tables.api_keys).where(tables.api_keys.c.label == "till of Xicheng")
    await site.house.store.write(lambda conn: conn.execute(before.values(centres=None)))

    page = await open_studio("/studio/people")
    told = page.locator(".notice--red").filter(has_text="These API keys still see every pick-up")
    await expect(told).to_contain_text("till of Xicheng")
    await expect(told).not_to_contain_text("sheet")
    row = page.locator("#credentials ~ * li").filter(has_text="till of Xicheng")
    await expect(row).to_contain_text("All pick-up points")
    await row.get_by_role("button", name="End it").click()
    await page.get_by_role("button", name="Yes, disable it").click()
    await expect(told).to_be_hidden()
    await expect(row).to_have_count(0)


async def test_a_clerk_orders_for_the_own_pick_up_point(
    open_studio: Open, sale: Sale, host: Channel
) -> None:
    west = {"zh": "西城", "en": "Xicheng"}
    own = (await sale.api.create_centre(west, west))["id"]
    await host.call("card.pin", offer=sale.offer)
    page = await open_studio(sale.path, role="clerk", centres=[own])
    await page.locator("#card .pinned__buy").click()
    sheet = page.locator("#buy-sheet")
    await expect(sheet.locator("[name=way][value=pickup]")).to_be_checked()
    await expect(sheet.locator("#centre option")).to_have_text(["Xicheng · Xicheng"])
    await expect(sheet.locator("[data-part=notices]")).to_have_count(0)
    for name in ("Name", "Phone"):
        await sheet.get_by_label(name, exact=True).fill("13800000000")
    await sheet.locator("[type=submit]").click()
    await expect(sheet.locator("[data-part=order-number]")).to_have_text("A0001")
    await expect(sheet.locator("[data-part=next]")).to_contain_text("brings it to Xicheng.")


async def test_a_clerk_is_invited_for_pick_up_points(
    open_studio: Open, open_page: Open, sale: Sale
) -> None:
    page = await open_studio("/studio/people")
    await page.get_by_role("button", name="Invite someone").first.click()
    sheet = page.get_by_role("dialog", name="Invite someone")
    await sheet.get_by_role("radio", name="Clerk").check()
    await sheet.get_by_role("checkbox", name="Chengguan").first.check()
    await sheet.get_by_role("button", name="Create link").click()
    made = page.get_by_role("dialog", name="The invitation is ready")
    url = await made.locator("[data-secret]").inner_text()
    invited = await open_page(url)
    await expect(invited.get_by_text("You hand over what neighbours ordered")).to_be_visible()
    await expect(invited.locator("[data-farms]")).to_have_text("Chengguan")


async def test_a_clerk_chooses_among_own_pick_up_points_at_the_pad(
    open_studio: Open, sale: Sale
) -> None:
    for name in ("Xicheng", "Meixian"):
        await sale.api.create_centre({"zh": name, "en": name}, {"zh": name, "en": name})
    ids = {each["name"]["en"]: each["id"] for each in await sale.api.centres()}
    page = await open_studio("/studio/handover", role="clerk", centres=[ids["Xicheng"]])
    await expect(page.get_by_text("Nothing is waiting here")).to_be_visible()
    await expect(page.locator("[data-centre-field]")).to_be_hidden()  # there is nothing to choose
    page = await open_studio(
        "/studio/handover", role="clerk", centres=[ids["Xicheng"], ids["Chengguan"]]
    )
    choice = page.get_by_label("Pick-up point")
    await expect(choice.get_by_role("option")).to_have_text(
        ["All pick-up points", "Chengguan", "Xicheng"]
    )

"""Keeping products, bags, farms, pick-up points and people in Chromium."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Route, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.plots import plot_of
from tests.browser.support.touch_targets import SMALL_TARGETS
from tests.support.clerks import every_centre
from tests.support.money import cny

from farmlive.server import Server

pytestmark = pytest.mark.browser


async def test_product_is_made_with_its_picture_and_put_into_the_bag(
    open_studio: Open, sale: Sale, photo: Path
) -> None:
    page = await open_studio("/studio/products", size=PHONE)
    await page.get_by_role("button", name="New product").click()
    sheet = page.get_by_role("dialog", name="New product")
    await sheet.locator("input[type=file]").set_input_files(photo)
    await expect(sheet.get_by_text("Choose another picture")).to_be_visible()
    await sheet.get_by_label("Name on the card", exact=True).fill("Kumquats, 1 kg bag")
    await sheet.get_by_label("Weight of one").fill("1")
    await sheet.get_by_label("GTIN").fill("6901234567890")
    await sheet.get_by_role("button", name="Save").click()
    gtin = sheet.get_by_label("GTIN")
    await expect(gtin).to_be_focused()
    await expect(gtin).to_have_accessible_description(re.compile("other digits give 2"))
    await gtin.fill("6901234567892")
    await sheet.get_by_role("button", name="Save").click()
    row = page.get_by_role("listitem").filter(has_text="1 kg bag")
    await expect(row.locator("img")).to_have_attribute("src", re.compile(r"^/files/.*\.webp$"))

    await page.goto(f"/studio/{sale.broadcast}/bag")
    await page.get_by_role("button", name="Add products").click()
    sheet = page.get_by_role("dialog", name="Add products")
    await sheet.get_by_label("Product").select_option("Kumquats, 1 kg bag")
    await sheet.get_by_label("Price", exact=True).fill("12.80")
    await sheet.get_by_role("button", name="Add to the bag").click()
    await expect(page.get_by_role("listitem").filter(has_text="1 kg bag")).to_contain_text("¥12.80")
    up = page.get_by_role("button", name="Move Kumquats, 1 kg bag up")
    await up.click()
    await expect(up).to_be_focused()
    await up.press("Enter")
    await expect(page.get_by_role("listitem").first).to_contain_text("1 kg bag")
    await expect(page.get_by_text("is number 1 of 3")).to_be_attached()


async def test_archived_product_can_be_taken_back(open_studio: Open, sale: Sale) -> None:
    page = await open_studio("/studio/products", language="zh")
    row = page.get_by_role("listitem").filter(has_text="小金桔")
    await row.get_by_role("button", name=re.compile("^收起")).click()
    await expect(row).to_have_count(0)
    await page.get_by_role("button", name="撤销").click()
    await expect(row).to_be_visible()


async def test_empty_lists_lead_on(open_studio: Open, site: Server) -> None:
    page = await open_studio("/studio/products")
    await page.get_by_role("link", name="Add a farm first").click()
    await page.get_by_role("button", name="Add the first farm").click()
    sheet = page.get_by_role("dialog", name="New farm")
    await sheet.get_by_label("Name of the farm", exact=True).fill("Banmian orchard")
    await sheet.get_by_label("Village or town", exact=True).fill("Banmian")
    await sheet.get_by_role("button", name="Save farm").click()
    await expect(page.get_by_role("heading", name="Banmian orchard")).to_be_visible()
    await expect(page.get_by_role("link", name="Record the first harvest")).to_be_visible()
    await page.goto("/studio/centres")
    await page.get_by_role("button", name="Add the first pick-up point").click()
    sheet = page.get_by_role("dialog", name="New pick-up point")
    await sheet.get_by_label("Name of the place", exact=True).fill("Service centre")
    await sheet.get_by_label("Address", exact=True).fill("1 Jiefang road")
    await sheet.get_by_label("Phone").fill("12")
    await sheet.get_by_role("button", name="Save pick-up point").click()
    await expect(sheet.get_by_label("Phone")).to_have_accessible_description(
        re.compile("7 to 15 digits")
    )
    await sheet.get_by_label("Phone").fill("")
    await sheet.get_by_role("button", name="Save pick-up point").click()
    await expect(page.get_by_role("listitem").filter(has_text="Jiefang")).to_be_visible()


async def test_pick_up_point_is_put_right(open_studio: Open, sale: Sale) -> None:
    page = await open_studio("/studio/centres", role="host", size=PHONE, language="zh")
    await page.get_by_role("button", name="修改: 城关镇").click()
    sheet = page.get_by_role("dialog", name="城关镇")
    await expect(sheet.get_by_label("自提点名称", exact=True)).to_have_value("城关镇")
    await sheet.get_by_label("地址", exact=True).fill("解放路 1 号")
    await sheet.get_by_role("button", name="保存自提点").click()
    await expect(page.get_by_role("listitem").filter(has_text="解放路 1 号")).to_be_visible()
    (kept,) = await sale.api.centres()
    assert kept["address"] == {"zh": "解放路 1 号", "en": "Chengguan"}


async def test_invited_seller_comes_to_own_lines_alone(
    open_studio: Open, open_page: Open, sale: Sale
) -> None:
    other = await sale.api.create_farm({"zh": "", "en": "Terraces"}, {"zh": "", "en": "Lianhe"})
    rice = await sale.api.create_lot(
        other["id"], "1101", {"zh": "", "en": "Rice"}, "2026-11-01T08:00:00+08:00", 500_000
    )
    offer = await sale.api.create_offer(
        sale.broadcast,
        rice["id"],
        cny(3200),
        20,
        name={"zh": "", "en": "Terrace rice"},
        unit={"zh": "袋", "en": "bag"},
        net_weight_g=2500,
    )
    await sale.api.commands(sale.broadcast).order(
        "a-key-of-a-test-0001",
        {
            "lines": [
                {"offer": sale.offer, "quantity": 2, "price": 2990},
                {"offer": offer["id"], "quantity": 1, "price": 3200},
            ],
            "buyer": {"name": "Wang Fang", "phone": "13800000000"},
            "delivery": {"way": "parcel", "address": "Meixian, Youxi"},
            "payment": "cash_on_delivery",
        },
    )
    host = await open_studio("/studio/people")
    await host.get_by_role("button", name="Invite someone").first.click()
    sheet = host.get_by_role("dialog", name="Invite someone")
    await sheet.get_by_text("Seller", exact=True).click()
    await sheet.get_by_role("button", name="Create link").click()
    await expect(sheet.get_by_text("Choose at least one farm.")).to_be_visible()
    await sheet.get_by_label("Terraces").check()
    await sheet.get_by_role("button", name="Create link").click()
    ready = host.get_by_role("dialog", name="The invitation is ready")
    await expect(ready.get_by_role("img", name="QR code of the invitation")).to_be_visible()
    link = await ready.locator("[data-secret]").inner_text()

    page = await open_page(link, size=PHONE)
    await expect(page.get_by_role("heading")).to_have_text("You are invited as Seller")
    await expect(page.get_by_text("Terraces")).to_be_visible()
    await page.get_by_label("Choose a sign-in name").fill("wu")
    await page.get_by_label("Choose a password").fill("short")
    await page.get_by_role("button", name="Get started").click()
    await expect(page.get_by_label("Choose a password")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Choose a password").fill("long enough")
    await page.get_by_role("button", name="Get started").click()
    await expect(page.get_by_role("heading", name="My farms")).to_be_visible()
    await expect(page.get_by_role("heading", name="Terraces")).to_be_visible()
    await expect(page.get_by_text("Orchard", exact=True)).to_have_count(0)
    await page.get_by_role("link", name=re.compile("^Orders of")).click()
    row = page.locator("[data-order]")
    await expect(row).to_contain_text("Terrace rice")
    await expect(row).to_contain_text("¥32.00")
    for hidden in ("Small kumquats", "Wang Fang", "13800000000", "Meixian"):
        await expect(page.get_by_text(hidden)).to_have_count(0)
    # The link works once.
    again = await open_page(link)
    await expect(again.get_by_text("This invitation can't be used")).to_be_visible()


async def test_invitation_opened_before_the_farms_are_known_shows_them_once_they_are(
    open_studio: Open, sale: Sale
) -> None:
    page = await open_studio("/studio/people")
    late: list[Route] = []
    await page.route("**/api/v1/farms*", lambda route: late.append(route))
    await page.reload()
    await page.get_by_role("button", name="Invite someone").first.click()
    sheet = page.get_by_role("dialog", name="Invite someone")
    await sheet.get_by_text("Seller", exact=True).click()
    await expect(sheet.get_by_role("group", name="The seller's farms")).to_be_visible()
    await late[0].continue_()
    await sheet.get_by_label("Orchard").check()
    await sheet.get_by_role("button", name="Create link").click()
    await expect(page.get_by_role("dialog", name="The invitation is ready")).to_be_visible()


async def test_password_is_reset_and_shown_once(
    open_studio: Open, open_page: Open, site: Server
) -> None:
    await site.house.people.create_account("mei", "host")
    page = await open_studio("/studio/people", language="zh")
    await page.get_by_role("button", name="mei", exact=True).click()
    await page.get_by_role("dialog", name="mei").get_by_role("button", name="重设密码").click()
    await page.get_by_role("button", name="是的，换新的").click()
    shown = page.get_by_role("dialog", name="mei 的新密码")
    password = await shown.locator("[data-secret]").inner_text()
    await shown.get_by_role("button", name="关闭").click()
    await expect(page.get_by_text(password)).to_have_count(0)
    mei = await open_page("/sign-in")
    await mei.get_by_label("Name").fill("mei")
    await mei.get_by_label("Password").fill(password)
    await mei.get_by_role("button", name="Sign in").click()
    await mei.get_by_label("New password").fill("kumquat season")
    await mei.get_by_role("button", name="Sign in").click()
    await mei.wait_for_url("**/studio")
    await page.goto("/studio/audit")
    await expect(page.get_by_text("给 mei 设了新密码")).to_be_visible()
    await expect(page.get_by_text("mei 改了自己的密码")).to_be_visible()


async def test_each_role_has_its_own_bar(open_studio: Open, sale: Sale) -> None:
    bars = {
        "coordinator": [
            "Broadcasts",
            "Products",
            "Farms",
            "Pick-up points",
            "People",
            "Log",
            "Sales",
        ],
        "host": ["Broadcasts", "Products", "Farms", "Pick-up points", "Blocked", "Sales"],
        "moderator": ["Broadcasts"],
        "seller": ["My farms", "Products", "Sales"],
        "clerk": ["Handover"],
    }
    for role, tabs in bars.items():
        page = await open_studio(
            "/studio", role=role, farms=[sale.farm] if role == "seller" else []
        )
        links = page.get_by_role("navigation", name="Studio").get_by_role("link")
        assert await links.all_inner_texts() == tabs
        for link in await links.all():
            answer = await page.context.request.get(str(await link.get_attribute("href")))
            assert answer.ok


async def test_everything_can_be_hit_with_a_thumb(open_studio: Open, sale: Sale) -> None:
    await plot_of(sale)
    page = await open_studio("/studio", size=PHONE)
    for path in (
        "/studio",
        "/studio/products",
        "/studio/farms",
        f"/studio/farms/{sale.farm}",
        f"/studio/farms/{sale.farm}/harvest",
        "/studio/centres",
        "/studio/people",
        "/studio/audit",
        f"/studio/{sale.broadcast}",
        f"/studio/{sale.broadcast}/bag",
        f"/studio/{sale.broadcast}/orders",
    ):
        await page.goto(path)
        await expect(page.locator("[aria-busy=true]")).to_have_count(0)
        assert await page.evaluate(SMALL_TARGETS) == [], path
        beyond = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert beyond <= 0, path


async def test_own_password_is_changed(open_studio: Open, site: Server) -> None:
    page = await open_studio("/studio", role="clerk", size=PHONE)
    await page.get_by_role("link", name=re.compile("^My account: clerk1")).click()
    await page.get_by_role("button", name="Change my password").click()
    sheet = page.get_by_role("dialog", name="Change my password")
    await sheet.get_by_label("Current password").fill("not the right one")
    await sheet.get_by_label("New password").fill("kumquat season")
    await sheet.get_by_role("button", name="Change it").click()
    await expect(sheet.get_by_role("alert")).to_contain_text("current password is not right")
    _, password = await site.house.people.create_account(
        "mei", "clerk", centres=await every_centre(site.house)
    )
    mei = await open_studio("/studio", role="clerk")
    answer = await mei.context.request.post(
        "/api/v1/session", data={"name": "mei", "password": password}
    )
    assert answer.ok
    await mei.reload()
    await mei.get_by_role("link", name=re.compile("^My account: mei")).click()
    await mei.get_by_role("button", name="Change my password").click()
    sheet = mei.get_by_role("dialog", name="Change my password")
    await sheet.get_by_label("Current password").fill(password)
    await sheet.get_by_label("New password").fill("kumquat season")
    await sheet.get_by_role("button", name="Change it").click()
    await expect(mei.get_by_text("works from now on")).to_be_visible()
    answer = await mei.context.request.post(
        "/api/v1/session", data={"name": "mei", "password": "kumquat season"}
    )
    assert answer.ok


async def test_list_that_can_not_be_read_says_so_and_tries_again(
    open_studio: Open, sale: Sale
) -> None:
    page = await open_studio("/studio/centres")
    await page.route("**/api/v1/centres?*", lambda route: route.abort())
    await page.reload()
    await expect(page.get_by_text("The server can't be reached")).to_be_visible()
    await page.unroute("**/api/v1/centres?*")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("listitem").filter(has_text="Chengguan")).to_be_visible()


async def test_bag_is_put_in_order_by_dragging(open_studio: Open, sale: Sale) -> None:
    page = await open_studio(f"/studio/{sale.broadcast}/bag")
    rows = page.locator(".packing")
    await expect(rows.first).to_contain_text("Small kumquats")
    async with page.expect_response("**/bag") as answered:
        await rows.last.drag_to(rows.first, target_position={"x": 40, "y": 4})
    assert (await answered.value).ok
    await expect(rows.first).to_contain_text("Large kumquats")
    assert [card["id"] for card in await sale.api.offers(sale.broadcast)] == [
        sale.rare,
        sale.offer,
    ]

"""Shutting someone out in Chromium: what ends is listed and given away; on air is asked about."""

import os
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from sqlalchemy import update
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.browser.support.touch_targets import SMALL_TARGETS
from tests.support.waiting import until

from farmlive.client import Api, Channel
from farmlive.client.media.light_publisher import LightPublisher
from farmlive.clock import now_ms
from farmlive.people.core import tables
from farmlive.people.core.models import AccountChange
from farmlive.server import Server

pytestmark = pytest.mark.browser

PASSWORD = "kumquats in winter"


@pytest_asyncio.fixture(loop_scope="session")
async def camera(site: Server, sale: Sale) -> AsyncIterator[dict[str, Any]]:
    """A coordinator `mei` made one of everything, and her camera is on air."""
    await site.house.people.create_account("mei", "coordinator", PASSWORD)
    async with (
        Api(site.url) as mei,
        await Channel.connect(site.url, sale.broadcast, key=sale.api.key) as channel,
    ):
        await mei.sign_in("mei", PASSWORD)
        made = await mei.create_stream_key(sale.broadcast, "encoder", "Orchard hall")
        await mei.create_api_key("Price sheet", "coordinator")
        await mei.invite("moderator", label="Wu from Lianhe")
        await mei.invite_guest(sale.broadcast, "Aunt Lin")
        publisher = LightPublisher(f"{site.url}/whip/{sale.broadcast}", made["key"])
        await publisher.start()
        await channel.wait_for("source.switched", source=made["source"])
        await site.house.people.key_uses.write()
        yield made
        await publisher.close()


async def open_change(page: Page, words: str) -> None:
    await page.get_by_role("button", name="mei", exact=True).click()
    await page.get_by_role("dialog", name="mei").get_by_role("button", name=words).click()


async def fits(page: Page) -> None:
    assert await page.evaluate(SMALL_TARGETS) == []
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


async def shot(page: Page, name: str) -> None:
    if where := os.environ.get("SHOTS"):
        await page.screenshot(path=f"{where}/{name}.png", full_page=name.startswith("list"))


async def test_what_ends_is_listed_given_away_and_asked_about_on_air(
    open_studio: Open, site: Server, camera: dict[str, Any]
) -> None:
    page = await open_studio("/studio/people", size=PHONE)
    await open_change(page, "Deactivate")
    sheet = page.get_by_role("dialog", name="Deactivate mei?")
    rows = sheet.get_by_role("listitem")
    await expect(rows).to_have_count(4)
    await expect(rows.filter(has_text="Orchard hall")).to_contain_text("On air")
    await fits(page)
    await shot(page, "sheet-phone-en")
    last = sheet.get_by_label("What happens to Aunt Lin")
    await last.scroll_into_view_if_needed()
    await expect(last).to_be_in_viewport(ratio=1)
    kept = sheet.get_by_label("What happens to Price sheet")
    await kept.select_option("Give it to coordinator1")
    await sheet.get_by_role("button", name="Deactivate", exact=True).click()
    asked = page.get_by_role("dialog", name="mei is on air")
    await expect(asked).to_contain_text("Orchard hall")
    await shot(page, "ask-phone-en")
    await asked.get_by_role("button", name="No, go back").click()
    # Nothing was done, and nothing that was chosen is lost.
    await expect(kept).to_have_value(re.compile("^[0-9A-Z]{26}$"))
    assert camera["source"] in {source for _, source in site.house.media.relay.publishers()}
    await sheet.get_by_role("button", name="Deactivate", exact=True).click()
    await asked.get_by_role("button", name="Yes, end the picture too").click()
    await expect(page.get_by_text("mei is deactivated and signed out.")).to_be_visible()
    # Ended keys don't come back, so that nothing offers to undo it.
    await expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    await until(lambda: not site.house.media.relay.publishers(), "the camera is gone")
    row = page.locator('[data-list="credentials"]').get_by_role("listitem")
    price = row.filter(has_text="Price sheet")
    await expect(price).to_contain_text("Owner: coordinator1")
    # Nobody gives away what is their own.
    await expect(price.get_by_role("button", name="End it: Price sheet")).to_be_visible()
    await expect(price.get_by_role("button", name="Change the owner")).to_have_count(0)
    invited = page.locator('[data-list="invitations"]')
    await expect(invited.get_by_text("Wu from Lianhe")).to_have_count(0)
    await page.goto("/studio/audit")
    await expect(
        page.get_by_text("gave the program's key “Price sheet” to coordinator1")
    ).to_be_visible()


async def test_a_picture_that_is_given_away_stays_and_is_not_asked_about(
    open_studio: Open, site: Server, camera: dict[str, Any]
) -> None:
    page = await open_studio("/studio/people", language="zh", size=DESK)
    await open_change(page, "停用")
    sheet = page.get_by_role("dialog", name="停用 mei？")
    await shot(page, "sheet-desk-zh")
    await sheet.get_by_label("全部").select_option("转给 coordinator1")
    await sheet.get_by_role("button", name="停用", exact=True).click()
    await expect(page.get_by_text("mei 已停用并退出登录。")).to_be_visible()
    await site.house.media.publishers.look()
    assert camera["source"] in {source for _, source in site.house.media.relay.publishers()}
    assert {each.owner for each in await site.house.people.credentials()} - {None} == {
        (await site.house.people.find_by_name("coordinator1")).id
    }


@pytest.mark.parametrize(("size", "zh"), [(PHONE, False), (DESK, True)])
async def test_nothing_is_given_to_an_account_that_is_shut_out_too(
    open_studio: Open, site: Server, camera: dict[str, Any], size: tuple[int, int], zh: bool
) -> None:
    async with Api(site.url) as mei:
        await mei.sign_in("mei", PASSWORD)
        await mei.create_account("wu", "host")
    wu = (await site.house.people.find_by_name("wu")).id
    page = await open_studio("/studio/people", size=size, language="zh" if zh else "en")
    await open_change(page, "停用" if zh else "Deactivate")
    sheet = page.get_by_role("dialog", name="停用 mei？" if zh else "Deactivate mei?")
    picture = sheet.locator("[data-ends]").get_by_role("listitem").filter(has_text="Orchard hall")
    given = picture.get_by_role("combobox")
    await given.select_option(wu)
    made = sheet.locator("[data-made-accounts]").get_by_role("combobox")
    await made.select_option("yes")
    # What was chosen before is taken back, and is not offered any more.
    await expect(given).to_have_value("")
    offered = given.locator(f'option[value="{wu}"]')
    await expect(offered).to_be_disabled()
    back = "不能转给一并停用的账号" if zh else "Nothing can be passed to an account"
    await expect(page.get_by_text(back)).to_be_visible()
    await made.select_option("")
    await expect(offered).to_be_enabled()
    await made.select_option("yes")
    out = sheet.get_by_role("button", name="停用" if zh else "Deactivate", exact=True)
    asked = page.get_by_role("dialog", name="mei 正在直播" if zh else "mei is on air")
    no = "不了，返回" if zh else "No, go back"
    # Nor does a receiver that ends too keep a picture on air, however it came to be chosen.
    await offered.evaluate("option => { option.disabled = false; option.selected = true; }")
    await expect(given).to_have_value(wu)
    await out.click()
    await expect(asked).to_contain_text("Orchard hall")
    await asked.get_by_role("button", name=no).click()
    await given.select_option("")
    await out.click()
    await shot(page, f"out-too-{'zh' if zh else 'en'}")
    await asked.get_by_role(
        "button", name="是的，画面也断开" if zh else "Yes, end the picture too"
    ).click()
    told = "mei、wu 已停用并退出登录。" if zh else "mei, wu are deactivated and signed out."
    await expect(page.get_by_text(told)).to_be_visible()
    await until(lambda: not site.house.media.relay.publishers(), "the camera is gone")


async def test_keys_without_an_owner_stand_in_red_until_they_have_one_or_end(
    open_studio: Open, site: Server, camera: dict[str, Any]
) -> None:
    await site.house.people.create_api_key("Old scale", "host")
    mei = await site.house.people.find_by_name("mei")
    page = await open_studio("/studio/people", size=PHONE)
    notice = page.locator("[data-unowned]")
    listed = page.locator('[data-list="credentials"]')
    row = listed.get_by_role("listitem").filter(has_text="Old scale")
    await expect(row).to_contain_text("No owner")
    await expect(row).to_contain_text("not used yet")
    # The key by which the test's own programs come has none either.
    await expect(notice).to_contain_text("2 keys or links have no owner")
    # It stands at the top, however far down they are listed.
    await expect(notice).to_be_in_viewport(ratio=1)
    heading = page.get_by_role("heading", name="Keys and links")
    await expect(heading).not_to_be_in_viewport()
    await notice.get_by_role("link", name="Show them").click()
    await expect(heading).to_be_in_viewport(ratio=1)
    await fits(page)
    await shot(page, "list-phone-en")
    await row.get_by_role("button", name="Choose an owner: Old scale").click()
    sheet = page.get_by_role("dialog", name="Who owns Old scale?")
    await shot(page, "owner-phone-en")
    await sheet.get_by_label("Owner").select_option("mei")
    await sheet.get_by_role("button", name="Save").click()
    await expect(row).to_contain_text("Owner: mei")
    # Nor is it given on by whoever finds the browser ten minutes later.
    long_ago = update(tables.sessions).values(authenticated_at=now_ms() - 11 * 60_000)
    await site.house.store.write(lambda conn: conn.execute(long_ago).rowcount)
    await row.get_by_role("button", name="Change the owner: Old scale").click()
    await sheet.get_by_label("Owner").select_option("coordinator1")
    await sheet.get_by_role("button", name="Save").click()
    asked = page.get_by_role("dialog", name="Confirm it's you")
    await expect(asked).to_be_visible()
    assert {each.owner for each in await site.house.people.api_keys()} == {None, mei.id}
    await asked.get_by_role("button", name="Cancel").click()
    await page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await expect(notice).to_contain_text("1 key or link has no owner")
    await row.get_by_role("button", name="End it: Old scale").click()
    await page.get_by_role("button", name="Yes, disable it").click()
    await expect(row).to_have_count(0)
    zh = await open_studio("/studio/people", size=DESK, language="zh")
    await expect(zh.locator("[data-unowned]")).to_contain_text("没有归属人")
    await shot(zh, "list-desk-zh")


async def test_keys_of_someone_who_may_less_now_stand_in_red(
    open_studio: Open, site: Server, camera: dict[str, Any]
) -> None:
    page = await open_studio("/studio/people", size=PHONE)
    mei = (await site.house.people.find_by_name("mei")).id
    await site.house.people.change_account(mei, AccountChange(role="moderator"))
    await page.reload()
    listed = page.locator('[data-list="credentials"]').get_by_role("listitem")
    sheet = listed.filter(has_text="Price sheet")
    await expect(sheet.get_by_text("Does less", exact=True)).to_be_visible()
    await expect(sheet).to_contain_text("Its owner's role is now Moderator")
    for label in ("Wu from Lianhe", "Aunt Lin", "Orchard hall"):
        row = listed.filter(has_text=label)
        await expect(row.get_by_text("Does nothing", exact=True)).to_be_visible()
    invited = page.locator('[data-list="invitations"]').get_by_role("listitem")
    await expect(invited.filter(has_text="Wu from Lianhe")).to_contain_text("Does nothing")
    await fits(page)
    await shot(page, "list-idle-phone-en")
    zh = await open_studio("/studio/people", size=DESK, language="zh")
    row = (
        zh.locator('[data-list="credentials"]').get_by_role("listitem").filter(has_text="Aunt Lin")
    )
    await expect(row).to_contain_text("归属人现在的角色是“场控”")
    # A day is written as the server writes it.
    await expect(row).to_contain_text(re.compile(r"月\d+日\s周.\s*\d\d:\d\d"))
    await zh.goto("/studio/audit")
    changed = zh.get_by_role("listitem").filter(has_text="mei 的账号")
    await expect(changed.filter(has_text="恢复了")).to_have_count(0)


async def test_an_account_that_made_nothing_is_asked_about_shut_out_and_let_in_again(
    open_studio: Open, site: Server
) -> None:
    await site.house.people.create_account("mei", "host", PASSWORD)
    page = await open_studio("/studio/people")
    await open_change(page, "Deactivate")
    asked = page.get_by_role("dialog", name="Deactivate mei?")
    await asked.get_by_role("button", name="No, go back").click()
    await expect(asked).to_be_hidden()
    assert (await site.house.people.find_by_name("mei")).disabled_at is None
    await open_change(page, "Deactivate")
    await asked.get_by_role("button", name="Yes, deactivate").click()
    await page.get_by_role("button", name="Undo").click()
    row = page.get_by_role("listitem").filter(has_text="mei")
    await expect(row.get_by_text("Deactivate")).to_have_count(0)


@pytest.mark.parametrize(("size", "zh"), [(PHONE, False), (DESK, True)])
async def test_accounts_and_keys_that_someone_made_for_others_are_listed_and_dealt_with(
    open_studio: Open, site: Server, size: tuple[int, int], zh: bool
) -> None:
    people = site.house.people
    await people.create_account("mei", "coordinator", PASSWORD)
    page = await open_studio("/studio/people", size=size, language="zh" if zh else "en")
    other = (await people.find_by_name("coordinator1")).id
    async with Api(site.url) as mei:
        await mei.sign_in("mei", PASSWORD)
        key = await mei.create_api_key("Price sheet", "host")
        await mei.create_account("wu", "host")
        url = await mei.invite("moderator", label="Gu")
    async with Api(site.url) as invited:
        await invited.accept(url["url"], "gu", PASSWORD)
    await people.give(key["id"], other)
    await page.reload()
    row = page.locator('[data-list="credentials"]').get_by_role("listitem")
    price = row.filter(has_text="Price sheet")
    known = "mei 知道" if zh else "Known to mei"
    await expect(price.get_by_text(known, exact=True)).to_be_visible()
    await open_change(page, "停用" if zh else "Deactivate")
    sheet = page.get_by_role("dialog", name="停用 mei？" if zh else "Deactivate mei?")
    await expect(sheet.locator("[data-known]")).to_contain_text("Price sheet")
    made = sheet.locator("[data-made-accounts]").get_by_role("listitem")
    await expect(made).to_have_count(2)
    await fits(page)
    await shot(page, f"sheet-made-{'zh' if zh else 'en'}")
    out = "一并停用，连同其创建的一切" if zh else "Deactivate too, with everything it created"
    await made.filter(has_text="wu").get_by_role("combobox").select_option(out)
    await sheet.get_by_role("button", name="停用" if zh else "Deactivate", exact=True).click()
    told = re.compile(
        "mei、wu 已停用并退出登录。对方仍知道 1 个"
        if zh
        else "mei, wu are deactivated and signed out. They still"
    )
    await expect(page.get_by_text(told)).to_be_visible()
    # What they know is shown, however far down it stands.
    await expect(price).to_be_in_viewport()
    edge = "([element, side]) => element.getBoundingClientRect()[side]"
    heading = await page.locator("#credentials").element_handle()
    head = await page.get_by_role("banner").element_handle()
    assert await page.evaluate(edge, [heading, "top"]) >= await page.evaluate(
        edge, [head, "bottom"]
    )
    shown = {each.name: each.disabled_at is not None for each in await people.accounts()}
    assert (shown["mei"], shown["wu"], shown["gu"]) == (True, True, False)
    # It stands in red, and the new secret is shown once.
    await expect(price.locator(".badge--red")).to_have_text(known)
    await shot(page, f"list-known-{'zh' if zh else 'en'}")
    await price.get_by_role("button", name="更新密钥" if zh else "Renew it").click()
    await page.get_by_role("button", name="是的，更新" if zh else "Yes, renew it").click()
    secret = page.locator("#secret-sheet [data-secret]")
    await expect(secret).to_have_text(re.compile("^fl_"))
    await shot(page, f"renewed-{'zh' if zh else 'en'}")
    new = await people.find_api_key(await secret.inner_text())
    assert new is not None
    assert (new.id, new.owner) == (key["id"], other)
    assert await people.find_api_key(key["key"]) is None
    await page.locator("#secret-sheet [data-close]").click()
    await expect(price.get_by_text(known, exact=True)).to_have_count(0)

"""Signing in with a password that another made, and with one from before the rules."""

import re

import pytest
from playwright.async_api import expect
from sqlalchemy import update
from tests.browser.conftest import DESK, PHONE, Open
from tests.browser.support.touch_targets import SMALL_TARGETS
from tests.support.clerks import every_centre

from farmlive.people.accounts import passwords
from farmlive.people.core import tables
from farmlive.server import Server

pytestmark = pytest.mark.browser

OWN = "four-quiet-hills"


@pytest.mark.parametrize("size", [PHONE, DESK])
async def test_first_password_leads_to_one_of_ones_own(
    open_page: Open, site: Server, size: tuple[int, int]
) -> None:
    _, first = await site.house.people.create_account("mei", "host", first=True)
    page = await open_page("/sign-in", size=size)
    await page.get_by_label("Sign-in name").fill("mei")
    await page.get_by_label("Password").fill(first)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Choose a password")
    await expect(page.get_by_label("Sign-in name")).to_be_hidden()
    own = page.get_by_label("New password")
    await expect(own).to_be_focused()
    assert await page.evaluate(SMALL_TARGETS) == []
    for weak, said in (
        ("short", "at least 10 characters"),
        ("mei-mei-mei", "Your name is in this password"),
        ("qwertyuiop", "This password is too common"),
        (first, "This is your old password"),
    ):
        await own.fill(weak)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_contain_text(said)
    await page.get_by_text("Show the password").click()
    await expect(own).to_have_attribute("type", "text")
    await own.fill(OWN)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/studio")


async def test_first_password_that_another_used_or_that_ended_says_so(
    open_page: Open, site: Server
) -> None:
    people = site.house.people
    _, first = await people.create_account("mei", "host", first=True)
    page = await open_page("/sign-in", language="zh")
    await page.get_by_label("登录名").fill("mei")
    await page.get_by_label("密码").fill(first)
    await page.get_by_role("button", name="登录").click()
    await page.get_by_label("新密码").fill(OWN)
    again = await people.set_password("mei")
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_label("登录名")).to_be_visible()
    await expect(page.get_by_label("新密码")).to_have_count(0)
    over = update(tables.accounts).values(password_until=1)
    await site.house.store.write(lambda conn: conn.execute(over).rowcount)
    await page.get_by_label("密码").fill(again)
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_role("alert")).to_contain_text("已经过期")


async def test_weak_password_from_before_is_asked_about_until_it_is_changed(
    open_page: Open, site: Server
) -> None:
    await site.house.people.create_account("mei", "host", "a good password")
    hashed = await passwords.Passwords().hash("eight888")
    old = update(tables.accounts).values(password_hash=hashed)
    await site.house.store.write(lambda conn: conn.execute(old).rowcount)
    page = await open_page("/sign-in", size=PHONE)
    await page.get_by_label("Sign-in name").fill("mei")
    await page.get_by_label("Password").fill("eight888")
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/studio")
    asked = page.get_by_text("Your password is too easy to guess")
    await expect(asked).to_be_visible()
    assert await page.evaluate(SMALL_TARGETS) == []
    await page.get_by_role("button", name="Change my password", exact=True).click()
    sheet = page.get_by_role("dialog", name="Change my password")
    await sheet.get_by_label("Current password").fill("eight888")
    await sheet.get_by_label("New password").fill("my dear mei of old")
    await sheet.get_by_role("button", name="Change it").click()
    await expect(sheet.get_by_text("Your name is in this password")).to_be_visible()
    await sheet.get_by_label("New password").fill(OWN)
    await sheet.get_by_role("button", name="Change it").click()
    await expect(asked).to_have_count(0)
    # Closing the sheet goes back in the session history, which would cancel a reload.
    await page.wait_for_function("!history.state?.sheets")
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(asked).to_have_count(0)


@pytest.mark.parametrize("size", [PHONE, DESK])
async def test_own_sign_ins_are_listed_and_one_of_them_is_ended(
    open_page: Open, site: Server, size: tuple[int, int]
) -> None:
    await site.house.people.create_account(
        "mei", "clerk", OWN, centres=await every_centre(site.house)
    )
    body = {"name": "mei", "password": OWN}
    other = await open_page("/sign-in")
    assert (await other.context.request.post("/api/v1/session", data=body)).ok
    page = await open_page("/sign-in", size=size, language="zh")
    assert (await page.context.request.post("/api/v1/session", data=body)).ok
    await page.goto("/studio")
    await page.get_by_role("link", name=re.compile("^我的账号.*mei")).click()
    rows = page.get_by_role("listitem").filter(has_text="Chrome, Linux")
    await expect(rows).to_have_count(2)
    await expect(rows.filter(has_text="这一个")).to_have_count(1)
    assert await page.evaluate(SMALL_TARGETS) == []
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    await page.get_by_role("button", name="结束这个登录").click()
    await expect(page.get_by_text("这个登录已经结束")).to_be_visible()
    await expect(rows).to_have_count(1)
    await other.goto("/studio")
    await expect(other).to_have_url(re.compile("/sign-in"))
    await expect(page.get_by_role("button", name="结束这个登录")).to_have_count(0)


async def test_sign_out_keeps_a_buyers_orders_and_device(open_page: Open, site: Server) -> None:
    await site.house.people.create_account("mei", "host", OWN)
    page = await open_page("/")
    await page.evaluate("localStorage.setItem('farmlive.orders', '[1]')")
    device = next(
        each for each in await page.context.cookies() if each["name"].endswith("farmlive_device")
    )
    body = {"name": "mei", "password": OWN}
    assert (await page.context.request.post("/api/v1/session", data=body)).ok
    await page.goto("/studio")
    async with page.expect_response(lambda answer: answer.request.method == "DELETE") as left:
        await page.get_by_role("button", name="Sign out").click()
    answer = await left.value
    # Chromium shows it among the raw headers alone, and clears before it gives the answer.
    assert await answer.header_value("clear-site-data") == '"cache"'
    await page.wait_for_url("**/")
    await expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert await page.evaluate("localStorage.getItem('farmlive.orders')") == "[1]"
    assert device in await page.context.cookies()
    assert not [each for each in await page.context.cookies() if "session" in each["name"]]

"""Signing in and setting a second factor up in Chromium."""

import os
import re

from playwright.async_api import Page, expect
from sqlalchemy import update
from tests.browser.support.touch_targets import SMALL_TARGETS
from tests.support.authenticators import code_of

from farmlive.clock import now_ms
from farmlive.people.core import tables
from farmlive.server import Server

PASSWORD = "four-quiet-hills"
MINUTE_MS = 60_000


async def fits(page: Page, name: str) -> None:
    """Nothing is too small or too wide; SHOTS=folder keeps a picture of it."""
    assert await page.evaluate(SMALL_TARGETS) == []
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    await shot(page, name)


async def shot(page: Page, name: str) -> None:
    if where := os.environ.get("SHOTS"):
        await page.screenshot(path=f"{where}/{name}.png")


async def fill_in(page: Page, name: str, *, zh: bool = False) -> None:
    await page.get_by_label("登录名" if zh else "Sign-in name").fill(name)
    await page.get_by_label("密码" if zh else "Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="登录" if zh else "Sign in").click()


async def signed_in(page: Page, name: str) -> None:
    body = {"name": name, "password": PASSWORD}
    answer = await page.context.request.post(f"{origin(page)}/api/v1/session", data=body)
    assert answer.ok, await answer.text()


async def signed_out(page: Page, path: str = "/sign-in") -> None:
    """Open the sign-in as on a browser that nobody knows."""
    home = origin(page)
    await page.context.clear_cookies()
    await page.goto(home + path)


def origin(page: Page) -> str:
    return "/".join(page.url.split("/")[:3])


async def forget_steps(site: Server) -> None:
    """Have an app's code be taken again, as a minute later."""
    again = update(tables.totp).values(step=0)
    await site.house.store.write(lambda conn: conn.execute(again).rowcount)


async def authenticated_long_ago(site: Server) -> None:
    long_ago = update(tables.sessions).values(authenticated_at=now_ms() - 11 * MINUTE_MS)
    await site.house.store.write(lambda conn: conn.execute(long_ago).rowcount)


async def set_up_app(page: Page) -> tuple[str, list[str]]:
    """Set an app up on the account's page: its secret, and the recovery codes."""
    await page.get_by_role("button", name="Set up an app").click()
    sheet = page.get_by_role("dialog", name="Set up an authenticator app")
    drawn = sheet.get_by_role("img", name="QR code for the authenticator app")
    await expect(drawn).to_be_visible()
    assert await drawn.evaluate("image => image.naturalWidth") > 100
    await expect(sheet.get_by_text("The old app's codes")).to_be_hidden()
    shown = sheet.locator("[data-secret]")
    secret = re.sub(r"\s", "", await shown.inner_text())
    await fits(page, "account-totp")
    code = sheet.get_by_label("The six digits that the app shows")
    await code.fill("000 00")
    await sheet.get_by_role("button", name="Set it up").click()
    await expect(sheet.get_by_role("alert")).to_contain_text("The code is wrong")
    await code.fill(code_of(secret))
    await sheet.get_by_role("button", name="Set it up").click()
    kept = page.get_by_role("dialog", name="Your recovery codes")
    await expect(kept.get_by_role("listitem")).to_have_count(10)
    await fits(page, "account-codes")
    codes = await kept.get_by_role("listitem").all_inner_texts()
    # Not by mistake: they are not shown again.
    await page.keyboard.press("Escape")
    await page.mouse.click(5, 5)
    await expect(kept).to_be_visible()
    await kept.get_by_role("button", name="I've saved them").click()
    await expect(kept).to_be_hidden()
    return secret, codes

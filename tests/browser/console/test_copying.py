"""The button that copies a guest's link, in Chromium: by keyboard, by a tap beside its words, and
where the browser has no clipboard.
"""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, Page, expect
from tests.browser.conftest import Open, Sale
from tests.browser.support.phone_panels import open_panel

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

# As on a page without HTTPS, and in some chat apps.
NO_CLIPBOARD = "delete Navigator.prototype.clipboard;"


async def invite(page: Page) -> tuple[Locator, str]:
    """Invite a guest; return the button that copies the link, and the link."""
    await open_panel(page, "cameras")
    await page.get_by_role("button", name="Invite a guest").click()
    await page.get_by_label("Name of the guest").fill("Aunt Wang")
    await page.get_by_role("button", name="Create link").click()
    button = page.locator("[data-link-copy]")
    url = page.locator("[data-link-url]")
    await expect(url).to_contain_text("/guest/")
    return button, await url.inner_text()


async def copied(page: Page) -> str:
    return str(await page.evaluate("navigator.clipboard.readText()"))


async def test_link_is_copied_by_keyboard_and_by_its_icon(open_studio: Open, sale: Sale) -> None:
    page = await open_studio(f"/studio/{sale.broadcast}")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button, link = await invite(page)
    ways: list[Callable[[], Awaitable[None]]] = [
        lambda: button.press("Enter"),
        lambda: button.press("Space"),
        lambda: button.locator("svg").click(),
        lambda: button.dblclick(),
    ]
    for press in ways:
        await page.evaluate("navigator.clipboard.writeText('')")
        await press()
        await expect(button).to_have_text("Copied")
        assert await copied(page) == link
        await expect(button).to_have_text("Copy the link")


async def test_link_is_marked_where_there_is_no_clipboard(open_studio: Open, sale: Sale) -> None:
    page = await open_studio(f"/studio/{sale.broadcast}", script=NO_CLIPBOARD)
    button, link = await invite(page)
    await button.press("Enter")
    await expect(button).to_have_text("Marked: press Ctrl+C")
    assert await page.evaluate("getSelection().toString()") == link

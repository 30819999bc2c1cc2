"""The sheets of the console on a phone; on a desk the same parts stand in columns."""

from playwright.async_api import Page, expect


async def open_panel(page: Page, name: str) -> None:
    """Open the bag, the orders or the cameras, where they are a sheet."""
    await expect(page.locator("[data-tools]")).to_be_attached()
    button = page.locator(f"[data-open-panel={name}]")
    if await button.is_visible() and not await page.locator(f"#{name}-panel").is_visible():
        await button.click()
        await expect(page.locator(f"#{name}-panel")).to_be_visible()


async def open_line(page: Page, name: str) -> None:
    """Show what can be done with the last message of this person, by a tap on it in the chat."""
    chat = page.get_by_role("button", name="Chat", exact=True)
    if await chat.is_visible() and await chat.get_attribute("aria-expanded") == "false":
        await chat.click()
    line = page.get_by_role("button", name=f"Message of {name}", exact=True).last
    await line.click()
    await expect(line).to_have_attribute("aria-expanded", "true")

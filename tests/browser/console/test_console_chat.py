"""The host's own lines in the console's chat, in Chromium."""

import pytest
from playwright.async_api import Locator, expect
from sqlalchemy import Connection
from tests.browser.conftest import Open, Sale

from farmlive.broadcast.events import ChatSaid
from farmlive.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

# Enter twice before any answer can come, and what is typed meanwhile.
TWICE = """(form, [said, next]) => {
  const { text } = form.elements;
  text.value = said;
  form.requestSubmit();
  form.requestSubmit();
  text.value = next;
}"""


async def chat_form(open_studio: Open, sale: Sale) -> Locator:
    """Open the console; return the form of its chat."""
    page = await open_studio(f"/studio/{sale.broadcast}")
    form = page.locator("[data-say]")
    await expect(form).to_be_visible()
    return form


async def test_enter_twice_says_it_once_and_what_is_typed_meanwhile_stays(
    open_studio: Open, sale: Sale
) -> None:
    form = await chat_form(open_studio, sale)
    page = form.page
    await form.evaluate(TWICE, ["Picked this morning", "and sweet"])
    lines = page.locator("[data-chat-list]").get_by_text("Picked this morning")
    await expect(lines).to_have_count(1)
    # A line sent later comes later: a second one would be there by now.
    await form.locator("[name=text]").press("Enter")
    await expect(page.locator("[data-chat-list]").get_by_text("and sweet")).to_have_count(1)
    await expect(lines).to_have_count(1)


async def test_words_that_are_refused_come_back_before_what_was_typed_since(
    open_studio: Open, sale: Sale
) -> None:
    form = await chat_form(open_studio, sale)
    too_long = "x" * 1_000
    await form.evaluate(TWICE, [too_long, "and sweet"])
    await expect(form.locator("[name=text]")).to_have_value(f"{too_long} and sweet")


async def test_line_that_came_too_fast_is_found_and_hidden(
    site: Server, open_studio: Open, sale: Sale
) -> None:
    page = await open_studio(f"/studio/{sale.broadcast}")
    await expect(page.locator("[data-say]")).to_be_visible()

    def rush(connection: Connection) -> None:
        for number in range(400):
            said = ChatSaid(nickname="Fang", text=f"line {number}")
            site.house.log.append(connection, sale.broadcast, said)

    await site.house.store.write(rush)
    await page.get_by_role("button", name="more lines").click()
    sheet = page.get_by_role("dialog", name="Lines that came too fast")
    line = sheet.get_by_role("listitem").first
    await expect(line).to_contain_text("Fang")
    await line.get_by_role("button", name="Message of Fang", exact=True).click()
    await line.get_by_role("button", name="Hide the message of Fang").click()
    await expect(line).to_contain_text("Hidden.")

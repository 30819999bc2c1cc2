"""The host's own lines in the console's chat, in Chromium."""

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Open, Sale

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

# Enter twice before any answer can come, and what is typed meanwhile.
TWICE = """(form, [said, next]) => {
  const { text } = form.elements;
  text.value = said;
  form.requestSubmit();
  form.requestSubmit();
  text.value = next;
}"""


async def test_enter_twice_says_it_once_and_what_is_typed_meanwhile_stays(
    open_studio: Open, sale: Sale
) -> None:
    page = await open_studio(f"/studio/{sale.broadcast}")
    form = page.locator("[data-say]")
    await expect(form).to_be_visible()
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
    page = await open_studio(f"/studio/{sale.broadcast}")
    form = page.locator("[data-say]")
    await expect(form).to_be_visible()
    too_long = "x" * 1_000
    await form.evaluate(TWICE, [too_long, "and sweet"])
    await expect(form.locator("[name=text]")).to_have_value(f"{too_long} and sweet")

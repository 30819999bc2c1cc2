"""The live page in a crowd: a chat faster than anyone reads, and what others just bought."""

import pytest
from playwright.async_api import expect
from sqlalchemy import Connection
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.selling import order

from farmlive.broadcast.events import ChatSaid
from farmlive.client import Channel
from farmlive.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

# Counts the lines that come into the chat by the frame that they come in.
COUNTED = """
window.lines = [];
addEventListener("DOMContentLoaded", () => {
  let frame = 0;
  const next = () => { frame += 1; requestAnimationFrame(next); };
  next();
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const _ of addedNodes) window.lines[frame] = (window.lines[frame] ?? 0) + 1;
  }).observe(document.getElementById("chat"), { childList: true });
});
"""
MOST = "Math.max(...window.lines.filter(Boolean))"
ALL = "window.lines.filter(Boolean).reduce((one, other) => one + other, 0)"


async def test_a_frame_draws_three_lines_at_most_and_the_host_is_never_passed_over(
    site: Server, sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=COUNTED)
    await expect(page.locator("body")).to_have_attribute("data-link", "open")
    house = site.house

    def rush(connection: Connection) -> None:
        for number in range(400):
            said = ChatSaid(nickname="Fang", text=f"line {number}")
            house.log.append(connection, sale.broadcast, said)

    await house.store.write(rush)
    said = await host.call("chat.say", text="Here is the last box")
    chat = page.locator("#chat")
    await expect(chat).to_contain_text("Here is the last box")
    assert await page.evaluate(MOST) <= 3
    assert await page.evaluate(ALL) <= 60
    # What is hidden goes, also where later lines pushed it out of what the page keeps of the log.
    await house.store.write(rush)
    await host.call("chat.hide", message=said["seq"])
    await expect(chat).not_to_contain_text("Here is the last box")


async def test_what_several_people_just_bought_is_said_once_in_twenty_seconds(
    site: Server, sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE)
    await expect(page.locator("body")).to_have_attribute("data-link", "open")
    bought = page.locator("#bought")

    async def buys(number: int) -> None:
        async with await Channel.connect(site.url, sale.broadcast) as viewer:
            await order(sale, number, by=viewer)

    await buys(1)
    await order(sale, 2)  # of a coordinator: no buyer of the page
    await host.call("react", count=1)
    await site.house.broadcasts.count()
    await expect(page.locator("#heart [data-count]")).to_have_text("1")
    await expect(bought).to_be_hidden()
    for number in (3, 4):
        await buys(number)
    await host.call("react", count=1)  # so that it is counted again at once
    await site.house.broadcasts.count()
    await expect(bought).to_have_text("3 people just bought")

"""The server's clock is set while somebody buys: no countdown on the page jumps."""

import re

import pytest
from playwright.async_api import expect
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.browser.support.buying import KNOWN, ordered, tap_buy
from tests.support.money import cny
from tests.support.set_clocks import Clocks, clocks

from farmlive.client import Channel
from farmlive.server import Server

__all__ = ["clocks"]

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pinned")]

HOUR = 3600.0
# Ten minutes, and the forty seconds that pass here at most.
LEFT = re.compile(r"^\D*(10:00|9:[0-5]\d)\D*$")


@pytest.mark.parametrize("step", [HOUR, -HOUR])
async def test_countdowns_go_on_when_the_servers_clock_is_set(
    sale: Sale, site: Server, host: Channel, open_page: Open, clocks: Clocks, step: float
) -> None:
    keeper = site.house.timekeeper
    await keeper.stop()
    batch = {"price": cny(1990), "boxes": 10, "seconds": 600, "per_buyer": 2}
    await host.call("flash.plan", offer=sale.offer, **batch)
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    await tap_buy(page)
    await host.wait_for("order.held")
    clocks.set_machine(step)
    await clocks.look(keeper, 35)
    await host.wait_for("clock.moved")
    # What is heard last tells the page the time, and its snapshot after a reload.
    await host.call("chat.say", text="It is ten past")
    await page.keyboard.press("Escape")
    timer = page.locator("#card").get_by_role("timer")
    kept = page.get_by_role("button", name="1 box held for you")
    for _ in range(2):
        await expect(page.locator("#chat")).to_contain_text("It is ten past")
        await expect(timer).to_have_text(LEFT)
        await expect(kept).to_contain_text(re.compile(r"you9:[0-5]\d"))
        await page.reload()
    await kept.click()
    await ordered(page)


async def test_an_open_console_says_while_a_clock_is_off(
    sale: Sale, site: Server, open_studio: Open, clocks: Clocks
) -> None:
    keeper = site.house.timekeeper
    await keeper.stop()
    page = await open_studio(f"/studio/{sale.broadcast}", role="host", size=DESK)
    notice = page.locator("[data-clock-off]")
    await expect(notice).to_be_hidden()
    clocks.set_machine(HOUR)
    await clocks.look(keeper)
    await expect(notice).to_contain_text(re.compile(r"clock is (1:00:0|59:5)\d off"))
    clocks.set_machine(0)
    await clocks.look(keeper)
    await expect(notice).to_be_hidden()

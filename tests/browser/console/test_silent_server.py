"""A server that hangs, as the console shows it: what it told last turns grey, the page says that it
knows nothing, and what is pressed waits. All of it ends by itself.
"""

import contextlib
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from tests.browser.conftest import DESK, PHONE, Open
from tests.support.money import cny
from tests.support.parts import people_of
from tests.support.server_process import Served

from farmlive.client import Api
from farmlive.settings import Settings
from farmlive.store import Store

pytestmark = pytest.mark.browser

COLOUR = "element => getComputedStyle(element).color"
FIGURES = ("[data-viewers]", "[data-signal]")

WORDS = {
    "en": {
        "silent": "No word from the server.",
        "one": "1 action is waiting for it.",
        "waits": "No answer yet: your action is waiting for the server.",
        "signal": "not known",
    },
    "zh": {
        "silent": "服务器没有回应",
        "one": "您按的 1 项操作在等服务器",
        "waits": "还没有回应：您按的操作在等服务器。",
        "signal": "不清楚",
    },
}


@dataclass
class Hanging:
    """A live broadcast of one product on a server that can be stopped in the middle."""

    server: Served
    broadcast: str
    password: str
    number: str

    @property
    def url(self) -> str:
        """The server's address."""
        return self.server.url

    @property
    def port(self) -> int:
        """Its port."""
        return self.server.port

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """The server does nothing until the block ends, and hears all that is sent to it then."""
        self.server.send(signal.SIGSTOP)
        try:
            yield
        finally:
            self.server.send(signal.SIGCONT)


@pytest_asyncio.fixture(loop_scope="session")
async def site(settings: Settings) -> AsyncIterator[Hanging]:
    """In place of the server in this process: what `new_page` needs of it."""
    server = Served(settings)
    await server.start()
    store = await Store.open(settings)
    people = people_of(store, settings)
    _, key = await people.create_api_key("test", "coordinator")
    _, password = await people.create_account("chen", "host")
    await store.close()
    async with Api(server.url, key=key) as api:
        name = {"zh": "金桔", "en": "Kumquats"}
        broadcast = (await api.create_broadcast(name))["id"]
        farm = await api.create_farm(name, name)
        lot = await api.create_lot(farm["id"], "1123", name, "2026-11-20T08:00:00+08:00", 500_000)
        unit = {"zh": "箱", "en": "box"}
        offer = await api.create_offer(
            broadcast, lot["id"], cny(2990), 20, name=name, unit=unit, net_weight_g=2500
        )
        await api.start(broadcast)
        placed = await api.commands(broadcast).order(
            "a-key-of-a-test-0001",
            {
                "lines": [{"offer": offer["id"], "quantity": 1, "price": 2990}],
                "buyer": {"name": "Wang", "phone": "13800000001"},
                "delivery": {"way": "parcel", "address": "Meixian, Youxi"},
                "payment": "cash_on_delivery",
            },
        )
    yield Hanging(server, broadcast, password, placed["number"])
    await server.end(signal.SIGTERM)


async def console(
    new_page: Open, site: Hanging, size: tuple[int, int], language: str, path: str = ""
) -> Page:
    page = await new_page(size=size, language=language)
    answer = await page.context.request.post(
        "/api/v1/session", data={"name": "chen", "password": site.password}
    )
    assert answer.ok
    await page.goto(f"/studio/{site.broadcast}{path}")
    await expect(page.locator("body")).to_have_attribute("data-heard", "now")
    return page


@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh"), (DESK, "en")], ids=["phone", "desk"])
async def test_a_server_that_hangs_is_told_and_what_is_pressed_waits_for_it(
    new_page: Open, site: Hanging, size: tuple[int, int], language: str
) -> None:
    words = WORDS[language]
    page = await console(new_page, site, size, language)
    silent = page.locator("[data-silent]")
    pin = page.locator("[data-pin]:visible").first
    await expect(pin).to_be_enabled()
    await expect(silent).to_be_hidden()
    fresh = [await page.locator(figure).evaluate(COLOUR) for figure in FIGURES]
    with site.stopped():
        await expect(silent).to_contain_text(words["silent"])
        await expect(page.locator("[data-signal-words]")).to_have_text(words["signal"])
        grey = [await page.locator(figure).evaluate(COLOUR) for figure in FIGURES]
        assert len({*grey} - {*fresh}) == 1, "all of one grey, and none as before"
        assert {*grey}.isdisjoint(fresh)
        await pin.click()
        await expect(page.locator(".toast")).to_contain_text(words["waits"])
        await expect(pin).to_have_attribute("aria-busy", "true")
        await expect(silent).to_contain_text(words["one"])
        # The link holds: what waits reaches the server as it was pressed.
        await expect(page.locator("[data-offline]")).to_be_hidden()
    await expect(silent).to_be_hidden()
    await expect(pin).to_have_attribute("aria-pressed", "true")
    await expect(page.locator(".toast").filter(has_text=words["waits"])).to_have_count(0)
    assert [await page.locator(figure).evaluate(COLOUR) for figure in FIGURES] == fresh


@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh"), (DESK, "en")], ids=["phone", "desk"])
async def test_the_order_desk_says_the_same(
    new_page: Open, site: Hanging, size: tuple[int, int], language: str
) -> None:
    words = WORDS[language]
    page = await console(new_page, site, size, language, "/orders")
    silent, total = page.locator("[data-silent]"), page.locator("[data-sum]")
    row = page.locator("[data-order]").filter(has_text=site.number)
    state = row.locator(".badge").first
    pack = row.locator("[data-act=step]")
    await expect(pack).to_be_enabled()
    await expect(silent).to_be_hidden()
    placed, fresh = await state.inner_text(), await state.evaluate(COLOUR)
    with site.stopped():
        await expect(silent).to_contain_text(words["silent"])
        assert await state.evaluate(COLOUR) == await total.evaluate(COLOUR) != fresh
        await pack.click()
        await expect(page.locator(".toast")).to_contain_text(words["waits"])
        await expect(silent).to_contain_text(words["one"])
    await expect(silent).to_be_hidden()
    await expect(state).not_to_have_text(placed)
    await expect(page.locator(".toast").filter(has_text=words["waits"])).to_have_count(0)


async def test_an_answer_is_grey_after_three_seconds_and_old_after_five(
    new_page: Open, site: Hanging
) -> None:
    page = await new_page()
    await page.goto("/sign-in")
    found = await page.evaluate(
        """async () => {
          const { standing } = await import("/static/lib/channel/server-word.js");
          return [0, 2_999, 3_000, 4_999, 5_000, 60_000].map(standing);
        }"""
    )
    assert found == ["now", "now", "late", "late", "silent", "silent"]

"""The live channel of the studio's pages in Chromium: a link that is dead without a word, one that
is refused, and the server's time, which a page hears over it.
"""

import re
from typing import Any

import pytest
from playwright.async_api import Page, WebSocketRoute, expect
from tests.browser.conftest import Open, Sale
from tests.browser.support.selling import order
from tests.support.waiting import until

from farmlive.client import Channel

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

PAGES = ["", "/orders", "/bag"]
# Those that hear the server every second.
HEARING = ["", "/orders"]
OFFLINE = "[data-offline]"
SIGNED_OUT = "[data-signed-out]"
# A device that sleeps: the page's own time stands still, and none of its timers is due.
SLEEPY = """
const own = performance.now.bind(performance);
let slept = 0;
performance.now = () => own() - slept;
window.sleep = (ms) => { slept += ms; };
"""


class Links:
    """Each link of a page to its channel, one after the other."""

    def __init__(self) -> None:
        self.all: list[WebSocketRoute] = []
        self._dead: set[int] = set()

    @classmethod
    async def of(cls, page: Page) -> "Links":
        links = cls()
        await page.route_web_socket(re.compile("/live"), links._begin)
        return links

    def kill(self) -> None:
        """Nothing more comes or goes by the link that there is, and neither end is told."""
        self._dead.add(len(self.all) - 1)

    def _begin(self, page: WebSocketRoute) -> None:
        place = len(self.all)
        self.all.append(page)
        server = page.connect_to_server()
        page.on_message(lambda said: None if place in self._dead else server.send(said))
        server.on_message(lambda said: None if place in self._dead else page.send(said))


async def linked(page: Page, path: str) -> Links:
    links = await Links.of(page)
    await page.clock.install()
    await page.goto(path)
    await until(lambda: links.all, "the page opens its channel")
    await page.evaluate(WELCOMED)
    return links


# Resolves once the page has heard its welcome: what it then shows is there.
WELCOMED = """async () => {
  while (document.querySelector("[aria-busy=true]")) await new Promise(requestAnimationFrame);
}"""


@pytest.mark.parametrize("where", PAGES)
async def test_link_that_is_dead_without_a_word_is_made_anew_while_live(
    open_studio: Open, sale: Sale, where: str
) -> None:
    page = await open_studio("/studio", kept=False)
    links = await linked(page, f"/studio/{sale.broadcast}{where}")
    links.kill()
    placed = await order(sale, 1)
    await page.clock.fast_forward(50_000)
    await until(lambda: len(links.all) == 2, "there is another link")
    if where != "/bag":
        await expect(page.locator(OFFLINE)).to_be_hidden()
        await expect(page.locator("main")).to_contain_text(placed["number"])


@pytest.mark.parametrize("where", HEARING)
@pytest.mark.parametrize("after", [7, 50])
async def test_a_page_with_a_heartbeat_makes_a_dead_link_anew_while_it_is_not_live(
    open_studio: Open, sale: Sale, where: str, after: int
) -> None:
    await sale.api.end(sale.broadcast)
    page = await open_studio("/studio", kept=False)
    links = await linked(page, f"/studio/{sale.broadcast}{where}")
    links.kill()
    # Silence says enough there.
    await page.clock.fast_forward(after * 1_000)
    await until(lambda: len(links.all) == 2, "there is another link")
    await expect(page.locator(OFFLINE)).to_be_hidden()
    await expect(page.locator("body")).to_have_attribute("data-heard", "now")


@pytest.mark.parametrize("where", [each for each in PAGES if each not in HEARING])
async def test_who_comes_back_to_a_page_that_heard_nothing_gets_another_link_while_not_live(
    open_studio: Open, sale: Sale, where: str
) -> None:
    await sale.api.end(sale.broadcast)
    page = await open_studio("/studio", kept=False)
    links = await linked(page, f"/studio/{sale.broadcast}{where}")
    links.kill()
    told = await page.evaluate_handle(TOLD)
    await page.clock.fast_forward(50_000)
    assert len(links.all) == 1
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await until(lambda: len(links.all) == 2, "there is another link")
    # It is heard again, and nobody was troubled by it.
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert len(links.all) == 2
    assert await told.json_value() == []


# What was said of the link, if only for a moment.
TOLD = """() => {
  const told = [];
  const place = document.querySelector("[data-offline]");
  const look = () => place.hidden || told.push(place.textContent);
  if (place) new MutationObserver(look).observe(place, { attributes: true });
  return told;
}"""


# Says of the page that its camera sends, whatever else is said of it.
SENDING = """() => {
  const sends = () =>
    "sending" in document.body.dataset || document.body.setAttribute("data-sending", "");
  new MutationObserver(sends).observe(document.body, { attributes: true });
  sends();
}"""


async def sign_out(page: Page) -> None:
    """As in another tab of the same browser."""
    request = page.context.request
    csrf = (await (await request.get("/api/v1/session")).json())["csrf"]
    assert (await request.delete("/api/v1/session", headers={"x-csrf-token": csrf})).ok


@pytest.mark.parametrize("where", PAGES)
async def test_who_signed_out_elsewhere_is_told_and_led_to_the_sign_in(
    open_studio: Open, sale: Sale, where: str
) -> None:
    path = f"/studio/{sale.broadcast}{where}"
    page = await open_studio(path)
    await page.evaluate(WELCOMED)
    told = page.locator(SIGNED_OUT)
    await expect(told).to_be_hidden()
    # As while it sends a camera: what else finds the session over does not lead away.
    await page.evaluate(SENDING)
    await sign_out(page)
    await expect(page.get_by_text("Your sign-in has ended")).to_be_visible()
    if where != "/bag":
        await expect(page.locator(OFFLINE)).to_be_hidden()
    await told.get_by_role("link", name="Sign in").click()
    await expect(page).to_have_url(re.compile(rf"/sign-in\?next={path}$"))


async def test_who_was_signed_out_while_the_link_was_gone_is_told_too(
    open_studio: Open, sale: Sale
) -> None:
    page = await open_studio("/studio", language="zh")
    links = await Links.of(page)
    await page.goto(f"/studio/{sale.broadcast}/orders")
    await page.evaluate(WELCOMED)
    await sign_out(page)
    await links.all[0].close(code=1012)
    await expect(page.get_by_text("登录已失效")).to_be_visible()
    assert len(links.all) == 2
    await expect(page.locator(OFFLINE)).to_be_hidden()


async def seconds(page: Page) -> int:
    shown = await page.locator("#buy-sheet").get_by_role("timer").inner_text()
    minutes, rest = shown.split(":")
    return int(minutes) * 60 + int(rest)


@pytest.mark.parametrize("how", ["an event", "another link"])
async def test_hold_is_as_long_as_the_server_keeps_it_after_a_sleep(
    new_page: Open, sale: Sale, host: Channel, how: str
) -> None:
    page = await new_page(script=SLEEPY, kept=False)
    links = await Links.of(page)
    await page.goto(sale.path)
    await page.get_by_role("button", name="Buy").first.click()
    timer = page.locator("#buy-sheet").get_by_role("timer")
    await expect(timer).to_have_text(re.compile(r"^9:5\d"))
    await page.evaluate("sleep(240_000)")
    if how == "an event":
        await host.call("chat.say", text="Sweet this year")
    else:
        await links.all[0].close(code=1012)
    await expect(timer).to_have_text(re.compile(r"^9:\d\d"))


async def test_old_time_does_not_turn_the_clock_back(open_page: Open) -> None:
    page = await open_page("/")
    read: Any = await page.evaluate(
        """async () => {
          const { src } = document.querySelector("script[src*='lib/ui/page']");
          const clock = src.replace("ui/page.js", "channel/server-clock.js");
          const { adjustTo, now } = await import(clock);
          const before = now();
          adjustTo(before - 60_000);
          adjustTo(undefined);
          const after = now();
          adjustTo(after + 60_000);
          adjustTo(after);
          return [after - before, now() - after];
        }"""
    )
    assert 0 <= read[0] < 10_000
    assert 60_000 <= read[1] < 70_000

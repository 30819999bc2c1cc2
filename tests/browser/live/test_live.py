"""The live page in Chromium, with real media: watching, buying, talking, and what goes wrong."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.browser.support.buying import DEAF, fill_in, submit
from tests.browser.support.playing import FRAMES, picture
from tests.browser.support.touch_targets import SMALL_TARGETS

from farmlive.client import Channel
from farmlive.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

sizes = pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])

# Keeps the page's sockets, so that a test can cut them.
SOCKETS = """
window.sockets = [];
window.WebSocket = class extends WebSocket {
  constructor(...address) {
    super(...address);
    window.sockets.push(this);
  }
};
"""
# No candidate reaches the server, as where a network lets no UDP through.
NO_UDP = """
const answer = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function (description) {
  const sdp = description.sdp.replace(/a=(candidate|end-of-candidates).*\\r\\n/g, "");
  return answer.call(this, { ...description, sdp });
};
"""


@sizes
async def test_a_viewer_watches_and_orders_off_the_card(
    site: Server, sale: Sale, key: str, host: Channel, open_page: Open, size: tuple[int, int]
) -> None:
    async with picture(site, sale, key):
        page = await open_page(sale.path, size=size, plain=False)
        await page.evaluate(FRAMES, 10)
        assert await page.evaluate("document.getElementById('video').muted")
        await expect(page.locator("#slate")).to_be_hidden()
        await host.call("card.pin", offer=sale.offer)
        card = page.locator("#card")
        await expect(card).to_contain_text("Small kumquats")
        await expect(card).to_contain_text("¥29.90")
        await expect(card).to_contain_text("20 left")
        await card.get_by_role("button", name="Buy").click()
        sheet = page.get_by_role("dialog")
        await sheet.get_by_role("button", name="One more").click()
        await expect(sheet).to_contain_text("2 boxes · 5 kg")
        await expect(sheet.locator("[data-part=total]")).to_have_text("¥59.80")
        await fill_in(page)
        await expect(submit(page)).to_have_text("Buy · ¥59.80")
        await submit(page).click()
        await expect(sheet.locator("[data-part=order-number]")).to_have_text(re.compile(r"\w\d{4}"))
        await expect(card).to_contain_text("18 left")
        frames = await page.evaluate(FRAMES, 0)
        await page.evaluate(FRAMES, frames)
        link = await sheet.get_by_role("link", name="See the order").get_attribute("href")
        await sheet.get_by_role("button", name="Back to the broadcast").click()
        await page.get_by_role("button", name="Tap for sound").click()
        assert not await page.evaluate("document.getElementById('video').muted")
        await page.goto(str(link))
        await expect(page.get_by_text("Meixian, Youxi")).to_be_visible()


async def test_the_picture_comes_in_by_itself_and_comes_back(
    site: Server, sale: Sale, key: str, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE)
    slate = page.locator("#slate")
    await expect(slate).to_contain_text("The camera is not on yet")
    async with picture(site, sale, key):
        await page.evaluate(FRAMES, 5)
        await expect(slate).to_be_hidden()
    await expect(slate).to_be_visible()
    frames = await page.evaluate(FRAMES, 0)
    async with picture(site, sale, key):
        await page.evaluate(FRAMES, frames)
        await expect(slate).to_be_hidden()
        await sale.api.end(sale.broadcast)
        await expect(slate).to_contain_text("The broadcast has ended")


async def test_a_page_opened_early_begins_with_the_broadcast(sale: Sale, open_page: Open) -> None:
    title = {"zh": "笋", "en": "Shoots"}
    broadcast = (await sale.api.create_broadcast(title))["id"]
    page = await open_page(f"/live/{broadcast}", size=PHONE)
    await expect(page.locator("#slate")).to_contain_text("Starts soon")
    await expect(page.get_by_label("Say something")).to_be_disabled()
    await sale.api.start(broadcast)
    await expect(page.locator("#live-badge")).to_be_visible()
    await expect(page.get_by_label("Say something")).to_be_enabled()


@sizes
async def test_the_story_of_the_lot_opens_over_the_picture(
    sale: Sale, host: Channel, open_page: Open, size: tuple[int, int]
) -> None:
    page = await open_page(sale.path, size=size)
    await host.call("card.pin", offer=sale.offer)
    line = page.locator("#card").get_by_role("button", name="picked")
    await line.click()
    sheet = page.get_by_role("dialog", name="Where it comes from")
    await expect(sheet.get_by_text("Sprayed")).to_be_visible()
    await expect(sheet.get_by_text("Orchard")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await expect(line).to_be_focused()


@sizes
async def test_a_double_tap_gives_a_heart(
    sale: Sale, open_page: Open, size: tuple[int, int]
) -> None:
    page = await open_page(sale.path, size=size, plain=False)
    await expect(page.locator("body")).to_have_attribute("data-link", "open")
    picture = await page.locator("#screen").bounding_box()
    assert picture is not None
    await page.mouse.dblclick(picture["x"] + picture["width"] / 2, 420)
    await expect(page.locator("#heart [data-count]")).to_have_text("1")
    await page.get_by_role("button", name="Like").click()
    await expect(page.locator("#heart [data-count]")).to_have_text("2")


async def test_an_order_whose_answer_was_lost_is_placed_once_and_found_again(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, script=DEAF)
    await host.call("card.pin", offer=sale.offer)
    await page.locator("#card").get_by_role("button", name="Buy").click()
    await fill_in(page)
    # The order arrives and its answer does not: neither by the channel nor by HTTP.
    await page.evaluate("window.mute = true")
    await page.route("**/orders", lambda route: route.abort())
    await submit(page).click()
    await host.wait_for("order.placed")
    await page.reload()
    await expect(page.get_by_text(re.compile(r"Your order \w\d{4} was placed"))).to_be_visible()
    await expect(page.locator("#card")).to_contain_text("19 left")
    await expect(page.locator("#bag-orders")).to_contain_text("¥29.90")
    assert len(await sale.api.orders(sale.broadcast)) == 1


async def test_the_channel_takes_up_where_it_was_cut(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, script=SOCKETS)
    chat = page.get_by_role("log")
    await host.call("chat.say", text="before the cut")
    await expect(chat).to_contain_text("before the cut")
    await page.evaluate("sockets.at(-1).close()")
    await host.call("chat.say", text="during the cut")
    await host.call("card.pin", offer=sale.offer)
    await expect(chat).to_contain_text("during the cut")
    await expect(page.locator("#card")).to_contain_text("Small kumquats")
    await expect(chat.get_by_text("before the cut")).to_have_count(1)
    assert "after=" in await page.evaluate("sockets.at(-1).url")


async def test_a_viewer_says_something_under_a_name_that_is_kept(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE)
    say = page.get_by_label("Say something")
    await say.fill("Is it sweet? <b>")
    await say.press("Enter")
    await page.get_by_label("Nickname").fill("Fang")
    await page.get_by_label("Nickname").press("Enter")
    chat = page.get_by_role("log")
    await expect(chat).to_contain_text("Fang")
    await expect(chat).to_contain_text("Is it sweet? <b>")
    await say.fill("And how big?")
    await say.press("Enter")
    await expect(chat).to_contain_text("And how big?")
    said = await host.wait_for("chat.said", text="And how big?")
    assert said.data["nickname"] == "Fang"
    await host.call("chat.hide", message=said.seq)
    await expect(chat).not_to_contain_text("And how big?")


@pytest.mark.parametrize(
    ("language", "duration", "words"),
    [
        ("en", "ten_minutes", r"you can write again in (10|9) minutes"),
        ("en", "show", r"muted you for the rest of this broadcast"),
        # By the clock of the phone, which is not the farm's.
        ("en", "ninety_days", r"muted you in all broadcasts until MOMENT"),
        ("zh", "ten_minutes", r"(10|9) 分钟后可以再发言"),
        ("zh", "show", r"本场直播结束前不能发言"),
        ("zh", "ninety_days", r"在所有直播间禁言，MOMENT 解除"),
    ],
)
async def test_who_is_muted_is_told_until_when(
    sale: Sale, host: Channel, open_page: Open, language: str, duration: str, words: str
) -> None:
    script = """
      const Format = Intl.DateTimeFormat;
      Intl.DateTimeFormat = class extends Format {
        constructor(locale, options) {
          super(locale, { timeZone: "Pacific/Auckland", ...options });
        }
      };
      localStorage.setItem("farmlive.nickname", JSON.stringify("Qiang"));
    """
    page = await open_page(f"/live/{sale.broadcast}", script=script, language=language)
    say = page.locator("#say-text")
    await say.fill("buy elsewhere")
    await say.press("Enter")
    said = await host.wait_for("chat.said", text="buy elsewhere")
    mute = await host.mute(said.seq, duration)
    await say.fill("buy elsewhere, I say")
    await say.press("Enter")
    if mute["until"]:
        until = datetime.fromisoformat(mute["until"]).astimezone(ZoneInfo("Pacific/Auckland"))
        moment = f"{until:%-d} {until:%B}.* {until:%H:%M}"
        if language == "zh":
            moment = f"{until.month}月{until.day}日 {until:%H:%M}"
        words = words.replace("MOMENT", moment)
    toast = page.locator("#toasts")
    await expect(toast).to_contain_text(re.compile(words))
    await expect(say).to_have_value("buy elsewhere, I say")
    await host.call("chat.unmute", mute=mute["id"])  # other tests write from this network
    await say.press("Enter")
    await host.wait_for("chat.said", text="buy elsewhere, I say")


async def test_a_nickname_that_is_refused_is_told_at_its_field(sale: Sale, open_page: Open) -> None:
    page = await open_page(sale.path, size=PHONE)
    say = page.get_by_label("Say something")
    await say.fill("Is it sweet?")
    await say.press("Enter")
    nickname = page.get_by_label("Nickname")
    await nickname.fill("主播")
    await nickname.press("Enter")
    sheet = page.locator("#name-sheet")
    told = sheet.get_by_text("This nickname sounds like the host")
    await expect(told).to_be_visible()
    await expect(nickname).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#toasts .toast")).to_have_count(0)
    await nickname.fill("Fang")
    await nickname.press("Enter")
    await expect(page.get_by_role("log")).to_contain_text("Is it sweet?")
    await expect(told).to_be_hidden()


async def test_what_is_said_while_the_page_connects_is_sent(sale: Sale, open_page: Open) -> None:
    """The first connection is held up until it was said."""
    page = await open_page(sale.path, size=PHONE)
    hold = """() => {
      const made = window.WebSocket;
      window.WebSocket = class extends made {
        addEventListener(kind, hear, ...more) {
          if (kind !== "message") return super.addEventListener(kind, hear, ...more);
          window.go = new Promise((resolve) => { window.letGo = resolve; });
          super.addEventListener(kind, async (event) => { await window.go; hear(event); }, ...more);
        }
      };
      localStorage.setItem("farmlive.nickname", JSON.stringify("Fang"));
    }"""
    await page.add_init_script(f"({hold})()")
    await page.reload()
    say = page.get_by_label("Say something")
    await say.fill("Is it sweet?")
    await say.press("Enter")
    await expect(say).to_have_value("")
    await page.evaluate("letGo()")
    await expect(page.get_by_role("log")).to_contain_text("Is it sweet?")


async def test_more_than_is_left_can_not_be_chosen(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path)
    await host.call("card.pin", offer=sale.rare)
    await page.locator("#card").get_by_role("button", name="Buy").click()
    more = page.get_by_role("button", name="One more")
    await more.click()
    await expect(more).to_be_disabled()
    await expect(page.get_by_label("Quantity: Large kumquats")).to_have_value("2")


async def test_what_is_missing_is_said_beside_its_field(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, language="zh")
    await host.call("card.pin", offer=sale.offer)
    await page.locator("#card").get_by_role("button", name="购买").click()
    await submit(page).click()
    name = page.get_by_label("姓名", exact=True)
    await expect(page.get_by_label("收货地址")).to_be_focused()
    await expect(name).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#name-error")).to_have_text("请填写收货人姓名。")
    await name.fill("王芳")
    await expect(page.locator("#name-error")).to_be_hidden()
    await page.get_by_text("我来自取").click()
    await expect(page.get_by_label("自提点", exact=True)).to_be_visible()


async def test_the_keyboard_stays_in_the_sheet(sale: Sale, host: Channel, open_page: Open) -> None:
    page = await open_page(sale.path)
    await host.call("card.pin", offer=sale.offer)
    buy = page.locator("#card").get_by_role("button", name="Buy")
    await buy.focus()
    await page.keyboard.press("Enter")
    inside = (
        "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
    )
    for _ in range(12):
        await page.keyboard.press("Tab")
        assert await page.evaluate(inside)
    await page.keyboard.press("Escape")
    await expect(buy).to_be_focused()


async def test_a_network_without_udp_is_told_of(
    site: Server, sale: Sale, key: str, open_page: Open
) -> None:
    async with picture(site, sale, key):
        page = await open_page(sale.path, size=PHONE, script=NO_UDP)
        slate = page.locator("#slate")
        await expect(slate).to_contain_text("This network blocks the video")
        await expect(slate.get_by_role("button", name="Try again")).to_be_visible()


async def test_a_browser_that_can_not_play_is_told_so(sale: Sale, open_page: Open) -> None:
    page = await open_page(sale.path, script="delete window.RTCPeerConnection")
    await expect(page.locator("#slate")).to_contain_text("This browser can't show the video")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_targets_are_large_enough_for_a_thumb(
    sale: Sale, host: Channel, open_page: Open, language: str
) -> None:
    lot = f"/origin/lot/{sale.lot}"
    for path in (sale.path, "/", "/sign-in", lot, f"/origin/farm/{sale.farm}"):
        page = await open_page(path, size=PHONE, language=language)
        if path == sale.path:
            await host.call("card.pin", offer=sale.offer)
            await expect(page.locator("#card")).to_be_visible()
            assert await page.evaluate(SMALL_TARGETS) == []
            await page.locator(".pinned__buy").click()
            await expect(page.locator("#buy-sheet .lines__row")).to_be_visible()
        assert await page.evaluate(SMALL_TARGETS) == []
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width == PHONE[0]


ARROW_ALONE = """() => [...document.querySelectorAll(".lot-line__lot")]
  .filter((line) => line.offsetParent)
  .map((line) => {
    const words = document.createRange();
    words.selectNodeContents(line.firstChild);
    const last = [...words.getClientRects()].at(-1);
    return line.querySelector(".icon").getBoundingClientRect().top >= last.bottom;
  })"""


async def test_arrow_of_the_lot_stands_by_its_words(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE)
    await host.call("card.pin", offer=sale.offer)
    await expect(page.locator("#card .lot-line__lot")).to_be_visible()
    for width in range(320, 421, 4):
        await page.set_viewport_size({"width": width, "height": 844})
        shown = await page.evaluate(ARROW_ALONE)
        assert shown, width
        assert True not in shown, width

"""How much the console shows at once: a camera app on a phone, dense columns on a desk."""

import itertools
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.browser.support.phone_panels import open_panel
from tests.browser.support.selling import console, open_row, order
from tests.browser.support.touch_targets import SMALL_TARGETS
from tests.support.money import cny

from farmlive.client import Channel

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

LANDSCAPE = (844, 390)
# How many of these stand whole in sight: within the page and within each part that scrolls.
IN_SIGHT = """elements => elements.filter((element) => {
  const own = element.getBoundingClientRect();
  let { top, bottom } = { top: 0, bottom: innerHeight };
  for (let box = element.parentElement; box; box = box.parentElement) {
    if (getComputedStyle(box).overflowY === "visible") continue;
    const around = box.getBoundingClientRect();
    top = Math.max(top, around.top);
    bottom = Math.min(bottom, around.bottom);
  }
  return own.height > 0 && own.top >= top - 1 && own.bottom <= bottom + 1;
}).length"""
BOXES = "elements => elements.map((element) => element.getBoundingClientRect().height)"


async def box(locator: Locator) -> Any:
    found = await locator.bounding_box()
    assert found is not None
    return found


async def busy(sale: Sale, host: Channel) -> None:
    """Ten products, fifteen lines of chat and five orders; the first product is on the screen."""
    for number in range(8):
        name = {"zh": f"蜜柚 {number}", "en": f"Pomelos {number}"}
        unit = {"zh": "箱", "en": "box"}
        await sale.api.create_offer(
            sale.broadcast, sale.lot, cny(3990), 9, name=name, unit=unit, net_weight_g=2400
        )
    for number in range(15):
        await host.call("chat.say", text=f"Line {number}")
    for number in range(1, 6):
        await order(sale, number)
    await host.call("card.pin", offer=sale.offer)


async def test_ten_products_fifteen_lines_and_five_orders_are_in_sight_on_a_desk(
    open_studio: Open, sale: Sale, host: Channel
) -> None:
    await busy(sale, host)
    page = await console(open_studio, sale, size=DESK)
    rows = page.locator("[data-bag-list] > *")
    await expect(rows).to_have_count(10)
    await expect(page.locator("[data-chat-list] > *")).to_have_count(15)
    await expect(page.locator("[data-orders-list] > *")).to_have_count(5)
    shown = [
        await page.locator(f"[data-{name}] > *").evaluate_all(IN_SIGHT)
        for name in ("bag-list", "chat-list", "orders-list")
    ]
    assert shown == [10, 15, 5]
    assert await page.locator(".bag__row").evaluate_all(BOXES) == [64] * 10
    assert await page.locator("[data-orders-list] > *").evaluate_all(BOXES) == [48] * 5
    height = await page.evaluate("document.documentElement.scrollHeight")
    assert height <= DESK[1]
    # One size of button in the columns.
    heights = await page.locator("main .button:visible").evaluate_all(BOXES)
    assert len({round(each) for each in heights if each < 40}) == 1


async def test_what_is_on_the_screen_stands_first_and_open(open_studio: Open, sale: Sale) -> None:
    page = await console(open_studio, sale, size=DESK)
    rows = page.locator("[data-bag-list] > *")
    await rows.last.locator("[data-pin]").click()
    await expect(rows.first).to_contain_text("Large kumquats")
    await expect(rows.first.locator("[data-pin]")).to_be_focused()
    await expect(rows.first.locator("[data-open]")).to_have_attribute("aria-expanded", "true")
    await expect(rows.first.locator(".bag__stock")).to_be_visible()
    # The others' acts are there for whoever points at a row or comes to it by the keyboard.
    acts = rows.last.locator(".bag__acts")
    await expect(acts).to_have_css("opacity", "0")
    await rows.last.hover()
    await expect(acts).to_have_css("opacity", "1")
    await page.mouse.move(0, 0)
    await rows.last.locator("[data-release='10']").focus()
    await expect(acts).to_have_css("opacity", "1")
    # Touch has neither: a tap opens the row.
    await open_row(rows.last)
    await expect(rows.last.locator(".bag__stock")).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, LANDSCAPE], ids=["upright", "lying"])
@pytest.mark.parametrize("role", ["host", "moderator"])
async def test_a_phone_is_a_camera_app(
    open_studio: Open, sale: Sale, host: Channel, size: tuple[int, int], role: str
) -> None:
    await busy(sale, host)
    page = await console(open_studio, sale, role=role, size=size)
    last = page.locator("[data-chat-list] > *").last
    await expect(last).to_contain_text("Line 14")
    await expect(last).to_be_in_viewport()
    # The page is as high as the screen, and the picture as all that the dock leaves.
    room = "document.documentElement.scrollHeight"
    assert await page.evaluate(room) <= size[1]
    assert await page.evaluate("document.documentElement.scrollWidth") <= size[0]
    picture, dock = (
        await box(page.locator("[data-preview]")),
        await box(page.locator("[data-dock]")),
    )
    assert (picture["y"], picture["width"]) == (0, size[0])
    assert round(picture["height"]) == round(dock["y"])
    if size == PHONE:
        lines = page.locator("[data-chat-list] > *")
        assert await lines.evaluate_all(IN_SIGHT) == 6
    tools = page.locator("[data-tools] button:visible")
    names = ["Chat", "Bag", "Orders", *(["Cameras"] if role == "host" else [])]
    for tool, name in itertools.zip_longest(await tools.all(), names):
        await expect(tool).to_contain_text(name)
        place = await box(tool)
        assert place["y"] + place["height"] <= dock["y"]
    assert await page.evaluate(SMALL_TARGETS) == []


async def sheets_of(page: Page) -> int:
    return await page.locator("dialog[open]").count()


async def test_what_opens_over_the_picture_holds_the_same_parts_as_the_columns(
    open_studio: Open, sale: Sale, host: Channel
) -> None:
    await busy(sale, host)
    page = await console(open_studio, sale, role="host", size=PHONE)
    for name, part in (("bag", "[data-bag]"), ("orders", "[data-orders]"), ("cameras", ".cams")):
        await expect(page.locator(part)).to_be_hidden()
        await open_panel(page, name)
        sheet = page.locator(f"#{name}-panel")
        await expect(sheet.locator(part)).to_be_attached()
        assert await page.evaluate(SMALL_TARGETS) == []
        await sheet.get_by_role("button", name="Close").click()
        await expect(sheet).to_be_hidden()
    # Turned to a large screen, each is back in its column.
    await open_panel(page, "bag")
    await page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    assert await sheets_of(page) == 0
    for part in ("[data-bag]", "[data-orders]", ".panel--cameras"):
        await expect(page.locator(f"main {part}")).to_be_visible()
    order_of = "elements => elements.map((element) => element.className || element.tagName)"
    stage = await page.locator(".console__stage > *").evaluate_all(order_of)
    assert stage.index("panel panel--cameras") < stage.index("panel panel--phone")
    assert stage[-1] == "panel"


async def test_the_orders_that_came_in_stand_at_their_button(open_studio: Open, sale: Sale) -> None:
    page = await console(open_studio, sale, role="host", size=PHONE)
    new = page.locator("[data-tools] [data-orders-new]")
    await expect(new).to_have_text("")
    await order(sale, 1)
    await expect(new).to_have_text("1")
    await open_panel(page, "orders")
    await expect(new).to_have_text("")


async def test_a_turned_phone_stays_at_the_end_of_the_chat(
    open_studio: Open, sale: Sale, host: Channel
) -> None:
    await busy(sale, host)
    page = await console(open_studio, sale, role="host", size=PHONE)
    last = page.locator("[data-chat-list] > *").last
    await expect(last).to_be_in_viewport(ratio=0.9)
    for width, height in (LANDSCAPE, (320, 640), PHONE):
        await page.set_viewport_size({"width": width, "height": height})
        await expect(last).to_be_in_viewport(ratio=0.9)
    # Whoever reads further above stays there.
    await page.locator("[data-chat-list]").evaluate("(list) => { list.scrollTop = 0; }")
    await expect(page.locator("[data-chat-list] > *").first).to_be_in_viewport()
    await host.call("chat.say", text="One more")
    await expect(page.locator("[data-chat-list] > *").last).to_contain_text("One more")
    await expect(last).not_to_be_in_viewport()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_the_reply_that_viewers_see_stays_in_sight_below_many_questions(
    open_studio: Open, sale: Sale, host: Channel, size: tuple[int, int]
) -> None:
    page = await console(open_studio, sale, role="host", size=size)
    async with await Channel.connect(sale.api.url, sale.broadcast) as viewer:
        asked = [await viewer.call("chat.say", text=f"How sweet is no. {n}?") for n in range(8)]
    for each in asked:
        await host.call("chat.queue", message=each["seq"])
    reply = "They are as sweet as honey this year, and the peel may be eaten, too"
    await host.call("chat.answer", message=asked[0]["seq"], reply=reply)
    if size == PHONE:
        await page.get_by_role("button", name="Chat", exact=False).first.click()
    questions = page.locator("[data-questions]")
    await expect(questions.locator("[data-reply-shown]")).to_have_text(reply)
    around = await box(questions)
    for part in (questions.locator("[data-reply-shown]"), questions.locator("[data-clear]")):
        await expect(part).to_be_in_viewport(ratio=1)
        own = await box(part)
        assert own["y"] + own["height"] <= around["y"] + around["height"] + 1
        assert own["x"] + own["width"] <= around["x"] + around["width"] + 1
    assert await page.locator(".question").evaluate_all(IN_SIGHT) >= 1
    await questions.locator("[data-clear]").click()
    await expect(questions.locator("[data-answer-shown]")).to_be_hidden()

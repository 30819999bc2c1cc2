"""What two pages of a team share: the queue of questions, and one camera of a browser."""

import re

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.browser.support.colour_cameras import GREEN, camera
from tests.browser.support.phone_panels import open_line
from tests.browser.support.selling import console

from farmlive.client import Channel
from farmlive.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

TAKEN = "Another page of this browser has the camera"
SENDS = "Sending. Viewers see this camera."


async def asked(site: Server, sale: Sale, text: str) -> None:
    """A viewer asks in the chat."""
    async with await Channel.connect(site.url, sale.broadcast) as viewer:
        await viewer.say(text, nickname="Wang")


async def test_a_question_is_marked_on_one_phone_and_answered_on_another(
    site: Server, sale: Sale, open_studio: Open
) -> None:
    desk = await console(open_studio, sale, size=DESK)
    phone = await console(open_studio, sale, role="moderator", size=PHONE)
    await asked(site, sale, "Are they sweet?")
    await open_line(phone, "Wang")
    await phone.get_by_role("button", name="Question from Wang").click()
    await expect(phone.locator(".toast")).to_contain_text("Wang's question is waiting")
    await expect(phone.locator("[data-tools] [data-questions-count]")).to_have_text("1")
    queue = desk.locator("[data-questions]")
    await expect(queue).to_contain_text("Are they sweet?")
    await queue.get_by_role("button", name="Reply to Wang…").click()
    sheet = desk.get_by_role("dialog", name="Wang: Are they sweet?")
    await sheet.get_by_label("Your reply").fill("Very sweet, no seeds.")
    await sheet.get_by_role("button", name="Show the reply").click()
    await expect(queue.locator("[data-answer-shown]")).to_contain_text("Very sweet, no seeds.")
    await expect(queue.locator(".question")).to_have_count(0)
    await expect(phone.locator("[data-tools] [data-questions-count]")).to_have_text("")
    # A reload shows what is so, from the server.
    await desk.reload()
    await expect(queue.locator("[data-answer-shown]")).to_contain_text("Very sweet, no seeds.")
    await queue.get_by_role("button", name="Clear from screen").click()
    await expect(queue).to_be_hidden()


async def test_a_question_is_answered_aloud_by_one_tap_or_dropped(
    site: Server, sale: Sale, open_studio: Open
) -> None:
    page = await console(open_studio, sale, size=PHONE)
    await page.get_by_role("button", name="Chat", exact=True).click()
    queue = page.locator("[data-questions]")
    for text in ("When do they ship?", "Bigger ones?"):
        await asked(site, sale, text)
        await expect(page.locator("[data-chat-list]")).to_contain_text(text)
        await open_line(page, "Wang")
        await page.get_by_role("button", name="Question from Wang").last.click()
        await expect(queue).to_contain_text(text)
    await queue.get_by_role("button", name="Answered: Wang").first.click()
    await expect(queue.locator("[data-answer-shown]")).to_contain_text("When do they ship?")
    await expect(queue.locator("[data-answer-shown]")).to_contain_text("Answered live")
    await queue.get_by_role("button", name="Dismiss Wang's question").click()
    await expect(queue.locator(".question")).to_have_count(0)


async def two_pages(open_studio: Open, sale: Sale) -> tuple[Page, Page]:
    """Two pages of one browser; the second has taken the camera from the first."""
    path = f"/studio/{sale.broadcast}"
    first = await open_studio(path, size=PHONE, script=camera(GREEN))
    await first.get_by_role("button", name="Use this camera").click()
    await first.get_by_role("button", name="Put it on air").click()
    await expect(first.get_by_text(SENDS)).to_be_visible()
    second = await first.context.new_page()
    await second.add_init_script(camera(GREEN))
    await second.goto(path)
    await second.get_by_role("button", name="Use this camera").click()
    await second.get_by_role("button", name=re.compile("Use this picture|Put it on air")).click()
    await expect(second.get_by_text("Sending.")).to_be_visible()
    return first, second


async def test_a_page_that_gave_the_camera_up_says_so_and_takes_it_again(
    sale: Sale, open_studio: Open
) -> None:
    first, second = await two_pages(open_studio, sale)
    notice = first.locator("[data-phone-elsewhere]")
    await expect(notice.get_by_role("heading")).to_have_text(TAKEN)
    size = await notice.get_by_role("heading").evaluate(
        "heading => Number.parseFloat(getComputedStyle(heading).fontSize)"
    )
    assert size >= 24, "it is said large"
    await expect(first.get_by_text("Sending.")).to_be_hidden()
    await second.close()
    await expect(first.get_by_text(SENDS)).to_be_visible()
    await expect(notice).to_be_hidden()


async def test_a_camera_that_was_put_off_is_offered_and_not_taken(
    sale: Sale, open_studio: Open
) -> None:
    first, second = await two_pages(open_studio, sale)
    notice = first.locator("[data-phone-elsewhere]")
    await expect(notice.get_by_role("heading")).to_have_text(TAKEN)
    await second.get_by_role("button", name="Camera off").click()
    await expect(notice.get_by_role("heading")).to_have_text("The camera is free")
    await expect(first.get_by_text("Sending.")).to_be_hidden()
    await notice.get_by_role("button", name="Take the camera here").click()
    await expect(first.get_by_text(SENDS)).to_be_visible()
    await expect(notice).to_be_hidden()


async def test_a_page_takes_the_camera_back_while_another_has_it(
    sale: Sale, open_studio: Open
) -> None:
    first, second = await two_pages(open_studio, sale)
    await first.get_by_role("button", name="Take the camera here").click()
    await expect(first.get_by_text(SENDS)).to_be_visible()
    taken = second.locator("[data-phone-elsewhere]").get_by_role("heading")
    await expect(taken).to_have_text(TAKEN)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_viewers_read_the_answer_over_their_chat(
    site: Server, sale: Sale, host: Channel, open_page: Open, size: tuple[int, int]
) -> None:
    viewer = await open_page(sale.path, size=size)
    place = viewer.locator("#answer")
    async with await Channel.connect(site.url, sale.broadcast) as other:
        message = (await other.say("Are they sweet?", nickname="Wang"))["seq"]
    await expect(viewer.locator("#chat")).to_contain_text("Are they sweet?")
    await expect(place).to_be_hidden()
    await host.answer(message)
    await expect(place).to_have_text("Wang: Are they sweet?The host is answering")
    await host.answer(message, "Very sweet.")
    await expect(place).to_contain_text("Very sweet.")
    await expect(place).to_be_in_viewport(ratio=1)
    # Whoever comes later reads it too, and nobody once its message is hidden.
    late = await open_page(sale.path, size=size, language="zh")
    await expect(late.locator("#answer")).to_contain_text("Very sweet.")
    await host.hide(message)
    await expect(place).to_be_hidden()
    await expect(late.locator("#answer")).to_be_hidden()

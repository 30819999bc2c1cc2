"""A buyer's order in Chromium: the code to say, what is wrong told with photos, and the answer."""

import io
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import FilePayload, Page, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.support.money import cny

from farmlive.ids import token

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

WORDS = {
    "en": {
        "tell": "Something is wrong with it…",
        "text": "What came damaged, and how many",
        "missing": "Say in a few words what is wrong.",
        "send": "Send",
        "look": "We are looking at it",
        "comes": "the answer will appear on this page",
        "answer": "Our answer",
        "back": "¥29.90 refunded",
        "code": "Your pick-up code",
        "again": "Send this photo again",
    },
    "zh": {
        "tell": "货有问题…",
        "text": "哪里坏了，坏了多少",
        "missing": "请简单写一下有什么问题。",
        "send": "发送",
        "look": "处理中",
        "comes": "答复会出现在这个页面上",
        "answer": "我们的答复",
        "back": "已退 ¥29.90",
        "code": "您的取货码",
        "again": "重新发送这张照片",
    },
}


def photo(shade: int = 40) -> FilePayload:
    written = io.BytesIO()
    Image.new("RGB", (2400, 1800), (210, 130, shade)).save(written, "JPEG")
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": written.getvalue()}


async def order(sale: Sale, *states: str, way: str = "parcel") -> Any:
    """An order of two boxes, brought through these states."""
    (centre, *_) = (await sale.api.request("GET", "/api/v1/centres"))["centres"]
    where = (
        {"way": "parcel", "address": "尤溪县 溪口村 18 号"}
        if way == "parcel"
        else {"way": "pickup", "centre": centre["id"]}
    )
    placed = await sale.api.commands(sale.broadcast).order(
        token(),
        {
            "lines": [{"offer": sale.offer, "quantity": 2, "price": 2990}],
            "buyer": {"name": "王芳", "phone": "13800000000"},
            "delivery": where,
            "payment": "cash_on_delivery" if way == "parcel" else "pay_at_pickup",
        },
    )
    for state in states:
        await step(sale, placed, "transitions", state=state)
    return placed


async def step(sale: Sale, placed: Any, what: str, **body: Any) -> Any:
    path = f"/api/v1/broadcasts/{sale.broadcast}/orders/{placed['id']}/{what}"
    return await sale.api.request("POST", path, json=body)


async def come_back(page: Page) -> None:
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_code_is_large_and_can_be_scanned_until_it_was_used(
    sale: Sale, open_page: Open, language: str
) -> None:
    words = WORDS[language]
    placed = await order(sale, "packed", "at_centre", way="pickup")
    page = await open_page(placed["url"], size=PHONE, language=language)
    code = (await sale.api.request("GET", f"/api/v1/orders/{placed['token']}"))["code"]
    pickup = page.locator(".pickup")
    await expect(pickup.get_by_role("heading", name=words["code"])).to_be_visible()
    assert (await pickup.locator(".pickup__code").inner_text()).replace("\n", "") == code
    box = await pickup.locator("svg").bounding_box()
    assert box is not None
    assert box["width"] >= 88
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    await step(sale, placed, "transitions", state="received", known_by="known_to_me")
    await come_back(page)
    await expect(pickup).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_what_came_damaged_is_told_with_photos_and_answered(
    sale: Sale, open_page: Open, language: str
) -> None:
    words = WORDS[language]
    placed = await order(sale, "packed", "shipped", "received")
    await step(sale, placed, "payments")
    page = await open_page(placed["url"], size=PHONE, language=language)
    await page.get_by_role("button", name=words["tell"]).click()
    sheet = page.locator("#claim-sheet")
    await sheet.get_by_role("button", name=words["send"], exact=True).click()
    await expect(sheet.get_by_text(words["missing"])).to_be_visible()
    await expect(sheet.get_by_label(words["text"])).to_be_focused()
    await sheet.locator("[data-photo-file]").set_input_files([photo(), photo(90)])
    await expect(sheet.locator(".photos__item")).to_have_count(2)
    await sheet.get_by_label(words["text"]).fill("两盒压坏了\n<b>crushed</b>")
    await sheet.get_by_role("button", name=words["send"], exact=True).click()
    told = page.locator(".claim")
    await expect(told).to_contain_text(words["look"])
    await expect(told).to_contain_text("<b>crushed</b>")
    await expect(page.locator("[data-next]")).to_contain_text(words["comes"])
    await expect(told.locator("img")).to_have_count(2)
    for place in range(2):
        width = (
            await told.locator("img")
            .nth(place)
            .evaluate(
                "async (picture) => { picture.loading = 'eager'; await picture.decode();"
                " return picture.naturalWidth; }"
            )
        )
        assert width == 1600
    await expect(page.get_by_role("button", name=words["tell"])).to_have_count(0)

    listed = await sale.api.request("GET", f"/api/v1/broadcasts/{sale.broadcast}/claims")
    claim = listed["orders"][0]["claims"][0]["id"]
    await sale.api.request(
        "POST",
        f"/api/v1/broadcasts/{sale.broadcast}/claims/{claim}/answer",
        json={"amount": cny(2990), "answer": "对不起，退一箱的钱。"},
    )
    await come_back(page)
    await expect(told).to_contain_text(words["back"])
    await expect(told).to_contain_text("对不起，退一箱的钱。")
    await expect(told).to_contain_text(words["answer"])
    await expect(page.get_by_role("button", name=words["tell"])).to_be_visible()


async def test_a_photo_that_was_not_sent_is_sent_again(sale: Sale, open_page: Open) -> None:
    words = WORDS["en"]
    placed = await order(sale, "packed", "shipped")
    page = await open_page(placed["url"], size=PHONE)
    await page.get_by_role("button", name=words["tell"]).click()
    sheet = page.locator("#claim-sheet")
    await page.context.set_offline(True)
    await sheet.locator("[data-photo-file]").set_input_files([photo(), photo(90)])
    await expect(sheet.get_by_role("alert")).to_contain_text("The photo couldn't be sent")
    await sheet.get_by_label(words["text"]).fill("crushed")
    await sheet.get_by_role("button", name=words["send"], exact=True).click()
    await expect(sheet.get_by_role("alert")).to_contain_text("A photo wasn't sent")
    await page.context.set_offline(False)
    await sheet.get_by_role("button", name="Remove this photo").first.click()
    await sheet.get_by_role("button", name=words["again"]).click()
    await expect(sheet.locator("[data-failed]")).to_have_count(0)
    await sheet.get_by_role("button", name=words["send"], exact=True).click()
    await expect(page.locator(".claim img")).to_have_count(1)


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("unknown-photo", "有一张照片找不到了。请删掉它，重新发一次。"),
        ("of-another-time", "这一项没有通过，请检查一下。"),
    ],
)
async def test_no_problem_is_told_in_english_on_a_chinese_page(
    sale: Sale, open_page: Open, problem: str, said: str
) -> None:
    words = WORDS["zh"]
    placed = await order(sale, "packed", "shipped")
    page = await open_page(placed["url"], size=PHONE, language="zh")
    await page.route(
        "**/claims",
        lambda route: route.fulfill(
            status=422,
            content_type="application/problem+json",
            json={"type": f"/problems/{problem}", "status": 422, "detail": "Nothing was sent."},
        ),
    )
    await page.get_by_role("button", name=words["tell"]).click()
    sheet = page.locator("#claim-sheet")
    await sheet.get_by_label(words["text"]).fill("两盒压坏了")
    await sheet.get_by_role("button", name=words["send"], exact=True).click()
    await expect(sheet.get_by_role("alert")).to_have_text(said)


async def test_what_was_undone_is_no_part_of_the_buyers_history(
    sale: Sale, open_page: Open
) -> None:
    placed = await order(sale)
    moves = f"/api/v1/broadcasts/{sale.broadcast}/orders/bulk-transitions"
    done = await sale.api.request("POST", moves, json={"orders": [placed["id"]], "state": "packed"})
    page = await open_page(placed["url"], size=PHONE)
    await expect(page.locator(".history__entry")).to_have_count(2)
    await sale.api.request("DELETE", f"{moves}/{done['id']}")
    await come_back(page)
    await expect(page.locator(".history__entry")).to_have_count(1)
    await expect(page.locator("[aria-current=step]")).to_have_text("Ordered")


LATE = {
    "en": {
        "cancel": "Cancel the order…",
        "sure": "Yes, cancel it",
        "packed": "Packed",
        "pickup": "It has just been packed and can no longer be cancelled here. "
        "Ask at the pick-up point",
        "parcel": "It has just been packed and can no longer be cancelled here. "
        "Ask Youxi, orders@example.org",
    },
    "zh": {
        "cancel": "取消订单……",
        "sure": "是的，取消",
        "packed": "已装箱",
        "pickup": "订单刚刚装箱，这里不能再取消了。请联系自提点",
        "parcel": "订单刚刚装箱，这里不能再取消了。请联系Youxi, orders@example.org",
    },
}


@pytest.mark.parametrize("way", ["parcel", "pickup"])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_who_cancels_what_was_packed_meanwhile_reads_whom_to_ask(
    sale: Sale, open_page: Open, language: str, way: str
) -> None:
    words = LATE[language]
    placed = await order(sale, way=way)
    page = await open_page(placed["url"], size=PHONE, language=language)
    await page.get_by_role("button", name=words["cancel"]).click()
    await step(sale, placed, "transitions", state="packed")
    sheet = page.locator("#cancel-sheet")
    await sheet.get_by_role("button", name=words["sure"]).click()
    await expect(sheet.get_by_role("alert")).to_contain_text(words[way])
    await expect(sheet.get_by_role("button", name=words["sure"])).to_have_count(0)
    await expect(page.locator("[data-cancel]")).to_have_count(0)
    await expect(page.locator("[aria-current=step]")).to_have_text(words["packed"])
    await expect(page.locator(".history__entry").last).to_contain_text(words["packed"])

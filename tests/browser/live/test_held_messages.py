"""Messages that a limit held back, in Chromium."""

import httpx
import pytest
from playwright.async_api import expect
from sqlalchemy import update
from tests.browser.conftest import PHONE, Open, Sale

from farmlive.ids import token
from farmlive.server import Server
from farmlive.shop.notices.tables import notices

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("language", "why", "send"),
    [
        ("en", "Too many for this number or address.", "Send anyway"),
        ("zh", "发给这个号码或邮箱的太多了。", "仍然发送"),
    ],
)
async def test_a_message_that_was_held_back_is_sent_anyway(
    open_studio: Open, sale: Sale, site: Server, language: str, why: str, send: str
) -> None:
    order = {
        "lines": [{"offer": sale.offer, "quantity": 1, "price": 2990}],
        "buyer": {"name": "Wang Fang", "phone": "13800000000"},
        "delivery": {"way": "parcel", "address": "Xikou"},
        "payment": "cash_on_delivery",
    }
    await site.house.shop.notices.stop()
    path = f"/api/v1/broadcasts/{sale.broadcast}/orders"
    async with httpx.AsyncClient(base_url=site.url) as stranger:
        for _ in range(2):
            await stranger.post(path, json=order, headers={"Idempotency-Key": token()})
    held_back = update(notices).values(state="held", held_by="number")
    await site.house.store.write(lambda connection: connection.execute(held_back))
    page = await open_studio("/studio/people", size=PHONE, language=language)
    held = page.locator('[data-list="held"]').get_by_role("listitem")
    await expect(held).to_have_count(2)
    await expect(held.first).to_contain_text("13800000000")
    await expect(held.first).to_contain_text(why)
    await held.first.get_by_role("button", name=send).click()
    await expect(held).to_have_count(1)
    counts = await site.house.shop.notices.counts()
    assert (counts["held"], counts["waiting"]) == (1, 1)

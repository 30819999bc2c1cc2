"""Hand-overs without an answer, in Chromium: each is its own buyer's, is kept over a reload, and is
sent until it is answered.
"""

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import Dialog, Locator, Page, Request, Route, expect
from tests.browser.conftest import Open, Sale
from tests.browser.support.desk import at_the_centre, states
from tests.browser.support.requests import body_of
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.shared_server(False)]

KEPT = "It is kept and sent automatically"
# What hands over what was found without its code.
TAKEN = "Known to me"


class Lost:
    """Nothing that is for this place arrives, until it is found again; keys of what was sent."""

    def __init__(self, page: Page, place: str, order: str | None = None) -> None:
        self.keys: list[str | None] = []
        self._page = page
        self._place = place
        self._order = order
        self.answer: dict[str, Any] | None = None
        self.is_found = False

    async def begin(self) -> "Lost":
        await self._page.route(self._place, self._meet)
        self._page.on("request", self._ask)
        return self

    async def again(self) -> None:
        """Wait until it was tried once more."""
        before = len(self.keys)
        await until(lambda: len(self.keys) > before, "it is tried again")

    def _ask(self, request: Request) -> None:
        if request.url.endswith(self._place.strip("*")) and self._is_meant(request):
            self.keys.append(request.headers.get("idempotency-key"))

    def _is_meant(self, request: Request) -> bool:
        return self._order is None or body_of(request)["order"] == self._order

    async def _meet(self, route: Route) -> None:
        if not self._is_meant(route.request):
            await route.fallback()
        elif self.answer:
            await route.fulfill(status=self.answer["status"], json=self.answer)
        elif self.is_found:
            await route.fallback()
        else:
            await route.abort()


async def open_sheet(page: Page, number: str) -> Locator:
    await page.get_by_role("button", name=f"Hand over: {number}").click()
    return page.get_by_role("dialog", name=number)


async def press(page: Page, number: str) -> Locator:
    sheet = await open_sheet(page, number)
    await sheet.get_by_role("button", name=TAKEN).click()
    return sheet


async def kept_in_tab(page: Page) -> str | None:
    kept: str | None = await page.evaluate("sessionStorage.getItem('farmlive.handing')")
    return kept


async def test_hand_over_without_an_answer_stays_out_of_the_next_buyers_sheet(
    open_studio: Open, sale: Sale
) -> None:
    first, second = [await at_the_centre(sale, number) for number in (1, 2)]
    page = await open_studio("/studio/handover")
    page.on("dialog", lambda dialog: dialog.accept())
    lost = await Lost(page, "**/handovers", first["id"]).begin()
    sheet = await press(page, first["number"])
    await expect(sheet).to_contain_text(KEPT)
    await sheet.get_by_role("button", name="Close").click()
    await expect(page.locator("[data-kept]")).to_contain_text(first["number"])
    # The next one is another one's: nothing of the first is said there, nor does it hold it up.
    sheet = await open_sheet(page, second["number"])
    deed = sheet.get_by_role("button", name=TAKEN)
    await lost.again()
    await expect(sheet.locator("[data-problem]")).to_be_hidden()
    await expect(deed).not_to_have_attribute("aria-busy", "true")
    # It stays open when the first is answered.
    lost.is_found = True
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.locator("[data-done-words]")).to_contain_text(f"{first['number']}, Wang 1")
    assert await states(sale) == ["received", "at_centre"]
    await expect(page.locator("[data-kept]")).to_be_hidden()
    await deed.click()
    await expect(sheet).to_be_hidden()
    await expect(page.locator("[data-done-words]")).to_contain_text(f"{second['number']}, Wang 2")
    assert await states(sale) == ["received", "received"]
    await page.goto("/studio/audit")
    for given in (first, second):
        await expect(page.get_by_text(f"handed {given['number']} over")).to_be_visible()


async def test_refusal_of_an_earlier_hand_over_is_told_as_its_own(
    open_studio: Open, sale: Sale
) -> None:
    first, second = [await at_the_centre(sale, number) for number in (1, 2)]
    page = await open_studio("/studio/handover")
    lost = await Lost(page, "**/handovers", first["id"]).begin()
    sheet = await press(page, first["number"])
    await expect(sheet).to_contain_text(KEPT)
    await sheet.get_by_role("button", name="Close").click()
    sheet = await open_sheet(page, second["number"])
    lost.answer = {"type": "/problems/not-in-state", "status": 409, "detail": "It was called off."}
    await page.evaluate("dispatchEvent(new Event('online'))")
    told = page.locator("[data-refused]")
    await expect(told.locator("li")).to_contain_text(first["number"])
    await expect(sheet).to_be_visible()
    await expect(sheet.locator("[data-problem]")).to_be_hidden()
    await sheet.get_by_role("button", name=TAKEN).click()
    await expect(page.locator("[data-done-words]")).to_contain_text(second["number"])
    await told.get_by_role("button", name="Close").click()
    await expect(told).to_be_hidden()
    # The first can be tried again.
    lost.answer, lost.is_found = None, True
    await press(page, first["number"])
    await expect(page.locator("[data-done-words]")).to_contain_text(first["number"])
    assert await states(sale) == ["received", "received"]


async def test_hand_over_and_its_undo_are_kept_over_a_reload(open_studio: Open, sale: Sale) -> None:
    waits = await at_the_centre(sale, 1)
    page = await open_studio("/studio/handover")
    warned: list[str] = []

    async def leave(dialog: Dialog) -> None:
        warned.append(dialog.type)
        await dialog.accept()

    page.on("dialog", leave)
    place = "**/handovers"
    lost = await Lost(page, place).begin()
    await page.keyboard.type(waits["code"])
    sheet = page.get_by_role("dialog", name=waits["number"])
    await sheet.get_by_role("button", name="Handed over, ¥29.90 collected").click()
    await expect(sheet).to_contain_text(KEPT)
    # Nothing of the buyer stays in the tab beside the code that was said.
    kept = await kept_in_tab(page)
    assert kept is not None
    (deed,) = json.loads(kept)
    assert deed.keys() == {"order", "broadcast", "number", "account", "by", "key", "taken"}
    assert deed["by"] == {"code": waits["code"]}
    await page.reload()
    assert warned == ["beforeunload"]
    await expect(page.get_by_text("Kept here, and sent automatically")).to_contain_text(
        waits["number"]
    )
    # Who opens it again sees how it stands with it.
    sheet = await open_sheet(page, waits["number"])
    await expect(sheet).to_contain_text(KEPT)
    lost.is_found = True
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(sheet).to_be_hidden()
    await expect(page.get_by_text("Wang 1: handed over, ¥29.90 collected.")).to_be_visible()
    assert await states(sale) == ["received"]
    assert len(set(lost.keys)) == 1
    assert await kept_in_tab(page) is None
    # So is what is taken back.
    undone = await Lost(page, "**/bulk-transitions/*").begin()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator("[data-done-words]")).to_contain_text(KEPT)
    await page.reload()
    await expect(page.get_by_text("Kept here, and sent automatically")).to_contain_text(
        waits["number"]
    )
    undone.is_found = True
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.get_by_text(f"{waits['number']} is back to how it was.")).to_be_visible()
    assert await states(sale) == ["at_centre"]
    assert await kept_in_tab(page) is None


async def test_order_that_is_found_late_comes_after_the_one_in_the_sheet(
    open_studio: Open, sale: Sale
) -> None:
    first, second = [await at_the_centre(sale, number) for number in (1, 2)]
    page = await open_studio("/studio/handover")
    is_found = asyncio.Event()

    async def late(route: Route) -> None:
        await is_found.wait()
        await route.continue_()

    await page.route("**/handovers/by-code", late)
    await expect(page.locator("[data-items] > li")).to_have_count(2)
    await page.keyboard.type(first["code"])
    sheet = await open_sheet(page, second["number"])
    async with page.expect_response("**/handovers/by-code"):
        is_found.set()
    await expect(page.locator("[data-code]")).to_have_value("")
    await expect(sheet).to_be_visible()
    await sheet.get_by_role("button", name=TAKEN).click()
    await expect(page.get_by_role("dialog", name=first["number"])).to_be_visible()
    await until(lambda: is_second_received(sale), "the one in the sheet was handed over")


async def is_second_received(sale: Sale) -> bool:
    return await states(sale) == ["at_centre", "received"]

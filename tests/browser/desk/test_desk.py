"""The order desk in Chromium: many orders moved on at once and taken back, what was refused, a lost
connection, claims and papers.
"""

import re
from io import BytesIO

import httpx
import pytest
from PIL import Image
from playwright.async_api import Request, Route, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.desk import at_the_centre, choose, desk, states
from tests.browser.support.selling import PICKUP, order
from tests.browser.support.touch_targets import SMALL_TARGETS

from farmlive.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]


async def test_all_that_fit_are_moved_on_by_one_press_and_taken_back(
    open_studio: Open, sale: Sale
) -> None:
    for number in range(1, 4):
        await order(sale, number)
    await order(sale, 4, way=PICKUP)
    page = await desk(open_studio, sale)
    await page.get_by_label("Way").select_option("parcel")
    await page.get_by_role("checkbox", name="Select all 3").check()
    bar = page.get_by_role("region", name="Selected orders")
    await expect(bar).to_contain_text("3 selected, ¥89.70")
    await bar.get_by_role("button", name="Packed 3").click()
    await expect(page.locator(".toast").get_by_text("3 orders are packed.")).to_be_visible()
    shipped = bar.get_by_role("button", name="Shipped 3")
    await expect(shipped).to_be_visible()
    await expect(bar.get_by_role("status")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(shipped).to_be_focused()
    assert await states(sale) == ["packed", "packed", "packed", "placed"]
    await page.get_by_role("button", name="Undo", exact=True).click()
    await expect(page.get_by_text("3 orders are back to how they were.")).to_be_visible()
    await expect(page.get_by_role("button", name="Undo: 3 orders are packed.")).to_be_hidden()
    assert await states(sale) == ["placed"] * 4
    await page.keyboard.press("Escape")
    await expect(bar).to_be_hidden()


async def test_what_is_refused_is_told_one_by_one(open_studio: Open, sale: Sale) -> None:
    first, second = [await order(sale, number) for number in (1, 2)]
    page = await desk(open_studio, sale)

    async def meanwhile(route: Route) -> None:
        await sale.api.change_order_state(sale.broadcast, second["id"], "cancelled")
        await route.continue_()

    await page.route("**/bulk-transitions", meanwhile)
    await choose(page, first["number"], second["number"])
    await page.get_by_role("button", name="Packed 2").click()
    told = page.get_by_role("alert").filter(has_text="1 order stayed as it was")
    await expect(told).to_contain_text(second["number"])
    await expect(told).to_contain_text("The order is now “cancelled”")
    # The way back stays above the list when the toast has gone.
    way_back = page.get_by_role("button", name=f"Undo: {first['number']} is packed.")
    await expect(way_back).to_be_visible()
    await told.get_by_role("button", name="Close").click()
    await expect(told).to_be_hidden()


async def test_what_nobody_collects_is_called_off_and_waits_again(
    open_studio: Open, sale: Sale
) -> None:
    waits = await at_the_centre(sale, 1)
    await order(sale, 2)
    page = await desk(open_studio, sale)
    await page.get_by_role("button", name=waits["number"], exact=True).click()
    await page.get_by_role("button", name="Cancel…").last.click()
    sheet = page.get_by_role("dialog", name="Cancel the order")
    await expect(sheet).to_contain_text("The boxes are packed and don't go back on sale")
    await sheet.get_by_label("Reason").fill("Nobody came for it.")
    await sheet.get_by_role("button", name="Cancel this order").click()
    await expect(page.locator(".toast")).to_contain_text(f"{waits['number']} is cancelled.")
    assert await states(sale) == ["cancelled", "placed"]
    await page.get_by_role("button", name="Undo", exact=True).click()
    await expect(page.get_by_text(f"{waits['number']} is back to how it was.")).to_be_visible()
    assert await states(sale) == ["at_centre", "placed"]
    await page.get_by_role("checkbox", name="Select all 2").check()
    await page.locator("[data-bar-cancel]").click()
    await expect(sheet).to_contain_text("The boxes of 1 order are packed and don't")


async def test_staff_are_told_why_a_cancellation_stands(open_studio: Open, sale: Sale) -> None:
    placed = await order(sale, 1)
    page = await desk(open_studio, sale)
    await page.get_by_role("button", name=placed["number"], exact=True).click()
    await page.get_by_role("button", name="Cancel…").last.click()
    sheet = page.get_by_role("dialog", name="Cancel the order")
    await expect(sheet).to_contain_text("The boxes go back on sale.")
    await sheet.get_by_label("Reason").fill("Rain.")
    await sheet.get_by_role("button", name="Cancel this order").click()
    way_back = page.get_by_role("button", name=f"Undo: {placed['number']} is cancelled.")
    await expect(way_back).to_be_visible()
    await order(sale, 2, quantity=20)
    await way_back.click()
    told = page.get_by_role("alert").filter(has_text="1 order stayed as it was")
    await expect(told).to_contain_text(
        f"{placed['number']} The order stays unchanged: its boxes have been sold since"
    )


async def test_nothing_is_lost_where_the_connection_drops(open_studio: Open, sale: Sale) -> None:
    await order(sale, 1)
    await order(sale, 2)
    page = await desk(open_studio, sale)
    page.on("dialog", lambda dialog: dialog.accept())
    answers = []

    async def lost(route: Route) -> None:
        # The server has done it; its answer never comes.
        answers.append(await route.fetch())
        await route.abort()

    await page.route("**/bulk-transitions", lost, times=1)
    await page.route("**/bulk-transitions", lambda route: route.abort(), times=1)
    await page.get_by_role("checkbox", name="Select all 2").check()
    await page.get_by_role("button", name="Packed 2").click()
    await expect(page.get_by_text("What you did with 2 orders is kept here")).to_be_visible()
    await page.unroute_all()
    # Over a reload too it is sent again, and is the same move.
    await page.reload()
    await expect(page.locator(".toast").get_by_text("2 orders are packed.")).to_be_visible()
    await expect(page.get_by_text("What you did with")).to_be_hidden()
    for each in await sale.api.orders(sale.broadcast):
        assert [step["state"] for step in each["history"]].count("packed") == 1


async def test_a_double_press_moves_once_and_is_told_once(open_studio: Open, sale: Sale) -> None:
    placed = await order(sale, 1)
    page = await desk(open_studio, sale)
    page.on("dialog", lambda dialog: dialog.accept())
    await page.route("**/bulk-transitions", lambda route: route.abort())
    await choose(page, placed["number"])
    asked: list[str] = []
    press = page.get_by_role("button", name="Packed 1")
    await press.evaluate("(button) => { button.click(); button.click(); }")
    await expect(page.get_by_text("What you did with 1 order is kept here")).to_be_visible()
    await page.unroute_all()

    def note(request: Request) -> None:
        if request.method == "POST":
            asked.append(request.url)

    page.on("request", note)
    toasts = page.locator(".toast")
    await expect(toasts).to_contain_text(f"{placed['number']} is packed.")
    await toasts.get_by_role("button", name="Undo").click()
    await expect(toasts).to_have_text(f"{placed['number']} is back to how it was.")
    assert await states(sale) == ["placed"]
    assert len(asked) == 1


async def test_orders_are_found_by_what_people_say(open_studio: Open, sale: Sale) -> None:
    first, second = [await order(sale, number) for number in (1, 2)]
    await sale.api.change_order_state(sale.broadcast, second["id"], "cancelled")
    page = await desk(open_studio, sale, size=PHONE)
    rows = page.locator("[data-order]")
    await expect(rows).to_have_count(1)
    await page.keyboard.press("/")
    find = page.get_by_label("Find")
    await expect(find).to_be_focused()
    for said, number in (
        ("wang 2", second["number"]),
        ("138 0000 0001", first["number"]),
        ("0002", second["number"]),
        (first["number"].lower(), first["number"]),
    ):
        await find.fill(said)
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text(number)
    # A name stands in no address.
    assert "wang" not in page.url.lower()


async def test_orders_that_can_not_be_read_are_asked_for_again(
    open_studio: Open, sale: Sale
) -> None:
    await order(sale, 1)
    page = await desk(open_studio, sale)
    await page.route("**/orders?limit=*", lambda route: route.abort())
    await page.reload()
    await expect(page.get_by_text("The server can't be reached")).to_be_visible()
    await expect(page.locator("[data-loading]")).to_be_hidden()
    await page.unroute_all()
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator("[data-order]")).to_have_count(1)
    await expect(page.get_by_text("The server can't be reached")).to_be_hidden()


async def test_the_choice_of_a_filter_is_kept_over_a_reload(open_studio: Open, sale: Sale) -> None:
    await order(sale, 1)
    picked = await order(sale, 2, way=PICKUP)
    page = await desk(open_studio, sale)
    await page.get_by_role("radio", name=re.compile("^Placed")).check(force=True)
    await page.get_by_label("Way").select_option("pickup")
    await page.reload()
    rows = page.locator("[data-order]")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text(picked["number"])
    await expect(page.get_by_label("Way")).to_have_value("pickup")


async def test_papers_are_of_what_is_chosen(open_studio: Open, sale: Sale) -> None:
    first, second, third = [await order(sale, number) for number in (1, 2, 3)]
    page = await desk(open_studio, sale)
    await choose(page, first["number"], third["number"])
    await page.get_by_role("button", name="Slips, labels, files…").last.click()
    sheet = page.get_by_role("dialog", name="Print or save")
    await expect(sheet).to_contain_text("2 selected orders")
    async with page.context.expect_page() as opened:
        await sheet.get_by_role("link", name="Labels").click()
    labels = await opened.value
    await expect(labels.get_by_role("article")).to_have_count(2)
    await expect(labels.get_by_text(second["number"])).to_have_count(0)
    printed = await labels.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2
    (box,) = set(re.findall(rb"/MediaBox\s*\[([^]]*)\]", printed))
    size = [float(part) for part in box.split()[2:]]
    assert size == pytest.approx([283.5, 425.2], abs=1)
    await labels.get_by_role("link", name="Packing slips").click()
    await expect(labels.get_by_role("article")).to_have_count(2)
    slips = await labels.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", slips)) == 1


async def test_a_claim_is_answered_with_money_back(
    open_studio: Open, sale: Sale, site: Server
) -> None:
    placed = await order(sale, 1, way=PICKUP)
    for state in ("packed", "at_centre", "received"):
        await sale.api.change_order_state(sale.broadcast, placed["id"], state, known_by="slip")
    await sale.api.mark_order_paid(sale.broadcast, placed["id"])
    page = await desk(open_studio, sale)
    photo = BytesIO()
    Image.new("RGB", (320, 240), "orange").save(photo, "JPEG")
    async with httpx.AsyncClient(base_url=site.url) as buyer:
        path = f"/api/v1/orders/{placed['token']}/claims"
        kept = await buyer.post(
            f"{path}/photos", content=photo.getvalue(), headers={"Content-Type": "image/jpeg"}
        )
        said = {"text": "Two boxes were crushed.", "photos": [kept.json()["id"]]}
        assert (await buyer.post(path, json=said)).status_code == 201
    await page.get_by_role("checkbox", name=re.compile("Claims")).check(force=True)
    row = page.locator("[data-order]")
    await row.get_by_role("button", name=re.compile("^Answer the claim")).click()
    sheet = page.get_by_role("dialog", name="Claim")
    await expect(sheet).to_contain_text("Two boxes were crushed.")
    shown = sheet.get_by_role("img", name="Photo 1 of the claim")
    await expect(shown).to_be_visible()
    await page.wait_for_function(
        "() => document.querySelector('.claim__photos img').naturalWidth === 320"
    )
    await sheet.get_by_label("Amount").fill("12.50")
    await sheet.get_by_label("What the buyer reads").fill("We are sorry for that.")
    await sheet.get_by_role("button", name="Send the answer").click()
    toast = page.locator(".toast").filter(has_text="¥12.50 of")
    await expect(toast).to_be_visible()
    await expect(page.get_by_text("No matching orders")).to_be_visible()
    (found,) = await sale.api.orders(sale.broadcast)
    assert found["refunded"]["amount"] == 1250
    # Undone, it waits for its answer again.
    await toast.get_by_role("button", name="Undo").click()
    await expect(row.get_by_role("button", name=re.compile("^Answer the claim"))).to_be_visible()
    (found,) = await sale.api.orders(sale.broadcast)
    assert (found["refunded"]["amount"], found["claims"][0]["state"]) == (0, "open")


@pytest.mark.shared_server(False)
async def test_the_desk_can_be_hit_with_a_thumb(open_studio: Open, sale: Sale) -> None:
    placed = await order(sale, 1)
    await at_the_centre(sale, 2)
    page = await desk(open_studio, sale, size=PHONE)
    await choose(page, placed["number"])
    for path in (None, "/studio/handover"):
        if path:
            await page.goto(path)
        await expect(page.locator("[aria-busy=true]")).to_have_count(0)
        assert await page.evaluate(SMALL_TARGETS) == []
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


FOUND = """async ([phone, finds]) => {
    const scripts = [...document.scripts].map(({ src }) => src);
    const beside = scripts.find((src) => src.includes("lib/ui/page.js"));
    const { matches } = await import(beside.replace("lib/ui/page.js", "lib/orders/match.js"));
    const buyer = { name: "Wang", phone };
    const order = { number: "A0001", buyer, lines: [], delivery: {}, claims: [] };
    return finds.map((find) => matches(order, { find }));
}"""


async def test_a_number_is_found_however_it_is_said(open_studio: Open, sale: Sale) -> None:
    page = await desk(open_studio, sale)
    for phone, said in (
        ("13912345678", ["0139 1234 5678", "+00139 1234 5678", "086139 1234 5678", "5678"]),
        ("+865981234567", ["0598 123 4567", "+86 598 1234567", "4567"]),
        ("+442079460000", ["020 7946 0000", "0044 20 7946 0000"]),
    ):
        assert await page.evaluate(FOUND, [phone, said]) == [True] * len(said), phone
        others = ["0139 1234 5679", "0598 123 4568"]
        assert await page.evaluate(FOUND, [phone, others]) == [False, False], phone

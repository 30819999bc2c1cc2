"""The review in Chromium: its headline and axis, how a number is counted, its lists, and who sees
what of it.
"""

import re
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from tests.browser.conftest import PHONE, Open, Sale

from farmlive.client import Channel
from farmlive.ids import token
from farmlive.server import Server

pytestmark = pytest.mark.browser

PASSWORD = "a good password"


@dataclass
class Sold:
    """The sale with two orders by parcel and two for two pick-up points, and a pinned card."""

    sale: Sale

    @property
    def path(self) -> str:
        return f"/review/{self.sale.broadcast}"

    async def order(self, quantity: int, phone: str, centre: str | None = None) -> None:
        parcel = {"way": "parcel", "address": "溪口村"}
        await self.sale.api.commands(self.sale.broadcast).order(
            token(),
            {
                "lines": [{"offer": self.sale.offer, "quantity": quantity, "price": 2990}],
                "buyer": {"name": "王小明", "phone": phone},
                "delivery": {"way": "pickup", "centre": centre} if centre else parcel,
                "payment": "pay_at_pickup" if centre else "cash_on_delivery",
            },
        )


@pytest_asyncio.fixture(loop_scope="session")
async def sold(site: Server, sale: Sale) -> Sold:
    _, key = await site.house.people.create_api_key("crew", "host")
    other = await sale.api.create_centre({"zh": "洋中镇", "en": "Yangzhong"}, {"en": "2 Market St"})
    first = (await sale.api.centres())[0]
    sold = Sold(sale)
    async with await Channel.connect(site.url, sale.broadcast, key=key) as host:
        await host.call("card.pin", offer=sale.offer)
        await host.call("offer.release", offer=sale.offer, quantity=5)
        await sold.order(2, "13800000001")
        await sold.order(1, "13800000002")
        await sold.order(2, "13800000003", first["id"])
        await sold.order(1, "13800000004", other["id"])
    return sold


async def as_someone(
    page: Page, sale: Sale, role: str, farms: tuple[str, ...] = (), *, then: str
) -> None:
    """Sign the page's browser in as somebody of that role, and go on there."""
    centres = [each["id"] for each in await sale.api.centres()] if role == "clerk" else []
    made = await sale.api.create_account("someone", role, farms=farms, centres=centres)
    body = {"name": "someone", "password": made["password"], "new_password": PASSWORD}
    answer = await page.request.post("/api/v1/session", data=body)
    assert answer.ok
    await page.goto(then)


async def fits(page: Page) -> bool:
    """Whether nothing of the page lies beside the screen."""
    return bool(
        await page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    )


async def test_a_host_reads_what_the_broadcast_sold(sold: Sold, open_page: Open) -> None:
    page = await open_page("/")
    await as_someone(page, sold.sale, "host", then=sold.path)
    headline = page.get_by_role("heading", level=1)
    await expect(headline).to_contain_text("Sold 6 boxes for ¥179.40 to 4 buyers.")
    await expect(headline).to_contain_text("sold 5 in")
    assert await fits(page)

    chart = page.get_by_role("group", name="Viewers and sales over time")
    await expect(chart.locator("canvas")).to_be_visible()
    await expect(chart).to_contain_text("Price changed")
    await chart.focus()
    await page.keyboard.press("End")
    await expect(chart).to_contain_text("watching")
    seen = []
    for _ in range(12):
        seen.append(await chart.locator("[data-moment]").inner_text())
        await page.keyboard.press("ArrowLeft")
    assert any("Pinned: Small kumquats: 4 orders, ¥179.40" in said for said in seen)

    behind = page.get_by_text("The same as a table")
    await behind.click()
    table = page.get_by_role("region", name="The same as a table")
    await expect(table).to_contain_text("pinned Small kumquats")
    await expect(table).to_contain_text("released 5 of Small kumquats")

    products = page.get_by_role("table", name="By product")
    await expect(products.get_by_role("row", name="Small kumquats")).to_contain_text("¥179.40")


async def test_each_number_says_on_tap_how_it_is_counted(sold: Sold, open_page: Open) -> None:
    page = await open_page("/", size=PHONE)
    await as_someone(page, sold.sale, "coordinator", then=sold.path)
    said = page.get_by_text("GPM: gross for each 1,000 views.").first
    await expect(said).to_be_hidden()
    await page.get_by_text("GPM, gross per 1,000 views").tap()
    await expect(said).to_be_visible()
    for figure in await page.locator("details[data-how]").all():
        await figure.evaluate("(details) => { details.open = true; }")
        assert re.search(r"\w", await figure.locator(".figure__how").inner_text())
    assert await fits(page)


async def test_a_live_review_brings_itself_up_to_date(sold: Sold, open_page: Open) -> None:
    page = await open_page("/")
    await as_someone(page, sold.sale, "host", then=sold.path)
    headline = page.get_by_role("heading", level=1)
    await expect(headline).to_contain_text("Sold 6 boxes")
    await page.get_by_text("Net sales").click()
    await sold.order(3, "13800000009")
    await page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    await expect(headline).to_contain_text("Sold 9 boxes for ¥269.10 to 5 buyers.")
    await expect(page.locator("[data-fresh]")).to_contain_text("Updated automatically at")
    # What was read is still open.
    await expect(page.locator('[data-how="net-big"]')).to_have_attribute("open", "")


async def test_it_is_read_in_chinese_on_a_phone(sold: Sold, open_page: Open) -> None:
    page = await open_page("/", size=PHONE, language="zh")
    await as_someone(page, sold.sale, "coordinator", then=sold.path)
    headline = page.get_by_role("heading", level=1)
    await expect(headline).to_contain_text("售出 6 件，成交 ¥179.40，共 4 位买家。")
    assert await fits(page)
    await page.get_by_role("link", name="采收备货单", exact=True).tap()
    await expect(page.get_by_role("heading", level=1)).to_have_text("采收备货单")
    row = page.get_by_role("row", name="小金桔")
    await expect(row).to_contain_text("6")
    await expect(row).to_contain_text("15")
    assert await fits(page)


async def test_a_tap_on_the_axis_shows_its_moment(sold: Sold, open_page: Open) -> None:
    page = await open_page("/", size=PHONE)
    await as_someone(page, sold.sale, "host", then=sold.path)
    chart = page.get_by_role("group", name="Viewers and sales over time")
    await chart.scroll_into_view_if_needed()
    await expect(chart).to_contain_text("Card pinned")
    await chart.locator(".u-over").tap()
    await expect(chart).to_contain_text("watching")


async def test_nothing_sold_yet_is_a_page_too(sale: Sale, open_page: Open) -> None:
    page = await open_page("/")
    await as_someone(page, sale, "host", then=f"/review/{sale.broadcast}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Nothing has been ordered yet.")
    await expect(page.get_by_role("link", name="Pick list", exact=True)).to_have_count(0)
    await page.goto(f"/review/{sale.broadcast}/lists/pick-list")
    await expect(page.get_by_text("This sheet is empty")).to_be_visible()


async def test_lists_are_taken_away_as_files(sold: Sold, open_page: Open) -> None:
    page = await open_page("/")
    await as_someone(page, sold.sale, "host", then=sold.path)
    for name, file in (("Excel", "settlement-"), ("CSV", "settlement-")):
        async with page.expect_download() as started:
            await page.get_by_role("link", name=f"Settlement as {name}").click()
        download = await started.value
        assert download.suggested_filename.startswith(file)
        assert (await download.path()).stat().st_size > 100


async def test_each_pick_up_points_list_prints_on_a_page_of_its_own(
    sold: Sold, open_page: Open
) -> None:
    page = await open_page("/")
    await as_someone(page, sold.sale, "clerk", then=sold.path)
    await expect(page).to_have_url(re.compile(r"/lists/hand-over$"))
    await expect(page.get_by_role("heading", name="Chengguan")).to_be_visible()
    await expect(page.get_by_role("heading", name="Yangzhong")).to_be_visible()
    # Below the table it would stand alone on the next page once this one is full.
    await expect(page.locator(".list__head", has_text="Yangzhong")).to_contain_text("2 Market St")
    await expect(page.get_by_role("row", name="13800000003")).to_contain_text("¥59.80")
    await expect(page.get_by_text("13800000001")).to_have_count(0)
    printed = await page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2
    await page.emulate_media(media="print")
    await expect(page.get_by_role("button", name="Print")).to_be_hidden()
    await expect(page.locator(".list__box").first).to_be_visible()


async def test_a_seller_reads_own_farms_part(sold: Sold, open_page: Open) -> None:
    page = await open_page("/", size=PHONE)
    await as_someone(page, sold.sale, "seller", (sold.sale.farm,), then="/review")
    await page.get_by_role("link", name=re.compile("Kumquats live")).tap()
    headline = page.get_by_role("heading", level=1)
    await expect(headline).to_contain_text("Sold 6 boxes for ¥179.40")
    await expect(page.get_by_text("This is your farms' part of the broadcast")).to_be_visible()
    await expect(page.get_by_role("link", name="Packing list as CSV")).to_have_count(0)
    await expect(page.get_by_role("link", name="Handover list as CSV")).to_have_count(0)
    answer = await page.request.get(f"{sold.path}/sheets/hand-over.csv")
    assert answer.status == 403

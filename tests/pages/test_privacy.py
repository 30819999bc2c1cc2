"""The privacy page says what is kept, how long as it is set, and whom to ask; pages of orders whose
buyer's details were removed say so.
"""

import asyncio
import html
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from structlog.testing import capture_logs
from tests.pages.conftest import BUYER, Sale
from tests.pages.page_text import words
from tests.support.clerks import role_key
from tests.support.parts import pages_of

from farmlive.client import Api
from farmlive.clock import DAY_MS, now_ms, pretended
from farmlive.pages.privacy import contact_url
from farmlive.pages.rendering.languages import LANGUAGES
from farmlive.people import Caller
from farmlive.people.core.roles import ROLES
from farmlive.server import Server, serve
from farmlive.settings import Settings

SET = {
    "person_days": 111,
    "outbox_days": 12,
    "watch_days": 113,
    "sale_years": 14,
    "backup_days": 115,
    "county_name": "Youxi <county>",
    "county_contact": "orders@example.org",
}


NO_CONTACT = {"county_name": "", "county_contact": ""}


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """A test says by its parameter what it needs other than the default."""
    return settings.model_copy(update=getattr(request, "param", {}))


@pytest.mark.parametrize("settings", [SET], indirect=True)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_says_how_long_and_whom_to_ask_as_it_is_set(
    language: str, site: Server, visitor: httpx.AsyncClient
) -> None:
    page = await visitor.get("/privacy", params={"lang": language})
    assert page.status_code == 200
    said = words(page)
    for name, value in SET.items():
        assert str(value) in said, name
    assert 'href="mailto:orders@example.org"' in page.text
    assert "Youxi &lt;county&gt;" in page.text


@pytest.mark.parametrize(
    "settings", [NO_CONTACT, NO_CONTACT | {"backup_days": 0}], indirect=True, ids=["unset", "none"]
)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_the_operator_has_not_set_is_not_promised(
    language: str, site: Server, visitor: httpx.AsyncClient
) -> None:
    said = words(await visitor.get("/privacy", params={"lang": language}))
    assert {"en": "has given no contact yet", "zh": "尚未提供联系方式"}[language] in said
    assert {"en": "order number ready", "zh": "请备好订单号"}[language] not in said
    none = {"en": "Backups: none are kept.", "zh": "备份：没有备份。"}[language]
    assert (none in said) is (site.house.settings.backup_days == 0)
    ask = {"en": "Ask us how long backups are kept", "zh": "备份保存多久，请向我们询问"}[language]
    # On the page, and in the sheet in which one erases.
    assert said.count(ask) == (2 if site.house.settings.backup_days is None else 0)


@pytest.mark.parametrize("settings", [{"notices": ("file",)}], indirect=True)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_where_no_code_comes_the_limit_is_said_first_and_the_other_way(
    language: str, site: Server, visitor: httpx.AsyncClient
) -> None:
    said = words(await visitor.get("/privacy", params={"lang": language}))
    limit, link, nothing = {
        "en": ("including those about orders", "or use an order's page", "we keep nothing under"),
        "zh": ("包括订单短信", "到订单页面", "没有保存这个号码"),
    }[language]
    assert said.index(limit) < said.index(link) < said.index(nothing)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_chat_has_no_end_and_mutes_have_one(
    language: str, site: Server, visitor: httpx.AsyncClient
) -> None:
    said = words(await visitor.get("/privacy", params={"lang": language}))
    assert {"en": "No fixed end", "zh": "没有期限"}[language] in said
    assert {"en": "until it ends, 90 days", "zh": "保存到禁言结束，最多 90 天"}[language] in said


async def test_coordinators_are_told_that_the_contact_is_missing(
    site: Server, settings: Settings
) -> None:
    for values, lacks in ((SET, False), (NO_CONTACT, True), ({"county_contact": " "}, True)):
        pages = pages_of(settings.model_copy(update=values), site.house.guard)
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
        told = set()
        for role in ROLES:
            caller = Caller("A", "lin", role, "a device", None)
            page = pages.html(
                Request(scope), "studio/seller.html", caller=caller, farms=[], broadcasts=[]
            )
            if "data-lacks-contact" in page:
                told.add(role)
        assert told == ({"coordinator"} if lacks else set())


@pytest.mark.parametrize(("values", "lacks"), [(SET, False), (NO_CONTACT, True)])
async def test_the_log_says_that_the_contact_is_missing(
    values: dict[str, Any], lacks: bool, settings: Settings, tables: None
) -> None:
    stop = asyncio.Event()

    async def ready(_server: Server) -> None:
        stop.set()

    with capture_logs() as log:
        await serve(settings.model_copy(update=values), ready, stop)
    assert any("FARMLIVE_COUNTY_CONTACT" in line["event"] for line in log) is lacks


@pytest.mark.parametrize(
    ("contact", "url"),
    [
        ("orders@example.org", "mailto:orders@example.org"),
        (" 0598-632 1234 ", "tel:05986321234"),
        ("+86 598 6321234", "tel:+865986321234"),
        ("Call 0598-6321234 by day", ""),
        ('"><script>@x.y', ""),
        ("javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_a_contact_is_a_link_where_it_is_an_address_alone(contact: str, url: str) -> None:
    assert contact_url(contact) == url


async def test_it_is_linked_where_one_buys_claims_comes_as_a_guest_and_below(
    site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    key = await role_key(site.house, "coordinator")
    made = await visitor.post(
        f"/api/v1/broadcasts/{sale.broadcast}/guests",
        json={"label": "Wang"},
        headers={"Authorization": f"Bearer {key}"},
    )
    guest = made.json()["url"].removeprefix(site.house.settings.url)
    for path in ("/", "/sign-in", f"/live/{sale.broadcast}", sale.order, guest):
        page = await visitor.get(path)
        assert 'href="/privacy"' in page.text, path
    live = (await visitor.get(f"/live/{sale.broadcast}")).text
    assert 'href="/privacy"' in live[live.index('id="buy-sheet"') :].split("</dialog>")[0]
    order = (await visitor.get(sale.order)).text
    assert 'href="/privacy"' in order[order.index('id="claim-sheet"') :]


@pytest.mark.parametrize(
    "settings", [SET, NO_CONTACT], indirect=True, ids=["contact", "no contact"]
)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_of_an_erased_order_takes_no_complaint(
    language: str, site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    order = await site.house.shop.order(sale.order.removeprefix("/order/"))
    async with Api(site.url, key=await role_key(site.house, "coordinator")) as api:
        for state in ("packed", "shipped", "received"):
            await api.change_order_state(sale.broadcast, order.id, state)
        await api.mark_order_paid(sale.broadcast, order.id)
    lang = {"lang": language}
    assert "data-claim>" in (await visitor.get(sale.order, params=lang)).text
    assert (await visitor.post(f"/api/v1/orders/{order.token}/erasures")).json() == {"orders": 1}
    page = await visitor.get(sale.order, params=lang)
    assert "data-claim>" not in page.text
    assert 'id="order-erased"' in page.text
    whom = {"en": "the shop", "zh": "本店的运营方"}[language]
    assert (site.house.county.whom_to_ask() or whom) in html.unescape(page.text)
    claim = await visitor.post(f"/api/v1/orders/{order.token}/claims", json={"text": "x"})
    assert (claim.status_code, claim.json()["type"]) == (409, "/problems/details-erased")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_order_without_its_person_is_shown_everywhere(
    language: str, site: Server, sale: Sale, visitor: httpx.AsyncClient, host: httpx.AsyncClient
) -> None:
    key = await role_key(site.house, "coordinator")
    order = (await site.house.shop.order(sale.order.removeprefix("/order/"))).id
    async with Api(site.url, key=key) as api:
        for state in ("packed", "shipped", "received"):
            await api.change_order_state(sale.broadcast, order, state)
        await api.mark_order_paid(sale.broadcast, order)
    with pretended(now_ms() + 181 * DAY_MS):
        removed = await site.house.retention.remove()
    assert removed.persons == 1
    lang = {"lang": language}
    page = await visitor.get(sale.order, params=lang)
    assert page.status_code == 200
    assert {"en": "as promised", "zh": "已按承诺"}[language] in words(page)
    assert BUYER["name"] not in page.text
    assert "None" not in words(page)
    at = f"/studio/{sale.broadcast}/orders"
    for path in (at, f"{at}/slips", f"{at}/labels", f"/review/{sale.broadcast}/lists/packing"):
        shown = await host.get(path, params=lang)
        assert shown.status_code == 200, path
        assert BUYER["phone"] not in shown.text
        if path != at:  # whose rows are a script's: tests/browser/desk/test_erased_buyer.py
            assert {"en": "removed", "zh": "已删除"}[language] in words(shown), path
            assert "None" not in words(shown), path
    orders = await host.get(f"/api/v1/broadcasts/{sale.broadcast}/orders")
    (found,) = orders.json()["orders"]
    assert (found["buyer"], found["delivery"]["address"]) == (None, None)
    assert found["person_gone_at"]

"""An order's page: its buyer's, and what the code on the paper opens."""

import re
from typing import Any

import httpx
import pytest
import segno
from pydantic import SecretStr
from tests.pages.conftest import BUYER, Sale
from tests.pages.page_text import words
from tests.support.money import cny

from farmlive.client import Api
from farmlive.ids import ulid
from farmlive.server import Server
from farmlive.settings import Settings
from farmlive.shop.orders import document_links

MAILING = {
    "notices": ("file", "smtp"),
    "smtp_url": SecretStr("smtp://127.0.0.1:9"),
    "smtp_from": "Youxi <orders@example.org>",
}


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """A test says by its parameter what it needs other than the default."""
    return settings.model_copy(update=getattr(request, "param", {}))


async def pick_up(site: Server, sale: Sale) -> dict[str, str]:
    """An order that is picked up, as its buyer is answered."""
    _, key = await site.house.people.create_api_key("desk", "coordinator")
    async with Api(site.url, key=key) as api:
        words = {"zh": "城关镇", "en": "Chengguan"}
        centre = (await api.create_centre(words, words))["id"]
        offer = (await api.offers(sale.broadcast))[0]["id"]
        order = {
            "lines": [{"offer": offer, "quantity": 1, "price": 2990}],
            "buyer": BUYER,
            "delivery": {"way": "pickup", "centre": centre},
            "payment": "pay_at_pickup",
        }
        placed = await api.commands(sale.broadcast).order("a-key-of-a-pick-up-01", order)
    return {name: str(placed[name]) for name in ("id", "token", "code", "url")}


NO_CONTACT = {"county_name": "", "county_contact": ""}
TOO_LATE = {
    "en": ("Ask Youxi, orders@example.org and", "Once it is on its way, write to the farm"),
    "zh": ("请联系Youxi, orders@example.org，", "发货以后，可以点这一页的"),
}


def path_of(order: str, token: str) -> str:
    return f"/order/{order}/{document_links.mark_of(token)}"


@pytest.mark.parametrize("settings", [{}, NO_CONTACT], indirect=True, ids=["contact", "none"])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_who_cancels_too_late_reads_whom_to_ask_whatever_became_of_the_broadcast(
    language: str, site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    order = await site.house.shop.order(sale.order.removeprefix("/order/"))
    _, key = await site.house.people.create_api_key("desk", "coordinator")
    async with Api(site.url, key=key) as api:
        await api.change_order_state(sale.broadcast, order.id, "packed")
        await api.end(sale.broadcast)
    page = words(await visitor.get(sale.order, params={"lang": language}))
    with_contact, without = TOO_LATE[language]
    assert (with_contact if site.house.county.whom_to_ask() else without) in page
    assert {"en": "chat", "zh": "聊天"}[language] not in page


async def test_paper_opens_the_order_without_the_code_and_the_buyers_address(
    site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    placed = await pick_up(site, sale)
    own = await visitor.get(placed["url"], params={"lang": "en"})
    code = f"{placed['code'][:3]}<span"
    assert code in own.text
    page = await visitor.get(path_of(placed["id"], placed["token"]), params={"lang": "en"})
    assert page.status_code == 200
    assert page.headers["referrer-policy"] == "no-referrer"
    for said in (BUYER["name"], "Kumquats", "¥29.90", "pick-up code is on the buyer"):
        assert said in page.text.replace("&#39;", "'")
    for hidden in (code, placed["code"], placed["token"], "pickup__qr", "data-cancel>"):
        assert hidden not in page.text


async def test_paper_says_nothing_of_what_buyer_and_farm_wrote(
    site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    """Reasons, claims and answers, the sums of refunds and the address of mail are not for who
    carries the box."""
    _, key = await site.house.people.create_api_key("till", "coordinator")
    token = sale.order.rsplit("/", 1)[-1]
    words = ["three are crushed", "sorry for those", "one was small", "called off by you"]
    async with Api(site.url, key=key) as api:
        order = (await api.orders(sale.broadcast))[0]["id"]
        for state in ("packed", "shipped"):
            await api.change_order_state(sale.broadcast, order, state)
        claim = (await api.claim(token, words[0]))["claims"][0]["id"]
        await api.answer_claim(sale.broadcast, claim, words[1], amount=cny(100))
        await api.refund_order(sale.broadcast, order, cny(200), words[2])
        await api.change_order_state(sale.broadcast, order, "cancelled", words[3])
    own = await visitor.get(sale.order, params={"lang": "en"})
    page = await visitor.get(path_of(order, token), params={"lang": "en"})
    for said in (own, page):
        assert said.status_code == 200
        assert BUYER["name"] in said.text
        assert said.text.count("history__entry") == own.text.count("history__entry") > 4
    for hidden in words:
        assert hidden in own.text
        assert hidden not in page.text
    shop = site.house.shop
    found = await shop.order_by_document(order, document_links.mark_of(token))
    assert found.claims == []
    assert {(step.reason, step.amount, step.refund) for step in found.history} == {
        (None, None, None)
    }
    assert any(step.reason for step in (await shop.order(token)).history)


@pytest.mark.parametrize(
    ("language", "refuse", "back"),
    [
        ("en", "You may refuse the parcel and don't have to pay", "refund"),
        ("zh", "可以拒收，不用付款", "退款"),
    ],
)
async def test_a_stopped_order_says_whether_to_pay(
    site: Server, sale: Sale, visitor: httpx.AsyncClient, language: str, refuse: str, back: str
) -> None:
    _, key = await site.house.people.create_api_key("till", "coordinator")

    async def says() -> str:
        text = (await visitor.get(sale.order, params={"lang": language})).text
        found = re.search(r"data-next>(.*?)</p>", text, re.DOTALL)
        assert found
        return found[1]

    async with Api(site.url, key=key) as api:
        order = (await api.orders(sale.broadcast))[0]["id"]
        lot = (await api.offers(sale.broadcast))[0]["lot"]["id"]
        failed = {"at": "2026-11-20T08:00:00+08:00", "result": {"en": "Bad"}, "passed": False}
        await api.change_order_state(sale.broadcast, order, "packed")
        await api.change_order_state(sale.broadcast, order, "shipped")
        await api.request("POST", f"/api/v1/lots/{lot}/inspections", json=failed)
        assert refuse in await says()
        assert back not in await says()


async def test_paper_tells_no_address_of_mail(site: Server, sale: Sale) -> None:
    async with Api(site.url) as api:
        offer = (await api.offers(sale.broadcast))[0]["id"]
        order = {
            "lines": [{"offer": offer, "quantity": 1, "price": 2990}],
            "buyer": {**BUYER, "email": "wang@example.org"},
            "delivery": {"way": "parcel", "address": "Meixian, Youxi"},
            "payment": "cash_on_delivery",
        }
        placed = await api.commands(sale.broadcast).order("a-key-of-a-parcel-001", order)
    shop = site.house.shop
    found = await shop.order_by_document(placed["id"], document_links.mark_of(placed["token"]))
    assert found.buyer is not None
    assert (found.buyer.name, found.buyer.phone) == (BUYER["name"], BUYER["phone"])
    assert found.buyer.email is None
    own = (await shop.order(placed["token"])).buyer
    assert own is not None
    assert own.email == "wang@example.org"


async def test_paper_speaks_chinese_too(
    site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    placed = await pick_up(site, sale)
    page = await visitor.get(path_of(placed["id"], placed["token"]), params={"lang": "zh"})
    assert "取货码只显示在买家自己的页面上" in page.text


@pytest.mark.parametrize(
    ("language", "comes", "back"),
    [
        ("en", "¥29.90 will be refunded", "and your money was refunded"),
        ("zh", "¥29.90 会退还给您", "款项已退还"),
    ],
)
async def test_who_paid_for_a_cancelled_order_reads_what_comes_back(
    site: Server, sale: Sale, visitor: httpx.AsyncClient, language: str, comes: str, back: str
) -> None:
    placed = await pick_up(site, sale)
    _, key = await site.house.people.create_api_key("till", "coordinator")

    async def page() -> str:
        return (await visitor.get(placed["url"], params={"lang": language})).text

    nothing = {"en": "nothing to pay", "zh": "不用付款"}[language]
    async with Api(site.url, key=key) as api:
        assert nothing in await page()
        await api.mark_order_paid(sale.broadcast, placed["id"])
        # What is asked before it is cancelled.
        assert nothing not in await page()
        await api.change_order_state(sale.broadcast, placed["id"], "cancelled")
        assert comes in await page()
        assert nothing not in await page()
        await api.refund_order(sale.broadcast, placed["id"], cny(1_000), "Rain.")
        assert comes.replace("29.90", "19.90") in await page()
        await api.refund_order(sale.broadcast, placed["id"], cny(1_990), "Rain.")
        assert back in await page()


async def test_paper_of_another_order_opens_nothing(
    site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    placed = await pick_up(site, sale)
    for order, mark in (
        (placed["id"], document_links.mark_of(sale.order.rsplit("/", 1)[-1])),
        (ulid(), document_links.mark_of(placed["token"])),
        (placed["id"], placed["token"]),
        (placed["id"], "é"),
    ):
        assert (await visitor.get(f"/order/{order}/{mark}")).status_code == 404
    # What stands on paper is no token: it opens no buyer's page and cancels nothing.
    mark = document_links.mark_of(placed["token"])
    assert (await visitor.get(f"/order/{mark}")).status_code == 404
    assert (await visitor.post(f"/api/v1/orders/{mark}/cancellation", json={})).status_code == 404


async def test_papers_show_no_address_of_a_buyers_page(
    site: Server, sale: Sale, host: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    make = segno.make

    def seen(text: str, **how: Any) -> segno.QRCode:
        drawn.append(text)
        return make(text, **how)

    monkeypatch.setattr(segno, "make", seen)
    placed = await pick_up(site, sale)
    for paper in ("slips", "labels"):
        drawn.clear()
        page = await host.get(f"/studio/{sale.broadcast}/orders/{paper}")
        assert page.status_code == 200
        assert f"{site.url}{path_of(placed['id'], placed['token'])}" in drawn
        tokens = (placed["token"], sale.order.rsplit("/", 1)[-1])
        assert not any(token in text for token in tokens for text in (*drawn, page.text))


@pytest.mark.parametrize(
    ("settings", "asked"), [({}, False), (MAILING, True)], indirect=["settings"]
)
async def test_mail_is_asked_for_only_where_some_is_sent(
    sale: Sale, visitor: httpx.AsyncClient, asked: bool
) -> None:
    page = await visitor.get(f"/live/{sale.broadcast}", params={"lang": "en"})
    assert bool(re.search(r'<input[^>]* name="email"', page.text)) is asked


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "lot 1123, was stopped; the county has since lifted it."),
        ("zh", "曾经停售，县里已解除。"),
    ],
)
async def test_an_order_tells_with_which_sentence_its_lot_was_lifted(
    site: Server, sale: Sale, visitor: httpx.AsyncClient, language: str, said: str
) -> None:
    _, key = await site.house.people.create_api_key("till", "coordinator")
    token = sale.order.rsplit("/", 1)[-1]
    sentence = "The second sample was clean; the first was mixed up."

    async def page() -> str:
        return (await visitor.get(sale.order, params={"lang": language})).text

    async def line() -> dict[str, Any]:
        found: dict[str, Any] = (await visitor.get(f"/api/v1/orders/{token}")).json()
        return dict(found["lines"][0])

    async with Api(site.url, key=key) as api:
        order = (await api.orders(sale.broadcast))[0]["id"]
        lot = (await api.offers(sale.broadcast))[0]["lot"]["id"]
        failed = {"at": "2026-11-20T08:00:00+08:00", "result": {"en": "Bad"}, "passed": False}
        await api.request("POST", f"/api/v1/lots/{lot}/inspections", json=failed)
        assert said not in await page()
        assert (await line())["lot_lifted"] is None
        finding = (await api.story(lot))["findings"][0]["id"]
        lift = await api.lift_lot(lot, [finding], sentence)
        assert said in await page()
        assert sentence in await page()
        assert (await line())["lot_lifted"]["sentence"] == sentence
        assert (await line())["lot_stopped"] == []
        await api.change_order_state(sale.broadcast, order, "cancelled", "too late")
        assert said not in await page()
        await api.undo_lift(lot, lift["id"], "The wrong lot")
        assert (await line())["lot_lifted"] is None

"""Holds, steps of orders and the catalogue by HTTP: shapes, roles, and what is refused."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import Request
from fastapi.responses import JSONResponse
from tests.shop.conftest import PRICE
from tests.support.money import cny
from tests.support.parts import people_of, with_device

from farmlive import command_routes
from farmlive.edge import http_edge
from farmlive.ids import token, ulid
from farmlive.openapi import Api
from farmlive.people import Guard
from farmlive.people.core.cookies import Cookies
from farmlive.problems import Problem
from farmlive.settings import Settings
from farmlive.shop.commands import commands
from farmlive.shop.routes import orders as order_routes
from farmlive.shop.routes.offers import routes
from farmlive.store import Store

As = Callable[..., Any]


@pytest.fixture
async def door(store: Store, settings: Settings, stall: Any) -> AsyncIterator[As]:
    """A client a role; without one a viewer, each on a device of its own."""
    people = people_of(store, settings)
    app = Api(Cookies(secure=False))
    app.include_router(routes(stall.shop, Guard(people)))
    app.include_router(command_routes.routes(commands(stall.shop), Guard(people)))
    app.include_router(order_routes.routes(stall.shop, Guard(people)))

    async def page(_request: Request, problem: Problem) -> JSONResponse:
        return JSONResponse(problem.body())

    http_edge.answer_problems(app, page, lambda *_: None)
    transport = httpx.ASGITransport(with_device(app, people))
    opened = []

    async def come(role: Any = None, *farms: str) -> httpx.AsyncClient:
        headers = {}
        if role is not None:
            centres = [stall.centre.id] if role == "clerk" else []
            _, key = await people.create_api_key(role, role, frozenset(farms), centres)
            headers["Authorization"] = f"Bearer {key}"
        client = httpx.AsyncClient(
            transport=transport, base_url="http://farm.test", headers=headers
        )
        opened.append(client)
        return client

    yield come
    for client in opened:
        await client.aclose()


def at(stall: Any, rest: str) -> str:
    return f"/api/v1/broadcasts/{stall.broadcast}/{rest}"


def keyed() -> dict[str, str]:
    return {"Idempotency-Key": token()}


def lines(stall: Any, quantity: int = 1) -> dict[str, Any]:
    return {"lines": [{"offer": stall.card.id, "quantity": quantity, "price": PRICE}]}


async def test_a_hold_by_http_is_placed_by_http(door: As, stall: Any) -> None:
    viewer, stranger = await door(), await door()
    headers = keyed()
    held = await viewer.post(at(stall, "holds"), json=lines(stall, 5), headers=headers)
    assert held.status_code == 201
    assert set(held.json()) == {"id", "until", "final", "lines", "total"}
    again = await viewer.post(at(stall, "holds"), json=lines(stall, 5), headers=headers)
    assert again.json() == held.json()
    order = held.json()["id"]
    assert (await stranger.delete(at(stall, f"holds/{order}"))).status_code == 204
    body = stall.body(5, order=order)
    more = stall.body(6, order=order)
    refused = await stranger.post(at(stall, "orders"), json=more, headers=keyed())
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/sold-out")
    placed = await viewer.post(at(stall, "orders"), json=body, headers=keyed())
    assert (placed.status_code, placed.json()["id"]) == (201, order)


async def test_a_hold_by_http_is_dropped(door: As, stall: Any) -> None:
    viewer = await door()
    held = await viewer.post(at(stall, "holds"), json=lines(stall, 4), headers=keyed())
    assert await stall.left() == 6
    path = at(stall, f"holds/{held.json()['id']}")
    for _ in range(2):
        assert (await viewer.delete(path)).status_code == 204
    assert await stall.left() == 10


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("body", "slug"),
    [
        ({"lines": []}, "invalid"),
        ({"lines": [{"offer": "x", "quantity": 0, "price": PRICE}]}, "invalid"),
        ({"lines": [{"offer": "x", "quantity": 1.5, "price": PRICE}]}, "invalid"),
        ({"lines": [{"offer": "x", "quantity": 1, "price": -1}]}, "invalid"),
        ({"lines": [{"offer": "x", "quantity": 1, "price": PRICE}]}, "unknown-offer"),
        ({}, "invalid"),
    ],
)
async def test_a_wrong_hold_is_refused_and_nothing_is_kept(
    door: As, stall: Any, body: Any, slug: str
) -> None:
    viewer = await door()
    answer = await viewer.post(at(stall, "holds"), json=body, headers=keyed())
    assert answer.json()["type"] == f"/problems/{slug}"
    assert await stall.left() == 10
    assert await stall.events("order.held") == []


async def test_a_hold_needs_a_key(door: As, stall: Any) -> None:
    answer = await (await door()).post(at(stall, "holds"), json=lines(stall))
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/key-missing")


async def test_a_buyer_cancels_by_the_token_with_or_without_a_word(door: As, stall: Any) -> None:
    viewer = await door()
    bodies: list[dict[str, str] | None] = [None, {}, {"reason": "买错了"}]
    for body in bodies:
        placed = (await viewer.post(at(stall, "orders"), json=stall.body(), headers=keyed())).json()
        answer = await viewer.post(f"/api/v1/orders/{placed['token']}/cancellation", json=body)
        assert (answer.status_code, answer.json()["state"]) == (201, "cancelled")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()["history"][-1] == {
            "at": answer.json()["history"][-1]["at"],
            "state": "cancelled",
            "payment": "due",
            "by": "buyer",
            "reason": (body or {}).get("reason"),
            "undone": False,
            "undoes": False,
            "alone": False,
            "amount": None,
            "refund": None,
        }
    unknown = await viewer.post(f"/api/v1/orders/{token()}/cancellation")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-order")
    assert await stall.left() == 10


async def test_an_order_is_moved_paid_and_refunded(door: As, stall: Any) -> None:
    host = await door("host")
    placed = await stall.place(2)
    path = at(stall, f"orders/{placed['id']}")
    packed = await host.post(f"{path}/transitions", json={"state": "packed"})
    assert (packed.status_code, packed.json()["state"]) == (201, "packed")
    wrong = await host.post(f"{path}/transitions", json={"state": "at_centre"})
    assert (wrong.status_code, wrong.json()["type"]) == (409, "/problems/not-in-state")
    assert wrong.json()["allowed"] == ["cancelled", "shipped"]
    paid = await host.post(f"{path}/payments", json={})
    assert paid.json()["payment"] == "paid"
    headers = keyed()
    for _ in range(2):
        body = {"amount": cny(100), "reason": "晚到"}
        back = await host.post(f"{path}/refunds", json=body, headers=headers)
        assert back.json()["refunded"] == {"amount": 100, "currency": "CNY"}
        assert back.json()["history"][-1]["refund"] == back.json()["refund"]
    body = {"amount": cny(200), "reason": "晚到"}
    other = await host.post(f"{path}/refunds", json=body, headers=headers)
    assert (other.status_code, other.json()["type"]) == (409, "/problems/key-reused")
    assert other.json()["detail"].startswith("Nothing was given back now: an earlier refund")
    right = await host.post(
        f"{path}/reversals", json={"refund": back.json()["refund"], "reason": "打错了"}
    )
    assert right.json()["refunded"] == {"amount": 0, "currency": "CNY"}
    right = await host.post(f"{path}/reversals", json={"state": "placed", "reason": "没装"})
    assert (right.status_code, right.json()["state"]) == (201, "placed")
    no = await (await door("clerk")).post(
        f"{path}/reversals", json={"payment": "due", "reason": "x"}
    )
    assert no.status_code == 403
    high = await host.post(f"{path}/refunds", json={"amount": cny(10**6), "reason": "x"})
    assert (high.status_code, high.json()["type"]) == (422, "/problems/refund-too-high")


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("transitions", {"state": "lost"}),
        ("transitions", {}),
        ("payments", {"payment": "refunded"}),
        ("refunds", {"amount": cny(0), "reason": "x"}),
        ("refunds", {"amount": {"amount": 1.5, "currency": "CNY"}, "reason": "x"}),
        ("refunds", {"amount": 1}),
        ("reversals", {"state": "held"}),
        ("reversals", {"reason": "x"}),
    ],
)
async def test_a_wrong_step_is_refused(door: As, stall: Any, path: str, body: Any) -> None:
    placed = await stall.place()
    answer = await (await door("host")).post(at(stall, f"orders/{placed['id']}/{path}"), json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
    assert (await stall.shop.order(placed["token"])).state == "placed"


async def test_each_role_may_what_it_should(door: As, stall: Any) -> None:
    placed = await stall.place()
    orders = at(stall, "orders")
    state = f"{orders}/{placed['id']}/transitions"
    refund = f"{orders}/{placed['id']}/refunds"
    bag = at(stall, "bag")
    wanted = {"offers": [stall.card.id]}
    product = {
        "farm": stall.farm.id,
        "name": {"en": "Pomelos"},
        "unit": {"en": "box"},
        "net_weight_g": 1000,
    }
    for role, listed, moved, given, arranged, made in (
        (None, 401, 401, 401, 401, 401),
        ("moderator", 403, 403, 403, 403, 403),
        ("seller", 200, 403, 403, 403, 201),
        ("clerk", 200, 403, 403, 403, 403),
        ("host", 200, 201, 201, 200, 201),
        ("coordinator", 200, 201, 201, 200, 201),
    ):
        farms = [stall.farm.id] if role == "seller" else []
        client = await door(role, *farms)
        assert (await client.get(orders)).status_code == listed, role
        assert (await client.post(state, json={"state": "packed"})).status_code == moved, role
        money = {"amount": cny(1), "reason": "x"}
        assert (await client.post(refund, json=money)).status_code == given, role
        assert (await client.put(bag, json=wanted)).status_code == arranged, role
        assert (await client.post("/api/v1/products", json=product)).status_code == made, role


async def test_a_seller_of_another_farm_gets_none_of_this_farms(door: As, stall: Any) -> None:
    await stall.place()
    other = await door("seller", ulid())
    assert (await other.get(at(stall, "orders"))).json() == {"orders": [], "next": None}
    query = {"farm": stall.farm.id}
    assert (await other.get("/api/v1/products", params=query)).json() == {
        "products": [],
        "next": None,
    }
    (product,) = await stall.shop.catalogue.products()
    answer = await other.patch(f"/api/v1/products/{product.id}", json={"archived": True})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")


async def test_a_sellers_orders_tell_nothing_of_the_buyer(door: As, stall: Any) -> None:
    placed = await stall.place()
    seller = await door("seller", stall.farm.id)
    answer = await seller.get(at(stall, "orders"))
    assert answer.headers["cache-control"] == "no-store"
    (order,) = answer.json()["orders"]
    assert (order["buyer"], order["token"], order["url"]) == (None, None, None)
    assert placed["token"] not in answer.text
    assert "王小明" not in answer.text
    wrong = await seller.get(at(stall, "orders"), params={"state": "lost"})
    assert wrong.status_code == 422


NUL = "%00"


async def test_what_can_be_no_identifier_is_refused_before_the_database(
    door: As, stall: Any
) -> None:
    viewer, host = await door(), await door("host")
    body = {"lines": [{"offer": "a\x00b", "quantity": 1, "price": PRICE}]}
    answers = [
        await viewer.post(at(stall, "holds"), json=body, headers=keyed()),
        await viewer.post(at(stall, "orders"), json={**stall.body(), **body}, headers=keyed()),
        await viewer.post(at(stall, "orders"), json=stall.body(order="\x00"), headers=keyed()),
        await viewer.delete(at(stall, f"holds/{NUL}")),
        await host.post(at(stall, f"orders/{NUL}/transitions"), json={"state": "packed"}),
        await host.patch(f"/api/v1/products/{NUL}", json={"archived": True}),
        await host.get("/api/v1/products", params={"farm": "\x00"}),
        await host.get(at(stall, "orders"), params={"cursor": "\x00"}),
        await host.post("/api/v1/products", json={"farm": "\x00"}),
    ]
    assert [(answer.status_code, answer.json()["type"]) for answer in answers] == [
        (422, "/problems/invalid")
    ] * len(answers)
    stall.broadcast = NUL
    for answer in (
        await viewer.post(at(stall, "holds"), json=lines(stall), headers=keyed()),
        await viewer.post(at(stall, "orders"), json=stall.body(), headers=keyed()),
        await viewer.get(at(stall, "offers")),
        await host.get(at(stall, "orders")),
    ):
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-broadcast")

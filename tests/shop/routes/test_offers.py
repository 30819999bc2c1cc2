from typing import Any

import pytest
from tests.support.money import cny

from farmlive.ids import token, ulid
from farmlive.people.core.audit import list_entries
from farmlive.shop.commands import commands
from farmlive.shop.core.checkout_models import OrderPlace


def orders_of(stall: Any) -> str:
    return f"/api/v1/broadcasts/{stall.broadcast}/orders"


async def test_an_order_by_http_is_the_tills(site: Any, stall: Any) -> None:
    key = token()
    headers = {"Idempotency-Key": key}
    first = await site.viewer.post(orders_of(stall), json=stall.body(2), headers=headers)
    assert first.status_code == 201
    assert set(first.json()) == {
        "id",
        "number",
        "token",
        "url",
        "state",
        "payment",
        "total",
        "fee",
        "code",
    }
    again = await site.viewer.post(orders_of(stall), json=stall.body(2), headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await site.viewer.post(orders_of(stall), json=stall.body(3), headers=headers)
    assert (other.status_code, other.json()["type"]) == (409, "/problems/key-reused")
    assert await stall.left() == 8


async def test_channel_and_http_share_their_keys(site: Any, stall: Any) -> None:
    key = token()
    place = next(command for command in commands(stall.shop) if command.name == "order.place")
    frame = {"type": "order.place", "id": "7", "key": key, **stall.body()}
    answer = await place.execute(stall.viewer, stall.broadcast, OrderPlace.model_validate(frame))
    headers = {"Idempotency-Key": key}
    again = await site.viewer.post(orders_of(stall), json=stall.body(), headers=headers)
    assert again.json() == answer
    assert len(await stall.events("order.placed")) == 1


@pytest.mark.any_database
@pytest.mark.parametrize("key", [None, "short", "x" * 65, "with some spaces in"])
async def test_an_order_without_a_usable_key_is_refused(site: Any, stall: Any, key: Any) -> None:
    headers = {"Idempotency-Key": key} if key else {}
    answer = await site.viewer.post(orders_of(stall), json=stall.body(), headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/key-missing")
    assert await stall.events("order.placed") == []


async def test_a_wrong_order_is_answered_with_the_field_and_a_sentence(
    site: Any, stall: Any
) -> None:
    headers = {"Idempotency-Key": token()}
    answer = await site.viewer.post(orders_of(stall), json=stall.body(0), headers=headers)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "lines.0.quantity"
    assert error["message"] == "A quantity is a whole number from 1 to 999."
    assert answer.json()["detail"] == (
        "lines.0.quantity: A quantity is a whole number from 1 to 999. Nothing was changed."
    )


@pytest.mark.any_database
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"order"'])
async def test_what_is_no_order_at_all_is_refused(site: Any, stall: Any, body: bytes) -> None:
    headers = {"Idempotency-Key": token(), "Content-Type": "application/json"}
    answer = await site.viewer.post(orders_of(stall), content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_buyer_reads_the_order_by_its_token_alone(site: Any, stall: Any) -> None:
    headers = {"Idempotency-Key": token()}
    placed = (await site.viewer.post(orders_of(stall), json=stall.body(2), headers=headers)).json()
    order = (await site.viewer.get(f"/api/v1/orders/{placed['token']}")).json()
    assert order["number"] == "A0001"
    assert order["buyer"] == {"name": "王小明", "phone": "13800000000", "email": None}
    assert order["delivery"] == {"way": "parcel", "address": "尤溪县 溪口村", "centre": None}
    assert (order["state"], order["payment"]) == ("placed", "due")
    assert order["payment_method"] == "cash_on_delivery"
    (line,) = order["lines"]
    assert line["name"] == {"zh": "金桔", "en": "Kumquats"}
    assert line["total"] == {"amount": 5980, "currency": "CNY"}
    assert line["lot_url"] == f"/origin/lot/{stall.lot.id}"
    assert line["farm_name"] == {"zh": "溪口果园", "en": "Xikou Orchard"}
    for guess in (placed["id"], placed["number"], token()):
        answer = await site.viewer.get(f"/api/v1/orders/{guess}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-order")


async def test_only_staff_see_all_orders(site: Any, stall: Any) -> None:
    for _ in range(3):
        await stall.place()
    assert (await site.viewer.get(orders_of(stall))).status_code == 401
    page = (await site.staff.get(orders_of(stall), params={"limit": 2})).json()
    assert [order["number"] for order in page["orders"]] == ["A0001", "A0002"]
    rest = (await site.staff.get(orders_of(stall), params={"cursor": page["next"]})).json()
    assert [order["number"] for order in rest["orders"]] == ["A0003"]
    assert rest["next"] is None
    unknown = await site.staff.get(f"/api/v1/broadcasts/{ulid()}/orders")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-broadcast")


async def test_staff_fill_the_bag_and_anyone_looks_into_it(site: Any, stall: Any) -> None:
    path = f"/api/v1/broadcasts/{stall.broadcast}/offers"
    new = {
        "name": {"zh": "芦柑", "en": "Ponkans"},
        "unit": {"zh": "5 公斤装", "en": "5 kg box"},
        "net_weight_g": 5000,
        "lot": stall.lot.id,
        "price": cny(4990),
        "list_price": cny(5990),
        "released": 20,
    }
    assert (await site.viewer.post(path, json=new)).status_code == 401
    answer = await site.staff.post(path, json=new)
    assert answer.status_code == 201
    bag = (await site.viewer.get(path)).json()
    assert bag["offers"][1] == answer.json()


async def test_staff_keep_the_pick_up_points(site: Any, stall: Any) -> None:
    new = {"name": {"zh": "洋中"}, "address": {"zh": "洋中镇 2 号"}, "phone": "0598 633 0000"}
    assert (await site.viewer.post("/api/v1/centres", json=new)).status_code == 401
    added = await site.staff.post("/api/v1/centres", json=new)
    assert added.status_code == 201
    assert added.json()["phone"] == "05986330000"
    centres = (await site.viewer.get("/api/v1/centres")).json()["centres"]
    assert [centre["id"] for centre in centres] == [stall.centre.id, added.json()["id"]]


async def test_a_pick_up_point_is_changed_for_its_orders_too(site: Any, stall: Any) -> None:
    path = f"/api/v1/centres/{stall.centre.id}"
    change = {"address": {"zh": "新街 5 号", "en": "5 New Street"}, "phone": "05986330000"}
    assert (await site.viewer.patch(path, json=change)).status_code == 401
    changed = await site.staff.patch(path, json=change)
    assert changed.json() == {
        "id": stall.centre.id,
        "name": stall.centre.name.model_dump(),
        **change,
    }
    assert (await site.viewer.get("/api/v1/centres")).json()["centres"] == [changed.json()]
    assert (await site.staff.patch(path, json=change)).json() == changed.json()
    (noted,) = [
        deed for deed in await stall.store.read(list_entries) if deed.action == "centre.change"
    ]
    assert (noted.subject, noted.detail) == (stall.centre.id, {"changed": ["address", "phone"]})


@pytest.mark.any_database
@pytest.mark.parametrize("wrong", [{}, {"name": None}, {"address": {"zh": ""}}, {"phone": "12"}])
async def test_a_pick_up_point_stays_one(site: Any, stall: Any, wrong: dict[str, Any]) -> None:
    refused = await site.staff.patch(f"/api/v1/centres/{stall.centre.id}", json=wrong)
    assert refused.status_code == 422
    gone = await site.staff.patch(f"/api/v1/centres/{ulid()}", json={"phone": None})
    assert gone.status_code == 404
    assert await stall.shop.centres() == [stall.centre]


@pytest.mark.parametrize("token", ["nobodys", "a%00b", "%E7%8E%8B", "x" * 500])
async def test_an_order_has_no_other_address(site: Any, token: str) -> None:
    for answer in (
        await site.viewer.get(f"/api/v1/orders/{token}"),
        await site.viewer.post(f"/api/v1/orders/{token}/cancellation", json={}),
    ):
        assert answer.status_code == 404
        assert "Open it by the link" in answer.json()["detail"]


async def test_staff_alone_change_the_bag_on_the_channel(stall: Any) -> None:
    roles = {command.name: command.role for command in commands(stall.shop)}
    assert {name for name, role in roles.items() if role == "staff"} == {
        "offer.release",
        "offer.change",
        "offer.correct",
        "flash.plan",
        "flash.end",
    }
    assert {name for name, role in roles.items() if role == "anyone"} == {
        "hold.place",
        "hold.drop",
        "order.place",
        "wait.join",
        "wait.leave",
    }


async def test_a_countys_own_system_changes_a_price_by_http(site: Any, stall: Any) -> None:
    path = f"/api/v1/broadcasts/{stall.broadcast}/offers/{stall.card.id}"
    assert (await site.viewer.patch(path, json={"price": cny(1990)})).status_code == 401
    changed = await site.staff.patch(path, json={"price": cny(1990), "list_price": cny(3990)})
    assert changed.status_code == 200
    (card,) = (await site.viewer.get(f"/api/v1/broadcasts/{stall.broadcast}/offers")).json()[
        "offers"
    ]
    assert changed.json() == card
    assert (card["price"]["amount"], card["list_price"]["amount"]) == (1990, 3990)
    # What is not named stays, and a null takes the list price away.
    assert (await site.staff.patch(path, json={"price": cny(1890)})).json()[
        "list_price"
    ] is not None
    assert (await site.staff.patch(path, json={"list_price": None})).json()["list_price"] is None
    (*_, told) = await stall.events("offer.changed")
    assert told.data == {"offer": stall.card.id, "list_price": None}
    for wrong in (
        {},
        {"price": None},
        {"price": 1},
        {"price": cny(0)},
        {"prise": cny(1)},
        {"offer": ulid(), "price": cny(1)},
    ):
        refused = await site.staff.patch(path, json=wrong)
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid")
    refused = await site.staff.patch(path, json={"price": cny(1990), "list_price": cny(1000)})
    assert refused.json()["type"] == "/problems/list-price-too-low"
    elsewhere = path.replace(stall.card.id, ulid())
    refused = await site.staff.patch(elsewhere, json={"price": cny(1990)})
    assert (refused.status_code, refused.json()["type"]) == (404, "/problems/unknown-offer")
    assert refused.json()["offers"] == [elsewhere.rpartition("/")[2]]
    noted = [deed for deed in await stall.store.read(list_entries) if deed.action == "offer.change"]
    assert [(deed.subject, deed.detail) for deed in noted] == [
        (stall.card.id, {"list_price": None}),
        (stall.card.id, {"price": 1890}),
        (stall.card.id, {"price": 1990, "list_price": 3990}),
    ]


async def test_boxes_are_released_by_http_once_a_key(site: Any, stall: Any) -> None:
    path = f"/api/v1/broadcasts/{stall.broadcast}/offers/{stall.card.id}/releases"
    assert (await site.viewer.post(path, json={"quantity": 5})).status_code == 401
    headers = {"Idempotency-Key": token()}
    first = await site.staff.post(path, json={"quantity": 5}, headers=headers)
    assert first.status_code == 201
    assert (first.json()["released"], first.json()["left"]) == (15, 15)
    again = await site.staff.post(path, json={"quantity": 5}, headers=headers)
    assert again.json() == first.json()
    other = await site.staff.post(path, json={"quantity": 6}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (409, "/problems/key-reused")
    back = await site.staff.post(path, json={"quantity": -16})
    assert (back.status_code, back.json()["type"]) == (409, "/problems/stock-taken")
    assert (await site.staff.post(path, json={"quantity": -15})).json()["left"] == 0
    assert len(await stall.events("offer.released")) == 2
    short = await site.staff.post(path, json={"quantity": 5}, headers={"Idempotency-Key": "short"})
    assert short.status_code == 422


async def test_a_wrong_price_is_put_right_by_http(site: Any, stall: Any) -> None:
    path = f"/api/v1/broadcasts/{stall.broadcast}/offers/{stall.card.id}"
    assert (await site.viewer.post(f"{path}/corrections", json={})).status_code == 401
    none = await site.staff.post(f"{path}/corrections", json={})
    assert (none.status_code, none.json()["type"]) == (409, "/problems/no-price-before")
    await site.staff.patch(path, json={"price": cny(299), "list_price": cny(399)})
    headers = {"Idempotency-Key": token()}
    right = await site.staff.post(f"{path}/corrections", json={}, headers=headers)
    assert right.status_code == 201
    assert right.json() == {
        "offer": stall.card.id,
        "price": {"amount": 2990, "currency": "CNY"},
        "list_price": None,
        "was": {"amount": 299, "currency": "CNY"},
        "orders": 0,
        "held": 0,
    }
    again = await site.staff.post(f"{path}/corrections", json={}, headers=headers)
    assert again.json() == right.json()

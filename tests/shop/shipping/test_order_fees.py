"""An order's delivery: the parcel's fee, its region, and the buyer's e-mail address."""

from typing import Any

import pytest
from tests.shop.conftest import HOST, PRICE, Site
from tests.shop.support.tills import row_of
from tests.support.money import cny

from farmlive.ids import token
from farmlive.settings import Settings
from farmlive.shop.core.checkout_models import NewOrder
from farmlive.shop.core.problems import FeeChanged
from farmlive.shop.shipping.fees import ParcelFees, TooHeavy
from farmlive.shop.shipping.models import FeeTable

PICKUP = {"payment": "pay_at_pickup"}


def parcel(region: str | None = None) -> dict[str, Any]:
    return {"way": "parcel", "address": "溪口村 1 号", "region": region}


async def set_fees(stall: Any, settings: Settings, *fees: tuple[str, int, int]) -> None:
    table = {"fees": [{"region": r, "upto_g": g, "fee": cny(f)} for r, g, f in fees]}
    await ParcelFees(stall.store, settings).set(HOST, FeeTable.model_validate(table))


async def test_a_parcel_costs_by_its_region_and_weight(stall: Any, settings: Settings) -> None:
    await set_fees(stall, settings, ("", 5000, 1200), ("35", 2500, 500), ("35", 10_000, 900))
    answer = await stall.place(2, delivery=parcel("350426"), fee=cny(900))
    assert answer["fee"] == {"amount": 900, "currency": "CNY"}
    assert answer["total"] == {"amount": 2 * PRICE + 900, "currency": "CNY"}
    row = await row_of(stall, answer["id"])
    assert (row.region, row.fee, row.total) == ("350426", 900, 2 * PRICE + 900)
    (event,) = await stall.events("order.placed")
    assert (event.data["fee"], event.data["total"]) == (answer["fee"], answer["total"])
    assert "region" not in event.data
    order = await stall.shop.order(answer["token"])
    assert (order.fee.amount, order.total.amount) == (900, 2 * PRICE + 900)
    assert (await stall.place(1, delivery=parcel("110101")))["fee"]["amount"] == 1200
    assert (await stall.place(1, delivery=parcel()))["fee"]["amount"] == 1200


async def test_where_there_are_no_fees_a_parcel_costs_nothing(stall: Any) -> None:
    assert (await stall.place(2, fee=cny(0)))["fee"]["amount"] == 0


async def test_another_fee_than_was_seen_is_refused(stall: Any, settings: Settings) -> None:
    await set_fees(stall, settings, ("", 5000, 1200))
    with pytest.raises(FeeChanged) as refusal:
        await stall.place(1, fee=cny(800))
    assert refusal.value.members == {"fee": cny(1200), "seen": cny(800)}
    assert (refusal.value.status, refusal.value.slug) == (409, "fee-changed")
    assert await stall.left() == 10
    key = token()
    answer = await stall.place(1, key=key, fee=cny(1200))
    await set_fees(stall, settings)
    assert await stall.place(1, key=key, fee=cny(1200)) == answer
    assert await stall.place(1, key=key, fee=cny(0)) == answer  # what was seen is no other order


async def test_a_parcel_that_no_fee_is_for_is_refused(stall: Any, settings: Settings) -> None:
    await set_fees(stall, settings, ("", 5000, 1200))
    with pytest.raises(TooHeavy) as refusal:
        await stall.place(3)
    assert refusal.value.members == {"weight_g": 7500, "most_g": 5000}
    assert await stall.left() == 10


async def test_a_pick_up_costs_nothing_and_has_a_code(stall: Any, settings: Settings) -> None:
    await set_fees(stall, settings, ("", 5000, 1200))
    pickup = {"way": "pickup", "centre": stall.centre.id}
    answer = await stall.place(3, delivery=pickup, fee=cny(0), **PICKUP)
    assert answer["fee"]["amount"] == 0
    assert len(answer["code"]) == 6
    assert answer["code"].isdigit()
    assert (await stall.shop.order(answer["token"])).code == answer["code"]
    for event in await stall.events():
        assert answer["code"] not in str(event.data)
    assert (await stall.place(1, delivery=parcel()))["code"] is None


async def test_an_address_of_mail_is_kept_and_told_nobody(stall: Any) -> None:
    buyer = {"name": "王", "phone": "13800000000", "email": " wang@example.org "}
    answer = await stall.place(1, buyer=buyer, language="zh")
    row = await row_of(stall, answer["id"])
    assert (row.buyer_email, row.language) == ("wang@example.org", "zh")
    for event in await stall.events():
        assert "example.org" not in str(event.data)


async def test_an_address_says_its_region_wherever_it_is_read(stall: Any) -> None:
    placed = await stall.place(1, delivery=parcel("350426"))
    order = await stall.shop.order(placed["token"])
    assert order.delivery.address == "福建省 三明市 尤溪县 溪口村 1 号"
    again = {"way": "parcel", "region": "350426", "address": "三明市尤溪县溪口村 1 号"}
    order = await stall.shop.order((await stall.place(1, delivery=again))["token"])
    assert order.delivery.address == "福建省 三明市尤溪县溪口村 1 号"
    order = await stall.shop.order((await stall.place(1, delivery=parcel()))["token"])
    assert order.delivery.address == "溪口村 1 号"


def email(stall: Any, written: str) -> str | None:
    """What is kept of an address of mail as the buyer wrote it."""
    buyer = {"name": "王", "phone": "13800000000", "email": written}
    return NewOrder.model_validate(stall.body(buyer=buyer)).buyer.email


@pytest.mark.any_database
@pytest.mark.parametrize(
    "wrong",
    [
        "wang",
        "wang@",
        "@example.org",
        "a b@example.org",
        "w@x",
        "w@a..example",
        # Mail servers leave a comment out, so that it is the same mailbox each time.
        "w(1)@a.example",
        "(1)w@a.example",
        "w@a.example(1)",
        "w@a(1).example",
        "w\\1@a.example",
        "w@[192.0.2.1].example",
        f"w@{'a' * 64}.example",
        f"w@{'bücher.' * 30}example",
    ],
)
async def test_what_is_no_address_of_mail_is_refused(stall: Any, wrong: str) -> None:
    with pytest.raises(ValueError, match="looks like"):
        email(stall, wrong)


async def test_an_address_of_mail_may_be_written_on_a_chinese_keyboard(stall: Any) -> None:
    assert email(stall, "ｗａｎｇ＠ｅｘａｍｐｌｅ．ｏｒｇ") == "wang@example.org"
    assert email(stall, "wang@尤溪.example") == "wang@尤溪.example"


async def test_an_address_of_mail_to_which_few_can_write_is_refused_clearly(stall: Any) -> None:
    with pytest.raises(ValueError, match="plain letters, digits and signs"):
        email(stall, "王@example.org")


async def test_what_is_no_region_is_refused(stall: Any) -> None:
    with pytest.raises(ValueError, match="six digits"):
        NewOrder.model_validate(stall.body(delivery=parcel("999999")))


async def test_by_http_the_fee_and_the_code_are_answered(
    stall: Any, site: Site, settings: Settings
) -> None:
    await set_fees(stall, settings, ("", 5000, 1200))
    url = f"/api/v1/broadcasts/{stall.broadcast}/orders"
    key = {"Idempotency-Key": token()}
    refused = await site.viewer.post(url, json=stall.body(1, fee=cny(1)), headers=key)
    assert (refused.status_code, refused.json()["fee"]) == (409, cny(1200))
    placed = await site.viewer.post(url, json=stall.body(1, fee=cny(1200)), headers=key)
    assert placed.status_code == 201
    assert placed.json()["fee"] == {"amount": 1200, "currency": "CNY"}
    assert placed.json()["code"] is None

"""What is asked of an order beside its stock: the parcel's fee, a proof, limits; and its flags."""

import asyncio
import hashlib
from typing import Any

import pytest
from sqlalchemy import select

from farmlive.ids import token, ulid
from farmlive.people import Caller
from farmlive.people.addresses import block_of
from farmlive.people.models import NewBlock
from farmlive.problems import Forbidden, TooMany
from farmlive.settings import Settings
from farmlive.shop import limits, proof
from farmlive.shop.fee_models import FeeTable
from farmlive.shop.fees import ParcelFees, TooHeavy
from farmlive.shop.order_change_models import OrderFilter
from farmlive.shop.order_models import NewOrder, OrderPlace, StateChange
from farmlive.shop.problems import FeeChanged, UnknownOffer
from farmlive.shop.proof import ProofNeeded
from farmlive.shop.tables import orders
from farmlive.shop.till import Till
from farmlive.store.doors import CommitUnknown

from .conftest import HOST, PRICE, Site, caller, pseudonym
from .proving import prove

PICKUP = {"payment": "pay_at_pickup"}


def parcel(region: str | None = None) -> dict[str, Any]:
    return {"way": "parcel", "address": "溪口村 1 号", "region": region}


async def set_fees(stall: Any, settings: Settings, *fees: tuple[str, int, int]) -> None:
    table = {"fees": [{"region": r, "upto_g": g, "fee": f} for r, g, f in fees]}
    await ParcelFees(stall.store, settings).set(HOST, FeeTable.model_validate(table))


async def row_of(stall: Any, order: str) -> Any:
    query = select(orders).where(orders.c.id == order)
    return await stall.store.read(lambda connection: connection.execute(query).one())


def till(stall: Any, settings: Settings, **change: Any) -> Till:
    """A till of other settings."""
    return Till(
        stall.store,
        stall.log,
        settings.model_copy(update=change),
        pseudonym=pseudonym,
        address_pseudonym=pseudonym,
        limits=stall.limits,
        blocks=stall.blocks,
        rush=stall.shop.rush,
    )


# Fees.


async def test_a_parcel_costs_by_its_region_and_weight(stall: Any, settings: Settings) -> None:
    await set_fees(stall, settings, ("", 5000, 1200), ("35", 2500, 500), ("35", 10_000, 900))
    answer = await stall.place(2, delivery=parcel("350426"), fee=900)
    assert answer["fee"] == {"amount": 900, "currency": "CNY"}
    assert answer["total"] == {"amount": 2 * PRICE + 900, "currency": "CNY"}
    row = await row_of(stall, answer["order"])
    assert (row.region, row.fee, row.total) == ("350426", 900, 2 * PRICE + 900)
    (event,) = await stall.events("order.placed")
    assert (event.data["fee"], event.data["total"]) == (answer["fee"], answer["total"])
    assert "region" not in event.data
    order = await stall.shop.order(answer["token"])
    assert (order.fee.amount, order.total.amount) == (900, 2 * PRICE + 900)
    assert (await stall.place(1, delivery=parcel("110101")))["fee"]["amount"] == 1200
    assert (await stall.place(1, delivery=parcel()))["fee"]["amount"] == 1200


async def test_where_there_are_no_fees_a_parcel_costs_nothing(stall: Any) -> None:
    assert (await stall.place(2, fee=0))["fee"]["amount"] == 0


async def test_another_fee_than_was_seen_is_refused(stall: Any, settings: Settings) -> None:
    await set_fees(stall, settings, ("", 5000, 1200))
    with pytest.raises(FeeChanged) as refusal:
        await stall.place(1, fee=800)
    assert refusal.value.members == {"fee": 1200, "seen": 800}
    assert (refusal.value.status, refusal.value.slug) == (409, "fee-changed")
    assert await stall.left() == 10
    key = token()
    answer = await stall.place(1, key=key, fee=1200)
    await set_fees(stall, settings)
    assert await stall.place(1, key=key, fee=1200) == answer
    assert await stall.place(1, key=key, fee=0) == answer  # what was seen is no other order


async def test_a_parcel_that_no_fee_is_for_is_refused(stall: Any, settings: Settings) -> None:
    await set_fees(stall, settings, ("", 5000, 1200))
    with pytest.raises(TooHeavy) as refusal:
        await stall.place(3)
    assert refusal.value.members == {"weight_g": 7500, "most_g": 5000}
    assert await stall.left() == 10


async def test_a_pick_up_costs_nothing_and_has_a_code(stall: Any, settings: Settings) -> None:
    await set_fees(stall, settings, ("", 5000, 1200))
    pickup = {"way": "pickup", "centre": stall.centre.id}
    answer = await stall.place(3, delivery=pickup, fee=0, **PICKUP)
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
    row = await row_of(stall, answer["order"])
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
    refused = await site.viewer.post(url, json=stall.body(1, fee=1), headers=key)
    assert (refused.status_code, refused.json()["fee"]) == (409, 1200)
    placed = await site.viewer.post(url, json=stall.body(1, fee=1200), headers=key)
    assert placed.status_code == 201
    assert placed.json()["fee"] == {"amount": 1200, "currency": "CNY"}
    assert placed.json()["code"] is None


# Proof of work.


def test_a_proof_has_so_many_zero_bits() -> None:
    found = prove("B", "a key", 9)
    proof.check("B", "a key", found, 9)
    proof.check("B", "a key", None, 0)
    digest = hashlib.sha256(f"B:a key:{found}".encode()).digest()
    zeros = 256 - int.from_bytes(digest).bit_length()
    with pytest.raises(ProofNeeded):
        proof.check("B", "a key", found, zeros + 1)
    for broadcast, key, said in (("C", "a key", found), ("B", "b key", found), ("B", "a key", "")):
        with pytest.raises(ProofNeeded) as refusal:
            proof.check(broadcast, key, said, 20)
        assert refusal.value.members == {"bits": 20}
        assert refusal.value.status == 428


async def test_an_order_brings_a_proof_where_the_settings_say_so(
    stall: Any, settings: Settings
) -> None:
    strict = till(stall, settings, order_proof_bits=8)
    request = stall.request()
    with pytest.raises(ProofNeeded):
        await strict.place(stall.viewer, stall.broadcast, request)
    assert await stall.left() == 10
    found = prove(stall.broadcast, request.key, 8)
    proven = OrderPlace.model_validate({**request.model_dump(), "proof": found})
    answer = await strict.place(stall.viewer, stall.broadcast, proven)
    assert await strict.place(stall.viewer, stall.broadcast, proven) == answer
    clerk = Caller("an account", "a clerk", "clerk", "the centre's device", "192.0.2.7")
    await strict.place(clerk, stall.broadcast, stall.request())


# Limits.


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:2::9", "2001:db8:1::/48"),
        ("unix", "unix"),
    ],
)
def test_a_block_is_what_one_network_gives_out(address: str, block: str) -> None:
    assert block_of(address) == block


async def test_a_block_of_addresses_orders_at_a_rate(stall: Any, settings: Settings) -> None:
    slow = till(stall, settings, orders_per_minute=1)
    of_block = limits.DEVICES_PER_ADDRESS * limits.ORDERS_BLOCK_FACTOR
    for turn in range(of_block - 1):
        by = Caller(None, None, None, f"device {turn}", f"192.0.2.{turn % 200}")
        limits.allow(stall.limits, "orders", by, 1)
    await slow.place(caller("one"), stall.broadcast, stall.request())
    refused = Caller(None, None, None, "two", "192.0.2.250")
    other = stall.request(buyer={"name": "李", "phone": "13900000000"})
    with pytest.raises(TooMany):
        await slow.place(refused, stall.broadcast, other)
    elsewhere = Caller(None, None, None, "three", "198.51.100.7")
    await slow.place(elsewhere, stall.broadcast, other)


async def test_strangers_at_an_address_keep_no_one_who_is_signed_in_from_selling(
    stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stall.limits, "_clock", lambda: 0.0)
    slow = till(stall, settings, orders_per_minute=1)
    for turn in range(limits.DEVICES_PER_ADDRESS * limits.REFUSED_AS_ONE - 2):
        stale = stall.request(lines=[{"offer": ulid(), "quantity": 1, "price": PRICE}])
        with pytest.raises(UnknownOffer):
            await slow.place(caller(f"stranger {turn}"), stall.broadcast, stale)
    with pytest.raises(TooMany):
        await slow.place(caller("one more"), stall.broadcast, stall.request())
    for turn, role in enumerate(("clerk", "host")):
        for_them = {"name": "李", "phone": f"1390000000{turn}"}
        by = caller(f"a {role}'s device", role=role)
        await slow.place(by, stall.broadcast, stall.request(buyer=for_them))
        again = stall.request(buyer={"name": "王", "phone": f"1370000000{turn}"})
        with pytest.raises(TooMany):  # a rate of their own they have
            await slow.place(by, stall.broadcast, again)


async def test_refused_orders_of_others_do_not_use_up_a_phone(
    stall: Any, settings: Settings
) -> None:
    few = till(stall, settings, orders_per_minute=3)
    stranger = caller("a stranger's device")
    for _ in range(3):
        wrong = stall.request(lines=[{"offer": ulid(), "quantity": 1, "price": PRICE}])
        with pytest.raises(UnknownOffer):
            await few.place(stranger, stall.broadcast, wrong)
    with pytest.raises(TooMany):  # of its device they count
        await few.place(stranger, stall.broadcast, stall.request())
    blocked = caller("ab" * 16)
    await stall.blocks.add(HOST, NewBlock(kind="device", value=blocked.device, reason="x"))
    with pytest.raises(Forbidden):
        await few.place(blocked, stall.broadcast, stall.request())
    for turn in range(3):
        await few.place(caller(f"device {turn}"), stall.broadcast, stall.request())
    with pytest.raises(TooMany):  # what was ordered counts
        await few.place(caller("device 3"), stall.broadcast, stall.request())


async def test_no_more_orders_of_a_phone_come_at_once_than_may_be_taken(
    stall: Any, settings: Settings
) -> None:
    few = till(stall, settings, orders_per_minute=3)
    answers = await asyncio.gather(
        *(
            few.place(caller(f"device {turn}"), stall.broadcast, stall.request())
            for turn in range(6)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, TooMany) for answer in answers) == 3
    assert await stall.left() == 7


async def test_an_order_of_which_nobody_knows_yet_counts(
    stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = till(stall, settings, orders_per_minute=1)

    async def unknown(*_: Any, **__: Any) -> Any:
        raise CommitUnknown("Nobody knows.")

    with monkeypatch.context() as patch:
        patch.setattr(stall.store, "write", unknown)
        with pytest.raises(CommitUnknown):
            await once.place(caller("one"), stall.broadcast, stall.request())
    with pytest.raises(TooMany):
        await once.place(caller("two"), stall.broadcast, stall.request())


# Flags.


async def flags(stall: Any, answer: dict[str, Any]) -> list[str]:
    found, _ = await stall.shop.orders.of_broadcast(HOST, stall.broadcast)
    (order,) = [order for order in found if order.id == answer["order"]]
    assert (await stall.shop.order(answer["token"])).flags == []  # nothing to its buyer
    return order.flags  # type: ignore[no-any-return]


async def test_a_usual_order_has_none(stall: Any) -> None:
    answer = await stall.place()
    assert await flags(stall, answer) == []
    assert (await row_of(stall, answer["order"])).flags is None


async def test_many_orders_of_a_phone_are_taken_and_flagged(stall: Any, settings: Settings) -> None:
    wary = till(stall, settings, flag_orders=2)
    answers = [
        await wary.place(caller(f"device {turn}"), stall.broadcast, stall.request())
        for turn in range(3)
    ]
    assert [await flags(stall, answer) for answer in answers] == [[], [], ["many-orders"]]


async def test_one_device_for_many_phones_is_flagged_and_a_clerks_is_not(
    stall: Any, settings: Settings
) -> None:
    wary = till(stall, settings, flag_phones=2)
    clerk = Caller("an account", "a clerk", "clerk", "the centre's device", "192.0.2.7")
    for by, expected in ((stall.viewer, [[], [], ["many-phones"]]), (clerk, [[], [], []])):
        found = []
        for turn in range(3):
            request = stall.request(buyer={"name": "李", "phone": f"1390000000{turn}"})
            found.append(await flags(stall, await wary.place(by, stall.broadcast, request)))
        assert found == expected


async def test_a_big_order_is_flagged(stall: Any, settings: Settings) -> None:
    wary = till(stall, settings, flag_total=2 * PRICE)
    for quantity, expected in ((2, []), (3, ["big"])):
        request = stall.request(quantity)
        answer = await wary.place(stall.viewer, stall.broadcast, request)
        assert await flags(stall, answer) == expected


async def test_a_phone_whose_order_was_called_off_after_packing_is_flagged(stall: Any) -> None:
    first, second = await stall.place(), await stall.place()
    await stall.shop.orders.cancel(first["token"])
    assert await flags(stall, await stall.place()) == []
    for state in ("packed", "cancelled"):
        change = StateChange.model_validate({"state": state})
        await stall.shop.orders.enter(HOST, stall.broadcast, second["order"], change)
    stall.broadcast = await stall.another_broadcast()
    stall.card = await stall.offer()
    assert await flags(stall, await stall.place()) == ["called-off"]
    other = await stall.place(buyer={"name": "李", "phone": "13900000000"})
    assert await flags(stall, other) == []


async def test_a_phone_that_never_collected_is_flagged(stall: Any) -> None:
    where = {"way": "pickup", "centre": stall.centre.id}
    placed = await stall.place(delivery=where, payment="pay_at_pickup")
    for state in ("packed", "at_centre", "cancelled"):
        change = StateChange.model_validate({"state": state, "reason": "没人来取"})
        await stall.shop.orders.enter(HOST, stall.broadcast, placed["order"], change)
    assert await flags(stall, await stall.place()) == ["called-off"]


# The buyer's number.


@pytest.mark.parametrize(
    "typed",
    [
        "+00139 0000 0001",
        "0139 0000 0001",
        "086139 0000 0001",
        "+8686139 0000 0001",
        "139 0000 00015",
    ],
)
async def test_a_blocked_number_is_blocked_however_it_is_typed(
    stall: Any, settings: Settings, typed: str
) -> None:
    block = NewBlock(kind="phone", value=await pseudonym("13900000001"), reason="scam")
    await stall.blocks.add(HOST, block)
    buyer = {"name": "王小明", "phone": typed}
    with pytest.raises(Forbidden):
        await stall.place(1, buyer=buyer)


async def test_a_block_of_before_holds_for_the_form_that_it_was_made_of(stall: Any) -> None:
    for former, typed in (("05981234567", "+86 598 123 4567"), ("+0013900000001", "13900000001")):
        block = NewBlock(kind="phone", value=await pseudonym(former), reason="scam")
        await stall.blocks.add(HOST, block)
        with pytest.raises(Forbidden):
            await stall.place(1, buyer={"name": "王小明", "phone": typed})
    await stall.place(1, buyer={"name": "王小明", "phone": "0598 765 4321"})


async def test_one_person_is_one_buyer_however_the_number_is_typed(stall: Any) -> None:
    for typed in ("13900000001", "+86 139 0000 0001", "0139 0000 0001", "+00139 0000 0001"):
        placed = await stall.place(1, buyer={"name": "王小明", "phone": typed})
        row = await row_of(stall, placed["order"])
        assert (row.buyer_phone, row.buyer) == ("13900000001", await pseudonym("13900000001"))
        assert row.flags is None


@pytest.mark.parametrize(
    ("country", "typed", "kept", "doubtful"),
    [
        ("CN", "0598 123 4567", "+865981234567", False),
        ("CN", "139 0000 000", "+861390000000", True),
        ("TH", "081 234 5678", "+66812345678", False),
    ],
)
async def test_what_is_doubted_is_taken_and_marked(
    stall: Any, settings: Settings, country: str, typed: str, kept: str, doubtful: bool
) -> None:
    there = till(stall, settings, phone_country=country)
    request = stall.request(1, buyer={"name": "王小明", "phone": typed})
    placed = await there.place(stall.viewer, stall.broadcast, request)
    row = await row_of(stall, placed["order"])
    assert row.buyer_phone == kept
    assert row.flags == (["doubtful-phone"] if doubtful else None)


@pytest.mark.parametrize(
    ("phone", "said"),
    [
        ("139 0000 0001", ["086139 0000 0001", "+00139 0000 0001", "0001", "139 0000 0001"]),
        ("0598 123 4567", ["0598 1234567", "598-123-4567", "+86 598 1234567", "4567"]),
        ("+44 20 7946 0000", ["+44 (0)20 7946 0000", "020 7946 0000", "0044 20 7946 0000"]),
    ],
)
async def test_an_order_is_found_by_its_number_however_it_is_said(
    stall: Any, phone: str, said: list[str]
) -> None:
    placed = await stall.place(1, buyer={"name": "王小明", "phone": phone})
    await stall.place(1, buyer={"name": "李四", "phone": "13700000009"})
    for find in said:
        only = OrderFilter(find=find)
        page, _ = await stall.shop.orders.of_broadcast(HOST, stall.broadcast, only=only)
        assert [order.id for order in page] == [placed["order"]], find

"""The hand-over: six digits find the order that waits, and one step gives it out and is paid."""

import hashlib
from typing import Any

import pytest
from pydantic import ValidationError
from tests.shop.conftest import HOST
from tests.shop.support.holds import stock
from tests.shop.support.orders import CLERK, enter, seen, seller, waiting

from farmlive.bilingual import Bilingual
from farmlive.ids import token, ulid
from farmlive.people import Caller
from farmlive.people.core.audit import list_entries
from farmlive.problems import Forbidden, TooMany
from farmlive.shop.core import idempotency
from farmlive.shop.core.models import NewCentre
from farmlive.shop.core.order_links import CODES, OrderLinks
from farmlive.shop.core.order_models import NewTransition
from farmlive.shop.core.problems import HowKnown, KeyReused, NotInState, UnknownOrder
from farmlive.shop.orders.change_models import CodeSaid, HandOver, NewBulkTransition, WaitingSearch
from farmlive.shop.orders.pickup import CodeShared, UnknownCode, code_at, new_code


def said(code: str = "042117", **more: Any) -> CodeSaid:
    return CodeSaid(code=code, **more)


async def give(stall: Any, placed: Any, by: Caller = CLERK, **more: Any) -> Any:
    return await stall.shop.pickup.hand_over(by, placed["id"], said(**more))


async def test_a_code_finds_the_order_and_it_is_given_out_and_paid_at_once(stall: Any) -> None:
    placed = await waiting(stall)
    order = await stall.shop.pickup.find(CLERK, said())
    assert (order.id, order.state, order.payment) == (placed["id"], "at_centre", "due")
    assert order.buyer.phone == "13800000000"
    done = await give(stall, placed)
    assert (done.order.state, done.order.payment) == ("received", "paid")
    kinds = [event.kind for event in await stall.events("order.received", "order.paid")]
    assert kinds == ["order.received", "order.paid"]
    again = await give(stall, placed)  # an answer was lost
    assert (again.order.state, again.id) == ("received", None)
    with pytest.raises(UnknownCode):
        await stall.shop.pickup.find(CLERK, said())


async def test_a_hand_over_is_undone_as_a_move(stall: Any) -> None:
    placed = await waiting(stall)
    done = await give(stall, placed)
    (order,) = (await stall.shop.bulk_actions.undo(CLERK, stall.broadcast, done.id)).moved
    assert (order.state, order.payment) == ("at_centre", "due")
    assert (await give(stall, placed)).order.state == "received"


async def test_what_is_paid_is_given_out_and_what_is_packed_comes_to_the_centre_first(
    stall: Any,
) -> None:
    placed = await waiting(stall, state="packed")
    await stall.shop.orders.pay(CLERK, stall.broadcast, placed["id"])
    done = await give(stall, placed)
    assert [step.state for step in done.order.history] == [
        "placed",
        "packed",
        "packed",
        "at_centre",
        "received",
    ]
    assert len(await stall.events("order.paid")) == 1


async def test_what_the_farm_forgot_to_tick_is_given_out_step_by_step_and_undone(
    stall: Any,
) -> None:
    placed = await waiting(stall, state="placed")
    assert (await stall.shop.pickup.find(CLERK, said())).state == "placed"
    before = await stock(stall)
    done = await give(stall, placed)
    assert (done.order.state, done.order.payment) == ("received", "paid")
    kinds = ["order.packed", "order.at_centre", "order.received", "order.paid"]
    assert [event.kind for event in await stall.events(*kinds)] == kinds
    steps = [(step.state, step.by) for step in done.order.history]
    assert steps == [
        ("placed", "buyer"),
        ("packed", "staff"),
        ("at_centre", "staff"),
        ("received", "staff"),
        ("received", "staff"),
    ]
    (deed, *_) = await stall.store.read(list_entries)
    assert (deed.action, deed.subject, deed.detail) == (
        "order.handed_over",
        placed["id"],
        {"unpacked": True, "number": "A0001"},
    )
    (order,) = (await stall.shop.bulk_actions.undo(CLERK, stall.broadcast, done.id)).moved
    assert (order.state, order.payment) == ("placed", "due")
    assert await stock(stall) == before


async def test_who_is_known_is_given_the_order_without_a_code(stall: Any) -> None:
    placed = await waiting(stall, state="placed")
    done = await stall.shop.pickup.hand_over(CLERK, placed["id"], HandOver(known_by="slip"))
    assert (done.order.state, done.order.payment) == ("received", "paid")
    (deed, *_) = await stall.store.read(list_entries)
    assert deed.detail == {
        "unpacked": True,
        "codeless": True,
        "known_by": "slip",
        "number": done.order.number,
    }
    again = await stall.shop.pickup.hand_over(CLERK, placed["id"], HandOver(known_by="slip"))
    assert (again.order.state, again.id) == ("received", None)
    (order,) = (await stall.shop.bulk_actions.undo(CLERK, stall.broadcast, done.id)).moved
    assert (order.state, order.payment) == ("placed", "due")


async def test_without_a_code_it_is_said_how_the_buyer_is_known(stall: Any) -> None:
    placed = await waiting(stall)
    with pytest.raises(HowKnown):
        await stall.shop.pickup.hand_over(CLERK, placed["id"], HandOver())
    change = NewTransition(state="received")
    for by in (CLERK, HOST):
        with pytest.raises(HowKnown):
            await stall.shop.orders.enter(by, stall.broadcast, placed["id"], change)
    move = NewBulkTransition(orders=[placed["id"]], state="received")
    moved = await stall.shop.bulk_actions.make(HOST, stall.broadcast, move)
    (refused,) = moved.refused
    assert refused.problem["type"] == "/problems/how-known"
    assert (await stall.shop.order(placed["token"])).state == "at_centre"
    with pytest.raises(ValidationError):
        HandOver.model_validate({"known_by": "a friend"})


async def test_how_a_buyer_is_known_stands_in_the_audit_list_whichever_way_it_is_given(
    stall: Any,
) -> None:
    first, second, third = [await waiting(stall, code=f"00000{n}") for n in range(3)]
    await stall.shop.pickup.hand_over(CLERK, first["id"], HandOver(known_by="identity_card"))
    change = NewTransition(state="received", known_by="known_to_me")
    await stall.shop.orders.enter(CLERK, stall.broadcast, second["id"], change)
    move = NewBulkTransition(orders=[third["id"]], state="received", known_by="other")
    await stall.shop.bulk_actions.make(CLERK, stall.broadcast, move)
    told = (await stall.store.read(list_entries))[:3]
    assert [(deed.action, deed.detail["known_by"]) for deed in reversed(told)] == [
        ("order.handed_over", "identity_card"),
        ("order.received", "known_to_me"),
        ("order.move", "other"),
    ]
    # By its code nothing else is asked, and a parcel has none.
    parcel = await stall.place(1)
    for state in ("packed", "shipped"):
        await enter(stall, parcel, state)
    done = await stall.shop.orders.enter(
        HOST, stall.broadcast, parcel["id"], NewTransition(state="received")
    )
    assert done.state == "received"


def test_a_key_from_before_it_was_asked_is_the_same_key() -> None:
    """An answer that was lost while the server was updated is had again."""
    said = HandOver(code="042117", centre="C")
    before = hashlib.sha256(b'O{"code":"042117","centre":"C","phone":null}').hexdigest()
    assert idempotency.canonical_hash(said, HandOver, scope="O") == before
    assert idempotency.canonical_hash(
        HandOver(known_by="slip"), HandOver, scope="O"
    ) != idempotency.canonical_hash(HandOver(known_by="other"), HandOver, scope="O")


async def test_without_a_code_no_other_order_is_given_out(stall: Any) -> None:
    cancelled, parcel = await waiting(stall, state="cancelled"), await stall.place(1)
    for order, refused in (
        (cancelled["id"], NotInState),
        (parcel["id"], UnknownOrder),
        (ulid(), UnknownOrder),
    ):
        with pytest.raises(refused):
            await stall.shop.pickup.hand_over(HOST, order, HandOver(known_by="slip"))
    with pytest.raises(Forbidden):
        await stall.shop.pickup.hand_over(
            seller(stall.farm.id), parcel["id"], HandOver(known_by="slip")
        )


async def test_whose_answer_was_lost_is_answered_the_same_and_can_still_undo(stall: Any) -> None:
    coded, known, key = await waiting(stall), await waiting(stall, "000001"), token()
    first = await stall.shop.pickup.hand_over(CLERK, coded["id"], said(), key)
    again = await stall.shop.pickup.hand_over(CLERK, coded["id"], said(), key)
    assert first.id is not None
    assert (again.id, again.until) == (first.id, first.until)
    with pytest.raises(KeyReused):
        await stall.shop.pickup.hand_over(CLERK, known["id"], HandOver(known_by="slip"), key)
    await stall.shop.bulk_actions.undo(CLERK, stall.broadcast, again.id)
    # Another wish has another key, also for the same order.
    assert (await give(stall, coded)).id not in (None, first.id)


async def test_what_waits_is_read_page_by_page_of_all_broadcasts(stall: Any) -> None:
    first = await waiting(stall, "000001", buyer={"name": "赵子龙", "phone": "13800001111"})
    second = await waiting(stall, "000002", state="packed")
    for state in ("placed", "received", "cancelled"):
        await waiting(stall, "000003", state=state)
    await stall.place(1)  # a parcel
    stall.broadcast = await stall.another_broadcast()
    stall.card = await stall.offer()
    third = await waiting(stall, "000004", buyer={"name": "王大明", "phone": "13800002222"})
    wanted = [each["id"] for each in (first, second, third)]

    async def found(**search: Any) -> tuple[list[str], str | None]:
        asked = WaitingSearch(**search)
        page, following = await stall.shop.pickup.list_waiting(CLERK, asked)
        return [each.id for each in page], following

    assert await found() == (wanted, None)
    assert await found(limit=2) == (wanted[:2], f"0-{wanted[1]}")
    assert await found(limit=2, cursor=f"0-{wanted[1]}") == (wanted[2:], None)
    assert await found(centre=ulid()) == ([], None)
    for find in ("子龙 赵", "1111", "138 0000 1111"):
        assert await found(find=find) == (wanted[:1], None)
    assert third["id"] in (await found(find=third["number"]))[0]
    with pytest.raises(Forbidden):
        await stall.shop.pickup.list_waiting(seller(stall.farm.id), WaitingSearch())


async def test_what_was_not_ticked_as_packed_is_found_by_its_buyer_alone(stall: Any) -> None:
    placed = await waiting(stall, state="placed", buyer={"name": "赵子龙", "phone": "13800001111"})
    for find, expected in ((None, []), ("赵子龙", [placed["id"]])):
        page, _ = await stall.shop.pickup.list_waiting(CLERK, WaitingSearch(find=find))
        assert [each.id for each in page] == expected


@pytest.mark.parametrize("state", ["received", "cancelled"])
async def test_a_code_that_is_used_finds_nothing(stall: Any, state: str) -> None:
    await waiting(stall, state=state)
    with pytest.raises(UnknownCode):
        await stall.shop.pickup.find(CLERK, said())


async def test_where_a_code_is_shared_the_phone_decides(stall: Any) -> None:
    first = await waiting(stall, buyer={"name": "王小明", "phone": "13800001111"})
    second = await waiting(stall, buyer={"name": "李大红", "phone": "13800002222"})
    with pytest.raises(CodeShared):
        await stall.shop.pickup.find(CLERK, said())
    with pytest.raises(CodeShared):
        await give(stall, first)
    assert (await stall.shop.pickup.find(CLERK, said(phone="2222"))).id == second["id"]
    with pytest.raises(UnknownCode):
        await give(stall, first, phone="2222")
    assert (await give(stall, second, phone="2222")).order.state == "received"


async def test_a_centre_has_codes_of_its_own(stall: Any) -> None:
    other = await stall.shop.catalogue.add_centre(
        HOST, NewCentre(name=Bilingual(zh="溪口服务站"), address=Bilingual(zh="溪口村"))
    )
    first, second = await waiting(stall), await waiting(stall, centre=other.id)
    assert (await give(stall, second, centre=other.id)).order.id == second["id"]
    assert (await give(stall, first, centre=stall.centre.id)).order.id == first["id"]


async def test_guesses_are_counted_and_right_ones_are_not(stall: Any) -> None:
    placed = await waiting(stall)
    for _ in range(30):
        await stall.shop.pickup.find(CLERK, said())
    for _ in range(10):
        with pytest.raises(UnknownCode):
            await stall.shop.pickup.find(CLERK, said("999999"))
    for guess in ("999999", "042117"):
        with pytest.raises(TooMany):
            await stall.shop.pickup.find(CLERK, said(guess))
    with pytest.raises(TooMany):
        await give(stall, placed)
    other = Caller(None, "another clerk", "clerk", "its device", "192.0.2.9", centres=None)
    assert (await give(stall, placed, by=other)).order.state == "received"


async def test_codes_are_for_buyers_and_staff_and_never_in_the_log(stall: Any) -> None:
    placed = await waiting(stall, "730461")
    await give(stall, placed, code="730461")
    assert (await stall.shop.order(placed["token"])).code == "730461"
    assert [order.code for order in await seen(stall, HOST)] == ["730461"]
    assert [order.code for order in await seen(stall, CLERK)] == [None]
    assert [order.code for order in await seen(stall, seller(stall.farm.id))] == [None]
    assert "730461" not in str([event.data for event in await stall.events()])
    for role in (None, "seller", "moderator"):
        with pytest.raises(Forbidden):
            await stall.shop.pickup.find(
                Caller(None, None, role, "d", "192.0.2.8"),
                said("730461"),
            )


async def test_a_new_code_is_none_that_waits_at_the_centre(
    stall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    links, order, centre = OrderLinks(stall.store.keys.orders), ulid(), stall.centre.id
    await waiting(stall, links.code(order))
    moved_on = f"{(int(links.code(order)) + 1) % CODES:06d}"

    async def code_of(centre: str) -> str:
        code = await stall.store.write(
            lambda connection: new_code(connection, links, centre, code_at(links, order, centre))
        )
        assert code.code_hash == links.code_hash(centre, code.digits)
        assert code.digits == links.code(order, code.code_shift)
        return str(code.digits)

    drawn = iter((0, 1))
    monkeypatch.setattr("farmlive.shop.orders.pickup.secrets.randbelow", lambda _below: next(drawn))
    assert await code_of(centre) == moved_on
    monkeypatch.setattr("farmlive.shop.orders.pickup.secrets.randbelow", lambda _below: 0)
    assert await code_of(centre) == links.code(order)  # it is shared
    assert await code_of(ulid()) == links.code(order)


def test_a_code_is_six_digits() -> None:
    for wrong in ("", "12345", "1234567", "12 456", "١٢٣٤٥٦", "abcdef"):
        with pytest.raises(ValueError):
            CodeSaid(code=wrong)
    assert CodeSaid(code=" 042117 ").code == "042117"
    typed = CodeSaid(code="０４２１１７", phone="２２２２")  # by a Chinese keyboard
    assert (typed.code, typed.phone) == ("042117", "2222")

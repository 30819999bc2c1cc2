"""Links and codes of orders: derived with the key that stands beside the database, kept nowhere."""

from typing import Any

from sqlalchemy import inspect, select, text
from tests.shop.conftest import HOST
from tests.shop.support.holds import hold
from tests.shop.support.orders import pickup, seen

from farmlive.ids import token, ulid
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_tables import order_keys, orders

LINKS = OrderLinks(b"k" * 32)


def test_they_have_the_forms_that_they_had_and_differ_by_order_use_and_key() -> None:
    order, other = ulid(), ulid()
    assert len(LINKS.token(order)) == len(token()) == 22
    assert LINKS.token(order) == OrderLinks(b"k" * 32).token(order)
    others = {LINKS.token(other), OrderLinks(b"l" * 32).token(order), LINKS.token_hash(order)}
    assert LINKS.token(order) not in others
    assert LINKS.code(order).isdigit()
    assert len(LINKS.code(order)) == 6
    assert int(LINKS.code(order, 999_999)) == (int(LINKS.code(order)) - 1) % 1_000_000
    at = {LINKS.code_hash(centre, "042117") for centre in (order, other)}
    assert len(at) == 2
    assert len({LINKS.code(ulid()) for _ in range(200)}) > 190


async def test_an_order_is_answered_with_what_opens_it_and_none_of_it_is_kept(stall: Any) -> None:
    request = stall.request(
        1, delivery={"way": "pickup", "centre": stall.centre.id}, payment="pay_at_pickup"
    )
    answer = await stall.shop.till.place(stall.viewer, stall.broadcast, request)
    again = await stall.shop.till.place(stall.viewer, stall.broadcast, request)
    assert again == answer
    assert answer["url"] == f"/order/{answer['token']}"
    shown = await stall.shop.order(answer["token"])
    assert (shown.id, shown.code, shown.token) == (
        answer["id"],
        answer["code"],
        answer["token"],
    )
    (by_staff,) = await seen(stall, HOST)
    assert (by_staff.token, by_staff.code) == (answer["token"], answer["code"])

    def read(connection: Any) -> tuple[str, Any]:
        names = inspect(connection).get_table_names()
        everything = [connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in names]
        kept = select(order_keys.c.answer).where(order_keys.c.key == request.key)
        return str(everything), connection.execute(kept).scalar_one()

    everything, kept = await stall.store.read(read)
    assert answer["id"] in everything
    assert answer["token"] not in everything
    assert f"'{answer['code']}'" not in everything
    assert kept.keys() == answer.keys() - {"token", "code", "url"}


async def test_the_code_of_an_order_that_takes_a_hold_is_the_holds(stall: Any) -> None:
    held = await hold(stall)
    where = {"way": "pickup", "centre": stall.centre.id}
    for named in (held["id"], None):
        placed = await stall.place(
            1, delivery=where, payment="pay_at_pickup", **({"order": named} if named else {})
        )
        links = OrderLinks(stall.store.keys.orders)
        assert placed["token"] == links.token(placed["id"])
        assert placed["code"] == links.code(placed["id"])
        row = await stall.store.read(
            lambda connection, of=placed["id"]: connection.execute(
                select(orders).where(orders.c.id == of)
            ).one()
        )
        assert row.code_hash == links.code_hash(stall.centre.id, placed["code"])
        assert row.token_hash == links.token_hash(placed["token"])
    assert placed["id"] != held["id"]


async def test_nobody_chooses_the_id_of_an_order(stall: Any) -> None:
    """A hold that there is none of gives its order no id."""
    chosen = ulid()
    placed = await stall.place(1, order=chosen)
    assert placed["id"] != chosen


async def test_every_open_order_of_a_point_has_a_code_of_its_own(
    stall: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("farmlive.shop.core.order_links.CODES", 7)
    codes = {(await pickup(stall))["code"] for _ in range(4)}
    assert len(codes) == 4

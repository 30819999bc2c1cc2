"""Boxes of flash batches through any sequence of deeds: kept apart, sold, or given back."""

import contextlib
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select
from tests.shop.conftest import HOST, PRICE, caller
from tests.shop.support.stock_runs import (
    GRAMS,
    LOT_G,
    OFFERS,
    compare_snapshot,
    device,
    new_lot,
    nth,
)
from tests.support.money import cny

from farmlive.clock import now_ms, pretended
from farmlive.ids import token
from farmlive.problems import Forbidden
from farmlive.shop.core.checkout_models import HoldDrop, HoldPlace, OrderPlace
from farmlive.shop.core.order_tables import order_lines, orders
from farmlive.shop.core.problems import LotSpent, NotInState, PriceChanged, SoldOut
from farmlive.shop.core.tables import flashes, holds, lot_stock, offers
from farmlive.shop.flash.models import FlashEnd, FlashPlan
from farmlive.shop.flash.problems import FlashThere

LOW = 1990


few = st.dictionaries(st.integers(0, 1), st.integers(1, 3), min_size=1)


flashy = st.one_of(
    st.tuples(st.just("start"), st.integers(0, OFFERS - 1), st.integers(1, 9)),
    st.tuples(st.just("end"), st.integers(0, OFFERS - 1)),
    st.tuples(st.just("hold"), device, few, st.booleans()),
    st.tuples(st.just("place"), device, few, st.booleans()),
    st.tuples(st.just("drop"), device),
    st.tuples(st.just("cancel"), nth),
)


class Fair:
    """Does deeds with flash batches, and has the tables add up after each."""

    def __init__(self, stall: Any, broadcast: str, cards: list[Any]):
        self.stall = stall
        self.broadcast = broadcast
        self.cards = cards
        self.held: dict[int, str] = {}
        self.tokens: list[str] = []

    def lines(self, wanted: dict[int, int], low: bool) -> list[dict[str, Any]]:
        price = LOW if low else PRICE
        return [
            {"offer": self.cards[offer].id, "quantity": quantity, "price": price}
            for offer, quantity in wanted.items()
        ]

    async def start(self, offer: int, boxes: int) -> None:
        facts = {
            "offer": self.cards[offer].id,
            "price": cny(LOW),
            "boxes": boxes,
            "seconds": 600,
        }
        await self.stall.shop.flashes.plan(HOST, self.broadcast, FlashPlan.model_validate(facts))

    async def end(self, offer: int) -> None:
        of_offer = self.cards[offer].id
        for flash in await self.stall.shop.flashes.list_batches(self.broadcast):
            if flash.offer == of_offer and flash.state == "running":
                message = FlashEnd(flash=flash.id)
                await self.stall.shop.flashes.end(HOST, self.broadcast, message)

    async def hold(self, who: int, wanted: dict[int, int], low: bool) -> None:
        request = HoldPlace.model_validate({"lines": self.lines(wanted, low), "key": token()})
        answer = await self.stall.shop.holds.place(caller(f"{who}"), self.broadcast, request)
        self.held[who] = answer["id"]

    async def place(self, who: int, wanted: dict[int, int], low: bool) -> None:
        body = self.stall.body(lines=self.lines(wanted, low), key=token(), order=self.held.get(who))
        request = OrderPlace.model_validate(body)
        answer = await self.stall.shop.till.place(caller(f"{who}"), self.broadcast, request)
        self.tokens.append(answer["token"])
        self.held.pop(who, None)

    async def drop(self, who: int) -> None:
        drop = HoldDrop(order=self.held.pop(who, "NONE"))
        await self.stall.shop.holds.drop(caller(f"{who}"), self.broadcast, drop)

    async def cancel(self, which: int) -> None:
        if self.tokens:
            await self.stall.shop.orders.cancel(self.tokens[which % len(self.tokens)])

    async def add_up(self) -> None:
        """What holds and orders say, the offers, the batches and the lot say too."""

        def read(connection: Connection) -> None:
            held: Counter[str] = Counter()
            for kept in connection.execute(select(holds.c.lines)).scalars():
                for line in kept:
                    held.update({line["offer"]: line["quantity"]})
                    held.update({line.get("flash") or "none": line["quantity"]})
            sold: Counter[str] = Counter()
            query = select(order_lines).join(orders, orders.c.id == order_lines.c.order)
            for line in connection.execute(query.where(orders.c.state != "cancelled")):
                sold.update({line.offer: line.quantity})
                sold.update({line.flash or "none": line.quantity})
            running = {}
            for batch in connection.execute(select(flashes)):
                assert (batch.sold, batch.held) == (sold[batch.id], held[batch.id])
                if batch.state == "running":
                    running[batch.offer] = batch.boxes - batch.sold - batch.held
            taken_g = [0, 0]
            for place, card in enumerate(self.cards):
                row = connection.execute(select(offers).filter_by(id=card.id)).one()
                assert (row.sold, row.held) == (sold[row.id], held[row.id])
                assert row.kept == running.get(row.id, 0)
                assert row.sold + row.held + row.kept <= row.released
                taken_g[0] += row.sold * GRAMS[place]
                taken_g[1] += row.held * GRAMS[place]
            lot = connection.execute(select(lot_stock).filter_by(lot=self.stall.lot.id)).one()
            assert [lot.sold_g, lot.held_g] == taken_g
            assert sum(taken_g) <= LOT_G

        await self.stall.store.read(read)
        cards = {card.id: card for card in await self.stall.shop.bag.cards(self.broadcast)}
        await compare_snapshot(self.stall, self.broadcast, cards)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(deeds=st.lists(flashy, min_size=1, max_size=25))
async def test_boxes_of_flash_batches_are_kept_sold_or_given_back(
    stall: Any, deeds: list[Any]
) -> None:
    broadcast = stall.broadcast = await stall.another_broadcast()
    stall.limits._full_at.clear()
    await new_lot(stall)
    cards = [await stall.offer(released=8, net_weight_g=grams) for grams in GRAMS]
    fair = Fair(stall, broadcast, cards)
    for offer in (0, 1):
        await fair.start(offer, 6)
    refusals = (SoldOut, LotSpent, PriceChanged, FlashThere, NotInState, Forbidden)
    for kind, *what in deeds:
        with contextlib.suppress(*refusals):
            await getattr(fair, kind)(*what)
        await fair.add_up()
    await stall.broadcasts.end(broadcast)
    with pretended(now_ms() + 3_600_000):
        await stall.shop.holds.expire()
    await fair.add_up()

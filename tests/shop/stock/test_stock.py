"""Stock through any sequence of deeds: released = sold + held + kept + left, no box is lost, and
no lot gives more than it holds.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select
from tests.shop.conftest import HOST, PRICE, caller
from tests.shop.support.stock_runs import (
    GRAMS,
    LOT_G,
    OFFERS,
    basket,
    compare_snapshot,
    device,
    new_lot,
    nth,
)

from farmlive.clock import now_ms, pretended
from farmlive.ids import token
from farmlive.problems import Forbidden
from farmlive.shop.core.checkout_models import HoldDrop, HoldPlace, OrderPlace
from farmlive.shop.core.models import OfferRelease
from farmlive.shop.core.order_models import NewTransition
from farmlive.shop.core.order_tables import order_lines, orders
from farmlive.shop.core.problems import (
    LotSpent,
    NotInState,
    SoldOut,
    StockTaken,
)
from farmlive.shop.core.tables import holds, lot_stock, offers

deed = st.one_of(
    st.tuples(st.just("hold"), device, basket),
    st.tuples(st.just("place"), device, basket, st.booleans()),
    st.tuples(st.just("drop"), device),
    st.tuples(st.just("expire")),
    st.tuples(st.just("cancel"), nth),
    st.tuples(st.just("pack"), nth),
    st.tuples(st.just("call off"), nth),
    st.tuples(st.just("release"), st.integers(0, OFFERS - 1), st.integers(-6, 6).filter(bool)),
)


@dataclass
class Model:
    """What a shop of three offers should hold, in the plainest words."""

    released: list[int]
    sold: Counter[int] = field(default_factory=Counter)
    holds: dict[int, dict[int, int]] = field(default_factory=dict)
    placed: list[tuple[dict[str, Any], dict[int, int]]] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)

    def held(self, offer: int) -> int:
        return sum(lines.get(offer, 0) for lines in self.holds.values())

    def left(self, offer: int, of: dict[int, int] | None = None) -> int:
        """What someone who holds `of` may have, the lot aside."""
        free = self.released[offer] - self.sold[offer] - self.held(offer)
        return free + (of or {}).get(offer, 0)

    def left_g(self) -> int:
        """What the lot still holds."""
        taken = (self.sold[offer] + self.held(offer) for offer in range(OFFERS))
        return LOT_G - sum(boxes * grams for boxes, grams in zip(taken, GRAMS, strict=True))

    def fits(self, wanted: dict[int, int], own: dict[int, int]) -> bool:
        """Whether someone who holds `own` may have all of this."""
        more_g = sum(wanted.get(offer, 0) * GRAMS[offer] for offer in range(OFFERS))
        more_g -= sum(boxes * GRAMS[offer] for offer, boxes in own.items())
        return more_g <= self.left_g() and all(
            self.left(offer, own) >= wanted[offer] for offer in wanted
        )


class Run:
    """Does the deeds in the shop and in the model, and compares."""

    def __init__(self, stall: Any, broadcast: str, cards: list[Any]):
        self.stall = stall
        self.broadcast = broadcast
        self.cards = cards
        self.model = Model([card.released for card in cards])
        self.held: dict[int, str] = {}

    def lines(self, wanted: dict[int, int]) -> list[dict[str, Any]]:
        return [
            {"offer": self.cards[offer].id, "quantity": quantity, "price": PRICE}
            for offer, quantity in wanted.items()
        ]

    async def hold(self, who: int, wanted: dict[int, int]) -> None:
        own = self.model.holds.get(who, {})
        request = HoldPlace.model_validate({"lines": self.lines(wanted), "key": token()})
        fits = self.model.fits(wanted, own)
        try:
            answer = await self.stall.shop.holds.place(caller(f"{who}"), self.broadcast, request)
        except (SoldOut, LotSpent):
            assert not fits
            return
        assert fits
        assert self.held.setdefault(who, answer["id"]) == answer["id"]
        self.model.holds[who] = dict(wanted)

    async def place(self, who: int, wanted: dict[int, int], named: bool) -> None:
        own = self.model.holds.get(who, {})
        taken = own if named or own.keys() & wanted.keys() else {}
        body = self.stall.body(lines=self.lines(wanted), key=token())
        if named and who in self.held:
            body["order"] = self.held[who]
        fits = self.model.fits(wanted, taken)
        request = OrderPlace.model_validate(body)
        try:
            answer = await self.stall.shop.till.place(caller(f"{who}"), self.broadcast, request)
        except (SoldOut, LotSpent):
            assert not fits
            return
        assert fits
        if taken:
            del self.model.holds[who]
            assert answer["id"] == self.held.pop(who)
        self.model.sold.update(wanted)
        self.model.placed.append((answer, dict(wanted)))
        self.model.states[answer["id"]] = "placed"

    async def drop(self, who: int) -> None:
        order = self.held.pop(who, "NONE")
        drop = HoldDrop(order=order)
        await self.stall.shop.holds.drop(caller(f"{who}"), self.broadcast, drop)
        self.model.holds.pop(who, None)

    async def expire(self) -> None:
        with pretended(now_ms() + 3_600_000):
            expired = await self.stall.shop.holds.expire()
        assert expired == len(self.model.holds)
        self.model.holds.clear()
        self.held.clear()

    async def change(self, which: int, to: str) -> None:
        """Cancel by the buyer, pack, or cancel by staff."""
        if not self.model.placed:
            return
        placed, wanted = self.model.placed[which % len(self.model.placed)]
        state = self.model.states[placed["id"]]
        try:
            if to == "cancel":
                await self.stall.shop.orders.cancel(placed["token"])
            else:
                after = NewTransition(state="packed" if to == "pack" else "cancelled")
                order = placed["id"]
                await self.stall.shop.orders.enter(HOST, self.broadcast, order, after)
        except NotInState:
            assert (state, to) == ("cancelled", "pack")
            return
        except Forbidden:
            assert (state, to) == ("packed", "cancel")
            return
        if state == "placed" and to != "pack":
            self.model.sold.subtract(wanted)
        self.model.states[placed["id"]] = "packed" if to == "pack" else "cancelled"

    async def release(self, offer: int, quantity: int) -> None:
        message = OfferRelease(offer=self.cards[offer].id, quantity=quantity)
        left = self.model.left(offer) + quantity
        fits = left >= 0 and (quantity < 0 or left * GRAMS[offer] <= self.model.left_g())
        try:
            await self.stall.shop.bag.release(HOST, self.broadcast, message)
        except (StockTaken, LotSpent):
            assert not fits
            return
        assert fits
        self.model.released[offer] += quantity

    async def compare(self) -> None:
        """The tables, the cards, the log and the model say the same."""
        ids = [card.id for card in self.cards]

        def read(connection: Connection) -> tuple[dict[str, Any], Counter[str], Counter[str]]:
            rows = {r.id: r for r in connection.execute(select(offers)) if r.id in ids}
            kept: Counter[str] = Counter()
            for hold in connection.execute(select(holds.c.lines)).scalars():
                kept.update({line["offer"]: line["quantity"] for line in hold})
            ordered: Counter[str] = Counter()
            query = select(order_lines.c.offer, order_lines.c.quantity, orders.c.id).join(
                orders, orders.c.id == order_lines.c.order
            )
            given_back = {
                event.data["order"]
                for event in self.stall.log.events(connection, self.broadcast)
                if event.kind == "order.cancelled"
            }
            packed = {
                event.data["order"]
                for event in self.stall.log.events(connection, self.broadcast)
                if event.kind == "order.packed"
            }
            for line in connection.execute(query):
                if line.id not in given_back or line.id in packed:
                    ordered[line.offer] += line.quantity
            lot = connection.execute(select(lot_stock).filter_by(lot=self.stall.lot.id)).one()
            sold_g, held_g = (
                sum(GRAMS[place] * count[offer] for place, offer in enumerate(ids))
                for count in (ordered, kept)
            )
            assert (lot.sold_g, lot.held_g) == (sold_g, held_g)
            assert sold_g + held_g <= LOT_G
            return rows, kept, ordered

        rows, kept, ordered = await self.stall.store.read(read)
        events = await self.stall.store.read(
            lambda c: self.stall.log.events(c, self.broadcast, kinds=["stock.changed"])
        )
        told = {event.data["offer"]: event.data for event in events}
        cards = {card.id: card for card in await self.stall.shop.bag.cards(self.broadcast)}
        for place, offer in enumerate(ids):
            row, card = rows[offer], cards[offer]
            assert (row.released, row.sold, row.held) == (
                self.model.released[place],
                self.model.sold[place],
                self.model.held(place),
            )
            left = row.released - row.sold - row.held
            assert left >= 0
            assert (row.held, row.sold) == (kept[offer], ordered[offer])
            of_lot = self.model.left_g() // GRAMS[place]
            assert (card.released, card.held) == (row.released, row.held)
            assert card.left == min(left, of_lot)
            if offer in told:
                last = told[offer]
                assert (last["released"], last["sold"], last["held"], last["left"]) == (
                    row.released,
                    row.sold,
                    row.held,
                    left,
                )
        if events:
            sold_g = sum(self.model.sold[place] * GRAMS[place] for place in range(OFFERS))
            last = events[-1].data
            assert (last["lot_sold_g"], last["lot_left_g"]) == (sold_g, self.model.left_g())
            assert {(card.lot.sold_g, card.lot.left_g) for card in cards.values()} == {
                (sold_g, self.model.left_g())
            }
        await compare_snapshot(self.stall, self.broadcast, cards)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(deeds=st.lists(deed, min_size=1, max_size=25))
async def test_every_box_is_sold_held_or_left(stall: Any, deeds: list[Any]) -> None:
    broadcast = stall.broadcast = await stall.another_broadcast()
    stall.limits._full_at.clear()
    await new_lot(stall)
    cards = [await stall.offer(released=8, net_weight_g=grams) for grams in GRAMS]
    run = Run(stall, broadcast, cards)
    for kind, *what in deeds:
        if kind in ("cancel", "pack", "call off"):
            (which,) = what
            await run.change(which, kind)
        else:
            await getattr(run, kind)(*what)
        await run.compare()
    await run.expire()
    await run.compare()

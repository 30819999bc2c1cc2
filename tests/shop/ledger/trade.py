"""A trade at random: what buyers and staff do is done in the shop and in the ledger, and answered
alike. What must agree afterwards is agreement.py's.
"""

from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from sqlalchemy import select
from tests.shop.conftest import HOST, caller
from tests.shop.ledger.booth import CHEAP, DEVICES, PRICE, Booth, Drawn
from tests.shop.ledger.entries import Asked, Batch, Move, Offer, Order
from tests.support.money import cny

from farmlive.broadcast.broadcast_state import BroadcastState
from farmlive.clock import now_ms
from farmlive.ids import token
from farmlive.origin.core.models import LotChange, NewWaste
from farmlive.shop.checkout.waitlist_models import WaitJoin, WaitLeave
from farmlive.shop.core.checkout_models import HoldDrop, HoldPlace, OrderPlace
from farmlive.shop.core.models import OfferChange, OfferRelease
from farmlive.shop.core.order_models import Refund
from farmlive.shop.core.tables import holds
from farmlive.shop.flash.models import FlashEnd, FlashPlan
from farmlive.shop.orders.change_models import NewBulkTransition, NewReversal

DEVICE, OFFER = st.integers(0, len(DEVICES) - 1), st.integers(0, 3)
QUANTITY = st.sampled_from([1, 1, 1, 2, 2, 3, 4])
WHICH = st.integers(0, 1_000)
# What the buyer saw: what the card says now, mostly.
SEEN = st.sampled_from(["now"] * 8 + ["ordinary", "cheap"])
LINES = st.lists(
    st.tuples(OFFER, QUANTITY, SEEN), min_size=1, max_size=3, unique_by=lambda it: it[0]
)


class Trade(Booth):
    """Buyers and staff of two broadcasts that share a lot."""

    @initialize(
        rush=st.lists(st.tuples(DEVICE, LINES), max_size=6),
        hot=OFFER,
        batch=st.booleans(),
        limit=st.sampled_from([None, 1, 2]),
        eager=st.lists(st.tuples(DEVICE, QUANTITY), max_size=5),
        rest_g=st.sampled_from([None, None, 0, 2_600, 5_100]),
    )
    def open(
        self,
        rush: list[tuple[int, Drawn]],
        hot: int,
        batch: bool,
        limit: int | None,
        eager: list[tuple[int, int]],
        rest_g: int | None,
    ) -> None:
        """30 kg for boxes of two sizes and another broadcast; 25 kg for one offer alone.

        Some hold of it at once, and of one offer nothing is left, for which some wait; it may have
        a flash batch, and little may be left of the lot.
        """
        world, stall = self.world, self.world.stall
        stall.broadcast = world.run(stall.another_broadcast())
        there = world.run(stall.another_broadcast())
        shared, alone = self._lot(30_000), self._lot(25_000)
        for broadcast, lot, grams, released in (
            (stall.broadcast, shared, 2500, 12),
            (stall.broadcast, shared, 5000, 6),
            (stall.broadcast, alone, 2500, 4),
            (there, shared, 2500, 4),
        ):
            stall.broadcast = broadcast
            made = stall.offer(released, PRICE, lot=lot, net_weight_g=grams, gtin=None)
            card = world.run(made)
            self.names.append(card.id)
            self.ledger.offers[card.id] = Offer(broadcast, lot, grams, PRICE, released)
            self.scenes.setdefault(broadcast, BroadcastState())
        for device, drawn in rush:
            self.hold(device, drawn)
        if left := self.ledger.free(self.names[hot]):
            self.release(hot, -left)
        if batch:
            self.flash(hot, 3, limit, 30, None)
        shared = self.ledger.offers[self.names[0]].lot
        if rest_g is not None and (grams := self.ledger.lot_left(shared) - rest_g) > 0:
            self.waste(0, grams)
        for device, quantity in eager:
            self.join(device, hot, quantity)

    # Deeds: each is done in the shop and in the ledger, and answered alike.

    @rule(device=DEVICE, drawn=LINES)
    def hold(self, device: int, drawn: Drawn) -> None:
        broadcast, asked = self.asked(drawn)
        body = {"lines": [vars(it) for it in asked], "key": token()}
        request = HoldPlace.model_validate(body)
        expected = self.ledger.hold(broadcast, DEVICES[device], asked)
        self.both(self.world.shop.holds.place(self.by(device), broadcast, request), expected)

    @precondition(lambda self: self.ledger.holds)
    @rule(which=WHICH, offer=OFFER, quantity=QUANTITY)
    def hold_something_else(self, which: int, offer: int, quantity: int) -> None:
        """Have another thing kept in place of all that is held."""
        broadcast, name = list(self.ledger.holds)[which % len(self.ledger.holds)]
        if self.ledger.offers[self.names[offer]].broadcast == broadcast:
            self.hold(DEVICES.index(name), [(offer, quantity, "now")])

    @precondition(lambda self: self.ledger.holds)
    @rule(which=WHICH)
    def let_a_hold_run_out(self, which: int) -> None:
        hold = list(self.ledger.holds.values())[which % len(self.ledger.holds)]
        self.world.clock.at = hold.until
        self.let_time_pass(0)

    @precondition(lambda self: self.ledger.holds)
    @rule(which=WHICH, own=st.sampled_from([True, True, True, False]))
    def drop(self, which: int, own: bool) -> None:
        """Give a hold back; that of another device is not one's own to give."""
        broadcast, name = list(self.ledger.holds)[which % len(self.ledger.holds)]
        device = DEVICES.index(name)
        request = HoldDrop(order=self.held(broadcast, device))
        expected = self.ledger.drop(broadcast, name) if own else ""
        by = self.by(device if own else (device + 1) % len(DEVICES))
        self.both(self.world.shop.holds.drop(by, broadcast, request), expected)

    @rule(device=DEVICE, drawn=LINES, named=st.booleans())
    def order(self, device: int, drawn: Drawn, named: bool) -> None:
        broadcast, asked = self.asked(drawn)
        self._order(device, broadcast, asked, named)

    @precondition(lambda self: self.ledger.holds)
    @rule(which=WHICH, less=st.integers(-1, 2), other=st.sampled_from([None, None, 0]))
    def order_what_is_held(self, which: int, less: int, other: int | None) -> None:
        """Or somewhat less of it, or more; for one's own phone, or for that of another."""
        (broadcast, name), hold = list(self.ledger.holds.items())[which % len(self.ledger.holds)]
        asked = [
            Asked(offer, max(1, line.quantity - less), line.price)
            for offer, line in hold.lines.items()
        ]
        self._order(DEVICES.index(name), broadcast, asked, True, other)

    def _order(
        self, device: int, broadcast: str, asked: list[Asked], named: bool, other: int | None = None
    ) -> None:
        hold = self.held(broadcast, device) if named else None
        lines = [vars(it) for it in asked]
        phone = DEVICES[device if other is None else other]
        buyer = {"name": "王小明", "phone": f"138 0000 000{DEVICES.index(phone)}"}
        body = self.world.stall.body(lines=lines, order=hold, buyer=buyer)
        request = OrderPlace.model_validate({**body, "key": token()})
        by_hold = hold is not None
        order = self.ledger.order
        expected = order(broadcast, DEVICES[device], asked, named=by_hold, phone=phone)
        placed = self.world.shop.till.place(self.by(device), broadcast, request)
        if (answer := self.both(placed, expected)) is not None:
            self.tokens.append(answer["token"])
            self.ids.append(answer["id"])

    @precondition(lambda self: self.tokens)
    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        which %= len(self.tokens)
        expected = self.ledger.cancel(self.ledger.orders[which])
        self.both(self.world.shop.orders.cancel(self.tokens[which]), expected)

    @rule(device=DEVICE, offer=OFFER, quantity=QUANTITY)
    def join(self, device: int, offer: int, quantity: int) -> None:
        name = self.names[offer]
        request = WaitJoin(offer=name, quantity=quantity)
        expected = self.ledger.join(DEVICES[device], name, quantity)
        broadcast = self.ledger.offers[name].broadcast
        joined = self.world.shop.waitlist.join(self.by(device), broadcast, request)
        if (answer := self.both(joined, expected)) is not None:
            queue = [it.device for it in self.ledger.waits if it.offer == name]
            place = queue.index(DEVICES[device]) + 1 if DEVICES[device] in queue else 0
            assert answer["place"] == place
            assert answer["waiting"] == self.ledger.waiting(name)

    @precondition(lambda self: self.tokens)
    @rule(which=st.lists(WHICH, min_size=1, max_size=3), back=st.booleans())
    def cancel_together(self, which: list[int], back: bool) -> None:
        """Several orders of a broadcast at once, which can be undone, and may be so at once."""
        chosen = list(dict.fromkeys(each % len(self.tokens) for each in which))
        broadcast = self.ledger.orders[chosen[0]].broadcast
        chosen = [it for it in chosen if self.ledger.orders[it].broadcast == broadcast]
        wanted = [self.ledger.orders[it] for it in chosen]
        move = Move(self.ledger.now, [order for order in wanted if not order.cancelled])
        move.orders.sort(key=self.ledger.orders.index)
        for order in wanted:
            self.ledger.cancel(order, move)
        named = NewBulkTransition(orders=[self.ids[it] for it in chosen], state="cancelled")
        answer = self.both(self.world.shop.bulk_actions.make(HOST, broadcast, named), "")
        self.moves.append((answer.id, broadcast, move))
        if back:
            self.undo(len(self.moves) - 1)

    @precondition(lambda self: self.moves)
    @rule(which=WHICH)
    def undo(self, which: int) -> None:
        name, broadcast, move = self.moves[which % len(self.moves)]
        expected = self.ledger.undo(move)
        answer = self.both(self.world.shop.bulk_actions.undo(HOST, broadcast, name), expected)
        if answer is not None:
            told = {it.id for it in answer.moved}, [it.order for it in answer.refused]
            assert told == (set(self._named(move.undone)), self._named(self.ledger.still(move)))

    def _named(self, orders: list[Order]) -> list[str]:
        places = {id(order): place for place, order in enumerate(self.ledger.orders)}
        return [self.ids[places[id(order)]] for order in orders]

    @precondition(lambda self: self.tokens)
    @rule(which=WHICH, line=WHICH, pays=st.booleans())
    def give_back(self, which: int, line: int, pays: bool) -> None:
        """One box of an order that has others; who has not paid yet pays less for it."""
        which %= len(self.tokens)
        order = self.ledger.orders[which]
        lines = [name for name, it in order.lines.items() if it.quantity]
        if sum(it.quantity for it in order.lines.values()) < 2 or order.cancelled:
            return
        orders, offer = self.world.shop.orders, lines[line % len(lines)]
        if pays and self.ids[which] not in self.paid:
            expected = self.ledger.pay(order)
            self.both(orders.pay(HOST, order.broadcast, self.ids[which]), expected)
            self.paid.add(self.ids[which])
        back = [{"offer": offer, "quantity": 1}]
        refund = Refund.model_validate({"amount": cny(1), "reason": "too many", "lines": back})
        expected = self.ledger.give_back(order, offer)
        given = orders.refund(HOST, order.broadcast, self.ids[which], refund)
        if (answer := self.both(given, expected)) is not None:
            self.refunds.append((answer.refund, answer.id, order.deeds[-1]))

    @rule(device=DEVICE, offer=OFFER, pays=st.booleans(), back=st.sampled_from([None, True, False]))
    def order_too_many(self, device: int, offer: int, pays: bool, back: bool | None) -> None:
        """Two boxes, of which one is not wanted; and was after all, at once or later."""
        before = len(self.tokens)
        self.order(device, [(offer, 2, "now")], named=False)
        if len(self.tokens) > before:
            self.give_back(before, 0, pays)
            if back is not None:
                self.take_a_refund_back(0, back)

    @precondition(lambda self: self.refunds)
    @rule(which=WHICH, late=st.booleans())
    def take_a_refund_back(self, which: int, late: bool) -> None:
        """The last ones mostly: what came before others is refused; late ones with a reason."""
        name, id_, refund = self.refunds[-1 - which % len(self.refunds)]
        broadcast, moves = refund.order.broadcast, self.world.shop.bulk_actions
        if late:
            wrong = NewReversal(refund=name, reason="it was a mistake")
            expected = self.ledger.put_refund_right(refund)
            self.both(moves.revert(HOST, broadcast, id_, wrong), expected)
            return
        expected, refused = self.ledger.undo_refund(refund)
        if (answer := self.both(moves.undo(HOST, broadcast, name), expected)) is not None:
            slugs = [it.problem["type"].rpartition("/")[2] for it in answer.refused]
            assert slugs == [refused] * bool(refused)

    @precondition(lambda self: any(order.cancelled for order in self.ledger.orders))
    @rule(which=WHICH)
    def want_it_after_all(self, which: int) -> None:
        """However long ago it was cancelled, by its buyer or by staff."""
        gone = [place for place, order in enumerate(self.ledger.orders) if order.cancelled]
        place = gone[which % len(gone)]
        order = self.ledger.orders[place]
        wrong = NewReversal(state="placed", reason="it was a mistake")
        expected = self.ledger.put_right(order)
        right = self.world.shop.bulk_actions.revert(HOST, order.broadcast, self.ids[place], wrong)
        self.both(right, expected)

    @rule(which=WHICH, grams=st.sampled_from([2_000, 6_000, 30_000]))
    def waste(self, which: int, grams: int) -> None:
        lot = list(self.ledger.lots)[which % 2]
        expected = self.ledger.waste(lot, grams)
        new = NewWaste(weight_g=grams, reason="it is squashed")
        self.both(self.world.stall.origin.waste(HOST, lot, new), expected)

    @rule(which=WHICH, grams=st.sampled_from([20_000, 30_000, 45_000]))
    def weigh(self, which: int, grams: int) -> None:
        lot = list(self.ledger.lots)[which % 2]
        expected = self.ledger.weigh(lot, grams)
        change = LotChange(quantity_g=grams, reason="the scales were wrong")
        self.both(self.world.stall.origin.correct(HOST, lot, change), expected)

    @precondition(lambda self: self.ledger.waits)
    @rule(which=WHICH)
    def leave(self, which: int) -> None:
        wait = self.ledger.waits[which % len(self.ledger.waits)]
        expected = self.ledger.leave(wait.device, wait.offer)
        request = WaitLeave(offer=wait.offer)
        leaving = self.world.shop.waitlist.leave(caller(wait.device), wait.broadcast, request)
        self.both(leaving, expected)

    @rule(offer=OFFER, quantity=st.integers(-3, 6).filter(bool))
    def release(self, offer: int, quantity: int) -> None:
        name = self.names[offer]
        expected = self.ledger.release(name, quantity)
        message = OfferRelease(offer=name, quantity=quantity)
        broadcast = self.ledger.offers[name].broadcast
        self.both(self.world.shop.bag.release(HOST, broadcast, message), expected)

    @rule(
        offer=OFFER,
        boxes=st.integers(1, 6),
        per_buyer=st.sampled_from([None, None, 1, 3]),
        seconds=st.sampled_from([30, 300]),
        wait_s=st.sampled_from([None, None, 30]),
    )
    def flash(
        self, offer: int, boxes: int, per_buyer: int | None, seconds: int, wait_s: int | None
    ) -> None:
        name, now = self.names[offer], now_ms()
        starts_at = now + (wait_s or 0) * 1000
        batch = Batch(name, CHEAP, boxes, per_buyer, starts_at, starts_at + seconds * 1000)
        message = FlashPlan(
            offer=name,
            price=cny(CHEAP),
            boxes=boxes,
            seconds=seconds,
            per_buyer=per_buyer,
            starts_at=None if wait_s is None else starts_at,
        )
        expected = self.ledger.plan("new", batch)
        broadcast = self.ledger.offers[name].broadcast
        answer = self.both(self.world.shop.flashes.plan(HOST, broadcast, message), expected)
        if answer is not None:
            self.ledger.batches[answer["id"]] = self.ledger.batches.pop("new")

    @precondition(lambda self: self.ledger.batches)
    @rule(which=WHICH, wrong=st.sampled_from([False, False, True]))
    def end_flash(self, which: int, wrong: bool) -> None:
        """Mostly one that has not ended yet; its price may have been a mistake."""
        batches = self.ledger.batches
        some = [name for name, batch in batches.items() if batch.state != "ended"] or list(batches)
        self._end_flash(some[which % len(some)], wrong)

    def _end_flash(self, name: str, wrong: bool) -> None:
        batch = self.ledger.batches[name]
        end = self.ledger.end_batch
        expected = self.ledger.wrong_batch(batch, name) if wrong else end(batch, "host")
        broadcast = self.ledger.offers[batch.offer].broadcast
        message = FlashEnd(flash=name, wrong=wrong)
        self.both(self.world.shop.flashes.end(HOST, broadcast, message), expected)

    @rule(offer=OFFER, price=st.sampled_from([CHEAP, PRICE, PRICE]))
    def change(self, offer: int, price: int) -> None:
        name = self.names[offer]
        expected = self.ledger.change(name, price)
        broadcast = self.ledger.offers[name].broadcast
        message = OfferChange(offer=name, price=cny(price))
        self.both(self.world.shop.bag.change(HOST, broadcast, message), expected)

    @rule(seconds=st.sampled_from([1, 31, 61, 305, 601]))
    def let_time_pass(self, seconds: int) -> None:
        """What is over by then is over in the order in which the shop tells it."""
        before = {name: scene.seq for name, scene in self.scenes.items()}
        of_order = {row.id: (row.broadcast, row.device) for row in self.world.read(select(holds))}
        self.world.clock.at += seconds * 1000
        self.ledger.now = self.world.clock.at
        self.world.run(self.world.shop.holds.expire())
        for broadcast, seq in before.items():
            read = partial(self._events, broadcast=broadcast, after=seq)
            for event in self.world.run(self.world.stall.store.read(read)):
                if event.kind == "order.expired":
                    self.ledger.expire(*of_order[event.data["order"]])
        # A hold that was over and grew meanwhile by what was waited for has a new end.
        assert all(hold.until > self.ledger.now for hold in self.ledger.holds.values())
        self.world.run(self.world.shop.flashes.run_due())
        due = {
            name: batch.starts_at if batch.state == "planned" else batch.ends_at + 2000
            for name, batch in self.ledger.batches.items()
        }
        for name in sorted(due, key=lambda name: (due[name], name)):
            batch = self.ledger.batches[name]
            if batch.state == "planned" and batch.starts_at <= self.ledger.now:
                self.ledger.start(batch)
            elif batch.state == "running" and batch.ends_at + 2000 <= self.ledger.now:
                self.ledger.end_batch(batch, "time")

    @rule(offer=OFFER, chance=st.integers(0, 15))
    def end(self, offer: int, chance: int) -> None:
        if chance == 15:
            broadcast = self.ledger.offers[self.names[offer]].broadcast
            expected = self.ledger.end(broadcast)
            self.both(self.world.stall.broadcasts.end(broadcast), expected)

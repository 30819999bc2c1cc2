"""The trade in memory, said as simply as it can be: what the shop must agree with, step by step.

Each deed returns the slug of the problem that refuses it, or "" where it is done. Whatever is
kept, is kept twice over in the shop; here it is counted anew from what everyone has.
"""

from dataclasses import dataclass

from tests.shop.ledger.entries import (
    Asked,
    Batch,
    Hold,
    Line,
    Move,
    Order,
    Refund,
    Wait,
)
from tests.shop.ledger.rules import ADDRESS_BOXES, HOLD_AT_MOST_MS, HOLD_MS, NEW, ORDER_BOXES, Rules

UNDO_MS = 600_000


@dataclass
class Ledger(Rules):
    """What buyers and staff do to them."""

    # Buyers.

    def hold(self, broadcast: str, device: str, asked: list[Asked]) -> str:
        """Have these kept in place of what the device holds."""
        if sum(it.quantity for it in asked) > ORDER_BOXES:
            return "order-too-large"
        if broadcast in self.ended:
            return "broadcast-ended"
        before = self.holds.get((broadcast, device))
        lines = self._had(device, asked, before)
        if isinstance(lines, str):
            return lines
        if self._over_limit(broadcast, device, "", lines, before):
            return "box-limit"
        if device in NEW and self._over_share(lines, before):
            return "hold-share"
        held_at = self.now if before is None else before.held_at
        until = min(self.now + HOLD_MS, held_at + HOLD_AT_MOST_MS)
        if before is not None and self._by_hold(lines):
            until = before.until
        self.holds[broadcast, device] = Hold(lines, until, held_at, device in NEW)
        if before is not None:
            self._serve([*lines, *before.lines])
        return ""

    def drop(self, broadcast: str, device: str) -> str:
        """Give back what the device holds: it waits for that no more."""
        if (hold := self.holds.get((broadcast, device))) is not None:
            self.waits = [
                it for it in self.waits if it.device != device or it.offer not in hold.lines
            ]
        return self.expire(broadcast, device)

    def expire(self, broadcast: str, device: str) -> str:
        """Let what the device holds go."""
        hold = self.holds.pop((broadcast, device), None)
        if hold is not None:
            self._serve(list(hold.lines))
        return ""

    def order(
        self, broadcast: str, device: str, asked: list[Asked], *, named: bool, phone: str
    ) -> str:
        """Order these for a phone, by the hold where it is named or has one of them."""
        if sum(it.quantity for it in asked) > ORDER_BOXES:
            return "order-too-large"
        hold = self.holds.get((broadcast, device))
        if hold is not None and not named and not any(it.offer in hold.lines for it in asked):
            hold = None
        if broadcast in self.ended:
            covered = hold is not None and all(
                it.offer in hold.lines and it.quantity <= hold.lines[it.offer].quantity
                for it in asked
            )
            if not covered:
                return "broadcast-ended"
        lines = self._had(device, asked, hold, phone)
        if isinstance(lines, str):
            return lines
        if self._over_limit(broadcast, device, phone, lines, hold):
            return "box-limit"
        if hold is not None:
            del self.holds[broadcast, device]
        self.orders.append(Order(broadcast, device, phone, lines))
        self.waits = [it for it in self.waits if it.device != device or it.offer not in lines]
        if hold is not None:
            self._serve([*lines, *hold.lines])
        for line in lines.values():
            if line.batch is not None:
                self._spend(line.batch)
        return ""

    def cancel(self, order: Order, move: Move | None = None) -> str:
        """Take an order back; boxes of a batch go back to it while it runs."""
        if not order.cancelled:
            order.cancelled = order.forgotten = True
            order.deeds.append(move)
            self._serve(list(order.lines))
        return ""

    def pay(self, order: Order) -> str:
        """Take the money of an order."""
        order.deeds.append("paid")
        return ""

    def give_back(self, order: Order, offer: str) -> str:
        """Pay a box of an order back, which never leaves."""
        if order.cancelled:
            return "not-in-state"
        order.lines[offer].quantity -= 1
        order.deeds.append(Refund(self.now, order, offer))
        self._serve([offer])
        return ""

    def undo_refund(self, refund: Refund) -> tuple[str, str]:
        """Have the box and its money again, as one move: what refuses it all, and the order."""
        if refund.undone:
            return "undo-over" if refund.right else "", ""
        if self.now > refund.at + UNDO_MS:
            return "undo-over", ""
        if refund.order.deeds[-1] is not refund:
            return "", "undo-over"
        return "", self._take_again(refund, alone=False)

    def put_refund_right(self, refund: Refund) -> str:
        """The same however late; what was done with its money since is put right before.

        Where the box can't be had again the money comes back alone; nothing is due when cancelled.
        """
        if refund.undone:
            return ""
        of_money = [it for it in refund.order.deeds if it == "paid" or isinstance(it, Refund)]
        is_off = refund.order.cancelled and "paid" not in of_money
        if is_off or of_money[-1] is not refund:
            return "not-in-state"
        refund.right = True
        return self._take_again(refund, alone=True)

    def put_right(self, order: Order) -> str:
        """Have a cancelled order again, however late; the move by which it was goes on without."""
        if not order.cancelled:
            return ""
        if refused := self._refused(order.lines):
            return refused
        if (move := self._stand_again(order)) is not None:
            move.right.append(order)
        return ""

    def undo(self, move: Move) -> str:
        """Have the cancelled orders again, each whose boxes are still there."""
        if not move.orders:
            return "unknown-transition"
        left = self.still(move)
        if self.now > move.at + UNDO_MS:
            return "" if move.undone else "undo-over"
        if not left and not move.undone:
            return "undo-over"
        for order in left:
            if not self._refused(order.lines):
                move.undone.append(order)
                self._stand_again(order)
        return ""

    def still(self, move: Move) -> list[Order]:
        """The orders of which it was neither undone nor put right."""
        done = {id(order) for order in (*move.undone, *move.right)}
        return [order for order in move.orders if id(order) not in done]

    def join(self, device: str, offer: str, quantity: int) -> str:
        """Wait for so many: in the old place where it is no more than before."""
        broadcast = self.offers[offer].broadcast
        if quantity > ORDER_BOXES:
            return "order-too-large"
        if broadcast in self.ended:
            return "broadcast-ended"
        new = Wait(broadcast, offer, device, quantity)
        ahead = {it.device: it.quantity for it in self.waits if it.offer == offer}
        if ahead.get(device) != quantity:
            others = sum(ahead.values()) - ahead.get(device, 0)
            if others + quantity > ADDRESS_BOXES:
                return "box-limit"
        for place, wait in enumerate(self.waits):
            if (wait.offer, wait.device) == (offer, device):
                if quantity == wait.quantity:
                    return ""
                del self.waits[place]
                self.waits.insert(place if quantity < wait.quantity else len(self.waits), new)
                break
        else:
            self.waits.append(new)
        self._serve([offer])
        return ""

    def leave(self, device: str, offer: str) -> str:
        """Wait no more."""
        self.waits = [it for it in self.waits if (it.device, it.offer) != (device, offer)]
        return ""

    # Staff.

    def release(self, offer: str, quantity: int) -> str:
        """Let more be sold, or take back."""
        of = self.offers[offer]
        if of.broadcast in self.ended:
            return "broadcast-ended"
        if self.free(offer) + quantity < 0:
            return "stock-taken"
        wanted = (self.free(offer) + self.kept(offer) + quantity) * of.grams
        if quantity > 0 and wanted > self.lot_left(of.lot):
            return "lot-spent"
        of.released += quantity
        self._serve([offer])
        return ""

    def waste(self, lot: str, grams: int) -> str:
        """Throw some of a lot away."""
        if grams > self.lot_left(lot):
            return "not-left"
        self.lots[lot].wasted += grams
        return ""

    def weigh(self, lot: str, grams: int) -> str:
        """Put right how much was harvested."""
        if grams < self.lots[lot].grams - self.lot_left(lot):
            return "below-taken"
        self.lots[lot].grams = grams
        self._serve([name for name, offer in self.offers.items() if offer.lot == lot])
        return ""

    def plan(self, name: str, batch: Batch) -> str:
        """Plan a batch, or start it where its time has come."""
        of = self.offers[batch.offer]
        if of.broadcast in self.ended:
            return "broadcast-ended"
        open_ = (it for it in self.batches.values() if it.state in ("planned", "running"))
        if batch.price >= of.price:
            return "flash-not-cheaper"
        if any(it.offer == batch.offer for it in open_):
            return "flash-there"
        if batch.starts_at <= self.now:
            if self.lot_left(of.lot) // of.grams <= 0:
                return "lot-spent"
            self.start(batch)
        self.batches[name] = batch
        return ""

    def change(self, offer: str, price: int) -> str:
        """Have it cost something else from now on; who saw the old price has it for a while."""
        of = self.offers[offer]
        if of.broadcast in self.ended:
            return "broadcast-ended"
        open_ = (it for it in self.batches.values() if it.state in ("planned", "running"))
        if any(it.offer == offer and price <= it.price for it in open_ if price != of.price):
            return "flash-dearer"
        if price != of.price:
            of.before.append((of.price, self.now))
            of.price = price
        return ""

    def start(self, batch: Batch) -> None:
        """Let a batch run, with what its lot gives; what was not released is released for it."""
        of = self.offers[batch.offer]
        boxes = min(batch.boxes, max(0, self.lot_left(of.lot)) // of.grams)
        if boxes == 0:
            batch.state, batch.why = "ended", "sold_out"
            return
        of.released += max(0, boxes - self.free(batch.offer))
        batch.state, batch.boxes = "running", boxes
        batch.ends_at += self.now - batch.starts_at
        batch.starts_at = self.now

    def end_batch(self, batch: Batch, why: str) -> str:
        """End a batch; what is kept for it can be had at the ordinary price."""
        if batch.state != "ended":
            ran = batch.state == "running"
            batch.state, batch.why = "ended", why
            if ran:
                self._serve([batch.offer])
        return ""

    def wrong_batch(self, batch: Batch, name: str) -> str:
        """End a batch whose price was a mistake; what is held of it is so at the ordinary price."""
        if batch.state == "planned":
            return self.end_batch(batch, "host")
        self.end_batch(batch, "wrong")
        batch.why = "wrong"
        for hold in self.holds.values():
            line = hold.lines.get(batch.offer)
            if line is not None and line.batch == name:
                hold.lines[batch.offer] = Line(line.quantity, self.offers[batch.offer].price)
        return ""

    def end(self, broadcast: str) -> str:
        """End a broadcast; what is held can still be ordered."""
        if broadcast not in self.ended:
            self.ended.add(broadcast)
            self.waits = [it for it in self.waits if it.broadcast != broadcast]
            for batch in self.batches.values():
                if self.offers[batch.offer].broadcast == broadcast:
                    self.end_batch(batch, "broadcast")
        return ""

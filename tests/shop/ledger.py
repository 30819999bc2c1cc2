"""The trade in memory, said as simply as it can be: what the shop must agree with, step by step.

Each deed returns the slug of the problem that refuses it, or "" where it is done. Whatever is
kept, is kept twice over in the shop; here it is counted anew from what everyone has.
"""

from dataclasses import dataclass

from .ledger_books import Books
from .ledger_entries import (
    Asked,
    Batch,
    Hold,
    Line,
    Lines,
    Move,
    Order,
    Refund,
    Wait,
)

HOLD_MS = 600_000
HOLD_AT_MOST_MS = 3 * HOLD_MS
LATE_MS = 2_000
GRACE_MS = 10_000
UNDO_MS = 600_000
ORDER_BOXES, DEVICE_BOXES, ADDRESS_BOXES = 6, 7, 11
NEW_AT_LEAST = 4
# Devices without a past order.
NEW = ("a newcomer", "a stranger")


@dataclass
class Ledger(Books):
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
            return "unknown-move"
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

    # The rules.

    def _over_limit(
        self, broadcast: str, device: str, phone: str, lines: Lines, before: Hold | None
    ) -> bool:
        """Whether these are more of an offer than a device, a phone or an address may have."""
        for offer, line in lines.items():
            had = {"device": 0, "phone": 0, "address": 0}
            for order in self.orders:
                if order.cancelled or order.broadcast != broadcast or offer not in order.lines:
                    continue
                boxes = order.lines[offer].quantity
                had["device"] += boxes * (order.device == device)
                had["phone"] += boxes * (order.phone == phone)
                had["address"] += boxes * (not order.forgotten)
            for hold in self.holds.values():
                if hold is not before and offer in hold.lines:
                    had["address"] += hold.lines[offer].quantity
            most = {"device": DEVICE_BOXES, "phone": DEVICE_BOXES, "address": ADDRESS_BOXES}
            if any(had[kind] + line.quantity > most[kind] for kind in most):
                return True
        return False

    def _over_share(self, lines: Lines, before: Hold | None) -> bool:
        """Whether new devices would hold more than half of what there is."""
        own = before.lines if before is not None else {}
        for offer, line in lines.items():
            name = self.running(offer)
            of_batch = name is not None and line.batch == name
            mine = own.get(offer)
            has = (
                mine.quantity
                if mine and (name is not None and mine.batch == name) == of_batch
                else 0
            )
            new = self.held_new(offer, name) if name is not None else 0
            new = (new if of_batch else self.held_new(offer) - new) - has
            there = self._had_of(offer, line) + has + new
            if line.quantity > has and 2 * (new + line.quantity) > there:
                return True
        for lot in self.lots:
            wanted, has = self._grams(lines, lot), self._grams(own, lot)
            new = self.held_new_g(lot) - has
            if wanted > has and 2 * (new + wanted) > self.lot_left(lot) + has + new:
                return True
        return False

    def _had(
        self, device: str, asked: list[Asked], hold: Hold | None, phone: str = ""
    ) -> Lines | str:
        """The lines where they can be had, or what refuses them.

        What is held, and may not be had as it is for a limit, may be so of the batch that runs.
        """
        lines = self._had_so(device, asked, hold, phone)
        if lines == "limit-reached":
            other = self._had_so(device, asked, hold, phone, as_held=False)
            return lines if isinstance(other, str) else other
        return lines

    def _had_so(
        self,
        device: str,
        asked: list[Asked],
        hold: Hold | None,
        phone: str,
        *,
        as_held: bool = True,
    ) -> Lines | str:
        lines: Lines = {}
        own = hold.lines if hold is not None else {}
        for it in asked:
            name = self.running(it.offer)
            line = own.get(it.offer) if as_held else None
            of = self.offers[it.offer]
            if it.price == of.price:
                lines[it.offer] = Line(it.quantity, it.price)
            elif line is not None and it.price == line.price and it.quantity <= line.quantity:
                lines[it.offer] = Line(it.quantity, it.price, line.batch, by_hold=True)
            elif name is not None and self._in_time(name) and it.price == self.batches[name].price:
                lines[it.offer] = Line(it.quantity, it.price, name)
            elif any(it.price == was and self.now < end + GRACE_MS for was, end in of.before):
                lines[it.offer] = Line(it.quantity, it.price)
            else:
                return "price-changed"
        for offer, line in lines.items():
            name = self.running(offer)
            of_batch = name is not None and line.batch == name
            there = self._had_of(offer, line)
            mine = own.get(offer)
            if mine is not None and (name is not None and mine.batch == name) == of_batch:
                there += mine.quantity
            if there < line.quantity:
                return "sold-out"
        for lot in self.lots:
            wanted = self._grams(lines, lot) - self._grams(own, lot)
            if wanted > 0 and wanted > self.lot_left(lot):
                return "lot-spent"
        for offer, line in lines.items():
            if line.batch is None:
                continue
            limit = self.batches[line.batch].per_buyer
            had = sum(
                order.lines[offer].quantity
                for order in self.orders
                if (order.device == device or order.phone == phone)
                and not order.cancelled
                and offer in order.lines
                and order.lines[offer].batch == line.batch
            )
            if limit is not None and had + line.quantity > limit:
                return "limit-reached"
        return lines

    def _refused(self, lines: Lines) -> str:
        """Why these boxes can't be had again, or nothing."""
        lines = {name: line for name, line in lines.items() if line.quantity}
        if any(line.quantity > self._had_of(name, line) for name, line in lines.items()):
            return "sold-out"
        spent = any(self._grams(lines, lot) > max(0, self.lot_left(lot)) for lot in self.lots)
        return "lot-spent" if spent else ""

    def _stand_again(self, order: Order) -> Move | None:
        """Have its boxes again; answers the move by which it was cancelled, if it was by one."""
        order.cancelled = False
        move: Move | None = order.deeds.pop()
        for line in order.lines.values():
            if line.batch is not None:
                self._grow(line.batch)
                self._spend(line.batch)
        return move

    def _take_again(self, refund: Refund, *, alone: bool) -> str:
        line = refund.order.lines[refund.offer]
        refused = self._refused({refund.offer: Line(1, line.price, line.batch)})
        if refused and not alone:
            return refused
        refund.undone = True
        refund.order.deeds.remove(refund)
        if refused or refund.order.cancelled:
            return ""
        line.quantity += 1
        if line.batch is not None:
            self._grow(line.batch)
            self._spend(line.batch)
        return ""

    def _had_of(self, offer: str, line: Line) -> int:
        """How many can be had where this line's boxes are."""
        of_batch = line.batch is not None and line.batch == self.running(offer)
        return self.kept(offer) if of_batch else self.free(offer)

    def _grams(self, lines: Lines, lot: str) -> int:
        return sum(
            line.quantity * self.offers[offer].grams
            for offer, line in lines.items()
            if self.offers[offer].lot == lot
        )

    def _in_time(self, name: str) -> bool:
        return self.now < self.batches[name].ends_at + LATE_MS

    def _by_hold(self, lines: Lines) -> bool:
        """Whether a line has its price by the hold alone, and not of the batch that runs."""
        return any(
            line.by_hold and (line.batch is None or line.batch != self.running(offer))
            for offer, line in lines.items()
        )

    def _grow(self, name: str) -> None:
        """A batch that is over has of all boxes those that it lacks for an order that stands."""
        batch = self.batches[name]
        if batch.state == "ended":
            taken = self.sold(batch.offer, name) + self.held(batch.offer, name)
            batch.boxes = max(batch.boxes, taken)

    def _spend(self, name: str) -> None:
        batch = self.batches[name]
        if batch.state == "running" and self.sold(batch.offer, name) == batch.boxes:
            batch.state, batch.why = "ended", "sold_out"

    def _serve(self, back: list[str]) -> None:
        """Hold what there is for those who wait, first come, first served."""
        lots = {self.offers[offer].lot for offer in back}
        for wait in list(self.waits):
            of = self.offers[wait.offer]
            fits = wait.quantity <= self.free(wait.offer)
            if of.lot not in lots or not fits or wait.quantity * of.grams > self.lot_left(of.lot):
                continue
            if wait.device in NEW and wait.quantity > self._left_new(wait.offer):
                continue
            place = (wait.broadcast, wait.device)
            before = self.holds.get(place)
            hold = before or Hold({}, 0, self.now, wait.device in NEW)
            line = hold.lines.get(wait.offer, Line(0, of.price))
            if line.price != of.price or line.batch is not None:
                continue
            end = min(self.now + HOLD_MS, hold.held_at + HOLD_AT_MOST_MS)
            until = max(hold.until, end)
            if until <= self.now:
                continue
            lines = {**hold.lines, wait.offer: Line(line.quantity + wait.quantity, of.price)}
            grown = Hold(lines, until, hold.held_at, hold.is_new)
            more = {wait.offer: lines[wait.offer]}
            is_over = self._over_limit(wait.broadcast, wait.device, "", more, before)
            if grown.boxes > ORDER_BOXES or is_over:
                continue
            self.holds[place] = grown
            self.waits.remove(wait)

    def _left_new(self, offer: str) -> int:
        """How many of what there is devices without a past order may be held that wait."""
        of, name = self.offers[offer], self.running(offer)
        new = self.held_new(offer) - (self.held_new(offer, name) if name is not None else 0)
        new_g = self.held_new_g(of.lot)
        half = max((self.free(offer) + new) // 2, NEW_AT_LEAST)
        half_of_lot = max((self.lot_left(of.lot) + new_g) // 2 // of.grams, NEW_AT_LEAST)
        return min(half - new, half_of_lot - new_g // of.grams)

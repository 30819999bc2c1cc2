"""The ledger's rules: limits, prices and shares of what buyers may have, and the waiting list."""

from dataclasses import dataclass

from tests.shop.ledger.books import Books
from tests.shop.ledger.entries import Asked, Hold, Line, Lines, Move, Order, Refund

HOLD_MS = 600_000
HOLD_AT_MOST_MS = 3 * HOLD_MS
LATE_MS = 2_000
GRACE_MS = 10_000
ORDER_BOXES, DEVICE_BOXES, ADDRESS_BOXES = 6, 7, 11
NEW_AT_LEAST = 4
# Devices without a past order.
NEW = ("a newcomer", "a stranger")


@dataclass
class Rules(Books):
    """What is decided of the books before a deed changes them, and what follows from it."""

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

"""What the ledger has in its books, and counts anew from what everyone has."""

from dataclasses import dataclass, field

from tests.shop.ledger.entries import Batch, Hold, Lot, Offer, Order, Wait


@dataclass
class Books:
    """All that is sold in some broadcasts; `now` is moved by whoever asks."""

    now: int
    lots: dict[str, Lot] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    holds: dict[tuple[str, str], Hold] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)

    def held(self, offer: str, batch: str | None = None) -> int:
        """Boxes held of an offer, or of one of its batches."""
        lines = [hold.lines[offer] for hold in self.holds.values() if offer in hold.lines]
        return sum(it.quantity for it in lines if batch in (None, it.batch))

    def held_new(self, offer: str, batch: str | None = None) -> int:
        """The same, of what devices without a past order hold."""
        holds = [hold for hold in self.holds.values() if hold.is_new and offer in hold.lines]
        lines = [hold.lines[offer] for hold in holds]
        return sum(it.quantity for it in lines if batch in (None, it.batch))

    def held_new_g(self, lot: str) -> int:
        """Grams of a lot that such devices hold."""
        of = self.offers
        return sum(self.held_new(name) * of[name].grams for name in of if of[name].lot == lot)

    def sold(self, offer: str, batch: str | None = None) -> int:
        """Boxes of an offer, or of one of its batches, in orders that stand."""
        standing = [order.lines for order in self.orders if not order.cancelled]
        lines = [lines[offer] for lines in standing if offer in lines]
        return sum(it.quantity for it in lines if batch in (None, it.batch))

    def running(self, offer: str) -> str | None:
        """The batch that runs of the offer."""
        for name, batch in self.batches.items():
            if batch.offer == offer and batch.state == "running":
                return name
        return None

    def kept(self, offer: str) -> int:
        """Boxes of the batch that runs which can be had."""
        name = self.running(offer)
        if name is None:
            return 0
        return self.batches[name].boxes - self.sold(offer, name) - self.held(offer, name)

    def free(self, offer: str) -> int:
        """Boxes that can be had at the ordinary price, as far as the lot holds them."""
        return self.offers[offer].released - self.sold(offer) - self.held(offer) - self.kept(offer)

    def lot_left(self, lot: str) -> int:
        """Grams that are neither sold, held nor wasted."""
        taken = sum(
            (self.sold(name) + self.held(name)) * offer.grams
            for name, offer in self.offers.items()
            if offer.lot == lot
        )
        return self.lots[lot].grams - self.lots[lot].wasted - taken

    def left(self, offer: str) -> int:
        """What its card shows."""
        of = self.offers[offer]
        return max(0, min(self.free(offer), self.lot_left(of.lot) // of.grams))

    def waiting(self, offer: str) -> int:
        """Boxes that are waited for."""
        return sum(wait.quantity for wait in self.waits if wait.offer == offer)

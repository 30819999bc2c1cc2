"""A trade at random in which flash batches are wanted: at their end, and one after another."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.shop.ledger.booth import CHEAP, PRICE
from tests.shop.ledger.entries import Asked
from tests.shop.ledger.trade import DEVICE, OFFER, WHICH, Trade


class FlashTrade(Trade):
    """Buyers and staff who have more to do with batches than chance alone would have them."""

    @precondition(lambda self: any(it.state == "running" for it in self.ledger.batches.values()))
    @rule(
        which=WHICH,
        devices=st.lists(DEVICE, min_size=2, max_size=3, unique=True),
        wrong=st.sampled_from([False, False, True]),
    )
    def order_what_outlives_a_batch(self, which: int, devices: list[int], wrong: bool) -> None:
        """Several hold of it, it ends, and they order for one phone."""
        batches = self.ledger.batches
        some = [name for name, batch in batches.items() if batch.state == "running"]
        name = some[which % len(some)]
        offer = batches[name].offer
        for device in devices:
            self.hold(device, [(self.names.index(offer), 1, "now")])
        self._end_flash(name, wrong)
        broadcast = self.ledger.offers[offer].broadcast
        for device in devices:
            asked = [Asked(offer, 1, CHEAP)]
            self._order(device, broadcast, asked, True, devices[0])

    @precondition(lambda self: any(it.state == "running" for it in self.ledger.batches.values()))
    @rule(which=WHICH, device=DEVICE, late_ms=st.sampled_from([-1, 0, 1999]))
    def order_in_the_last_moment(self, which: int, device: int, late_ms: int) -> None:
        """Also some moments after it: who pressed in time may have a slow line."""
        running = [it for it in self.ledger.batches.values() if it.state == "running"]
        batch = running[which % len(running)]
        before_ms = batch.ends_at + late_ms - self.ledger.now
        if before_ms > 0:
            self.world.clock.at += before_ms
            self.let_time_pass(0)
        if batch.state == "running":
            asked = [Asked(batch.offer, 1, CHEAP)]
            self._order(device, self.ledger.offers[batch.offer].broadcast, asked, False)

    @rule(
        offer=OFFER,
        device=DEVICE,
        held=st.integers(1, 3),
        more=st.sampled_from([-1, 0, 0, 0, 1]),
        first=st.booleans(),
        boxes=st.integers(1, 4),
        limit=st.sampled_from([None, 1, 2]),
        renewed=st.booleans(),
    )
    def order_at_the_price_of_a_hold_and_of_a_batch(
        self,
        offer: int,
        device: int,
        held: int,
        more: int,
        first: bool,
        boxes: int,
        limit: int | None,
        renewed: bool,
    ) -> None:
        """Some are held of a batch, or at a price that is over; then one runs at that price."""
        name = self.names[offer]
        if (running := self.ledger.running(name)) is not None:
            self._end_flash(running, False)
        self.change(offer, PRICE if first else CHEAP)
        if first:
            self.flash(offer, held + 1, None, 300, None)
        self.hold(device, [(offer, held, "now")])
        if (running := self.ledger.running(name)) is not None:
            self._end_flash(running, False)
        self.change(offer, PRICE)
        self.flash(offer, boxes, limit, 300, None)
        quantity = max(1, held + more)
        if renewed:
            self.hold(device, [(offer, quantity, "cheap")])
        broadcast = self.ledger.offers[name].broadcast
        self._order(device, broadcast, [Asked(name, quantity, CHEAP)], True)

    @rule(offer=OFFER, quantity=st.integers(1, 3), others=st.integers(0, 2), together=st.booleans())
    def want_of_a_batch_after_all(
        self, offer: int, quantity: int, others: int, together: bool
    ) -> None:
        """Boxes of a batch are called off while it runs, others take them, and it is over."""
        self.flash(offer, 3, None, 300, None)
        before = len(self.tokens)
        self.order(0, [(offer, quantity, "cheap")], named=False)
        if len(self.tokens) == before:
            return
        self.cancel_together([before], False) if together else self.cancel(before)
        for device in range(1, others + 2):
            left = self.ledger.kept(self.names[offer]) if device > others else 1
            self.order(device, [(offer, max(1, left), "cheap")], named=False)
        if together:
            self.undo(len(self.moves) - 1)
        else:
            gone = [place for place, order in enumerate(self.ledger.orders) if order.cancelled]
            if before in gone:
                self.want_it_after_all(gone.index(before))

"""What the shop keeps agrees with a ledger: the tables' numbers, and the cards that viewers see."""

from typing import Any

from sqlalchemy import Connection, select
from tests.shop.ledger.entries import Refund
from tests.shop.ledger.ledger import Ledger

from farmlive.broadcast.broadcast_state import BroadcastState
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_tables import orders
from farmlive.shop.core.tables import flashes, holds, lot_stock, offers, waits
from farmlive.shop.offers.cards import read_cards
from farmlive.shop.shop import Shop


def numbers_agree(
    connection: Connection, links: OrderLinks, ledger: Ledger, tokens: list[str]
) -> None:
    """Stock, holds, waits, batches and orders; `tokens` are those of the ledger's orders."""
    broadcasts = {offer.broadcast for offer in ledger.offers.values()}
    mine = select(offers).where(offers.c.id.in_(ledger.offers))
    for row in connection.execute(mine).all():
        counted = (ledger.sold(row.id), ledger.held(row.id), ledger.kept(row.id))
        assert (row.sold, row.held, row.kept) == counted
        assert row.held_new == ledger.held_new(row.id)
        assert row.released == ledger.offers[row.id].released
        assert ledger.free(row.id) >= 0
    shared = select(lot_stock).where(lot_stock.c.lot.in_(ledger.lots))
    for row in connection.execute(shared).all():
        whole = ledger.lots[row.lot].grams - ledger.lots[row.lot].wasted
        assert whole - row.sold_g - row.held_g == ledger.lot_left(row.lot) >= 0
        assert row.held_new_g == ledger.held_new_g(row.lot)
    found = connection.execute(select(holds).where(holds.c.broadcast.in_(broadcasts))).all()
    assert {(row.broadcast, row.device): _hold(row) for row in found} == {
        key: (
            {name: (it.quantity, it.price, it.batch) for name, it in hold.lines.items()},
            hold.until,
            hold.boxes,
            hold.is_new,
        )
        for key, hold in ledger.holds.items()
    }
    queue = select(waits).where(waits.c.broadcast.in_(broadcasts))
    assert [
        (row.offer, row.device, row.quantity)
        for row in connection.execute(queue.order_by(waits.c.since, waits.c.id)).all()
    ] == [(wait.offer, wait.device, wait.quantity) for wait in ledger.waits]
    batches = select(flashes).where(flashes.c.broadcast.in_(broadcasts))
    for row in connection.execute(batches).all():
        batch = ledger.batches[row.id]
        assert (row.state, row.why) == (batch.state, batch.why)
        assert (row.boxes, row.ends_at) == (batch.boxes, batch.ends_at)
        assert row.sold == ledger.sold(row.offer, row.id)
        assert row.held == ledger.held(row.offer, row.id)
        assert row.held_new == ledger.held_new(row.offer, row.id)
    placed = select(orders).where(orders.c.broadcast.in_(broadcasts))
    by_token = {links.token_of(row): row for row in connection.execute(placed).all()}
    # A refund gives one back of the smallest coin.
    assert [(by_token[each].state == "cancelled", by_token[each].refunded) for each in tokens] == [
        (order.cancelled, sum(isinstance(deed, Refund) for deed in order.deeds))
        for order in ledger.orders
    ]


def _hold(row: Any) -> tuple[dict[str, tuple[int, int, str | None]], int, int, bool]:
    """A hold as it is kept: so many at a price, of a batch or none, by offer."""
    lines = {it["offer"]: (it["quantity"], it["price"], it.get("flash")) for it in row.lines}
    return lines, row.until_at, row.boxes, row.is_new


def cards_agree(
    connection: Connection, ledger: Ledger, shop: Shop, broadcast: str, scene: BroadcastState
) -> None:
    """The cards as the bag reads them, and as they follow from the log alone."""
    bag = connection.execute(select(offers).filter_by(broadcast=broadcast)).all()
    for card in read_cards(connection, shop.bag._origin, bag):
        told, offer = scene.offers[card.id], ledger.offers[card.id]
        assert card.left == ledger.left(card.id)
        assert card.waiting == told["waiting"] == ledger.waiting(card.id)
        for name in ("released", "held", "kept"):
            assert getattr(card, name) == told[name]
        if sum(it.lot == offer.lot for it in ledger.offers.values()) == 1:
            assert card.left == told["left"]

"""Ends flash batches with the sale of their last boxes, in the sale's transaction."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, update

from farmlive.broadcast import events
from farmlive.clock import now_ms
from farmlive.shop.core.tables import flashes
from farmlive.shop.flash.views import ended_event
from farmlive.shop.stock.offer_rows import OfferRow
from farmlive.store import hot

_SPENT = hot(
    update(flashes)
    .where(
        flashes.c.id.in_(bindparam("batches", expanding=True)),
        flashes.c.state == "running",
        flashes.c.sold == flashes.c.boxes,
    )
    .values(state="ended", why="sold_out", ended_at=bindparam("now"))
    .returning(flashes.c.id, flashes.c.offer, flashes.c.sold),
    counted=True,
)


def end_batches(
    connection: Connection,
    sold: Mapping[str, int],
    batches: Mapping[str, str],
    known: Mapping[str, OfferRow],
) -> list[events.FlashEnded]:
    """End the batches whose last boxes were sold; called within the sale's transaction.

    `sold` are quantities by offer, `batches` their flash batches, `known` the offers before the
    sale.
    """
    rows = [(sold[offer], known[offer], batch) for offer, batch in batches.items()]
    wanted = [
        batch
        for quantity, row, batch in rows
        if row.flash == batch and row.flash_sold + quantity >= row.flash_boxes
    ]
    if not wanted:
        return []
    found = connection.execute(_SPENT, {"batches": sorted(wanted), "now": now_ms()}).all()
    return [ended_event(row, "sold_out") for row in found]

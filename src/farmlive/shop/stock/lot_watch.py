"""Watches lots that several broadcasts sell, and keeps the cards of all of them up to date.

An order's events go to its own broadcast only. Twice a second the watch compares the cards of the
broadcasts that are open on this server with the lots' stock, and appends one `stock.changed` per
lot that differs, unless another server did so already.
"""

from collections.abc import Callable, Mapping
from functools import partial

from sqlalchemy import Connection, bindparam, func, select

from farmlive.broadcast.events import StockChanged
from farmlive.broadcast.log import Log
from farmlive.periodic import Periodic
from farmlive.shop.core.tables import offers
from farmlive.shop.stock import lot_stock
from farmlive.shop.stock.lot_sales import unchanged_stock
from farmlive.store import Store

EVERY_S = 0.5

# Net grams sold and left, by lot.
LoggedWeights = Mapping[str, tuple[int, int]]
# Per broadcast: the last `seq` that its cards include, and the lots' weights on them.
ShownLots = tuple[int, LoggedWeights]

# One offer per lot: the event's lot fields apply to all cards of the lot.
_ONE_EACH = (
    select(offers.c.lot, func.min(offers.c.id).label("offer"))
    .where(
        offers.c.broadcast == bindparam("broadcast"),
        offers.c.lot.in_(bindparam("lots", expanding=True)),
    )
    .group_by(offers.c.lot)
    .order_by(offers.c.lot)
)


class LotWatch:
    """Compares cards with lots and appends events; `periodic` runs it twice a second.

    `shown` returns the cards' weights of each broadcast that is open on this server.
    """

    def __init__(self, store: Store, log: Log, shown: Callable[[], Mapping[str, ShownLots]]):
        self._store = store
        self._log = log
        self._shown = shown
        self.periodic = Periodic(
            EVERY_S, self.compare, "what was sold elsewhere was not told; trying again"
        )

    async def compare(self) -> int:
        """Compare once, append what is needed, and return the number of events."""
        shown = {broadcast: said for broadcast, said in self._shown().items() if said[1]}
        if not shown:
            return 0
        stale = await self._store.read(lambda connection: self._stale(connection, shown))
        told = [
            await self._store.write(
                partial(self._append_stock, broadcast=broadcast, shown=shown[broadcast])
            )
            for broadcast in stale
        ]
        return sum(told)

    def _stale(self, connection: Connection, shown: Mapping[str, ShownLots]) -> list[str]:
        """Return the broadcasts with outdated weights, in an order that all servers share."""
        lots = lot_stock.of_lots(connection, {lot for _, said in shown.values() for lot in said})
        return [
            broadcast
            for broadcast in sorted(shown)
            if _wrong(shown[broadcast][1], lots)
            and _wrong(self._logged_weights(connection, broadcast, shown[broadcast]), lots)
        ]

    def _append_stock(self, connection: Connection, broadcast: str, shown: ShownLots) -> int:
        """Append the lots' stock, unless the log has it meanwhile or the broadcast has ended."""
        if self._log.head(connection, broadcast).state == "ended":
            return 0
        said = self._logged_weights(connection, broadcast, shown)
        lots = lot_stock.of_lots(connection, said)
        named = {"broadcast": broadcast, "lots": _wrong(said, lots)}
        told = [
            unchanged_stock(connection, broadcast, row.offer, lots[row.lot])
            for row in connection.execute(_ONE_EACH, named).all()
        ]
        if told:
            self._log.append_all(connection, broadcast, told)
        return len(told)

    def _logged_weights(
        self, connection: Connection, broadcast: str, shown: ShownLots
    ) -> LoggedWeights:
        """Return the weights of the lots in the log, of which the cards may lack the latest
        events.
        """
        seq, said = shown
        later = self._log.events(connection, broadcast, after=seq, kinds=[StockChanged.kind])
        told = dict(said)
        for event in later:
            stock = StockChanged.parse(event.data)
            if stock.lot and stock.lot_sold_g is not None and stock.lot_left_g is not None:
                told[stock.lot] = (stock.lot_sold_g, stock.lot_left_g)
        return told


def _wrong(said: LoggedWeights, lots: Mapping[str, lot_stock.LotStock]) -> list[str]:
    """Return the lots whose weights differ from their stock."""
    return [
        lot
        for lot, known in said.items()
        if lot in lots and known != (lots[lot].sold_g, lots[lot].left_g)
    ]

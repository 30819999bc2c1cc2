"""The lots' watch: tells a broadcast what was sold of its lots elsewhere, for those who look at it.

An order tells of its lot in its own broadcast alone. Twice a second the watch
compares what the cards of other broadcasts say with the lots, and writes one `stock.changed` a lot
where that is true no more: on each server for those who look there, each once by the log.
"""

from collections.abc import Callable, Mapping
from functools import partial

from sqlalchemy import Connection, bindparam, func, select

from farmlive.broadcast.events import StockChanged
from farmlive.broadcast.log import Log
from farmlive.periodic import Periodic
from farmlive.shop.core.tables import offers
from farmlive.shop.stock import lot_stock
from farmlive.shop.stock.lot_sales import stands
from farmlive.store import Store

EVERY_S = 0.5

# By lot, net grams sold and left.
Said = Mapping[str, tuple[int, int]]
# Of a broadcast: the last `seq` that its cards know of, and what they say of their lots.
Shown = tuple[int, Said]

# What is told of a lot holds for all cards that draw on it.
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
    """Compares and tells; `again` is what does so twice a second.

    `shown` says of each broadcast that is looked at on this server what its cards say.
    """

    def __init__(self, store: Store, log: Log, shown: Callable[[], Mapping[str, Shown]]):
        self._store = store
        self._log = log
        self._shown = shown
        self.again = Periodic(
            EVERY_S, self.look, "what was sold elsewhere was not told; trying again"
        )

    async def look(self) -> int:
        """Compare once, and tell where it is needed; how many events that took."""
        shown = {broadcast: said for broadcast, said in self._shown().items() if said[1]}
        if not shown:
            return 0
        stale = await self._store.read(lambda connection: self._stale(connection, shown))
        told = [
            await self._store.write(
                partial(self._tell, broadcast=broadcast, shown=shown[broadcast])
            )
            for broadcast in stale
        ]
        return sum(told)

    def _stale(self, connection: Connection, shown: Mapping[str, Shown]) -> list[str]:
        """The broadcasts whose logs tell what is true no more, in one order on every server."""
        lots = lot_stock.of_lots(connection, {lot for _, said in shown.values() for lot in said})
        return [
            broadcast
            for broadcast in sorted(shown)
            if _wrong(shown[broadcast][1], lots)
            and _wrong(self._said(connection, broadcast, shown[broadcast]), lots)
        ]

    def _tell(self, connection: Connection, broadcast: str, shown: Shown) -> int:
        """Write how it is, unless the log tells it meanwhile, or the broadcast is over."""
        if self._log.head(connection, broadcast).state == "ended":
            return 0
        said = self._said(connection, broadcast, shown)
        lots = lot_stock.of_lots(connection, said)
        named = {"broadcast": broadcast, "lots": _wrong(said, lots)}
        told = [
            stands(connection, broadcast, row.offer, lots[row.lot])
            for row in connection.execute(_ONE_EACH, named).all()
        ]
        if told:
            self._log.append_all(connection, broadcast, told)
        return len(told)

    def _said(self, connection: Connection, broadcast: str, shown: Shown) -> Said:
        """What the log says of the lots, where the cards may not have heard the last of it."""
        seq, said = shown
        later = self._log.events(connection, broadcast, after=seq, kinds=[StockChanged.kind])
        told = dict(said)
        for event in later:
            stock = StockChanged.of(event.data)
            if stock.lot and stock.lot_sold_g is not None and stock.lot_left_g is not None:
                told[stock.lot] = (stock.lot_sold_g, stock.lot_left_g)
        return told


def _wrong(said: Said, lots: Mapping[str, lot_stock.LotStock]) -> list[str]:
    """The lots of which something else is true than what is said."""
    return [
        lot
        for lot, known in said.items()
        if lot in lots and known != (lots[lot].sold_g, lots[lot].left_g)
    ]

"""The shop: its bag and its till, the orders that were taken, products and pick-up points."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select

from farmlive.broadcast.log import Log
from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.origin.models import Farm, Lot
from farmlive.origin.origin import Origin
from farmlive.people import Caller
from farmlive.settings import Settings
from farmlive.shop import bag
from farmlive.shop.models import (
    Centre,
    NewCentre,
    Order,
    OrderPlace,
    Product,
    money,
    order_number,
)
from farmlive.shop.problems import UnknownOrder
from farmlive.shop.tables import centres, offers, order_lines, orders, products
from farmlive.shop.till import Limits, Till
from farmlive.store import Store

_OF_DEVICE = select(orders.c.id).where(
    orders.c.broadcast == bindparam("broadcast"), orders.c.device == bindparam("device")
)


class Shop:
    """Everything that is sold; `bag` keeps the offers, `till` takes the orders."""

    def __init__(
        self,
        store: Store,
        log: Log,
        origin: Origin,
        settings: Settings,
        *,
        pseudonym: Callable[[str], Awaitable[str]],
        limits: Limits,
    ):
        self._store = store
        self._log = log
        self._origin = origin
        self.bag = bag.Bag(store, log, origin, settings)
        self.till = Till(store, log, settings, pseudonym=pseudonym, limits=limits)

    async def place(self, caller: Caller, broadcast: str, request: OrderPlace) -> dict[str, Any]:
        """Take an order: `Till.place`."""
        return await self.till.place(caller, broadcast, request)

    def lot_of_offer(self, connection: Connection, offer: str) -> str | None:
        """The lot that an offer sells, in the caller's transaction."""
        return bag.lot_of_offer(connection, offer)

    def audiences(self, connection: Connection, broadcast: str, device: str) -> list[str]:
        """The audiences that a device has by its orders in the broadcast: `order:{id}` each."""
        found = connection.execute(_OF_DEVICE, {"broadcast": broadcast, "device": device})
        return [f"order:{order}" for order in found.scalars()]

    async def order(self, token: str) -> Order:
        """The order whose page has this token. Raises UnknownOrder."""

        def read(connection: Connection) -> list[Order]:
            query = select(orders).where(orders.c.token == token)
            return self._orders(connection, connection.execute(query).all())

        found = await self._store.read(read)
        if not found:
            raise UnknownOrder(
                "No order has this address. Open it by the link that the order was answered with."
            )
        return found[0]

    async def orders(
        self, broadcast: str, after: str = "", limit: int = 200
    ) -> tuple[list[Order], str | None]:
        """Orders of a broadcast, oldest first, and the `after` of the next page, if any.

        Raises UnknownBroadcast.
        """
        query = (
            select(orders)
            .where(orders.c.broadcast == broadcast, orders.c.id > after)
            .order_by(orders.c.id)
            .limit(limit + 1)
        )

        def read(connection: Connection) -> tuple[list[Order], str | None]:
            self._log.head(connection, broadcast)
            rows = connection.execute(query).all()
            page = self._orders(connection, rows[:limit])
            return page, page[-1].id if len(rows) > limit else None

        return await self._store.read(read)

    async def products(self, farm: str | None = None) -> list[Product]:
        """The products, of one farm or all, oldest first."""
        query = select(products).order_by(products.c.id)
        if farm is not None:
            query = query.where(products.c.farm == farm)
        return await self._store.read(
            lambda connection: [
                Product.model_validate(dict(row._mapping)) for row in connection.execute(query)
            ]
        )

    async def add_centre(self, new: NewCentre) -> Centre:
        """Keep a new pick-up point."""
        centre = Centre(id=ulid(), **dict(new))

        def keep(connection: Connection) -> None:
            connection.execute(insert(centres), {**centre.model_dump(), "created_at": now_ms()})

        await self._store.write(keep)
        return centre

    async def centres(self) -> list[Centre]:
        """The pick-up points, oldest first."""
        query = select(centres).order_by(centres.c.id)
        return await self._store.read(
            lambda connection: [_centre(row) for row in connection.execute(query)]
        )

    def _orders(self, connection: Connection, rows: Sequence[Row[Any]]) -> list[Order]:
        """The orders of these rows, by four more queries however many they are."""
        query = (
            select(order_lines, products.c.name, products.c.unit)
            .join(offers, offers.c.id == order_lines.c.offer)
            .join(products, products.c.id == offers.c.product)
            .where(order_lines.c.order.in_([row.id for row in rows]))
            .order_by(order_lines.c.order, order_lines.c.line)
        )
        found = connection.execute(query).all()
        origins = self._origin.cards(connection, [line.lot for line in found])
        lines = defaultdict(list)
        for line in found:
            lines[line.order].append((line, *origins[line.lot]))
        wanted = {row.centre for row in rows if row.centre is not None}
        points = {
            row.id: _centre(row)
            for row in connection.execute(select(centres).where(centres.c.id.in_(wanted)))
        }
        return [_order(row, lines[row.id], points.get(row.centre)) for row in rows]


def _centre(row: Row[Any]) -> Centre:
    return Centre.model_validate(
        {"id": row.id, "name": row.name, "address": row.address, "phone": row.phone}
    )


def _order(
    row: Row[Any], lines: Sequence[tuple[Row[Any], Lot, Farm]], centre: Centre | None
) -> Order:
    return Order.model_validate(
        {
            "id": row.id,
            "number": order_number(row.number),
            "token": row.token,
            "url": f"/order/{row.token}",
            "broadcast": row.broadcast,
            "placed_at": row.placed_at,
            "state": row.state,
            "payment": row.payment,
            "payment_method": row.payment_method,
            "lines": [
                {
                    "offer": line.offer,
                    "name": line.name,
                    "unit": line.unit,
                    "quantity": line.quantity,
                    "price": money(line.price, row.currency),
                    "total": money(line.total, row.currency),
                    "lot": lot.id,
                    "lot_code": lot.code,
                    "lot_url": lot.url,
                    "farm": farm.id,
                    "farm_name": farm.name,
                }
                for line, lot, farm in lines
            ],
            "total": money(row.total, row.currency),
            "buyer": {"name": row.buyer_name, "phone": row.buyer_phone},
            "delivery": {"way": row.way, "address": row.address, "centre": centre},
            "simulated": row.simulated,
        }
    )

"""The catalogue: the farms' products, and the pick-up points.

The bag offers products in a broadcast, with a price.
"""

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from farmlive.broadcast.events import LEFT_OUT, OfferChanged
from farmlive.broadcast.log import Log
from farmlive.clock import now_ms
from farmlive.edge.contracts import raises
from farmlive.ids import ulid
from farmlive.origin.lots import farms
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.problems import Forbidden
from farmlive.shop.core.models import (
    Centre,
    CentreChange,
    NewCentre,
    NewProduct,
    Product,
    ProductChange,
)
from farmlive.shop.core.problems import NamesNoFarm, NoSuchCentre, NoSuchProduct, ProductOffered
from farmlive.shop.core.tables import centres, offers, products
from farmlive.store import Store

# Fields that describe what a buyer bought: they can't change once the product was offered.
_BOUGHT = ("unit", "net_weight_g", "gtin")
# Fields on a card, which may change on existing cards.
_SHOWN = ("name", "picture")


class Catalogue:
    """Adds and changes products and pick-up points."""

    def __init__(self, store: Store, log: Log):
        self._store = store
        self._log = log

    async def add_product(self, caller: Caller, new: NewProduct) -> Product:
        """Add a product of a farm. Raises Forbidden, NamesNoFarm."""
        _check_farm(caller, new.farm)
        product = Product(id=ulid(), **dict(new))

        def write(connection: Connection) -> Product:
            if not farms.farms_by_id(connection, {new.farm}):
                raise NamesNoFarm("Nothing was added: there is no such farm. Add the farm first.")
            insert_product(connection, product)
            record_action(connection, caller, "product.add", product.id, farm=new.farm)
            return product

        return await self._store.write(write)

    async def change_product(self, caller: Caller, product: str, change: ProductChange) -> Product:
        """Change a product; bags of broadcasts that have not ended show its new name and picture.

        Raises NoSuchProduct, Forbidden, ProductOffered.
        """
        changed = change.model_fields_set

        def write(connection: Connection) -> Product:
            row = connection.execute(select(products).where(products.c.id == product)).one_or_none()
            if row is None:
                raise NoSuchProduct("Nothing was changed: there is no such product.")
            _check_farm(caller, row.farm)
            values = change.model_dump(include=changed - {"archived"})
            values = {name: value for name, value in values.items() if value != getattr(row, name)}
            self._check_offered(connection, product, values)
            is_shown = any(name in values for name in _SHOWN)
            if change.archived is not None and change.archived != (row.archived_at is not None):
                values["archived_at"] = now_ms() if change.archived else None
            if not values:
                return product_of(row)
            connection.execute(update(products).where(products.c.id == product).values(values))
            if is_shown:
                self._append_events(connection, product, values)
            record_action(connection, caller, "product.change", product, changed=sorted(values))
            return product_of(
                connection.execute(select(products).where(products.c.id == product)).one()
            )

        return await self._store.write(write)

    async def products(
        self, farm: str | None = None, within: frozenset[str] | None = None
    ) -> list[Product]:
        """List the products, oldest first: of one farm or all, limited to the farms in `within` if
        given.
        """
        query = select(products).order_by(products.c.id)
        if farm is not None:
            query = query.where(products.c.farm == farm)
        if within is not None:
            query = query.where(products.c.farm.in_(within))
        return await self._store.read(
            lambda connection: [product_of(row) for row in connection.execute(query)]
        )

    async def add_centre(self, caller: Caller, new: NewCentre) -> Centre:
        """Add a pick-up point."""
        centre = Centre(id=ulid(), **dict(new))

        def keep(connection: Connection) -> None:
            connection.execute(insert(centres), {**centre.model_dump(), "created_at": now_ms()})
            record_action(connection, caller, "centre.add", centre.id)

        await self._store.write(keep)
        return centre

    async def change_centre(self, caller: Caller, centre: str, change: CentreChange) -> Centre:
        """Change a pick-up point, also for existing orders. Raises NoSuchCentre."""

        def write(connection: Connection) -> Centre:
            before = find_centre(connection, centre)
            after = before.model_copy(
                update={n: getattr(change, n) for n in change.model_fields_set}
            )
            if after == before:
                return before
            values = after.model_dump(exclude={"id"})
            connection.execute(update(centres).where(centres.c.id == centre).values(values))
            changed = sorted(n for n in values if getattr(before, n) != getattr(after, n))
            record_action(connection, caller, "centre.change", centre, changed=changed)
            return after

        return await self._store.write(write)

    async def centres(self) -> list[Centre]:
        """List the pick-up points, oldest first."""
        query = select(centres).order_by(centres.c.id)
        return await self._store.read(
            lambda connection: [centre_of(row) for row in connection.execute(query)]
        )

    def _check_offered(self, connection: Connection, product: str, values: dict[str, Any]) -> None:
        fixed = [name for name in _BOUGHT if name in values]
        if not fixed:
            return
        if connection.execute(select(offers.c.id).where(offers.c.product == product)).first():
            raise ProductOffered(
                f"Nothing was changed: {', '.join(fixed)} of a product that was offered stay as "
                "people bought it. Add a new product, and archive this one.",
                fields=fixed,
            )

    def _append_events(self, connection: Connection, product: str, values: dict[str, Any]) -> None:
        query = select(offers.c.id, offers.c.broadcast).where(offers.c.product == product)
        for row in connection.execute(query.order_by(offers.c.id)).all():
            if self._log.head(connection, row.broadcast).state != "ended":
                changed = OfferChanged(
                    offer=row.id,
                    name=values.get("name"),
                    picture=values.get("picture", LEFT_OUT),
                )
                self._log.append(connection, row.broadcast, changed)


def _check_farm(caller: Caller, farm: str) -> None:
    if not caller.may_manage_farm(farm):
        raise Forbidden("Nothing was changed. This product is of a farm that is not yours.")


def insert_product(connection: Connection, product: Product) -> None:
    """Insert a new product, within the caller's transaction."""
    row = product.model_dump(exclude={"archived"})
    connection.execute(insert(products), {**row, "created_at": now_ms()})


def product_of(row: Row[Any]) -> Product:
    """Return a row as the API has it."""
    facts = {**row._mapping, "archived": row.archived_at is not None}
    return Product.model_validate(facts)


@raises(NoSuchCentre)
def find_centre(connection: Connection, centre: str) -> Centre:
    """Return the pick-up point with that id. Raises NoSuchCentre."""
    row = connection.execute(select(centres).where(centres.c.id == centre)).one_or_none()
    if row is None:
        raise NoSuchCentre("Nothing was changed: there is no such pick-up point.")
    return centre_of(row)


def centre_of(row: Row[Any]) -> Centre:
    """Return a row as the API has it."""
    return Centre.model_validate(
        {"id": row.id, "name": row.name, "address": row.address, "phone": row.phone}
    )

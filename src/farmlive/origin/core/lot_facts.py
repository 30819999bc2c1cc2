"""Facts of lots for other rooms: which are stopped, which have a passed test, and names by id."""

from collections.abc import Collection
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, select

from farmlive.origin.core.requirements import TESTED
from farmlive.origin.core.tables import farms, lots, plots


class Named(NamedTuple):
    """The name of a farm, a plot or a lot, by language.

    `farm` is the farm of a plot; `code` a lot's.
    """

    kind: Literal["farm", "lot", "plot"]
    name: dict[str, str]
    farm: str | None = None
    code: str = ""


def is_stopped(lot: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return SQL for whether the lot whose id a column has is stopped."""
    found = exists().where(lots.c.id == lot, lots.c.stopped_at.is_not(None))
    return found.correlate_except(lots)


def tested(connection: Connection, ids: Collection[str]) -> frozenset[str]:
    """Return those of these lots that have a passed test that counts."""
    query = select(lots.c.id).where(lots.c.id.in_(ids), TESTED)
    return frozenset(connection.execute(query).scalars())


def names(connection: Connection, ids: Collection[str]) -> dict[str, Named]:
    """Return the farms, plots and lots among these ids."""
    found: dict[str, Named] = {}
    for farm, name in connection.execute(
        select(farms.c.id, farms.c.name).where(farms.c.id.in_(ids))
    ):
        found[farm] = Named("farm", name)
    for plot, name, farm in connection.execute(
        select(plots.c.id, plots.c.name, plots.c.farm).where(plots.c.id.in_(ids))
    ):
        found[plot] = Named("plot", name, farm=farm)
    for lot, name, code in connection.execute(
        select(lots.c.id, lots.c.product_name, lots.c.code).where(lots.c.id.in_(ids))
    ):
        found[lot] = Named("lot", name, code=code)
    return found

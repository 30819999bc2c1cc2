"""Farms, plots and field operations: the SQL, within the caller's transaction.

harvests.py records harvests.
"""

from typing import Any

from sqlalchemy import Connection, Row, Select, Table, func, insert, select, tuple_, update

from farmlive.clock import DAY_MS, now_ms
from farmlive.edge.contracts import raises
from farmlive.edge.paging import Position
from farmlive.ids import ulid
from farmlive.origin.core.models import (
    MOST_WORKS,
    Farm,
    FarmChange,
    NewFarm,
    NewPlot,
    NewWork,
    Plot,
    PlotChange,
    Work,
)
from farmlive.origin.core.problems import (
    InFuture,
    OtherFarm,
    TooManyRecords,
    UnknownFarm,
    UnknownPlot,
)
from farmlive.origin.core.tables import farms, plots, works
from farmlive.origin.stops.stops import YEAR_MS, Stops
from farmlive.people import Caller
from farmlive.people.core.audit import record_action

# How far a phone's clock may be ahead before "harvested now" counts as the future.
CLOCK_SKEW_MS = 120_000


def check_past(**times: int | None) -> None:
    """Refuse future times; the keywords name what happened. Raises InFuture."""
    latest = now_ms() + CLOCK_SKEW_MS
    for what, at in times.items():
        if at is not None and at > latest:
            raise InFuture(
                f"Nothing can be recorded as {what} at a time yet to come, and nothing was kept. "
                "Put the time right, or record it when it has happened."
            )


def check_keeper(caller: Caller, farm: str) -> None:
    """Refuse a seller of other farms. Raises OtherFarm."""
    if not caller.may_manage_farm(farm):
        raise OtherFarm(
            "Nothing was changed: your account keeps other farms. Ask a coordinator to give you "
            "this one too."
        )


def check_record_limit(
    connection: Connection, caller: Caller, counted: Select[int], most: int, what: str
) -> None:
    """Refuse a further record where `counted` has reached the limit, half of it for all but
    coordinators. Raises TooManyRecords.
    """
    by_coordinator = caller.role == "coordinator"
    allowed = most if by_coordinator else most // 2
    if connection.execute(counted).scalar_one() >= allowed:
        raise TooManyRecords(what, allowed, by_coordinator=by_coordinator)


def add(connection: Connection, caller: Caller, new: NewFarm) -> Farm:
    """Add a farm."""
    row = {"id": ulid(), **new.model_dump()}
    connection.execute(insert(farms), {**row, "created_at": now_ms()})
    record_action(connection, caller, "farm.add", str(row["id"]))
    return Farm.model_validate(row)


def change(connection: Connection, caller: Caller, farm: str, wanted: FarmChange) -> Farm:
    """Change the given fields of a farm. Raises UnknownFarm, OtherFarm."""
    find(connection, farm)
    check_keeper(caller, farm)
    _change(connection, caller, farms, farm, wanted)
    return find(connection, farm)


def _change(
    connection: Connection,
    caller: Caller,
    table: Table,
    target: str,
    wanted: FarmChange | PlotChange,
) -> None:
    values = wanted.model_dump(include=wanted.model_fields_set)
    if values:
        connection.execute(update(table).where(table.c.id == target).values(**values))
        kind = "farm.change" if table is farms else "plot.change"
        record_action(connection, caller, kind, target, fields=sorted(values))


@raises(UnknownFarm)
def find(connection: Connection, farm: str) -> Farm:
    """Return the farm with that id. Raises UnknownFarm."""
    row = connection.execute(select(farms).where(farms.c.id == farm)).one_or_none()
    if row is None:
        raise UnknownFarm("There is no such farm. Add the farm first.")
    return as_farm(row)


def list_farms(
    connection: Connection, after: Position | None = None, limit: int | None = None
) -> list[Farm]:
    """List the farms, oldest first: all, or at most `limit` after one."""
    query = paged(select(farms), farms, after, limit)
    return [as_farm(row) for row in connection.execute(query)]


def paged(
    query: Select[Any], table: Table, after: Position | None, limit: int | None
) -> Select[Any]:
    """Order a query by creation, and limit it to `limit` rows after one."""
    if after is not None:
        query = query.where(table.c.id > after[1])
    return query.order_by(table.c.id).limit(limit)


def farms_by_id(connection: Connection, ids: set[str]) -> dict[str, Farm]:
    """Return the farms with these ids, by id."""
    query = select(farms).where(farms.c.id.in_(ids))
    return {row.id: as_farm(row) for row in connection.execute(query)}


def add_plot(connection: Connection, caller: Caller, farm: str, new: NewPlot) -> Plot:
    """Add a plot to a farm. Raises UnknownFarm, OtherFarm."""
    find(connection, farm)
    check_keeper(caller, farm)
    row = {"id": ulid(), "farm": farm, **new.model_dump()}
    connection.execute(insert(plots), {**row, "created_at": now_ms()})
    record_action(connection, caller, "plot.add", str(row["id"]), farm=farm)
    return Plot.model_validate(row)


def change_plot(connection: Connection, caller: Caller, plot: str, wanted: PlotChange) -> Plot:
    """Change the given fields of a plot. Raises UnknownPlot, OtherFarm."""
    check_keeper(caller, find_plot(connection, plot).farm)
    _change(connection, caller, plots, plot, wanted)
    return find_plot(connection, plot)


def find_plot(connection: Connection, plot: str) -> Plot:
    """Return the plot with that id. Raises UnknownPlot."""
    row = connection.execute(select(plots).where(plots.c.id == plot)).one_or_none()
    if row is None:
        raise UnknownPlot("There is no such plot. Add the plot to its farm first.")
    return as_plot(row)


def plots_of(
    connection: Connection, farm: str, after: Position | None = None, limit: int | None = None
) -> list[Plot]:
    """List the farm's plots, oldest first, paginated as `every`. Raises UnknownFarm."""
    find(connection, farm)
    query = paged(select(plots).where(plots.c.farm == farm), plots, after, limit)
    return [as_plot(row) for row in connection.execute(query)]


def add_work(connection: Connection, caller: Caller, stops: Stops, plot: str, new: NewWork) -> Work:
    """Record a field operation on a plot.

    A spraying stops the lots that were picked within its waiting period. Raises UnknownPlot,
    OtherFarm, InFuture, TooManyRecords.
    """
    check_past(**{new.kind: new.at})
    check_keeper(caller, find_plot(connection, plot).farm)
    near = works.c.at.between(new.at - YEAR_MS, new.at + YEAR_MS)
    others = select(func.count()).where(works.c.plot == plot, near)
    check_record_limit(
        connection, caller, others, MOST_WORKS, "works of the plot within a year of it"
    )
    until = None if new.waiting_days is None else new.at + new.waiting_days * DAY_MS
    row = {"id": ulid(), "plot": plot, **new.model_dump(), "until": until}
    connection.execute(insert(works), {**row, "recorded_at": now_ms()})
    record_action(connection, caller, "work.add", str(row["id"]), plot=plot, kind=new.kind)
    work = Work.model_validate(row)
    stops.work_recorded(connection, caller, work)
    return work


def works_of(
    connection: Connection, plot: str, before: Position | None = None, limit: int | None = None
) -> list[Work]:
    """List the plot's field operations, latest first: all, or at most `limit` before a time.

    Raises UnknownPlot.
    """
    find_plot(connection, plot)
    query = select(works).where(works.c.plot == plot).order_by(works.c.at.desc(), works.c.id.desc())
    if before is not None:
        query = query.where(tuple_(works.c.at, works.c.id) < tuple_(*before))
    query = query.limit(limit)
    return [as_work(row) for row in connection.execute(query)]


def as_farm(row: Row[Any]) -> Farm:
    """Return the farm of a row of `farms`."""
    return Farm.model_validate({name: getattr(row, name) for name in Farm.model_fields})


def as_plot(row: Row[Any]) -> Plot:
    """Return the plot of a row of `plots`."""
    return Plot.model_validate({name: getattr(row, name) for name in Plot.model_fields})


def as_work(row: Row[Any]) -> Work:
    """Return the field operation of a row of `works`."""
    return Work.model_validate({name: getattr(row, name) for name in Work.model_fields})

"""Records harvests: checks one, and creates its lot with code and class.

The functions run SQL within the caller's transaction. lots.py records what happens to the lot
afterwards.
"""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, insert, select

from farmlive.bilingual import Bilingual
from farmlive.clock import now_ms, rfc3339
from farmlive.ids import ulid
from farmlive.origin.core import epcis, gs1, requirements
from farmlive.origin.core.models import Doubt, Lot, NewLot, NewPacking, Plot, PlotName, Work
from farmlive.origin.core.problems import LotTaken, WaitingPeriod
from farmlive.origin.core.tables import classes, lot_gtins, works
from farmlive.origin.core.tables import lots as lots_table
from farmlive.origin.lots import farms, lots, plausibility
from farmlive.origin.stops.stops import YEAR_MS, Stops
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.problems import Invalid


def record(
    connection: Connection, caller: Caller, policy: lots.LotPolicy, stops: Stops, new: NewLot
) -> Lot:
    """Record a harvest with the trace events of its facts.

    Stop the lot where it was picked within a waiting period or failed its test. Raises UnknownFarm,
    UnknownPlot, OtherFarm, InFuture, WaitingPeriod, ImplausibleHarvest, EarlyTest, LotTaken and
    Invalid.
    """
    inspected = new.inspection.at if new.inspection else None
    farms.check_past(harvested=new.harvested_at, inspected=inspected, packed=new.packed_at)
    plot = farms.find_plot(connection, new.plot) if new.plot else None
    farm = farms.find(connection, new.farm or (plot.farm if plot else "")).id
    farms.check_keeper(caller, farm)
    if plot is not None and plot.farm != farm:
        raise Invalid("The plot is of another farm. Choose a plot of the farm; nothing was kept.")
    product = new.product_name or (plot.crop if plot else None)
    if product is None:
        raise Invalid("Say what was harvested, or give the plot its crop once; nothing was kept.")
    sprayed = last_spraying(connection, new.plot, new.harvested_at)
    overridden = _overridden(new, sprayed)
    doubts = doubts_of(connection, policy, plot, new.harvested_at, new.quantity_g)
    plausibility.check(doubts, new.plausibility_reason)
    code = _free_code(connection, farm, policy, new)
    kind = None if new.gtin else _class_of(connection, farm, product)
    path = gs1.digital_link(new.gtin, code) if new.gtin else gs1.private_class(str(kind), code)
    lot = {
        "id": ulid(),
        "farm": farm,
        "plot": new.plot,
        "code": code,
        "product_name": product.model_dump(),
        "gtin": new.gtin,
        "class": kind,
        "class_uri": policy.url + path,
        "harvested_at": new.harvested_at,
        "quantity_g": new.quantity_g,
        "waiting_period_overridden": overridden,
        **told_doubts(doubts, new.plausibility_reason),
        "created_at": now_ms(),
    }
    connection.execute(insert(lots_table), lot)
    identifier = str(lot["id"])
    if new.gtin:
        lots.take_gtin(connection, new.gtin, code, identifier)
    named = PlotName(id=plot.id, name=plot.name) if plot else None
    why = lot["plausibility_reason"]
    harvest = epcis.Harvest(
        new.harvested_at, new.quantity_g, product, named, sprayed, overridden, why
    )
    subject = lots.subject_of(policy, connection, identifier)
    lots.trace(connection, identifier, new.harvested_at, epcis.commissioning(subject, harvest))
    requirements.update_missing(connection, policy.requirements, [identifier])
    record_action(connection, caller, "lot.add", identifier, code=code, quantity_g=new.quantity_g)
    if plot is not None:
        stops.harvest_recorded(
            connection, caller, identifier, plot.id, new.harvested_at, overridden
        )
    if new.inspection is not None:
        lots.inspect(connection, caller, policy, stops, identifier, new.inspection)
    if new.packed_at is not None:
        lots.pack(connection, caller, policy, identifier, NewPacking(at=new.packed_at))
    return lots.find(connection, identifier)


def last_spraying(connection: Connection, plot: str | None, at: int) -> Work | None:
    """Return the spraying in the year before `at` whose waiting period ended last, or None."""
    if plot is None:
        return None
    row = connection.execute(
        select(works)
        .where(works.c.plot == plot, works.c.kind == "sprayed", works.c.withdrawn_at.is_(None))
        .where(works.c.at <= at, works.c.at > at - YEAR_MS)
        .order_by(works.c.until.desc(), works.c.at.desc())
        .limit(1)
    ).one_or_none()
    return farms.as_work(row) if row is not None else None


def doubts_of(
    connection: Connection,
    policy: lots.LotPolicy,
    plot: Plot | None,
    harvested_at: int,
    more_g: int,
) -> list[Doubt]:
    """Return the reasons to doubt that the plot gave `more_g` more grams at that time."""
    if plot is None:
        return []
    year, begin, end = plausibility.year_of(harvested_at, ZoneInfo(policy.time_zone))
    before = (
        select(func.coalesce(func.sum(lots_table.c.quantity_g), 0))
        .where(lots_table.c.plot == plot.id)
        .where(lots_table.c.harvested_at >= begin, lots_table.c.harvested_at < end)
    )
    year_g = int(connection.execute(before).scalar_one()) + more_g
    return plausibility.doubts(plot, year, year_g, policy.max_yield_g_per_m2)


def told_doubts(doubts: list[Doubt], reason: str | None) -> dict[str, Any]:
    """Return the columns of a lot with the doubts about its harvest and the answer to them."""
    kept = [doubt.model_dump(exclude_none=True) for doubt in doubts] or None
    return {"doubts": kept, "plausibility_reason": reason if kept else None}


def _overridden(new: NewLot, sprayed: Work | None) -> str | None:
    """Return the reason to record picking within a waiting period.

    Return None if it was not within one.
    """
    if sprayed is None or sprayed.until is None or new.harvested_at >= sprayed.until:
        return None
    if new.waiting_period_overridden is None:
        raise WaitingPeriod(
            f"The plot was sprayed at {rfc3339(sprayed.at)} and may be picked again from "
            f"{rfc3339(sprayed.until)}. Nothing was saved: correct the time, or say why it was "
            "picked all the same.",
            sprayed_at=rfc3339(sprayed.at),
            until=rfc3339(sprayed.until),
        )
    return new.waiting_period_overridden


def _free_code(connection: Connection, farm: str, policy: lots.LotPolicy, new: NewLot) -> str:
    """Return the given code, if it is free, or the next free one of the day: MMDD, MMDD-2, …"""
    taken = set(
        connection.execute(select(lots_table.c.code).where(lots_table.c.farm == farm)).scalars()
    )
    if new.code is not None:
        if new.code in taken:
            raise LotTaken(
                f"The farm already has a lot {new.code}. Give this harvest a code of its own."
            )
        return new.code
    if new.gtin is not None:
        named = select(lot_gtins.c.code).where(lot_gtins.c.gtin == new.gtin)
        taken |= set(connection.execute(named).scalars())
    day = datetime.fromtimestamp(new.harvested_at / 1000, UTC).astimezone(
        ZoneInfo(policy.time_zone)
    )
    code, number = f"{day:%m%d}", 1
    while code in taken:
        number += 1
        code = f"{day:%m%d}-{number}"
    return code


def _class_of(connection: Connection, farm: str, product: Bilingual) -> str:
    """Return the farm's class for a product of this name; create it if needed."""
    name = product.model_dump()
    for row in connection.execute(select(classes).where(classes.c.farm == farm)):
        if row.name == name:
            return str(row.id)
    identifier = ulid()
    connection.execute(insert(classes), {"id": identifier, "farm": farm, "name": name})
    return identifier

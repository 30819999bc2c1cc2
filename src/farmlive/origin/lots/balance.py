"""The balance of a lot: waste, corrections of its weight, and what is left to sell.

The functions run SQL within the caller's transaction; the seller of lots reports what is sold and
held in the same transaction: `Sales`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, update

from farmlive.clock import now_ms
from farmlive.origin.core import epcis
from farmlive.origin.core.models import Lot, LotChange, NewWaste, Undo, Wasted
from farmlive.origin.core.problems import BelowTaken, NotLeft, UnknownWaste
from farmlive.origin.core.tables import lots as lots_table
from farmlive.origin.lots import declarations, farms, harvests, lots, plausibility
from farmlive.people import Caller
from farmlive.people.core.audit import record_action


@dataclass(frozen=True, slots=True)
class Taken:
    """Net grams of a lot that are sold and held."""

    sold_g: int = 0
    held_g: int = 0

    @property
    def together(self) -> int:
        """The sum of sold and held."""
        return self.sold_g + self.held_g


class Sales(Protocol):
    """The interface to the seller of lots."""

    def stock_of(self, connection: Connection, lots: Iterable[str]) -> Mapping[str, Taken]:
        """Return what is sold and held of these lots.

        Lots that were never offered may be missing.
        """

    def append_stock(self, connection: Connection, lot: str) -> None:
        """Tell viewers that the available weight of the lot changed."""


def counted(connection: Connection, sales: Sales, found: list[Lot]) -> list[Lot]:
    """Return the lots with their sold, held and left weights."""
    taken = sales.stock_of(connection, [lot.id for lot in found])
    return [_with(lot, taken.get(lot.id, Taken())) for lot in found]


def waste(
    connection: Connection,
    caller: Caller,
    policy: lots.LotPolicy,
    sales: Sales,
    lot: str,
    new: NewWaste,
) -> Wasted:
    """Record that part of the lot was thrown away.

    Raises UnknownLot, OtherFarm, InFuture, WrongOrder, TooManyRecords and NotLeft.
    """
    at = now_ms() if new.at is None else new.at
    before = lots.happened(connection, caller, lot, "wasted", at)
    lots.check_record_limit(connection, caller, lot, "destroying", "records of waste of the lot")
    taken = _taken(connection, sales, lot)
    row = connection.execute(
        update(lots_table)
        .where(
            lots_table.c.id == lot,
            lots_table.c.quantity_g - lots_table.c.wasted_g - taken.together >= new.weight_g,
        )
        .values(wasted_g=lots_table.c.wasted_g + new.weight_g)
        .returning(lots_table.c.id)
    ).one_or_none()
    if row is None:
        raise NotLeft(max(0, before.quantity_g - before.wasted_g - taken.together))
    subject = lots.subject_of(policy, connection, lot)
    document = epcis.destroying(subject, at, new.weight_g, new.reason)
    traced = lots.trace(connection, lot, at, document)
    record_action(connection, caller, "lot.waste", lot, weight_g=new.weight_g)
    sales.append_stock(connection, lot)
    return Wasted(id=traced.id, at=at, weight_g=new.weight_g, reason=new.reason)


def unwaste(
    connection: Connection, caller: Caller, sales: Sales, lot: str, event: str, undo: Undo
) -> None:
    """Withdraw a record of waste: it did not happen, and its weight can be sold.

    Raises UnknownLot, OtherFarm, UnknownWaste.
    """
    farms.check_keeper(caller, lots.find(connection, lot).farm)
    wrong = declarations.standing_of(connection, lot, "destroying").get(event)
    if wrong is None:
        raise UnknownWaste("There is no such record, or it was taken back. Load the page again.")
    weight_g = epcis.grams_of(wrong)
    connection.execute(
        update(lots_table)
        .where(lots_table.c.id == lot)
        .values(wasted_g=lots_table.c.wasted_g - weight_g)
    )
    declarations.declare(connection, lot, wrong, undo.reason)
    record_action(connection, caller, "lot.unwaste", lot, weight_g=weight_g)
    sales.append_stock(connection, lot)


def correct(
    connection: Connection,
    caller: Caller,
    policy: lots.LotPolicy,
    sales: Sales,
    lot: str,
    change: LotChange,
) -> Lot:
    """Correct the weight of the harvest; the trace declares the old event an error.

    Raises UnknownLot, OtherFarm, ImplausibleHarvest, TooManyRecords and BelowTaken.
    """
    before = lots.find(connection, lot)
    farms.check_keeper(caller, before.farm)
    taken = _taken(connection, sales, lot)
    if change.quantity_g == before.quantity_g:
        return _with(before, taken)
    lots.check_record_limit(connection, caller, lot, "commissioning", "records of the harvest")
    plot = farms.find_plot(connection, before.plot.id) if before.plot else None
    more_g = change.quantity_g - before.quantity_g
    doubts = harvests.doubts_of(connection, policy, plot, before.harvested_at, more_g)
    if more_g > 0:
        plausibility.check(doubts, change.plausibility_reason)
    told = (
        harvests.told_doubts(doubts, change.plausibility_reason) if more_g > 0 or not doubts else {}
    )
    row = connection.execute(
        update(lots_table)
        .where(
            lots_table.c.id == lot,
            lots_table.c.wasted_g + taken.together <= change.quantity_g,
        )
        .values(quantity_g=change.quantity_g, **told)
        .returning(lots_table.c.id)
    ).one_or_none()
    if row is None:
        raise BelowTaken(before.wasted_g + taken.together)
    (wrong,) = declarations.standing_of(connection, lot, "commissioning").values()
    right = epcis.put_right(wrong, change.quantity_g, told.get("plausibility_reason"))
    declarations.declare(connection, lot, wrong, change.reason, right)
    record_action(
        connection,
        caller,
        "lot.correct",
        lot,
        quantity_g=change.quantity_g,
        was_g=before.quantity_g,
    )
    sales.append_stock(connection, lot)
    return _with(lots.find(connection, lot), taken)


def _taken(connection: Connection, sales: Sales, lot: str) -> Taken:
    return sales.stock_of(connection, [lot]).get(lot, Taken())


def _with(lot: Lot, taken: Taken) -> Lot:
    left_g = max(0, lot.quantity_g - lot.wasted_g - taken.together)
    counts = {"sold_g": taken.sold_g, "held_g": taken.held_g, "left_g": left_g}
    return lot.model_copy(update=counts)

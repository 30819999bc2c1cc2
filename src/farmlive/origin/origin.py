"""Origin: farms and plots (lots/farm_admin.py), lots with their trace events and stories, and lots
by identifier; each method is one transaction.

The shop sells lots; the pages show stories and maps.
"""

from collections.abc import AsyncIterable, Callable, Iterable
from typing import Protocol, TypeVar

from sqlalchemy import Connection, insert

from farmlive.edge.paging import Position
from farmlive.origin import settling
from farmlive.origin.core import epcis
from farmlive.origin.core.models import (
    Farm,
    Inspection,
    Lot,
    LotChange,
    NewInspection,
    NewLot,
    NewPacking,
    NewShipping,
    NewWaste,
    Traced,
    Undo,
    Wasted,
)
from farmlive.origin.core.problems import UnknownLot
from farmlive.origin.core.requirements import Requirements
from farmlive.origin.core.tables import moments
from farmlive.origin.lots import balance, farms, harvests, lookup, lots, withdrawals
from farmlive.origin.lots.farm_admin import FarmAdmin
from farmlive.origin.stops import stops
from farmlive.origin.stops.models import Lift, NewLift
from farmlive.origin.stops.reasons import CardStop, on_cards
from farmlive.origin.story import story
from farmlive.origin.story.models import Story
from farmlive.people import Caller
from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.files.uploads import check_bytes, record


class ShownEvent(Protocol):
    """The part of a log event that a moment needs."""

    @property
    def broadcast(self) -> str:
        """The broadcast's id."""

    @property
    def seq(self) -> int:
        """Its number in the log."""

    @property
    def at(self) -> int:
        """Its time, in UTC milliseconds."""


E = TypeVar("E", bound=ShownEvent)


class Origin(FarmAdmin):
    """Farms and lots in the store, with identifiers under the server's public URL.

    A lot's `class_uri` is fixed when it is recorded and does not follow a changed
    FARMLIVE_PUBLIC_URL, since it is in trace events and on labels. So identifiers are compared by
    their path, whatever the host: `find_uri` finds the lot under the old URL and the new.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        sales: balance.Sales,
        stop_handler: stops.StopHandler,
    ):
        """`sales` says what is sold and held of lots; `stop_handler` applies stops and lifts to
        sales. Both are called within transactions.
        """
        super().__init__(store, settings, stop_handler)
        self._upload_mib_per_day = settings.upload_mib_per_day
        self._policy = lots.LotPolicy(
            settings.url,
            settings.time_zone,
            settings.max_yield_g_per_m2,
            Requirements(settings.sell_tested_only, settings.sell_certified_only),
        )
        self._sales = sales

    async def start(self) -> None:
        """Update existing lots to the requirements of the current settings.

        Nothing may be sold before this has ended. Raises Unavailable.
        """
        wanted = self._policy.requirements
        await settling.settle_all(self._store, wanted, self._stops.proof_changed)

    @property
    def url(self) -> str:
        """The server's public URL, for links to lots."""
        return self._policy.url

    # Lots.

    async def add_lot(self, caller: Caller, new: NewLot) -> Lot:
        """Record a harvest with the trace events of its facts.

        Raises UnknownFarm, UnknownPlot, OtherFarm, LotTaken, WaitingPeriod, ImplausibleHarvest,
        EarlyTest, Invalid, and InFuture for a future harvest, test or packing.
        """

        def write(connection: Connection) -> Lot:
            made = harvests.record(connection, caller, self._policy, self._stops, new)
            return balance.counted(connection, self._sales, [made])[0]

        return await self._store.write(write)

    async def inspect(self, caller: Caller, lot: str, new: NewInspection) -> Inspection:
        """Record a test of a lot. Raises UnknownLot, OtherFarm, InFuture, EarlyTest."""
        return await self._store.write(
            lambda connection: lots.inspect(connection, caller, self._policy, self._stops, lot, new)
        )

    async def withdraw_test(self, caller: Caller, lot: str, inspection: str, undo: Undo) -> None:
        """Withdraw a test that was not made of the lot; its finding stays.

        Raises UnknownLot, OtherFarm, UnknownInspection.
        """
        await self._store.write(
            lambda connection: withdrawals.withdraw_test(
                connection, caller, self._policy, self._stops, lot, inspection, undo
            )
        )

    async def certify(
        self, caller: Caller, lot: str, inspection: str, chunks: AsyncIterable[bytes]
    ) -> str:
        """Store the certificate of a test and return its URL.

        Raises UnknownLot, OtherFarm, UnknownInspection, TooManyRecords, NoRoom, UploadLate,
        NotACertificate.
        """

        def check(connection: Connection) -> None:
            lots.find_certifiable(connection, caller, lot, inspection)
            check_bytes(connection, caller.owner, self._upload_mib_per_day)

        await self._store.read(check)
        async with self._files.receive(chunks) as sent:
            kept = await self._files.keep_document(sent, caller.owner)

        def write(connection: Connection) -> None:
            check_bytes(connection, caller.owner, self._upload_mib_per_day)
            record(connection, caller.owner, kept)
            lots.certify(connection, caller, self._policy, self._stops, lot, inspection, kept.url)

        await self._store.write(write)
        return kept.url

    async def pack(self, caller: Caller, lot: str, new: NewPacking) -> Traced:
        """Record that a lot was packed.

        Raises UnknownLot, OtherFarm, InFuture, WrongOrder, TooManyRecords.
        """
        return await self._store.write(
            lambda connection: lots.pack(connection, caller, self._policy, lot, new)
        )

    async def ship(self, caller: Caller, lot: str, new: NewShipping) -> Traced:
        """Record that a lot left the farm.

        Raises UnknownLot, OtherFarm, InFuture, WrongOrder, TooManyRecords.
        """
        return await self._store.write(
            lambda connection: lots.ship(connection, caller, self._policy, lot, new)
        )

    async def waste(self, caller: Caller, lot: str, new: NewWaste) -> Wasted:
        """Record that part of a lot was thrown away.

        Raises UnknownLot, OtherFarm, InFuture, WrongOrder, TooManyRecords, and NotLeft where more
        of it is sold or held.
        """
        return await self._store.write(
            lambda connection: balance.waste(
                connection, caller, self._policy, self._sales, lot, new
            )
        )

    async def unwaste(self, caller: Caller, lot: str, event: str, undo: Undo) -> None:
        """Withdraw a record of waste that did not happen.

        Raises UnknownLot, OtherFarm, UnknownWaste.
        """
        await self._store.write(
            lambda connection: balance.unwaste(connection, caller, self._sales, lot, event, undo)
        )

    async def correct(self, caller: Caller, lot: str, change: LotChange) -> Lot:
        """Correct the weight of a harvest.

        Raises UnknownLot, OtherFarm, ImplausibleHarvest, BelowTaken.
        """
        return await self._store.write(
            lambda connection: balance.correct(
                connection, caller, self._policy, self._sales, lot, change
            )
        )

    async def lift(self, caller: Caller, lot: str, new: NewLift) -> Lift:
        """Lift findings of a stopped lot. Raises Forbidden, UnknownLot, UnknownFinding."""
        return await self._store.write(
            lambda connection: self._stops.lift(connection, caller, lot, new)
        )

    async def withdraw_lift(self, caller: Caller, lot: str, lift: str, undo: Undo) -> None:
        """Withdraw a lift: its findings stop the lot again.

        Raises Forbidden, UnknownLot, UnknownLift.
        """
        await self._store.write(
            lambda connection: self._stops.withdraw_lift(connection, caller, lot, lift, undo)
        )

    async def stopped_lots(self) -> list[Lot]:
        """List the stopped lots, the last stopped first; a hundred at most."""
        return await self._store.read(lots.stopped)

    async def lots(
        self, farm: str | None = None, before: Position | None = None, limit: int = 100
    ) -> list[Lot]:
        """List at most `limit` lots of one farm or all, latest harvest first, with what is left of
        each.
        """

        def read(connection: Connection) -> list[Lot]:
            found = lots.latest(connection, farm, before, limit)
            return balance.counted(connection, self._sales, found)

        return await self._store.read(read)

    async def story(self, lot: str) -> Story:
        """Return the lot's story. Raises UnknownLot."""

        def read(connection: Connection) -> Story:
            told = story.build_story(connection, lot)
            (counted,) = balance.counted(connection, self._sales, [told.lot])
            return told.model_copy(update={"lot": counted})

        return await self._store.read(read)

    # By identifier.

    async def find(self, gtin: str, code: str) -> str:
        """Return the lot with this code and this GTIN. Raises UnknownLot, WrongIdentifier."""
        return await self._store.read(lambda connection: lookup.find(connection, gtin, code))

    async def find_uri(self, uri: str) -> str:
        """Return the lot of a class URI, whatever its host. Raises UnknownLot, WrongIdentifier."""
        return await self._store.read(lambda connection: lookup.find_uri(connection, uri))

    async def events(
        self,
        lot: str | None = None,
        uri: str | None = None,
        step: str | None = None,
        since: int | None = None,
        until: int | None = None,
        after: Position | None = None,
        limit: int = 100,
    ) -> tuple[list[epcis.Document], Position | None]:
        """Return trace events in order of time, and the position of the last one if more follow.

        `lot` is a lot's id, `uri` its class URI; an unknown one finds nothing. `since` and `until`
        bound the events' times, the second excluded.
        """

        def read(connection: Connection) -> tuple[list[epcis.Document], Position | None]:
            named = lot
            if uri is not None:
                try:
                    named = lookup.find_uri(connection, uri)
                except UnknownLot:
                    return [], None
                if lot not in (None, named):
                    return [], None
            wanted = lookup.events_query(named, step, since, until, after, limit + 1)
            rows = connection.execute(wanted).all()
            last = rows[limit - 1] if len(rows) > limit else None
            mark = (last.at, last.id) if last is not None else None
            return [row.document for row in rows[:limit]], mark

        return await self._store.read(read)

    # For the shop, within its transactions.

    def card(self, connection: Connection, lot: str) -> tuple[Lot, Farm]:
        """Return the lot and its farm, within the caller's transaction. Raises UnknownLot."""
        found = lots.find(connection, lot)
        return found, farms.find(connection, found.farm)

    def cards(self, connection: Connection, ids: Iterable[str]) -> dict[str, tuple[Lot, Farm]]:
        """Return the lots with these ids, each with its farm, by id."""
        found = lots.some(connection, ids)
        owners = farms.farms_by_id(connection, {lot.farm for lot in found})
        return {lot.id: (lot, owners[lot.farm]) for lot in found}

    def card_stops(self, connection: Connection, ids: Iterable[str]) -> dict[str, CardStop]:
        """Return the stops of these lots as cards show them, by id.

        Lots that were never stopped are left out.
        """
        return on_cards(connection, ids)

    def name(self, connection: Connection, lot: Lot, gtin: str) -> None:
        """Assign the GTIN of a box to the lot that is packed in it. Raises LotTaken."""
        lots.take_gtin(connection, gtin, lot.code, lot.id)

    def moment(
        self, lot_shown: Callable[[Connection, E], str | None]
    ) -> Callable[[Connection, E], None]:
        """Return a handler of `card.pinned` that stores the event as a moment of the card's lot.

        `lot_shown` returns that lot, which the shop knows, within the same transaction.
        """

        def keep(connection: Connection, event: E) -> None:
            lot = lot_shown(connection, event)
            if lot is not None:
                connection.execute(
                    insert(moments),
                    {
                        "broadcast": event.broadcast,
                        "seq": event.seq,
                        "lot": lot,
                        "at": event.at,
                    },
                )

        return keep

"""Origin: keeps farms, lots and their trace events, tells a lot's story, finds lots by identifier.

What a lot is sold as belongs to the shop; the page that shows the story belongs to pages.
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from sqlalchemy import Connection, Row, insert, select

from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.origin import epcis, gs1
from farmlive.origin.models import Farm, Inspection, Lot, Moment, NewFarm, NewLot, Station, Story
from farmlive.origin.tables import classes, farms, lot_gtins, lots, moments, trace_events
from farmlive.problems import Conflict, Invalid, NotFound
from farmlive.settings import Settings
from farmlive.store import Store

# A phone's clock may be this much ahead of ours before "harvested now" counts as the future.
CLOCK_SKEW_MS = 120_000


class UnknownFarm(NotFound):
    """No farm has that id."""

    slug = "unknown-farm"
    title = "There is no such farm"


class UnknownLot(NotFound):
    """No lot has that id, or that GTIN and code."""

    slug = "unknown-lot"
    title = "There is no such lot"


class LotTaken(Conflict):
    """The lot's code, or its GTIN with that code, is another lot's."""

    slug = "lot-taken"
    title = "Another lot has that code"


class InFuture(Invalid):
    """A trace event that has not happened yet."""

    slug = "in-the-future"
    title = "That has not happened yet"


class ShownEvent(Protocol):
    """What a moment needs of an event of the log."""

    @property
    def broadcast(self) -> str:
        """The broadcast's id."""

    @property
    def seq(self) -> int:
        """Its place in the log."""

    @property
    def at(self) -> int:
        """Its time, UTC milliseconds."""

    @property
    def data(self) -> dict[str, Any]:
        """Its contents."""


class Origin:
    """Farms and lots, kept in the store, named under the server's public address."""

    def __init__(self, store: Store, settings: Settings):
        self._store = store
        self._settings = settings

    async def add_farm(self, new: NewFarm) -> Farm:
        """Keep a new farm."""
        farm = Farm(id=ulid(), **dict(new))

        def keep(connection: Connection) -> None:
            connection.execute(insert(farms), {**farm.model_dump(), "created_at": now_ms()})

        await self._store.write(keep)
        return farm

    async def farms(self) -> list[Farm]:
        """All farms, oldest first."""
        return await self._store.read(
            lambda connection: [
                _farm(row) for row in connection.execute(select(farms).order_by(farms.c.id))
            ]
        )

    async def add_lot(self, new: NewLot) -> Lot:
        """Keep a new lot with the trace events that the facts give.

        Raises UnknownFarm, LotTaken, and InFuture for a harvest, test or packing yet to come.
        """
        _check_past(new)
        return await self._store.write(lambda connection: self._add_lot(connection, new))

    async def lots(self, farm: str | None = None) -> list[Lot]:
        """The lots, of one farm or all, latest harvest first."""
        query = select(lots).order_by(lots.c.harvested_at.desc(), lots.c.id.desc())
        if farm is not None:
            query = query.where(lots.c.farm == farm)
        return await self._store.read(
            lambda connection: [_lot(row) for row in connection.execute(query)]
        )

    async def story(self, lot: str) -> Story:
        """What the lot's page tells. Raises UnknownLot."""
        return await self._store.read(lambda connection: self._story(connection, lot))

    async def find(self, gtin: str, code: str) -> str:
        """The lot with this code and this GTIN, of 8 to 14 digits. Raises UnknownLot, Invalid."""
        try:
            digits = gs1.gtin14(gtin)
        except ValueError as error:
            raise Invalid(str(error)) from error
        return await self._store.read(
            lambda connection: _found(
                connection,
                select(lot_gtins.c.lot).where(lot_gtins.c.gtin == digits, lot_gtins.c.code == code),
                f"No lot {code[:20]} of the GTIN {digits} is known here. Compare both with the "
                "label, or ask the seller.",
            )
        )

    async def find_private(self, identifier: str, code: str) -> str:
        """The lot of a private class with this code. Raises UnknownLot."""
        return await self._store.read(
            lambda connection: _found(
                connection,
                select(lots.c.id).where(lots.c["class"] == identifier, lots.c.code == code),
                f"No lot {code[:20]} of that produce is known here. Compare it with the label, or "
                "ask the seller.",
            )
        )

    async def find_uri(self, uri: str) -> str:
        """The lot that a class URI names, whatever its host. Raises UnknownLot, Invalid."""
        match gs1.segments(uri):
            case ["01", gtin, "10", code]:
                return await self.find(gtin, code)
            case ["origin", "class", identifier, "lot", code]:
                return await self.find_private(identifier, code)
        raise UnknownLot(
            "That is not the identifier of a lot: write https://…/01/{GTIN}/10/{lot} or "
            "https://…/origin/class/{id}/lot/{lot}."
        )

    async def events(
        self,
        lot: str | None = None,
        uri: str | None = None,
        step: str | None = None,
        after: str = "",
        limit: int = 100,
    ) -> tuple[list[epcis.Document], str | None]:
        """Trace events in the order of their recording, and the mark of the next page, if any.

        `lot` is a lot's id, `uri` its class URI; one that names no lot here finds nothing.
        """
        if uri is not None:
            try:
                named = await self.find_uri(uri)
            except UnknownLot:
                return [], None
            if lot not in (None, named):
                return [], None
            lot = named
        query = (
            select(trace_events.c.id, trace_events.c.document)
            .where(trace_events.c.id > after)
            .order_by(trace_events.c.id)
            .limit(limit + 1)
        )
        if lot is not None:
            query = query.where(trace_events.c.lot == lot)
        if step is not None:
            query = query.where(trace_events.c.biz_step == step)
        rows = await self._store.read(lambda connection: connection.execute(query).all())
        page = rows[:limit]
        return [row.document for row in page], page[-1].id if len(rows) > limit else None

    def card(self, connection: Connection, lot: str) -> tuple[Lot, Farm]:
        """The lot and its farm, in the caller's transaction. Raises UnknownLot."""
        found = self.cards(connection, [lot])
        if lot not in found:
            raise UnknownLot("There is no such lot. Record the harvest first, then offer it.")
        return found[lot]

    def cards(self, connection: Connection, ids: Iterable[str]) -> dict[str, tuple[Lot, Farm]]:
        """The lots with these ids, each with its farm, by id."""
        rows = connection.execute(select(lots).where(lots.c.id.in_(set(ids)))).all()
        query = select(farms).where(farms.c.id.in_({row.farm for row in rows}))
        owners = {row.id: _farm(row) for row in connection.execute(query)}
        return {row.id: (_lot(row), owners[row.farm]) for row in rows}

    def name(self, connection: Connection, lot: Lot, gtin: str) -> None:
        """Let the lot also be found under the GTIN of a box it is packed in. Raises LotTaken."""
        _take_gtin(connection, gtin, lot.code, lot.id)

    def moment(
        self, lot_of_offer: Callable[[Connection, str], str | None]
    ) -> Callable[[Connection, ShownEvent], None]:
        """A handler of `card.pinned` that keeps the event as a moment of the offer's lot.

        The shop knows which lot an offer sells; `lot_of_offer` asks it, in the same transaction.
        """

        def keep(connection: Connection, event: ShownEvent) -> None:
            lot = lot_of_offer(connection, event.data["offer"])
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

    def _add_lot(self, connection: Connection, new: NewLot) -> Lot:
        _farm_of(connection, new.farm)
        taken = select(lots.c.id).where(lots.c.farm == new.farm, lots.c.code == new.code)
        if connection.execute(taken).first() is not None:
            raise LotTaken(
                f"The farm already has a lot {new.code}. Give this harvest a code of its own."
            )
        kind = None if new.gtin else _class_of(connection, new)
        path = (
            gs1.digital_link(new.gtin, new.code)
            if new.gtin
            else gs1.private_class(str(kind), new.code)
        )
        row = {
            "id": ulid(),
            "farm": new.farm,
            "code": new.code,
            "product_name": new.product_name.model_dump(),
            "gtin": new.gtin,
            "class": kind,
            "class_uri": self._settings.url + path,
            "harvested_at": new.harvested_at,
            "quantity_g": new.quantity_g,
            "tested_at": new.inspection.at if new.inspection else None,
            "created_at": now_ms(),
        }
        connection.execute(insert(lots), row)
        if new.gtin:
            _take_gtin(connection, new.gtin, new.code, str(row["id"]))
        for step, at, document in self._trace(new, str(row["class_uri"])):
            connection.execute(
                insert(trace_events),
                {
                    "id": ulid(),
                    "lot": row["id"],
                    "at": at,
                    "biz_step": step,
                    "document": document,
                    "recorded_at": now_ms(),
                },
            )
        return _lot(connection.execute(select(lots).where(lots.c.id == row["id"])).one())

    def _trace(self, new: NewLot, class_uri: str) -> list[tuple[str, int, epcis.Document]]:
        subject = epcis.Subject(
            class_uri,
            new.code,
            f"{self._settings.url}/origin/farm/{new.farm}",
            self._settings.time_zone,
        )
        harvest = epcis.commissioning(
            subject, new.harvested_at, new.quantity_g, new.product_name, new.plot
        )
        trace = [("commissioning", new.harvested_at, harvest)]
        if new.inspection is not None:
            test = epcis.inspecting(subject, new.inspection)
            trace.append(("inspecting", new.inspection.at, test))
        if new.packed_at is not None:
            trace.append(("packing", new.packed_at, epcis.packing(subject, new.packed_at)))
        return trace

    def _story(self, connection: Connection, lot_id: str) -> Story:
        lot, farm = self.card(connection, lot_id)
        trace = connection.execute(
            select(trace_events)
            .where(trace_events.c.lot == lot_id)
            .order_by(trace_events.c.at, trace_events.c.id)
        ).all()
        shown = connection.execute(
            select(moments).where(moments.c.lot == lot_id).order_by(moments.c.at, moments.c.seq)
        )
        inspection: Inspection | None = None
        plot: str | None = None
        stations = []
        for row in trace:
            if row.biz_step == "inspecting":
                inspection = epcis.inspection_of(row.document)
            elif row.biz_step == "commissioning":
                plot = epcis.plot_of(row.document)
            stations.append(
                Station.model_validate(
                    {
                        "step": epcis.STEPS[row.biz_step],
                        "at": row.at,
                        "event": row.document["eventID"],
                    }
                )
            )
        return Story(
            lot=lot,
            farm=farm,
            plot=plot,
            stations=stations,
            inspection=inspection,
            moments=[Moment(broadcast=row.broadcast, seq=row.seq, at=row.at) for row in shown],
            events_url=f"/epcis/v2/events?lot={lot_id}",
        )


def _check_past(new: NewLot) -> None:
    latest = now_ms() + CLOCK_SKEW_MS
    inspected = new.inspection.at if new.inspection else None
    times = {"harvested": new.harvested_at, "inspected": inspected, "packed": new.packed_at}
    for what, at in times.items():
        if at is not None and at > latest:
            raise InFuture(
                f"A lot can't be recorded as {what} at a time yet to come. Put the time right, or "
                "record it when it has happened."
            )


def _farm_of(connection: Connection, farm: str) -> Farm:
    row = connection.execute(select(farms).where(farms.c.id == farm)).one_or_none()
    if row is None:
        raise UnknownFarm("There is no such farm. Add the farm first.")
    return _farm(row)


def _class_of(connection: Connection, new: NewLot) -> str:
    """The farm's class for produce of this name, made where there is none."""
    name = new.product_name.model_dump()
    for row in connection.execute(select(classes).where(classes.c.farm == new.farm)):
        if row.name == name:
            return str(row.id)
    identifier = ulid()
    connection.execute(insert(classes), {"id": identifier, "farm": new.farm, "name": name})
    return identifier


def _take_gtin(connection: Connection, gtin: str, code: str, lot: str) -> None:
    holder = connection.execute(
        select(lot_gtins.c.lot).where(lot_gtins.c.gtin == gtin, lot_gtins.c.code == code)
    ).scalar_one_or_none()
    if holder == lot:
        return
    if holder is not None:
        raise LotTaken(
            f"The GTIN {gtin} with the lot code {code} already names another lot. One of the two "
            "must differ: compare both with the label."
        )
    connection.execute(insert(lot_gtins), {"gtin": gtin, "code": code, "lot": lot})


def _found(connection: Connection, query: Any, sentence: str) -> str:
    lot: str | None = connection.execute(query).scalar()
    if lot is None:
        raise UnknownLot(sentence)
    return lot


def _farm(row: Row[Any]) -> Farm:
    return Farm(id=row.id, name=row.name, place=row.place, person=row.person, story=row.story)


def _lot(row: Row[Any]) -> Lot:
    return Lot(
        id=row.id,
        farm=row.farm,
        code=row.code,
        product_name=row.product_name,
        gtin=row.gtin,
        class_uri=row.class_uri,
        url=f"/origin/lot/{row.id}",
        harvested_at=row.harvested_at,
        quantity_g=row.quantity_g,
        tested=row.tested_at is not None,
    )

"""Reviews: reads a broadcast's log, watch sessions and tables, and computes the report."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, and_, cast, func, select, type_coerce

from farmlive.broadcast.log import Head, Log
from farmlive.broadcast.tables import card_taps, events, watches
from farmlive.clock import now_ms
from farmlive.people import Caller
from farmlive.review import audience, cash, kept_sums, ledger, lists, numbers
from farmlive.review.definitions import SHEET_WORDS
from farmlive.review.kept_sums import Kept, SaleSums, Watched
from farmlive.review.models import LotBalance, Report, Sum, Total
from farmlive.review.readers import centres_of, check_sheet, farms_of
from farmlive.review.refunds import Given, Line, by_line, named
from farmlive.review.report import Beside, report
from farmlive.review.sheets import Sheet, Words
from farmlive.settings import Settings
from farmlive.shop.core.order_tables import order_changes, order_lines, orders
from farmlive.shop.core.tables import offers, products
from farmlive.shop.stock.lot_stock import of_lots
from farmlive.store import FILE_S, Store

# Events parsed at a time: faster than one by one, without blocking other threads for long.
AT_ONCE = 100
# How long after its last update a session counts as open (an update each minute, and one more for a
# slow disk).
FRESH_MS = 120_000
_NUMBERS = {
    "sales": numbers.sales,
    "timeline": numbers.timeline,
    "settlement": numbers.settlement,
}


@dataclass(frozen=True)
class Sources:
    """The sources of a broadcast's report; `until` is its end, or now."""

    broadcast: str
    head: Head
    ledger: ledger.Ledger
    audience: Watched
    kept: Kept
    until: int

    def report(self, watched: Watched, beside: Beside, farms: frozenset[str] | None) -> Report:
        """Return the report, or these farms' part of it."""
        book = self.ledger if farms is None else self.ledger.only(farms)
        return report(
            self.broadcast, self.head, book, watched, beside, until=self.until, farms=farms
        )


class Review:
    """Reports and sheets of broadcasts, live or ended."""

    def __init__(self, store: Store, log: Log, settings: Settings):
        self._store = store
        self._log = log
        self._currency = settings.currency

    async def of(self, broadcast: str, farms: frozenset[str] | None = None) -> Report:
        """Return the present report of a broadcast, or these farms' part.

        Raises UnknownBroadcast.
        """

        def read(connection: Connection) -> Report:
            found = sources(connection, self._log, broadcast)
            beside = _beside(connection, broadcast, farms, found.kept)
            return found.report(found.audience, beside, farms)

        return await self._store.read(read, within_s=FILE_S)

    async def farms(
        self, broadcast: str, own: frozenset[str] | None = None
    ) -> dict[str, dict[str, str]]:
        """Return the names of the farms with products in the bag, by id.

        Only farms in `own` are included, if it is given.
        """

        def read(connection: Connection) -> dict[str, dict[str, str]]:
            added = facts(connection, broadcast, ("offer.added",))
            found = {farm["id"]: farm["name"] for farm in (d["lot"]["farm"] for _, _, d in added)}
            return {farm: name for farm, name in found.items() if own is None or farm in own}

        return await self._store.read(read, within_s=FILE_S)

    async def totals(self, farms: frozenset[str] | None = None) -> dict[str, Total]:
        """Return the net sales of each broadcast; only of these farms, if given."""
        stands = orders.c.state != "cancelled"
        joined = order_lines.join(orders, orders.c.id == order_lines.c.order)
        sold = (
            select(
                orders.c.broadcast,
                func.count(func.distinct(orders.c.id)),
                func.sum(order_lines.c.quantity),
                func.sum(order_lines.c.total),
                func.max(orders.c.currency),
            )
            .select_from(joined)
            .where(stands)
            .group_by(orders.c.broadcast)
        )
        offered = select(offers.c.broadcast).distinct()
        if farms is not None:
            sold = sold.where(order_lines.c.farm.in_(farms))
            offered = offered.where(offers.c.farm.in_(farms))

        def read(connection: Connection) -> dict[str, Total]:
            nothing = Total(orders=0, items=0, net=Sum(amount=0, currency=self._currency))
            found = dict.fromkeys(connection.execute(offered).scalars(), nothing)
            for broadcast, count, items, gross, currency in connection.execute(sold):
                money = Sum(amount=int(gross), currency=currency)
                found[broadcast] = Total(orders=count, items=int(items), net=money)
            for line, part in refunds(connection):
                if farms is None or line.farm in farms:
                    found[line.broadcast].net.amount -= part
            for broadcast, sales in kept_sums.kept_sales(connection).items():
                if broadcast in found:
                    found[broadcast] = _with_kept(found[broadcast], sales, farms)
            return found

        return await self._store.read(read, within_s=FILE_S)

    async def sheet(
        self, caller: Caller, broadcast: str, name: str, language: str, farm: str | None = None
    ) -> Sheet:
        """Return a sheet of a broadcast in a language, with the caller's part.

        Raises UnknownBroadcast, UnknownSheet, and Forbidden where the caller may not read it.
        """
        check_sheet(caller, name)
        farms = None if caller.role == "clerk" else farms_of(caller, farm)
        say = Words(language)
        found = await self.of(broadcast, farms) if name in _NUMBERS else None

        def read(connection: Connection) -> Sheet:
            head = self._log.head(connection, broadcast)
            cards = {
                data["offer"]: data for _, _, data in facts(connection, broadcast, ("offer.added",))
            }
            currency = next((card["price"]["currency"] for card in cards.values()), self._currency)
            sheet = Sheet(
                name=name,
                title=say.of(SHEET_WORDS[name][0]),
                broadcast=say.of(head.title),
                broadcast_id=broadcast,
                language=language,
                currency=currency,
                made_at=now_ms(),
                total_word=say("Total", "合计"),
            )
            goods = lists.Goods(cards, say, lists.stopped_in(connection, broadcast))
            if found is not None:
                _NUMBERS[name](found, sheet, say)
            elif name == "orders":
                lists.order_lines_of(connection, sheet, goods, farms)
            elif name == "pick-list":
                lists.pick_list(connection, sheet, goods, farms)
            elif name == "hand-over":
                lists.hand_over(connection, sheet, goods, centres_of(caller))
            elif name == "cash":
                cash.cash(connection, sheet, say)
            else:
                lists.packing(connection, sheet, goods)
            return sheet

        return await self._store.read(read, within_s=FILE_S)


def facts(
    connection: Connection, broadcast: str, kinds: tuple[str, ...] = ledger.KINDS
) -> Iterator[ledger.Fact]:
    """Yield the log's events of these kinds, in order."""
    as_text = cast if connection.dialect.name == "postgresql" else type_coerce
    query = (
        select(events.c.at, events.c.kind, as_text(events.c.data, Text))
        .where(events.c.broadcast == broadcast, events.c.kind.in_(kinds))
        .order_by(events.c.seq)
    )
    for rows in connection.execute(query).partitions(AT_ONCE):
        parsed = json.loads(f"[{','.join([row[2] for row in rows])}]")
        for (at, kind, _), data in zip(rows, parsed, strict=True):
            yield at, kind, data


def sources(connection: Connection, log: Log, broadcast: str) -> Sources:
    """Read the sources of a broadcast's report. Raises UnknownBroadcast."""
    head = log.head(connection, broadcast)
    book = ledger.fold(facts(connection, broadcast))
    until = book.ended_at or max(now_ms(), head.at)
    kept = kept_sums.kept(connection, broadcast)
    watched: Watched = audience.Audience()
    if kept.audience is not None:
        watched = kept.audience
    elif book.started_at is not None:
        sessions = _sessions(connection, broadcast, until)
        watched = audience.fold(sessions, book.started_at, until)
    return Sources(broadcast, head, book, watched, kept, until)


def taps(connection: Connection, broadcast: str) -> dict[str, int]:
    """Count the devices that opened the card of each offer."""
    query = (
        select(card_taps.c.offer, func.count())
        .where(card_taps.c.broadcast == broadcast)
        .group_by(card_taps.c.offer)
    )
    return dict(_pairs(connection, query))


def _sessions(connection: Connection, broadcast: str, now: int) -> Iterator[audience.Session]:
    query = (
        select(
            watches.c.device,
            watches.c.from_at,
            watches.c.to_at,
            watches.c.resumed,
            watches.c.running,
        )
        .where(watches.c.broadcast == broadcast)
        .order_by(watches.c.device, watches.c.from_at)
    )
    for device, came, left, resumed, running in connection.execute(query).all():
        until = now if running and left > now - FRESH_MS else left
        yield device, came, until, resumed


def _beside(
    connection: Connection, broadcast: str, farms: frozenset[str] | None, kept: Kept
) -> Beside:
    found = Beside()
    stock = (
        select(
            offers.c.id,
            offers.c.lot,
            offers.c.released,
            (offers.c.released - offers.c.sold - offers.c.held).label("free"),
            products.c.net_weight_g,
        )
        .join(products, products.c.id == offers.c.product)
        .where(offers.c.broadcast == broadcast)
    )
    money = (
        select(order_lines.c.farm, orders.c.payment, func.sum(order_lines.c.total))
        .join(orders, orders.c.id == order_lines.c.order)
        .where(orders.c.broadcast == broadcast, orders.c.state != "cancelled")
        .group_by(order_lines.c.farm, orders.c.payment)
    )
    is_due = and_(orders.c.payment == "due", orders.c.refunded < orders.c.total)
    standing = (
        select(is_due.label("is_due"), func.count())
        .where(orders.c.broadcast == broadcast, orders.c.state != "cancelled")
        .group_by("is_due")
    )
    if farms is not None:
        money = money.where(order_lines.c.farm.in_(farms))
        own = select(order_lines.c.order).where(order_lines.c.farm.in_(farms))
        standing = standing.where(orders.c.id.in_(own))
    found.taps = taps(connection, broadcast) if kept.taps is None else kept.taps
    offered = connection.execute(stock).all()
    found.lots = {
        lot: LotBalance(
            harvested_g=each.quantity_g,
            wasted_g=each.wasted_g,
            sold_g=each.sold_g,
            held_g=each.held_g,
            left_g=each.left_g,
        )
        for lot, each in of_lots(connection, {row.lot for row in offered}).items()
    }
    for row in offered:
        found.released[row.id] = row.released
        found.left[row.id] = min(row.free, found.lots[row.lot].left_g // row.net_weight_g)
    for farm, payment, amount in connection.execute(money):
        of_farms = found.due if payment == "due" else found.paid
        of_farms[farm] = of_farms.get(farm, 0) + int(amount)
    for line, part in refunds(connection, orders.c.broadcast == broadcast):
        if farms is None or line.farm in farms:
            (found.due if line.payment == "due" else found.paid)[line.farm] -= part
    for farm, sums in kept.sales.of(farms).items():
        found.paid[farm] = found.paid.get(farm, 0) + sums.paid
        found.due[farm] = found.due.get(farm, 0) + sums.due
    found.standing += kept.sales.count(farms)
    for unpaid, count in connection.execute(standing):
        found.standing += count
        found.unpaid += count if unpaid else 0
    return found


def refunds(connection: Connection, *which: ColumnElement[bool]) -> Iterator[tuple[Row[Any], int]]:
    """Yield the refunded lines of orders that are not cancelled, each with its amount.

    As in the ledger, by what each refund names; older refunds name nothing.
    """
    those = [orders.c.state != "cancelled", orders.c.refunded > 0, *which]
    changes = (
        select(order_changes.c.order, order_changes.c.refund)
        .join(orders, orders.c.id == order_changes.c.order)
        .where(*those, order_changes.c.refund.is_not(None), ~order_changes.c.undone)
        .order_by(order_changes.c.order, order_changes.c.change)
    )
    given = defaultdict(list)
    for order, was in connection.execute(changes):
        boxes = named(was.get("back", ()), was.get("offer"))
        given[order].append(Given(was["amount"], boxes))
    query = (
        select(orders.c.broadcast, orders.c.id, orders.c.payment, orders.c.refunded)
        .add_columns(order_lines.c.farm, order_lines.c.offer, order_lines.c.price)
        .add_columns(order_lines.c.total.label("line_total"))
        .join(order_lines, order_lines.c.order == orders.c.id)
        .where(*those)
        .order_by(orders.c.id, order_lines.c.line)
    )
    for order, rows in groupby(connection.execute(query), key=lambda line: line.id):
        of_order = list(rows)
        known = given[order]
        older = of_order[0].refunded - sum(refund.amount for refund in known)
        lines = [Line(line.offer, line.price, line.line_total) for line in of_order]
        yield from zip(of_order, by_line(lines, [Given(older), *known]), strict=True)


def _with_kept(total: Total, sales: SaleSums, farms: frozenset[str] | None) -> Total:
    own = sales.of(farms).values()
    return Total(
        orders=total.orders + sales.count(farms),
        items=total.items + sum(each.items for each in own),
        net=Sum(
            amount=total.net.amount + sum(each.net for each in own),
            currency=sales.currency or total.net.currency,
        ),
    )


def _pairs(connection: Connection, query: Any) -> Iterator[tuple[str, int]]:
    return ((name, int(number)) for name, number in connection.execute(query))

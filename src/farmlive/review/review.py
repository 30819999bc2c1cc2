"""Reviews: reads a broadcast's log, its viewers and the shop, and computes the report."""

from dataclasses import dataclass

from sqlalchemy import Connection

from farmlive.broadcast.log import Head, Log
from farmlive.broadcast.reporting.log_facts import facts
from farmlive.broadcast.reporting.viewers import taps_by_offer, watch_sessions
from farmlive.clock import now_ms
from farmlive.people import Caller
from farmlive.review import audience, cash, ledger, lists, numbers, stored_sums
from farmlive.review.models import LotBalance, Report, Sum, Total
from farmlive.review.readers import centres_of, check_sheet, farms_of
from farmlive.review.refunds import refund_per_line
from farmlive.review.report import TableFigures, report
from farmlive.review.sheets import Sheet, Words
from farmlive.review.stored_sums import AudienceFigures, SaleSums, StoredSums
from farmlive.review.texts import SHEET_WORDS
from farmlive.settings import Settings
from farmlive.shop.reporting import sales
from farmlive.shop.reporting.offers import offer_stock, stopped_offers, with_offers
from farmlive.shop.stock.lot_stock import of_lots
from farmlive.store import FILE_S, Store

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
    audience: AudienceFigures
    kept: StoredSums
    until: int

    def report(
        self, watched: AudienceFigures, figures: TableFigures, farms: frozenset[str] | None
    ) -> Report:
        """Return the report, or these farms' part of it."""
        book = self.ledger if farms is None else self.ledger.only(farms)
        return report(
            self.broadcast, self.head, book, watched, figures, until=self.until, farms=farms
        )


class Review:
    """Reports and sheets of broadcasts, live or ended."""

    def __init__(self, store: Store, log: Log, settings: Settings):
        self._store = store
        self._log = log
        self._currency = settings.currency

    async def report(self, broadcast: str, farms: frozenset[str] | None = None) -> Report:
        """Return the present report of a broadcast, or these farms' part.

        Raises UnknownBroadcast.
        """

        def read(connection: Connection) -> Report:
            found = read_sources(connection, self._log, broadcast)
            figures = _table_figures(connection, broadcast, farms, found.kept)
            return found.report(found.audience, figures, farms)

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

        def read(connection: Connection) -> dict[str, Total]:
            nothing = Total(orders=0, items=0, net=Sum(amount=0, currency=self._currency))
            found = dict.fromkeys(with_offers(connection, farms), nothing)
            for sold in sales.by_broadcast(connection, farms):
                net = Sum(amount=sold.gross, currency=sold.currency)
                found[sold.broadcast] = Total(orders=sold.orders, items=sold.boxes, net=net)
            for order in sales.refunded_orders(connection):
                for line, part in refund_per_line(order):
                    if farms is None or line.farm in farms:
                        found[order.broadcast].net.amount -= part
            for broadcast, kept in stored_sums.read_sale_sums(connection).items():
                if broadcast in found:
                    found[broadcast] = _with_kept(found[broadcast], kept, farms)
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
        found = await self.report(broadcast, farms) if name in _NUMBERS else None

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
            goods = lists.Goods(cards, say, stopped_offers(connection, broadcast))
            if found is not None:
                _NUMBERS[name](found, sheet, say)
            elif name == "orders":
                lists.order_lines_of(connection, sheet, goods, farms)
            elif name == "pick-list":
                lists.pick_list(connection, sheet, goods, farms)
            elif name == "hand-over":
                lists.hand_over(connection, sheet, goods, centres_of(caller))
            elif name == "cash":
                cash.add_cash(connection, sheet, say)
            else:
                lists.packing(connection, sheet, goods)
            return sheet

        return await self._store.read(read, within_s=FILE_S)


def read_sources(connection: Connection, log: Log, broadcast: str) -> Sources:
    """Read the sources of a broadcast's report. Raises UnknownBroadcast."""
    head = log.head(connection, broadcast)
    book = ledger.fold(facts(connection, broadcast, ledger.KINDS))
    until = book.ended_at or max(now_ms(), head.at)
    kept = stored_sums.read_sums(connection, broadcast)
    watched: AudienceFigures = audience.Audience()
    if kept.audience is not None:
        watched = kept.audience
    elif book.started_at is not None:
        sessions = watch_sessions(connection, broadcast, until)
        watched = audience.fold(sessions, book.started_at, until)
    return Sources(broadcast, head, book, watched, kept, until)


def _table_figures(
    connection: Connection, broadcast: str, farms: frozenset[str] | None, kept: StoredSums
) -> TableFigures:
    found = TableFigures()
    found.taps = taps_by_offer(connection, broadcast) if kept.taps is None else kept.taps
    offered = offer_stock(connection, broadcast)
    found.lots = {
        lot: LotBalance(
            harvested_g=each.quantity_g,
            wasted_g=each.wasted_g,
            sold_g=each.sold_g,
            held_g=each.held_g,
            left_g=each.left_g,
        )
        for lot, each in of_lots(connection, {stock.lot for stock in offered}).items()
    }
    for stock in offered:
        found.released[stock.offer] = stock.released
        left_g = found.lots[stock.lot].left_g
        found.left[stock.offer] = min(stock.free, left_g // stock.net_weight_g)
    for sold in sales.by_farm(connection, broadcast, farms):
        of_farms = found.due if sold.payment == "due" else found.paid
        of_farms[sold.farm] = of_farms.get(sold.farm, 0) + sold.gross
    for order in sales.refunded_orders(connection, broadcast=broadcast):
        of_farms = found.due if order.payment == "due" else found.paid
        for line, part in refund_per_line(order):
            if farms is None or line.farm in farms:
                of_farms[line.farm] -= part
    for farm, sums in kept.sales.of(farms).items():
        found.paid[farm] = found.paid.get(farm, 0) + sums.paid
        found.due[farm] = found.due.get(farm, 0) + sums.due
    standing = sales.standing_orders(connection, broadcast, farms)
    found.standing = standing.orders + kept.sales.count(farms)
    found.unpaid = standing.unpaid
    return found


def _with_kept(total: Total, kept: SaleSums, farms: frozenset[str] | None) -> Total:
    own = kept.of(farms).values()
    return Total(
        orders=total.orders + kept.count(farms),
        items=total.items + sum(each.items for each in own),
        net=Sum(
            amount=total.net.amount + sum(each.net for each in own),
            currency=kept.currency or total.net.currency,
        ),
    )

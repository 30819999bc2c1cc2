"""The report: sales of a broadcast, its offers, lots and farms, from the ledger and the viewers.

Pure; review.py reads the sources.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from farmlive.broadcast.log import Head
from farmlive.review.ledger import Ledger, refunds_of
from farmlive.review.models import (
    FarmShare,
    LotBalance,
    LotShare,
    OfferShare,
    Part,
    Refunds,
    Report,
    Sum,
    Timeline,
)
from farmlive.review.stored_sums import AudienceFigures
from farmlive.review.texts import DEFINITIONS
from farmlive.review.timeline import highlights, timeline


@dataclass
class TableFigures:
    """Data from tables in addition to the log: taps and stock by offer, the present lots, money by
    farm.
    """

    taps: dict[str, int] = field(default_factory=dict)
    released: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    lots: dict[str, LotBalance] = field(default_factory=dict)
    # Orders that are not cancelled, and the unpaid ones of these.
    standing: int = 0
    unpaid: int = 0
    paid: dict[str, int] = field(default_factory=dict)
    due: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Count:
    """Orders, items and money of one counted object."""

    orders: int = 0
    items: int = 0
    amount: int = 0
    cancelled_items: int = 0
    cancelled: int = 0
    # Boxes returned to stock, of orders that are not cancelled.
    back: int = 0
    refunded: int = 0
    grams: int = 0

    def line(
        self, items: int, amount: int, grams: int, cancelled: bool, refunded: int, back: int = 0
    ) -> None:
        self.items += items
        self.amount += amount
        if cancelled:
            self.cancelled_items += items
            self.cancelled += amount
        else:
            self.back += back
            self.grams += grams * (items - back)
            self.refunded += refunded

    def add(self, other: "_Count") -> None:
        """Add another count's lines; orders are counted separately, since one may be in both."""
        self.items += other.items
        self.amount += other.amount
        self.cancelled_items += other.cancelled_items
        self.cancelled += other.cancelled
        self.back += other.back
        self.refunded += other.refunded
        self.grams += other.grams

    @property
    def net(self) -> int:
        return self.amount - self.cancelled - self.refunded

    def share(self, currency: str | None) -> dict[str, Any]:
        def money(amount: int) -> Sum:
            return Sum(amount=amount, currency=currency)

        return {
            "orders": self.orders,
            "items": self.items,
            "net_items": self.items - self.cancelled_items - self.back,
            "gross": money(self.amount),
            "cancelled": money(self.cancelled),
            "refunded": money(self.refunded),
            "net": money(self.net),
        }


@dataclass
class _Counts:
    """All counts of one pass over the orders."""

    every: _Count = field(default_factory=_Count)
    simulated: _Count = field(default_factory=_Count)
    # The offers' sales in flash batches.
    flashes: dict[str, _Count] = field(default_factory=dict)
    fees: int = 0
    offers: dict[str, _Count] = field(default_factory=dict)
    lots: dict[str, _Count] = field(default_factory=dict)
    farms: dict[str, _Count] = field(default_factory=dict)
    buyers: set[str] = field(default_factory=set)
    cancelled: int = 0
    refunded: int = 0


def _count(ledger: Ledger) -> _Counts:
    counts = _Counts()
    offers, lots, farms = counts.offers, counts.lots, counts.farms
    weights = {offer: card["net_weight_g"] for offer, card in ledger.cards.items()}
    for offer, card in ledger.cards.items():
        offers[offer] = _Count()
        counts.flashes[offer] = _Count()
        lots.setdefault(card["lot"]["id"], _Count())
        farms.setdefault(card["lot"]["farm"]["id"], _Count())
    for order in ledger.orders.values():
        counts.buyers.add(order.buyer)
        counts.cancelled += order.cancelled
        counts.refunded += order.refunded > 0
        if not order.cancelled:
            counts.fees += order.fee - order.refunded_fee
        refunds = refunds_of(order)
        for line in order.lines:
            offer = line["offer"]
            said = (line["quantity"], line["total"], weights[offer])
            of_offer = offers[offer]
            of_offer.orders += 1
            back = order.back.get(offer, 0)
            of_offer.line(*said, order.cancelled, refunds.get(offer, 0), back)
            if line.get("flash"):
                counts.flashes[offer].line(*said, order.cancelled, 0)
            if order.simulated:
                counts.simulated.line(*said, order.cancelled, 0)
        counts.simulated.orders += order.simulated
        for lot in {line["lot"] for line in order.lines}:
            lots[lot].orders += 1
        for farm in {line["farm"] for line in order.lines}:
            farms[farm].orders += 1
    counts.every.orders = len(ledger.orders)
    for offer, card in ledger.cards.items():
        lot = card["lot"]
        for whole in (counts.every, lots[lot["id"]], farms[lot["farm"]["id"]]):
            whole.add(offers[offer])
    return counts


def _ratio(over: float, under: float) -> float | None:
    return round(over / under, 4) if under else None


def report(
    broadcast: str,
    head: Head,
    ledger: Ledger,
    audience: AudienceFigures,
    figures: TableFigures,
    *,
    until: int,
    farms: frozenset[str] | None = None,
) -> Report:
    """Return the report; if `farms` is given, `ledger` must be only these farms' part.

    `until` is the end of the broadcast, or now.
    """
    counts = _count(ledger)
    every, currency = counts.every, ledger.currency

    def money(amount: float) -> Sum:
        return Sum(amount=round(amount), currency=currency)

    def money_for(amount: float, each: int) -> Sum | None:
        return money(amount / each) if each else None

    start = ledger.started_at
    if start is None:
        line = Timeline(
            start=0,
            step_ms=60_000,
            viewers=[],
            peak=[],
            orders=[],
            items=[],
            gross=[],
            moments=[],
            cuts=[],
        )
        seconds = 0.0
    else:
        line = timeline(ledger, audience, start, until)
        seconds = audience.watched_ms() / 1000
    seen: dict[str, int] = {}
    for moment in line.moments:
        if moment.impressions is not None:
            seen[moment.offer] = seen.get(moment.offer, 0) + moment.impressions
    taps = sum(figures.taps.get(offer, 0) for offer in ledger.cards)
    pcu, pcu_at = audience.peak()
    return Report(
        broadcast=broadcast,
        title=head.title,
        state=head.state,
        seq=head.seq,
        started_at=start,
        until=None if start is None else until,
        farms_only=None if farms is None else sorted(farms),
        orders=every.orders,
        items=every.items,
        buyers=len(counts.buyers),
        gross=money(every.amount),
        cancelled=Part(
            orders=counts.cancelled,
            items=every.cancelled_items,
            gross=money(every.cancelled),
        ),
        refunded=Refunds(orders=counts.refunded, amount=money(every.refunded)),
        net=money(every.net),
        fees=money(counts.fees),
        paid=money(sum(figures.paid.values())),
        due=money(sum(figures.due.values())),
        aov=money_for(every.amount, every.orders),
        gpm=money_for(every.amount * 1000, audience.views),
        uv_value=money_for(every.amount, audience.viewers),
        views=audience.views,
        viewers=audience.viewers,
        pcu=pcu,
        pcu_at=pcu_at,
        acu=None if start is None else round(seconds * 1000 / max(until - start, 1), 1),
        watch_s=round(seconds / audience.viewers, 1) if audience.viewers else None,
        impressions=sum(seen.values()),
        taps=taps,
        ctr=_ratio(taps, sum(seen.values())),
        ctor=_ratio(every.orders, taps),
        cancel_rate=_ratio(counts.cancelled, every.orders),
        refund_rate=_ratio(counts.refunded, every.orders),
        unpaid_rate=_ratio(figures.unpaid, figures.standing),
        simulated=Part(
            orders=counts.simulated.orders,
            items=counts.simulated.items,
            gross=money(counts.simulated.amount),
        ),
        offers=_offers(ledger, counts, figures, seen),
        lots=_lots(ledger, counts, figures),
        farms=_farms(ledger, counts, figures),
        timeline=line,
        highlights=highlights(ledger, line.moments),
        definitions=DEFINITIONS,
    )


def _offers(
    ledger: Ledger, counts: _Counts, figures: TableFigures, seen: Mapping[str, int]
) -> list[OfferShare]:
    shares = []
    for offer, card in ledger.cards.items():
        count, flash = counts.offers[offer], counts.flashes[offer]
        shown, taps = seen.get(offer, 0), figures.taps.get(offer, 0)
        shares.append(
            OfferShare(
                id=offer,
                name=card["name"],
                unit=card["unit"],
                lot=card["lot"]["id"],
                farm=card["lot"]["farm"]["id"],
                price=card["price"],
                list_price=card["list_price"],
                released=figures.released.get(offer, card["released"]),
                left=figures.left.get(offer, card["released"] - count.items),
                flash_items=flash.items,
                flash_gross=Sum(amount=flash.amount, currency=ledger.currency),
                impressions=shown,
                taps=taps,
                ctr=_ratio(taps, shown),
                ctor=_ratio(count.orders, taps),
                **count.share(ledger.currency),
            )
        )
    return shares


def _lots(ledger: Ledger, counts: _Counts, figures: TableFigures) -> list[LotShare]:
    lots = {card["lot"]["id"]: card["lot"] for card in ledger.cards.values()}
    return [
        LotShare(
            id=lot,
            code=lots[lot]["code"],
            farm=lots[lot]["farm"]["id"],
            net_weight_g=count.grams,
            harvested_g=lots[lot].get("harvested_g"),
            balance=figures.lots.get(lot),
            **count.share(ledger.currency),
        )
        for lot, count in counts.lots.items()
    ]


def _farms(ledger: Ledger, counts: _Counts, figures: TableFigures) -> list[FarmShare]:
    farms = {card["lot"]["farm"]["id"]: card["lot"]["farm"] for card in ledger.cards.values()}
    currency = ledger.currency
    return [
        FarmShare(
            id=farm,
            name=farms[farm]["name"],
            net_weight_g=count.grams,
            paid=Sum(amount=figures.paid.get(farm, 0), currency=currency),
            due=Sum(amount=figures.due.get(farm, 0), currency=currency),
            **count.share(currency),
        )
        for farm, count in counts.farms.items()
    ]

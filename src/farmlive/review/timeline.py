"""One time axis for viewers, sales and the host's actions, and its highlights. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from farmlive.clock import MINUTE_MS
from farmlive.review.audience import impressions
from farmlive.review.ledger import HostAction, Ledger
from farmlive.review.models import BestMinute, Cut, Highlights, Moment, Sum, Timeline
from farmlive.review.stored_sums import AudienceFigures
from farmlive.review.texts import EFFECT_MS

# The length of a step (ms) by the longest broadcast it is for (ms): minutes for a show of hours.
_STEPS = (
    (5 * MINUTE_MS, 5_000),
    (20 * MINUTE_MS, 10_000),
    (60 * MINUTE_MS, 30_000),
    (8 * 60 * MINUTE_MS, MINUTE_MS),
)
MOST_STEPS = 480
_LONG_STEPS = tuple(minutes * MINUTE_MS for minutes in (2, 5, 10, 30, 60, 180, 360, 720, 1440))


def step_length(length_ms: int) -> int:
    """Return the length of a step of the axis, for a broadcast of this length."""
    for longest, step in _STEPS:
        if length_ms <= longest:
            return step
    return next((step for step in _LONG_STEPS if length_ms <= step * MOST_STEPS), _LONG_STEPS[-1])


@dataclass
class _Sales:
    """The lines of one offer in order, with running sums."""

    at: list[int] = field(default_factory=list)
    items: list[int] = field(default_factory=list)
    gross: list[int] = field(default_factory=list)

    def summed(self) -> None:
        self.items = list(accumulate(self.items, initial=0))
        self.gross = list(accumulate(self.gross, initial=0))

    def within(self, start: int, end: int) -> tuple[int, int, int]:
        """Return orders, items and money from `start`, up to and without `end`."""
        first, last = bisect_left(self.at, start), bisect_left(self.at, end)
        return (
            last - first,
            self.items[last] - self.items[first],
            self.gross[last] - self.gross[first],
        )

    def sold_at(self, start: int, quantity: int) -> int | None:
        """Return when this quantity had been ordered since `start`, or None."""
        wanted = self.items[bisect_left(self.at, start)] + quantity
        place = bisect_left(self.items, wanted)
        return self.at[place - 1] if place < len(self.items) else None


def timeline(ledger: Ledger, audience: AudienceFigures, start: int, end: int) -> Timeline:
    """Return the time axis of a broadcast from its start to its end, or to now."""
    last = max((order.at for order in ledger.orders.values()), default=start)
    end = max(end, last + 1, start + 1)
    step = step_length(end - start)
    # Steps begin at multiples of their length; the first and the last are cut by the broadcast.
    origin = start // step * step
    steps = -(-(end - origin) // step)
    borders = [start, *(origin + place * step for place in range(1, steps)), end]
    orders, items, gross = [0] * steps, [0] * steps, [0] * steps
    for order in ledger.orders.values():
        place = max(0, order.at - origin) // step
        orders[place] += 1
        gross[place] += order.goods
        items[place] += sum(line["quantity"] for line in order.lines)
    return Timeline(
        start=origin,
        step_ms=step,
        viewers=audience.averages(borders),
        peak=audience.peaks(borders),
        orders=orders,
        items=items,
        gross=gross,
        moments=_moments(ledger, audience, end),
        cuts=[Cut(at=cut.at, source=cut.source, label=cut.label) for cut in ledger.cuts],
    )


def _moments(ledger: Ledger, audience: AudienceFigures, end: int) -> list[Moment]:
    # By offer, and by flash batch.
    sales = {offer: _Sales() for offer in ledger.cards}
    sales |= {deed.flash: _Sales() for deed in ledger.host_actions if deed.flash}
    for order in ledger.orders.values():
        for line in order.lines:
            for name in filter(None, (line["offer"], line.get("flash"))):
                sold = sales.setdefault(name, _Sales())
                sold.at.append(order.at)
                sold.items.append(line["quantity"])
                sold.gross.append(line["total"])
    for sold in sales.values():
        sold.summed()
    pins = [deed for deed in ledger.host_actions if deed.kind == "pin"]
    seen = impressions(audience, [(pin.at, pin.until or end) for pin in pins])
    shown = {id(pin): devices for pin, devices in zip(pins, seen, strict=True)}
    return [
        _moment(deed, sales[deed.flash or deed.offer], shown.get(id(deed)), ledger.currency, end)
        for deed in ledger.host_actions
    ]


def _moment(
    deed: HostAction, sales: _Sales, seen: int | None, currency: str | None, end: int
) -> Moment:
    def money(amount: int | None) -> Sum | None:
        return None if amount is None else Sum(amount=amount, currency=currency)

    # A batch includes orders after its end, from holds.
    until = max([end, *sales.at]) + 1 if deed.flash else deed.at + EFFECT_MS
    orders, items, gross = sales.within(deed.at, until)
    sold_at = None
    if deed.kind in ("release", "flash") and deed.quantity is not None and deed.quantity > 0:
        sold_at = sales.sold_at(deed.at, deed.quantity)
    return Moment(
        kind=deed.kind,
        at=deed.at,
        offer=deed.offer,
        until=deed.until,
        impressions=seen,
        price=money(deed.price),
        was=money(deed.was),
        quantity=deed.quantity,
        sold_after_ms=None if sold_at is None else sold_at - deed.at,
        orders=orders,
        items=items,
        gross=Sum(amount=gross, currency=currency),
    )


def highlights(ledger: Ledger, moments: Sequence[Moment]) -> Highlights:
    """Return the best minute with the action before it, and the release that sold out fastest."""
    quick = [
        moment
        for moment in moments
        if moment.sold_after_ms is not None and moment.sold_after_ms <= EFFECT_MS
    ]
    return Highlights(
        best_minute=_best_minute(ledger, moments),
        best_release=max(
            quick,
            key=lambda moment: (moment.quantity or 0) / max(moment.sold_after_ms or 0, 1_000),
            default=None,
        ),
    )


def _best_minute(ledger: Ledger, moments: Sequence[Moment]) -> BestMinute | None:
    minutes: dict[int, int] = {}
    for order in ledger.orders.values():
        minute = order.at // MINUTE_MS
        minutes[minute] = minutes.get(minute, 0) + order.goods
    if not minutes:
        return None
    best = max(minutes, key=lambda minute: (minutes[minute], -minute))
    at = best * MINUTE_MS
    orders = items = 0
    by_offer: dict[str, int] = {}
    for order in ledger.orders.values():
        if order.at // MINUTE_MS == best:
            orders += 1
            for line in order.lines:
                items += line["quantity"]
                by_offer[line["offer"]] = by_offer.get(line["offer"], 0) + line["total"]
    offer = max(by_offer, key=lambda name: by_offer[name])
    before = [
        moment
        for moment in moments
        if moment.offer == offer
        and moment.kind != "flash_end"
        and at - EFFECT_MS < moment.at < at + MINUTE_MS
    ]
    return BestMinute(
        at=at,
        orders=orders,
        items=items,
        gross=Sum(amount=minutes[best], currency=ledger.currency),
        offer=offer,
        after=before[-1] if before else None,
    )

"""Compares a ledger with the acknowledgements: whether it holds all of them and no more, and
whether refused goods were not available. Pure.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from scripts.benches.trade.acks import Acks, Mark, Placed, Refusal
from scripts.benches.trade.ledger import Ledger, StoredOrder

from farmlive.shop.core.models import order_number


def find_lost(told: Acks, ledger: Ledger) -> list[str]:
    """Return the acknowledgements that are not stored, or stored otherwise; a later step of an
    order is no fault.
    """
    of_orders = {each.key for each in told.orders.values()}
    found = [
        f"the answer to {key} is kept otherwise"
        for key, answer in told.answers.items()
        if key not in of_orders and _plain(ledger.answers.get(key)) != _plain(answer)
    ]
    for name, placed in told.orders.items():
        kept = ledger.orders.get(name)
        wrong = "is not kept" if kept is None else ", ".join(_differences(placed, kept))
        if not wrong and _plain(ledger.answers.get(placed.key)) != _plain(placed.answer):
            wrong = "its answer is kept otherwise"
        if wrong:
            found.append(f"order {placed.answer['number']}: {wrong}")
    ended = {flash for flash, row in ledger.flashes.items() if row.state == "ended"}
    found += [f"flash batch {flash} goes on" for flash in sorted(told.ended - ended)]
    missing = told.deeds["releases"] - _releases(ledger)
    found += ["a release is not in the log"] * missing
    missing = told.deeds["waits"] - _waited(ledger)
    found += ["someone who waits is forgotten"] * missing
    return found


def find_extra(told: Acks, ledger: Ledger) -> list[str]:
    """Return what is stored beyond the acknowledgements, when every request has its response."""
    found = ["an order was told twice"] * told.twice
    more = set(ledger.orders) - set(told.orders)
    found += ["an order that nobody was told of"] * len(more)
    found += [
        f"an answer to {key} that nobody was told"
        for key, answer in ledger.answers.items()
        if key not in told.answers and (answer or {}).get("id") not in more
    ]
    for name, placed in told.orders.items():
        kept = ledger.orders.get(name)
        if kept is not None and len(kept.steps) > len(placed.steps):
            found.append(f"order {placed.answer['number']}: a step that nobody was told of")
    told_of = {answer["id"] for answer in told.answers.values() if "per_buyer" in answer}
    found += ["a flash batch that nobody was told of"] * len(set(ledger.flashes) - told_of)
    found += ["a release that nobody was told of"] * (_releases(ledger) - told.deeds["releases"])
    found += ["someone waits twice"] * (_waited(ledger) - told.deeds["waits"])
    return found


def find_wrong_refunds(told: Acks, ledger: Ledger) -> list[str]:
    """Return the differences in refunds, when every request has its response."""
    return [
        f"order {placed.answer['number']}: {ledger.orders[name].row.refunded} given back"
        for name, placed in told.orders.items()
        if name in ledger.orders and ledger.orders[name].row.refunded != placed.refunded
    ]


def find_wrong_refusals(told: Acks, ledger: Ledger) -> list[Refusal]:
    """Return the refusals of goods that were available all the time between the buyer's
    acknowledged actions before and after.
    """
    return [refusal for refusal in told.refused if not _is_right(refusal, told, ledger)]


def _plain(answer: Any) -> Any:
    """Return a response without null members, which HTTP includes and the channel leaves out."""
    if isinstance(answer, dict):
        return {name: _plain(each) for name, each in answer.items() if each is not None}
    return [_plain(each) for each in answer] if isinstance(answer, list) else answer


def _differences(placed: Placed, kept: StoredOrder) -> Iterator[str]:
    """Return how a stored order differs from its acknowledgement."""
    answer, row = placed.answer, kept.row
    for name, told, found in (
        ("number", answer["number"], order_number(row.number)),
        ("token", answer["token"], kept.token),
        ("code", answer["code"], kept.code),
        ("total", answer["total"], {"amount": row.total, "currency": row.currency}),
        ("fee", answer["fee"], {"amount": row.fee, "currency": row.currency}),
    ):
        if told != found:
            yield f"its {name} was {told}, and is {found}"
    asked = [(line["offer"], line["quantity"], line["price"]) for line in placed.lines]
    if asked != [(line.offer, line.quantity, line.price) for line in kept.lines]:
        yield "its lines are others"
    for step, kept_step in zip_longest(placed.steps, kept.steps[: len(placed.steps)]):
        if step != kept_step:
            yield f"it was {step}, and is {kept_step}"


def _releases(ledger: Ledger) -> int:
    """Return the number of releases in the log, without those that started a flash batch."""
    kinds = [kind for _, kind, _ in ledger.events]
    return sum(
        kind == "offer.released" and before != "flash.started"
        for before, kind in zip(["", *kinds], kinds, strict=False)
    )


def _waited(ledger: Ledger) -> int:
    """Return the number of waiting-list places, or holds that came from them."""
    served = sum(kind == "order.held" and "waited" in data for _, kind, data in ledger.events)
    return served + len(ledger.waits)


def _is_right(refusal: Refusal, told: Acks, ledger: Ledger) -> bool:
    offers = refusal.offers
    if not refusal.lines:
        return False
    start, end = _place(refusal.before, ledger, 0), _place(refusal.after, ledger, 1 << 62)
    if refusal.slug == "price-changed":
        return bool(offers) and all(_is_over(each.get("flash"), ledger, end) for each in offers)
    if refusal.slug == "sold-out":
        short = {each["offer"] for each in offers}
        return (
            bool(short)
            and all(
                _was_short(line, ledger, start, end)
                for line in refusal.lines
                if line["offer"] in short
            )
            and (refusal.hold is None or _ran_out(refusal.hold, ledger, end))
        )
    if refusal.slug == "limit-reached":
        return _had_enough(refusal, told, ledger, end)
    return False


def _place(mark: Mark | None, ledger: Ledger, otherwise: int) -> int:
    """Return the place in the log of an action."""
    if mark is None:
        return otherwise
    kind, order = mark
    return next(
        (seq for seq, name, data in ledger.events if name == kind and data.get("order") == order),
        otherwise,
    )


def _is_over(flash: dict[str, Any] | None, ledger: Ledger, end: int) -> bool:
    """Return whether a flash batch ended before that place in the log, when and why it was
    acknowledged.
    """
    row = ledger.flashes.get((flash or {}).get("id", ""))
    if flash is None or row is None or (row.why, row.ended_at) != (flash["why"], flash["ended_at"]):
        return False
    return any(
        kind == "flash.ended" and data["flash"] == row.id and seq < end
        for seq, kind, data in ledger.events
    )


def _was_short(line: dict[str, Any], ledger: Ledger, start: int, end: int) -> bool:
    """Return whether at some moment between two places of the log fewer boxes were available than
    the line wants: of its flash batch, or besides it.
    """
    batches = {row.id for row in ledger.flashes.values() if row.offer == line["offer"]}
    prices = {
        data["price"]["amount"]
        for _, kind, data in ledger.events
        if kind == "flash.started" and data["flash"] in batches
    }
    name = "kept" if line["price"] in prices else "left"
    before: int | None = None
    fewest: int | None = None
    for seq, kind, data in ledger.events:
        if kind not in ("offer.added", "stock.changed") or data["offer"] != line["offer"]:
            continue
        if seq > end:
            break
        if seq <= start:
            before = data[name]
        else:
            fewest = data[name] if fewest is None else min(fewest, data[name])
    found = [count for count in (before, fewest) if count is not None]
    return bool(found) and min(found) < line["quantity"]


def _ran_out(hold: str, ledger: Ledger, end: int) -> bool:
    return any(
        kind == "order.expired" and data["order"] == hold and seq < end
        for seq, kind, data in ledger.events
    )


def _had_enough(refusal: Refusal, told: Acks, ledger: Ledger, end: int) -> bool:
    """Return whether the buyer had reached a batch's limit per buyer, or would exceed it."""
    offer, limit = refusal.problem["offer"], refusal.problem["limit"]
    had = refusal.problem["had"]
    wanted = sum(line["quantity"] for line in refusal.lines if line["offer"] == offer)
    most: Counter[str] = Counter()
    least: Counter[str] = Counter()
    for name, placed in told.orders.items():
        kept = ledger.orders.get(name)
        if placed.buyer != refusal.buyer or kept is None:
            continue
        if _place(("order.placed", name), ledger, 0) < end:
            for line in kept.lines:
                most[line.flash] += line.quantity
                gone = line.quantity if kept.row.state == "cancelled" else line.returned
                least[line.flash] += line.quantity - gone
    return had + wanted > limit and any(
        row.offer == offer and row.per_buyer == limit and least[flash] <= had <= most[flash]
        for flash, row in ledger.flashes.items()
    )

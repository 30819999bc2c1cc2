"""The reference of orders, docs/orders.md, from the table of transitions and the notices' kinds."""

from farmlive.shop.core import state_machine
from farmlive.shop.core.notice_kinds import KINDS
from farmlive.shop.core.state_machine import Transition


def page() -> str:
    """Return the text of docs/orders.md."""
    lines = [
        "# The states of an order",
        "",
        "Each transition is one transaction and writes one event into the broadcast's log, with",
        "`stock.changed` if boxes move. This page is made from the code's table of transitions by",
        "`./scripts/check --fix`.",
        "",
        "`price` and `total` of an order's line are plain minor units of the order's one currency",
        "in requests, holds and events; in an order's answer they are `{amount, currency}`.",
        "",
        "## State",
        "",
        *_rows(state_machine.STATES, stock=True),
        "",
        "Staff are coordinators and hosts. A clerk may change pick-up orders only, also one that",
        "nobody ticked as packed but that is there. Packed boxes stay out of the stock when their",
        "order is cancelled: release them again to sell them. Cancelling an order that has left,",
        "or waits at the pick-up point, needs a reason.",
        "",
        "The buyer's code makes a pick-up `received`. Without it, the request says how the buyer",
        "is known (`known_by`: `known_to_me`, `slip`, `identity_card` or `other`), and the audit",
        "log keeps that.",
        "",
        "A hand-over makes all remaining transitions at once. Those before the last, and when it",
        "is undone those before the first, have `passed: true`, and cause no notice.",
        "",
        "An order with boxes of a stopped lot can't be packed, shipped, made ready, handed over",
        "or restored (409 `lot-stopped`), one by one, in bulk or at the desk. It can be cancelled",
        "and refunded. An order that was packed, or marked as gone, may be set back.",
        "",
        "## Payment",
        "",
        *_rows(state_machine.PAYMENTS, stock=False),
        "",
        "A refund is an amount; the payment is `refunded` once refunds reach the total. A",
        "cancelled order that was paid stays `paid` until it is refunded. A refund may name boxes",
        "that never left: if the order is `placed`, they return to the stock, and the order has",
        "as many less. In the amount owed to farms it is subtracted from these boxes' lines",
        "first, and a refund for a wrong price from its offer's line; any other is shared among",
        "all lines.",
        "",
        "A refund of an order that is `due` lowers the amount due: the order stays `due` for its",
        "total less all refunds, down to nothing. Once it is `paid`, that lower sum was paid.",
        "",
        "## Undo",
        "",
        "A transition of one order or of many can be undone for ten minutes, for each order that",
        "has not changed since; a refund is a transition of one order. The event is the one named",
        "here, with `undone: true`, the new state and payment, and for a refund `amount`, the sum",
        "of its refunds and discounts from then on. Boxes that had returned are taken again; if",
        "they are sold, the undo is refused. A claim that an undone refund answered is open",
        "again.",
        "",
        "Later, staff reverse the last change of an order's state, or of its payment, one order",
        "at a time, by the same transitions and with a reason; then the change before it, and so",
        "on. Of a reversed refund the boxes are taken again if the order is `placed` and they are",
        "left. Otherwise only its money comes back, which the history calls `alone`, and the",
        "boxes stay off: then refund or discount the right amount.",
        "",
        *_rows(state_machine.BACK_STATES, stock=True),
        "",
        *_rows(state_machine.BACK_PAYMENTS, stock=False),
        "",
        "## Notices",
        "",
        "Each kind of notice to an order's buyer, and who causes it. Limits apply to those that a",
        "`stranger` causes. Those that `staff` cause always go, several within some minutes as",
        "one message.",
        "",
        "| kind | caused by |",
        "|---|---|",
        *(f"| `{kind}` | {known.cause} |" for kind, known in KINDS.items()),
    ]
    return "\n".join(lines) + "\n"


def _rows(table: tuple[Transition, ...], *, stock: bool) -> list[str]:
    head = ["from", "to", "by", "for", "means", "event", *(["stock"] if stock else [])]
    rows = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for step in table:
        before = f"`{step.before}`" if step.before else ""
        orders = {"parcel": "parcels", "pickup": "pick-ups", None: ""}[step.way]
        if step.unless_cancelled:
            orders = "all but cancelled ones"
        cells = [
            before,
            f"`{step.after}`",
            ", ".join(sorted(step.who)),
            orders,
            step.meaning,
        ]
        cells.append(f"`{step.event.kind}`")
        if stock:
            cells.append(step.stock)
        rows.append(f"| {' | '.join(cells)} |")
    return rows

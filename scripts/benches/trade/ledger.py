"""Reads a broadcast's orders and stock from the database itself and checks that they add up."""

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text

from farmlive.shop.core import state_machine
from farmlive.shop.core.order_links import OrderLinks
from farmlive.store.engine import address
from farmlive.store.keys import NAME, KeyFile

_ORDERS = """
SELECT id, number, token_hash, token_mask, device, buyer, total, fee, currency, centre, code_hash,
code_shift, state, payment, refunded, placed_at
FROM orders WHERE broadcast = :broadcast ORDER BY number
"""
_LINES = """
SELECT l."order", l.offer, l.quantity, l.price, l.total, l.flash, l.returned
FROM orders o JOIN order_lines l ON l."order" = o.id
WHERE o.broadcast = :broadcast ORDER BY o.number, l.line
"""
_CHANGES = """
SELECT c."order", c.state, c.payment, c.undone, c.refund
FROM orders o JOIN order_changes c ON c."order" = o.id
WHERE o.broadcast = :broadcast ORDER BY o.number, c.change
"""
_STOCK = "SELECT id, lot, released, sold, held, kept FROM offers WHERE broadcast = :broadcast"
_FLASHES = """
SELECT id, offer, state, why, boxes, per_buyer, sold, held, ended_at
FROM flashes WHERE broadcast = :broadcast
"""
_LOTS = """
SELECT o.lot, SUM(o.sold * p.net_weight_g) AS sold_g, SUM(o.held * p.net_weight_g) AS held_g
FROM offers o JOIN products p ON p.id = o.product GROUP BY o.lot
"""
_WAITS = "SELECT id, offer, device, quantity FROM waits WHERE broadcast = :broadcast"
_LOG = "SELECT seq, at, kind, data FROM events WHERE broadcast = :broadcast ORDER BY seq"

Step = tuple[str, str]
"""How an order stands after a step of its life: its state and its payment."""

PLACED: Step = ("placed", "due")

# What tells of an order's steps, its placing included.
_STEPS = {step.event.kind for step in (*state_machine.STATES, *state_machine.PAYMENTS)} - {
    "order.held",
    "order.expired",
}
_STOOD = ("released", "sold", "held", "kept")

_Rows = Callable[[str], list[Any]]
_Boxes = Counter[tuple[str, str | None]]


@dataclass
class StoredOrder:
    """A stored order: its row, its lines, and its history; its token and code, if they lead to
    it.
    """

    row: Any
    token: str | None
    code: str | None
    lines: list[Any] = field(default_factory=list)
    changes: list[Any] = field(default_factory=list)

    @property
    def steps(self) -> list[Step]:
        """Return its state after each step."""
        return [(change.state, change.payment) for change in self.changes]

    @property
    def given_back(self) -> bool:
        """Whether its boxes are back in stock: boxes that left the farm stay sold, also if the
        order is cancelled afterwards.
        """
        if self.row.state != "cancelled":
            return False
        alive = [state for state, _ in (PLACED, *self.steps) if state != "cancelled"]
        return alive[-1] == "placed"

    def boxes(self) -> _Boxes:
        """Return its sold boxes, by offer and flash batch."""
        sold: _Boxes = Counter()
        for line in () if self.given_back else self.lines:
            sold[line.offer, line.flash] += line.quantity - line.returned
        return sold


@dataclass
class Ledger:
    """The stored orders, keys, stock, flash batches, waiting lists and log of a broadcast."""

    orders: dict[str, StoredOrder] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    offers: dict[str, Any] = field(default_factory=dict)
    flashes: dict[str, Any] = field(default_factory=dict)
    waits: dict[str, Any] = field(default_factory=dict)
    events: Sequence[tuple[int, str, Any]] = ()
    sold: int = 0
    wrong: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, database_url: str, data: Path, broadcast: str) -> "Ledger":
        """Read everything in one snapshot, and check that it adds up; `wrong` has what does not.

        The server may write meanwhile.
        """
        engine = create_engine(address(database_url, data))
        keys = KeyFile(data / NAME).read()
        assert keys is not None
        links = OrderLinks(keys.orders)
        found = cls()
        try:
            with engine.connect() as connection:
                _one_moment(connection)

                def rows(query: str) -> list[Any]:
                    return list(connection.execute(text(query), {"broadcast": broadcast}).all())

                found._orders(rows, links)
                found._money()
                found._stock(rows)
                found._log(rows)
        finally:
            engine.dispose()
        return found

    @property
    def numbers(self) -> list[int]:
        """The orders' numbers."""
        return [order.row.number for order in self.orders.values()]

    def _orders(self, rows: _Rows, links: OrderLinks) -> None:
        self.orders = {row.id: StoredOrder(row, *_opened_by(row, links)) for row in rows(_ORDERS)}
        if sorted(self.numbers) != list(range(1, len(self.numbers) + 1)):
            self.wrong.append("the orders' numbers are not 1, 2, 3…")
        for row in rows(_LINES):
            self.orders[row.order].lines.append(row)
        for row in rows(_CHANGES):
            self.orders[row.order].changes.append(row)
        for row in rows("SELECT key, answer FROM order_keys WHERE broadcast = :broadcast"):
            answer = self.answers[row.key] = _json(row.answer)
            if "number" in (answer or {}):  # of an order: what opens it is not kept
                order = self.orders[answer["id"]]
                answer |= {"token": order.token, "code": order.code, "url": f"/order/{order.token}"}

    def _money(self) -> None:
        """Check that an order is the sum of its lines and its fee, in the state of its last
        step.
        """
        for order in self.orders.values():
            row, lines = order.row, order.lines
            if any(line.total != line.price * line.quantity for line in lines):
                self.wrong.append("a line does not come to its boxes by their price")
            if row.total != sum(line.total for line in lines) + row.fee:
                self.wrong.append("an order does not come to its lines and its fee")
            refunds = [_json(each.refund) for each in order.changes if not each.undone]
            refunded = sum(refund["amount"] for refund in refunds if refund)
            if row.refunded != refunded or refunded > row.total:
                self.wrong.append("an order's refunds do not come to what was given back")
            if (row.state, row.payment) != [PLACED, *order.steps][-1]:
                self.wrong.append("an order does not stand as its last step left it")

    def _stock(self, rows: _Rows) -> None:
        sold: _Boxes = Counter()
        for order in self.orders.values():
            sold.update(order.boxes())
        held: _Boxes = Counter()
        for row in rows("SELECT lines FROM holds WHERE broadcast = :broadcast"):
            for line in _json(row.lines):
                held[line["offer"], line.get("flash")] += line["quantity"]
        self.flashes = {row.id: row for row in rows(_FLASHES)}
        self._batches(sold, held)
        kept: Counter[str] = Counter()
        for batch in self.flashes.values():
            if batch.state == "running":
                kept[batch.offer] += batch.boxes - batch.sold - batch.held
        self.offers = {row.id: row for row in rows(_STOCK)}
        for offer, row in self.offers.items():
            self.sold += row.sold
            if row.sold + row.held + row.kept > row.released:
                self.wrong.append(f"more than the {row.released} released boxes are sold or held")
            for name, boxes, where in (
                ("sold", _of_offer(sold, offer), "orders"),
                ("held", _of_offer(held, offer), "holds"),
                ("kept", kept[offer], "flash batches"),
            ):
                if getattr(row, name) != boxes:
                    found = f"{getattr(row, name)} boxes are {name}"
                    self.wrong.append(f"{found}, {boxes} in {where}")
        lots = {row.lot: row for row in rows("SELECT lot, sold_g, held_g FROM lot_stock")}
        for row in rows(_LOTS):
            of_lot = lots.get(row.lot)
            if of_lot is not None and (of_lot.sold_g, of_lot.held_g) != (row.sold_g, row.held_g):
                self.wrong.append("a lot's grams are not those of its offers")
        self.waits = {row.id: row for row in rows(_WAITS)}

    def _batches(self, sold: _Boxes, held: _Boxes) -> None:
        """Check that a flash batch sold what its orders have, and no buyer more than the limit."""
        had: Counter[tuple[str, str]] = Counter()
        for order in self.orders.values():
            for line in () if order.row.state == "cancelled" else order.lines:
                if line.flash is not None:
                    had[line.flash, order.row.buyer] += line.quantity - line.returned
        for batch in self.flashes.values():
            of = (batch.offer, batch.id)
            if (batch.sold, batch.held) != (sold[of], held[of]):
                self.wrong.append("a flash batch has not the boxes that are sold and held of it")
            if batch.sold + batch.held > batch.boxes:
                self.wrong.append("more of a flash batch is sold and held than it has")
        for (flash, _), boxes in had.items():
            most = self.flashes[flash].per_buyer
            if most is not None and boxes > most:
                self.wrong.append("a buyer has more of a flash batch than one may")

    def _log(self, rows: _Rows) -> None:
        events = rows(_LOG)
        if [row.seq for row in events] != list(range(1, len(events) + 1)):
            self.wrong.append("the log has a gap")
        if any(one.at > two.at for one, two in itertools.pairwise(events)):
            self.wrong.append("the log goes back in time")
        self.events = [(row.seq, row.kind, _json(row.data)) for row in events]
        placed = [
            data["order"]
            for _, kind, data in self.events
            if kind == "order.placed" and not data.get("undone")
        ]
        if sorted(placed) != sorted(self.orders):
            self.wrong.append("the log tells of other orders than are kept")
        else:
            self._logged_steps()
        self._logged_stock()

    def _logged_steps(self) -> None:
        """Check that each step of an order is one event."""
        steps: defaultdict[str, list[Step]] = defaultdict(list)
        for _, kind, data in self.events:
            if kind in _STEPS and data["order"] in self.orders:
                steps[data["order"]].append((data["state"], data["payment"]))
        for name, order in self.orders.items():
            told = steps[name]
            if PLACED not in told or told[told.index(PLACED) + 1 :] != order.steps:
                self.wrong.append("the log tells of other steps of an order than are kept")

    def _logged_stock(self) -> None:
        """Check that the last events of stock, flash batches and waiting lists are their state."""
        last: dict[str, Any] = {}
        released: Counter[str] = Counter()
        waiting: Counter[str] = Counter()
        began: Counter[str] = Counter()
        ended: Counter[str] = Counter()
        for _, kind, data in self.events:
            if kind in ("offer.added", "stock.changed"):
                last[data["offer"]] = data
            if kind == "offer.added":
                released[data["offer"]] += data["released"]
            elif kind == "offer.released":
                released[data["offer"]] += data["quantity"]
            elif kind == "wait.changed":
                waiting[data["offer"]] = data["waiting"]
            elif kind == "flash.started":
                began[data["flash"]] += 1
            elif kind == "flash.ended":
                ended[data["flash"]] += 1
        waited: Counter[str] = Counter()
        for row in self.waits.values():
            waited[row.offer] += row.quantity
        if +waiting != waited:
            self.wrong.append("the log tells of others who wait than are kept")
        for offer, row in self.offers.items():
            if row.released != released[offer]:
                self.wrong.append(
                    f"{row.released} boxes are released, {released[offer]} in the log"
                )
            stood = {name: last.get(offer, {}).get(name) for name in _STOOD}
            if stood != {name: getattr(row, name) for name in _STOOD}:
                self.wrong.append("the log told another stock last than is kept")
        states = {flash: row.state for flash, row in self.flashes.items()}
        if {flash: 1 for flash, state in states.items() if state == "ended"} != ended:
            self.wrong.append("the log tells of other ends of flash batches than are kept")
        running = {flash for flash, state in states.items() if state == "running"}
        if not running <= set(began) <= set(states) or any(many > 1 for many in began.values()):
            self.wrong.append("the log tells of other flash batches than are kept")


def _one_moment(connection: Connection) -> None:
    """Make all reads see the state at the first one, whoever writes meanwhile."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _opened_by(row: Any, links: OrderLinks) -> tuple[str | None, str | None]:
    """Return the token and the code of an order, if they lead to it."""
    derived, code = links.token_of(row), links.code_of(row)
    token = derived if links.token_hash(derived) == row.token_hash else None
    if code is not None and links.code_hash(row.centre, code) != row.code_hash:
        code = None
    return token, code


def _json(value: Any) -> Any:
    """Return a column of JSON, which SQLite returns as text."""
    return json.loads(value) if isinstance(value, str) else value


def _of_offer(boxes: _Boxes, offer: str) -> int:
    return sum(count for (of, _), count in boxes.items() if of == offer)

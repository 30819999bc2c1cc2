"""What a database holds of a broadcast's trade, read beside the server, and if it adds up."""

import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from farmlive.store.engine import address

_STOCK = "SELECT id, lot, released, sold, held, kept FROM offers WHERE broadcast = :broadcast"
_LINES = """
SELECT o.id, o.state, l.offer, l.quantity FROM orders o JOIN order_lines l ON l."order" = o.id
WHERE o.broadcast = :broadcast
"""
_LOTS = """
SELECT o.lot, SUM(o.sold * p.net_weight_g) AS sold_g, SUM(o.held * p.net_weight_g) AS held_g
FROM offers o JOIN products p ON p.id = o.product GROUP BY o.lot
"""
# What left the farm is sold for good, also where its order is cancelled afterwards.
_GIVEN_BACK = ("cancelled", "expired")


@dataclass
class Ledger:
    """A broadcast's orders, keys, stock and log as they are kept."""

    orders: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    sold: int = 0
    wrong: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, database_url: str, data: Path, broadcast: str) -> "Ledger":
        """Read it all, and see whether it adds up; what does not is told in `wrong`."""
        engine = create_engine(address(database_url, data))
        found = cls()
        try:
            with engine.connect() as connection:

                def rows(query: str) -> list[Any]:
                    return list(connection.execute(text(query), {"broadcast": broadcast}).all())

                found._orders(rows)
                found._stock(rows)
                found._log(rows)
        finally:
            engine.dispose()
        return found

    def _orders(self, rows: Any) -> None:
        for row in rows("SELECT id, number FROM orders WHERE broadcast = :broadcast"):
            self.orders.append(row.id)
            self.numbers.append(row.number)
        if sorted(self.numbers) != list(range(1, len(self.numbers) + 1)):
            self.wrong.append("the orders' numbers are not 1, 2, 3…")
        for row in rows("SELECT key, answer FROM order_keys WHERE broadcast = :broadcast"):
            answer = json.loads(row.answer) if isinstance(row.answer, str) else row.answer
            self.answers[row.key] = answer.get("order", "")

    def _stock(self, rows: Any) -> None:
        sold: Counter[str] = Counter()
        for row in rows(_LINES):
            if row.state not in _GIVEN_BACK:
                sold[row.offer] += row.quantity
        held: Counter[str] = Counter()
        for row in rows("SELECT lines FROM holds WHERE broadcast = :broadcast"):
            lines = json.loads(row.lines) if isinstance(row.lines, str) else row.lines
            for line in lines:
                held[line["offer"]] += line["quantity"]
        for row in rows(_STOCK):
            self.sold += row.sold
            if row.sold + row.held + row.kept > row.released:
                self.wrong.append(f"more than the {row.released} released boxes are sold or held")
            if row.sold != sold[row.id]:
                self.wrong.append(f"{row.sold} boxes are sold, {sold[row.id]} in orders")
            if row.held != held[row.id]:
                self.wrong.append(f"{row.held} boxes are held, {held[row.id]} in holds")
        lots = {row.lot: row for row in rows("SELECT lot, sold_g, held_g FROM lot_stock")}
        for row in rows(_LOTS):
            kept = lots.get(row.lot)
            if kept is not None and (kept.sold_g, kept.held_g) != (row.sold_g, row.held_g):
                self.wrong.append("a lot's grams are not those of its offers")

    def _log(self, rows: Any) -> None:
        events = rows(
            "SELECT seq, at, kind, data FROM events WHERE broadcast = :broadcast ORDER BY seq"
        )
        if [row.seq for row in events] != list(range(1, len(events) + 1)):
            self.wrong.append("the log has a gap")
        if any(one.at > two.at for one, two in itertools.pairwise(events)):
            self.wrong.append("the log goes back in time")
        placed = [
            (json.loads(row.data) if isinstance(row.data, str) else row.data)["order"]
            for row in events
            if row.kind == "order.placed"
        ]
        if sorted(placed) != sorted(self.orders):
            self.wrong.append("the log tells of other orders than are kept")

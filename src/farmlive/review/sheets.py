"""The model of a sheet: tables of typed cells in one language, which are written as a file or a
page.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from babel.numbers import get_currency_symbol

from farmlive.bilingual import Bilingual
from farmlive.money import decimals

# money: minor units; weight: grams; share: fraction of one; moment: milliseconds since 1970.
Kind = Literal["text", "count", "number", "money", "weight", "share", "moment"]


class Words:
    """Selects texts in one language."""

    def __init__(self, language: str):
        self.language = language

    def __call__(self, en: str, zh: str) -> str:
        """Return the text in this language."""
        return en if self.language == "en" else zh

    def of(self, both: Bilingual | dict[str, str]) -> str:
        """Return a bilingual text, in the other language if this one is empty."""
        if isinstance(both, Bilingual):
            return both.in_language(self.language)
        other = "zh" if self.language == "en" else "en"
        return both.get(self.language) or both.get(other) or ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, the kind of its cells, its width, and whether it has a total."""

    title: str
    kind: Kind = "text"
    width: int = 12
    total: bool = False


@dataclass(frozen=True, slots=True)
class Typed:
    """A cell of another kind than its column."""

    kind: Kind
    value: Any


@dataclass
class Table:
    """Rows under columns. `group` is the table's owner, in a sheet with a table for each."""

    title: str
    columns: Sequence[Column]
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    group: str = ""
    note: str = ""

    def totals(self) -> tuple[Any, ...] | None:
        """The totals of the columns that have one; None without such columns or without rows."""
        if not self.rows or not any(column.total for column in self.columns):
            return None
        return tuple(
            sum(row[place] or 0 for row in self.rows) if column.total else None
            for place, column in enumerate(self.columns)
        )

    def cells(self, row: Sequence[Any]) -> Iterator[tuple[Kind, Any]]:
        """Yield the cells of a row with their kinds."""
        for column, value in zip(self.columns, row, strict=True):
            if isinstance(value, Typed):
                yield value.kind, value.value
            else:
                yield column.kind, value


@dataclass
class Sheet:
    """A sheet: its name in URLs, its title, its broadcast's title and id, and its tables.

    `by` is the kind of the groups (farm, pick-up point), as the title of a column.
    """

    name: str
    title: str
    broadcast: str
    broadcast_id: str
    language: str
    currency: str
    made_at: int
    tables: list[Table] = field(default_factory=list)
    by: str = ""
    total_word: str = ""

    def money(self, amount: int) -> str:
        """Format minor units within a sentence."""
        places = decimals(self.currency)
        symbol = get_currency_symbol(self.currency, locale="zh_CN")
        return f"{symbol}{Decimal(amount).scaleb(-places):,}"

"""What a sheet is: tables of typed cells in one language, before it becomes a file or a page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from babel.numbers import get_currency_symbol

from farmlive.bilingual import Bilingual
from farmlive.money import decimals

# money: minor units; weight: grams; share: of one; moment: milliseconds since 1970.
Kind = Literal["text", "count", "number", "money", "weight", "share", "moment"]


class Words:
    """Says things in one language."""

    def __init__(self, language: str):
        self.language = language

    def __call__(self, en: str, zh: str) -> str:
        """The sentence in this language."""
        return en if self.language == "en" else zh

    def of(self, both: Bilingual | dict[str, str]) -> str:
        """A bilingual text, in the other language where this one is empty."""
        if isinstance(both, Bilingual):
            return both.in_language(self.language)
        other = "zh" if self.language == "en" else "en"
        return both.get(self.language) or both.get(other) or ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, what its cells hold, how wide it is, whether it is added up."""

    title: str
    kind: Kind = "text"
    width: int = 12
    total: bool = False


@dataclass(frozen=True, slots=True)
class Typed:
    """A cell that is of another kind than its column."""

    kind: Kind
    value: Any


@dataclass
class Table:
    """Rows under columns. `group` says whose list it is where a sheet has one each."""

    title: str
    columns: Sequence[Column]
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    group: str = ""
    note: str = ""

    def totals(self) -> tuple[Any, ...] | None:
        """The sums of the columns that are added up; None where there are none or no rows."""
        if not self.rows or not any(column.total for column in self.columns):
            return None
        return tuple(
            sum(row[place] or 0 for row in self.rows) if column.total else None
            for place, column in enumerate(self.columns)
        )

    def cells(self, row: Sequence[Any]) -> Iterator[tuple[Kind, Any]]:
        """The cells of a row with their kinds."""
        for column, value in zip(self.columns, row, strict=True):
            if isinstance(value, Typed):
                yield value.kind, value.value
            else:
                yield column.kind, value


@dataclass
class Sheet:
    """A sheet: its name in addresses, its title, its broadcast's title and id, and its tables.

    `by` is what the groups are (a farm, a pick-up point), as the title of a column.
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
        """Minor units as people write them, within a sentence."""
        places = decimals(self.currency)
        symbol = get_currency_symbol(self.currency, locale="zh_CN")
        return f"{symbol}{Decimal(amount).scaleb(-places):,}"

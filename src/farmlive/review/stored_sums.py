"""The stored sums of a broadcast, which replace the rows that they count once retention removes
those: exactly what the report needs, so that the report stays the same.

A report is of the whole broadcast, or of some farms' part. watch_retention.py and sale_retention.py
remove the rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

from sqlalchemy import Connection, insert, select, update

from farmlive.review.tables import broadcast_sums

Json = dict[str, Any]


class AudienceFigures(Protocol):
    """The figures about viewers in a report: an Audience, or a KeptAudience without the rows."""

    @property
    def views(self) -> int:
        """Page views."""

    @property
    def viewers(self) -> int:
        """Distinct devices."""

    def watched_ms(self) -> int:
        """The total watch time of all devices."""

    def peak(self) -> tuple[int, int | None]:
        """Return the most concurrent devices, and when that number was first reached."""

    def reach(self, start: int, end: int) -> int:
        """Return how many devices watched at some time from `start` to `end`."""

    def averages(self, borders: Sequence[int]) -> list[float]:
        """Return the average number of devices between each two borders."""

    def peaks(self, borders: Sequence[int]) -> list[int]:
        """Return the most concurrent devices between each two borders."""


class Recorder:
    """Forwards the calls of a report to an Audience, and records the results.

    `until` is the broadcast's end: nobody watched after it, so every recorded time ends there.
    """

    def __init__(self, audience: AudienceFigures, until: int):
        self._audience = audience
        self._until = until
        self._axes: dict[tuple[int, ...], Json] = {}
        self._reach: dict[tuple[int, int], int] = {}

    @property
    def views(self) -> int:
        """As in Audience, like all methods here."""
        return self._audience.views

    @property
    def viewers(self) -> int:
        """Distinct devices."""
        return self._audience.viewers

    def watched_ms(self) -> int:
        """The total watch time of all devices."""
        return self._audience.watched_ms()

    def peak(self) -> tuple[int, int | None]:
        """Return the most concurrent devices, and when that number was first reached."""
        return self._audience.peak()

    def reach(self, start: int, end: int) -> int:
        """Return how many devices watched at some time from `start` to `end`."""
        found = self._audience.reach(start, end)
        self._reach[start, min(end, self._until)] = found
        return found

    def averages(self, borders: Sequence[int]) -> list[float]:
        """Return the average number of devices between each two borders."""
        found = self._audience.averages(borders)
        self._axis(borders)["averages"] = found
        return found

    def peaks(self, borders: Sequence[int]) -> list[int]:
        """Return the most concurrent devices between each two borders."""
        found = self._audience.peaks(borders)
        self._axis(borders)["peaks"] = found
        return found

    def _axis(self, borders: Sequence[int]) -> Json:
        return self._axes.setdefault(tuple(borders), {"borders": list(borders)})

    def sums(self) -> Json:
        """Return what was recorded, for KeptAudience."""
        return {
            "until": self._until,
            "views": self.views,
            "viewers": self.viewers,
            "watched_ms": self.watched_ms(),
            "peak": list(self.peak()),
            "axes": list(self._axes.values()),
            "reach": [[start, end, count] for (start, end), count in self._reach.items()],
        }


class StoredAudience:
    """The recorded figures of an Audience."""

    def __init__(self, sums: Mapping[str, Any]):
        self.views: int = sums["views"]
        self.viewers: int = sums["viewers"]
        self._sums = sums
        self._reach = {(start, end): count for start, end, count in sums["reach"]}

    def watched_ms(self) -> int:
        """The total watch time of all devices."""
        return int(self._sums["watched_ms"])

    def peak(self) -> tuple[int, int | None]:
        """Return the most concurrent devices, and when that number was first reached."""
        most: int = self._sums["peak"][0]
        when: int | None = self._sums["peak"][1]
        return most, when

    def reach(self, start: int, end: int) -> int:
        """Return how many devices watched at some time; 0 for a time that was not recorded."""
        return int(self._reach.get((start, min(end, self._sums["until"])), 0))

    def averages(self, borders: Sequence[int]) -> list[float]:
        """Return the average number of devices between each two borders."""
        return [round(self._average(*step), 2) for step in self._steps(borders, "averages")]

    def peaks(self, borders: Sequence[int]) -> list[int]:
        """Return the most concurrent devices between each two borders."""
        return [
            max((round(peak) for _, _, peak in parts), default=0)
            for _, _, parts in self._steps(borders, "peaks")
        ]

    def _steps(
        self, borders: Sequence[int], name: str
    ) -> list[tuple[int, int, list[tuple[int, int, float]]]]:
        """Return each step with the recorded steps in it: only itself if it was recorded."""
        axes = self._sums["axes"]
        axis = next((each for each in axes if each["borders"] == list(borders)), None)
        axis = axis or (axes[0] if axes else {"borders": [], name: []})
        known = [
            (begin, end, value)
            for (begin, end), value in zip(pairwise(axis["borders"]), axis[name], strict=True)
        ]
        return [
            (begin, end, [part for part in known if part[0] < end and part[1] > begin])
            for begin, end in pairwise(borders)
        ]

    @staticmethod
    def _average(begin: int, end: int, parts: Iterable[tuple[int, int, float]]) -> float:
        watched = sum((min(end, last) - max(begin, first)) * value for first, last, value in parts)
        return watched / (end - begin)


@dataclass
class FarmSales:
    """One farm's part of the removed orders: boxes, and money in minor units."""

    items: int = 0
    # Less what was refunded or taken off.
    paid: int = 0
    due: int = 0

    @property
    def net(self) -> int:
        """The money after refunds."""
        return self.paid + self.due


@dataclass
class SaleSums:
    """The sums of removed orders that were not cancelled: their number, by the farms in each, and
    each farm's part.
    """

    currency: str | None = None
    orders: dict[tuple[str, ...], int] = field(default_factory=dict)
    farms: dict[str, FarmSales] = field(default_factory=dict)

    @classmethod
    def read(cls, kept: Mapping[str, Any] | None) -> "SaleSums":
        """Parse the row's JSON."""
        if kept is None:
            return cls()
        return cls(
            kept["currency"],
            {tuple(farms): count for farms, count in kept["orders"]},
            {farm: FarmSales(**sums) for farm, sums in kept["farms"].items()},
        )

    def as_json(self) -> Json:
        """Return the row's JSON."""
        return {
            "currency": self.currency,
            "orders": [[list(farms), count] for farms, count in self.orders.items()],
            "farms": {farm: vars(sums) for farm, sums in self.farms.items()},
        }

    def count(self, farms: frozenset[str] | None) -> int:
        """Return the number of orders with goods of these farms, or of any."""
        return sum(
            count
            for those, count in self.orders.items()
            if farms is None or not farms.isdisjoint(those)
        )

    def of(self, farms: frozenset[str] | None) -> dict[str, FarmSales]:
        """Return the sums of these farms, or of all."""
        return {farm: sums for farm, sums in self.farms.items() if farms is None or farm in farms}


@dataclass(frozen=True)
class StoredSums:
    """The sums of a broadcast; `audience` and `taps` are None while their rows exist."""

    audience: StoredAudience | None = None
    taps: dict[str, int] | None = None
    sales: SaleSums = field(default_factory=SaleSums)


def read_sums(connection: Connection, broadcast: str) -> StoredSums:
    """Return the stored sums of the broadcast."""
    row = connection.execute(
        select(broadcast_sums).where(broadcast_sums.c.broadcast == broadcast)
    ).one_or_none()
    if row is None:
        return StoredSums()
    audience = None if row.audience is None else StoredAudience(row.audience)
    return StoredSums(audience, row.taps, SaleSums.read(row.sales))


def read_sale_sums(connection: Connection) -> dict[str, SaleSums]:
    """Return the stored sums of sales of all broadcasts that have some."""
    query = select(broadcast_sums.c.broadcast, broadcast_sums.c.sales).where(
        broadcast_sums.c.sales.is_not(None)
    )
    return {row.broadcast: SaleSums.read(row.sales) for row in connection.execute(query)}


def store_sums(connection: Connection, broadcast: str, **sums: Any) -> None:
    """Store the `audience`, `taps` or `sales` of the broadcast, as JSON."""
    mine = broadcast_sums.c.broadcast == broadcast
    if connection.execute(select(broadcast_sums.c.broadcast).where(mine)).first() is None:
        connection.execute(insert(broadcast_sums), {"broadcast": broadcast, **sums})
    else:
        connection.execute(update(broadcast_sums).where(mine).values(**sums))

"""A server that sells while viewers watch, and the measurements of a window with buyers."""

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.benches.audience import Audience
from scripts.benches.lab.cpu_pinning import Rig
from scripts.benches.lab.postgres import Postgres
from scripts.benches.lab.server import Server, Stage, running, stage
from scripts.benches.report import percentile
from scripts.benches.spine import load_of
from scripts.benches.trade.ledger import Ledger
from scripts.benches.trade.shoppers import Answers
from scripts.benches.viewing import published

from farmlive.shop.core.models import order_number

DATABASES = ("sqlite", "postgresql")
RATE = 500


@dataclass(frozen=True)
class Size:
    """The extent of a measurement."""

    databases: tuple[str, ...] = DATABASES
    clients: tuple[int, ...] = (1, 50, 500)
    ways: tuple[str, ...] = ("channel", "http")
    rate: int = RATE
    window_s: float = 3.0
    sustained_s: float = 60.0
    crowd: int = 5_000
    boxes: int = 1_000
    viewers: int = 100
    runs: int = 1
    most_s: float = 400.0


@dataclass
class Bench(Rig):
    """The cores, the settings and the buyers of all measurements."""

    size: Size
    number: int = 0
    added_ms: list[dict[str, float]] = field(default_factory=list)

    def first(self, count: int) -> int:
        """Return the number of the first of a group of new buyers: no number is used twice."""
        self.number += count
        return self.number - count


@dataclass
class Open:
    """A server that sells while viewers watch."""

    bench: Bench
    server: Server
    place: Stage
    audience: Audience
    database_url: str
    data: Path
    cluster: Postgres | None
    watching: float = 0.0  # cores
    answers: list[Answers] = field(default_factory=list)

    async def window(self, answers: Answers, buying: Any) -> dict[str, Any]:
        """Measure a window with buyers: `buying` returns its duration."""
        answers.took_ns = type(answers.took_ns)("q")
        self.answers.append(answers)
        cluster_s = self.cluster.cpu_s() if self.cluster else 0.0
        with self.bench.awake.cores():
            self.audience.measure()
            cpu_s = self.server.cpu_s()
            seconds = await buying
            cpu_s = self.server.cpu_s() - cpu_s
            counts, delays_ns, _ = self.audience.read()
        placed = max(1, len(answers.placed))
        added = self.bench.added(delays_ns)
        self.bench.added_ms.append(added)
        found: dict[str, Any] = {
            "orders": len(answers.placed),
            "seconds": round(seconds, 2),
            "orders_per_second": round(len(answers.placed) / seconds, 1),
            "latency_ms": {
                f"p{round(share * 100)}": round(percentile(answers.took_ns, share) / 1e6, 2)
                for share in (0.5, 0.95, 0.99)
            },
            "cpu_us_per_order": round((cpu_s - self.watching * seconds) * 1e6 / placed),
            "server_cores": round(cpu_s / seconds, 3),
            "added_delay_ms": added,
            "packets_lost": counts.lost,
        }
        if self.cluster:
            used_s = self.cluster.cpu_s() - cluster_s
            found["database_cpu_us_per_order"] = round(used_s * 1e6 / placed)
        return found

    def check(self, broadcast: str, answers: Sequence[Answers]) -> Ledger:
        """Check that the database has exactly what was acknowledged. Raises SystemExit if not."""
        ledger = Ledger.read(self.database_url, self.data, broadcast)
        placed = [order for each in answers for order in each.placed.elements()]
        if len(set(placed)) != len(placed) or set(ledger.orders) != set(placed):
            raise SystemExit(
                f"{len(placed)} orders were acknowledged, {len(set(placed))} of them different "
                f"ones, and {len(ledger.orders)} are kept"
            )
        for order, told in itertools.chain(*(each.told.items() for each in answers)):
            found = ledger.orders[order]
            row = found.row
            kept = (order_number(row.number), found.token, row.total, row.fee)
            if told != kept:
                raise SystemExit(f"order {told[0]} was told as {told}, and is kept as {kept}")
        if ledger.wrong:
            raise SystemExit(f"the database does not add up: {ledger.wrong[0]}")
        return ledger


@contextlib.asynccontextmanager
async def selling(
    bench: Bench, cluster: Postgres | None, command: Sequence[str] = (), *, is_limited: bool = False
) -> AsyncIterator[Open]:
    """Start a server with a live broadcast, a publisher and the viewers; `is_limited`: the limits
    on orders apply.
    """
    data = Path(tempfile.mkdtemp(prefix="farmlive-bench-"))
    database_url = ""
    try:
        if cluster is not None:
            database_url = await cluster.database()
        extra: dict[str, Any] = {"is_limited": is_limited}
        if command:
            extra["command"] = command
        async with running(
            bench.pinned, data=str(data), hold_minutes="30", database_url=database_url, **extra
        ) as server:
            place = await stage(server, offers=3)
            async with published(server, place):
                audience = Audience(
                    bench.library, f"{server.url}/whep/{place.broadcast}", bench.size.viewers
                )
                try:
                    await audience.grow(bench.size.viewers)
                    with bench.awake.cores():
                        watching = await load_of(server, min(2.0, bench.size.window_s))
                    yield Open(
                        bench, server, place, audience, database_url, data, cluster, watching
                    )
                finally:
                    audience.close()
    finally:
        shutil.rmtree(data, ignore_errors=True)

"""A scene of the crash bench: a server, its database, people who order, and what goes wrong among
them; then the reckoning, of what is kept with what was acknowledged.
"""

import asyncio
import contextlib
import random
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benches import postgres
from benches.buying import Buyers
from benches.cutting import Cutter, answers_lost, commits_lost, never
from benches.faulty import Faulty
from benches.ledger import Ledger
from benches.postgres import Postgres
from benches.victim import Victim

MOST_S = 90.0
FAULTS = ("server", "power", "disk", "answers", "clock", "database")
"""What goes wrong, on each database; `database` is that PostgreSQL is ended or its commits are cut,
and so there is none of it with SQLite.
"""


@dataclass(frozen=True)
class Case:
    """One run: what goes wrong, on which database, and all that is drawn by lot."""

    seed: int
    database: str
    fault: str

    @classmethod
    def of(cls, seed: int, databases: tuple[str, ...]) -> "Case":
        """The case of a seed: faults and databases in turn."""
        cases = [
            cls(seed, database, fault)
            for fault in FAULTS
            for database in databases
            if fault != "database" or database == "postgresql"
        ]
        return cases[seed % len(cases)]


@dataclass
class Template:
    """A database with a live broadcast, made once and copied for each run."""

    folder: Path
    library: Path
    database: str
    broadcast: str = ""
    offers: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    """What came of a run."""

    case: Case
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    stock_wrong: int = 0
    refused: int = 0
    repeated: int = 0
    faults: int = 0
    unsynced_files: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def new_folder(prefix: str, within: Path) -> Path:
    """A new folder, which PostgreSQL's account may enter too."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=within))
    folder.chmod(0o755)
    return folder


def programs() -> Path:
    """PostgreSQL's, which are installed."""
    programs = postgres.installed()
    assert programs is not None
    return programs


async def one_run(template: Template, case: Case) -> Outcome:
    """One run on a copy of the template, from the first order to the reckoning."""
    began = time.monotonic()
    outcome = Outcome(case)
    folder = new_folder(f"{case.seed}-", template.folder.parent)
    try:
        async with asyncio.timeout(MOST_S):
            scene = await Scene.open(template, folder, case)
            try:
                await scene.play(outcome)
            finally:
                await scene.close()
            await scene.reckon(outcome)
    except TimeoutError:
        outcome.wrong.append(f"it did not end within {MOST_S:g} s")
        outcome.stock_wrong += 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


class Scene:
    """A server, its database, the people who order, and what goes wrong among them."""

    def __init__(self, template: Template, folder: Path, case: Case):
        self._template, self._case, self._folder = template, case, folder
        self._draw = random.Random(case.seed)
        self._data = folder / "data"
        self._cluster: Postgres | None = None
        self._before_database: Cutter | None = None
        self._disk: Faulty
        self._victim: Victim
        self._door: Cutter
        self._buyers: Buyers

    @classmethod
    async def open(cls, template: Template, folder: Path, case: Case) -> "Scene":
        """Start it all."""
        scene = cls(template, folder, case)
        shutil.copytree(template.folder / "data", scene._data)
        environment = {"FARMLIVE_DATA": str(scene._data)}
        if case.database == "postgresql":
            environment |= await scene._open_postgres()
        else:
            scene._disk = Faulty(template.library, scene._data, folder)
        clock = {"FAULTY_FOLDER": "/nowhere"} if scene._cluster else {}
        scene._victim = Victim({**environment, **scene._disk.environment, **clock})
        await scene._victim.start()
        scene._door = await Cutter.open(scene._victim.port)
        scene._buyers = Buyers(
            f"http://127.0.0.1:{scene._door.port}", template.broadcast, template.offers, case.seed
        )
        return scene

    async def _open_postgres(self) -> dict[str, str]:
        cluster = self._cluster = Postgres(programs(), self._folder)
        shutil.copytree(self._template.folder / "postgresql", cluster.data)
        postgres.hand_over(self._folder, cluster.data)
        self._disk = Faulty(self._template.library, cluster.data, self._folder)
        cluster.environment = {**cluster.environment, **self._disk.environment}
        await cluster.start()
        self._before_database = await Cutter.open(cluster.port)
        url = cluster.url.replace(f":{cluster.port}/", f":{self._before_database.port}/")
        return {"FARMLIVE_DATABASE_URL": url}

    async def play(self, outcome: Outcome) -> None:
        """Let people order, twice let something go wrong, and let them come to an end."""
        draw, buyers = self._draw, self._buyers
        await buyers.start()
        try:
            for _ in range(2):
                await buyers.reach(buyers.acknowledged + draw.randint(10, 60))
                await asyncio.sleep(draw.random() * 0.05)
                outcome.faults += await self._fault(outcome)
            await buyers.reach(buyers.acknowledged + draw.randint(10, 40))
        finally:
            await buyers.stop()
        outcome.acknowledged = len(buyers.placed)
        outcome.repeated = buyers.repeated
        outcome.refused = sum(buyers.refused.values())
        if buyers.refused:
            outcome.wrong.append(f"refused: {dict(buyers.refused)}")

    async def close(self) -> None:
        """End everything but the files; the database may still be read."""
        with contextlib.suppress(AttributeError):
            await self._door.close()
        with contextlib.suppress(AttributeError):
            await self._victim.end()
        if self._before_database is not None:
            await self._before_database.close()

    async def reckon(self, outcome: Outcome) -> None:
        """Compare what is kept with what was acknowledged."""
        try:
            if self._cluster is not None:
                await self._revive()
            url = self._cluster.url if self._cluster else ""
            ledger = await asyncio.to_thread(Ledger.read, url, self._data, self._template.broadcast)
        finally:
            if self._cluster is not None:
                await self._cluster.stop()
            self._disk.close()
        buyers = self._buyers
        kept = set(ledger.orders)
        for key, order in buyers.placed.items():
            if order not in kept or ledger.answers.get(key) != order:
                outcome.lost += 1
        outcome.doubled = len(ledger.orders) - len(kept & set(buyers.placed.values()))
        outcome.doubled += len(buyers.placed) - len(set(buyers.placed.values()))
        for key, hold in buyers.held.items():
            if ledger.answers.get(key) != hold:
                outcome.lost += 1
        if ledger.wrong:
            outcome.stock_wrong += 1
            outcome.wrong += ledger.wrong
        for name in ("lost", "doubled"):
            if getattr(outcome, name):
                outcome.wrong.append(f"{name}: {getattr(outcome, name)}")

    async def _fault(self, outcome: Outcome) -> int:
        """Let it go wrong once, and put it right; how often it did."""
        kinds: dict[str, Any] = {
            "server": self._end_server,
            "power": self._lose_power,
            "disk": self._fill_disk,
            "answers": self._cut_answers,
            "clock": self._jump,
            "database": self._end_database,
        }
        done: int = await kinds[self._case.fault](outcome)
        return done

    async def _end_server(self, _outcome: Outcome) -> int:
        await self._victim.kill()
        await self._victim.start()
        return 1

    async def _lose_power(self, outcome: Outcome) -> int:
        # One of the two ends first, and the other lives on for a moment.
        await self._victim.kill()
        if self._cluster is not None:
            await self._cluster.kill()
        outcome.unsynced_files += await asyncio.to_thread(self._disk.lose_power)
        await self._revive()
        await self._victim.start()
        return 1

    async def _fill_disk(self, _outcome: Outcome) -> int:
        with self._disk.full():
            await asyncio.sleep(0.1 + self._draw.random() * 0.3)
        await self._revive()
        return 1

    async def _cut_answers(self, _outcome: Outcome) -> int:
        before = self._door.cuts
        self._door.told = answers_lost(self._draw, 0.3)
        await self._cut_some(self._door, before)
        self._door.told = never
        return self._door.cuts - before

    async def _jump(self, _outcome: Outcome) -> int:
        for _ in range(4):
            self._disk.set_clock(self._draw.uniform(-7200, 7200))
            await self._buyers.reach(self._buyers.acknowledged + self._draw.randint(2, 10))
        self._disk.set_clock(0)
        return 4

    async def _end_database(self, _outcome: Outcome) -> int:
        assert self._cluster is not None
        assert self._before_database is not None
        kind = self._draw.choice(("all", "one", "commits"))
        if kind == "commits":
            cutter = self._before_database
            before = cutter.cuts
            cutter.asked, cutter.told = commits_lost(self._draw, 0.3)
            await self._cut_some(cutter, before)
            cutter.asked = cutter.told = never
            return cutter.cuts - before
        if kind == "one":
            await self._cluster.kill_one(self._draw)
        else:
            await self._cluster.kill()
        await self._revive()
        return 1

    async def _cut_some(self, cutter: Cutter, before: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                while cutter.cuts < before + 5:
                    cutter.cut.clear()
                    await cutter.cut.wait()

    async def _revive(self) -> None:
        """See that PostgreSQL takes connections, and start it where it does not run."""
        if self._cluster is not None:
            await self._cluster.revive()

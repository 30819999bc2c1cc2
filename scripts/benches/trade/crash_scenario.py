"""A run of the crash bench: a server, its database, people who trade, and injected faults; then the
reconciliation of the database with the acknowledgements.
"""

import asyncio
import contextlib
import json
import random
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.benches.lab import postgres
from scripts.benches.lab.faulty import Faulty
from scripts.benches.lab.postgres import Postgres
from scripts.benches.lab.victim import Victim
from scripts.benches.trade.acks import Acks
from scripts.benches.trade.cut_proxy import Cutter, cut_commits, cut_nothing, cut_responses
from scripts.benches.trade.ledger import Ledger
from scripts.benches.trade.people import People
from scripts.benches.trade.reconcile import (
    find_extra,
    find_lost,
    find_wrong_refunds,
    find_wrong_refusals,
)
from scripts.benches.trade.retrying_client import Market
from sqlalchemy.exc import InterfaceError, OperationalError

MOST_S = 90.0
FAULTS_A_RUN = 2
"""So often something goes wrong in each run; where it did not, the run says nothing."""

DEEDS = (
    *("orders", "holds", "waits", "cancellations"),
    *("releases", "flash_batches", "moves", "payments", "refunds"),
)
FAULTS = ("server", "power", "disk", "answers", "clock", "database")
"""What goes wrong, on each database; `database` is that PostgreSQL is ended or its commits are cut,
and so there is none of it with SQLite.
"""


@dataclass(frozen=True)
class Case:
    """One run: its fault, its database, and the seed of all random draws."""

    seed: int
    database: str
    fault: str

    @classmethod
    def of(cls, seed: int, databases: tuple[str, ...]) -> "Case":
        """Return the case of a seed: faults and databases in turn."""
        cases = [
            cls(seed, database, fault)
            for fault in FAULTS
            for database in databases
            if fault != "database" or database == "postgresql"
        ]
        return cases[seed % len(cases)]


@dataclass
class Template:
    """A database with a live broadcast, created once and copied for each run."""

    folder: Path
    library: Path
    database: str
    broadcast: str = ""
    offers: list[str] = field(default_factory=list)
    scarce: str = ""
    centre: str = ""
    key: str = ""


@dataclass
class Outcome:
    """The outcome of a run."""

    case: Case
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    stock_wrong: int = 0
    refused: int = 0
    repeated: int = 0
    refused_rightly: int = 0
    faults: int = 0
    happened: int = 0
    unsynced_files: int = 0
    deeds: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    unfinished: bool = False
    wrong: list[str] = field(default_factory=list)
    kept: Path | None = None

    @property
    def done(self) -> bool:
        """Whether the run completed and all its faults happened."""
        return self.happened >= FAULTS_A_RUN and not self.unfinished

    @property
    def needs_review(self) -> bool:
        """Whether somebody has to look at its files."""
        return bool(self.wrong) or not self.done

    def note(self, told: Acks, ledger: Ledger, *, settled: bool) -> None:
        """Record the differences between the acknowledgements and a ledger; `settled`: every
        request has its response.
        """
        missing, more = find_lost(told, ledger), find_extra(told, ledger) if settled else []
        wrong = [*ledger.wrong, *(find_wrong_refunds(told, ledger) if settled else ())]
        self.lost = max(self.lost, len(missing))
        self.doubled = max(self.doubled, len(more))
        self.stock_wrong = max(self.stock_wrong, int(bool(wrong)))
        if settled:
            refused = find_wrong_refusals(told, ledger)
            self.refused = len(refused)
            self.refused_rightly = len(told.refused) - len(refused)
            wrong += [f"refused: {each.slug}, {each.problem.get('detail')}" for each in refused]
        for each, count in Counter([*wrong, *missing, *more]).items():
            words = f"{count} × {each}" if count > 1 else each
            if words not in self.wrong:
                self.wrong.append(words)


def new_folder(prefix: str, within: Path) -> Path:
    """Create a folder that PostgreSQL's account may enter too."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=within))
    folder.chmod(0o755)
    return folder


def programs() -> Path:
    """Return the folder of the installed PostgreSQL's programs."""
    programs = postgres.installed()
    assert programs is not None
    return programs


async def one_run(template: Template, case: Case) -> Outcome:
    """Run a case on a copy of the template, from the first order to the reconciliation."""
    began = time.monotonic()
    outcome = Outcome(case)
    folder = new_folder(f"{case.seed}-", template.folder.parent)
    scene = Scenario(template, folder, case)
    try:
        async with asyncio.timeout(MOST_S):
            try:
                await scene.start()
                await scene.play(outcome)
            finally:
                await scene.close()
            await scene.reconcile(outcome)
    except TimeoutError:
        outcome.wrong.append(f"it did not end within {MOST_S:g} s")
        outcome.stock_wrong = 1
        outcome.unfinished = True
    finally:
        await scene.end()
        if outcome.needs_review:
            outcome.kept = keep(folder, outcome, scene.told)
        shutil.rmtree(folder, ignore_errors=True)
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


def keep(folder: Path, outcome: Outcome, told: Acks) -> Path:
    """Copy the files of a run to where they stay: its data, the last logs of server and database,
    the acknowledgements, and what is missing of them.
    """
    name = f"farmlive-crash-{outcome.case.seed}-{outcome.case.fault}-{outcome.case.database}-"
    kept = Path(tempfile.mkdtemp(prefix=name))
    shutil.copytree(folder, kept, dirs_exist_ok=True, ignore=_sockets)
    (kept / "wrong.txt").write_text("\n".join([*outcome.wrong, ""]))
    text = json.dumps(told, ensure_ascii=False, indent=1, default=_plain)
    (kept / "told.json").write_text(text)
    return kept


def _plain(value: Any) -> Any:
    """Convert what JSON has no type for; `dataclasses.asdict` would convert a Counter wrongly."""
    return sorted(value) if isinstance(value, set) else vars(value)


def _sockets(folder: str, names: list[str]) -> list[str]:
    """Return the files that can't be copied."""
    return [name for name in names if Path(folder, name).is_socket()]


class Scenario:
    """A server, its database, the people who trade, and the faults."""

    def __init__(self, template: Template, folder: Path, case: Case):
        self._template, self._case, self._folder = template, case, folder
        self._draw = random.Random(case.seed)
        self._data = folder / "data"
        self._cluster: Postgres | None = None
        self._before_database: Cutter | None = None
        self._disk: Faulty
        self._victim: Victim
        self._door: Cutter
        self._market = Market(
            url="",
            broadcast=template.broadcast,
            offers=template.offers,
            scarce=template.scarce,
            centre=template.centre,
            seed=case.seed,
        )
        self._people: People

    async def start(self) -> None:
        """Start it all."""
        template = self._template
        shutil.copytree(template.folder / "data", self._data)
        environment = {"FARMLIVE_DATA": str(self._data)}
        if self._case.database == "postgresql":
            environment |= await self._open_postgres()
        else:
            self._disk = Faulty(template.library, self._data, self._folder)
        clock = {"FAULTY_FOLDER": "/nowhere"} if self._cluster else {}
        self._victim = Victim(
            {**environment, **self._disk.environment, **clock}, self._folder / "server.log"
        )
        await self._victim.start()
        self._door = await Cutter.open(self._victim.port)
        self._market.url = f"http://127.0.0.1:{self._door.port}"
        self._people = People(self._market, template.key)

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

    @property
    def told(self) -> Acks:
        """Return the acknowledgements so far."""
        return self._market.told

    async def play(self, outcome: Outcome) -> None:
        """Let people trade, inject two faults, and let the people finish.

        After each fault the books must add up, and keep what was acknowledged before.
        """
        draw, market, people = self._draw, self._market, self._people
        await people.start()
        try:
            for _ in range(FAULTS_A_RUN):
                await people.wait_acknowledged(market.acknowledged + draw.randint(10, 50))
                await asyncio.sleep(draw.random() * 0.05)
                faults = await self._fault(outcome)
                outcome.faults += faults
                outcome.happened += faults > 0
                await people.wait_acknowledged(market.acknowledged + draw.randint(2, 10))
                told = market.told.copy()
                outcome.note(told, await self._ledger(), settled=False)
            await people.wait_acknowledged(market.acknowledged + draw.randint(10, 40))
        finally:
            await people.stop()
        outcome.deeds = {name: market.told.deeds[name] for name in DEEDS}
        outcome.acknowledged = len(market.told.orders)
        outcome.repeated = market.repeated
        if outcome.happened < FAULTS_A_RUN:
            outcome.wrong.append(f"{outcome.happened} of {FAULTS_A_RUN} faults happened")

    async def close(self) -> None:
        """Stop everything but the files; the database can still be read."""
        with contextlib.suppress(AttributeError):
            await self._door.close()
        with contextlib.suppress(AttributeError):
            await self._victim.end()
        if self._before_database is not None:
            await self._before_database.close()

    async def end(self) -> None:
        """Stop what still runs, for a run that was cut short."""
        await self.close()
        if self._cluster is not None:
            await self._cluster.stop()

    async def reconcile(self, outcome: Outcome) -> None:
        """Reconcile the database with the acknowledgements."""
        try:
            if self._cluster is not None:
                await self._revive()
            ledger = await self._ledger()
        finally:
            if self._cluster is not None:
                await self._cluster.stop()
            self._disk.close()
        outcome.note(self._market.told, ledger, settled=True)

    async def _ledger(self) -> Ledger:
        """Read the database, as soon as it answers again."""
        url = self._cluster.url if self._cluster else ""
        broadcast = self._template.broadcast
        async with asyncio.timeout(20):
            while True:
                try:
                    return await asyncio.to_thread(Ledger.read, url, self._data, broadcast)
                except (InterfaceError, OperationalError):
                    await asyncio.sleep(0.05)

    async def _fault(self, outcome: Outcome) -> int:
        """Inject the fault once and end it; return how often it happened."""
        kinds: dict[str, Any] = {
            "server": self._end_server,
            "power": self._lose_power,
            "disk": self._fail_disk,
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

    async def _fail_disk(self, outcome: Outcome) -> int:
        # PostgreSQL takes a sync that fails for its own end, and would not begin on such a disk.
        fails = self._cluster is None and self._draw.random() < 0.5
        return await (self._fail_syncs if fails else self._fill_disk)(outcome)

    async def _fill_disk(self, _outcome: Outcome) -> int:
        before = self._market.repeated
        with self._disk.full():
            await asyncio.sleep(0.1 + self._draw.random() * 0.3)
            await self._until_met(before)
        await self._revive()
        return int(self._market.repeated > before)  # else nobody wrote meanwhile

    async def _fail_syncs(self, _outcome: Outcome) -> int:
        before = self._market.repeated
        with self._disk.failing():
            await asyncio.sleep(0.1 + self._draw.random() * 0.3)
            await self._until_met(before)
            if ends := self._draw.random() < 0.5:
                await self._victim.kill()
        if ends:  # what was not synced may be there again
            await self._victim.start()
        return int(self._market.repeated > before)

    async def _cut_answers(self, _outcome: Outcome) -> int:
        before = self._door.cuts
        self._door.told = cut_responses(self._draw, 0.3)
        await self._cut_some(self._door, before)
        self._door.told = cut_nothing
        return self._door.cuts - before

    async def _jump(self, _outcome: Outcome) -> int:
        for _ in range(4):
            self._disk.set_clock(self._draw.uniform(-7200, 7200))
            await self._people.wait_acknowledged(
                self._market.acknowledged + self._draw.randint(2, 10)
            )
        self._disk.set_clock(0)
        return 4

    async def _end_database(self, _outcome: Outcome) -> int:
        assert self._cluster is not None
        assert self._before_database is not None
        kind = self._draw.choice(("all", "one", "commits"))
        if kind == "commits":
            cutter = self._before_database
            before = cutter.cuts
            cutter.asked, cutter.told = cut_commits(self._draw, 0.3)
            await self._cut_some(cutter, before)
            cutter.asked = cutter.told = cut_nothing
            return cutter.cuts - before
        ended = True
        if kind == "one":
            ended = await self._cluster.kill_one(self._draw)
        else:
            await self._cluster.kill()
        await self._revive()
        return int(ended)

    async def _until_met(self, before: int) -> None:
        """Wait until the fault met somebody: on a busy machine nobody may have written yet."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self._people.wait_repeated(before + 1)

    async def _cut_some(self, cutter: Cutter, before: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                while cutter.cuts < before + 5:
                    cutter.cut.clear()
                    await cutter.cut.wait()

    async def _revive(self) -> None:
        """Wait until PostgreSQL accepts connections, and start it if it does not run."""
        if self._cluster is not None:
            await self._cluster.revive()

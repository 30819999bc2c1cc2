"""The crash bench: five of its runs, and that its disk loses what was not synced. No timing."""

import itertools
import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from benches import crash, report
from benches.lab import faulty, ports, postgres
from benches.lab.faulty import Faulty
from benches.lab.ports import Held
from benches.trade import crash_scenario as scenes
from benches.trade.acks import Placed, Refusal
from benches.trade.buying import Buyer
from benches.trade.crash_scenario import FAULTS, Case, Outcome, Scene, Template, one_run
from benches.trade.cut_proxy import answers_lost
from benches.trade.ledger import Ledger
from benches.trade.reconcile import wrongly_refused
from benches.trade.retrying_client import Market
from benches.trade.staff_load import Staff
from tests.media.engine.native.support.compiling import compiler

from farmlive.client import ApiProblem
from farmlive.server import listen

WRITES = """
import os, sys
for name in ("synced", "unsynced", "written on"):
    with open(f"{sys.argv[1]}/{name}", "wb", buffering=0) as file:
        file.write(b"whole")
        if name != "unsynced":
            os.fsync(file.fileno())
        if name == "written on":
            file.write(b" and more")
with open(f"{sys.argv[1]}/old", "r+b", buffering=0) as file:
    file.write(b"new")
os.rename(f"{sys.argv[1]}/synced", f"{sys.argv[1]}/renamed")
"""

COMMITS = """
import sqlite3, sys
base = sqlite3.connect(f"{sys.argv[1]}/base", isolation_level=None)
base.execute("PRAGMA journal_mode=WAL")
base.execute(f"PRAGMA synchronous={sys.argv[2]}")
base.execute("INSERT INTO t VALUES (1)")
import os
os._exit(0)
"""


# A server with a database of its own, which commits, then lets others look, and commits again.
SERVES = """
import sqlite3, sys
base = sqlite3.connect(f"{sys.argv[1]}/base", isolation_level=None)
base.execute("PRAGMA synchronous=FULL")
for turn in range(2):
    for n in range(50):
        base.execute("INSERT INTO t VALUES (?)", (n,))
    base.execute("PRAGMA wal_checkpoint(FULL)")
    print("committed", flush=True)
    input()
import os
os._exit(0)
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Faulty]:
    """A disk that can fail, with one file that was there before."""
    compiler()
    folder = tmp_path / "disk"
    folder.mkdir()
    (folder / "old").write_bytes(b"old")
    with sqlite3.connect(folder / "base", isolation_level=None) as base:
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("CREATE TABLE t (n INTEGER)")
    base.close()
    made = Faulty(faulty.build(tmp_path), folder, tmp_path)
    yield made
    made.close()


def python(disk: Faulty, script: str, *words: str) -> str:
    """Run a script on the disk; what it printed."""
    return subprocess.run(
        [sys.executable, "-c", script, str(disk.folder), *words],
        env={**os.environ, **disk.environment},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_what_was_not_synced_is_lost_with_the_power(disk: Faulty) -> None:
    python(disk, WRITES)
    assert disk.syncs == 2
    assert disk.lose_power() == 3
    found = {path.name: path.read_bytes() for path in disk.folder.iterdir() if path.name != "base"}
    assert found == {"renamed": b"whole", "unsynced": b"", "written on": b"whole", "old": b"old"}


@pytest.mark.parametrize(("level", "kept"), [("FULL", 1), ("OFF", 0)])
def test_a_commit_that_was_not_synced_is_lost(disk: Faulty, level: str, kept: int) -> None:
    python(disk, COMMITS, level)
    assert disk.lose_power()
    (disk.folder / "base-shm").unlink()
    base = sqlite3.connect(disk.folder / "base")
    assert base.execute("SELECT count(*) FROM t").fetchone() == (kept,)
    base.close()


def rows(disk: Faulty) -> int:
    """What another process sees, which is then the last to close the database, as it believes."""
    script = """
import sqlite3, sys
base = sqlite3.connect(f"{sys.argv[1]}/base")
print(base.execute("SELECT count(*) FROM t").fetchone()[0])
base.close()
"""
    ran = [sys.executable, "-c", script, str(disk.folder)]
    return int(subprocess.run(ran, check=True, capture_output=True, text=True).stdout)


def test_a_sync_leaves_the_locks_by_which_others_see_who_uses_the_database(disk: Faulty) -> None:
    """Else who closes it last would delete the log, into which the server goes on to commit."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVES, str(disk.folder)],
        env={**os.environ, **disk.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        for seen in (50, 100):
            assert server.stdout.readline() == "committed\n"
            assert rows(disk) == seen
            assert (disk.folder / "base-wal").exists()
            server.stdin.write("\n")
            server.stdin.flush()
    assert disk.syncs >= 100


def test_a_port_stays_its_servers_while_that_is_ended_and_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = Held()
    for _ in range(2):
        server = listen("127.0.0.1", first.port)  # and it has ended, with a client there
        client = socket.create_connection(("127.0.0.1", first.port))
        taken, _ = server.accept()
        taken.close()
        client.close()
        server.close()
        # Another bench, which looks for a port from the same one on.
        monkeypatch.setattr(ports, "_next", ports._PORTS.index(first.port))
        other = Held()
        assert other.port != first.port
        other.close()
    first.close()


def test_a_full_disk_takes_nothing_and_reads_on(disk: Faulty) -> None:
    script = """
import os, sys
file = os.open(f"{sys.argv[1]}/old", os.O_RDWR)
print(os.read(file, 9).decode(), flush=True)
os.pwrite(file, b"new", 0)
"""
    with disk.full(), pytest.raises(subprocess.CalledProcessError) as raised:
        python(disk, script)
    assert "No space left on device" in raised.value.stderr
    assert raised.value.stdout == "old\n"
    python(disk, script)
    assert (disk.folder / "old").read_text() == "new"


def test_the_clock_is_wrong_by_as_much_as_it_is_told(disk: Faulty) -> None:
    disk.set_clock(7200)
    for call in ("time.time()", "datetime.datetime.now().timestamp()"):
        said = python(disk, f"import datetime, time; print({call}, time.monotonic())").split()
        assert 7100 < float(said[0]) - time.time() < 7300
        assert abs(float(said[1]) - time.monotonic()) < 100


def test_every_fault_is_tried_on_every_database() -> None:
    of = [Case.of(seed, ("sqlite", "postgresql")) for seed in range(11)]
    assert len({(case.database, case.fault) for case in of}) == 11
    assert ("sqlite", "database") not in {(case.database, case.fault) for case in of}
    assert [case.seed for case in of] == list(range(11))
    alone = [Case.of(seed, ("sqlite",)) for seed in range(crash.RUNS)]
    assert {case.fault for case in alone} == set(FAULTS) - {"database"}


def test_what_went_wrong_in_one_run_is_told() -> None:
    good = Outcome(Case(0, "sqlite", "disk"), acknowledged=5, happened=2)
    case = Case(7, "sqlite", "disk")
    bad = Outcome(case, acknowledged=6, lost=1, happened=2, wrong=["lost: 1"])
    found = crash.summed([good, bad])
    assert (found["acknowledged"], found["lost"], found["runs_done"]) == (11, 1, 2)
    assert found["by_fault"]["disk_sqlite"]["runs"] == 2
    assert found["wrong"] == {"seed 7: disk with sqlite": ["lost: 1"]}


async def test_a_run_that_falls_short_keeps_its_folder_and_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(kept))

    class Fallen(Scene):
        async def start(self) -> None:
            self._data.mkdir()
            (self._data / "farmlive.sqlite3").write_bytes(b"half")

        async def play(self, outcome: Outcome) -> None:
            outcome.happened = 2
            self.told.answers["a key"] = {"left": 1}
            self.told.deeds["holds"] += 1
            self.told.ended.add("a batch")
            self.told.refused.append(Refusal({"type": "/problems/sold-out"}))

        async def close(self) -> None: ...

        async def reckon(self, outcome: Outcome) -> None:
            outcome.note(self.told, Ledger(), settled=True)

    monkeypatch.setattr(scenes, "Scene", Fallen)
    within = tmp_path / "run" / "template"
    within.mkdir(parents=True)
    outcome = await one_run(Template(within, tmp_path, "sqlite"), Case(4, "sqlite", "disk"))
    assert outcome.kept is not None
    assert outcome.kept.parent == kept
    wrong = (outcome.kept / "wrong.txt").read_text().splitlines()
    assert "the answer to a key is kept otherwise" in wrong
    told = json.loads((outcome.kept / "told.json").read_text())
    assert told["answers"] == {"a key": {"left": 1}}
    assert (told["deeds"], told["ended"]) == ({"holds": 1}, ["a batch"])
    assert told["refused"][0]["problem"] == {"type": "/problems/sold-out"}
    assert (outcome.kept / "data" / "farmlive.sqlite3").read_bytes() == b"half"
    assert crash.summed([outcome])["kept"] == [str(outcome.kept)]


async def test_a_server_that_does_not_start_in_time_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would go on for ever, and whoever measures next would measure beside it."""
    ended = []

    class Late:
        def __init__(self, environment: Any, log: Path): ...

        async def start(self) -> None:
            raise TimeoutError

        async def end(self) -> None:
            ended.append(self)

    monkeypatch.setattr(scenes, "Victim", Late)
    monkeypatch.setattr(scenes, "keep", lambda folder, outcome, told: folder)
    template = Template(tmp_path / "template", tmp_path, "sqlite")
    (template.folder / "data").mkdir(parents=True)
    outcome = await one_run(template, Case(4, "sqlite", "disk"))
    assert outcome.unfinished
    assert ended


def test_all_that_has_a_limit_is_reported() -> None:
    found = crash.summed([Outcome(Case(0, "sqlite", "disk"))])
    assert {*crash.LIMITS, *crash.FLOORS} <= set(report.flat(found["runs"][0]))


def test_a_run_in_which_nothing_went_wrong_is_no_run() -> None:
    case = Case(0, "sqlite", "answers")
    good, bad = (Outcome(case, happened=happened) for happened in (2, 1))
    late = Outcome(case, happened=2, unfinished=True)
    found = crash.summed([good, bad, late])
    assert (found["runs_done"], found["faults_of_a_run"]) == (1, 1)
    assert found["faults_of_a_run"] < crash.FLOORS["faults_of_a_run"]


class Nobody:
    """People who do nothing, whenever they are asked."""

    async def start(self) -> None: ...
    async def reach(self, count: int) -> None: ...
    async def stop(self) -> None: ...


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A scene without a server, and with an empty ledger."""

    async def ledger() -> Ledger:
        return Ledger()

    template = Template(tmp_path, tmp_path, "sqlite")
    scene = Scene(template, tmp_path, Case(0, "sqlite", "answers"))
    scene._market = Market("", "", [], "", "", 0)
    monkeypatch.setattr(scene, "_people", Nobody(), raising=False)
    monkeypatch.setattr(scene, "_ledger", ledger)
    return scene


@pytest.mark.parametrize("faults", [(0, 0), (5, 0), (1, 7)])
async def test_faults_that_did_not_happen_are_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, faults: tuple[int, ...]
) -> None:
    drawn = iter(faults)

    async def fault(_outcome: Outcome) -> int:
        return next(drawn)

    monkeypatch.setattr(scene, "_fault", fault)
    outcome = Outcome(scene._case)
    await scene.play(outcome)
    happened = sum(count > 0 for count in faults)
    told = [] if happened == 2 else [f"{happened} of 2 faults happened"]
    assert (outcome.faults, outcome.happened, outcome.wrong) == (sum(faults), happened, told)


async def test_a_full_disk_on_which_nobody_writes_is_no_fault(scene: Scene, disk: Faulty) -> None:
    scene._disk = disk
    assert await scene._fill_disk(Outcome(scene._case)) == 0


async def test_what_is_lost_after_a_fault_is_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is there again in the end."""

    async def fault(_outcome: Outcome) -> int:
        scene._market.told.answers["a key"] = {"left": 1}
        return 1

    monkeypatch.setattr(scene, "_fault", fault)
    outcome = Outcome(scene._case)
    await scene.play(outcome)
    outcome.note(scene._market.told, Ledger(answers={"a key": {"left": 1}}), settled=True)
    assert (outcome.lost, outcome.doubled) == (1, 0)
    assert outcome.wrong == ["the answer to a key is kept otherwise"]


class Desk:
    """A server that says no to everything."""

    def __init__(self, market: Market):
        self.market = market

    async def request(self, method: str, path: str, **_: Any) -> Any:
        self.market.stopping = True
        if path.endswith("/bulk-transitions"):
            problem = {"type": "/problems/not-in-state"}
            return {"id": "m", "moved": [], "refused": [{"order": "o", "problem": problem}]}
        raise ApiProblem(409, {"type": "/problems/not-in-state"})


@pytest.mark.parametrize("seed", range(8))
async def test_what_staff_are_refused_is_told(seed: int) -> None:
    market = Market("", "broadcast", [], "", "", seed)
    market.for_staff.append("o")
    answer = {"id": "o", "total": {"amount": 5, "currency": "CNY"}}
    market.told.placed(Placed("a key", answer, [], 1))
    await Staff(market, None, Desk(market)).keep()  # type: ignore[arg-type]
    assert [each.slug for each in market.told.refused] == ["not-in-state"]
    assert wrongly_refused(market.told, Ledger()) == market.told.refused


class Till:
    """A server that takes an order, and says no where it costs nothing."""

    def __init__(self) -> None:
        self.orders = itertools.count(1)

    def commands(self, _broadcast: str) -> Self:
        return self

    async def call(self, _type: str, **order: Any) -> dict[str, Any]:
        if not order["lines"][0]["price"]:
            raise ApiProblem(409, {"type": "/problems/price-changed"})
        return {"id": f"order {next(self.orders)}"}


async def test_a_refusal_lies_between_what_its_buyer_did_before_and_after_it() -> None:
    market = Market("", "broadcast", [], "", "", 0)
    buyer = Buyer(market, 1, Till(), None)  # type: ignore[arg-type]
    for price in (0, 1, 0, 0, 2, 3, 0):
        buyer._key = f"key {price}"
        await buyer._order([{"offer": "offer", "quantity": 1, "price": price}], None)
    first, second, third = (("order.placed", f"order {number}") for number in (1, 2, 3))
    found = [(each.before, each.after) for each in market.told.refused]
    assert found == [(None, first), (first, second), (first, second), (third, None)]


@pytest.mark.parametrize(
    ("chunk", "cut"),
    [
        (b'{"type":"reply","id":"c1","ok":true,"result":{"offer":"o","released":5}}', True),
        (b'{"type":"events","events":[{"data":{"order":"o"}}]}', True),
        (b'HTTP/1.1 200 OK\r\n\r\n{"id":"o","payment":"paid"}', True),
        (b"HTTP/1.1 503 Service Unavailable", False),
        (b'{"type":"events","events":[]}', False),
    ],
)
def test_what_acknowledges_something_is_cut(chunk: bytes, cut: bool) -> None:
    assert answers_lost(random.Random(0), 1.0)(chunk) is cut
    assert not answers_lost(random.Random(0), 0.0)(chunk)


# One seed each: power and a full disk with SQLite; with PostgreSQL its end, its power, the answers.
SEEDS = {"sqlite": (2, 4), "postgresql": (10, 3, 7)}


@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)
async def test_nothing_is_lost_or_doubled(database: str) -> None:
    compiler()
    if database == "postgresql" and postgres.installed() is None:
        pytest.skip("PostgreSQL is not installed")
    said: list[str] = []
    async with crash.prepared((database,), said.append) as templates:
        for seed in SEEDS[database]:
            case = Case.of(seed, ("sqlite", "postgresql"))
            assert case.database == database
            outcome = await one_run(templates[database], case)
            assert outcome.wrong == []
            assert (outcome.lost, outcome.doubled, outcome.stock_wrong) == (0, 0, 0)
            assert outcome.refused == 0
            assert outcome.acknowledged > 10
            assert outcome.deeds["flash_batches"]
            assert outcome.done
            if case.fault == "power":
                assert outcome.unsynced_files

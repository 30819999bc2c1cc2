"""The crash bench: what a run reports, and five of its runs. No timing."""

import itertools
import json
import random
import socket
import tempfile
from pathlib import Path
from typing import Any, Self

import pytest
from scripts.benches import crash, report
from scripts.benches.lab import ports, postgres
from scripts.benches.lab.faulty import Faulty
from scripts.benches.lab.ports import ReservedPort
from scripts.benches.trade import crash_scenario as scenes
from scripts.benches.trade.acks import Placed, Refusal
from scripts.benches.trade.buying import Buyer
from scripts.benches.trade.crash_scenario import FAULTS, Case, Outcome, Scenario, Template, one_run
from scripts.benches.trade.cut_proxy import cut_responses
from scripts.benches.trade.ledger import Ledger
from scripts.benches.trade.reconcile import find_wrong_refusals
from scripts.benches.trade.retrying_client import Market
from scripts.benches.trade.staff_load import Staff
from tests.media.engine.native.support.compiling import compiler

from farmlive.client import ApiProblem
from farmlive.server import listen


def test_a_port_stays_its_servers_while_that_is_ended_and_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = ReservedPort()
    for _ in range(2):
        server = listen("127.0.0.1", first.port)  # and it has ended, with a client there
        client = socket.create_connection(("127.0.0.1", first.port))
        taken, _ = server.accept()
        taken.close()
        client.close()
        server.close()
        # Another bench, which looks for a port from the same one on.
        monkeypatch.setattr(ports, "_next", ports._PORTS.index(first.port))
        other = ReservedPort()
        assert other.port != first.port
        other.close()
    first.close()


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
    found = crash.sum_up([good, bad])
    assert (found["acknowledged"], found["lost"], found["runs_done"]) == (11, 1, 2)
    assert found["by_fault"]["disk_sqlite"]["runs"] == 2
    assert found["wrong"] == {"seed 7: disk with sqlite": ["lost: 1"]}


async def test_a_run_that_falls_short_keeps_its_folder_and_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(kept))

    class Fallen(Scenario):
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

        async def reconcile(self, outcome: Outcome) -> None:
            outcome.note(self.told, Ledger(), settled=True)

    monkeypatch.setattr(scenes, "Scenario", Fallen)
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
    assert crash.sum_up([outcome])["kept"] == [str(outcome.kept)]


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
    found = crash.sum_up([Outcome(Case(0, "sqlite", "disk"))])
    assert {*crash.LIMITS, *crash.FLOORS} <= set(report.flatten(found["runs"][0]))


def test_a_run_in_which_nothing_went_wrong_is_no_run() -> None:
    case = Case(0, "sqlite", "answers")
    good, bad = (Outcome(case, happened=happened) for happened in (2, 1))
    late = Outcome(case, happened=2, unfinished=True)
    found = crash.sum_up([good, bad, late])
    assert (found["runs_done"], found["faults_of_a_run"]) == (1, 1)
    assert found["faults_of_a_run"] < crash.FLOORS["faults_of_a_run"]


class Nobody:
    """People who do nothing, whenever they are asked."""

    async def start(self) -> None: ...
    async def wait_acknowledged(self, count: int) -> None: ...
    async def wait_repeated(self, count: int) -> None: ...
    async def stop(self) -> None: ...


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """A scene without a server, and with an empty ledger."""

    async def ledger() -> Ledger:
        return Ledger()

    template = Template(tmp_path, tmp_path, "sqlite")
    scene = Scenario(template, tmp_path, Case(0, "sqlite", "answers"))
    scene._market = Market("", "", [], "", "", 0)
    monkeypatch.setattr(scene, "_people", Nobody(), raising=False)
    monkeypatch.setattr(scene, "_ledger", ledger)
    return scene


@pytest.mark.parametrize("faults", [(0, 0), (5, 0), (1, 7)])
async def test_faults_that_did_not_happen_are_told(
    scene: Scenario, monkeypatch: pytest.MonkeyPatch, faults: tuple[int, ...]
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


async def test_a_full_disk_on_which_nobody_writes_is_no_fault(
    scene: Scenario, disk: Faulty
) -> None:
    scene._disk = disk
    assert await scene._fill_disk(Outcome(scene._case)) == 0


async def test_what_is_lost_after_a_fault_is_told(
    scene: Scenario, monkeypatch: pytest.MonkeyPatch
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
    market.told.add_order(Placed("a key", answer, [], 1))
    await Staff(market, None, Desk(market)).process_orders()  # type: ignore[arg-type]
    assert [each.slug for each in market.told.refused] == ["not-in-state"]
    assert find_wrong_refusals(market.told, Ledger()) == market.told.refused


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
    assert cut_responses(random.Random(0), 1.0)(chunk) is cut
    assert not cut_responses(random.Random(0), 0.0)(chunk)


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
    async with crash.prepare_templates((database,), said.append) as templates:
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

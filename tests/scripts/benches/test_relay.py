"""The relay's bench with a few viewers: what it puts out, and that nothing is lost. No timing."""

import os
from typing import Any

import pytest
from scripts.benches import audience, relay, report
from scripts.benches.lab.keep_awake import Awake
from scripts.benches.relay import Plan
from scripts.benches.viewing import Bench, Size

SMALL = Size(
    curve=(2,),
    viewers=4,
    beyond=(6,),
    joining=1,
    joining_s=0.2,
    beside=2,
    window_s=0.6,
    short_s=0.3,
    settle_s=0.2,
    runs=2,
)


DELAYS: dict[str, Any] = {
    name: {"p99": 1.0}
    for name in ("added_delay_ms", "first_frame_ms", "added_delay_while_joining_ms", "joining")
}


FIGURES: dict[str, Any] = {
    **DELAYS,
    "viewers": 2,
    "cpu_us_per_viewer_second": 1.0,
    "packets_lost": 0,
    "packets_wrong": 0,
    "curve": [{"viewers": 2, "cpu_us_per_viewer_second": 1.0}],
}


def in_place_of_engines(monkeypatch: pytest.MonkeyPatch, engine: Any) -> None:
    """The bench measures nothing: these are its figures."""

    async def measure_delays(bench: Bench, plan: Plan) -> dict[str, Any]:
        """Half as late as on one core."""
        return {name: {"p99": 0.5} for name in DELAYS}

    async def send_threads(bench: Bench, count: int) -> float:
        return 100.0 + count

    monkeypatch.setattr(relay, "engine", engine)
    monkeypatch.setattr(relay, "measure_delays", measure_delays)
    monkeypatch.setattr(relay, "send_threads", send_threads)


@pytest.mark.parametrize("engine", ["native", "python"])
async def test_nothing_is_lost(engine: str) -> None:
    with audience.compiled_library() as library:
        cores = sorted(os.sched_getaffinity(0))[:1]
        bench = Bench(library, cores, Awake(cores), SMALL)
        plan = Plan(engine, SMALL.viewers, SMALL.joining, SMALL.beyond)
        figures = await relay.engine(bench, plan)
    assert figures["viewers"] == 4
    assert (figures["packets_lost"], figures["packets_wrong"]) == (0, 0)
    assert figures["packets_per_viewer_second"] > 100
    assert figures["viewers_per_core"] > 0
    assert figures["gbit_per_s_per_core"] > 0
    assert figures["joins_per_second"] > 0
    assert "memory_kib_per_viewer" in figures
    assert "cpu_us_per_viewer_second_send_only" in figures
    plain = figures["plain_sockets"]
    assert plain["packets_lost"] == 0
    # Each packet comes by itself there, reports too; else many come in a run.
    assert plain["runs_per_viewer_second"] >= plain["packets_per_viewer_second"]
    assert figures["runs_per_viewer_second"] < figures["packets_per_viewer_second"]
    for name in ("added_delay_ms", "added_delay_while_joining_ms"):
        assert set(figures[name]) == {"p50", "p99"}
    assert set(figures["first_frame_ms"]) == {"p50", "p95"}
    assert figures["joining"]["joined"] == 1
    assert [each["viewers"] for each in figures["curve"]] == [2, 4, 6]
    assert [each["packets_lost"] for each in figures["curve"]] == [0, 0, 0]


async def test_on_every_core_nothing_is_lost_either() -> None:
    with audience.compiled_library() as library:
        cores = sorted(os.sched_getaffinity(0))
        bench = Bench(library, cores, Awake(cores[:1]), SMALL)
        figures = await relay.measure_delays(bench, Plan("native", 4, 1))
    assert (figures["every_core"]["packets_lost"], figures["every_core"]["packets_wrong"]) == (0, 0)
    assert figures["joining"]["joined"] == 1
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


async def test_the_medians_of_all_runs_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = {"native": iter([0, 0]), "python": iter([3, 0, 0])}
    cost = {"native": iter([100, 300]), "python": iter([1, 400, 600])}
    tried: list[tuple[str, int]] = []

    async def engine(bench: Bench, plan: Plan) -> dict[str, Any]:
        tried.append((plan.engine, plan.viewers))
        plan.beyond = plan.beyond or ()
        of_viewer = next(cost[plan.engine])
        return {
            **FIGURES,
            "viewers": plan.viewers,
            "cpu_us_per_viewer_second": of_viewer,
            "packets_lost": next(lost[plan.engine]),
            "curve": [{"viewers": 50, "cpu_us_per_viewer_second": of_viewer}],
        }

    in_place_of_engines(monkeypatch, engine)
    found = await relay.measure(Size(viewers=1_000, short_s=0.1, runs=2), lambda said: None)
    # Where packets are lost in the first run, fewer viewers are tried, and kept.
    assert tried == [
        ("native", 1_000),
        ("python", 1_000),
        ("python", 800),
        ("native", 1_000),
        ("python", 800),
    ]
    assert found["native"]["cpu_us_per_viewer_second"] == 200
    assert found["native"]["curve"] == [{"viewers": 50, "cpu_us_per_viewer_second": 200}]
    assert found["native"]["added_delay_ms"]["p99"] == 0.5
    assert found["native"]["one_core"]["added_delay_ms"]["p99"] == 1.0
    assert found["python_over_native"] == 3.0
    assert found["two_send_threads_over_one"] == pytest.approx(102 / 101, abs=0.01)
    assert len(found["runs"]) == 2
    assert {"machine", "how"} <= set(found)
    assert "native.curve.0.viewers" in report.flatten(found["runs"][0])


async def test_a_loss_in_one_run_is_not_hidden_by_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost = {"native": iter([0, 5, 0]), "python": iter([0, 0, 0])}

    async def engine(bench: Bench, plan: Plan) -> dict[str, Any]:
        plan.beyond = ()
        return {**FIGURES, "packets_lost": next(lost[plan.engine])}

    in_place_of_engines(monkeypatch, engine)
    found = await relay.measure(Size(viewers=2, short_s=0.1, runs=3), lambda said: None)
    assert found["native"]["packets_lost"] == 5
    assert found["python"]["packets_lost"] == 0


async def test_a_run_that_nobody_can_join_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    came = iter([None, None, TimeoutError(), None, None])

    async def engine(bench: Bench, plan: Plan) -> dict[str, Any]:
        if (error := next(came)) is not None:
            raise error
        plan.beyond = ()
        return FIGURES

    in_place_of_engines(monkeypatch, engine)
    found = await relay.measure(Size(viewers=2, short_s=0.1, runs=3), lambda said: None)
    assert len(found["runs"]) == 2

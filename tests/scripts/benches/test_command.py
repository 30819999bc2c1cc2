import argparse

import pytest
from scripts.benches import load, report
from scripts.benches.lab import server

from farmlive.setting_groups.broadcast import BroadcastSettings


def test_medians_keep_the_shape() -> None:
    runs = [{"a": {"p50": n}, "b": n} for n in (1.0, 5.0, 3.0)]
    assert report.medians(runs) == {"a": {"p50": 3.0}, "b": 3.0}


def test_medians_of_lists_are_taken_place_by_place() -> None:
    runs = [{"curve": [{"at": 1, "cost": n}, {"at": 2, "cost": 10 * n}]} for n in (1, 5, 3)]
    assert report.medians(runs) == {"curve": [{"at": 1, "cost": 3}, {"at": 2, "cost": 30}]}


def test_flat_dots_the_names() -> None:
    assert report.flatten({"a": {"p50": 1}, "b": 2}) == {"a.p50": 1, "b": 2}
    assert report.flatten({"a": [{"p50": 1}, {"p50": 3}]}) == {"a.0.p50": 1, "a.1.p50": 3}


def test_percentile_is_the_nearest_rank() -> None:
    assert report.percentile(range(100), 0.99) == 99
    assert report.percentile(range(1000), 0.5) == 500
    assert report.percentile([4], 0.99) == 4


def test_machine_and_commit_are_told() -> None:
    assert report.machine()["cores"] >= 1
    assert len(report.commit()["commit"]) >= 7


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:1", "http://[::1]:9"])
def test_load_takes_this_machine(url: str) -> None:
    assert load.is_loopback(url)


@pytest.mark.parametrize("url", ["http://192.0.2.1:8000", "https://example.org", "127.0.0.1", ""])
def test_load_refuses_another_machine(url: str) -> None:
    assert not load.is_loopback(url)


def test_load_is_bounded() -> None:
    assert load.bounded_int(10)("10") == 10
    with pytest.raises(argparse.ArgumentTypeError):
        load.bounded_int(10)("11")


def test_what_others_use_is_told_apart() -> None:
    assert report.OtherLoad(lambda: 0.0).cores() >= 0
    ours = iter([0.0, 1e9])
    assert report.OtherLoad(lambda: next(ours)).cores() == 0


def test_benches_lift_what_limits_the_channels_of_one_address() -> None:
    channels = {name for name in BroadcastSettings.model_fields if "channel" in name}
    assert len(channels) == 3
    assert {f"FARMLIVE_{name.upper()}" for name in channels} <= set(server._LIFTED)

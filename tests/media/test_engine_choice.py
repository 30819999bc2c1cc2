"""Which engine a server has."""

import os
import sys

import pytest
from structlog.testing import capture_logs

from farmlive.media.engine import interface as calls
from farmlive.media.engine.interface import Ssrcs
from farmlive.media.engine.python.engine import PythonEngine
from farmlive.media.engine_choice import NoNativeEngine, choose


def test_an_outputs_ssrcs_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter((4, 5, 4, 8, 9, 6, 6, 7))
    monkeypatch.setattr(calls, "randbits", lambda _: next(draws))
    ssrcs = Ssrcs.generate()
    assert {ssrcs.video, ssrcs.retransmission, ssrcs.audio} == {5, 9, 7}


@pytest.fixture
def without_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "farmlive.media.engine.native.engine", None)


def test_python_is_there_for_the_asking() -> None:
    with capture_logs() as logs:
        engine = choose("python", 0)
    assert (type(engine), engine.name, logs) == (PythonEngine, "python", [])


@pytest.mark.usefixtures("without_extension")
def test_native_is_refused_where_it_was_not_built() -> None:
    with pytest.raises(NoNativeEngine, match="python3-dev"):
        choose("native", 0)


@pytest.mark.usefixtures("without_extension")
def test_auto_goes_on_with_python_and_says_once_what_that_costs() -> None:
    with capture_logs() as logs:
        assert choose("auto", 0).name == "python"
    [warning] = logs
    assert warning["log_level"] == "warning"
    assert "about twice the CPU" in warning["meaning"]


def test_native_is_there_where_it_was_built() -> None:
    pytest.importorskip(
        "farmlive.media.engine.native._native", reason="the engine in C was not built"
    )
    with capture_logs() as logs:
        assert choose("native", 0).name == choose("auto", 2).name == "native"
    assert logs == []


@pytest.mark.parametrize(("cores", "threads"), [(1, 0), (2, 2), (16, 4)])
def test_by_itself_it_sends_from_every_core(
    monkeypatch: pytest.MonkeyPatch, cores: int, threads: int
) -> None:
    native = pytest.importorskip("farmlive.media.engine.native.engine", reason="it was not built")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    made: list[int] = []
    monkeypatch.setattr(native, "NativeEngine", lambda count, _, **__: made.append(count))
    choose("native", "auto")
    assert made == [threads]

"""Where a run's time goes: said at the end of one that several processes share, and where
`--durations` asks for it.

The columns are seconds: of CPU in the tests' own processes, and in the programs that they started
and waited for; in which a test was ready and another one had the core; and in which it waited.
Chromium, which outlives its tests, is counted where its process ends.
"""

import os
import resource
import time
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROWS, TESTS = 40, 25


class Spent(NamedTuple):
    """Seconds of a test, or of many."""

    wall: float = 0.0
    own: float = 0.0
    programs: float = 0.0
    queued: float = 0.0

    @property
    def cpu(self) -> float:
        """All CPU."""
        return self.own + self.programs

    @property
    def waited(self) -> float:
        """What is left."""
        return max(0.0, self.wall - self.cpu - self.queued)

    def plus(self, other: "Spent") -> "Spent":
        """The sum of both."""
        return Spent(*(one + two for one, two in zip(self, other, strict=True)))

    def minus(self, other: "Spent") -> "Spent":
        """What is spent since the other."""
        return Spent(*(one - two for one, two in zip(self, other, strict=True)))


def _now() -> Spent:
    programs = resource.getrusage(resource.RUSAGE_CHILDREN)
    queued = 0.0
    with suppress(OSError):  # this system counts it not
        queued = int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9
    return Spent(
        time.monotonic(), time.process_time(), programs.ru_utime + programs.ru_stime, queued
    )


_before = _of_tests = Spent()
_began = Spent(wall=time.monotonic())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logstart() -> None:
    """A test begins."""
    global _before
    _before = _now()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Send what it spent with its last report."""
    global _of_tests
    report = yield
    if call.when == "teardown":
        spent = _now().minus(_before)
        _of_tests = _of_tests.plus(spent)
        report.user_properties.append(("spent", list(spent)))
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what a process spent beside its tests: to import and collect them."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["beside"] = list(_now().minus(_began).minus(_of_tests))


class Whole:
    """What all processes report to the one that began them."""

    def __init__(self) -> None:
        self._tests: dict[str, Spent] = {}
        self._beside = Spent()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == "spent" and report.when == "teardown":
                self._tests[report.nodeid] = Spent(*value)  # type: ignore[misc]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        beside = getattr(node, "workeroutput", {}).get("beside")
        if beside is not None:
            self._beside = self._beside.plus(Spent(*beside))

    def _folders(self) -> Iterator[tuple[str, int, Spent]]:
        sums: defaultdict[str, list[Spent]] = defaultdict(list)
        for nodeid, spent in self._tests.items():
            parts = nodeid.partition("::")[0].split("/")
            sums["/".join(parts[: min(3, len(parts) - 1)])].append(spent)
        for folder, each in sums.items():
            total = Spent()
            for spent in each:
                total = total.plus(spent)
            yield folder, len(each), total
        yield "(imports, collection)", 0, self._beside

    def _all(self) -> tuple[str, int, Spent]:
        total = self._beside._replace(wall=self._beside.cpu + self._beside.queued)
        for spent in self._tests.values():
            total = total.plus(spent)
        return "all", len(self._tests), total

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        write = terminalreporter.write_line
        terminalreporter.section("where the time went (s)")
        head = f"{'own CPU':>9}{'programs':>9}{'queued':>9}{'waited':>9}"

        def row(spent: Spent) -> str:
            return f"{spent.own:9.1f}{spent.programs:9.1f}{spent.queued:9.1f}{spent.waited:9.1f}"

        write(f"{head}    tests")
        folders = sorted(self._folders(), key=lambda each: -each[2].cpu - each[2].waited)
        for folder, count, spent in (self._all(), *folders[:ROWS]):
            write(f"{row(spent)}{count:9}  {folder}")
        longest = sorted(self._tests.items(), key=lambda each: -each[1].wall)[:TESTS]
        write(f"\n{head}     wall")
        for nodeid, spent in longest:
            write(f"{row(spent)}{spent.wall:9.1f}  {nodeid}")
        own = resource.getrusage(resource.RUSAGE_SELF)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        write(
            f"\nthe process that shared them out: {own.ru_utime + own.ru_stime:.1f} s of CPU; "
            f"all others: {children.ru_utime + children.ru_stime:.1f}"
        )


def pytest_configure(config: pytest.Config) -> None:
    """Report where the tests are shared out, or the caller asks how long they take."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    if not is_worker and (config.getoption("numprocesses", None) or config.option.durations):
        config.pluginmanager.register(Whole(), "whole time")

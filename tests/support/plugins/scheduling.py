"""How the processes of a run share the tests."""

import os
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# What takes longest, and so is begun early, or one process is at it when the others are done.
LONG = (
    "tests/demo/",
    "tests/scripts/",
    "tests/faults/",
    "tests/server/",
    "tests/api/",
    "tests/store/test_",
    "tests/test_commands.py",
    "tests/test_file_routes.py",
)
BROWSER = "tests/browser/"
# Where its second and its third part begin.
BROWSER_PARTS = ("console/", "live/")
# Tests that mostly wait, for seconds each: every process takes one at a time. All other files are
# shared out whole, so that their tests share what their module sets up.
SINGLE = ("tests/faults/", "tests/media/engine/", "tests/media/test_", "tests/scripts/benches/")
WHOLE = ("tests/scripts/benches/test_audience.py", "tests/scripts/benches/test_relay.py")


class Processes(LoadScopeScheduling):  # type: ignore[misc]
    """Spreads files, or single tests, over processes, those of the browser over three: more
    Chromiums at a time would take each other's cores.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(BROWSER):
            return f"browser, {sum(nodeid > BROWSER + each for each in BROWSER_PARTS)}"
        if nodeid.startswith(SINGLE) and not nodeid.startswith(WHOLE):
            return nodeid
        return nodeid.partition("::")[0]

    def mark_test_complete(
        self, node: WorkerController, item_index: int, duration: float = 0
    ) -> None:
        """Forget what is done: each event of a test counts all that its process ever had."""
        super().mark_test_complete(node, item_index, duration)
        scope = self._split_scope(self.registered_collections[node][item_index])
        if all(self.assigned_work[node][scope].values()):
            del self.assigned_work[node][scope]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Processes:
    """How `scripts/test` has its processes share the tests: in their order, not the fullest file
    first.
    """
    config.option.loadscopereorder = False
    return Processes(config, log)


def _mixed(items: list[pytest.Item]) -> list[pytest.Item]:
    """The browser's, which xdist begins first, as the scopes of most tests; then the long ones and
    media's evenly among all others: those mostly wait, and leave the cores to the others. The long
    ones are done with when the last third begins.
    """
    groups: list[list[pytest.Item]] = [[], [], [], []]
    for item in items:
        first = ("tests/browser/", "tests/media/")
        starts = [item.nodeid.startswith(each) for each in (LONG, *first)]
        groups[starts.index(True) if any(starts) else 3].append(item)
    long, browser, media, others = groups
    places = [
        (at / len(group) * until, item)
        for group, until in ((long, 0.67), (media, 1), (others, 1))
        for at, item in enumerate(group)
    ]
    return [*browser, *(item for _, item in sorted(places, key=lambda place: place[0]))]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put them in the order in which several processes are done first."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items[:] = _mixed(items)

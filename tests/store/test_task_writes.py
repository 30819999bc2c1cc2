"""What the server writes for nobody who waits: each write has a task's deadline, or names one."""

import ast
import asyncio
from pathlib import Path

import pytest
from tests.support.waiting import until

import farmlive
from farmlive.periodic import Periodic, create_task
from farmlive.store import Store
from farmlive.store.deadlines import REQUEST_S, TASK_S, ticks

# Where tasks are made beside `periodic.py`, and why they need no deadline of a task.
APART = {
    "periodic.py": "it says whose they are",
    "broadcast/channel.py": "reads who may go on",
    "broadcast/hub.py": "reads a log for its viewers",
    "broadcast/hubs.py": "reads a log for those who wait for it",
    "bus.py": "asks Redis",
    "edge/documents.py": "writes a document in memory",
    "nodes/leases.py": "reads a lease for those who wait for it",
    "operations/routes.py": "reads for whoever asks for the numbers",
    "pages/shared.py": "draws a page for those who wait for it",
    "operations/probe.py": "writes a file",
    "server.py": "is the HTTP server",
    "shop/notices/notices.py": "is begun by the alarm's task, whose it is",
}
# Rooms that know no database, or are clients.
OTHERS = ("media", "client", "demo")


def makes_tasks(path: Path) -> bool:
    """Whether the file calls `create_task` of asyncio or of a loop."""
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    names = {call.func.attr for call in calls if isinstance(call.func, ast.Attribute)}
    return not names.isdisjoint({"create_task", "ensure_future"})


def test_every_task_is_one_of_again_or_says_why_not() -> None:
    top = Path(farmlive.__file__).parent
    found = {
        str(path.relative_to(top))
        for path in top.rglob("*.py")
        if path.relative_to(top).parts[0] not in OTHERS and makes_tasks(path)
    }
    assert found == set(APART), "use again.create_task, or say here why not"


async def due_of(store: Store) -> int:
    """At how many checks from now the write is due that is in hand or waits."""
    units = [*store._writer._pending, *(unit for unit, _ in store._writer._last)]
    (unit,) = units
    return unit.due - store.condition.ticks


@pytest.mark.parametrize("deep", [False, True])
async def test_a_tasks_write_has_a_tasks_deadline_also_in_tasks_that_it_makes(
    store: Store, deep: bool
) -> None:
    dues: list[int] = []

    async def write() -> None:
        writing = asyncio.ensure_future(store.write(lambda _: None))
        await asyncio.sleep(0)
        dues.append(await due_of(store))
        await writing

    async def deed() -> None:
        if deep:
            await asyncio.gather(write())
        else:
            await write()

    again = Periodic(3600, deed, "failed", at_once=True)
    await again.start()
    await until(lambda: dues, "it has written")
    await again.stop()
    await create_task(write())
    await write()  # a request's, as a test is
    assert dues == [ticks(TASK_S), ticks(TASK_S), ticks(REQUEST_S)]


async def test_a_task_may_name_another(store: Store) -> None:
    async def write() -> None:
        writing = asyncio.ensure_future(store.write(lambda _: None, within_s=REQUEST_S))
        await asyncio.sleep(0)
        assert await due_of(store) == ticks(REQUEST_S)
        await writing

    await create_task(write())

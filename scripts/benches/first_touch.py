"""The first access of a server to a broadcast of 200,000 events, in a process of its own: the time
until its state is built, and the peak growth of the process's memory meanwhile.

`python -m scripts.benches.first_touch FOLDER BROADCAST` prints it as one JSON object; with `--keep
SEQ` it writes the checkpoint of that event first, and ends.
"""

import argparse
import asyncio
import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import Connection, delete

from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.checkpoints import Checkpoints, capture
from farmlive.broadcast.hub import Counts, Hub
from farmlive.broadcast.log import Event
from farmlive.broadcast.tables import log_checkpoints
from farmlive.bus import LocalBus
from farmlive.composition.lookups import make_log
from farmlive.settings import Settings
from farmlive.store import Store

_PAGE = 1_000
_SCRIPTS = Path(__file__).parents[1]


async def measure(folder: Path, broadcast: str) -> dict[str, float]:
    """Return `first_touch_ms` and `first_touch_mib` of a new process."""
    return dict(json.loads(await _child(str(folder), broadcast)))


async def keep_checkpoint(folder: Path, broadcast: str, seq: int) -> None:
    """Keep only the checkpoint of that event."""
    await _child(str(folder), broadcast, "--keep", str(seq))


async def _child(*given: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.benches.first_touch", *given),
        env={**os.environ, "PYTHONPATH": str(_SCRIPTS)},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError("the first look at a broadcast failed")
    return said


async def _touch(store: Store, broadcast: str) -> dict[str, float]:
    log = make_log(LocalBus())
    broadcasts = Broadcasts(store, log, LocalBus())
    await broadcasts.get(broadcast)  # a reader is connected
    before = _begin_peak()
    began = time.perf_counter()
    async with broadcasts.hub(broadcast) as hub:
        took = time.perf_counter() - began
        grown = _status("VmHWM") - before
        head = await store.read(lambda connection: log.head(connection, broadcast).seq)
        if hub.scene.seq != head:
            raise RuntimeError(f"it knows {hub.scene.seq} events of {head}")
    await broadcasts.hubs.stop()
    return {"first_touch_ms": round(took * 1000, 1), "first_touch_mib": round(grown / 1024, 1)}


async def _keep(store: Store, broadcast: str, seq: int) -> dict[str, float]:
    async def none(_after: int) -> list[Event]:
        return []

    log, hub = make_log(LocalBus()), Hub(broadcast, none, Counts())

    def page(connection: Connection) -> list[Event]:
        after = hub.scene.seq
        return log.events(connection, broadcast, after=after, limit=min(_PAGE, seq - after))

    while hub.scene.seq < seq:
        hub.load(await store.read(page))
    await store.write(lambda connection: connection.execute(delete(log_checkpoints)) and None)
    await Checkpoints(store).store(capture(broadcast, hub.scene, seq))
    return {}


def _begin_peak() -> int:
    """Count the peak of this process's memory from now on (proc(5)); return the present size,
    KiB.
    """
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    """Return a figure of this process's memory, KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


async def _run(given: argparse.Namespace) -> dict[str, Any]:
    store = await Store.open(Settings(data=given.folder))
    try:
        if given.keep:
            return await _keep(store, given.broadcast, given.keep)
        return await _touch(store, given.broadcast)
    finally:
        await store.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("broadcast")
    parser.add_argument("--keep", type=int, default=0)
    print(json.dumps(uvloop.run(_run(parser.parse_args()))))


if __name__ == "__main__":
    main()

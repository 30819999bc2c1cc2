"""Writes media's events into the log, in order, each on condition of the lease that it happened
under.
"""

import asyncio

import structlog
from sqlalchemy import Connection

from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.events import (
    BroadcastPaused,
    BroadcastResumed,
    EventModel,
    SourceJoined,
    SourceLeft,
    SourceSwitched,
)
from farmlive.media import MediaEvent
from farmlive.nodes import Leases
from farmlive.outages import DependencyHealth, reason_of
from farmlive.periodic import create_task

_log = structlog.get_logger(__name__)


class EventWriter:
    """Writes the events of this server's relay."""

    def __init__(self, broadcasts: Broadcasts, leases: Leases):
        self._broadcasts = broadcasts
        self._leases = leases
        # Events with the epoch of the lease under which each happened.
        self._told: asyncio.Queue[tuple[MediaEvent, int | None]] = asyncio.Queue()
        self._writing_fails = DependencyHealth(
            "media events",
            lost="media events were not written",
            back="media events are written again",
        )
        self._writing = create_task(self._write_for_ever())

    async def stop(self) -> None:
        """Write the queued events, then stop."""
        await self._told.join()
        self._writing.cancel()
        await asyncio.gather(self._writing, return_exceptions=True)

    def write(self, event: MediaEvent) -> None:
        """Queue the event for the log, after earlier ones."""
        self._told.put_nowait((event, self._leases.epoch(event.broadcast)))

    async def _write_for_ever(self) -> None:
        while True:
            event, epoch = await self._told.get()
            try:
                if not await self._write(event, epoch):
                    _log.warning(
                        "another server has the cameras by now; this was not written",
                        broadcast=event.broadcast,
                        kind=event.kind,
                        epoch=epoch,
                    )
            except Exception as error:
                self._writing_fails.failed(f"{event.kind}: {reason_of(error)}")
            else:
                self._writing_fails.recovered()
            finally:
                self._told.task_done()

    async def _write(self, event: MediaEvent, epoch: int | None) -> bool:
        """Write the event; return False if another server has had the lease since."""
        if epoch is None:
            return False

        def stands(connection: Connection) -> bool:
            return self._leases.stands(connection, event.broadcast, epoch)

        return await self._broadcasts.media_event(event.broadcast, _as_logged(event), stands)


def _as_logged(event: MediaEvent) -> EventModel:
    match event.kind:
        case "joined":
            return SourceJoined(source=event.source, label=event.label, guest=event.guest)
        case "left":
            return SourceLeft(source=event.source, guest=event.guest)
        case "switched":
            codec = event.codec or None
            return SourceSwitched(source=event.source, label=event.label, codec=codec)
        case "paused":
            return BroadcastPaused(reason="source")
        case "resumed":
            return BroadcastResumed()

"""Keeps films published: restarts a publication when it ends, and keeps the orchard on air and the
kitchen beside it.

Owns the pauses between starts and the order of the cameras. publish.py sends a film.
"""

import asyncio
import contextlib
from pathlib import Path

import httpx
import structlog

from farmlive.client import Api, ApiProblem
from farmlive.demo.publish import Publication
from farmlive.periodic import Task

_log = structlog.get_logger(__name__)
_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0)
_STEADY_S = 30.0
_LOOK_S = 0.1
# The kitchen waits no longer for the orchard.
_ORCHARD_S = 8.0


class FilmOnAir(Task):
    """Publishes a film, in a child process that ends with it.

    `restarts` counts how often it had to be started again.
    """

    def __init__(self, film: Path, whip_url: str, key: str):
        super().__init__()
        self._film, self._whip_url, self._key = film, whip_url, key
        self._publication: Publication | None = None
        self.restarts = 0

    def vanish(self) -> None:
        """Kill the child without a message to the server; another starts after the first pause."""
        if self._publication is not None:
            self._publication.vanish()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        failed = 0
        while True:
            began = loop.time()
            said = await self._publish_once()
            failed = 1 if loop.time() - began > _STEADY_S else failed + 1
            pause_s = _PAUSES_S[min(failed, len(_PAUSES_S)) - 1]
            _log.warning("the demo's publisher ended", said=said, again_in_s=pause_s)
            await asyncio.sleep(pause_s)
            self.restarts += 1

    async def _publish_once(self) -> str:
        self._publication = publication = Publication(self._film, self._whip_url, self._key)
        running = asyncio.create_task(asyncio.to_thread(publication.run))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            publication.stop()
            await running
            raise


class OrchardAndKitchen:
    """The demo's two cameras in one broadcast. The orchard is on air until a person switches.

    Without anyone's pick the first camera stays on air: so the orchard comes first. An outside
    camera that comes later is beside it, as anywhere. `api` is a client of staff, `whip_url` the
    broadcast's.
    """

    def __init__(
        self,
        api: Api,
        broadcast: str,
        whip_url: str,
        orchard: tuple[Path, str],
        kitchen: tuple[Path, str],
    ):
        self._api, self._broadcast = api, broadcast
        self._orchard = FilmOnAir(orchard[0], whip_url, orchard[1])
        self._kitchen = FilmOnAir(kitchen[0], whip_url, kitchen[1])
        self._starting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start both; returns at once."""
        await self._orchard.start()
        self._starting = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop both and their child processes."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await asyncio.gather(self._orchard.stop(), self._kitchen.stop())

    async def _follow(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ORCHARD_S):
                while True:
                    if await self._has_orchard():
                        break
                    await asyncio.sleep(_LOOK_S)
        await self._kitchen.start()

    async def _has_orchard(self) -> bool:
        with contextlib.suppress(ApiProblem, httpx.HTTPError):
            health = await self._api.health(self._broadcast)
            return any(source["on_air"] for source in health["sources"])
        return False

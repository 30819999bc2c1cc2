"""What watches over a server: whether it lives, whether it can work, and its numbers; and what its
problems mean.
"""

import contextlib
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from farmlive import compact
from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.documents import Document
from farmlive.outages import Outages
from farmlive.people import Guard
from farmlive.problems import NotFound, Problem, Unavailable, types
from farmlive.store import Store

# A batch takes milliseconds.
SLOW_S = 5.0

MediaNumbers = Callable[[], Mapping[str, float]]
NoticeNumbers = Callable[[], Awaitable[Mapping[str, int]]]
RushNumbers = Callable[[], Mapping[str, int]]


class NotReady(Unavailable):
    """The database takes nothing: what is written waits."""

    slug = "not-ready"
    title = "The database takes nothing at the moment"


class Numbers(Collector):
    """The server's numbers, read when they are asked for; `notices` were read just before."""

    def __init__(
        self, broadcasts: Broadcasts, media: MediaNumbers, outages: Outages, rush: RushNumbers
    ):
        self._broadcasts = broadcasts
        self._outages = outages
        self._media = media
        self._rush = rush
        self.notices: Mapping[str, int] = {}

    def collect(self) -> Iterator[Metric]:
        """Each number with its meaning and unit."""
        counts = self._broadcasts.counts
        yield GaugeMetricFamily(
            "farmlive_channels", "Open live channels.", value=self._broadcasts.connected()
        )
        yield GaugeMetricFamily(
            "farmlive_hubs", "Broadcasts in this server's memory.", value=self._broadcasts.hubs
        )
        for name, meaning, value in (
            ("deliveries", "Frames given to clients.", counts.deliveries),
            ("frames", "Frames encoded; one serves many clients.", counts.frames),
            (
                "superseded",
                "Stale events left out, for slow clients and in a rush.",
                counts.superseded,
            ),
            ("cut", "Clients cut because they could not keep up.", counts.cut),
        ):
            yield CounterMetricFamily(f"farmlive_channel_{name}", meaning, value=value)
        for name, meaning in (
            ("waiting", "Notices to buyers that are to be sent."),
            ("sent", "Notices to buyers that were sent, by every server on this database."),
            ("failed", "Notices to buyers that were given up."),
            ("held", "Notices to buyers that a limit holds back, until staff send them."),
        ):
            found = self.notices.get(name, 0)
            yield GaugeMetricFamily(f"farmlive_notices_{name}", meaning, value=found)
        failing = GaugeMetricFamily(
            "farmlive_failing", "What the server can lose: 1 while it is lost.", labels=["what"]
        )
        failures = CounterMetricFamily(
            "farmlive_failures", "How often each of that failed.", labels=["what"]
        )
        for outage in self._outages:
            failing.add_metric([outage.name], float(outage.failing))
            failures.add_metric([outage.name], outage.failures)
        yield failing
        yield failures
        for name, meaning in (
            ("began", "Offers of which new devices took so much that they needed proofs of work."),
            ("proofs_asked", "Requests that were refused for want of such a proof."),
        ):
            value = self._rush().get(name, 0)
            yield CounterMetricFamily(f"farmlive_rush_{name}", meaning, value=value)
        for name, number in self._media().items():
            yield GaugeMetricFamily(f"farmlive_media_{name}", f"Media: {name}.", value=number)


def routes(
    schema: Callable[[], Mapping[str, Any]],
    store: Store,
    broadcasts: Broadcasts,
    guard: Guard,
    media: MediaNumbers,
    notices: NoticeNumbers,
    outages: Outages,
    rush: RushNumbers = dict,
) -> APIRouter:
    """The router of operations; `schema` makes the OpenAPI document of all routes."""
    router = APIRouter(include_in_schema=False)
    registry = CollectorRegistry(auto_describe=False)
    numbers = Numbers(broadcasts, media, outages, rush)
    registry.register(numbers)
    ProcessCollector(registry=registry)

    @router.get("/healthz")
    async def alive() -> dict[str, str]:
        """Whether the process answers."""
        return {"status": "ok"}

    @router.get("/readyz")
    async def ready() -> dict[str, str]:
        """Whether the database answers too, and takes what is written."""
        if store.writing_s > SLOW_S:
            raise NotReady(f"It has been at one write for {store.writing_s:.0f} s.")
        if store.outgrown:
            raise NotReady(f"This server writes nothing more: {store.outgrown}.")
        if failing := outages.failing(needed=True):
            named = (f"{each.name}, for {each.lasts_s:.0f} s" for each in failing)
            raise NotReady(f"Lost: {'; '.join(named)}. The server's log says why.")
        await store.read(lambda connection: connection.execute(text("SELECT 1")).scalar())
        return {"status": "ready"}

    @router.get("/metrics", dependencies=[Depends(guard.operator)])
    async def metrics() -> Response:
        """The server's numbers for Prometheus; from this machine, or by key."""
        with contextlib.suppress(DBAPIError):  # without the database the others are told
            numbers.notices = await notices()
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    described = Document(lambda: compact.encode(schema()), "application/json")
    every_problem = Document(_every_problem, "text/plain; charset=utf-8")

    @router.get("/openapi.json")
    async def openapi(request: Request) -> Response:
        """The OpenAPI document of the API."""
        return await described.answer(request)

    @router.get("/problems")
    async def problems(request: Request) -> Response:
        """Every type of problem, in plain text."""
        return await every_problem.answer(request)

    @router.get("/problems/{slug}", response_class=PlainTextResponse)
    async def problem(slug: str) -> str:
        """What a problem's `type` means, in plain text."""
        for kind in types():
            if kind.slug == slug:
                return _said_of(kind)
        raise NotFound("There is no such type of problem. All of them stand at /problems.")

    return router


def _every_problem() -> bytes:
    found = {kind.slug: kind for kind in types()}
    return "\n".join(_said_of(found[slug]) for slug in sorted(found)).encode()


def _said_of(kind: type[Problem]) -> str:
    meaning = (inspect.getdoc(kind) or "").partition("\n\n")[0]
    return f"/problems/{kind.slug} ({kind.status})\n{kind.title}.\n{meaning}\n"

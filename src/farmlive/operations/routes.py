"""The routes to monitor a server: liveness, readiness and metrics; and the descriptions of
problems.

No request waits for a probe: the routes return the last results of `Probe` and of the outages.
"""

import asyncio
import contextlib
import hashlib
import inspect
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import DBAPIError

from farmlive import compact_json
from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.edge.documents import Document
from farmlive.operations.probe import Probe
from farmlive.operations.timekeeper import Timekeeper
from farmlive.outages import Outages
from farmlive.people import Guard
from farmlive.problems import NotFound, Problem, Unavailable, statuses, types
from farmlive.store import Store

# A batch takes milliseconds.
SLOW_S = 5.0
# How long `/metrics` waits, twice, for values from the database; then it returns the previous ones.
WAIT_S = 0.2
# How long a key that was valid is accepted while it can't be checked.
KNOWN_S = 3600.0
_MOST_KNOWN = 100

MediaNumbers = Callable[[], Mapping[str, float]]
NoticeNumbers = Callable[[], Awaitable[Mapping[str, int]]]
RushNumbers = Callable[[], Mapping[str, int]]


class NotReady(Unavailable):
    """The database accepts no writes; they wait."""

    slug = "not-ready"
    title = "The database accepts no writes at the moment"


class Metrics(Collector):
    """The server's metrics, read at each scrape; `notices` are the last numbers of notices."""

    def __init__(
        self,
        broadcasts: Broadcasts,
        media: MediaNumbers,
        outages: Outages,
        rush: RushNumbers,
        store: Store,
        probe: Probe,
        timekeeper: Timekeeper,
    ):
        self._store = store
        self._probe = probe
        self._timekeeper = timekeeper
        self._broadcasts = broadcasts
        self._outages = outages
        self._media = media
        self._rush = rush
        self.notices: Mapping[str, int] = {}

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with its description and unit."""
        counts = self._broadcasts.hubs.counts
        yield GaugeMetricFamily(
            "farmlive_channels", "Open live channels.", value=self._broadcasts.connected()
        )
        yield GaugeMetricFamily(
            "farmlive_hubs", "Broadcasts in this server's memory.", value=len(self._broadcasts.hubs)
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
            "farmlive_failing",
            "Dependencies of the server: 1 while one is unavailable.",
            labels=["what"],
        )
        failures = CounterMetricFamily(
            "farmlive_failures", "Failures of each dependency since the start.", labels=["what"]
        )
        for outage in self._outages:
            failing.add_metric([outage.name], float(outage.failing))
            failures.add_metric([outage.name], outage.failures)
        yield failing
        yield failures
        yield self._last_failures()
        if (committed := self._store.committed_at) is not None:
            yield GaugeMetricFamily(
                "farmlive_database_committed_seconds",
                "Seconds since the last committed write.",
                value=time.monotonic() - committed,
            )
        for name, meaning, seconds in (
            ("writing", "Age of the database write in progress, seconds.", self._store.writing_s),
            (
                "asking",
                "Age of the oldest unanswered database request, seconds.",
                self._probe.waiting_s,
            ),
            ("looked", "Seconds since the server last probed it.", self._probe.since_probe_s),
        ):
            yield GaugeMetricFamily(f"farmlive_database_{name}_seconds", meaning, value=seconds)
        clocks = self._timekeeper.standing
        yield GaugeMetricFamily(
            "farmlive_clock_offset_seconds",
            "Offset of this machine's clock from the server's time.",
            value=clocks.offset_ms / 1000,
        )
        yield GaugeMetricFamily(
            "farmlive_clock_database_offset_seconds",
            "Offset of the database's clock, after a step that is not applied yet.",
            value=clocks.database_offset_ms / 1000,
        )
        for name, meaning in (
            ("began", "Offers of which new devices took so much that they needed proofs of work."),
            ("proofs_asked", "Requests that were refused for want of such a proof."),
        ):
            value = self._rush().get(name, 0)
            yield CounterMetricFamily(f"farmlive_rush_{name}", meaning, value=value)
        for name, number in self._media().items():
            yield GaugeMetricFamily(f"farmlive_media_{name}", f"Media: {name}.", value=number)

    def _last_failures(self) -> Metric:
        found = GaugeMetricFamily(
            "farmlive_last_failure_seconds",
            "Seconds since each dependency last failed, with the reason.",
            labels=["what", "why"],
        )
        for outage in self._outages:
            if (seconds := outage.failed_s) is not None:
                found.add_metric([outage.name, outage.last_reason], seconds)
        return found


class _Operators:
    """Admits operators to the metrics, also while the database can't authenticate them."""

    def __init__(self, guard: Guard):
        self._guard = guard
        self._known: dict[bytes, float] = {}

    async def check(self, request: Request) -> None:
        """As a dependency: admit an operator, or within an hour a key that was an operator's if the
        database does not answer. Raises what `Guard.operator` raises, and NotReady.
        """
        key = hashlib.sha256(request.headers.get("authorization", "").encode()).digest()
        try:
            async with asyncio.timeout(WAIT_S):
                await self._guard.operator(request)
        except (TimeoutError, Unavailable):
            if time.monotonic() - self._known.get(key, float("-inf")) > KNOWN_S:
                raise NotReady("Who you are can't be looked up. Try again in a moment.") from None
        except Problem:
            self._known.pop(key, None)
            raise
        else:
            if "authorization" in request.headers:
                self._known.pop(key, None)
                self._known[key] = time.monotonic()
                while len(self._known) > _MOST_KNOWN:
                    del self._known[next(iter(self._known))]


def routes(
    schema: Callable[[], Mapping[str, Any]],
    *,
    store: Store,
    probe: Probe,
    timekeeper: Timekeeper,
    broadcasts: Broadcasts,
    guard: Guard,
    media: MediaNumbers,
    notices: NoticeNumbers,
    outages: Outages,
    rush: RushNumbers,
) -> APIRouter:
    """Return the router of operations; `schema` builds the OpenAPI document of all routes."""
    router = APIRouter(include_in_schema=False)
    registry = CollectorRegistry(auto_describe=False)
    numbers = Metrics(broadcasts, media, outages, rush, store, probe, timekeeper)
    operators = _Operators(guard)
    notice_task: asyncio.Task[Mapping[str, int]] | None = None
    registry.register(numbers)
    ProcessCollector(registry=registry)

    @router.get("/healthz")
    async def alive() -> dict[str, str]:
        """Return that the process runs."""
        return {"status": "ok"}

    @router.get("/readyz")
    async def ready() -> dict[str, Any]:
        """Return whether the server is ready: its database accepts writes; and its clocks.

        The values are those of the last probe. A wrong clock does not make it unready.
        """
        if store.writing_s > SLOW_S:
            raise NotReady(f"It has been at one write for {store.writing_s:.0f} s.")
        if store.outgrown:
            raise NotReady(f"This server writes nothing more: {store.outgrown}.")
        if failing := outages.failing(needed=True):
            named = (f"{each.name}, for {each.lasts_s:.0f} s" for each in failing)
            raise NotReady(f"Lost: {'; '.join(named)}. The server's log says why.")
        if probe.waiting_s > SLOW_S:
            raise NotReady(f"The database has not answered for {probe.waiting_s:.0f} s.")
        return {"status": "ready", "clock": timekeeper.standing.as_json()}

    @router.get("/metrics", dependencies=[Depends(operators.check)])
    async def metrics() -> Response:
        """Return the metrics for Prometheus, to this machine or by key."""
        nonlocal notice_task
        if notice_task is None or notice_task.done():
            notice_task = asyncio.create_task(_read_notice_numbers(notices))
        task = notice_task
        done, _ = await asyncio.wait({task}, timeout=WAIT_S)
        if done:  # without the database, the other metrics are returned
            numbers.notices = task.result() or numbers.notices
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    described = Document(lambda: compact_json.encode(schema()), "application/json")
    every_problem = Document(_every_problem, "text/plain; charset=utf-8")

    @router.get("/openapi.json")
    async def openapi(request: Request) -> Response:
        """Return the OpenAPI document of the API."""
        return await described.answer(request)

    @router.get("/problems")
    async def problems(request: Request) -> Response:
        """List every problem type, in plain text."""
        return await every_problem.answer(request)

    @router.get("/problems/{slug}", response_class=PlainTextResponse)
    async def problem(slug: str) -> str:
        """Return what a problem's `type` means, in plain text."""
        for kind in types():
            if kind.slug == slug:
                return _describe(kind)
        raise NotFound("There is no such type of problem. All of them stand at /problems.")

    return router


async def _read_notice_numbers(notices: NoticeNumbers) -> Mapping[str, int]:
    with contextlib.suppress(Unavailable, DBAPIError):
        return await notices()
    return {}


def _every_problem() -> bytes:
    found = {kind.slug: kind for kind in types()}
    return "\n".join(_describe(found[slug]) for slug in sorted(found)).encode()


def _describe(kind: type[Problem]) -> str:
    meaning = (inspect.getdoc(kind) or "").partition("\n\n")[0]
    answered = ", ".join(map(str, statuses(kind)))
    return f"/problems/{kind.slug} ({answered})\n{kind.title}.\n{meaning}\n"

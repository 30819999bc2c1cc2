"""The bench of network faults: the share of freezes at 0, 5 and 10 % loss, beside two browsers that
are joined directly; the time until the picture is back after a blackout and on another network; and
the rate of a publisher on a narrow uplink. In namespaces, with Chromium at both ends.

lab/testbed.py has the wires. Loss is on the viewer's wire, in both directions.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Page
from scripts.benches.lab import browsers
from scripts.benches.lab.lab import Rates, Wire, missing
from scripts.benches.lab.testbed import ONE_WAY_S, ORIGIN, PLAYER, Testbed, testbed
from scripts.benches.report import OtherLoad

LOSSES = (0.0, 0.05, 0.1)
# What both ways of joining the browsers are held to, so that they carry the same picture.
KBPS = 1_500
SETTLE_S = 5.0
BLACKOUT_S = 5.0
# What does not come back within this is reported as this, here and below.
PATIENCE_S = 30.0
# Frames further apart than this are a stop; a picture that runs for so long has come back.
STILL_MS, GOES_ON_MS = 300, 4_000
# The studio's camera sends at most so much.
UPLINK_KBPS = 2_500
REACHED_S = 15.0
FALLEN_KBPS = 600
FALLEN_S = 10.0
RECOVERS_WITHIN_S = 45.0
LIMITS = {
    "freeze_share.loss_5": 0.01,
    "freeze_share.loss_10": 0.05,
    "back_after_blackout_s": 2,
    "back_after_address_change_s": 3,
}
FLOORS = {"uplink_2500k_share": 0.8}

Say = Callable[[str], None]


async def run(long: bool, say: Say, engine: str = "auto") -> dict[str, Any]:
    """Measure; with `long` in windows of two minutes, and each recovery three times. The short
    windows fit into eight minutes; the result has their length. `engine` is the setting's; the
    result says which one the server used.
    """
    window_s, times = (120.0, 3) if long else (36.0, 1)
    return await measure(window_s, times, say, engine)


async def measure(window_s: float, times: int, say: Say, engine: str = "auto") -> dict[str, Any]:
    """Return all figures: freezes in windows of this length, and recoveries as medians."""
    lacking = missing() or browsers.missing()
    if lacking:
        raise SystemExit(lacking)
    async with testbed(engine) as bed:
        engine_used = bed.server.engine
        shares: dict[str, dict[str, float]] = {"freeze_share": {}, "freeze_share_direct": {}}
        detail: dict[str, Any] = {}
        for loss in LOSSES:
            name = f"loss_{round(loss * 100)}"
            for way, joined, wire in (
                ("freeze_share", by_server, bed.down),
                ("freeze_share_direct", directly, bed.direct),
            ):
                say(f"{way} at {loss:.0%} loss, {window_s:g} s")
                async with joined(bed, detail) as page:
                    found = await measure_freezes(page, wire, loss, window_s)
                shares[way][name] = found.pop("share")
                detail[f"{way}.{name}"] = found
        back: dict[str, list[float]] = {
            "back_after_blackout_s": [],
            "back_after_address_change_s": [],
        }
        async with published(bed, KBPS):
            for _ in range(times):
                for figure, recover in (
                    ("back_after_blackout_s", recover_from_blackout),
                    ("back_after_address_change_s", recover_from_address_change),
                ):
                    say(figure)
                    back[figure].append(await measure_recovery(bed, recover))
        say("uplink")
        uplink, recovery, found = await measure_uplink(bed)
        detail["uplink"] = found
    figures = {
        **shares,
        **{name: round(statistics.median(values), 2) for name, values in back.items()},
        "uplink_2500k_share": uplink,
        "uplink_recovery_s": recovery,
    }
    return {
        "engine": engine_used,
        **figures,
        "window_s": window_s,
        "back_runs": back,
        "detail": detail,
        "runs": [figures],
    }


# Two ways to join the browsers.


@asynccontextmanager
async def published(bed: Testbed, kbps: int) -> AsyncIterator[Page]:
    """Publish from a bare page to the server until the block ends."""
    page = await browsers.bare_page(bed.publisher, ORIGIN)
    stage = bed.stage
    try:
        await page.evaluate(
            "publish", {"url": f"/whip/{stage.broadcast}", "key": stage.stream_key, "kbps": kbps}
        )
        yield page
    finally:
        await page.evaluate("hangUp()")
        await page.context.close()


@asynccontextmanager
async def by_server(bed: Testbed, detail: dict[str, Any]) -> AsyncIterator[Page]:
    """Join publisher and viewer through the server; yields the viewer's page."""
    async with published(bed, KBPS) as sender:
        page = await browsers.bare_page(bed.viewer, ORIGIN)
        try:
            await until_it_sends(sender)
            await page.evaluate("watch", {"player": PLAYER, "broadcast": bed.stage.broadcast})
            detail["codec"] = (await browsers.stats(sender))["codec"]
            yield page
        finally:
            await page.evaluate("hangUp()")
            await page.context.close()


@asynccontextmanager
async def directly(bed: Testbed, detail: dict[str, Any]) -> AsyncIterator[Page]:
    """Join publisher and viewer directly; yields the viewer's page."""
    bed.direct.up(default=False)
    sender = await browsers.bare_page(bed.publisher, ORIGIN)
    page = await browsers.bare_page(bed.viewer, ORIGIN)
    try:
        offer = await sender.evaluate("offer", {"kbps": KBPS, "codec": detail["codec"]})
        await sender.evaluate("take", await page.evaluate("answer", offer))
        await until_it_sends(sender)
        used = (await browsers.stats(sender))["codec"]
        if used["mimeType"] != detail["codec"]["mimeType"]:
            raise SystemExit(f"the browsers agreed on {used} where ours has {detail['codec']}")
        yield page
    finally:
        for each in (page, sender):
            await each.evaluate("hangUp()")
            await each.context.close()
        bed.direct.down()


async def until_it_sends(sender: Page) -> None:
    """Wait until the page's encoder has made some frames."""

    async def sends() -> bool:
        return float((await browsers.stats(sender)).get("framesSent", 0)) > 10

    await until(sends, "the publisher sends")


async def until_it_shows(page: Page, frames: int) -> None:
    """Wait until the page has shown more frames than that."""

    async def shows() -> bool:
        return len(await browsers.shown_ms(page)) > frames

    await until(shows, "the viewer shows the picture")


async def until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until the condition holds. Raises SystemExit if it never does."""
    end = time.monotonic() + PATIENCE_S
    while not await holds():
        if time.monotonic() > end:
            raise SystemExit(f"not within {PATIENCE_S:g} s: {what}")
        await asyncio.sleep(0.1)


# Freezes.


async def measure_freezes(page: Page, wire: Wire, loss: float, window_s: float) -> dict[str, Any]:
    """Measure the share of a window for which the viewer's picture stood still, as Chromium counts
    it; a picture that stands still at the end counts up to there.

    The loss begins a few seconds before: a bad link is bad all the time.
    """
    await until_it_shows(page, 30)
    wire.lose(loss)
    try:
        await asyncio.sleep(SETTLE_S)
        busy = OtherLoad(lambda: 0.0)
        before, began = await browsers.stats(page), time.time()
        await asyncio.sleep(window_s)
        after, ended = await browsers.stats(page), time.time()
        dropped = wire.lost(wire.client) + wire.lost(wire.far) if loss else 0
    finally:
        wire.lose(0)
    span_s = ended - began
    frozen_s = after["totalFreezesDuration"] - before["totalFreezesDuration"]
    shown = [at for at in await browsers.shown_ms(page) if began * 1000 <= at <= ended * 1000]
    still_s = ended - (shown[-1] / 1000 if shown else began)
    if still_s > 0.5:
        frozen_s += still_s

    def grown(name: str) -> float:
        return float(after.get(name, 0) - before.get(name, 0))

    return {
        "share": round(frozen_s / span_s, 4),
        "freezes": grown("freezeCount"),
        "fps": round(grown("framesDecoded") / span_s, 1),
        "kbps": round(grown("bytesReceived") * 8 / span_s / 1000),
        "height": after.get("frameHeight"),
        "packets": grown("packetsReceived"),
        "repaired": grown("retransmittedPacketsReceived"),
        "nacks": grown("nackCount"),
        "keyframe_requests": grown("pliCount"),
        "keyframes": grown("keyFramesDecoded"),
        "buffer_ms": round(
            1000 * grown("jitterBufferDelay") / max(1, grown("jitterBufferEmittedCount"))
        ),
        "dropped_by_the_wire": dropped,
        "way": after.get("way"),
        "cores_busy": busy.cores(),
    }


# What comes back.


async def measure_recovery(
    bed: Testbed, recover: Callable[[Testbed, Page], Awaitable[float]]
) -> float:
    """Open the live page, break its link, and return after how many seconds the picture was
    back.
    """
    page = await browsers.open_page(bed.viewer, f"{ORIGIN}/live/{bed.stage.broadcast}")
    try:
        await page.evaluate("note(document.querySelector('video'))")
        await until_it_shows(page, 60)
        return await recover(bed, page)
    finally:
        await page.context.close()


async def recover_from_blackout(bed: Testbed, page: Page) -> float:
    """Drop all packets for a while; return the time from the link's return to the first frame."""
    bed.down.lose(1)
    await asyncio.sleep(BLACKOUT_S)
    bed.down.lose(0)
    returned = time.time() * 1000
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        after = [at for at in await browsers.shown_ms(page) if at > returned]
        if after:
            return round((after[0] - returned) / 1000, 3)
        await asyncio.sleep(0.1)
    return PATIENCE_S


async def recover_from_address_change(bed: Testbed, page: Page) -> float:
    """Take the viewer's network away and give it another; return the time from there to the end of
    the longest freeze.
    """
    other = bed.lab.wire(bed.viewer_place, bed.server_place, ONE_WAY_S)
    changed = time.time() * 1000
    bed.down.down()
    other.up()
    bed.down = other
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        await asyncio.sleep(1)
        after = [at for at in await browsers.shown_ms(page) if at > changed]
        stops = [(b - a, b) for a, b in zip([changed, *after], after, strict=False)]
        longest, last = max(stops, default=(0.0, 0.0))
        # The picture is back where it has run for a while since; one that never stopped is too.
        if after and after[-1] - max(last, changed) > GOES_ON_MS:
            return round((last - changed) / 1000, 3) if longest > STILL_MS else 0.0
    return PATIENCE_S


# The way up.


async def measure_uplink(bed: Testbed) -> tuple[float, float, dict[str, Any]]:
    """Measure a publisher on a narrow uplink: the share of the uplink that it uses after 15 s, and
    the time until it uses that again after the uplink was much narrower for a while; with details.
    """
    wire, rates = bed.up, Rates(bed.up)
    wire.narrow(UPLINK_KBPS)
    try:
        async with published(bed, UPLINK_KBPS) as sender:
            await until_it_sends(sender)
            began = time.monotonic()
            await rates.until(began + REACHED_S)
            reached = rates.kbps(5)
            wire.narrow(FALLEN_KBPS)
            await rates.until(time.monotonic() + FALLEN_S)
            fallen = rates.kbps(3)
            wire.narrow(UPLINK_KBPS)
            returned = time.monotonic()
            recovery = RECOVERS_WITHIN_S
            while (taken := time.monotonic() - returned) < RECOVERS_WITHIN_S:
                await rates.until(time.monotonic() + 0.25)
                if taken > 2 and rates.kbps(2) >= FLOORS["uplink_2500k_share"] * UPLINK_KBPS:
                    recovery = round(taken, 1)
                    break
            sent = await browsers.stats(sender)
    finally:
        wire.narrow(None)
    return (
        round(reached / UPLINK_KBPS, 3),
        recovery,
        {
            "reached_kbps": round(reached),
            "fallen_kbps": round(fallen),
            "kbps_each_second": rates.seconds(),
            "height": sent.get("frameHeight"),
            "fps": sent.get("framesPerSecond"),
            "limited_by": sent.get("limited_by"),
        },
    )

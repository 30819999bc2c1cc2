"""The selftest's live checks: stream, viewers, cards, lost channel, lost camera."""

import asyncio
import statistics
import time

from farmlive.demo.film import kitchen, scenery
from farmlive.demo.film.film import RATE
from farmlive.demo.on_air import FilmOnAir
from farmlive.demo.selftest.stage import CounterViewer, Stage, require


class TryLive:
    """The steps; each returns its measurement, or raises."""

    def __init__(self, stage: Stage):
        self._stage = stage

    async def publish(self) -> str:
        """Publish, while a viewer waits already."""
        stage = self._stage
        key = await stage.api.create_stream_key(stage.broadcast, "encoder", "selftest")
        stage.source = key["source"]
        stage.camera = FilmOnAir(stage.film, key["whip_url"], key["key"])
        stage.early = CounterViewer(stage.whep, patience_s=15)
        waiting = asyncio.create_task(stage.early.viewer.start())
        await stage.camera.start()
        await waiting
        await stage.early.wait_frames(RATE)
        return f"first frame {stage.early.viewer.first_frame_ms:.0f} ms after the POST"

    async def join_late(self) -> str:
        """Join while the stream runs, between keyframes."""
        stage = self._stage
        stage.late = CounterViewer(stage.whep, patience_s=0)
        await stage.late.viewer.start()
        await stage.late.wait_frames(2 * RATE)
        first_ms = stage.late.viewer.first_frame_ms
        require(first_ms < 2000, f"the first frame took {first_ms:.0f} ms")
        return f"first frame {first_ms:.0f} ms after the POST"

    async def delay(self) -> str:
        """Read the delay from the counters of both viewers."""
        early, late = self._stage.viewers
        await asyncio.gather(early.wait_frames(2 * RATE), late.wait_frames(2 * RATE))
        medians = [statistics.median(eye.delays_ms[-RATE:]) for eye in (early, late)]
        unread = early.unread + late.unread
        require(unread <= 2, f"{unread} frames had no readable counter")
        require(max(medians) < 1000, f"{max(medians):.0f} ms")
        return f"early {medians[0]:.0f} ms, late {medians[1]:.0f} ms, both decoded here"

    async def pin(self) -> str:
        """Pin a card and time its arrival in each channel."""
        began = time.monotonic_ns()
        waiting = [
            asyncio.create_task(watcher.wait_for("card.pinned", 5, offer=self._stage.offer))
            for watcher in self._stage.watchers
        ]
        await self._stage.host.call("card.pin", offer=self._stage.offer)
        took_ms = [(event.arrived_ns - began) / 1e6 for event in await asyncio.gather(*waiting)]
        require(max(took_ms) < 1000, f"it took {max(took_ms):.0f} ms")
        return " and ".join(f"{ms:.0f} ms" for ms in took_ms)

    async def switch(self) -> str:
        """Put a second camera on air and the first one back, as the viewers see it."""
        stage = self._stage
        sessions = [eye.viewer.session for eye in stage.viewers]
        # The first one is picked: a camera that joins takes nobody's place.
        await stage.api.commands(stage.broadcast).switch(stage.source)
        key = await stage.api.create_stream_key(stage.broadcast, "encoder", "selftest 2")
        stage.second_camera = FilmOnAir(stage.kitchen, key["whip_url"], key["key"])
        await stage.second_camera.start()
        await stage.host.wait_for("source.joined", 15, source=key["source"])
        await self._flows(key["source"])
        require(stage.viewers[0].width == scenery.WIDTH, "it went on air without being picked")
        to_ms = await self._put_on_air(key["source"], kitchen.WIDTH)
        back_ms = await self._put_on_air(stage.source, scenery.WIDTH)
        await stage.second_camera.stop()
        same = [eye.viewer.session for eye in stage.viewers] == sessions
        require(same, "a viewer had to connect again")
        require(max(to_ms, back_ms) < 5000, f"{to_ms:.0f} ms there, {back_ms:.0f} ms back")
        return f"seen after {to_ms:.0f} ms, and back after {back_ms:.0f} ms"

    async def _flows(self, source: str) -> None:
        """Wait until the source's media flows."""
        async with asyncio.timeout(15):
            while True:
                health = await self._stage.api.health(self._stage.broadcast)
                if any(s["id"] == source and not s["away"] for s in health["sources"]):
                    return
                await asyncio.sleep(0.1)

    async def _put_on_air(self, source: str, width: int) -> float:
        """Switch, wait until both viewers see it, and return the milliseconds."""
        began = time.monotonic()
        await self._stage.api.commands(self._stage.broadcast).switch(source)
        await asyncio.gather(*(eye.wait_width(width) for eye in self._stage.viewers))
        return (time.monotonic() - began) * 1000

    async def resume(self) -> str:
        """Drop a channel, send messages meanwhile, and check that it misses none and repeats
        none.
        """
        watcher = self._stage.watchers[0]
        welcome = watcher.welcome
        await watcher.drop()
        began = time.monotonic()
        said = [f"{number}" for number in range(5)]
        for text in said:
            await self._stage.host.call("chat.say", text=text)
        heard = [(await watcher.wait_for("chat.said", 10)).data["text"] for _ in said]
        took_ms = (time.monotonic() - began) * 1000
        require(heard == said, f"said {said}, heard {heard}")
        require(watcher.resumes == 1, f"the channel resumed {watcher.resumes} times")
        require(watcher.duplicates == 0, f"{watcher.duplicates} events came twice")
        require(watcher.welcome is welcome, "it was welcomed anew instead of resumed")
        return f"5 of 5 messages, once each, after {took_ms:.0f} ms"

    async def camera_returns(self) -> str:
        """Kill the camera's process; it restarts by itself, and viewers see frames again."""
        early, late = self._stage.viewers
        require(self._stage.camera is not None, "there is no camera")
        assert self._stage.camera is not None
        sessions = [eye.viewer.session for eye in (early, late)]
        early.longest_gap_s = late.longest_gap_s = 0.0
        self._stage.camera.vanish()
        while max(early.longest_gap_s, late.longest_gap_s) < 0.5:
            await asyncio.gather(early.wait_frames(1, 30), late.wait_frames(1, 30))
        await asyncio.gather(early.wait_frames(RATE), late.wait_frames(RATE))
        require(
            [eye.viewer.session for eye in (early, late)] == sessions,
            "a viewer had to connect again",
        )
        gap_s = max(early.longest_gap_s, late.longest_gap_s)
        require(gap_s < 30, f"frames came back after {gap_s:.0f} s")
        return f"{gap_s:.1f} s without a frame"

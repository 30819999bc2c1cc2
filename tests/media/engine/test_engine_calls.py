"""The engine's calls where they come twice, or for what is gone: the same on each engine."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from tests.media.support import packets
from tests.media.support.light_peers import GCM, Light, Told, started
from tests.support.waiting import until

from farmlive.media.engine.interface import (
    Engine,
    Incoming,
    Keys,
    Outgoing,
    Output,
    Publishing,
    Viewing,
)
from farmlive.media.wire.rtp import Packet

VP8 = Publishing([Incoming("video", 90_000, {96: "VP8"}, nack=True, pli=True)])
VP9 = Publishing([Incoming("video", 90_000, {98: "VP9:0"}, nack=True, pli=True)])
VIEWING = Viewing({"VP8": Outgoing(96, 97)}, {})
NOTHING = {
    "peers": 0,
    "publishers": 0,
    "viewers": 0,
    "outputs": 0,
    "ufrags": 0,
    "secured": 0,
    "addresses": 0,
    "sockets": 0,
    "connections": 0,
}


class Camera(Light):
    """Sends keyframes of one packet each, 50 a second, from `roll` on."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        engine.publish(self.number, VP8)

    async def roll(self) -> None:
        await self.come()
        self.rolling = asyncio.create_task(self._send())

    async def _send(self) -> None:
        for frame in itertools.count():
            packet = Packet(frame & 0xFFFF, frame * 1_800, True, b"\x10\x00\x50\x00")
            data = packets.write(packet, 96, 500)
            self.sock.send(self.protection._transmit.protect(data))
            await asyncio.sleep(0.02)

    def close(self) -> None:
        if hasattr(self, "rolling"):
            self.rolling.cancel()
        super().close()


class Watcher(Light):
    """A viewer of an output."""

    def __init__(self, engine: Engine, output: Output) -> None:
        super().__init__(engine)
        engine.view(self.number, output, VIEWING)

    def got(self, ssrc: int) -> int:
        """How many packets of this SSRC came."""
        return sum(each.ssrc == ssrc for each in self.media)

    async def gets(self, engine: Engine, output: Output) -> None:
        """Wait for more of this output."""
        ssrc = engine.ssrcs(output).video
        before = self.got(ssrc)
        await until(lambda: self.got(ssrc) > before + 5, "more of the output comes")


@pytest.fixture
async def both(engine_name: Any) -> AsyncIterator[tuple[Engine, Told]]:
    async with started(engine_name) as both:
        yield both


@pytest.fixture
def engine(both: tuple[Engine, Told]) -> Engine:
    return both[0]


@pytest.fixture
def told(both: tuple[Engine, Told]) -> Told:
    return both[1]


async def on_air(engine: Engine) -> tuple[Output, Camera, Watcher]:
    """An output with a camera on air, and somebody who gets it."""
    output = engine.add_output()
    camera, watcher = Camera(engine), Watcher(engine, output)
    engine.put_on_air(output, camera.number)
    await camera.roll()
    await watcher.come()
    await watcher.gets(engine, output)
    return output, camera, watcher


async def test_what_is_published_goes_on_after_another_publish(engine: Engine) -> None:
    output, camera, watcher = await on_air(engine)
    engine.publish(camera.number, VP9)
    await watcher.gets(engine, output)
    assert engine.gauges()["publishers"] == 1
    later = Watcher(engine, output)
    await later.come()
    await later.gets(engine, output)


async def test_what_is_watched_goes_on_after_another_view(engine: Engine) -> None:
    output, _, watcher = await on_air(engine)
    other = engine.add_output()
    engine.view(watcher.number, other, VIEWING)
    engine.remove_output(other)
    await watcher.gets(engine, output)
    assert engine.viewer_health(watcher.number) is not None


async def test_another_view_before_the_first_has_begun_is_ignored(engine: Engine) -> None:
    output, _, _ = await on_air(engine)
    other = engine.add_output()
    late = Watcher(engine, output)
    engine.view(late.number, other, VIEWING)
    await late.come()
    await late.gets(engine, output)


async def test_a_peer_keeps_its_role(engine: Engine) -> None:
    output, camera, watcher = await on_air(engine)
    engine.publish(watcher.number, VP8)
    engine.view(camera.number, output, VIEWING)
    await watcher.gets(engine, output)
    held = engine.gauges()
    assert (held["publishers"], held["viewers"]) == (1, 1)
    assert engine.health(watcher.number) is None
    assert engine.viewer_health(camera.number) is None
    engine.remove_output(output)
    assert engine.health(camera.number) is not None


async def test_health_that_was_returned_does_not_change(engine: Engine) -> None:
    _, camera, _ = await on_air(engine)
    first = engine.health(camera.number)
    assert first is not None
    kept = replace(first)
    await until(lambda: engine.health(camera.number) != first, "it is measured")
    assert first == kept


async def test_a_switch_goes_on_where_no_publisher_is_put_on_air(
    engine: Engine, told: Told
) -> None:
    output = engine.add_output()
    camera, watcher = Camera(engine), Watcher(engine, output)
    engine.put_on_air(output, camera.number)
    engine.put_on_air(output, watcher.number)
    await camera.roll()
    await until(lambda: ("aired", output, camera.number) in told.events, "it is told of the camera")


async def test_other_keys_are_ignored(engine: Engine) -> None:
    output, camera, watcher = await on_air(engine)
    for each in (camera, watcher):
        engine.secure(each.number, Keys(GCM, 16, os.urandom(28), os.urandom(28)))
    await watcher.gets(engine, output)
    assert engine.gauges()["secured"] == 2


async def test_viewers_of_a_removed_output_watch_nothing_and_may_watch_another(
    engine: Engine,
) -> None:
    output, camera, watcher = await on_air(engine)
    ssrcs = engine.ssrcs(output)
    engine.remove_output(output)
    assert engine.viewer_health(watcher.number) is None
    held = engine.gauges()
    assert (held["peers"], held["secured"], held["outputs"]) == (2, 2, 0)
    assert (held["publishers"], held["viewers"]) == (1, 0)
    with pytest.raises(KeyError):
        engine.ssrcs(output)
    other = engine.add_output()
    engine.put_on_air(other, camera.number)
    engine.view(watcher.number, other, VIEWING)
    await watcher.gets(engine, other)
    before = watcher.got(ssrcs.video)
    await watcher.gets(engine, other)
    assert watcher.got(ssrcs.video) == before
    assert engine.gauges()["viewers"] == 1


async def test_an_output_is_removed_before_its_viewer_has_come(engine: Engine) -> None:
    output = engine.add_output()
    watcher = Watcher(engine, output)
    engine.remove_output(output)
    await watcher.come()
    await until(lambda: engine.gauges()["secured"], "it has its keys")
    assert engine.viewer_health(watcher.number) is None
    assert engine.gauges()["viewers"] == 0


async def test_what_was_sent_stays_counted_when_outputs_and_viewers_go(engine: Engine) -> None:
    output, camera, watcher = await on_air(engine)
    before = engine.counters()["packets_sent"]
    assert before > 0
    engine.remove_output(output)
    assert engine.counters()["packets_sent"] >= before
    engine.remove_peer(watcher.number)
    engine.remove_peer(camera.number)
    assert engine.counters()["packets_sent"] >= before


async def test_after_the_stop_it_holds_nothing_and_ignores_calls(engine: Engine) -> None:
    output, camera, watcher = await on_air(engine)
    sent = engine.counters()["packets_sent"]
    await engine.stop()
    assert dict(engine.gauges()) == NOTHING
    assert engine.counters()["packets_sent"] >= sent
    engine.put_on_air(output, camera.number)
    engine.put_on_air(output, None)
    engine.view(watcher.number, output, VIEWING)
    engine.remove_output(output)
    engine.remove_peer(camera.number)
    assert engine.viewer_health(watcher.number) is None
    assert dict(engine.gauges()) == NOTHING

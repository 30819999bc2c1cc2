"""Viewers who limit what they get of their track: the same on each engine."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.media.support import packets
from tests.media.support.light_peers import Light, started
from tests.support.waiting import until

from farmlive.media.engine.interface import (
    Engine,
    Incoming,
    Outgoing,
    Output,
    Publishing,
    Rung,
    Viewing,
)
from farmlive.media.wire import rtcp
from farmlive.media.wire.rtp import Packet

PUBLISHING = Publishing(
    [
        Incoming("video", 90_000, {96: "VP8"}, nack=True, pli=True),
        Incoming("audio", 48_000, {111: "OPUS"}),
    ]
)
CODECS = {"VP8": Outgoing(96, 97)}, {"OPUS": Outgoing(111)}
KEY, DELTA = b"\x10\x00\x50\x00", b"\x10\x01\x00\x00"
GROUP = 10


class Camera(Light):
    """Sends a keyframe and nine other frames, again and again, and sound with each; each frame has
    this many octets, in two packets.
    """

    def __init__(self, engine: Engine, octets: int = 0) -> None:
        super().__init__(engine)
        self.octets = octets // 2
        engine.publish(self.number, PUBLISHING)

    async def roll(self) -> None:
        await self.come()
        self.rolling = asyncio.create_task(self._send())

    async def _send(self) -> None:
        for frame in itertools.count():
            head = DELTA if frame % GROUP else KEY
            for part in range(2):
                payload = (b"\x00" if part else head) + bytes(self.octets)
                number = (2 * frame + part) & 0xFFFF
                self._give(Packet(number, frame * 1_800, part == 1, payload), 96, 500)
            self._give(Packet(frame & 0xFFFF, frame * 960, False, b"sound"), 111, 501)
            await asyncio.sleep(0.02)

    def _give(self, packet: Packet, payload_type: int, ssrc: int) -> None:
        data = packets.write(packet, payload_type, ssrc)
        self.sock.send(self.protection._transmit.protect(data))

    def close(self) -> None:
        self.rolling.cancel()
        super().close()


class Watcher(Light):
    """A viewer of an output, and what it gets there."""

    def __init__(self, engine: Engine, output: Output, *, exempt: bool = False) -> None:
        super().__init__(engine)
        self.ssrcs = engine.ssrcs(output)
        engine.view(self.number, output, Viewing(*CODECS, exempt=exempt))

    def video(self) -> list[Packet]:
        return [each.packet for each in self.media if each.ssrc == self.ssrcs.video]

    def pictures(self) -> list[bytes]:
        """How each frame of its picture begins."""
        heads = (each.payload[:4] for each in self.video())
        return [head for head in heads if head in (KEY, DELTA)]

    def heard(self) -> int:
        return sum(each.ssrc == self.ssrcs.audio for each in self.media)

    async def hears(self, more: int) -> None:
        """Wait for more sound."""
        enough = self.heard() + more
        await until(lambda: self.heard() >= enough, "more sound comes")

    def rung(self) -> Rung:
        health = self.engine.viewer_health(self.number)
        assert health is not None
        return health.rung


@pytest.fixture
async def engine(engine_name: Any) -> AsyncIterator[Engine]:
    async with started(engine_name) as (engine, _):
        yield engine


async def on_air(engine: Engine, octets: int = 0) -> Output:
    output = engine.add_output()
    camera = Camera(engine, octets)
    engine.put_on_air(output, camera.number)
    await camera.roll()

    def measured() -> bool:
        health = engine.health(camera.number)
        return health is not None and health.bitrate_kbps > octets * 50 * 8 / 1_000 / 2

    if octets:
        await until(measured, "its bitrate is measured")
    return output


async def test_a_limit_before_the_view_leaves_keyframes_alone(engine: Engine) -> None:
    output = await on_air(engine)
    one = Watcher(engine, output)
    engine.limit_rung(one.number, "keyframes")
    await one.come()
    await until(lambda: len(one.pictures()) > 5, "pictures come")
    await one.hears(3 * GROUP)
    assert set(one.pictures()) == {KEY}
    numbers = [each.sequence for each in one.video()]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert one.rung() == "keyframes"


async def test_a_limit_while_it_watches_and_its_end(engine: Engine) -> None:
    output = await on_air(engine)
    one = Watcher(engine, output)
    await one.come()
    await until(lambda: DELTA in one.pictures(), "every frame comes")
    assert one.rung() == "full"
    engine.limit_rung(one.number, "sound")
    await until(lambda: one.rung() == "sound", "it has taken effect")
    await one.hears(2)
    count = len(one.pictures())
    await one.hears(3 * GROUP)
    assert len(one.pictures()) == count
    engine.limit_rung(one.number, None)
    await until(lambda: len(one.pictures()) > count + 2 * GROUP, "every frame comes again")
    assert one.rung() == "full"


async def test_a_viewer_of_the_house_has_no_limit(engine: Engine) -> None:
    output = await on_air(engine)
    one = Watcher(engine, output, exempt=True)
    engine.limit_rung(one.number, "sound")
    await one.come()
    await until(lambda: DELTA in one.pictures(), "every frame comes")
    engine.limit_rung(one.number, "keyframes")
    count = len(one.pictures())
    await until(lambda: DELTA in one.pictures()[count + GROUP :], "every frame comes still")
    health = engine.viewer_health(one.number)
    assert health is not None
    assert (health.rung, health.link) == ("full", "wide")


async def test_a_link_that_loses_its_burst_has_keyframes_and_all_of_the_sound(
    engine: Engine,
) -> None:
    output = await on_air(engine, octets=2_200)
    one = Watcher(engine, output)
    await one.come()
    await until(lambda: len(one.video()) > 40, "every frame comes")
    assert one.rung() == "full"
    lost = tuple(each.sequence for each in one.video()[5:35])
    one.tell(rtcp.receiver_report(9, []) + rtcp.nack(9, one.ssrcs.video, lost))
    await until(lambda: one.rung() == "keyframes", "its link is known to be narrow")
    health = engine.viewer_health(one.number)
    assert health is not None
    assert health.link == "narrow"
    assert health.estimated_kbps is not None
    assert health.estimated_kbps < 2_200 * 50 * 8 / 1_000
    await one.hears(2)
    before = len(one.pictures())
    await until(lambda: one.pictures()[before:].count(KEY) > 2, "keyframes come")

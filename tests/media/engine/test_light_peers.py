"""A simulcast over sockets of the engine, between light peers."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.media.support import packets
from tests.media.support.light_peers import Light, started
from tests.support.waiting import until

from farmlive.media.engine.interface import Engine, Incoming, Outgoing, Publishing, Viewing
from farmlive.media.engine.python.link import layer_select
from farmlive.media.wire import rtcp
from farmlive.media.wire.rtp import Packet

RIDS = ("q", "h", "f")
VIEWING = Viewing({"VP8": Outgoing(96, 97)}, {})


class Camera(Light):
    """Sends three layers, 50 frames a second of one packet each, that say which layer they are.

    It answers requests for keyframes.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        video = Incoming("video", 90_000, {96: "VP8"}, {97: 96}, layers=RIDS, nack=True, pli=True)
        engine.publish(self.number, Publishing([video], rid=10, repaired_rid=11))

    async def roll(self) -> None:
        """Send for ever."""
        for frame in itertools.count():
            asked = {each.ssrc for each in self.reports if isinstance(each, rtcp.KeyframeRequest)}
            self.reports.clear()
            for layer in range(3):
                begins = frame == 0 or 500 + layer in asked
                payload = (b"\x10\x00\x50\x00" if begins else b"\x10\x01\x00\x00") + bytes(
                    (layer,)
                ) * (100 << layer)
                packet = Packet((1_000 * layer + frame) & 0xFFFF, frame * 1_800, True, payload)
                plain = packets.write(packet, 96, 500 + layer)
                extension = bytes((0xBE, 0xDE, 0, 1, 0xA0, ord(RIDS[layer]), 0, 0))
                plain = bytes((plain[0] | 0x10,)) + plain[1:12] + extension + plain[12:]
                self.sock.send(self.protection._transmit.protect(plain))
            await asyncio.sleep(0.02)


class Watcher(Light):
    """Reports what it got, and that it lost what its link does not carry of each packet's bytes."""

    def __init__(self, engine: Engine, output: int, *, answers: bool = False) -> None:
        super().__init__(engine, answers=answers)
        self.ssrc = engine.ssrcs(output).video
        self.again = engine.ssrcs(output).retransmission
        self.carries = 1_000
        engine.view(self.number, output, VIEWING)

    @property
    def video(self) -> list[Packet]:
        return [each.packet for each in self.media if each.ssrc == self.ssrc]

    @property
    def layer(self) -> int:
        """Of what came last."""
        return self.video[-1].payload[-1] if self.video else -1

    async def report(self) -> None:
        """Report for ever."""
        seen, lost = 0, 0.0
        while True:
            await asyncio.sleep(0.05)
            video = self.video
            lost += sum(max(0.0, 1 - self.carries / len(packet.payload)) for packet in video[seen:])
            seen = len(video)
            if seen:
                block = rtcp.ReceiverReport(self.ssrc, 0, int(lost), seen, 0, 0, 0)
                self.tell(rtcp.receiver_report(9, [block]))


@pytest.fixture
async def engine(engine_name: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    # The engine in C takes its time.
    quick = {"_FIRST_UP_S": 0.3, "_UP_S": 0.3, "_WINDOW_S": 0.2, "_DOWN_S": 0.3, "_BACK_OFF_S": 0.5}
    for name, value in quick.items():
        monkeypatch.setattr(layer_select, name, value)
    async with started(engine_name) as (engine, _):
        yield engine


async def test_layers_follow_what_a_viewer_reports_and_wants(engine: Engine) -> None:
    output = engine.add_output()
    camera, watcher = Camera(engine), Watcher(engine, output)
    await camera.come()
    engine.put_on_air(output, camera.number)
    tasks = [asyncio.create_task(camera.roll())]
    await watcher.come()
    tasks.append(asyncio.create_task(watcher.report()))
    try:
        await until(lambda: watcher.layer == 0, "it begins with the lowest")
        await until(lambda: watcher.layer == 2, "a good link gets the highest layer")
        watching = engine.viewer_health(watcher.number)
        assert watching is not None
        assert (watching.layer, watching.layers, watching.transport) == (2, 3, "udp")
        watcher.carries = 110
        await until(lambda: watcher.layer == 0, "a bad one gets the lowest")
        watcher.carries = 1_000
        engine.limit_layer(watcher.number, 1)
        await until(lambda: watcher.layer == 1, "up again as far as it wants")
        engine.limit_layer(watcher.number, 0)
        await until(lambda: watcher.layer == 0, "down at once by its wish")
        numbers = [packet.sequence for packet in watcher.video]
        assert [(b - a) & 0xFFFF for a, b in itertools.pairwise(numbers)] == [1] * (
            len(numbers) - 1
        )
        stamps = [packet.timestamp for packet in watcher.video]
        assert all(0 < (b - a) & 0xFFFFFFFF < 90_000 for a, b in itertools.pairwise(stamps))
        lost = numbers[-1]
        watcher.media = [each for each in watcher.media if each.ssrc != watcher.again]
        watcher.tell(rtcp.receiver_report(9, []) + rtcp.nack(9, watcher.ssrc, [lost]))
        await until(
            lambda: any(
                each.ssrc == watcher.again and each.packet.payload[:2] == lost.to_bytes(2, "big")
                for each in watcher.media
            ),
            "what it lost comes again",
        )
        health = engine.health(camera.number)
        assert health is not None
        rates = [layer.kbps for layer in health.layers]
        assert 0 < rates[0] < rates[1] < rates[2]
    finally:
        for task in tasks:
            task.cancel()


async def test_reports_tell_of_links(engine: Engine) -> None:
    output = engine.add_output()
    watcher = Watcher(engine, output)
    await watcher.come()
    alone = rtcp.receiver_report(9, [rtcp.ReceiverReport(watcher.ssrc, 0, 0, 1, 0, 0, 0)])
    before = engine.counters()["datagrams_received"]
    watcher.tell(alone)
    await until(
        lambda: engine.counters()["datagrams_received"] > before, "it comes through the filter"
    )


async def test_who_answers_checks_has_the_highest_layer_without_a_report(engine: Engine) -> None:
    output = engine.add_output()
    camera, watcher = Camera(engine), Watcher(engine, output, answers=True)
    await camera.come()
    engine.put_on_air(output, camera.number)
    rolls = asyncio.create_task(camera.roll())
    await watcher.come()
    try:
        await until(lambda: watcher.layer == 0, "it begins with the lowest")
        await until(lambda: watcher.layer == 2, "its link carries the highest layer")
        assert any(each.ssrc == watcher.again for each in watcher.media), "that was tried before"
    finally:
        rolls.cancel()


async def test_without_link_control_reports_are_read_only_where_there_are_layers(
    engine_name: Any,
) -> None:
    async with started(engine_name, link_control=False) as (engine, _):
        await reports_are_read_only_where_there_are_layers(engine)


async def reports_are_read_only_where_there_are_layers(engine: Engine) -> None:
    output = engine.add_output()
    camera, watcher = Camera(engine), Watcher(engine, output)
    await watcher.come()
    alone = rtcp.receiver_report(9, [rtcp.ReceiverReport(watcher.ssrc, 0, 0, 1, 0, 0, 0)])
    counts = engine.counters
    before = counts()["datagrams_received"]
    watcher.tell(alone)
    await until(lambda: counts()["datagrams_received"] > before, "with layers it comes through")
    engine.remove_peer(camera.number)
    before = counts()["datagrams_received"]
    for _ in range(5):
        watcher.tell(alone)
    watcher.tell(rtcp.receiver_report(9, []) + rtcp.picture_loss(9, watcher.ssrc))
    await until(lambda: counts()["keyframe_requests_received"], "what was sent after them came")
    assert counts()["datagrams_received"] == before + 1

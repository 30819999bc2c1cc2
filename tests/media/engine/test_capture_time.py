"""Where the delay of a publisher's picture is measured from, over sockets of each engine."""

import asyncio
import itertools
import struct

from tests.media.support import packets
from tests.media.support.light_peers import Light, started
from tests.support.waiting import until

from farmlive.media.engine.interface import Engine, Health, Incoming, Publishing
from farmlive.media.wire import rtcp, rtp
from farmlive.media.wire.rtp import Packet

CAPTURE_TIME, SSRC = 5, 500
# The camera's own clock, which is not ours.
WALL = 1_600_000_000.0
# The picture is that old when the sender reports' clock stamps it.
LAG_S = 0.25


class Camera(Light):
    """Sends a packet each 20 ms; by `reports` and `captures` also its clock, and capture times."""

    reports_clock = captures = False

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        video = Incoming("video", 90_000, {96: "VP8"}, nack=True, pli=True)
        engine.publish(self.number, Publishing([video], capture_time=CAPTURE_TIME))

    async def roll(self) -> None:
        """Send for ever, and answer reference times."""
        for frame in itertools.count():
            at, timestamp = WALL + frame / 50, frame * 1_800
            plain = packets.write(
                Packet(frame & 0xFFFF, timestamp, True, b"\x10\x00\x50\x00" + bytes(9)), 96, SSRC
            )
            if self.captures:
                head = bytes((CAPTURE_TIME << 4 | 7,))
                body = head + struct.pack("!Q", rtp.ntp(at - LAG_S)) + bytes(3)
                extension = struct.pack("!HH", 0xBEDE, len(body) // 4) + body
                plain = bytes((plain[0] | 0x10,)) + plain[1:12] + extension + plain[12:]
            self.sock.send(self.protection._transmit.protect(plain))
            if self.reports_clock:
                self._report(rtp.ntp(at), timestamp)
            await asyncio.sleep(0.02)

    def _report(self, ntp: int, timestamp: int) -> None:
        data = rtcp.sender_report(rtcp.SenderReport(SSRC, ntp, timestamp, 1, 1))
        for asked in self.reports:
            if isinstance(asked, rtcp.ReferenceTime):
                reply = rtcp.ReferenceReply(asked.ssrc, asked.middle, 0)
                data += rtcp.reference_reply(SSRC, reply)
        self.reports.clear()
        self.tell(data)


async def test_the_delay_is_from_the_camera_if_its_packets_say_when_it_captured(
    engine_name: str,
) -> None:
    async with started(engine_name) as (engine, _):
        camera = Camera(engine)
        await camera.come()
        rolling = asyncio.create_task(camera.roll())

        def health() -> Health:
            found = engine.health(camera.number)
            assert found is not None
            return found

        try:
            await until(lambda: health().fps > 0, "it is measured")
            assert (health().delay_from, health().delay_ms) == ("server", 0)
            camera.reports_clock = True
            await until(lambda: health().delay_from == "sender", "its clock is known")
            found = health()
            assert found.rtt_ms is not None
            assert abs(found.delay_ms - found.rtt_ms / 2) < 0.11
            camera.captures = True
            await until(lambda: health().delay_from == "camera", "its capture times are known")
            found = health()
            assert found.rtt_ms is not None
            assert abs(found.delay_ms - found.rtt_ms / 2 - LAG_S * 1000) < 0.2
        finally:
            rolling.cancel()

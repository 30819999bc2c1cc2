"""A WHEP viewer without a codec: authenticates and decrypts every packet, counts gaps by sequence
number, measures each packet's delay, and sends reports as a browser does. For benches.
"""

import asyncio
import random
import struct
import time
from array import array
from dataclasses import dataclass, field

import httpx

from farmlive.client.media import signalling
from farmlive.client.media.rtp_peer import RtpPeer, clock_offset_ns
from farmlive.client.media.sdp import REPAIRS, offer, read_answer
from farmlive.client.media.synthetic_media import read_stamp

_REPORT_EVERY_S = 0.2
_CONSENT_EVERY_S = 2.0


@dataclass
class Received:
    """Counts the packets of one RTP stream (RFC 3550, appendix A.3), by unwrapped sequence
    numbers.
    """

    first: int
    highest: int
    packets: int = 0
    seen: set[int] = field(default_factory=set)
    repeated: int = 0

    def count_packet(self, sequence: int) -> None:
        """Count a packet with this 16-bit sequence number."""
        step = (sequence - self.highest) & 0xFFFF
        number = self.highest + (step if step < 0x8000 else step - 0x10000)
        if number in self.seen:
            self.repeated += 1
            return
        self.seen.add(number)
        self.packets += 1
        self.first = min(self.first, number)
        self.highest = max(self.highest, number)
        if len(self.seen) > 8192:
            self.seen = {number for number in self.seen if number > self.highest - 4096}

    @property
    def lost(self) -> int:
        """Missing packets between the first and the highest one."""
        return self.highest - self.first + 1 - self.packets


class LightViewer:
    """Plays a WHEP endpoint until it is closed.

    `streams` maps an SSRC to its counts; `delays_ns` has, since the call of `restart_measurement`,
    the time from the sender's stamp to the kernel's receipt of every packet. `bearer` is an API key
    or a guest's stream key, for the preview of one camera.
    """

    def __init__(
        self,
        url: str,
        *,
        patience_s: float = 0.0,
        bearer: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ):
        self.url = url
        self.patience_s = patience_s
        self.bearer = bearer
        self.session: signalling.MediaSession | None = None
        self.peer = RtpPeer(self._on_packet, self._on_report)
        self.streams: dict[int, Received] = {}
        self.delays_ns = array("q")
        self.retransmitted = self.sender_reports = 0
        self.first_packet_ns: int | None = None
        self._http = signalling.client(transport)
        self._ssrc = random.getrandbits(31)
        self._measuring = False
        self._offset_ns = clock_offset_ns()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Join. Raises ApiProblem, TimeoutError, ConnectionError."""
        self.session = await signalling.post_offer(
            self._http,
            self.url,
            offer(self.peer.ice, None),
            bearer=self.bearer,
            patience_s=self.patience_s,
        )
        await self.peer.connect(read_answer(self.session.answer))
        self._task = asyncio.create_task(self._send_reports())

    async def wait_packets(self, count: int, timeout_s: float = 10.0) -> None:
        """Wait until `count` packets were received in all."""
        async with asyncio.timeout(timeout_s):
            while self.packets < count:
                self._changed.clear()
                await self._changed.wait()

    @property
    def packets(self) -> int:
        """Packets received, without repeated ones."""
        return sum(stream.packets for stream in self.streams.values())

    @property
    def lost(self) -> int:
        """Packets lost in all streams."""
        return sum(stream.lost for stream in self.streams.values())

    def restart_measurement(self) -> None:
        """Reset the counts and the delays, and measure from now on."""
        self._offset_ns = clock_offset_ns()
        self._measuring = True
        self.delays_ns = array("q")
        self.streams.clear()

    async def close(self) -> None:
        """End the session."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            if self.session is not None:
                await signalling.delete_session(self._http, self.session.location)
                self.session = None
        finally:
            await self.peer.close()
            await self._http.aclose()

    def _on_packet(self, packet: bytes, arrived_ns: int) -> None:
        if packet[1] & 127 in REPAIRS:
            self.retransmitted += 1
            return
        ssrc = int.from_bytes(packet[8:12], "big")
        sequence = int.from_bytes(packet[2:4], "big")
        stream = self.streams.get(ssrc)
        if stream is None:
            # One cycle up, so that a packet before the first does not count below nought.
            stream = self.streams[ssrc] = Received(sequence + 0x10000, sequence + 0x10000)
        stream.count_packet(sequence)
        if self.first_packet_ns is None:
            self.first_packet_ns = arrived_ns - self._offset_ns
        if self._measuring:
            stamp = read_stamp(packet)
            if stamp is not None:
                self.delays_ns.append(arrived_ns - self._offset_ns - stamp)
        self._changed.set()

    def _on_report(self, compound: bytes, arrived_ns: int) -> None:
        self.sender_reports += compound[1] == 200

    async def _send_reports(self) -> None:
        consent_at = time.monotonic() + _CONSENT_EVERY_S * random.random()  # noqa: S311
        while True:
            await asyncio.sleep(_REPORT_EVERY_S)
            self.peer.send_rtcp(self._receiver_report())
            if time.monotonic() >= consent_at:
                self.peer.send_consent_check()
                consent_at = time.monotonic() + _CONSENT_EVERY_S

    def _receiver_report(self) -> bytes:
        blocks = [
            struct.pack(
                "!IIIIII",
                ssrc,
                min(max(stream.lost, 0), 0x7FFFFF),
                stream.highest & 0xFFFFFFFF,
                0,
                0,
                0,
            )
            for ssrc, stream in list(self.streams.items())[:31]
        ]
        head = struct.pack("!BBHI", 0x80 | len(blocks), 201, 1 + 6 * len(blocks), self._ssrc)
        return head + b"".join(blocks)

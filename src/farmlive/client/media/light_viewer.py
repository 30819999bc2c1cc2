"""A WHEP viewer without a codec: authenticates and decrypts every packet, accounts for every
sequence number, notes how long it was under way, and reports as a browser does. For benches.
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
    """The account of one RTP stream (RFC 3550, appendix A.3), sequence numbers unrolled."""

    first: int
    highest: int
    packets: int = 0
    seen: set[int] = field(default_factory=set)
    repeated: int = 0

    def take(self, sequence: int) -> None:
        """Account for a packet with this 16-bit sequence number."""
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
        """Packets between the first and the highest that did not come."""
        return self.highest - self.first + 1 - self.packets


class LightViewer:
    """Plays a WHEP endpoint until it is closed.

    `streams` maps an SSRC to its account; `delays_ns` holds, since `measure` was called, the time
    from the sender's stamp to the kernel's receipt of every packet. `bearer` is an API key or a
    guest's stream key, for one camera's own picture.
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
        self.peer = RtpPeer(self._packet, self._report)
        self.streams: dict[int, Received] = {}
        self.delays_ns = array("q")
        self.retransmitted = self.sender_reports = 0
        self.first_packet_ns: int | None = None
        self._http = signalling.client(transport)
        self._ssrc = random.getrandbits(31)
        self._measuring = False
        self._offset_ns = clock_offset_ns()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Join; ApiProblem, TimeoutError or ConnectionError."""
        self.session = await signalling.post_offer(
            self._http,
            self.url,
            offer(self.peer.ice, None),
            bearer=self.bearer,
            patience_s=self.patience_s,
        )
        await self.peer.connect(read_answer(self.session.answer))
        self._task = asyncio.create_task(self._keep())

    async def wait_packets(self, count: int, timeout_s: float = 10.0) -> None:
        """Wait until `count` packets came in all."""
        async with asyncio.timeout(timeout_s):
            while self.packets < count:
                self._news.clear()
                await self._news.wait()

    @property
    def packets(self) -> int:
        """Packets received, repetitions aside."""
        return sum(stream.packets for stream in self.streams.values())

    @property
    def lost(self) -> int:
        """Packets lost in all streams."""
        return sum(stream.lost for stream in self.streams.values())

    def measure(self) -> None:
        """Begin anew: the account of packets and the delays."""
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

    def _packet(self, packet: bytes, arrived_ns: int) -> None:
        if packet[1] & 127 in REPAIRS:
            self.retransmitted += 1
            return
        ssrc = int.from_bytes(packet[8:12], "big")
        sequence = int.from_bytes(packet[2:4], "big")
        stream = self.streams.get(ssrc)
        if stream is None:
            # One cycle up, so that a packet before the first does not count below nought.
            stream = self.streams[ssrc] = Received(sequence + 0x10000, sequence + 0x10000)
        stream.take(sequence)
        if self.first_packet_ns is None:
            self.first_packet_ns = arrived_ns - self._offset_ns
        if self._measuring:
            stamp = read_stamp(packet)
            if stamp is not None:
                self.delays_ns.append(arrived_ns - self._offset_ns - stamp)
        self._news.set()

    def _report(self, compound: bytes, arrived_ns: int) -> None:
        self.sender_reports += compound[1] == 200

    async def _keep(self) -> None:
        consent_at = time.monotonic() + _CONSENT_EVERY_S * random.random()  # noqa: S311
        while True:
            await asyncio.sleep(_REPORT_EVERY_S)
            self.peer.send_rtcp(self._receiver_report())
            if time.monotonic() >= consent_at:
                self.peer.consent()
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

"""A WHIP publisher without a codec: synthetic video of about 1.5 Mbit/s at 30 fps and Opus at 50
packets a second, in real time, each packet with the monotonic clock in it. For benches.
"""

import asyncio
import random
import struct
import time

import httpx

from farmlive.client.media import signalling
from farmlive.client.media.rtp_peer import RtpPeer
from farmlive.client.media.sdp import OPUS, VP8, Stream, offer, read_answer
from farmlive.client.media.synthetic_media import (
    AUDIO_EVERY_MS,
    FPS,
    SyntheticStream,
    audio_payload,
    stamp,
    video_payloads,
)

_NTP_EPOCH = 2_208_988_800


class LightPublisher:
    """Publishes synthetic media until it is closed.

    Counters: `key_frames`, `plis` (keyframe requests of the server), `nacks`, `feedbacks`
    (transport-cc).
    """

    def __init__(self, url: str, key: str, *, transport: httpx.AsyncBaseTransport | None = None):
        self.url, self.key = url, key
        self.key_frames = self.plis = self.nacks = self.feedbacks = 0
        self.session: signalling.MediaSession | None = None
        self.peer = RtpPeer(self._ignore_packet, self._on_feedback)
        self._http = signalling.client(transport)
        self._wide = 0
        self._key_frame_due = True
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and start to send. Raises ApiProblem, TimeoutError, ConnectionError."""
        audio, video, rtx = (random.getrandbits(31) for _ in range(3))
        text = offer(self.peer.ice, Stream(audio, video, rtx))
        self.session = await signalling.post_offer(self._http, self.url, text, bearer=self.key)
        answer = read_answer(self.session.answer)
        await self.peer.connect(answer)
        wide = answer.transport_cc
        self.send(SyntheticStream(video, VP8, wide), SyntheticStream(audio, OPUS, wide))

    def send(self, video: SyntheticStream, audio: SyntheticStream) -> None:
        """Start to send over a connected peer."""
        self._task = asyncio.create_task(self._send(video, audio))

    async def close(self) -> None:
        """Stop sending and end the session."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            if self.session is not None:
                await signalling.delete_session(self._http, self.session.location, self.key)
                self.session = None
        finally:
            await self.peer.close()
            await self._http.aclose()

    async def _send(self, video: SyntheticStream, audio: SyntheticStream) -> None:
        frames = {kind: list(video_payloads(kind)) for kind in (True, False)}
        sound = audio_payload()
        start = time.monotonic()
        frame = tick = 0
        report_at = start
        consent_at = start + 2.0
        while True:
            now = time.monotonic()
            while start + frame / FPS <= now:
                key_frame = self._key_frame_due or frame % FPS == 0
                self._key_frame_due = False
                self.key_frames += key_frame
                video.timestamp = frame * 90_000 // FPS
                for payload, marker in frames[key_frame]:
                    self._send_packet(video, payload, marker)
                frame += 1
            while start + tick * AUDIO_EVERY_MS / 1000 <= now:
                audio.timestamp = tick * AUDIO_EVERY_MS * 48
                self._send_packet(audio, sound, False)
                tick += 1
            if now >= report_at:
                ntp = int((time.time() + _NTP_EPOCH) * (1 << 32))
                self.peer.send_rtcp(video.report(ntp))
                self.peer.send_rtcp(audio.report(ntp))
                report_at = now + 1.0
            if now >= consent_at:
                self.peer.send_consent_check()
                consent_at = now + 2.0
            due = min(start + frame / FPS, start + tick * AUDIO_EVERY_MS / 1000)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _send_packet(self, stream: SyntheticStream, payload: bytes, marker: bool) -> None:
        self._wide += 1
        self.peer.send_rtp(stream.packet(stamp(payload, time.monotonic_ns()), marker, self._wide))

    def _on_feedback(self, compound: bytes, arrived_ns: int) -> None:
        position = 0
        while position + 4 <= len(compound):
            first, kind, words = struct.unpack_from("!BBH", compound, position)
            subtype = first & 31
            if kind == 206 and subtype in (1, 4):
                self.plis += 1
                self._key_frame_due = True
            elif kind == 205 and subtype == 1:
                self.nacks += 1
            elif kind == 205 and subtype == 15:
                self.feedbacks += 1
            position += 4 + 4 * words

    def _ignore_packet(self, packet: bytes, arrived_ns: int) -> None:
        return None

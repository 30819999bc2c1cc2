"""One viewer of an output: where it is reached, which numbers it wants and how far it is.

What it is sent, and when, is `output`'s part.
"""

import socket
from collections.abc import Iterable
from secrets import randbelow
from typing import Any, NamedTuple

from farmlive.media.audience import Audience
from farmlive.media.engine import Outgoing, Peer, Viewing
from farmlive.media.ports import Outlet
from farmlive.media.rtp import ahead
from farmlive.media.runs import Run
from farmlive.media.srtp import Protection
from farmlive.media.stalls import Stall

RTX_PER_S = 600


class Numbers(NamedTuple):
    """What a packet's header has for some viewers and not for others; None: not sent to them."""

    video: tuple[int, int] | None
    audio: tuple[int, int] | None


class Viewer:
    """One viewer of an output: where it is reached and how far it is."""

    __slots__ = (
        "_alone",
        "address",
        "audio_pt",
        "audio_shift",
        "cursor",
        "live",
        "peer",
        "protection",
        "resumed",
        "rtx_left",
        "rtx_pt",
        "rtx_sequence",
        "sock",
        "sound",
        "squeezed",
        "stall",
        "video_pt",
        "video_shift",
        "viewing",
    )

    def __init__(
        self,
        peer: Peer,
        viewing: Viewing,
        protection: Protection,
        sock: Outlet,
        address: Any,
    ) -> None:
        self.peer = peer
        self.viewing = viewing
        self.protection = protection
        self.sock = sock
        self.address = address
        self._alone: Audience | None = None
        self.stall = Stall()
        # Where its video went on after a stall: what is older is not sent again.
        self.resumed: int | None = None
        # The payload types of what is heard, which goes on while the viewer can't keep up.
        self.sound = frozenset(each.payload_type for each in viewing.audio.values())
        self.video_pt: int | None = None
        self.audio_pt: int | None = None
        self.rtx_pt: int | None = None
        self.video_shift: int | None = None
        self.audio_shift: int | None = None
        self.live = False
        # Next packet of the ring to send, while catching up; None: waiting for a keyframe.
        self.cursor: int | None = None
        # Frames before this timestamp were sent squeezed; None once they are out of the ring.
        self.squeezed: int | None = None
        self.rtx_sequence = randbelow(0x4000)
        self.rtx_left = RTX_PER_S

    def send(self, packets: Iterable[Run]) -> int:
        """Protect and send to this viewer; returns how many packets could not be sent."""
        if self._alone is None:
            self._alone = Audience(self.sock, (self,))
        return sum(map(self._alone.send, packets))

    @property
    def held(self) -> int:
        """How many bytes it has not taken yet."""
        return 0 if isinstance(self.sock, socket.socket) else self.sock.held(self.address)

    def may_go_on(self, now: float) -> bool:
        """Whether it could take a keyframe now."""
        return self.stall.since is None or self.stall.may_go_on(self.held, now)

    def go_on(self, start: int, now: float) -> None:
        """Its video begins, or begins again, with this number of the output's."""
        if self.stall.since is not None:
            self.stall.go_on(now)
            self.resumed = start

    def is_past(self, sequence: int) -> bool:
        """Whether this number of the output's was dropped for it and is not wanted any more."""
        if self.stall.since is not None:
            return True
        return self.resumed is not None and ahead(sequence, self.resumed) < 0

    def moved(self, sock: Outlet, address: Any) -> None:
        """It is reached elsewhere now."""
        self.sock, self.address, self._alone = sock, address, None

    def choose(self, video: str, audio: str) -> None:
        """Set the payload types for these codecs, by the viewer's own terms."""
        picture: Outgoing | None = self.viewing.video.get(video)
        sound: Outgoing | None = self.viewing.audio.get(audio)
        self.video_pt = picture.payload_type if picture else None
        self.rtx_pt = picture.retransmission if picture else None
        self.audio_pt = sound.payload_type if sound else None

    @property
    def numbers(self) -> Numbers:
        """What it gets of what is sent now, and with which numbers."""
        video = audio = None
        if self.live and self.video_pt is not None and self.video_shift is not None:
            video = self.video_pt, self.video_shift
        if self.audio_pt is not None and self.audio_shift is not None:
            audio = self.audio_pt, self.audio_shift
        return Numbers(video, audio)

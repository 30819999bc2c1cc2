"""The extension in C; see `binding/module.c`. Numbers that are 0 or -1 stand for none, as told
below.
"""

from collections.abc import Mapping, Sequence
from typing import final

EVENT_REACHED: int
EVENT_DTLS: int
EVENT_LOST: int
EVENT_AIRED: int
EVENT_SILENT: int
EVENT_FLOWING: int
EVENT_OBJECTED: int
EVENT_FREED: int
OBJECTION_B_FRAMES: int
OBJECTION_PROFILE: int
CODEC_H264: int
CODEC_VP8: int
CODEC_VP9: int
CODEC_AV1: int
CODEC_OPUS: int
CODECS_MOST: int
CREDENTIAL_MOST: int
TRANSPORT_TCP: int

Event = tuple[int, int, int, int, bytes]
"""Kind, peer, output, objection and a DTLS record, each 0 or empty where it says nothing."""

Track = tuple[
    bool,
    int,
    Mapping[int, int],
    Mapping[int, int],
    Mapping[int, int],
    tuple[bytes, ...],
    bool,
    bool,
]
"""Whether it is video, clock rate, codec of each payload type, what each RTX and each RED carries,
RIDs, NACK, PLI."""

Outgoing = tuple[int, int, int, int]
"""Codec, payload type, and that of RTX and of RED around it, or -1."""

def use_srtp(protect: int, unprotect: int, protect_rtcp: int, unprotect_rtcp: int, /) -> None:
    """Take libsrtp's functions, by their addresses."""

def use_gcm(
    fetch: int, context_new: int, context_free: int, begin: int, update: int, get: int, /
) -> bool:
    """Take OpenSSL's functions, by their addresses; False where they can't be used."""

@final
class Relay:
    """An engine in a thread of its own; `manual`: one without, for tests.

    What is asked before the start waits for it; after the end it is dropped.
    """

    def __new__(cls, *, manual: bool = False) -> Relay: ...
    def start(
        self, udp: Sequence[int], tcp: Sequence[int], send_threads: int, wall: float, /
    ) -> None:
        """Start the thread, which owns the sockets from now on. Raises OSError.

        `wall` is our clock's time now, in seconds since 1970.
        """

    def stop(self) -> None:
        """End the thread and close the sockets. Nobody uses any session after it."""

    def fileno(self) -> int:
        """A descriptor that can be read when there are events."""

    def events(self) -> list[Event]:
        """What was told since the last call, in order."""

    # As `farmlive.media.engine.interface.Engine`, with numbers that the caller draws.

    def add_peer(
        self,
        peer: int,
        ufrag: bytes,
        password: bytes,
        remote_ufrag: bytes,
        remote_password: bytes,
        secret: bytes,
        /,
    ) -> None:
        """Raises ValueError for credentials longer than CREDENTIAL_MOST, and for a secret that is
        not of SECRET bytes. Without a remote user name fragment no checks are sent to the peer.
        """

    def restart_ice(
        self,
        peer: int,
        ufrag: bytes,
        password: bytes,
        remote_ufrag: bytes,
        remote_password: bytes,
        /,
    ) -> None:
        """Raises ValueError for credentials longer than CREDENTIAL_MOST."""

    def send(self, peer: int, datagram: bytes, /) -> None: ...
    def secure(self, peer: int, transmit: int, receive: int, tag: int, gcm_key: bytes, /) -> None:
        """The sessions by their addresses; they stay until EVENT_FREED or the end. `gcm_key`: key
        and salt for sending by AEAD_AES_128_GCM, empty for another profile; else ValueError.
        """

    def remove_peer(self, peer: int, /) -> None: ...
    def add_output(
        self,
        output: int,
        video: int,
        retransmission: int,
        audio: int,
        sound_sequence: int,
        sound_timestamp: int,
        /,
    ) -> None: ...
    def remove_output(self, output: int, /) -> None: ...
    def publish(
        self,
        peer: int,
        tracks: Sequence[Track],
        transport_cc: int,
        rid: int,
        repaired_rid: int,
        dependency_descriptor: int,
        capture_time: int,
        own_ssrc: int,
        /,
    ) -> None:
        """Ids of header extensions are -1 for none. Raises ValueError where there is no room."""

    def view(
        self,
        peer: int,
        output: int,
        video: Sequence[Outgoing],
        audio: Sequence[Outgoing],
        rtx_sequence: int,
        exempt: bool,
        /,
    ) -> None:
        """At most CODECS_MOST of each kind, else ValueError."""

    def put_on_air(self, output: int, peer: int, /) -> None:
        """Peer 0: nobody."""

    def limit_layer(self, peer: int, most: int, /) -> None:
        """-1: no limit."""

    def limit_rung(self, peer: int, most: int, /) -> None:
        """By its place among the rungs, 0 the best; ValueError for others."""

    def viewer_health(
        self, peer: int, /
    ) -> tuple[int, int, float, float, int, int, int, int] | None:
        """Layer, layers, loss, what the link carries or a negative number, what was dropped, the
        transport, whether the link is unknown, wide or narrow, and the rung.
        """

    def health(
        self, peer: int, /
    ) -> (
        tuple[
            int,
            int,
            int,
            float,
            float,
            float,
            float,
            float,
            float,
            bool,
            bool,
            int,
            tuple[tuple[str, int, int, float], ...],
            int,
            float,
            int,
            float,
        ]
        | None
    ):
        """Codec, width, height, kbit/s, frames a second, loss, round trip in ms, seconds between
        keyframes, jitter in ms, whether keyframes come when asked for, whether there is sound,
        objection, layers (RID, width, height, kbit/s), transport, kbit/s of disposable frames,
        where delay is measured from (0 the server, 1 the sender, 2 the camera) and the delay from
        there in ms. What is not known is 0 of a size or a codec, and negative of what is measured.
        """

    def counters(self) -> dict[str, int]: ...
    def remote_address(self, peer: int, /) -> tuple[str, int, int] | None:
        """Address, port and transport."""

    def gauges(self) -> dict[str, int]: ...
    def set_times(self, consent: float, silent: float, left_after: float, /) -> None:
        """As `farmlive.media.engine.interface.Timeouts`, in seconds."""

    def set_link_control(self, link_control: bool, /) -> None:
        """Whether viewers on weak links are paced."""

    # By hand alone; the others raise RuntimeError.

    def begin(self, wall: float, now: float, /) -> None:
        """Begin to tick."""

    def set_now(self, now: float, /) -> None:
        """The time at which calls from now on are made."""

    def take(self, datagram: bytes, stamp: float, address: tuple[str, int], now: float, /) -> None:
        """A datagram came; `stamp` is the kernel's time of it, or negative."""

    def run(self, now: float, /) -> None:
        """Do what is due."""

    def due(self) -> float:
        """When something is due at the latest."""

    def sent(self) -> list[tuple[int | tuple[str, int], bytes]]:
        """What was sent since the last call, in order: to a viewer or a publisher with keys by its
        number, else to an address.
        """

"""The engine: all handling of media packets, behind one interface.

An engine owns the sockets, ICE consent, SRTP both ways, the packet rings, the fan-out, RTX and
RTCP. It knows peers and outputs by number, and neither people nor broadcasts. HTTP, SDP, the DTLS
handshake and policy are outside. The event loop's thread makes all calls and receives all events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from secrets import randbits
from typing import Literal, Protocol

Peer = int
Output = int
DelayFrom = Literal["camera", "sender", "server"]

Rung = Literal["full", "fewer_frames", "keyframes", "sound"]
"""What of its track a viewer gets: every frame; all but those that no other frame refers to;
keyframes alone, a picture each second or two; or sound alone.
"""

# To leave out the frames that no other refers to helps if they are this share of the stream.
DISPOSABLE_LEAST = 0.1

# Size, in bytes, of the secret from which the engine derives a peer's STUN transaction ids.
SECRET = 16


@dataclass(slots=True, frozen=True)
class Candidate:
    """An address at which clients reach the engine: an ICE candidate; a TCP one is passive (RFC
    6544).
    """

    address: str
    port: int
    protocol: Literal["udp", "tcp"] = "udp"


@dataclass(slots=True, frozen=True)
class RemoteAddress:
    """The remote address of a peer's selected path."""

    address: str
    port: int
    protocol: Literal["udp", "tcp"]


@dataclass(slots=True, frozen=True)
class Timeouts:
    """Timeouts of an engine, in seconds. Only tests change the defaults.

    `consent`: without a check for this long, a peer is lost (RFC 7675). `silent`: without media for
    this long, a publisher is silent. `left_after`: without a check from the selected path for this
    long, another path may replace it without nomination; clients check every five seconds, plus or
    minus a fifth.
    """

    consent: float = 30.0
    silent: float = 3.0
    left_after: float = 7.0


@dataclass(slots=True, frozen=True)
class Credentials:
    """User name fragment and password of one end of ICE (RFC 8839, section 5.4).

    Each has 1 to 256 ASCII characters; the code that reads them from a client has checked that.
    """

    ufrag: str
    password: str


@dataclass(slots=True, frozen=True)
class Keys:
    """Result of a DTLS handshake: the SRTP profile, and master key with salt of each direction.

    `profile` is libsrtp's number; `tag` is the number of bytes that protection adds to an RTP
    packet.
    """

    profile: int
    tag: int
    transmit: bytes
    receive: bytes


@dataclass(slots=True, frozen=True)
class Incoming:
    """One track that a publisher sends.

    `codecs` maps each payload type to its codec key, `retransmissions` each RTX payload type to the
    one that it repairs, `red` each RED payload type to the one inside (RFC 2198). `layers` are the
    RIDs of a simulcast (RFC 8853), the lowest quality first; empty if there is one stream.
    """

    kind: Literal["audio", "video"]
    clock_rate: int
    codecs: Mapping[int, str]
    retransmissions: Mapping[int, int] = field(default_factory=dict)
    red: Mapping[int, int] = field(default_factory=dict)
    layers: Sequence[str] = ()
    nack: bool = False
    pli: bool = False


@dataclass(slots=True, frozen=True)
class Publishing:
    """A publisher's negotiated tracks, and the ids of its header extensions.

    These are transport-cc, the stream's RID, the RID that an RTX stream repairs (RFC 8852), and
    AV1's dependency descriptor, and abs-capture-time.
    """

    tracks: Sequence[Incoming]
    transport_cc: int | None = None
    rid: int | None = None
    repaired_rid: int | None = None
    dependency_descriptor: int | None = None
    capture_time: int | None = None


@dataclass(slots=True, frozen=True)
class Outgoing:
    """A viewer's payload types for one codec: its own, and those of RTX and RED if negotiated."""

    payload_type: int
    retransmission: int | None = None
    red: int | None = None


@dataclass(slots=True, frozen=True)
class Viewing:
    """A viewer's negotiated codecs for each kind of track, by codec key.

    `exempt`: a viewer of the house, such as a recorder: by UDP it gets every frame of the top
    layer, whatever its link carries.
    """

    video: Mapping[str, Outgoing]
    audio: Mapping[str, Outgoing]
    exempt: bool = False


@dataclass(slots=True, frozen=True)
class Ssrcs:
    """The SSRCs of an output: the same for all its viewers, for as long as the output exists."""

    video: int
    retransmission: int
    audio: int

    @classmethod
    def generate(cls) -> "Ssrcs":
        """Draw random SSRCs; they differ, and none is 0."""
        drawn: set[int] = set()
        while len(drawn) < 3:
            drawn.add(randbits(32) | 1)
        return cls(*drawn)


@dataclass(slots=True, frozen=True)
class LayerHealth:
    """One layer of a simulcast over the last second; `kbps` is 0 while the publisher does not send
    it.
    """

    rid: str
    width: int | None
    height: int | None
    kbps: float


@dataclass(slots=True)
class Health:
    """Quality of a publisher's stream over about the last second; None for unknown values.

    `keyframes_on_request`: the publisher answers keyframe requests; otherwise keyframes come at its
    own interval. `disposable_kbps`: what of its best layer no other frame refers to, so that a
    viewer on a weak link can do without it; 0 if it says nothing of that. `delay_ms` is how long
    before the time that viewers' sender reports give a frame it was at `delay_from`: in the
    *camera* by abs-capture-time, else at the *sender* by its sender reports and the round trip;
    where these are unknown, those times are the *server*'s own.
    """

    codec: str | None = None
    width: int | None = None
    height: int | None = None
    bitrate_kbps: float = 0.0
    fps: float = 0.0
    loss: float = 0.0
    rtt_ms: float | None = None
    keyframe_s: float | None = None
    keyframes_on_request: bool = False
    audio: bool = False
    objection: str | None = None
    jitter_ms: float | None = None
    layers: Sequence[LayerHealth] = ()
    transport: Literal["udp", "tcp"] = "udp"
    disposable_kbps: float = 0.0
    delay_from: DelayFrom = "server"
    delay_ms: float = 0.0


@dataclass(slots=True, frozen=True)
class ViewerHealth:
    """Quality of a viewer's stream.

    It gets `layer` of `layers` layers, 0 the lowest; `loss` is the recently lost share of what was
    sent; `estimated_kbps` is the estimated capacity of its link, None while nothing showed a limit;
    `dropped` counts the packets that were left out because it could not keep up. `link` is *narrow*
    if its link carries less than it would be sent; then the engine sends what fits. `rung` is what
    it gets of its layer.
    """

    layer: int
    layers: int
    loss: float
    estimated_kbps: float | None
    dropped: int
    transport: Literal["udp", "tcp"]
    link: Literal["unknown", "wide", "narrow"] = "unknown"
    rung: Rung = "full"


class Listener(Protocol):
    """Receiver of an engine's events."""

    def on_reached(self, peer: Peer) -> None:
        """Handle the first authenticated check of a peer without a selected path.

        From now on datagrams can be sent to it.
        """

    def on_dtls(self, peer: Peer, datagram: bytes) -> None:
        """Handle a DTLS record from an address that belongs to the peer."""

    def on_lost(self, peer: Peer) -> None:
        """Handle a peer that sent no check for 30 s (RFC 7675); the listener removes it."""

    def on_aired(self, output: Output, peer: Peer) -> None:
        """Record that viewers of the output get this publisher from now on."""

    def on_silent(self, peer: Peer) -> None:
        """Handle a publisher that sent no media for some seconds."""

    def on_flowing(self, peer: Peer) -> None:
        """Handle media of a publisher that flows for the first time or again."""

    def on_objected(self, peer: Peer, sentence: str) -> None:
        """Handle a publisher's stream that viewers can't play; `sentence` is the reason."""


class Engine(Protocol):
    """The calls of an engine.

    It ignores peers and outputs that are gone; only `ssrcs` raises, because it has nothing to
    return then.

    A peer has one role: the first `publish` or `view` sets it. The engine ignores a second role, so
    that its viewers are not interrupted; a client that wants another role connects as another peer.
    Only the viewers of a removed output lose their role.
    """

    @property
    def name(self) -> str:
        """The engine's name, as in the setting `engine`."""

    @property
    def candidates(self) -> Sequence[Candidate]:
        """The ICE candidates of this engine; empty before `start`."""

    async def start(
        self,
        listener: Listener,
        bind: Sequence[str],
        advertise: Sequence[str],
        port: int,
        tcp_port: int | None,
    ) -> None:
        """Open the UDP port and the TCP port on each address of `bind`.

        0 takes a free port, None opens none. `advertise` are the addresses of the candidates.
        Raises OSError if a port is taken.
        """

    async def stop(self) -> None:
        """Close everything and remove all peers and outputs. `counters` still returns the last
        values.
        """

    def add_peer(self, local: Credentials, remote: Credentials | None = None) -> Peer:
        """Add a peer that checks with the credentials `local`; return its number.

        With `remote`, the peer's own credentials, the engine sends it checks, too; without them
        only its DTLS handshake validates its path.
        """

    def restart_ice(
        self, peer: Peer, local: Credentials, remote: Credentials | None = None
    ) -> None:
        """Expect the peer with new credentials; the old ones work until it uses the new ones."""

    def send(self, peer: Peer, datagram: bytes) -> None:
        """Send a DTLS record on the peer's selected path.

        The engine drops it if there is no path, or if it exceeds the limit of a path that is not
        validated (`farmlive.media.engine.python.net.path`).
        """

    def secure(self, peer: Peer, keys: Keys) -> None:
        """Set the SRTP keys after the handshake, all records of which went through `send`; media
        may flow.

        The first keys stay until the peer is removed, and the engine ignores others: starting again
        with the same keys would encrypt two packets under one nonce.
        """

    def remove_peer(self, peer: Peer) -> None:
        """Remove the peer and free its state."""

    def add_output(self) -> Output:
        """Add an output: what all viewers of a broadcast, for example, get."""

    def ssrcs(self, output: Output) -> Ssrcs:
        """Return the output's SSRCs. Raises KeyError if the output is gone."""

    def remove_output(self, output: Output) -> None:
        """Remove an output. No publisher is on air there any more; at other outputs they go on.

        Its viewers keep their path and their keys and get no more media. `view` gives them another
        output, `remove_peer` removes them.
        """

    def publish(self, peer: Peer, publishing: Publishing) -> None:
        """Make a peer without a role a publisher. No viewer gets it before `put_on_air`."""

    def view(self, peer: Peer, output: Output, viewing: Viewing) -> None:
        """Make a peer without a role a viewer of this output."""

    def put_on_air(self, output: Output, peer: Peer | None) -> None:
        """Switch this output to this publisher at its next keyframe; None takes all off air at
        once.

        A publisher may be on air at several outputs. The old picture goes on until the new
        publisher's keyframe comes; if there is no old picture, the new publisher's current group
        serves. The engine calls `on_aired` when the switch is done: immediately if the publisher is
        on air already, and possibly before this call returns. It ignores a peer that is no
        publisher; a switch that is pending stays pending.
        """

    def limit_layer(self, peer: Peer, most: int | None) -> None:
        """Limit this viewer to this simulcast layer, 0 the lowest; None: no limit.

        The viewer gets the lower of this and what its link carries. The limit may be set before
        `view`, and applies at each output that the peer watches.
        """

    def limit_rung(self, peer: Peer, most: Rung | None) -> None:
        """Limit what this viewer gets of its layer; None: no limit.

        The viewer gets the lesser of this and what its link carries. The limit may be set before
        `view`, and applies at each output that the peer watches. An exempt viewer has none.
        """

    def viewer_health(self, peer: Peer) -> ViewerHealth | None:
        """Return the quality of the viewer's stream, or None if the peer is no viewer."""

    def health(self, peer: Peer) -> Health | None:
        """Return the quality of the publisher's stream, or None if the peer is no publisher."""

    def remote_address(self, peer: Peer) -> RemoteAddress | None:
        """Return the peer's remote address, or None if it has no selected path."""

    def counters(self) -> Mapping[str, int]:
        """Return counters since the start; they only grow."""

    def gauges(self) -> Mapping[str, int]:
        """Return how many objects the engine holds now.

        They are `peers` (of them `publishers`, `viewers` and `secured`), `outputs`, `ufrags` (user
        name fragments that clients may check with), `addresses` (validated by peers), `sockets`
        (publishers' own) and TCP `connections`. All are 0 once all peers and outputs are gone.
        """

"""The engine: everything that a packet touches, behind one interface.

An engine owns the sockets, ICE consent, SRTP both ways, the rings, the fan-out, RTX and RTCP. It
knows peers and outputs by number, no person and no broadcast. HTTP, SDP, the DTLS handshake and
policy stay outside. All calls are made from, and all events told in, the event loop's thread.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from secrets import randbits
from typing import Literal, Protocol

Peer = int
Output = int

# Size, in bytes, of the secret from which a peer's STUN transaction ids are derived.
SECRET = 16


@dataclass(slots=True, frozen=True)
class Candidate:
    """An address at which clients reach the engine; by TCP they connect to it (RFC 6544)."""

    address: str
    port: int
    protocol: Literal["udp", "tcp"] = "udp"


@dataclass(slots=True, frozen=True)
class Place:
    """Where a peer is reached."""

    address: str
    port: int
    protocol: Literal["udp", "tcp"]


@dataclass(slots=True, frozen=True)
class Times:
    """For how long an engine waits, in seconds; others than the usual are for tests.

    `consent` for a peer's check, before it is lost (RFC 7675); `silent` for a publisher's media,
    before it is silent; `left_after` for a check from where a peer is reached, before another place
    will do: whoever is still there checks every five seconds, less or more by a fifth.
    """

    consent: float = 30.0
    silent: float = 3.0
    left_after: float = 7.0


@dataclass(slots=True, frozen=True)
class Credentials:
    """User name fragment and password of one end of ICE, 1 to 256 ASCII characters each (RFC 8839,
    section 5.4); whoever reads them from a client has checked that.
    """

    ufrag: str
    password: str


@dataclass(slots=True, frozen=True)
class Keys:
    """What a DTLS handshake yields: the SRTP profile and master key with salt of each direction.

    `profile` is libsrtp's number, `tag` the bytes that protection adds to an RTP packet.
    """

    profile: int
    tag: int
    transmit: bytes
    receive: bytes


@dataclass(slots=True, frozen=True)
class Incoming:
    """One track that a publisher sends.

    `codecs` gives the codec key of each payload type, `retransmissions` the payload type that
    each RTX type repairs, `red` the payload type inside each RED type (RFC 2198). `layers` are the
    RIDs of a simulcast (RFC 8853), the lowest quality first; empty where there is one stream.
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
    """What a publisher negotiated, with the ids of header extensions: of transport-cc, and of the
    stream's RID and of that which an RTX repairs (RFC 8852).
    """

    tracks: Sequence[Incoming]
    transport_cc: int | None = None
    rid: int | None = None
    repaired_rid: int | None = None


@dataclass(slots=True, frozen=True)
class Outgoing:
    """How a viewer wants one codec: payload type, and those of its RTX and of RED around it where
    negotiated.
    """

    payload_type: int
    retransmission: int | None = None
    red: int | None = None


@dataclass(slots=True, frozen=True)
class Viewing:
    """What a viewer negotiated: by codec key, for each kind of track."""

    video: Mapping[str, Outgoing]
    audio: Mapping[str, Outgoing]


@dataclass(slots=True, frozen=True)
class Ssrcs:
    """The SSRCs of an output: the same for all its viewers, for as long as it lives."""

    video: int
    retransmission: int
    audio: int

    @classmethod
    def drawn(cls) -> "Ssrcs":
        """At random; they differ, and none is 0."""
        drawn: set[int] = set()
        while len(drawn) < 3:
            drawn.add(randbits(32) | 1)
        return cls(*drawn)


@dataclass(slots=True, frozen=True)
class LayerHealth:
    """One layer of a simulcast, over the last second; `kbps` is 0 while it is not sent."""

    rid: str
    width: int | None
    height: int | None
    kbps: float


@dataclass(slots=True)
class Health:
    """How a publisher does, over the last second or so; None where it is not known yet.

    `keyframes_on_request` says that one comes when it is asked for; else at its own interval.
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


@dataclass(slots=True, frozen=True)
class Watching:
    """How a viewer does. `layer` of `layers` is what it gets, 0 the lowest; `loss` is its share
    of what was sent lately; `carries_kbps` what its link is thought to carry; `dropped` counts
    the packets that were left out since it could not keep up.
    """

    layer: int
    layers: int
    loss: float
    carries_kbps: float | None
    dropped: int
    transport: Literal["udp", "tcp"]


class Listener(Protocol):
    """What an engine tells."""

    def reached(self, peer: Peer) -> None:
        """The peer, which had no selected path, has sent an authenticated check: datagrams can be
        sent to it.
        """

    def dtls(self, peer: Peer, datagram: bytes) -> None:
        """A DTLS record came from an address that belongs to the peer."""

    def lost(self, peer: Peer) -> None:
        """The peer's checks stopped for 30 s (RFC 7675); the caller removes it."""

    def aired(self, output: Output, peer: Peer) -> None:
        """From now on viewers of the output get this publisher."""

    def silent(self, peer: Peer) -> None:
        """No media came from the publisher for some seconds."""

    def flowing(self, peer: Peer) -> None:
        """Media comes from the publisher, for the first time or again."""

    def objected(self, peer: Peer, sentence: str) -> None:
        """The publisher's stream is one that viewers can't play, for this reason."""


class Engine(Protocol):
    """An engine's calls. Peers and outputs that are gone are ignored, never an error; `ssrcs` alone
    has nothing to return then.

    A peer has one role: the first `publish` or `view` gives it. Another one is ignored, so that
    what viewers get goes on; a client that wants something else comes as another peer. Only the
    viewers of an output that was removed have no role any more.
    """

    @property
    def name(self) -> str:
        """Which engine it is, as the setting `engine` has it."""

    @property
    def candidates(self) -> Sequence[Candidate]:
        """Where clients reach this engine; empty before `start`."""

    async def start(
        self,
        listener: Listener,
        bind: Sequence[str],
        tell: Sequence[str],
        port: int,
        tcp_port: int | None,
    ) -> None:
        """Open the UDP port and the TCP port on each address of `bind`, 0 finding a free one and
        None opening none; `tell` are the addresses of the candidates.

        Raises OSError where a port is taken.
        """

    async def stop(self) -> None:
        """Close everything, and forget all peers and outputs. `counters` still returns the last."""

    def add_peer(self, local: Credentials, remote: Credentials | None = None) -> Peer:
        """Accept a peer that checks with these credentials. With `remote`, the peer's own, the
        engine checks it, too; without them only its DTLS handshake validates its path.
        """

    def restart_ice(
        self, peer: Peer, local: Credentials, remote: Credentials | None = None
    ) -> None:
        """Expect the peer with new credentials; the old ones serve until the new ones do."""

    def send(self, peer: Peer, datagram: bytes) -> None:
        """Send a DTLS record on the peer's selected path; dropped without one, and above the limit
        of a path that is not validated (`farmlive.media.engine.python.net.path`).
        """

    def secure(self, peer: Peer, keys: Keys) -> None:
        """The handshake is done, all its records having gone through `send`; media may flow.

        The first keys serve until the peer is removed, and others are ignored: with the same ones
        from anew, two packets would have one nonce.
        """

    def remove_peer(self, peer: Peer) -> None:
        """Forget the peer and free what it holds."""

    def add_output(self) -> Output:
        """Make an output: what all of its viewers get, such as those of a broadcast."""

    def ssrcs(self, output: Output) -> Ssrcs:
        """Return the output's SSRCs; raises KeyError where it is gone."""

    def remove_output(self, output: Output) -> None:
        """Forget an output. Nobody is on air there, and its publishers go on elsewhere.

        Its viewers keep their path and their keys and get nothing more. They watch another output
        after a `view`, and are removed by their own call.
        """

    def publish(self, peer: Peer, publishing: Publishing) -> None:
        """Make a peer without a role a publisher. Nobody gets it until it is put on air."""

    def view(self, peer: Peer, output: Output, viewing: Viewing) -> None:
        """Make a peer without a role a viewer of this output."""

    def put_on_air(self, output: Output, peer: Peer | None) -> None:
        """Switch this output to this publisher at its next keyframe; None: nobody, at once.

        A publisher may be on air at several outputs. The old picture goes on until the new one's
        keyframe comes; where there is none, the new one's current group is as good. `aired` is
        told when it is done, at once where it is on air already, and maybe before this returns.
        A peer that is no publisher is ignored: a switch that was asked for before goes on.
        """

    def prefer(self, peer: Peer, most: int | None) -> None:
        """Send this viewer no higher layer of a simulcast than this, 0 the lowest; None: no limit.

        What it gets is the lower of this and what its link carries. It may be called before `view`,
        and holds at each output that the peer watches.
        """

    def watching(self, peer: Peer) -> Watching | None:
        """How the viewer does, or None where there is none."""

    def health(self, peer: Peer) -> Health | None:
        """How the publisher does, or None where there is none."""

    def place(self, peer: Peer) -> Place | None:
        """Where the peer is reached, or None where it is nowhere."""

    def counters(self) -> Mapping[str, int]:
        """Counts since the start, each of which only grows."""

    def census(self) -> Mapping[str, int]:
        """How much it holds now: `peers`, of which `publishers`, `viewers` and `secured`;
        `outputs`; `ufrags`, by which clients may check; `addresses` that peers have proved to be
        theirs; `sockets` of publishers alone; TCP `connections`. All are 0 once everybody has gone.
        """

"""The engine in C, behind the same calls as `farmlive.media.engine.python.engine`.

Python owns the numbers of peers and outputs, random draws, opened sockets until the relay's thread
takes them, and SRTP sessions for as long as that thread may use them.
"""

import asyncio
import itertools
import socket
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from secrets import randbelow, randbits, token_bytes
from typing import Any, Literal

from farmlive.clock import now_ms
from farmlive.media.engine.interface import (
    SECRET,
    Candidate,
    Credentials,
    DelayFrom,
    Health,
    Incoming,
    Keys,
    LayerHealth,
    Listener,
    Outgoing,
    Output,
    Peer,
    Publishing,
    RemoteAddress,
    Rung,
    Ssrcs,
    Timeouts,
    ViewerHealth,
    Viewing,
)
from farmlive.media.engine.native import _native
from farmlive.media.engine.native.numbering import CodecNumbers
from farmlive.media.engine.python import srtp
from farmlive.media.engine.python.link.link_estimate import State
from farmlive.media.engine.python.link.quality_ladder import RUNGS
from farmlive.media.engine.python.net.addresses import open_listeners, open_sockets
from farmlive.media.wire import codecs

_OBJECTIONS = {
    _native.OBJECTION_B_FRAMES: codecs.NO_B_FRAMES,
    _native.OBJECTION_PROFILE: codecs.NO_SUCH_PROFILE,
}

_LINKS: Sequence[State] = ("unknown", "wide", "narrow")
_DELAYS_FROM: Sequence[DelayFrom] = ("server", "sender", "camera")

_native.use_srtp(*srtp.functions())
if (_ciphers := srtp.ciphers()) is not None:
    _native.use_gcm(*_ciphers)


class NativeEngine:
    """The engine in C; see `farmlive.media.engine.interface.Engine`.

    `send_threads` threads protect and send; with 0 the relay's thread does that itself. `manual`:
    without threads and sockets, for tests that drive `relay` themselves.
    """

    name = "native"

    def __init__(
        self,
        send_threads: int = 0,
        timeouts: Timeouts | None = None,
        *,
        manual: bool = False,
        link_control: bool = True,
    ) -> None:
        self.relay = _native.Relay(manual=manual)
        # Stop the thread before its sessions are freed: together with the engine, in whatever
        # order, or at the end of a process that has not stopped it.
        weakref.finalize(self, self.relay.stop)
        if timeouts is not None:
            self.relay.set_times(timeouts.consent, timeouts.silent, timeouts.left_after)
        self.relay.set_link_control(link_control)
        self._send_threads = send_threads
        self._candidates: list[Candidate] = []
        self._numbers = itertools.count(1)
        self._codecs = CodecNumbers()
        self._peers: set[Peer] = set()
        # The roles of peers: publishers, and the output of each viewer.
        self._publishers: set[Peer] = set()
        self._watched: dict[Peer, Output] = {}
        # The SRTP sessions of peers, also of removed ones until the relay releases them.
        self._sessions: dict[Peer, Any] = {}
        self._outputs: dict[Output, Ssrcs] = {}
        # The publisher that is to be on air at each output: events about another one are outdated.
        self._on_air: dict[Output, Peer | None] = {}
        self._events: deque[_native.Event] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        # The last counters, once the engine has stopped.
        self._counts: Mapping[str, int] | None = None

    # Start and stop.

    @property
    def candidates(self) -> Sequence[Candidate]:
        """The ICE candidates of this engine; empty before `start`."""
        return self._candidates

    async def start(
        self,
        listener: Listener,
        bind: Sequence[str],
        advertise: Sequence[str],
        port: int,
        tcp_port: int | None,
    ) -> None:
        """Open the ports on each address of `bind`. Raises OSError if one is taken."""
        udp, tcp = open_sockets(bind, port), list[socket.socket]()
        try:
            if tcp_port is not None:
                tcp = open_listeners(bind, tcp_port)
        except OSError:
            _close(udp)
            raise
        candidates = [Candidate(address, _port(udp)) for address in advertise]
        if tcp:
            candidates += [Candidate(address, _port(tcp), "tcp") for address in advertise]
        udp_fds, tcp_fds = [each.fileno() for each in udp], [each.fileno() for each in tcp]
        try:
            self.relay.start(udp_fds, tcp_fds, self._send_threads, now_ms() / 1000)
        except BaseException:
            _close(udp + tcp)
            raise
        for each in udp + tcp:
            each.detach()
        self._candidates = candidates
        self.listen(listener)

    def listen(self, listener: Listener) -> None:
        """Send events to this listener, in the event loop that runs now."""
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.relay.fileno(), self.dispatch_events)

    async def stop(self) -> None:
        """Close everything and remove all peers and outputs."""
        if self._loop is not None:
            self._loop.remove_reader(self.relay.fileno())
            self._loop = None
        self._counts = self.counters()
        self.relay.stop()
        self._peers.clear()
        self._publishers.clear()
        self._watched.clear()
        self._sessions.clear()
        self._outputs.clear()
        self._on_air.clear()
        self._candidates = []

    # Peers and outputs.

    def add_peer(self, local: Credentials, remote: Credentials | None = None) -> Peer:
        """Add a peer that checks with these credentials. Raises ValueError if they are too long."""
        peer = next(self._numbers)
        self.relay.add_peer(
            peer, *_encode_credentials(local), *_encode_credentials(remote), token_bytes(SECRET)
        )
        self._peers.add(peer)
        return peer

    def restart_ice(
        self, peer: Peer, local: Credentials, remote: Credentials | None = None
    ) -> None:
        """Expect the peer with new credentials; the old ones work until it uses the new ones."""
        if peer in self._peers:
            self.relay.restart_ice(peer, *_encode_credentials(local), *_encode_credentials(remote))

    def send(self, peer: Peer, datagram: bytes) -> None:
        """Send a DTLS record on the peer's selected path, within its limit."""
        if peer in self._peers:
            self.relay.send(peer, datagram)

    def secure(self, peer: Peer, keys: Keys) -> None:
        """Set the SRTP keys after the handshake; media may flow."""
        if peer in self._peers and peer not in self._sessions:
            transmit, receive = self._sessions[peer] = srtp.sessions(keys)
            addresses = srtp.address_of(transmit), srtp.address_of(receive)
            self.relay.secure(peer, *addresses, keys.tag, srtp.gcm_key(keys))

    def remove_peer(self, peer: Peer) -> None:
        """Remove the peer and free its state."""
        if peer in self._peers:
            self._peers.remove(peer)
            self._publishers.discard(peer)
            self._watched.pop(peer, None)
            self.relay.remove_peer(peer)

    def add_output(self) -> Output:
        """Add an output: what all viewers of a broadcast, for example, get."""
        output = next(self._numbers)
        ssrcs = Ssrcs.generate()
        self.relay.add_output(
            output,
            ssrcs.video,
            ssrcs.retransmission,
            ssrcs.audio,
            randbelow(0x4000),
            randbelow(1 << 30),
        )
        self._outputs[output] = ssrcs
        return output

    def ssrcs(self, output: Output) -> Ssrcs:
        """Return the output's SSRCs."""
        return self._outputs[output]

    def remove_output(self, output: Output) -> None:
        """Remove an output; its viewers stay connected without media."""
        if self._outputs.pop(output, None) is not None:
            self._on_air.pop(output, None)
            for peer in [each for each, watched in self._watched.items() if watched == output]:
                del self._watched[peer]
            self.relay.remove_output(output)

    def publish(self, peer: Peer, publishing: Publishing) -> None:
        """Make the peer a publisher, unless it has a role."""
        if self._is_without_role(peer):
            self.relay.publish(
                peer,
                [self._track(each) for each in publishing.tracks],
                _encode_optional(publishing.transport_cc),
                _encode_optional(publishing.rid),
                _encode_optional(publishing.repaired_rid),
                _encode_optional(publishing.dependency_descriptor),
                _encode_optional(publishing.capture_time),
                randbits(32) | 1,
            )
            self._publishers.add(peer)

    def _is_without_role(self, peer: Peer) -> bool:
        taken = peer in self._publishers or peer in self._watched
        return peer in self._peers and not taken

    def _track(self, track: Incoming) -> "_native.Track":
        return (
            track.kind == "video",
            track.clock_rate,
            {number: self._codecs.number(key) for number, key in track.codecs.items()},
            dict(track.retransmissions),
            dict(track.red),
            tuple(rid.encode() for rid in track.layers),
            track.nack,
            track.pli,
        )

    def view(self, peer: Peer, output: Output, viewing: Viewing) -> None:
        """Make the peer a viewer of this output, unless it has a role."""
        if self._is_without_role(peer) and output in self._outputs:
            video, audio = self._outgoing(viewing.video), self._outgoing(viewing.audio)
            self.relay.view(peer, output, video, audio, randbelow(0x4000), viewing.exempt)
            self._watched[peer] = output

    def _outgoing(self, terms: Mapping[str, Outgoing]) -> "list[_native.Outgoing]":
        """Return the codecs that fit into the C array, which is larger than any offer needs."""
        numbered = [(self._codecs.number(key), each) for key, each in terms.items()]
        return [
            (
                number,
                each.payload_type,
                _encode_optional(each.retransmission),
                _encode_optional(each.red),
            )
            for number, each in numbered
            if number
        ][: _native.CODECS_MOST]

    def put_on_air(self, output: Output, peer: Peer | None) -> None:
        """Switch this output to this publisher at its next keyframe; None takes all off air at
        once.
        """
        if output in self._outputs and (peer is None or peer in self._publishers):
            self._on_air[output] = peer
            self.relay.put_on_air(output, peer or 0)

    def limit_layer(self, peer: Peer, most: int | None) -> None:
        """Limit this viewer to this layer, 0 the lowest; None: no limit."""
        if peer in self._peers:
            self.relay.limit_layer(peer, _encode_optional(most))

    def limit_rung(self, peer: Peer, most: Rung | None) -> None:
        """Limit what this viewer gets of its layer; None: no limit."""
        if peer in self._peers:
            self.relay.limit_rung(peer, RUNGS.index(most or "full"))

    # Queries.

    def viewer_health(self, peer: Peer) -> ViewerHealth | None:
        """Return the quality of the viewer's stream, or None if the peer is no viewer."""
        found = self.relay.viewer_health(peer) if peer in self._peers else None
        if found is None:
            return None
        layer, layers, loss, carries, dropped, transport, link, rung = found
        return ViewerHealth(
            layer,
            layers,
            round(loss, 3),
            _decode_measurement(carries),
            dropped,
            _protocol(transport),
            _LINKS[link],
            RUNGS[rung],
        )

    def health(self, peer: Peer) -> Health | None:
        """Return the quality of the publisher's stream, or None if the peer is no publisher."""
        found = self.relay.health(peer) if peer in self._peers else None
        if found is None:
            return None
        codec, width, height, kbps, fps, loss, rtt, keyframe, jitter = found[:9]
        on_request, audio, objection, layers, transport, disposable_kbps = found[9:15]
        delay_from, delay_ms = found[15:]
        return Health(
            codec=self._codecs.family(codec),
            width=width or None,
            height=height or None,
            bitrate_kbps=kbps,
            fps=fps,
            loss=loss,
            rtt_ms=_decode_measurement(rtt),
            keyframe_s=_decode_measurement(keyframe),
            keyframes_on_request=on_request,
            audio=audio,
            objection=_OBJECTIONS.get(objection),
            jitter_ms=_decode_measurement(jitter),
            layers=tuple(
                LayerHealth(rid, width or None, height or None, kbps)
                for rid, width, height, kbps in layers
            ),
            transport=_protocol(transport),
            disposable_kbps=disposable_kbps,
            delay_from=_DELAYS_FROM[delay_from],
            delay_ms=delay_ms,
        )

    def counters(self) -> Mapping[str, int]:
        """Return counters since the start; they only grow."""
        return self.relay.counters() if self._counts is None else self._counts

    def remote_address(self, peer: Peer) -> RemoteAddress | None:
        """Return the peer's remote address, or None if it has no selected path."""
        found = self.relay.remote_address(peer) if peer in self._peers else None
        if found is None:
            return None
        address, port, transport = found
        return RemoteAddress(address, port, _protocol(transport))

    def gauges(self) -> Mapping[str, int]:
        """Return how many objects the engine holds now."""
        return self.relay.gauges()

    # Events.

    def dispatch_events(self) -> None:
        """Pass the events since the last call to the listener."""
        self._events.extend(self.relay.events())
        try:
            while self._events:
                self._dispatch(*self._events.popleft())
        finally:
            if self._events and self._loop is not None:
                self._loop.call_soon(self.dispatch_events)

    def _dispatch(self, kind: int, peer: Peer, output: Output, objection: int, data: bytes) -> None:
        if kind == _native.EVENT_FREED:
            self._sessions.pop(peer, None)
        elif peer not in self._peers:
            return  # The listener removed the peer before this event.
        elif kind == _native.EVENT_REACHED:
            self._listener.on_reached(peer)
        elif kind == _native.EVENT_DTLS:
            self._listener.on_dtls(peer, data)
        elif kind == _native.EVENT_LOST:
            self._listener.on_lost(peer)
        elif kind == _native.EVENT_AIRED:
            if self._on_air.get(output) == peer:
                self._listener.on_aired(output, peer)
        elif kind == _native.EVENT_SILENT:
            self._listener.on_silent(peer)
        elif kind == _native.EVENT_FLOWING:
            self._listener.on_flowing(peer)
        elif kind == _native.EVENT_OBJECTED:
            self._listener.on_objected(peer, _OBJECTIONS[objection])


def _encode_credentials(credentials: Credentials | None) -> tuple[bytes, bytes]:
    """Return user name fragment and password, empty for None."""
    if credentials is None:
        return b"", b""
    return credentials.ufrag.encode(), credentials.password.encode()


def _close(sockets: Sequence[socket.socket]) -> None:
    for each in sockets:
        each.close()


def _port(sockets: Sequence[socket.socket]) -> int:
    number: int = sockets[0].getsockname()[1]
    return number


def _encode_optional(number: int | None) -> int:
    """Return the number for C: -1 for None."""
    return -1 if number is None else number


def _decode_measurement(measured: float) -> float | None:
    """Return a measurement from C: None for a negative number."""
    return None if measured < 0 else measured


def _protocol(transport: int) -> Literal["udp", "tcp"]:
    return "tcp" if transport == _native.TRANSPORT_TCP else "udp"

"""The engine in plain Python: sockets, demultiplexing (RFC 7983), ICE consent and the timers.

It ties `publisher` and `output`, which decide, to the network. One datagram is handled at a time,
in the event loop's thread.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from secrets import randbits
from typing import Any

from farmlive.clock import now_ms
from farmlive.media import rtcp, rtp
from farmlive.media.addresses import open_sockets, received_at
from farmlive.media.engine import (
    Candidate,
    Credentials,
    Health,
    Keys,
    Listener,
    Output,
    Peer,
    Publishing,
    Ssrcs,
    Viewing,
)
from farmlive.media.ice import IceLite, IcePeer, Port
from farmlive.media.output import Fanout, Viewer
from farmlive.media.publisher import Publisher
from farmlive.media.srtp import Protection, Unreadable

CONSENT_S = 30.0
SILENT_S = 3.0
_TICK_S = 0.05
_NACK_S = 0.01
_FLUSH_S = 0.0015
_BURST_S = 0.004
_READ_AT_ONCE = 64


class _Peer(IcePeer):
    def __init__(self, number: Peer, local: Credentials, now: float) -> None:
        super().__init__(local, now)
        self.number = number
        self.protection: Protection | None = None
        self.fanout: Fanout | None = None
        self.publisher: Publisher | None = None
        self.viewing: Viewing | None = None
        self.viewer: Viewer | None = None
        self.flowing = False
        self.objected = False
        self.lost = False


class PythonEngine:
    """The reference engine; see `farmlive.media.engine.Engine`."""

    def __init__(self) -> None:
        self._ports: list[Port] = []
        self._candidates: list[Candidate] = []
        self._peers: dict[Peer, _Peer] = {}
        self._ice: IceLite[_Peer] = IceLite()
        self._outputs: dict[Output, Fanout] = {}
        self._numbers = itertools.count(1)
        self._timers: set[asyncio.TimerHandle] = set()
        self._tick_handle: asyncio.TimerHandle | None = None
        self._pump_handle: asyncio.TimerHandle | None = None
        self._ticks = 0
        # The outputs that were fed since the last look at what they gather.
        self._fed: set[Fanout] = set()
        self._flushing: set[Fanout] = set()
        self._wall_at_zero = 0.0
        self._counts = dict.fromkeys(
            (
                "datagrams_received",
                "datagrams_ignored",
                "packets_received",
                "nacks_received",
                "keyframe_requests_received",
            ),
            0,
        )
        self._gone = dict.fromkeys(
            ("packets_sent", "packets_failed", "packets_repaired", "packets_unrepaired"), 0
        )

    # Start and stop.

    @property
    def candidates(self) -> Sequence[Candidate]:
        """Where clients reach this engine; empty before `start`."""
        return self._candidates

    async def start(
        self, listener: Listener, bind: Sequence[str], tell: Sequence[str], port: int
    ) -> None:
        """Open one port on each address of `bind`; raises OSError where it is taken."""
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._wall_at_zero = now_ms() / 1000 - self._loop.time()
        self._ports = [Port(sock) for sock in open_sockets(bind, port)]
        for each in self._ports:
            self._loop.add_reader(each.sock, self._readable, each)
        real = self._ports[0].sock.getsockname()[1]
        self._candidates = [Candidate(address, real) for address in tell]
        self._tick_handle = self._loop.call_later(_TICK_S, self._tick)

    async def stop(self) -> None:
        """Close everything."""
        for peer in list(self._peers):
            self.remove_peer(peer)
        for handle in (self._tick_handle, self._pump_handle, *self._timers):
            if handle is not None:
                handle.cancel()
        self._timers.clear()
        for port in self._ports:
            self._loop.remove_reader(port.sock)
            port.sock.close()
        self._ports, self._candidates = [], []

    # Peers and outputs.

    def add_peer(self, local: Credentials) -> Peer:
        """Let in whoever checks with these credentials."""
        peer = _Peer(next(self._numbers), local, self._loop.time())
        self._peers[peer.number] = peer
        self._ice.add(peer)
        return peer.number

    def restart_ice(self, peer: Peer, local: Credentials) -> None:
        """Expect the peer with new credentials; the old ones serve until the new ones do."""
        entry = self._peers.get(peer)
        if entry is not None:
            self._ice.restart(entry, local, self._loop.time())

    def send(self, peer: Peer, datagram: bytes) -> None:
        """Send a DTLS record to the peer's current address; without one it is dropped."""
        entry = self._peers.get(peer)
        if entry is not None:
            entry.send(datagram)

    def secure(self, peer: Peer, keys: Keys) -> None:
        """The handshake is done; media may flow."""
        entry = self._peers.get(peer)
        if entry is not None:
            entry.protection = Protection(keys)
            self._let_in(entry)

    def remove_peer(self, peer: Peer) -> None:
        """Forget the peer and free what it holds."""
        entry = self._peers.pop(peer, None)
        if entry is None:
            return
        self._ice.remove(entry)
        fanout = entry.fanout
        if fanout is not None:
            fanout.remove(peer)
            if entry.publisher is not None:
                fanout.drop(entry.publisher)

    def add_output(self) -> Output:
        """Make an output: what all viewers of one broadcast get."""
        number = next(self._numbers)
        ssrcs = Ssrcs(randbits(32) | 1, randbits(32) | 1, randbits(32) | 1)
        self._outputs[number] = Fanout(ssrcs)
        return number

    def ssrcs(self, output: Output) -> Ssrcs:
        """The output's SSRCs."""
        return self._outputs[output].ssrcs

    def remove_output(self, output: Output) -> None:
        """Forget an output; its peers are removed by their own call."""
        fanout = self._outputs.pop(output, None)
        if fanout is not None:
            for name, count in _counts_of(fanout).items():
                self._gone[name] += count

    def publish(self, peer: Peer, output: Output, publishing: Publishing) -> None:
        """The peer is a publisher to this output, not on air yet."""
        entry, fanout = self._peers.get(peer), self._outputs.get(output)
        if entry is not None and fanout is not None:
            entry.fanout = fanout
            entry.publisher = Publisher(publishing, randbits(32) | 1)

    def view(self, peer: Peer, output: Output, viewing: Viewing) -> None:
        """The peer is a viewer of this output."""
        entry, fanout = self._peers.get(peer), self._outputs.get(output)
        if entry is not None and fanout is not None:
            entry.fanout, entry.viewing = fanout, viewing
            self._let_in(entry)

    def put_on_air(self, output: Output, peer: Peer | None) -> None:
        """Switch to this publisher at its next keyframe; None: nobody, at once."""
        fanout = self._outputs.get(output)
        entry = self._peers.get(peer) if peer is not None else None
        if fanout is not None and (peer is None or entry is not None):
            publisher = entry.publisher if entry is not None else None
            fanout.put_on_air(publisher)
            if publisher is not None and peer is not None and fanout.on_air is publisher:
                self._listener.aired(output, peer)

    def health(self, peer: Peer) -> Health | None:
        """How the publisher does, or None where there is none."""
        entry = self._peers.get(peer)
        return entry.publisher.health if entry is not None and entry.publisher else None

    def counters(self) -> Mapping[str, int]:
        """Counts since the start, each of which only grows."""
        counts = {**self._counts, **self._gone}
        for fanout in self._outputs.values():
            for name, count in _counts_of(fanout).items():
                counts[name] += count
        return counts

    def _let_in(self, entry: _Peer) -> None:
        """A viewer with keys, an address and formats joins the fan-out."""
        if (
            entry.viewer is None
            and entry.viewing is not None
            and entry.protection is not None
            and entry.port is not None
            and entry.fanout is not None
        ):
            entry.viewer = Viewer(
                entry.number, entry.viewing, entry.protection, entry.port.sock, entry.address
            )
            self._report_to(entry)
            entry.fanout.add(entry.viewer, self._loop.time())
            self._pump_soon()

    # Datagrams.

    def _readable(self, port: Port) -> None:
        self._read(port)
        for fanout in self._fed:
            if fanout.gathering:
                self._flush_soon(fanout)
        self._fed.clear()

    def _read(self, port: Port) -> None:
        receive = port.sock.recvmsg
        now = self._loop.time()
        ahead = time.time() - now
        for _ in range(_READ_AT_ONCE):
            try:
                data, extra, _, address = receive(2048, 64)
            except OSError:
                return
            self._counts["datagrams_received"] += 1
            first = data[0] if data else 255
            if 128 <= first < 192:
                peer = port.peers.get(address)
                if peer is not None and peer.protection is not None:
                    self._media(peer, peer.protection, data, now, received_at(extra, now, ahead))
                    continue
            elif 20 <= first < 64:
                peer = port.peers.get(address)
                if peer is not None:
                    self._listener.dtls(peer.number, data)
                    continue
            elif first < 4 and self._check(port, data, address, now):
                continue
            self._counts["datagrams_ignored"] += 1
        # More is waiting: the loop calls again, after everyone else had a turn.

    def _check(self, port: Port, data: bytes, address: Any, now: float) -> bool:
        """Answer a connectivity check; False for one that is not for us."""
        checked = self._ice.check(port, data, address, now)
        if checked is None:
            return False
        peer = checked.peer
        if checked.first:
            self._listener.reached(peer.number)
            self._let_in(peer)
        elif checked.moved and peer.viewer is not None:
            peer.viewer.sock, peer.viewer.address = port.sock, address
        return True

    def _media(
        self, peer: _Peer, protection: Protection, data: bytes, now: float, arrival: float
    ) -> None:
        if rtp.is_rtcp(data):
            try:
                plain = protection.unprotect_rtcp(data)
                for report in rtcp.parse(plain):
                    self._reported(peer, report, now)
            except (Unreadable, ValueError):
                self._counts["datagrams_ignored"] += 1
            return
        publisher, fanout = peer.publisher, peer.fanout
        if publisher is None or fanout is None:
            self._counts["datagrams_ignored"] += 1
            return
        try:
            received = rtp.parse(protection.unprotect(data))
        except (Unreadable, ValueError):
            self._counts["datagrams_ignored"] += 1
            return
        self._counts["packets_received"] += 1
        taken = publisher.take(received, now, arrival)
        if taken is None:
            return
        if not peer.flowing:
            peer.flowing = True
            self._listener.flowing(peer.number)
        track, packet, keyframe = taken
        objection = publisher.health.objection
        if objection is not None and not peer.objected:
            peer.objected = True
            self._listener.objected(peer.number, objection)
        if fanout.feed(publisher, track, packet, keyframe, now):
            output = next(n for n, each in self._outputs.items() if each is fanout)
            self._listener.aired(output, peer.number)
        self._fed.add(fanout)
        if keyframe and fanout.catching:
            self._pump_soon()
        if track.missing and not publisher.asking:
            publisher.asking = True
            self._later(_NACK_S, lambda: self._ask_again(peer, publisher))

    def _reported(self, peer: _Peer, report: rtcp.Report, now: float) -> None:
        fanout = peer.fanout
        if fanout is None:
            return
        if peer.publisher is not None:
            if isinstance(report, rtcp.SenderReport):
                for track in peer.publisher.tracks:
                    if track.ssrc == report.ssrc:
                        track.sender_report, track.sender_report_at = report, now
                        if fanout.on_air is peer.publisher:
                            fanout.heard(track, report, now)
        elif peer.viewer is not None:
            if isinstance(report, rtcp.Nack):
                self._counts["nacks_received"] += 1
                fanout.repair(peer.viewer, report)
            elif isinstance(report, rtcp.KeyframeRequest):
                self._counts["keyframe_requests_received"] += 1
                if fanout.on_air is not None and peer.viewer.live:
                    fanout.on_air.want_keyframe()

    # Timers.

    def _later(self, delay: float, call: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(handle)
            call()

        handle = self._loop.call_later(delay, run)
        self._timers.add(handle)

    def _flush_soon(self, fanout: Fanout) -> None:
        """A frame whose end has not come yet leaves after a moment."""

        def flush() -> None:
            self._flushing.discard(fanout)
            fanout.flush()

        if fanout not in self._flushing:
            self._flushing.add(fanout)
            self._later(_FLUSH_S, flush)

    def _ask_again(self, peer: _Peer, publisher: Publisher) -> None:
        """Ask for what is missing as soon as it can't be mere disorder, not at the next tick."""
        publisher.asking = False
        if peer.protection is not None and peer.number in self._peers:
            data = publisher.repair_request(self._loop.time())
            if data is not None:
                peer.send(peer.protection.protect_rtcp(data))

    def _pump_soon(self) -> None:
        if self._pump_handle is None:
            self._pump_handle = self._loop.call_soon(self._pump)  # type: ignore[assignment]

    def _pump(self) -> None:
        self._pump_handle = None
        again = False
        for fanout in self._outputs.values():
            fanout.pump()
            again |= bool(fanout.catching)
        if again:
            self._pump_handle = self._loop.call_later(_BURST_S, self._pump)

    def _tick(self) -> None:
        self._tick_handle = self._loop.call_later(_TICK_S, self._tick)
        self._ticks += 1
        now = self._loop.time()
        slots = round(1 / _TICK_S)
        for fanout in self._outputs.values():
            if fanout.waiting and fanout.on_air is not None:
                fanout.start_waiting(now)
                if fanout.waiting:
                    fanout.on_air.want_keyframe()
                self._pump_soon()
        for peer in list(self._peers.values()):
            if peer.publisher is not None:
                self._feed_back(peer, peer.publisher, now)
            if (peer.number + self._ticks) % slots == 0:
                self._second(peer, now)

    def _feed_back(self, peer: _Peer, publisher: Publisher, now: float) -> None:
        if peer.protection is None or not publisher.last_at:
            return
        data = publisher.feedback(now, report=self._ticks % 10 == 0)
        if data is not None:
            peer.send(peer.protection.protect_rtcp(data))

    def _second(self, peer: _Peer, now: float) -> None:
        publisher = peer.publisher
        alive = peer.checked_at
        if publisher is not None:
            # Media with the right key is as good a sign of life as a check: some publishers
            # check only at the start.
            alive = max(alive, publisher.last_at)
            publisher.measure(now)
            if peer.flowing and now - publisher.last_at > SILENT_S:
                peer.flowing = False
                self._listener.silent(peer.number)
        elif peer.viewer is not None and peer.fanout is not None:
            peer.fanout.second(peer.viewer)
            self._report_to(peer)
        if now - alive > CONSENT_S and not peer.lost:
            peer.lost = True
            self._listener.lost(peer.number)

    def _report_to(self, peer: _Peer) -> None:
        if peer.fanout is None or peer.protection is None:
            return
        now = self._loop.time()
        data = peer.fanout.report(now, now + self._wall_at_zero)
        if data is not None:
            peer.send(peer.protection.protect_rtcp(data))


def _counts_of(fanout: Fanout) -> dict[str, int]:
    return {
        "packets_sent": fanout.sent,
        "packets_failed": fanout.failed,
        "packets_repaired": fanout.repaired,
        "packets_unrepaired": fanout.unrepaired,
    }

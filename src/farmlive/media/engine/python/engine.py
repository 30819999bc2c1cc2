"""The engine in plain Python: its peers and outputs, and the interface's calls.

`sockets` reads, `demux` handles what comes in, `publisher` and `output` decide, `send_group` sends,
and `timers` does what is due by time. Everything runs in the event loop's thread.
"""

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from secrets import randbits, token_bytes

from farmlive.media.engine.interface import (
    SECRET,
    Candidate,
    Credentials,
    Health,
    Keys,
    Listener,
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
from farmlive.media.engine.python.demux import Demux
from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.engine.python.link.quality_ladder import RUNGS
from farmlive.media.engine.python.net import bpf_filter
from farmlive.media.engine.python.net.ice import IceLite
from farmlive.media.engine.python.net.sockets import Port, Ports
from farmlive.media.engine.python.net.tcp import TcpPorts
from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.engine.python.output.viewer import Viewer
from farmlive.media.engine.python.peer import EnginePeer
from farmlive.media.engine.python.srtp import Protection
from farmlive.media.engine.python.timers import Timers


class PythonEngine:
    """The reference engine; see `farmlive.media.engine.interface.Engine`."""

    name = "python"

    def __init__(self, timeouts: Timeouts | None = None, *, link_control: bool = True) -> None:
        timeouts = timeouts or Timeouts()
        self._link_control = link_control
        self._candidates: list[Candidate] = []
        self._peers: dict[Peer, EnginePeer] = {}
        self._outputs: dict[Output, Fanout] = {}
        self._numbers = itertools.count(1)
        self._ice: IceLite[EnginePeer] = IceLite(timeouts.left_after)
        self._ports, self._streams = Ports(), TcpPorts()
        self._timers = Timers(
            self._outputs,
            self._ports,
            self._ice.retransmit_checks,
            self._ice.check_link,
            timeouts,
        )
        self._demux = Demux(self._ice, self._timers, self._on_path)
        self._passes_reports = False
        self._removed_counts = dict.fromkeys(
            (
                "packets_sent",
                "packets_failed",
                "packets_repaired",
                "packets_unrepaired",
                "packets_dropped",
            ),
            0,
        )

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
        self._listener = listener
        take, done = self._demux.handle_datagram, self._timers.run_due
        real = self._ports.open(bind, port, take, done)
        self._candidates = [Candidate(address, real) for address in advertise]
        if tcp_port is not None:
            try:
                real = self._streams.open(bind, tcp_port, take, done)
            except OSError:
                self._ports.close()
                raise
            self._candidates += [Candidate(address, real, "tcp") for address in advertise]
        self._passes_reports = False
        self._update_report_filter()
        self._timers.start(listener)

    async def stop(self) -> None:
        """Close everything and remove all peers and outputs."""
        for peer in list(self._peers):
            self.remove_peer(peer)
        for output in list(self._outputs):
            self.remove_output(output)
        self._timers.stop()
        self._ports.close()
        self._streams.close()
        self._candidates = []

    # Peers and outputs.

    def add_peer(self, local: Credentials, remote: Credentials | None = None) -> Peer:
        """Add a peer that checks with these credentials."""
        number, now = next(self._numbers), time.monotonic()
        peer = EnginePeer(number, local, now, remote, token_bytes(SECRET))
        self._peers[peer.number] = peer
        self._ice.add(peer)
        self._timers.add(peer)
        return peer.number

    def restart_ice(
        self, peer: Peer, local: Credentials, remote: Credentials | None = None
    ) -> None:
        """Expect the peer with new credentials; the old ones work until it uses the new ones."""
        entry = self._peers.get(peer)
        if entry is not None:
            self._ice.restart(entry, local, time.monotonic(), remote)

    def send(self, peer: Peer, datagram: bytes) -> None:
        """Send a DTLS record on the peer's selected path, within its limit."""
        entry = self._peers.get(peer)
        if entry is not None:
            self._ice.send_record(entry, datagram, time.monotonic())

    def secure(self, peer: Peer, keys: Keys) -> None:
        """Set the SRTP keys after the handshake; media may flow."""
        entry = self._peers.get(peer)
        if entry is not None and entry.protection is None:
            entry.protection = Protection(keys)
            self._ice.validate_dtls_path(entry)
            self._start_role(entry)

    def remove_peer(self, peer: Peer) -> None:
        """Remove the peer and free its state."""
        entry = self._peers.pop(peer, None)
        if entry is None:
            return
        self._ice.remove(entry)
        self._timers.forget(entry)
        self._give_up(entry)
        entry.leave_output()
        if entry.publisher is not None:
            for output in entry.publisher.listeners:
                output.on_end(entry.publisher)
            self._update_report_filter()

    def add_output(self) -> Output:
        """Add an output: what all viewers of a broadcast, for example, get."""
        number = next(self._numbers)
        ssrcs = Ssrcs.generate()
        self._outputs[number] = Fanout(ssrcs, self._timers.fed)
        return number

    def ssrcs(self, output: Output) -> Ssrcs:
        """Return the output's SSRCs."""
        return self._outputs[output].ssrcs

    def remove_output(self, output: Output) -> None:
        """Remove an output; its viewers stay connected without media."""
        fanout = self._outputs.pop(output, None)
        if fanout is not None:
            for entry in self._peers.values():
                if entry.fanout is fanout:
                    entry.leave_output()
            fanout.put_on_air(None)
            for name, count in _counts_of(fanout).items():
                self._removed_counts[name] += count

    def publish(self, peer: Peer, publishing: Publishing) -> None:
        """Make the peer a publisher, unless it has a role."""
        entry = self._peers.get(peer)
        if entry is not None and not entry.has_role:
            entry.publisher = Publisher(publishing, randbits(32) | 1, peer)
            self._update_report_filter()
            self._start_role(entry)

    def view(self, peer: Peer, output: Output, viewing: Viewing) -> None:
        """Make the peer a viewer of this output, unless it has a role."""
        entry, fanout = self._peers.get(peer), self._outputs.get(output)
        if entry is not None and fanout is not None and not entry.has_role:
            entry.fanout, entry.viewing = fanout, viewing
            self._start_role(entry)

    def put_on_air(self, output: Output, peer: Peer | None) -> None:
        """Switch this output to this publisher at its next keyframe; None takes all off air at
        once.
        """
        fanout = self._outputs.get(output)
        entry = self._peers.get(peer) if peer is not None else None
        publisher = entry.publisher if entry is not None else None
        if fanout is not None and (peer is None or publisher is not None):
            fanout.put_on_air(publisher)
            if fanout.switch_at_once(time.monotonic()):
                self._timers.schedule_bursts()
            if publisher is not None and peer is not None and fanout.on_air is publisher:
                self._listener.on_aired(output, peer)
            self._timers.request_keyframes(fanout)

    def limit_layer(self, peer: Peer, most: int | None) -> None:
        """Limit this viewer to this layer, 0 the lowest; None: no limit."""
        entry = self._peers.get(peer)
        if entry is None:
            return
        entry.most = most
        if entry.viewer is not None and entry.fanout is not None:
            entry.viewer.selector.most = most
            if entry.fanout.select_track(entry.viewer, time.monotonic()):
                self._timers.request_keyframes(entry.fanout)

    def limit_rung(self, peer: Peer, most: Rung | None) -> None:
        """Limit what this viewer gets of its layer; None: no limit."""
        entry = self._peers.get(peer)
        if entry is None:
            return
        entry.most_rung = RUNGS.index(most or "full")
        if entry.viewer is not None and entry.fanout is not None:
            entry.fanout.limit_rung(entry.viewer, entry.most_rung)

    def viewer_health(self, peer: Peer) -> ViewerHealth | None:
        """Return the quality of the viewer's stream, or None if the peer is no viewer."""
        entry = self._peers.get(peer)
        viewer = entry.viewer if entry is not None else None
        if entry is None or viewer is None or entry.fanout is None:
            return None
        now = time.monotonic()
        source = entry.fanout.on_air
        return ViewerHealth(
            layer=viewer.epoch.track.layer if viewer.epoch is not None else 0,
            layers=len(source.layers) if source is not None else 0,
            loss=round(viewer.selector.recent_loss(now), 3),
            estimated_kbps=viewer.link.kbps if viewer.link.state == "narrow" else None,
            dropped=viewer.backpressure.dropped,
            transport=entry.port.protocol if entry.port is not None else "udp",
            link=viewer.link.state,
            rung=RUNGS[viewer.gets],
        )

    def health(self, peer: Peer) -> Health | None:
        """Return the quality of the publisher's stream, or None if the peer is no publisher."""
        entry = self._peers.get(peer)
        if entry is None or entry.publisher is None:
            return None
        transport = entry.port.protocol if entry.port is not None else "udp"
        return replace(entry.publisher.health, transport=transport)

    def counters(self) -> Mapping[str, int]:
        """Return counters since the start; they only grow."""
        counts = {**self._demux.counts, **self._removed_counts}
        counts["connections_refused"] = self._streams.limits.refused
        for fanout in self._outputs.values():
            for name, count in _counts_of(fanout).items():
                counts[name] += count
        return counts

    def remote_address(self, peer: Peer) -> RemoteAddress | None:
        """Return the peer's remote address, or None if it has no selected path."""
        entry = self._peers.get(peer)
        if entry is None or entry.port is None:
            return None
        address, port = entry.address[:2]
        return RemoteAddress(address, port, entry.port.protocol)

    def gauges(self) -> Mapping[str, int]:
        """Return how many objects the engine holds now."""
        peers = self._peers.values()
        ports = (*self._ports.all, *self._streams.all)
        return {
            "peers": len(peers),
            "publishers": sum(each.publisher is not None for each in peers),
            "viewers": sum(each.viewer is not None for each in peers),
            "outputs": len(self._outputs),
            "ufrags": len(self._ice),
            "secured": sum(each.protection is not None for each in peers),
            "addresses": sum(len(port.peers) for port in ports),
            "sockets": sum(len(port.own) for port in ports),
            "connections": len(self._streams.limits),
        }

    def _update_report_filter(self) -> None:
        """Let receiver reports through the BPF filter only where they are needed."""
        layered = self._link_control or any(
            each.publisher is not None and len(each.publisher.layers) > 1
            for each in self._peers.values()
        )
        if layered != self._passes_reports:
            self._passes_reports = layered
            for port in self._ports.all:
                (bpf_filter.detach if layered else bpf_filter.attach)(port.sock)

    # Paths of peers.

    def _start_role(self, entry: EnginePeer) -> None:
        """Start a peer that has keys, a validated path and a role."""
        port, protection, fanout = entry.port, entry.protection, entry.fanout
        if port is None or protection is None or not entry.validated:
            return
        if entry.publisher is not None:
            self._open_own_socket(entry, entry.publisher, port)
        elif fanout is None or entry.viewing is None:
            return
        elif entry.viewer is None:
            now = time.monotonic()
            entry.viewer = Viewer(
                entry.number,
                entry.viewing,
                protection,
                port.send_socket,
                entry.address,
                now,
                controlled=self._link_control,
            )
            entry.viewer.selector.most = entry.most
            if not entry.viewing.exempt:
                entry.viewer.ladder.most = entry.most_rung
            if entry.round_trip_s is not None:
                entry.viewer.link.measured(entry.round_trip_s, now)
            fanout.add(entry.viewer, now)
            self._timers.send_sender_report(entry)
            self._timers.schedule_bursts()
            self._timers.request_keyframes(fanout)
        self._timers.joined(entry)

    def _on_path(self, entry: EnginePeer) -> None:
        """Handle the peer's newly validated path, its first one or another."""
        if entry.viewer is not None and entry.fanout is not None and entry.port is not None:
            entry.fanout.set_path(
                entry.viewer, entry.port.send_socket, entry.address, time.monotonic()
            )
        else:
            self._start_role(entry)

    def _open_own_socket(self, entry: EnginePeer, publisher: Publisher, port: Port) -> None:
        """Give the publisher a socket of its own on its current path, and close an earlier one."""
        if entry.own != (port, entry.address):
            self._give_up(entry)
            entry.own = (port, entry.address)
            self._ports.open_own(port, entry.address, publisher.idle_seconds)

    def _give_up(self, entry: EnginePeer) -> None:
        if entry.own is not None:
            self._ports.close_own(*entry.own)
            entry.own = None


def _counts_of(fanout: Fanout) -> dict[str, int]:
    return {
        "packets_sent": fanout.sending.sent,
        "packets_failed": fanout.sending.failed + fanout.repairs.failed,
        "packets_repaired": fanout.repairs.repaired,
        "packets_unrepaired": fanout.repairs.unrepaired,
        "packets_dropped": fanout.dropped
        + sum(viewer.backpressure.dropped for viewer in fanout.viewers.values()),
    }

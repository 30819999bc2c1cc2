"""Timers: completion of frames, bursts, reports, feedback, consent and silence.

Every wake-up of the engine does what is due, so that its own timers rarely wake it.
"""

import asyncio
import time
from collections.abc import Callable, Mapping

from farmlive.clock import now_ms
from farmlive.media.engine.interface import Listener, Output, Peer, Timeouts
from farmlive.media.engine.python.ingest.publisher import Publisher, PublisherListener
from farmlive.media.engine.python.net.sockets import Ports
from farmlive.media.engine.python.output.catch_up import burst_interval_s, wants_sender_report
from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.engine.python.peer import EnginePeer
from farmlive.media.wire import rtcp, rtp

_TICK_S = 0.1
# How long a tick may wait for another wake-up.
_SLACK_S = 0.03
_TICKS_A_SECOND = 10
_TICKS_A_REPORT = 5
# A viewer gets this many sender reports a second apart, to synchronize audio and video, then one
# every five seconds (RFC 3550, section 6.2).
_FIRST_REPORTS = 5
_SECONDS_A_REPORT = 5
_REQUEST_S = 0.01
# A request that can wait is due so long after its time, whatever was rounded.
_AFTER_S = 0.001
_GATHER_S = 0.0015
# Two readings of the clocks closer than the first are simultaneous; a difference above the second
# means that someone set the wall clock.
_SIMULTANEOUS_S, _CLOCK_SET_S = 0.000_5, 0.02


class Timers:
    """The engine's timers, over its outputs and the peers that `add` adds.

    Calls `retransmit_checks` in each tick, and `check_link` to measure a viewer's round trip.
    """

    def __init__(
        self,
        outputs: Mapping[Output, Fanout],
        ports: Ports,
        retransmit_checks: Callable[[float], None],
        check_link: Callable[[EnginePeer, float], bool],
        timeouts: Timeouts | None = None,
    ) -> None:
        self.listener: Listener
        self._timeouts = timeouts or Timeouts()
        self._outputs, self._ports, self._retransmit_checks = outputs, ports, retransmit_checks
        self._check_link = check_link
        # Whether a viewer's link is probed: then answers to checks are read at once.
        self._is_probing = False
        # The outputs that got packets since their queues were last sent.
        self.fed: set[Fanout] = set()
        # How far the wall clock, which stamps datagrams, is ahead of the monotonic one.
        self.wall_ahead = 0.0
        self._joining: set[EnginePeer] = set()
        self._publishers: dict[Peer, EnginePeer] = {}
        # Each peer has one turn a second; the turns are spread over the ticks.
        self._turns: list[dict[Peer, EnginePeer]] = [{} for _ in range(_TICKS_A_SECOND)]
        self._ticks = 0
        self._due = 0.0
        self._tick_timer: asyncio.TimerHandle | None = None
        self._burst_timer: asyncio.Handle | None = None
        self._flush_timers: dict[Fanout, asyncio.TimerHandle] = {}
        self._request_timers: set[asyncio.TimerHandle] = set()
        # Packets that each output had sent at the last tick.
        self._sent: dict[Fanout, int] = {}

    def start(self, listener: Listener) -> None:
        """Start ticking."""
        self.listener = listener
        self._loop = asyncio.get_running_loop()
        # Tests may set our own clock; sender reports carry its time.
        self._wall_at_zero = now_ms() / 1000 - time.monotonic()
        self._due = time.monotonic()
        self._tick(self._due)

    def stop(self) -> None:
        """Cancel all timers."""
        timers = (self._tick_timer, self._burst_timer, *self._flush_timers.values())
        for timer in (*timers, *self._request_timers):
            if timer is not None:
                timer.cancel()
        self._flush_timers.clear()
        self._request_timers.clear()

    # The peers.

    def add(self, peer: EnginePeer) -> None:
        """Add a peer, which is joining now."""
        self._turns[peer.number % _TICKS_A_SECOND][peer.number] = peer
        self._joining.add(peer)
        self._ports.read_when_readable()

    def joined(self, peer: EnginePeer) -> None:
        """Record that the peer has its keys and its path."""
        self._joining.discard(peer)
        if peer.publisher is not None:
            self._publishers[peer.number] = peer

    def forget(self, peer: EnginePeer) -> None:
        """Remove the peer."""
        self._joining.discard(peer)
        self._publishers.pop(peer.number, None)
        self._turns[peer.number % _TICKS_A_SECOND].pop(peer.number, None)

    def notify_on_air(self, output: PublisherListener, peer: Peer) -> None:
        """Notify the listener that the output was switched to this publisher."""
        for number, each in self._outputs.items():
            if each is output:
                self.listener.on_aired(number, peer)
                return

    # After incoming packets.

    def run_due(self, now: float) -> None:
        """Send the complete frames and do what is due, after datagrams were read."""
        for fanout in self.fed:
            timer = self._flush_timers.pop(fanout, None)
            if timer is not None:
                timer.cancel()
            if fanout.send_whole():
                self._flush_timers[fanout] = self._loop.call_later(_GATHER_S, self._flush, fanout)
            if fanout.joining.catching:
                self.schedule_bursts()
        self.fed.clear()
        if now >= self._due:
            self._tick(now)
            if not self._joining and not self._is_probing:
                self._ports.read_with_publishers()

    def _flush(self, fanout: Fanout) -> None:
        """Send the packets of a frame whose end has not come for a moment."""
        del self._flush_timers[fanout]
        fanout.flush()

    def request_keyframes(self, fanout: Fanout) -> None:
        """Request the keyframes that viewers of this output wait for."""
        for publisher in (fanout.on_air, fanout.following):
            if publisher is not None and publisher.wanted:
                self.schedule_request(publisher)

    def schedule_request(self, publisher: Publisher) -> None:
        """Schedule the requests to this publisher."""
        peer = self._publishers.get(publisher.peer)
        if peer is not None:
            self.schedule_peer_request(peer, publisher)

    def schedule_peer_request(self, peer: EnginePeer, publisher: Publisher) -> None:
        """Schedule the requests to this publisher for when a gap can't be reordering, before the
        next tick.
        """
        if not publisher.has_request_timer:
            publisher.has_request_timer = True
            self._request_within(peer, publisher, _REQUEST_S, is_patient=False)

    def _schedule_patient_request(self, peer: EnginePeer, publisher: Publisher, now: float) -> None:
        """Schedule the keyframe request that can wait for when it is due, if that is before the
        next tick: who gets keyframes alone sees nothing else meanwhile.
        """
        within_s = publisher.patient_for_s(now)
        if 0 < within_s < _TICK_S and not publisher.has_patient_timer:
            publisher.has_patient_timer = True
            self._request_within(peer, publisher, within_s + _AFTER_S, is_patient=True)

    def _request_within(
        self, peer: EnginePeer, publisher: Publisher, delay_s: float, *, is_patient: bool
    ) -> None:
        def ask() -> None:
            self._request_timers.discard(timer)
            if is_patient:
                publisher.has_patient_timer = False
            else:
                publisher.has_request_timer = False
            if peer.number in self._publishers:
                peer.send_rtcp(publisher.request(time.monotonic()))

        timer = self._loop.call_later(delay_s, ask)
        self._request_timers.add(timer)

    def schedule_bursts(self) -> None:
        """Schedule the bursts of viewers that catch up, a part at a time."""
        if self._burst_timer is None:
            self._burst_timer = self._loop.call_soon(self._send_bursts)

    def _send_bursts(self) -> None:
        self._burst_timer = None
        count, now = 0, time.monotonic()
        for fanout in self._outputs.values():
            fanout.send_bursts(now)
            self.measure_links(fanout)
            count += len(fanout.joining.catching)
            if self._is_probing and fanout.joining.probing:
                count += self._probe(fanout, now)
        if count:
            self._burst_timer = self._loop.call_later(burst_interval_s(count), self._send_bursts)

    def measure_links(self, fanout: Fanout) -> None:
        """Send a sender report to each viewer of this output whose link is to be measured now."""
        for viewer in fanout.joining.take_measuring():
            peer = self._turns[viewer.peer % _TICKS_A_SECOND].get(viewer.peer)
            if peer is not None:
                self.send_sender_report(peer)

    def _probe(self, fanout: Fanout, now: float) -> bool:
        """Probe and check links of an output's viewers; return whether any is probed."""
        due, is_probed = fanout.probe(now)
        for viewer in due:
            peer = self._turns[viewer.peer % _TICKS_A_SECOND].get(viewer.peer)
            if peer is not None and self._check_link(peer, now):
                viewer.selector.watch.asked(now)
        return is_probed

    # Periodic work.

    def _timed_tick(self) -> None:
        # Nothing has woken us in time: then viewers' datagrams must.
        self._ports.read_when_readable()
        self._tick(time.monotonic())

    def _tick(self, now: float) -> None:
        self._due = max(self._due + _TICK_S, now)
        if self._tick_timer is not None:
            self._tick_timer.cancel()
        self._tick_timer = self._loop.call_later(_TICK_S + _SLACK_S, self._timed_tick)
        self._ticks += 1
        self._read_clocks()
        self._retransmit_checks(now)
        for peer in self._publishers.values():
            if peer.publisher is not None and peer.publisher.update_layers(now):
                for output in peer.publisher.listeners:
                    output.on_layers_changed(now)
        self._is_probing = False
        for fanout in self._outputs.values():
            if fanout.joining.probing and self._probe(fanout, now):
                self._is_probing = True
                self._ports.read_when_readable()
                self.schedule_bursts()
            followed = fanout.following
            if followed is not None and fanout.switch_to_audio_only(now):
                self.notify_on_air(fanout, followed.peer)
            joining = fanout.joining
            if fanout.following or joining.waiting or joining.moving or joining.catching:
                fanout.request_keyframes(now)
                if joining.catching:
                    self.schedule_bursts()
        report = self._ticks % _TICKS_A_REPORT == 0
        wall = rtp.ntp(now + self._wall_at_zero)
        for peer in list(self._publishers.values()):
            if peer.publisher is not None and peer.publisher.last_at:
                peer.send_rtcp(peer.publisher.feedback(now, report, wall))
                self._schedule_patient_request(peer, peer.publisher, now)
        for peer in list(self._turns[self._ticks % _TICKS_A_SECOND].values()):
            self._run_each_second(peer, now)
        self._send_keepalives()

    def _read_clocks(self) -> None:
        """Measure the difference of the clocks: once, and again if someone sets the wall clock.

        A reading that was interrupted is discarded: publishers' congestion control would take the
        difference for network delay and send less.
        """
        before, wall, after = time.monotonic(), time.time(), time.monotonic()
        ahead = wall - before
        if after - before < _SIMULTANEOUS_S and abs(ahead - self.wall_ahead) > _CLOCK_SET_S:
            self.wall_ahead = ahead

    def _send_keepalives(self) -> None:
        """Leave no viewer without a packet for more than half a second: clients take silence for a
        lost path and look for another one.
        """
        sent = {each: each.sending.sent for each in self._outputs.values()}
        quiet = {each for each, count in sent.items() if self._sent.get(each) == count}
        self._sent = sent
        if self._ticks % _TICKS_A_REPORT == 0:
            for peer in self._publishers.values():
                publisher = peer.publisher
                if publisher is not None and not publisher.last_at:
                    peer.send_rtcp(rtcp.receiver_report(publisher.own_ssrc, []))
        if not quiet and not any(each.joining.waiting for each in sent):
            return
        for turn in (self._ticks, self._ticks + _TICKS_A_SECOND // 2):
            for peer in self._turns[turn % _TICKS_A_SECOND].values():
                fanout = peer.fanout
                if fanout is not None and (
                    fanout in quiet or peer.number in fanout.joining.waiting
                ):
                    peer.send_rtcp(rtcp.receiver_report(fanout.ssrcs.video, []))

    def _run_each_second(self, peer: EnginePeer, now: float) -> None:
        publisher = peer.publisher
        alive = peer.checked_at
        if publisher is not None:
            # Media with the right key proves liveness as well as a check does: some publishers send
            # checks only at the start.
            alive = max(alive, publisher.last_at)
            publisher.measure(now)
            if peer.flowing and now - publisher.last_at > self._timeouts.silent:
                peer.flowing = False
                self.listener.on_silent(peer.number)
        elif peer.viewer is not None and peer.fanout is not None:
            if peer.fanout.run_each_second(peer.viewer, now):
                self.request_keyframes(peer.fanout)
            peer.seconds += 1
            usual = peer.seconds <= _FIRST_REPORTS or peer.seconds % _SECONDS_A_REPORT == 0
            if wants_sender_report(peer.viewer, usual, now):
                self.send_sender_report(peer)
        if now - alive > self._timeouts.consent and not peer.lost:
            peer.lost = True
            self.listener.on_lost(peer.number)

    def send_sender_report(self, peer: EnginePeer) -> None:
        """Send a viewer the sender reports of this moment.

        It is read from the clock: others were served since the last one, and what waited here must
        not be taken for what waited on the link.
        """
        if peer.fanout is not None and peer.viewer is not None:
            now = time.monotonic()
            peer.viewer.train.report_left(now)
            wall = now + self._wall_at_zero
            peer.send_rtcp(peer.fanout.sending.report(peer.viewer, now, wall))

    def ntp_middle(self, now: float) -> int:
        """Return this moment as the middle 32 bits of our NTP time."""
        return (rtp.ntp(now + self._wall_at_zero) >> 16) & 0xFFFFFFFF

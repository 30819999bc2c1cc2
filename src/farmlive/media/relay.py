"""The relay: which source is on air, how long an absent one keeps its place, who may come in.

It ties WHIP and WHEP sessions to the engine's peers and tells the gate what happens. It knows
broadcasts and sources by name only; who a key belongs to is the gate's part.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from fastapi import APIRouter, Request

from farmlive.media import negotiation
from farmlive.media.addresses import local_addresses, to_bind, to_tell
from farmlive.media.broadcasts import Broadcast, Source
from farmlive.media.dtls import Certificate
from farmlive.media.engine import Candidate, Engine, Output, Peer
from farmlive.media.python_engine import PythonEngine
from farmlive.media.refusals import NobodyPublishing, ServerFull, SessionGone, TooManySources
from farmlive.media.routes import routes
from farmlive.media.session import Session, new_credentials
from farmlive.settings import Settings

# A reload replaces a source's session within this; viewers are not told of a pause before.
_HANDOVER_S = 2.0


@dataclass(slots=True, frozen=True)
class Admission:
    """Which source a stream key belongs to, and its label."""

    source: str
    label: str


@dataclass(slots=True, frozen=True)
class MediaEvent:
    """What happened to a source of a broadcast.

    `joined` and `left`: the source is there, or its grace is over. `switched`: viewers get it
    from now on. `paused` and `resumed`: viewers get nothing, or the source on air is back.
    """

    kind: Literal["joined", "left", "paused", "resumed", "switched"]
    broadcast: str
    source: str
    label: str


class Gate(Protocol):
    """Who may come in and who wants to know; the app gives it."""

    async def publish(self, broadcast: str, bearer: str | None, request: Request) -> Admission:
        """The source that this key may publish as; raises a Problem."""

    async def play(self, broadcast: str, request: Request) -> None:
        """Let this player in; raises a Problem."""

    def nothing_to_play(self, request: Request) -> None:
        """Hear that nobody publishes what this player was let in to."""

    def change(self, request: Request) -> None:
        """Let this client change or end a session; raises a Problem."""

    def tell(self, event: MediaEvent) -> None:
        """Hear of an event."""


class Relay:
    """The media of this server. `start` opens the port, `router` has the routes."""

    def __init__(self, settings: Settings, gate: Gate, engine: Engine | None = None) -> None:
        self._settings = settings
        self._gate = gate
        self._engine: Engine = PythonEngine() if engine is None else engine
        self._certificate: Certificate = Certificate.generateCertificate()
        self._broadcasts: dict[str, Broadcast] = {}
        self._outputs: dict[Output, Broadcast] = {}
        self._sessions: dict[str, Session] = {}
        self._peers: dict[Peer, Session] = {}
        # What each session is to its broadcast: a source's, or a viewer where the source is None.
        self._places: dict[Session, tuple[Broadcast, Source | None]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._order = 0
        self.router: APIRouter = routes(self, gate)

    # Start and stop.

    async def start(self) -> None:
        """Open the UDP port; raises OSError with a sentence where it is taken."""
        local = local_addresses()
        configured = self._settings.udp_addresses
        await self._engine.start(
            self, to_bind(configured, local), to_tell(configured, local), self._settings.udp_port
        )

    async def stop(self) -> None:
        """Say goodbye to every peer and close the port."""
        for broadcast in list(self._broadcasts):
            await self.end(broadcast)
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self._engine.stop()

    async def end(self, broadcast: str) -> None:
        """The broadcast has ended: close its sessions and free what it holds. Tells nothing."""
        entry = self._broadcasts.pop(broadcast, None)
        if entry is None:
            return
        sessions = list(entry.viewers)
        for source in entry.sources.values():
            source.cancel_timers()
            if source.session is not None:
                sessions.append(source.session)
        for session in sessions:
            self._forget(session)
        await asyncio.gather(*(session.close() for session in sessions))
        self._outputs.pop(entry.output, None)
        self._engine.remove_output(entry.output)

    # What others ask.

    @property
    def candidates(self) -> Sequence[Candidate]:
        """The addresses and the port that clients are told."""
        return self._engine.candidates

    @property
    def udp_port(self) -> int:
        """The port in use, also where 0 was set."""
        return self._engine.candidates[0].port

    def viewers(self) -> dict[str, int]:
        """How many viewers each broadcast has."""
        return {name: len(entry.viewers) for name, entry in self._broadcasts.items()}

    def metrics(self) -> Mapping[str, int]:
        """Numbers for /metrics: gauges `viewers` and `sources`, and the engine's counters."""
        return {
            "viewers": self._viewer_count(),
            "sources": sum(len(entry.sources) for entry in self._broadcasts.values()),
            **self._engine.counters(),
        }

    def health(self, broadcast: str) -> dict[str, Any]:
        """How each source of the broadcast does, and how many watch."""
        entry = self._broadcasts.get(broadcast)
        if entry is None:
            return {"sources": [], "viewers": 0}
        return {
            "sources": [self._source_health(entry, s) for s in entry.sources.values() if s.joined],
            "viewers": len(entry.viewers),
        }

    def _source_health(self, entry: Broadcast, source: Source) -> dict[str, Any]:
        health = self._engine.health(source.session.peer) if source.session else None
        return {
            "source": source.id,
            "label": source.label,
            "on_air": entry.on_air == source.id and source.flowing,
            "away": not source.flowing,
            "codec": health.codec if health else None,
            "width": health.width if health else None,
            "height": health.height if health else None,
            "bitrate_kbps": health.bitrate_kbps if health else 0.0,
            "fps": health.fps if health else 0.0,
            "loss": health.loss if health else 0.0,
            "rtt_ms": health.rtt_ms if health else None,
            "keyframe_s": health.keyframe_s if health else None,
            "audio": health.audio if health else False,
            "objection": source.objection,
        }

    def _viewer_count(self) -> int:
        return sum(len(entry.viewers) for entry in self._broadcasts.values())

    # Sessions.

    def _local(self) -> negotiation.Local:
        return negotiation.Local(
            new_credentials(), self._certificate.fingerprint, self._engine.candidates
        )

    def publish(self, broadcast: str, admission: Admission, offer: str) -> tuple[Session, str]:
        """Take a publisher's offer: its session and the answer. Raises a Problem."""
        local = self._local()
        answer, publishing, terms = negotiation.publish(offer, local)
        entry = self._broadcasts.get(broadcast)
        source = entry.sources.get(admission.source) if entry else None
        if entry and not source and len(entry.sources) >= self._settings.max_sources:
            raise TooManySources(
                f"This broadcast has {len(entry.sources)} sources already. Stop one of them, or "
                "raise FARMLIVE_MAX_SOURCES."
            )
        if entry is None:
            entry = Broadcast(broadcast, self._engine.add_output())
            self._broadcasts[broadcast] = self._outputs[entry.output] = entry
        if source is None:
            source = entry.sources[admission.source] = Source(admission.source, admission.label)
        session = self._open(local, terms, entry, source)
        self._engine.publish(session.peer, publishing)
        old, source.session = source.session, session
        source.publishing, source.label = publishing, admission.label
        source.objection = None
        if old is not None:
            self._close_soon(old)
            source.flowing = False
            source.handover = asyncio.get_running_loop().call_later(
                _HANDOVER_S, self._stopped, entry, source
            )
        return session, answer

    def view(self, broadcast: str, offer: str) -> tuple[Session, str]:
        """Take a viewer's offer: its session and the answer. Raises a Problem."""
        entry = self._broadcasts.get(broadcast)
        source = entry.playable() if entry else None
        if entry is None or source is None:
            raise NobodyPublishing(
                "No camera is sending yet. Try again in a moment; the page does so by itself.",
                headers={"Retry-After": "2"},
            )
        if self._viewer_count() >= self._settings.max_viewers:
            raise ServerFull(
                f"All {self._settings.max_viewers} places are taken. Try again in a minute.",
                headers={"Retry-After": "60"},
            )
        local = self._local()
        answer, viewing, terms = negotiation.view(
            offer, local, self._engine.ssrcs(entry.output), source.codecs
        )
        session = self._open(local, terms, entry, None)
        entry.viewers.add(session)
        self._engine.view(session.peer, entry.output, viewing)
        return session, answer

    def _open(
        self,
        local: negotiation.Local,
        terms: negotiation.Terms,
        entry: Broadcast,
        source: Source | None,
    ) -> Session:
        session = Session(self._engine, self._certificate, local, terms, self._secured, self.finish)
        self._sessions[session.token] = self._peers[session.peer] = session
        self._places[session] = (entry, source)
        return session

    def session(self, broadcast: str, token: str, publisher: bool) -> Session:
        """The session at this address; raises SessionGone."""
        session = self._sessions.get(token)
        place = self._places.get(session) if session else None
        if session is None or place is None or place[0].id != broadcast:
            raise SessionGone("Begin a new one with a POST.")
        if (place[1] is not None) != publisher:
            raise SessionGone("Begin a new one with a POST.")
        return session

    def finish(self, session: Session) -> None:
        """The session was ended, by a DELETE or by its peer: free it."""
        place = self._places.get(session)
        if place is None:
            return
        self._close_soon(session)
        entry, source = place
        if source is None:
            entry.viewers.discard(session)
        elif source.session is session:
            source.session = None
            self._stopped(entry, source)
        self._free_if_idle(entry)

    def _close_soon(self, session: Session) -> None:
        self._forget(session)
        task = asyncio.get_running_loop().create_task(session.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _forget(self, session: Session) -> None:
        self._sessions.pop(session.token, None)
        self._peers.pop(session.peer, None)
        self._places.pop(session, None)

    def _free_if_idle(self, entry: Broadcast) -> None:
        if entry.idle and self._broadcasts.get(entry.id) is entry:
            del self._broadcasts[entry.id]
            self._outputs.pop(entry.output, None)
            self._engine.remove_output(entry.output)

    # Who is on air.

    def _tell(self, kind: Any, entry: Broadcast, source: Source) -> None:
        self._gate.tell(MediaEvent(kind, entry.id, source.id, source.label))

    def _secured(self, session: Session) -> None:
        entry, source = self._places.get(session, (None, None))
        if entry is not None and source is not None and not source.joined:
            self._order += 1
            source.joined = self._order
            self._tell("joined", entry, source)

    def _stopped(self, entry: Broadcast, source: Source) -> None:
        """The source's media stopped: another goes on air, or viewers wait for it."""
        source.flowing = False
        if not source.joined:
            if source.session is None:
                entry.sources.pop(source.id, None)
            return
        if source.grace is None:
            source.grace = asyncio.get_running_loop().call_later(
                self._settings.source_grace_s, self._leave, entry, source
            )
        if entry.on_air == source.id:
            other = self._choose(entry)
            if other is None and not entry.paused:
                entry.paused = True
                self._tell("paused", entry, source)

    def _choose(self, entry: Broadcast) -> Source | None:
        source = entry.chosen()
        if source is not None and source.session is not None:
            self._engine.put_on_air(entry.output, source.session.peer)
        return source

    def _leave(self, entry: Broadcast, source: Source) -> None:
        """The grace is over."""
        source.cancel_timers()
        entry.sources.pop(source.id, None)
        if source.session is not None:
            self._close_soon(source.session)
        if entry.on_air == source.id:
            entry.on_air = None
            self._engine.put_on_air(entry.output, None)
            self._choose(entry)
        self._tell("left", entry, source)
        self._free_if_idle(entry)

    # What the engine tells.

    def reached(self, peer: Peer) -> None:
        """The first authenticated check of the peer came."""
        session = self._peers.get(peer)
        if session is not None:
            session.reached()

    def dtls(self, peer: Peer, datagram: bytes) -> None:
        """A DTLS record came from the peer."""
        session = self._peers.get(peer)
        if session is not None:
            session.dtls(datagram)

    def lost(self, peer: Peer) -> None:
        """The peer's checks stopped."""
        session = self._peers.get(peer)
        if session is not None:
            self.finish(session)

    def flowing(self, peer: Peer) -> None:
        """A publisher's media flows, for the first time or again."""
        entry, source = self._source_of(peer)
        if entry is None or source is None:
            return
        source.flowing = True
        source.cancel_timers()
        self._choose(entry)

    def silent(self, peer: Peer) -> None:
        """A publisher's media stopped."""
        entry, source = self._source_of(peer)
        if entry is not None and source is not None:
            self._stopped(entry, source)

    def aired(self, output: Output, peer: Peer) -> None:
        """Viewers get this publisher, from now on or again."""
        entry, source = self._source_of(peer)
        if entry is None or source is None:
            return
        if entry.on_air != source.id:
            entry.on_air = source.id
            self._tell("switched", entry, source)
        if entry.paused:
            entry.paused = False
            self._tell("resumed", entry, source)

    def objected(self, peer: Peer, sentence: str) -> None:
        """A publisher's stream can't be played: its health says why, and it is not on air."""
        entry, source = self._source_of(peer)
        if entry is None or source is None:
            return
        source.objection = sentence
        if self._choose(entry) is None:
            self._engine.put_on_air(entry.output, None)

    def _source_of(self, peer: Peer) -> tuple[Broadcast | None, Source | None]:
        session = self._peers.get(peer)
        return self._places.get(session, (None, None)) if session else (None, None)

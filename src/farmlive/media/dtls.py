"""DTLS by aiortc: the handshake and its keys, over a transport that hands datagrams to the engine.

Stands on aiortc's private surface, which tests/media/test_private_surface.py guards: of
RTCDtlsTransport `_setup_srtp`, `_srtp_profiles`, `_ssl`, `_role`, `_set_role`, `_set_state`,
of its transport `_recv`, `_send`, `role` and `state`, and RTCCertificate._create_ssl_context.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AES128_CM_SHA1_80,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    State,
)

from farmlive.media.engine import Keys

_log = structlog.get_logger(__name__)

_PROFILES = [SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80]
_TAGS = {b"SRTP_AEAD_AES_128_GCM": 16, b"SRTP_AES128_CM_SHA1_80": 10}
_QUEUE = 64
# When our first flight is sent again, doubling until OpenSSL's own timer of a second takes over.
_AGAIN_S = 0.05
_FAILED = (
    "The certificate of the other end must be an ECDSA one on P-256, P-384 or P-521, with the "
    "fingerprint of its SDP. PyAV's WHIP muxer makes one on P-224, which OpenSSL 4 refuses: give "
    "it one of your own by its options cert_file and key_file."
)


class Certificate(RTCCertificate):
    """The server's certificate, with one SSL context for all peers.

    A context a peer would double the cost of a handshake and the memory of a viewer.
    """

    _context: Any = None

    def _create_ssl_context(self, srtp_profiles: Any) -> Any:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
        return self._context

    @property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint as an SDP writes it."""
        return next(f.value for f in self.getFingerprints() if f.algorithm == "sha-256")


class _Wire:
    """What RTCDtlsTransport needs of an ICE transport.

    Sends the first flight again soon while nothing has come back (RFC 6347, section 4.2.4.1, leaves
    the time to us): FFmpeg drops the datagram that tells it to begin, our first.
    """

    role = "controlled"
    state = "completed"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send_out = send
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(_QUEUE)
        self._flight: list[bytes] = []
        self._again: asyncio.TimerHandle | None = None
        self._heard = False
        self.ended = False

    async def _recv(self) -> bytes:
        if not self.ended:
            data = await self._queue.get()
            if not self.ended:
                return data
        raise ConnectionError

    def end(self) -> None:
        """Let who reads come to an end. A cancellation would not do: Python 3.11's wait_for loses
        it where a datagram comes at that moment.
        """
        self.close()
        self.ended = True
        if self._queue.empty():
            self._queue.put_nowait(b"")

    async def _send(self, data: bytes) -> None:
        self._send_out(data)
        if not self._heard:
            self._flight.append(data)
            if self._again is None:
                self._send_again_after(_AGAIN_S)

    def _send_again_after(self, wait_s: float) -> None:
        def again() -> None:
            for data in self._flight:
                self._send_out(data)
            self._send_again_after(2 * wait_s)

        if wait_s < 0.5:
            self._again = asyncio.get_running_loop().call_later(wait_s, again)

    def put(self, data: bytes) -> None:
        # Nothing is no record; it would end aiortc's reading for good, and tell nobody.
        if not data:
            return
        self._heard = True
        self.close()
        # A flood is cut off here; DTLS sends a lost flight again.
        if not self._queue.full():
            self._queue.put_nowait(data)

    def close(self) -> None:
        self._flight.clear()
        if self._again is not None:
            self._again.cancel()
            self._again = None


class _Transport(RTCDtlsTransport):
    """RTCDtlsTransport that keeps its keys for the engine instead of making sessions of them."""

    keys: Keys | None = None

    def __init__(self, wire: _Wire, certificate: Certificate) -> None:
        super().__init__(wire, [certificate])  # type: ignore[arg-type]
        self._srtp_profiles = _PROFILES

    def _setup_srtp(self) -> None:
        assert self._ssl is not None
        chosen = self._ssl.get_selected_srtp_profile()
        profile = next((p for p in _PROFILES if p.openssl_profile == chosen), None)
        if profile is None:
            self._set_state(State.FAILED)
            return
        material = self._ssl.export_keying_material(
            b"EXTRACTOR-dtls_srtp", 2 * (profile.key_length + profile.salt_length)
        )
        client, server = (
            profile.get_key_and_salt(material, 0),
            profile.get_key_and_salt(material, 1),
        )
        ours, theirs = (server, client) if self._role == "server" else (client, server)
        self.keys = Keys(profile.libsrtp_profile, _TAGS[profile.openssl_profile], ours, theirs)


class Handshake:
    """The DTLS association with one peer.

    `secured(keys)` is called when the handshake is done and the peer's certificate has the
    fingerprint of its SDP; `closed()` once, when it failed or when the peer said goodbye.
    """

    def __init__(
        self,
        certificate: Certificate,
        fingerprints: Sequence[tuple[str, str]],
        role: str,
        send: Callable[[bytes], None],
        secured: Callable[[Keys], None],
        closed: Callable[[], None],
    ) -> None:
        self._wire = _Wire(send)
        self._transport = _Transport(self._wire, certificate)
        self._transport._set_role(role)
        self._remote = RTCDtlsParameters([RTCDtlsFingerprint(a, v) for a, v in fingerprints])
        self._secured, self._closed = secured, closed
        self._task: asyncio.Task[None] | None = None

    def start(self, limit_s: float = 20.0) -> None:
        """Begin, once datagrams can be sent; gives up after `limit_s`."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(limit_s))

    async def _run(self, limit_s: float) -> None:
        timer = asyncio.get_running_loop().call_later(limit_s, self._wire.end)
        try:
            await self._transport.start(self._remote)
        finally:
            timer.cancel()
        if self._transport.keys is None or self._transport.state != "connected":
            if self._transport.state == "failed" and not self._wire.ended:
                _log.warning("a DTLS handshake failed", what_to_do=_FAILED)
            self._closed()
            return
        self._transport.on("statechange", self._changed)
        self._secured(self._transport.keys)

    def _changed(self) -> None:
        if self._transport.state in ("closed", "failed"):
            self._closed()

    def datagram(self, data: bytes) -> None:
        """A DTLS record from the peer."""
        self._wire.put(data)

    async def stop(self) -> None:
        """Say goodbye and end; `closed` is not called by this."""
        self._closed = _nothing
        self._wire.close()
        if self._task is not None and not self._task.done():
            self._wire.end()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._transport.stop()
        self._wire.end()


def _nothing() -> None:
    return None

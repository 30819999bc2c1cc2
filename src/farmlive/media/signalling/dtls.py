"""DTLS (RFC 5763, RFC 5764): the handshake by OpenSSL and its keys, with records passed in and out.

No task waits and there is no queue: each record is handled when it arrives. The certificate and the
SRTP profiles are aiortc's, one function is private to pyOpenSSL;
tests/media/engine/python/test_private_surface.py guards both.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import cached_property

import structlog
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AES128_CM_SHA1_80,
    RTCCertificate,
)
from OpenSSL import SSL
from OpenSSL._util import lib

from farmlive.media.engine.interface import Keys

_log = structlog.get_logger(__name__)

_PROFILES = {each.openssl_profile: each for each in (SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80)}
_TAGS = {b"SRTP_AEAD_AES_128_GCM": 16, b"SRTP_AES128_CM_SHA1_80": 10}
_DIGESTS = {"sha-256": "sha256", "sha-384": "sha384", "sha-512": "sha512"}
# Signature algorithms: ECDSA for our cipher suites; RSA too, because a certificate may be signed
# with it.
_SIGNATURES = b"ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA+SHA256"
# The largest datagram to send, in bytes.
_LARGEST = 1500
# When to retransmit our first flight; the wait doubles until OpenSSL's own timer of one second
# takes over.
_AGAIN_S, _LAST_S = 0.05, 0.5
_FAILED = (
    "The certificate of the other end must be an ECDSA one on P-256, P-384 or P-521, with the "
    "fingerprint of its SDP. PyAV's WHIP muxer makes one on P-224, which OpenSSL 4 refuses: give "
    "it one of your own by its options cert_file and key_file."
)


class Certificate(RTCCertificate):
    """The server's certificate, with one SSL context for all peers of a DTLS role.

    One context per peer would double the cost of a handshake and the memory of a viewer.
    """

    @cached_property
    def _context(self) -> SSL.Context:
        return self._made()

    @cached_property
    def _first_context(self) -> SSL.Context:
        """The context for handshakes that we begin: the ClientHello is small enough to be sent,
        with the other packets, to an address that is not validated
        (`farmlive.media.engine.python.net.path`).
        """
        context = self._made()
        if not lib.SSL_CTX_set1_sigalgs_list(context._context, _SIGNATURES):
            raise AssertionError("OpenSSL does not know its own algorithms")
        return context

    def _made(self) -> SSL.Context:
        context: SSL.Context = self._create_ssl_context(list(_PROFILES.values()))
        # No client resumes a session, and each would stay cached for minutes.
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        return context

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint in SDP notation."""
        return next(f.value for f in self.getFingerprints() if f.algorithm == "sha-256")

    def connection(self, role: str) -> SSL.Connection:
        """Return one end of a new association: `server`, or `client`, which begins."""
        if role == "server":
            connection = SSL.Connection(self._context)
            connection.set_accept_state()
        else:
            connection = SSL.Connection(self._first_context)
            connection.set_connect_state()
        return connection


class Handshake:
    """The DTLS association with one peer.

    Calls `secured(keys)` when the handshake is finished and the peer's certificate has the
    fingerprint of its SDP; calls `closed()` once, when the handshake failed or the peer sent
    close_notify.
    """

    __slots__ = (
        "_certificate",
        "_closed",
        "_fingerprints",
        "_heard",
        "_limit",
        "_role",
        "_secured",
        "_send",
        "_shaking",
        "_ssl",
        "_timer",
    )

    def __init__(
        self,
        certificate: Certificate,
        fingerprints: Sequence[tuple[str, str]],
        role: str,
        send: Callable[[bytes], None],
        secured: Callable[[Keys], None],
        closed: Callable[[], None],
    ) -> None:
        self._certificate, self._fingerprints, self._role = certificate, fingerprints, role
        self._send, self._secured, self._closed = send, secured, closed
        # Set from `start` to the end of the association.
        self._ssl: SSL.Connection | None = None
        self._shaking, self._heard = True, False
        self._limit: asyncio.TimerHandle | None = None
        # The retransmission timer of a flight.
        self._timer: asyncio.TimerHandle | None = None

    def start(self, limit_s: float = 20.0) -> None:
        """Begin, once datagrams can be sent; give up after `limit_s` seconds."""
        if self._ssl is not None or not self._shaking:
            return
        self._ssl = self._certificate.connection(self._role)
        self._limit = asyncio.get_running_loop().call_later(limit_s, self._end)
        if self._role == "client":
            self._shake(self._ssl)

    def datagram(self, data: bytes) -> None:
        """Handle a DTLS record from the peer; one before `start` or after the end is dropped."""
        ssl = self._ssl
        # An empty datagram is no record.
        if ssl is None or not data:
            return
        self._heard = True
        _cancel(self._timer)
        ssl.bio_write(data)
        if self._shaking:
            self._shake(ssl)
        else:
            self._listen(ssl)

    def stop(self) -> None:
        """Send close_notify and end; does not call `closed`."""
        self._closed = _nothing
        if self._ssl is not None:
            # Within the handshake there is no association to close yet.
            with contextlib.suppress(SSL.Error):
                self._ssl.shutdown()
            self._flush(self._ssl)
        self._end()

    def _shake(self, ssl: SSL.Connection) -> None:
        """Continue the handshake as far as possible."""
        try:
            ssl.do_handshake()
        except SSL.WantReadError:
            flight = self._flush(ssl)
            if self._heard:
                self._wait(ssl)
            else:
                self._send_again(ssl, flight, _AGAIN_S)
        except SSL.Error:
            self._flush(ssl)
            self._fail()
        else:
            self._flush(ssl)
            self._finish(ssl)

    def _finish(self, ssl: SSL.Connection) -> None:
        keys = self._keys(ssl) if self._matches_fingerprint(ssl) else None
        if keys is None:
            self._fail()
            return
        self._shaking = False
        _cancel(self._limit)
        self._wait(ssl)
        self._secured(keys)

    def _matches_fingerprint(self, ssl: SSL.Connection) -> bool:
        """Return whether the certificate matches the fingerprints of the SDP in every digest that
        we support, and there is at least one (RFC 8122, section 5).
        """
        certificate = ssl.get_peer_certificate()
        known = [(_DIGESTS[name], told) for name, told in self._fingerprints if name in _DIGESTS]
        if certificate is None or not known:
            return False
        return all(certificate.digest(name).decode() == told.upper() for name, told in known)

    def _keys(self, ssl: SSL.Connection) -> Keys | None:
        profile = _PROFILES.get(ssl.get_selected_srtp_profile())
        if profile is None:
            return None
        material = ssl.export_keying_material(
            b"EXTRACTOR-dtls_srtp", 2 * (profile.key_length + profile.salt_length)
        )
        client, server = (profile.get_key_and_salt(material, end) for end in (0, 1))
        ours, theirs = (server, client) if self._role == "server" else (client, server)
        return Keys(profile.libsrtp_profile, _TAGS[profile.openssl_profile], ours, theirs)

    def _listen(self, ssl: SSL.Connection) -> None:
        """Handle a record after the handshake: a retransmitted last flight, or close_notify."""
        try:
            while ssl.recv(_LARGEST):
                pass  # Application data is ignored: there is no data channel.
        except SSL.ZeroReturnError:
            self._end()
        except SSL.Error:
            self._flush(ssl)
            self._wait(ssl)

    def _flush(self, ssl: SSL.Connection) -> list[bytes]:
        """Send OpenSSL's pending records, and return them."""
        said: list[bytes] = []
        with contextlib.suppress(SSL.WantReadError):
            while True:
                said.append(ssl.bio_read(_LARGEST))
        for data in said:
            self._send(data)
        return said

    # Retransmission.

    def _send_again(self, ssl: SSL.Connection, flight: Sequence[bytes], wait_s: float) -> None:
        """Retransmit our first flight early while no record has come back.

        RFC 6347, section 4.2.4.1, leaves the time to us: FFmpeg drops the datagram that starts its
        handshake.
        """

        def again() -> None:
            for data in flight:
                self._send(data)
            self._send_again(ssl, flight, 2 * wait_s)

        if wait_s < _LAST_S:
            self._timer = asyncio.get_running_loop().call_later(wait_s, again)
        else:
            self._wait(ssl)

    def _wait(self, ssl: SSL.Connection) -> None:
        """Have OpenSSL retransmit its flight when its timer expires."""
        wait_s = ssl.DTLSv1_get_timeout() if self._ssl is not None else None
        if wait_s is not None:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._on_timeout, ssl)

    def _on_timeout(self, ssl: SSL.Connection) -> None:
        try:
            ssl.DTLSv1_handle_timeout()
        except SSL.Error:
            self._fail()
        else:
            self._flush(ssl)
            self._wait(ssl)

    # The end.

    def _fail(self) -> None:
        if self._ssl is not None:
            _log.warning("a DTLS handshake failed", what_to_do=_FAILED)
        self._end()

    def _end(self) -> None:
        """Free the association, and report its end once."""
        closed = self._closed
        self._ssl, self._shaking = None, False
        _cancel(self._limit)
        _cancel(self._timer)
        self._send = self._secured = self._closed = _nothing
        closed()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def _nothing(_: object = None) -> None:
    return None

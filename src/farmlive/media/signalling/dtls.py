"""DTLS (RFC 5763, RFC 5764): the handshake by OpenSSL and its keys, with records handed in and out.

No task waits and no queue is kept: each record is worked where it comes. Of aiortc it has the
certificate and the SRTP profiles, of pyOpenSSL one function that it does not show; both are guarded
by tests/media/engine/python/test_private_surface.py.
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
# Signature algorithms: ECDSA for our cipher suites; RSA, since a certificate may be signed by it.
_SIGNATURES = b"ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA+SHA256"
# The largest datagram that is sent.
_LARGEST = 1500
# When our first flight is sent again, doubling until OpenSSL's own timer of a second takes over.
_AGAIN_S, _LAST_S = 0.05, 0.5
_FAILED = (
    "The certificate of the other end must be an ECDSA one on P-256, P-384 or P-521, with the "
    "fingerprint of its SDP. PyAV's WHIP muxer makes one on P-224, which OpenSSL 4 refuses: give "
    "it one of your own by its options cert_file and key_file."
)


class Certificate(RTCCertificate):
    """The server's certificate, with one SSL context for all peers of a role.

    A context a peer would double the cost of a handshake and the memory of a viewer.
    """

    @cached_property
    def _context(self) -> SSL.Context:
        return self._made()

    @cached_property
    def _first_context(self) -> SSL.Context:
        """For handshakes in which we speak first: our hello is small enough that, beside what else
        is said, it may go to an address that has proved nothing
        (`farmlive.media.engine.python.net.path`).
        """
        context = self._made()
        if not lib.SSL_CTX_set1_sigalgs_list(context._context, _SIGNATURES):
            raise AssertionError("OpenSSL does not know its own algorithms")
        return context

    def _made(self) -> SSL.Context:
        context: SSL.Context = self._create_ssl_context(list(_PROFILES.values()))
        # Nobody comes back to a session, and each would stay for minutes.
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        return context

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint as an SDP writes it."""
        return next(f.value for f in self.getFingerprints() if f.algorithm == "sha-256")

    def connection(self, role: str) -> SSL.Connection:
        """One end of an association that has not begun: `server`, or `client`, which speaks
        first.
        """
        if role == "server":
            connection = SSL.Connection(self._context)
            connection.set_accept_state()
        else:
            connection = SSL.Connection(self._first_context)
            connection.set_connect_state()
        return connection


class Handshake:
    """The DTLS association with one peer.

    `secured(keys)` is called when the handshake is done and the peer's certificate has the
    fingerprint of its SDP; `closed()` once, when it failed or when the peer said goodbye.
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
        # There from `start` to the end of the association.
        self._ssl: SSL.Connection | None = None
        self._shaking, self._heard = True, False
        self._limit: asyncio.TimerHandle | None = None
        # When a flight is sent again.
        self._timer: asyncio.TimerHandle | None = None

    def start(self, limit_s: float = 20.0) -> None:
        """Begin, once datagrams can be sent; gives up after `limit_s`."""
        if self._ssl is not None or not self._shaking:
            return
        self._ssl = self._certificate.connection(self._role)
        self._limit = asyncio.get_running_loop().call_later(limit_s, self._end)
        if self._role == "client":
            self._shake(self._ssl)

    def datagram(self, data: bytes) -> None:
        """A DTLS record from the peer; before `start` and after the end it is dropped."""
        ssl = self._ssl
        # Nothing is no record.
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
        """Say goodbye and end; `closed` is not called by this."""
        self._closed = _nothing
        if self._ssl is not None:
            # Within its handshake there is nobody yet to say it to.
            with contextlib.suppress(SSL.Error):
                self._ssl.shutdown()
            self._flush(self._ssl)
        self._end()

    def _shake(self, ssl: SSL.Connection) -> None:
        """Go on with the handshake as far as it goes."""
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
        keys = self._keys(ssl) if self._is_who_it_says(ssl) else None
        if keys is None:
            self._fail()
            return
        self._shaking = False
        _cancel(self._limit)
        self._wait(ssl)
        self._secured(keys)

    def _is_who_it_says(self, ssl: SSL.Connection) -> bool:
        """Whether the certificate has each fingerprint that the SDP gives in a digest that we
        know, and there is one (RFC 8122, section 5).
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
        """A record after the handshake: its last flight once more, or a goodbye."""
        try:
            while ssl.recv(_LARGEST):
                pass  # There is no data channel.
        except SSL.ZeroReturnError:
            self._end()
        except SSL.Error:
            self._flush(ssl)
            self._wait(ssl)

    def _flush(self, ssl: SSL.Connection) -> list[bytes]:
        """Send what OpenSSL has to say, and return it."""
        said: list[bytes] = []
        with contextlib.suppress(SSL.WantReadError):
            while True:
                said.append(ssl.bio_read(_LARGEST))
        for data in said:
            self._send(data)
        return said

    # What is lost is sent again.

    def _send_again(self, ssl: SSL.Connection, flight: Sequence[bytes], wait_s: float) -> None:
        """Send our first flight again soon while nothing has come back (RFC 6347, section 4.2.4.1,
        leaves the time to us): FFmpeg drops the datagram that tells it to begin.
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
        """Have OpenSSL send its flight again where it waits for an answer to one."""
        wait_s = ssl.DTLSv1_get_timeout() if self._ssl is not None else None
        if wait_s is not None:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._late, ssl)

    def _late(self, ssl: SSL.Connection) -> None:
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
        """Free what is held; tell so, but once."""
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

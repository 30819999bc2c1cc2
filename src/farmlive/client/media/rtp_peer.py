"""A light WebRTC transport: one UDP socket, ICE as the controlling side, DTLS by aiortc, SRTP by
pylibsrtp, and kernel receipt times. Codecs and RTP sessions are its owner's.
"""

import asyncio
import os
import secrets
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress

from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AES128_CM_SHA1_80,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)
from pylibsrtp import Error as SrtpError
from pylibsrtp import Policy, Session

from farmlive.client.media import stun
from farmlive.client.media.sdp import Answer, Ice

_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; the socket module has no name for it
_SO_RCVBUFFORCE = 33
_BATCH = 64
_CONTROL = 128
# Linux: SOL_UDP and UDP_GRO (linux/udp.h).
_SOL_UDP, _UDP_GRO = 17, 104
# The largest read from the kernel.
_buffer = bytearray(65_536)
_buffer_view = memoryview(_buffer)
_RECEIVE_BUFFER = 4 * 1024 * 1024

OnPacket = Callable[[bytes, int], None]
"""Called with a decrypted packet and its kernel receipt time, ns of CLOCK_REALTIME."""

_certificate: RTCCertificate | None = None


def certificate() -> RTCCertificate:
    """Return the certificate that all light peers of this process share."""
    global _certificate
    if _certificate is None:
        _certificate = RTCCertificate.generateCertificate()
    return _certificate


def clock_offset_ns() -> int:
    """Return CLOCK_REALTIME minus CLOCK_MONOTONIC, ns: converts a kernel receipt time into the
    monotonic clock of publishers' stamps. Takes the closest of several readings.
    """
    best, offset = 1 << 62, 0
    for _ in range(20):
        before = time.monotonic_ns()
        wall = time.time_ns()
        after = time.monotonic_ns()
        if after - before < best:
            best, offset = after - before, wall - (before + after) // 2
    return offset


class _DtlsPath:
    """The part of an ICE transport that RTCDtlsTransport uses."""

    role = "controlling"
    state = "completed"

    def __init__(self, sock: socket.socket):
        self.datagrams: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._socket = sock

    async def _recv(self) -> bytes:
        datagram = await self.datagrams.get()
        if datagram is None:
            raise ConnectionError
        return datagram

    async def _send(self, datagram: bytes) -> None:
        self._socket.send(datagram)


class RtpPeer:
    """A transport that connects to the candidates of an answer.

    `on_rtp` and `on_rtcp` get decrypted packets. Counters: `received` and `sent` (RTP datagrams),
    `undecipherable` (failed SRTP), `unsent` (refused by the socket).
    """

    def __init__(self, on_rtp: OnPacket, on_rtcp: OnPacket):
        self.on_rtp, self.on_rtcp = on_rtp, on_rtcp
        self.received = self.sent = self.undecipherable = self.unsent = 0
        self.profile = ""
        self.socket = _udp_socket()
        self._local = Ice(
            secrets.token_urlsafe(6),
            secrets.token_urlsafe(18),
            certificate().getFingerprints()[0].value,
        )
        self._remote: Ice | None = None
        self._tie_breaker = int.from_bytes(os.urandom(8), "big")
        self._path = _DtlsPath(self.socket)
        self._dtls = RTCDtlsTransport(self._path, [certificate()])  # type: ignore[arg-type]
        self._dtls._srtp_profiles = [SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80]
        self._rx: Session | None = None
        self._tx: Session | None = None
        self._checks: set[bytes] = set()
        self._won: asyncio.Future[tuple[str, int]] | None = None
        self._joined = self._closed = self._refused = False

    @property
    def ice(self) -> Ice:
        """Return the ICE and DTLS values for the offer."""
        return self._local

    async def connect(self, answer: Answer, timeout_s: float = 10.0) -> None:
        """Check the candidates, select the first that responds, and do the DTLS handshake.

        Raises TimeoutError, or ConnectionError where the handshake fails.
        """
        self._remote = answer.ice
        loop = asyncio.get_running_loop()
        self._won = loop.create_future()
        self.socket.bind(("0.0.0.0", 0))  # noqa: S104
        loop.add_reader(self.socket, self._on_readable)
        async with asyncio.timeout(timeout_s):
            self.socket.connect(await self._nominate(answer.candidates))
            self._joined = True
            self._dtls._set_role("client" if answer.setup == "passive" else "server")
            await self._dtls.start(
                RTCDtlsParameters([RTCDtlsFingerprint("sha-256", answer.ice.fingerprint)])
            )
        if self._dtls.state != "connected":
            raise ConnectionError("the DTLS handshake failed")
        self._rx, self._tx = self._dtls._rx_srtp, self._dtls._tx_srtp

    async def _nominate(self, candidates: list[tuple[str, int]]) -> tuple[str, int]:
        assert self._won is not None
        pause_s = 0.02
        while True:
            for candidate in candidates:
                self.send_consent_check(candidate)
                done, _ = await asyncio.wait([self._won], timeout=pause_s)
                if done:
                    return self._won.result()
            pause_s = min(pause_s * 2, 0.5)

    def renew_credentials(self) -> Ice:
        """Change the local ICE credentials, for a restart (RFC 8445, section 9)."""
        self._local = Ice(
            secrets.token_urlsafe(6), secrets.token_urlsafe(18), self._local.fingerprint
        )
        return self._local

    async def check(self, remote: Ice | None = None, timeout_s: float = 2.0) -> None:
        """Check the path once more, with the credentials of a restart if they are given. Raises
        TimeoutError without a response.
        """
        if remote is not None:
            self._remote = remote
        self._checks.clear()
        self._won = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(timeout_s):
            while not self._won.done():
                self.send_consent_check()
                await asyncio.wait([self._won], timeout=0.1)

    @property
    def revoked(self) -> bool:
        """Whether the other side ended the session: by a DTLS alert, or by refusing a check (RFC
        7675, section 5.2).
        """
        return self._refused or self._dtls.state in ("closed", "failed")

    def send_consent_check(self, address: tuple[str, int] | None = None) -> None:
        """Send a STUN check, which renews the consent (RFC 7675)."""
        if self._remote is None:
            return
        check = stun.check(
            self._remote.ufrag, self._local.ufrag, self._remote.password, self._tie_breaker
        )
        self._checks.add(stun.transaction_id_of(check))
        try:
            if address is None:
                self.socket.send(check)
            else:
                self.socket.sendto(check, address)
        except OSError:
            self.unsent += 1

    def send_rtp(self, packet: bytes) -> None:
        """Protect and send one RTP packet."""
        assert self._tx is not None
        try:
            self.socket.send(self._tx.protect(packet))
            self.sent += 1
        except OSError:
            self.unsent += 1

    def send_rtcp(self, packet: bytes) -> None:
        """Protect and send one compound RTCP packet."""
        assert self._tx is not None
        try:
            self.socket.send(self._tx.protect_rtcp(packet))
        except OSError:
            self.unsent += 1

    async def close(self) -> None:
        """Send close_notify and close the socket."""
        if self._closed:
            return
        self._closed = True
        asyncio.get_running_loop().remove_reader(self.socket)
        self._path.datagrams.put_nowait(None)
        try:
            await self._dtls.stop()
        except OSError:
            self.unsent += 1
        finally:
            self.socket.close()

    def _on_readable(self) -> None:
        for _ in range(_BATCH):
            try:
                size, extra, _, source = self.socket.recvmsg_into([_buffer_view], _CONTROL)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error of an earlier send
                continue
            stamped, segment = _read_control(extra)
            step = segment or size
            for at in range(0, size, step or 1):
                self._handle_datagram(
                    bytes(_buffer_view[at : min(size, at + step)]), stamped, source
                )

    def _handle_datagram(self, datagram: bytes, stamped: int, source: tuple[str, int]) -> None:
        first = datagram[0]
        if 127 < first < 192:
            self._handle_media(datagram, stamped)
        elif 19 < first < 64:
            self._path.datagrams.put_nowait(datagram)
        elif stun.is_stun(datagram):
            self._handle_stun(datagram, source)

    def _handle_media(self, datagram: bytes, arrived_ns: int) -> None:
        if self._rx is None:
            self._rx = self._dtls._rx_srtp
            if self._rx is None:
                return
        try:
            if 192 <= datagram[1] <= 223:
                self.on_rtcp(self._rx.unprotect_rtcp(datagram), arrived_ns)
            else:
                packet = self._rx.unprotect(datagram)
                self.received += 1
                self.on_rtp(packet, arrived_ns)
        except SrtpError:
            self.undecipherable += 1

    def _handle_stun(self, datagram: bytes, source: tuple[str, int]) -> None:
        kind = stun.kind(datagram)
        if kind == stun.REQUEST:
            answer = stun.success_response(datagram, source, self._local.password)
            if answer is not None and self._joined:
                self.socket.send(answer)
            elif answer is not None:
                self.socket.sendto(answer, source)
        elif kind == stun.RESPONSE and self._remote is not None:
            known = stun.transaction_id_of(datagram) in self._checks
            if known and stun.has_integrity(datagram, self._remote.password):
                self._checks.clear()
                if self._won is not None and not self._won.done():
                    self._won.set_result(source)
        elif kind == stun.ERROR and self._remote is not None:
            known = stun.transaction_id_of(datagram) in self._checks
            if known and stun.has_integrity(datagram, self._remote.password):
                self._refused = stun.error_code(datagram) == 403


def connect_directly(one: RtpPeer, other: RtpPeer) -> None:
    """Connect two peers over loopback under a common key, without ICE and DTLS: the direct path,
    without a server.
    """
    key = os.urandom(28)
    for end in (one, other):
        end.socket.bind(("127.0.0.1", 0))
        end._tx, end._rx = _session(key, outbound=True), _session(key, outbound=False)
    for end, far in ((one, other), (other, one)):
        end.socket.connect(far.socket.getsockname())
        end._joined = True
        asyncio.get_running_loop().add_reader(end.socket, end._on_readable)


def _udp_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    # Receive GSO batches whole (UDP_GRO): otherwise the kernel splits them at the sender's expense.
    with suppress(OSError):
        sock.setsockopt(_SOL_UDP, _UDP_GRO, 1)
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    return sock


def _read_control(extra: list[tuple[int, int, bytes]]) -> tuple[int, int]:
    """Return when the kernel received it, and the size of each coalesced datagram, or 0."""
    stamped, segment = time.time_ns(), 0
    for level, kind, value in extra:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("@qq", value[:16])
            stamped = int(seconds * 1_000_000_000 + nanoseconds)
        elif level == _SOL_UDP and kind == _UDP_GRO:
            (segment,) = struct.unpack("@i", value[:4])
    return stamped, segment


def _session(key: bytes, outbound: bool) -> Session:
    direction = Policy.SSRC_ANY_OUTBOUND if outbound else Policy.SSRC_ANY_INBOUND
    profile = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    return Session(Policy(key=key, ssrc_type=direction, srtp_profile=profile))

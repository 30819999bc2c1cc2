"""SRTP sessions of our own over pylibsrtp's binding: many packets protected in one buffer and
sent by one call, without an object a packet. Stands on `pylibsrtp.Session._srtp`.
"""

import socket
import struct
from collections.abc import Sequence
from typing import Any

from pylibsrtp import Error, Policy, Session
from pylibsrtp._binding import ffi, lib

from farmlive.media.engine import Keys

Unreadable = Error

# Linux: SOL_UDP and UDP_SEGMENT (linux/udp.h); the kernel cuts one send into equal datagrams.
_SOL_UDP = 17
_UDP_SEGMENT = 103
_MOST_SEGMENTS = 48
_ROOM = 65_000
_LARGEST = 1_500

_buffer = ffi.new("char[]", _ROOM + _LARGEST)
_bytes = ffi.buffer(_buffer)
_view = memoryview(_bytes)
_length = ffi.new("int *")
_protect = lib.srtp_protect
_steps: dict[int, list[object]] = {}


def _pointers(step: int) -> list[object]:
    """Where the packets of a run begin in the buffer; one list for each packet size."""
    pointers = _steps.get(step)
    if pointers is None:
        pointers = _steps[step] = [
            _buffer + index * step for index in range(min(_MOST_SEGMENTS, _ROOM // step))
        ]
    return pointers


class Run:
    """Plain packets that leave in one send: all of one size, the last may be shorter."""

    __slots__ = ("_ready", "count", "packets", "size")

    def __init__(self, packets: Sequence[bytes]) -> None:
        self.packets = packets
        self.count = len(packets)
        self.size = len(packets[0])
        self._ready: dict[int, _Ready] = {}

    def ready(self, tag: int) -> "_Ready":
        """The run laid out for tags of this length; made once for all viewers."""
        ready = self._ready.get(tag)
        if ready is None:
            ready = self._ready[tag] = _Ready(self, tag)
        return ready


class _Ready:
    """A run as it lies in the buffer: each packet followed by room for its tag."""

    __slots__ = ("ancillary", "blob", "last", "last_pointer", "pointers", "view")

    def __init__(self, run: Run, tag: int) -> None:
        step = run.size + tag
        self.blob = bytes(tag).join(run.packets)
        pointers = _pointers(step)
        self.pointers = pointers[: run.count - 1]
        self.last_pointer = pointers[run.count - 1]
        self.last = len(run.packets[-1])
        self.view = _view[: len(self.blob) + tag]
        self.ancillary = ((_SOL_UDP, _UDP_SEGMENT, struct.pack("=H", step)),)


def runs(packets: Sequence[bytes]) -> list[Run]:
    """Cut packets, in their order, into runs."""
    result: list[Run] = []
    current: list[bytes] = []
    size = 0
    for packet in packets:
        length = len(packet)
        if current and (
            length > size
            or len(current[-1]) < size
            or len(current) >= _MOST_SEGMENTS
            or (len(current) + 1) * (size + 16) > _ROOM
        ):
            result.append(Run(current))
            current = []
        if not current:
            size = length
        current.append(packet)
    if current:
        result.append(Run(current))
    return result


def _policy(profile: int, key: bytes, direction: int, window: int) -> Policy:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=profile)
    # A window of 1,024 would shift a long bit vector on every packet that is sent.
    policy.window_size = window
    policy.allow_repeat_tx = True
    return policy


class Protection:
    """Both directions of one peer. Not thread-safe: the event loop's thread owns it."""

    __slots__ = ("_receive", "_srtp", "_tag", "_transmit", "segmented")

    def __init__(self, keys: Keys) -> None:
        self._transmit = Session(_policy(keys.profile, keys.transmit, Policy.SSRC_ANY_OUTBOUND, 64))
        self._receive = Session(_policy(keys.profile, keys.receive, Policy.SSRC_ANY_INBOUND, 1024))
        self._srtp = self._transmit._srtp[0]
        self._tag = keys.tag
        self.segmented = True

    def unprotect(self, data: bytes) -> bytes:
        """The plain RTP packet; raises Unreadable."""
        return self._receive.unprotect(data)

    def unprotect_rtcp(self, data: bytes) -> bytes:
        """The plain RTCP packet; raises Unreadable."""
        return self._receive.unprotect_rtcp(data)

    def protect_rtcp(self, data: bytes) -> bytes:
        """The protected RTCP packet."""
        return self._transmit.protect_rtcp(data)

    def send(self, run: Run, sock: socket.socket, address: Any) -> int:
        """Protect and send a run; returns how many packets could not be sent."""
        ready = run.ready(self._tag)
        blob, srtp, size = ready.blob, self._srtp, run.size
        _bytes[0 : len(blob)] = blob
        for pointer in ready.pointers:
            _length[0] = size
            if _protect(srtp, pointer, _length):
                return run.count
        _length[0] = ready.last
        if _protect(srtp, ready.last_pointer, _length):
            return run.count
        try:
            if run.count == 1:
                sock.sendto(ready.view, address)
                return 0
            if self.segmented:
                sock.sendmsg((ready.view,), ready.ancillary, 0, address)
                return 0
        except BlockingIOError:
            return run.count
        except OSError:
            if run.count == 1:
                return 1
            # A route with a smaller MTU, or a kernel without it: one by one from now on.
            self.segmented = False
        return _send_singly(ready.view, size + self._tag, sock, address)


def _send_singly(view: memoryview, step: int, sock: socket.socket, address: Any) -> int:
    failed = 0
    for at in range(0, len(view), step):
        try:
            sock.sendto(view[at : at + step], address)
        except OSError:
            failed += 1
    return failed

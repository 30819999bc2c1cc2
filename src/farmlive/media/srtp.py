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

    __slots__ = ("_blobs", "count", "last", "packets", "size")

    def __init__(self, packets: Sequence[bytes]) -> None:
        self.packets = packets
        self.count = len(packets)
        self.size = len(packets[0])
        self.last = len(packets[-1])
        self._blobs: dict[int, bytes] = {}

    def blob(self, tag: int) -> bytes:
        """The packets with room for the tag after each; shared by all viewers."""
        blob = self._blobs.get(tag)
        if blob is None:
            blob = self._blobs[tag] = bytes(tag).join(self.packets)
        return blob


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
        tag = self._tag
        blob = run.blob(tag)
        _bytes[0 : len(blob)] = blob
        count, size = run.count, run.size
        srtp, protect, length = self._srtp, _protect, _length
        if count == 1:
            length[0] = size
            if protect(srtp, _buffer, length):
                return 1
            try:
                sock.sendto(_view[: size + tag], address)
            except OSError:
                return 1
            return 0
        step = size + tag
        pointers = _pointers(step)
        last = count - 1
        for index in range(last):
            length[0] = size
            if protect(srtp, pointers[index], length):
                return count
        length[0] = run.last
        if protect(srtp, pointers[last], length):
            return count
        total = last * step + run.last + tag
        if self.segmented:
            try:
                sock.sendmsg(
                    (_view[:total],),
                    ((_SOL_UDP, _UDP_SEGMENT, struct.pack("=H", step)),),
                    0,
                    address,
                )
                return 0
            except BlockingIOError:
                return count
            except OSError:
                # A route with a smaller MTU, or a kernel without it: one by one from now on.
                self.segmented = False
        failed = 0
        for at in range(0, total, step):
            try:
                sock.sendto(_view[at : min(at + step, total)], address)
            except OSError:
                failed += 1
        return failed

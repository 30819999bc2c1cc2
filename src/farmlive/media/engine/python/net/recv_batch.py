"""Reads datagrams from a socket in batches, by one recvmmsg(2) where the system has it."""

import ctypes
import socket
import struct
import sys
from array import array
from collections.abc import Sequence
from typing import Any

DATAGRAMS_PER_READ = 32
# Linux, asm-generic/socket.h.
SO_TIMESTAMPNS = 35

_ROOM = 2048
_CONTROL = 64
# A struct mmsghdr has 8 words of 8 bytes; see engine/python/send_group.py.
_WORDS = 8
_TIMESPEC = struct.Struct("=qq")
# The longest time over which the datagrams of one batch may have arrived.
_READING_S = 0.1
# A control message's data begins after its length, level and type.
_STAMP_AT = 16

Datagram = tuple[bytes, float | None]
"""A datagram and when the kernel received it, in seconds of the wall clock, or None."""


def kernel_timestamp(ancillary: Sequence[tuple[int, int, bytes]]) -> float | None:
    """Return when the kernel received a datagram, in seconds of the wall clock."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(data) >= 16:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return float(seconds + nanoseconds * 1e-9)
    return None


def arrival_time(stamped: float | None, now: float, ahead: float) -> float:
    """Return when a datagram arrived, on the clock of `now`; the wall clock is `ahead` of it.

    Otherwise a publisher's congestion control would take a busy event loop for a congested network.
    A stamp more than a second old is ignored: someone set the clock. The result may be a little
    later than `now`, which is when reading began.
    """
    if stamped is None:
        return now
    when = stamped - ahead
    return when if now - 1 < when < now + _READING_S else now


class RecvBatch:
    """Buffers for one batch of a connected socket."""

    def __init__(self) -> None:
        self._datagrams = ctypes.create_string_buffer(DATAGRAMS_PER_READ * _ROOM)
        self._controls = ctypes.create_string_buffer(DATAGRAMS_PER_READ * _CONTROL)
        self._bytes = memoryview(self._datagrams).cast("B")
        first, control = ctypes.addressof(self._datagrams), ctypes.addressof(self._controls)
        self._vectors, self._messages = array("Q"), array("Q")
        for number in range(DATAGRAMS_PER_READ):
            self._vectors.extend((first + number * _ROOM, _ROOM))
        vectors = self._vectors.buffer_info()[0]
        for number in range(DATAGRAMS_PER_READ):
            at = control + number * _CONTROL
            self._messages.extend((0, 0, vectors + 16 * number, 1, at, _CONTROL, 0, 0))
        self._at = self._messages.buffer_info()[0]
        self._full = array("Q", (_CONTROL,)) * DATAGRAMS_PER_READ

    def read(self, sock: socket.socket) -> list[Datagram]:
        """Return the waiting datagrams, at most DATAGRAMS_PER_READ; empty if there are none."""
        if _recvmmsg is None:
            return _read_singly(sock)
        count = _recvmmsg(sock.fileno(), self._at, DATAGRAMS_PER_READ, socket.MSG_DONTWAIT, None)
        if count <= 0:
            return []
        end = _WORDS * count
        sizes = self._messages[7:end:_WORDS]
        controls = self._messages[5:end:_WORDS]
        self._messages[5:end:_WORDS] = self._full[:count]
        result: list[Datagram] = []
        at = stamp_at = 0
        for size, control in zip(sizes, controls, strict=True):
            when = None
            if control >= _STAMP_AT + 16:
                seconds, nanoseconds = _TIMESPEC.unpack_from(self._controls, stamp_at + _STAMP_AT)
                when = seconds + nanoseconds * 1e-9
            result.append((bytes(self._bytes[at : at + size]), when))
            at += _ROOM
            stamp_at += _CONTROL
        return result


def _read_singly(sock: socket.socket) -> list[Datagram]:
    result: list[Datagram] = []
    while len(result) < DATAGRAMS_PER_READ:
        try:
            data, ancillary, _, _ = sock.recvmsg(_ROOM, _CONTROL)
        except OSError:
            break
        result.append((data, kernel_timestamp(ancillary)))
    return result


def _find_recvmmsg() -> Any:
    if not sys.platform.startswith("linux") or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    found = getattr(ctypes.CDLL(None, use_errno=True), "recvmmsg", None)
    if found is not None:
        found.argtypes = (
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_void_p,
        )
    return found


_recvmmsg = _find_recvmmsg()

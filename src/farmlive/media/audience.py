"""An audience: peers who get the same plain bytes, each encrypted with its own key.

One pass of libsrtp over a buffer and one sendmmsg(2) with UDP segmentation (udp(7)) serve many of
them, without an object a packet. Where the system has no such call, each packet leaves alone.
"""

import ctypes
import errno
import socket
import struct
import sys
from array import array
from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import Any, Protocol

from pylibsrtp._binding import ffi, lib

from farmlive.media.runs import ROOM, Run
from farmlive.media.srtp import Protection

# Linux: SOL_UDP and UDP_SEGMENT (linux/udp.h).
_SOL_UDP = 17
_UDP_SEGMENT = 103
# Rooms for packets: enough for a long run and few enough to stay in the processor's cache.
_ROOMS = 128
# Words of 8 bytes in a struct mmsghdr: name, its length, vector, its length, control, its length,
# flags, and the length that was sent.
_WORDS = 8


def _find_sendmmsg() -> Any:
    if not sys.platform.startswith("linux") or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    found = getattr(ctypes.CDLL(None, use_errno=True), "sendmmsg", None)
    if found is not None:
        found.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
    return found


_sendmmsg = _find_sendmmsg()
_protect = lib.srtp_protect

# All that is sent passes through these, in the event loop's thread.
_buffer = ffi.new("char[]", _ROOMS * ROOM)
_bytes = memoryview(ffi.buffer(_buffer))
_packets = [_buffer + room * ROOM for room in range(_ROOMS)]
_cells = ffi.new("int[]", _ROOMS)
_lengths = memoryview(ffi.buffer(_cells))
_length_of = [_cells + room for room in range(_ROOMS)]
_first = int(ffi.cast("uintptr_t", _buffer))
# A struct iovec for each room: where it begins and how much of it is sent.
_vectors = array("Q", [0]) * (2 * _ROOMS)
_vectors[0::2] = array("Q", range(_first, _first + _ROOMS * ROOM, ROOM))
_vectors_at = _vectors.buffer_info()[0]
_messages = array("Q", [0]) * (_WORDS * _ROOMS)
_messages_at = _messages.buffer_info()[0]
_control = ctypes.create_string_buffer(24)
_control_at = ctypes.addressof(_control)


class Member(Protocol):
    """A peer of an audience: its keys and its address."""

    @property
    def protection(self) -> Protection:
        """Its SRTP sessions."""

    @property
    def address(self) -> Any:
        """Where it is reached, as the socket module has it."""


def _name(address: Any) -> bytes:
    """An address as a struct sockaddr_in or sockaddr_in6."""
    host, port = address[0], address[1]
    if ":" not in host:
        return struct.pack("=H2s", socket.AF_INET, port.to_bytes(2, "big")) + (
            socket.inet_aton(host) + bytes(8)
        )
    flow, scope = (*address[2:4], 0, 0)[:2]
    packed = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    port_and_flow = struct.pack("!HI", port, flow)
    return struct.pack("=H", socket.AF_INET6) + port_and_flow + packed + struct.pack("=I", scope)


class Audience:
    """Peers behind one socket whose tags are of one length."""

    def __init__(self, sock: socket.socket, members: Iterable[Member]) -> None:
        self._sock = sock
        self._members = list(members)
        self._tag = self._members[0].protection.tag
        self._arrange()

    def _arrange(self) -> None:
        """Put those to whom segments can't be sent at the end."""
        members = self._members
        members.sort(key=lambda member: not member.protection.segmented)
        self._segmented = sum(member.protection.segmented for member in members)
        self._sessions = [member.protection.transmit for member in members]
        names = [_name(member.address) for member in members]
        self._size = len(names[0])
        self._names = ctypes.create_string_buffer(b"".join(names))
        at = ctypes.addressof(self._names)
        self._names_at = array("Q", range(at, at + self._size * len(names), self._size))

    def __len__(self) -> int:
        return len(self._members)

    def send(self, run: Run) -> int:
        """Protect and send to all; returns how many packets could not be sent."""
        total = len(self._members)
        together = total if run.count == 1 else self._segmented
        if _sendmmsg is None:
            together = 0
        at_once = _ROOMS // run.count
        failed = 0
        for first in range(0, together, at_once):
            number = min(at_once, together - first)
            unprotected = self._protect(run, first, number)
            if unprotected:
                failed += self._send_singly(run, first, number, unprotected)
            else:
                failed += self._send_together(run, first, number)
        for first in range(together, total, at_once):
            number = min(at_once, total - first)
            unprotected = self._protect(run, first, number)
            failed += self._send_singly(run, first, number, unprotected)
        if (
            run.count > 1
            and together
            and not all(member.protection.segmented for member in self._members[:together])
        ):
            self._arrange()
        return failed

    def _protect(self, run: Run, first: int, number: int) -> list[int]:
        """Encrypt the run for these members, one after the other; the rooms where that failed."""
        count, size = run.count, len(run.blob)
        for at in range(0, number * size, size):
            _bytes[at : at + size] = run.blob
        _lengths[: 4 * number * count] = run.lengths * number
        sessions = self._sessions[first : first + number]
        each = chain.from_iterable(map(repeat, sessions, repeat(count)))
        statuses = list(map(_protect, each, _packets, _length_of))
        return [room for room, status in enumerate(statuses) if status] if any(statuses) else []

    def _send_together(self, run: Run, first: int, number: int) -> int:
        count = run.count
        vector = 16 * count
        end = _WORDS * number
        _vectors[1 : 2 * number * count : 2] = run.sizes(self._tag) * number
        _messages[0:end:_WORDS] = self._names_at[first : first + number]
        _messages[1:end:_WORDS] = array("Q", (self._size,)) * number
        _messages[2:end:_WORDS] = array(
            "Q", range(_vectors_at, _vectors_at + vector * number, vector)
        )
        _messages[3:end:_WORDS] = array("Q", (count,)) * number
        # Without segments there is no control message.
        control = (0, 0) if count == 1 else (_control_at, len(_control))
        _messages[4:end:_WORDS] = array("Q", control[:1]) * number
        _messages[5:end:_WORDS] = array("Q", control[1:]) * number
        if count > 1:
            struct.pack_into("=QiiH", _control, 0, 18, _SOL_UDP, _UDP_SEGMENT, run.size + self._tag)
        sent = failed = 0
        while sent < number:
            done = _sendmmsg(
                self._sock.fileno(),
                _messages_at + 8 * _WORDS * sent,
                number - sent,
                socket.MSG_DONTWAIT,
            )
            if done > 0:
                sent += done
                continue
            if ctypes.get_errno() in (errno.EAGAIN, errno.ENOBUFS):
                return failed + (number - sent) * count
            if count == 1:
                failed += 1
            else:
                # A route with a smaller MTU: one by one from now on.
                self._members[first + sent].protection.segmented = False
                failed += self._send_one_by_one(run, first + sent, sent * count, ())
            sent += 1
        return failed

    def _send_singly(self, run: Run, first: int, number: int, unprotected: Sequence[int]) -> int:
        return sum(
            self._send_one_by_one(run, first + place, place * run.count, unprotected)
            for place in range(number)
        )

    def _send_one_by_one(self, run: Run, member: int, room: int, unprotected: Sequence[int]) -> int:
        """Send the packets that lie from `room` on; returns how many could not be sent."""
        failed = 0
        address = self._members[member].address
        for packet in run.packets:
            try:
                if room in unprotected:
                    failed += 1
                else:
                    at = room * ROOM
                    self._sock.sendto(_bytes[at : at + len(packet) + self._tag], address)
            except OSError:
                failed += 1
            room += 1
        return failed

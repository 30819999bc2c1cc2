"""A send group: peers that get the same plain bytes, each encrypted with its own key.

One pass of libsrtp over a buffer and one sendmmsg(2) with UDP segmentation (udp(7)) serve many of
them, without one object per packet. Where the system has no such call, each packet is sent by
itself. TCP peers share the encryption pass and get its result as frames.
"""

import ctypes
import errno
import socket
import struct
import sys
import time
from array import array
from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import Any, Protocol

from pylibsrtp._binding import ffi, lib

from farmlive.media.engine.python.link.slow_viewer import Backpressure
from farmlive.media.engine.python.net.gso_batch import ROOM, GsoBatch
from farmlive.media.engine.python.net.send_queue import Frame
from farmlive.media.engine.python.net.sockets import FramedStream, SendSocket
from farmlive.media.engine.python.srtp import Protection
from farmlive.media.wire.framing import frame

# Linux: SOL_UDP and UDP_SEGMENT (linux/udp.h).
_SOL_UDP = 17
_UDP_SEGMENT = 103
# Buffer slots for packets: enough for a frame for some fifty viewers, few enough for the cache.
_ROOMS = 384
# A struct mmsghdr has 8 words of 8 bytes: name, its length, vector, its length, control, its
# length, flags, and the length sent.
_WORDS = 8
_MOST_TABLES = 16
_FULL = (errno.EAGAIN, errno.ENOBUFS)


def _find_sendmmsg() -> Any:
    if not sys.platform.startswith("linux") or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    found = getattr(ctypes.CDLL(None, use_errno=True), "sendmmsg", None)
    if found is not None:
        found.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
    return found


_sendmmsg = _find_sendmmsg()
_protect = lib.srtp_protect

# All packets to send pass through these, in the event loop's thread.
_buffer = ffi.new("char[]", _ROOMS * ROOM)
_bytes = memoryview(ffi.buffer(_buffer))
_packets = [_buffer + room * ROOM for room in range(_ROOMS)]
_cells = ffi.new("int[]", _ROOMS)
_lengths = memoryview(ffi.buffer(_cells))
_length_of = [_cells + room for room in range(_ROOMS)]
_first = int(ffi.cast("uintptr_t", _buffer))
# A struct iovec for each slot: where it begins, and how many bytes of it are sent.
_vectors = array("Q", [0]) * (2 * _ROOMS)
_vectors[0::2] = array("Q", range(_first, _first + _ROOMS * ROOM, ROOM))
_vectors_at = _vectors.buffer_info()[0]
_control = ctypes.create_string_buffer(24)
_control_at = ctypes.addressof(_control)


class Member(Protocol):
    """A peer of a send group: its keys and its address."""

    @property
    def protection(self) -> Protection:
        """Its SRTP sessions."""

    @property
    def address(self) -> Any:
        """Its remote address, as the socket module has it."""

    @property
    def backpressure(self) -> Backpressure:
        """Whether it keeps up."""

    @property
    def sound(self) -> frozenset[int]:
        """The payload types of its audio."""


def _name(address: Any) -> bytes:
    """Return an address as a struct sockaddr_in or sockaddr_in6."""
    host, port = address[0], address[1]
    if ":" not in host:
        return struct.pack("=H2s", socket.AF_INET, port.to_bytes(2, "big")) + (
            socket.inet_aton(host) + bytes(8)
        )
    flow, scope = (*address[2:4], 0, 0)[:2]
    packed = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    port_and_flow = struct.pack("!HI", port, flow)
    return struct.pack("=H", socket.AF_INET6) + port_and_flow + packed + struct.pack("=I", scope)


class SendGroup:
    """Peers behind one outlet whose SRTP tags have the same length.

    `fallen` collects those that can't keep up; the caller clears it.
    """

    def __init__(self, outlet: SendSocket, members: Iterable[Member]) -> None:
        self._send_socket = outlet
        self.fallen: list[Member] = []
        self._members = list(members)
        self._tag = self._members[0].protection.tag
        self._arrange()

    def _arrange(self) -> None:
        """Put the members that can't be sent GSO segments at the end."""
        members = self._members
        self._unsegmented = False
        members.sort(key=lambda member: not member.protection.segmented)
        self._segmented = sum(member.protection.segmented for member in members)
        self._sessions = [member.protection.transmit for member in members]
        names = [_name(member.address) for member in members]
        self._size = len(names[0])
        self._names = ctypes.create_string_buffer(b"".join(names))
        # By the number of packets in a batch: the messages to all members, in their order.
        self._tables: dict[int, array[int]] = {}

    def __len__(self) -> int:
        return len(self._members)

    def send(self, run: GsoBatch) -> int:
        """Protect and send to all; return how many packets could not be sent."""
        if not isinstance(self._send_socket, socket.socket):
            return self._send_framed(self._send_socket, run)
        total, count = len(self._members), run.count
        together = total if count == 1 else self._segmented
        if _sendmmsg is None:
            together = 0
        at_once = _ROOMS // count
        most = min(at_once, total)
        _vectors[1 : 2 * most * count : 2] = run.sizes(self._tag) * most
        if count > 1:
            struct.pack_into("=QiiH", _control, 0, 18, _SOL_UDP, _UDP_SEGMENT, run.size + self._tag)
        failed = 0
        for first in range(0, together, at_once):
            number = min(at_once, together - first)
            unprotected = self._protect(run, first, number)
            if unprotected:
                failed += self._send_singly(self._send_socket, run, first, number, unprotected)
            else:
                failed += self._send_together(self._send_socket, run, first, number)
        for first in range(together, total, at_once):
            number = min(at_once, total - first)
            unprotected = self._protect(run, first, number)
            failed += self._send_singly(self._send_socket, run, first, number, unprotected)
        if self._unsegmented:
            self._arrange()
        return failed

    def _protect(self, run: GsoBatch, first: int, number: int) -> list[int]:
        """Encrypt the batch for these members, one after the other; return the slots where that
        failed.
        """
        count, size = run.count, len(run.blob)
        for at in range(0, number * size, size):
            _bytes[at : at + size] = run.blob
        _lengths[: 4 * number * count] = run.lengths * number
        sessions = self._sessions[first : first + number]
        each = chain.from_iterable(map(repeat, sessions, repeat(count)))
        statuses = list(map(_protect, each, _packets, _length_of))
        return [room for room, status in enumerate(statuses) if status] if any(statuses) else []

    def _table(self, count: int) -> "array[int]":
        """Return the messages to all members for batches of `count` packets; their vectors are
        `_vectors`.
        """
        table = self._tables.get(count)
        if table is None:
            if len(self._tables) >= _MOST_TABLES:
                self._tables.clear()
            names, number, at_once = ctypes.addressof(self._names), len(self), _ROOMS // count
            table = self._tables[count] = array("Q", [0]) * (_WORDS * number)
            for member in range(number):
                at = _WORDS * member
                table[at] = names + self._size * member
                table[at + 1] = self._size
                table[at + 2] = _vectors_at + 16 * count * (member % at_once)
                table[at + 3] = count
                if count > 1:
                    table[at + 4] = _control_at
                    table[at + 5] = len(_control)
        return table

    def _send_together(self, sock: socket.socket, run: GsoBatch, first: int, number: int) -> int:
        count = run.count
        messages = self._table(count).buffer_info()[0] + 8 * _WORDS * first
        sent = failed = 0
        while sent < number:
            done = _sendmmsg(
                sock.fileno(),
                messages + 8 * _WORDS * sent,
                number - sent,
                socket.MSG_DONTWAIT,
            )
            if done > 0:
                sent += done
                continue
            if ctypes.get_errno() in _FULL:
                self._refused(self._members[first + sent : first + number], count)
                return failed + (number - sent) * count
            if count == 1:
                failed += 1
            else:
                # The route has a smaller MTU: send packets one by one from now on.
                self._members[first + sent].protection.segmented = False
                self._unsegmented = True
                failed += self._send_one_by_one(sock, run, first + sent, sent * count, ())
            sent += 1
        return failed

    def _send_singly(
        self,
        sock: socket.socket,
        run: GsoBatch,
        first: int,
        number: int,
        unprotected: Sequence[int],
    ) -> int:
        return sum(
            self._send_one_by_one(sock, run, first + place, place * run.count, unprotected)
            for place in range(number)
        )

    def _send_one_by_one(
        self, sock: socket.socket, run: GsoBatch, member: int, room: int, unprotected: Sequence[int]
    ) -> int:
        """Send the packets from slot `room` on; return how many could not be sent."""
        failed = refused = 0
        address = self._members[member].address
        for packet in run.packets:
            try:
                if room in unprotected:
                    failed += 1
                else:
                    at = room * ROOM
                    sock.sendto(_bytes[at : at + len(packet) + self._tag], address)
            except OSError as error:
                failed += 1
                refused += error.errno in _FULL
            room += 1
        if refused:
            self._refused(self._members[member : member + 1], refused)
        return failed

    def _refused(self, members: Sequence[Member], packets: int) -> None:
        """Record that the system's full buffers did not take packets for these members."""
        now = time.monotonic()
        for member in members:
            member.backpressure.count_refused(packets, now)
            if member.backpressure.since == now:
                self.fallen.append(member)

    def _send_framed(self, outlet: FramedStream, run: GsoBatch) -> int:
        """Send to TCP members: each takes what it can, and none waits for another."""
        total, count = len(self._members), run.count
        at_once, now, failed = _ROOMS // count, time.monotonic(), 0
        # All members have the same numbers, so the audio payload types of one hold for all.
        sound = self._members[0].sound
        video = [packet[1] & 0x7F not in sound for packet in run.packets]
        for first in range(0, total, at_once):
            number = min(at_once, total - first)
            unprotected = self._protect(run, first, number)
            for place in range(number):
                member, frames = self._members[first + place], []
                is_stalled = member.backpressure.since is not None
                for at, packet in enumerate(run.packets):
                    room = place * count + at
                    if room in unprotected:
                        failed += 1
                    elif is_stalled and video[at]:
                        member.backpressure.count_skipped(1)
                        failed += 1
                    else:
                        data = _bytes[room * ROOM : room * ROOM + len(packet) + self._tag]
                        frames.append(Frame(frame(data), video[at], now))
                dropped = outlet.write(frames, member.address, now) if frames else 0
                if dropped:
                    failed += dropped
                    member.backpressure.stop_video(dropped, now)
                    if not is_stalled:
                        self.fallen.append(member)
        return failed

"""A BPF filter that drops receiver reports which come alone.

Each viewer sends several a second, and without layers to select from nothing follows from them.
Linux only (socket(7), SO_ATTACH_FILTER); elsewhere engine/python/demux.py drops them.
"""

import ctypes
import socket
import struct
from contextlib import suppress

from farmlive.media.wire import rtcp

_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27
_UDP_HEADER = 8
# Bytes that SRTCP adds: index and tag, of AES128_CM_SHA1_80 and of AEAD_AES_128_GCM. No longer
# compound packet can have the length of a single report with either of them.
_TRAILERS = (14, 20)

# Classic BPF (linux/bpf_common.h) as (code, true, false, k). The packet begins with its UDP header.
_LENGTH, _BYTE, _HALF, _WORD_OF_MEMORY = 0x80, 0x30, 0x28, 0x60
_KEEP, _AND, _SHIFT, _ADD, _TO_X, _LESS_X = 0x02, 0x54, 0x64, 0x04, 0x07, 0x1C
_AT_LEAST, _EQUAL, _RETURN = 0x35, 0x15, 0x06
_PROGRAM = (
    (_LENGTH, 0, 0, 0),
    (_KEEP, 0, 0, 0),
    (_AT_LEAST, 0, 13, _UDP_HEADER + 8),
    (_BYTE, 0, 0, _UDP_HEADER),
    (_AND, 0, 0, 0xC0),
    (_EQUAL, 0, 10, 0x80),
    (_BYTE, 0, 0, _UDP_HEADER + 1),
    (_EQUAL, 0, 8, rtcp.RR),
    # The length field of a report counts 4-byte words, without the first.
    (_HALF, 0, 0, _UDP_HEADER + 2),
    (_SHIFT, 0, 0, 2),
    (_ADD, 0, 0, _UDP_HEADER + 4),
    (_TO_X, 0, 0, 0),
    (_WORD_OF_MEMORY, 0, 0, 0),
    (_LESS_X, 0, 0, 0),
    (_EQUAL, 2, 0, _TRAILERS[0]),
    (_EQUAL, 1, 0, _TRAILERS[1]),
    (_RETURN, 0, 0, 0xFFFF),
    (_RETURN, 0, 0, 0),
)


def attach(sock: socket.socket) -> None:
    """Attach the filter: drop receiver reports that come alone on this UDP socket."""
    program = b"".join(struct.pack("=HBBI", *instruction) for instruction in _PROGRAM)
    held = ctypes.create_string_buffer(program)
    with suppress(OSError):
        sock.setsockopt(
            socket.SOL_SOCKET,
            _SO_ATTACH_FILTER,
            struct.pack("@HP", len(_PROGRAM), ctypes.addressof(held)),
        )


def detach(sock: socket.socket) -> None:
    """Detach the filter: let receiver reports through again."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)

"""Synthetic media: RTP packets with the headers of VP8 and Opus, without a picture, each with the
sender's clock in its payload. Pure.
"""

import struct
from collections.abc import Iterator

FPS = 30
FRAME_PACKETS = 6
AUDIO_EVERY_MS = 20
_VIDEO_BYTES = 1030
_AUDIO_BYTES = 80
_STAMP_AT = 24
_MARK = b"farmlive"

# RFC 7741: S=1 begins a partition; a key frame has bit 0 of its first byte clear, then a start
# code, width and height (RFC 6386, section 9.1). The tag holds the size of the first partition.
_FIRST, _LATER = b"\x10", b"\x00"
_TAG = (FRAME_PACKETS * _VIDEO_BYTES // 2) << 5 | 0x10
_KEY_FRAME = struct.pack("<I", _TAG)[:3] + b"\x9d\x01\x2a" + struct.pack("<HH", 1280, 720)
_INTER_FRAME = struct.pack("<I", _TAG | 1)[:3]
# RFC 6716, section 3.1: one CELT frame of 20 ms, fullband, stereo.
_OPUS_FRAME = b"\xfc"


class SyntheticStream:
    """The packets of one RTP stream; the caller sets `ssrc` and the first numbers."""

    def __init__(self, ssrc: int, payload_type: int, transport_cc: int | None = None):
        self.ssrc = ssrc
        self.payload_type = payload_type
        self.sequence = 1_000
        self.timestamp = 0
        self.packets = self.octets = 0
        self._transport_cc = transport_cc

    def packet(self, payload: bytes, marker: bool, wide_sequence: int = 0) -> bytes:
        """Return the next packet at the present timestamp."""
        extension = b""
        first = 0x80
        if self._transport_cc is not None:
            first = 0x90
            extension = struct.pack(
                "!HHBHB", 0xBEDE, 1, self._transport_cc << 4 | 1, wide_sequence & 0xFFFF, 0
            )
        head = struct.pack(
            "!BBHII",
            first,
            (0x80 if marker else 0) | self.payload_type,
            self.sequence & 0xFFFF,
            self.timestamp & 0xFFFFFFFF,
            self.ssrc,
        )
        self.sequence += 1
        self.packets += 1
        self.octets += len(payload)
        return head + extension + payload

    def report(self, ntp: int) -> bytes:
        """Return a sender report without blocks (RFC 3550, section 6.4.1)."""
        return struct.pack(
            "!BBHIQIII",
            0x80,
            200,
            6,
            self.ssrc,
            ntp,
            self.timestamp & 0xFFFFFFFF,
            self.packets & 0xFFFFFFFF,
            self.octets & 0xFFFFFFFF,
        )


def video_payloads(key_frame: bool) -> Iterator[tuple[bytes, bool]]:
    """Yield the payloads of one frame without a stamp, each with its marker bit."""
    for number in range(FRAME_PACKETS):
        head = _LATER
        if number == 0:
            head = _FIRST + (_KEY_FRAME if key_frame else _INTER_FRAME)
        yield head.ljust(_VIDEO_BYTES, b"\x55"), number == FRAME_PACKETS - 1


def audio_payload() -> bytes:
    """Return an Opus packet without a stamp."""
    return _OPUS_FRAME.ljust(_AUDIO_BYTES, b"\x55")


def stamp(payload: bytes, monotonic_ns: int) -> bytes:
    """Return the payload with the sender's clock at its fixed place."""
    stamp = _MARK + monotonic_ns.to_bytes(8, "big")
    return payload[:_STAMP_AT] + stamp + payload[_STAMP_AT + len(stamp) :]


def read_stamp(packet: bytes) -> int | None:
    """Return the sender's clock in a received RTP packet, ns; None if it has none."""
    start = 12 + 4 * (packet[0] & 15)
    if packet[0] & 0x10:
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    start += _STAMP_AT
    if packet[start : start + 8] != _MARK:
        return None
    return int.from_bytes(packet[start + 8 : start + 16], "big")

"""H264 for a relay: NAL units in RTP (RFC 6184), the sequence parameter set (H.264, 7.3.2.1.1) and
the profile in an SDP. Nothing here decodes pictures.
"""

from collections.abc import Iterator
from dataclasses import dataclass

IDR, SPS = 5, 7
_STAP_A, _FU_A = 24, 28
# Encoders write a few dozen bytes; with all scaling lists it would be about 1,000.
_MOST_SPS_BYTES = 1_200
# The limit of level 6.2: the square root of 8 times its 139,264 macroblocks (annex A.3.1).
_MOST_PIXELS = 16_880
_HIGH_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}

BASELINE, MAIN, HIGH = "baseline", "main", "high"


@dataclass(slots=True, frozen=True)
class Sps:
    """Fields of a sequence parameter set; `reorder` is None if it does not contain that."""

    profile: int
    constraints: int
    level: int
    width: int
    height: int
    reorder: int | None


class Malformed(ValueError):
    """The bits are not a sequence parameter set."""


def family(profile_level_id: str) -> str | None:
    """Return the profile family of an SDP's `profile-level-id`; None if browsers don't play it.

    The level is ignored: it is negotiable (RFC 6184, section 8.2.2). Browsers don't play the
    Extended, 10-bit, 4:2:2 and 4:4:4 profiles.
    """
    try:
        number = int(profile_level_id[:2], 16)
    except ValueError:
        return None
    return {0x42: BASELINE, 0x4D: MAIN, 0x64: HIGH}.get(number)


def nal_units(payload: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the NAL units that begin in this RTP payload, each as type and bytes.

    Of a fragmented unit only the first fragment counts, with its content.
    """
    if not payload:
        return
    kind = payload[0] & 31
    if kind == _STAP_A:
        at = 1
        while at + 2 < len(payload):
            size = (payload[at] << 8) | payload[at + 1]
            unit = payload[at + 2 : at + 2 + size]
            if unit:
                yield unit[0] & 31, unit
            at += 2 + size
    elif kind == _FU_A:
        if len(payload) > 1 and payload[1] & 0x80:
            yield payload[1] & 31, bytes(((payload[0] & 0xE0) | (payload[1] & 31),)) + payload[2:]
    elif 0 < kind < _STAP_A:
        yield kind, payload


def begins_keyframe(payload: bytes) -> bool:
    """Return whether a decoder can start here: an SPS or an IDR slice begins in this payload."""
    if not payload:
        return False
    kind = payload[0] & 31
    if kind == _FU_A:
        return len(payload) > 1 and payload[1] & 0x9F in (0x80 | IDR, 0x80 | SPS)
    if kind == _STAP_A:
        return any(unit in (IDR, SPS) for unit, _ in nal_units(payload))
    return kind in (IDR, SPS)


def find_sps(payload: bytes) -> Sps | None:
    """Return the sequence parameter set in this payload, or None without a readable one."""
    for kind, unit in nal_units(payload):
        if kind == SPS:
            try:
                return parse_sps(unit)
            except Malformed:
                return None
    return None


class _Bits:
    def __init__(self, unit: bytes) -> None:
        # Remove emulation prevention bytes, which are not part of the bits (7.4.1).
        data = unit.replace(b"\x00\x00\x03", b"\x00\x00")
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise Malformed("the set is cut off")
        return (self._value >> self._left) & ((1 << count) - 1)

    def unsigned(self) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 31:
                raise Malformed("a number is too long")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        value = self.unsigned()
        return (value + 1) // 2 if value & 1 else -(value // 2)


def parse_sps(unit: bytes) -> Sps:
    """Parse a sequence parameter set, including its NAL header. Raises Malformed.

    Malformed also covers an empty picture, and one larger than any level allows.
    """
    if len(unit) > _MOST_SPS_BYTES:
        raise Malformed("longer than any parameter set")
    bits = _Bits(unit)
    if bits.take(8) & 31 != SPS:
        raise Malformed("not a sequence parameter set")
    profile, constraints, level = bits.take(8), bits.take(8), bits.take(8)
    bits.unsigned()
    chroma = 1
    if profile in _HIGH_PROFILES:
        chroma = bits.unsigned()
        if chroma == 3:
            bits.take(1)
        bits.unsigned()
        bits.unsigned()
        bits.take(1)
        if bits.take(1):
            _skip_scaling_lists(bits, 12 if chroma == 3 else 8)
    bits.unsigned()
    order = bits.unsigned()
    if order == 0:
        bits.unsigned()
    elif order == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.unsigned(), 255)):
            bits.signed()
    bits.unsigned()
    bits.take(1)
    width = (bits.unsigned() + 1) * 16
    rows = bits.unsigned() + 1
    frames_only = bits.take(1)
    height = rows * 16 * (2 - frames_only)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    if bits.take(1):
        step_x = 2 if chroma in (1, 2) else 1
        step_y = (2 if chroma == 1 else 1) * (2 - frames_only)
        width -= step_x * (bits.unsigned() + bits.unsigned())
        height -= step_y * (bits.unsigned() + bits.unsigned())
    if not (0 < width <= _MOST_PIXELS and 0 < height <= _MOST_PIXELS):
        raise Malformed("a picture of no possible size")
    # Picture order count type 2 outputs in decoding order, which excludes B-frames (8.2.1.3).
    reorder = 0 if order == 2 else _reorder(bits)
    return Sps(profile, constraints, level, width, height, reorder)


def _skip_scaling_lists(bits: _Bits, count: int) -> None:
    for index in range(count):
        if not bits.take(1):
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.signed()) % 256
            last = following or last


def _reorder(bits: _Bits) -> int | None:
    """Return max_num_reorder_frames of the VUI (annex E.1.1), or None if it is absent."""
    try:
        if not bits.take(1):
            return None
        if bits.take(1) and bits.take(8) == 255:
            bits.take(32)
        if bits.take(1):
            bits.take(1)
        if bits.take(1):
            bits.take(4)
            if bits.take(1):
                bits.take(24)
        if bits.take(1):
            bits.unsigned()
            bits.unsigned()
        if bits.take(1):
            bits.take(65)
        nal_hrd = bits.take(1)
        if nal_hrd:
            _skip_hrd(bits)
        vcl_hrd = bits.take(1)
        if vcl_hrd:
            _skip_hrd(bits)
        if nal_hrd or vcl_hrd:
            bits.take(1)
        bits.take(1)
        if not bits.take(1):
            return None
        bits.take(1)
        for _ in range(4):
            bits.unsigned()
        return bits.unsigned()
    except Malformed:
        return None


def _skip_hrd(bits: _Bits) -> None:
    count = min(bits.unsigned() + 1, 32)
    bits.take(8)
    for _ in range(count):
        bits.unsigned()
        bits.unsigned()
        bits.take(1)
    bits.take(20)

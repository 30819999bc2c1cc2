"""Codec keys as the numbers that the engine in C uses for them."""

from farmlive.media.engine.native import _native
from farmlive.media.wire import h264

_FAMILIES = {
    "H264": _native.CODEC_H264,
    "VP8": _native.CODEC_VP8,
    "VP9": _native.CODEC_VP9,
    "AV1": _native.CODEC_AV1,
    "OPUS": _native.CODEC_OPUS,
}
# Known codecs get their numbers before strangers' offers can use up all numbers.
_KNOWN = (
    *(f"H264:{profile}" for profile in (h264.BASELINE, h264.MAIN, h264.HIGH)),
    *("VP8", "VP9:0", "VP9:1", "VP9:2", "VP9:3", "AV1", "OPUS"),
)
_MOST_OF_A_FAMILY = 256


class CodecNumbers:
    """Assigns a number to each codec key, with its family in the low byte; 0 is none."""

    def __init__(self) -> None:
        # For families that the engine does not know, the first number is not 0.
        self._keys: dict[int, list[str | None]] = {0: [None]}
        self._numbers: dict[str, int] = {}
        for key in _KNOWN:
            self.number(key)

    def number(self, key: str) -> int:
        """Return the key's number, always the same; 0 if too many others of its family have one."""
        known = self._numbers.get(key)
        if known is not None:
            return known
        family = _FAMILIES.get(key.partition(":")[0], 0)
        keys = self._keys.setdefault(family, [])
        if len(keys) == _MOST_OF_A_FAMILY:
            return 0
        number = self._numbers[key] = len(keys) << 8 | family
        keys.append(key)
        return number

    def family(self, number: int) -> str | None:
        """Return the first word of the key with this number, such as H264; None for 0."""
        key = self._keys[number & 0xFF][number >> 8]
        return None if key is None else key.partition(":")[0]

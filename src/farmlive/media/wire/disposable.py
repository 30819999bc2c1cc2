"""Disposable frames: those that no other frame refers to, by what a stream's packets say of it.

H264: nal_ref_idc (RFC 6184); VP8 and VP9: the payload descriptor (RFC 7741, RFC 9628); AV1: the
dependency descriptor, a header extension (AV1 RTP specification, appendix A).
"""

from collections.abc import Callable
from enum import Enum

EXTENSION = (
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
)

# H264: coded slices, whole or in partitions, without IDR; and what goes with any frame: SEI,
# delimiters, ends, filler data and prefixes.
_SLICES = range(1, 5)
_WITH_ANY = {6, 9, 10, 11, 12, 14}
_STAP_A, _FU_A = 24, 28
# The most pictures of a VP9 picture group that are kept.
_MOST_PICTURES = 32
# P_DIFF has seven bits. In flexible mode the top temporal layer is known not to be referred to once
# this many pictures did not.
_SPAN, _QUIET_LEAST = 128, 8
_MOST_TEMPLATES = 64
# Where a dependency descriptor's five flags end, in bits; a next_layer_idc; and the indications of
# decode targets (AV1 RTP, appendix A).
_FLAGS_END, _NO_MORE_LAYERS = 29, 3
_NOT_PRESENT, _DISCARDABLE = 0, 1


class Use(Enum):
    """What a packet says about its frame: that another refers to it, or may do so; that none does;
    or nothing.
    """

    NEEDED = 0
    DISPOSABLE = 1
    UNSAID = 2


class References:
    """What the packets of one stream say about which of its frames are referred to.

    `read` takes them as they come. For bytes that it can't read, a frame is needed.
    """

    def __init__(self, codec: str) -> None:
        """Start for a codec key."""
        family = codec.partition(":")[0]
        readers: dict[str, Callable[[], Callable[[bytes, bytes | None], Use]]] = {
            "H264": lambda: _h264,
            "VP8": lambda: _vp8,
            "VP9": lambda: _Vp9().read,
            "AV1": lambda: _Av1().read,
        }
        self._read = readers.get(family, lambda: _unknown)()

    def read(self, payload: bytes, descriptor: bytes | None = None) -> Use:
        """Return what this packet says; `descriptor` is its dependency descriptor."""
        return self._read(payload, descriptor) if payload else Use.UNSAID

    def is_unsaid(self, payload: bytes) -> bool:
        """Return whether a packet that came before says nothing of its frame."""
        return not payload or (self._read is _h264 and _h264(payload, None) is Use.UNSAID)


def _unknown(payload: bytes, descriptor: bytes | None) -> Use:
    return Use.NEEDED


def _h264(payload: bytes, descriptor: bytes | None) -> Use:
    head = payload[0]
    kind = head & 31
    if kind == _FU_A:
        return _unit(head & 0xE0 | payload[1] & 31) if len(payload) > 1 else Use.NEEDED
    if kind != _STAP_A:
        return _unit(head)
    at, use = 1, Use.UNSAID
    while at < len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        at += 2
        if not size or at + size > len(payload):
            return Use.NEEDED
        each = _unit(payload[at])
        if each is Use.NEEDED:
            return each
        if each is Use.DISPOSABLE:
            use = each
        at += size
    return use


def _unit(head: int) -> Use:
    """Return what the header of a NAL unit says (H.264, 7.4.1)."""
    kind = head & 31
    if kind in _SLICES:
        return Use.NEEDED if head & 0x60 else Use.DISPOSABLE
    return Use.UNSAID if kind in _WITH_ANY else Use.NEEDED


def _vp8(payload: bytes, descriptor: bytes | None) -> Use:
    """N: a non-reference frame (RFC 7741, section 4.2). A frame that counts in TL0PICIDX is needed
    all the same: players take a hole there for loss.
    """
    first = payload[0]
    if not first & 0x20:
        return Use.NEEDED
    at = 1
    if first & 0x80:
        if len(payload) < 2:
            return Use.NEEDED
        flags = payload[1]
        at = 2
        if flags & 0x80:
            if len(payload) < 3:
                return Use.NEEDED
            at += 2 if payload[2] & 0x80 else 1
        at += bool(flags & 0x40)
        if flags & 0x20:
            if len(payload) <= at or not payload[at] >> 6:
                return Use.NEEDED
        elif flags & 0x40:
            return Use.NEEDED
        at += bool(flags & 0x30)
    if len(payload) <= at:
        return Use.NEEDED
    is_keyframe = first & 0x17 == 0x10 and not payload[at] & 1
    return Use.NEEDED if is_keyframe else Use.DISPOSABLE


class _Vp9:
    """The picture group of the last scalability structure (RFC 9628, section 4.2.1): the temporal
    layer of each of its pictures, and whether another refers to it.

    In flexible mode there is none, and each picture says which ones it refers to. Then the pictures
    of the top temporal layer are disposable while none has referred to one of them for a while.
    """

    def __init__(self) -> None:
        # Flexible mode: the temporal layers of the last pictures, the top one since the last
        # keyframe, and how many pictures did not refer to that.
        self._layer_of = bytearray(_SPAN)
        self._last, self._top, self._quiet = -1, 0, 0
        self._layers: list[int] = []
        self._referred: set[int] = set()
        # The picture id with which the group begins.
        self._start = 0

    def read(self, payload: bytes, descriptor: bytes | None) -> Use:
        first, at = payload[0], 1
        if not first & 0x80 or len(payload) < 2:
            return Use.NEEDED
        picture, mask = payload[1] & 0x7F, 0x7F
        at = 2
        if payload[1] & 0x80:
            if len(payload) < 3:
                return Use.NEEDED
            picture, mask = picture << 8 | payload[2], 0x7FFF
            at = 3
        layer = 0
        if first & 0x20:
            if len(payload) <= at:
                return Use.NEEDED
            layer = payload[at] >> 5
            # TL0PICIDX follows in non-flexible mode.
            at += 1 if first & 0x10 else 2
        if first & 0x10:
            return self._read_flexible(payload, at, picture, layer)
        if first & 0x02 and not layer:
            self._start = picture
            self._learn(payload[at:])
        if not first & 0x40 or not layer or not self._layers:
            return Use.NEEDED
        index = (picture - self._start & mask) % len(self._layers)
        if self._layers[index] != layer or index in self._referred:
            return Use.NEEDED
        return Use.DISPOSABLE

    def _read_flexible(self, payload: bytes, at: int, picture: int, layer: int) -> Use:
        """Read how far back the picture refers, from this place on; at most three times."""
        self._quiet += picture != self._last
        self._last = picture
        self._layer_of[picture % _SPAN] = layer
        if not payload[0] & 0x40:
            self._top = self._quiet = 0
            return Use.NEEDED
        if layer > self._top:
            self._top, self._quiet = layer, 0
        for each in payload[at : at + 3]:
            if self._top and self._layer_of[(picture - (each >> 1)) % _SPAN] == self._top:
                # A picture that refers to itself is none that we understand.
                self._quiet = 0
            if not each & 1:
                is_quiet = self._quiet >= _QUIET_LEAST
                return Use.DISPOSABLE if 0 < layer == self._top and is_quiet else Use.NEEDED
        return Use.NEEDED

    def _learn(self, structure: bytes) -> None:
        """Read a scalability structure; without a picture group that can be read, none is
        known.
        """
        self._layers, self._referred = [], set()
        if not structure:
            return
        first, at = structure[0], 1
        if first & 0x10:
            at += 4 * ((first >> 5) + 1)
        if not first & 0x08 or len(structure) <= at:
            return
        count = structure[at]
        at += 1
        layers, referred = [], set[int]()
        for index in range(count if count <= _MOST_PICTURES else 0):
            if len(structure) <= at:
                return
            layers.append(structure[at] >> 5)
            references = structure[at] >> 2 & 3
            at += 1
            if len(structure) < at + references:
                return
            referred.update((index - back) % count for back in structure[at : at + references])
            at += references
        self._layers, self._referred = layers, referred


class _Av1:
    """The templates of the last dependency structure: which are of disposable frames."""

    def __init__(self) -> None:
        self._offset = self._targets = 0
        self._disposable: list[bool] = []

    def read(self, payload: bytes, descriptor: bytes | None) -> Use:
        if descriptor is None or len(descriptor) < 3:
            return Use.NEEDED
        flags = descriptor[3] >> 3 if len(descriptor) > 3 else 0
        if flags & 0x10:
            self._learn(descriptor)
            return Use.NEEDED
        # N: a coded video sequence begins (section 4.4).
        if payload[0] & 0x08:
            return Use.NEEDED
        if flags & 0x04:
            bits = _Bits(descriptor, _FLAGS_END + (self._targets if flags & 0x08 else 0))
            is_disposable = bits.discardable(self._targets)
        else:
            index = (descriptor[0] & 63) - self._offset & 63
            is_disposable = index < len(self._disposable) and self._disposable[index]
        return Use.DISPOSABLE if is_disposable else Use.NEEDED

    def _learn(self, descriptor: bytes) -> None:
        """Read a template dependency structure as far as its decode target indications."""
        bits = _Bits(descriptor, _FLAGS_END)
        self._offset = bits.take(6)
        self._targets = bits.take(5) + 1
        count = 1
        while bits.take(2) != _NO_MORE_LAYERS and count <= _MOST_TEMPLATES:
            count += 1
        self._disposable = [bits.discardable(self._targets) for _ in range(count)]
        if bits.left < 0 or count > _MOST_TEMPLATES:
            self._targets, self._disposable = 0, []


class _Bits:
    """The bits of a descriptor from one on; behind its end come zeros, and `left` is negative."""

    def __init__(self, data: bytes, at: int) -> None:
        self.left = len(data) * 8 - at
        self._value = int.from_bytes(data, "big")

    def take(self, count: int) -> int:
        self.left -= count
        return self._value >> self.left & (1 << count) - 1 if self.left >= 0 else 0

    def discardable(self, targets: int) -> bool:
        """Return whether in each of these decode targets that has the frame no other refers to
        it.
        """
        found = {self.take(2) for _ in range(targets)}
        return self.left >= 0 and _DISCARDABLE in found and found <= {_NOT_PRESENT, _DISCARDABLE}

"""Picture ids in the payload descriptors of VP8 (RFC 7741, section 4.2) and VP9 (RFC 9628, section
4.2).

A decoder takes a stream for broken if they jump, so they continue without a gap across splices.
"""

from typing import NamedTuple


class Pictures(NamedTuple):
    """The offsets of the picture id and of TL0PICIDX, the id of pictures of the lowest temporal
    layer.
    """

    codec: str
    picture: int
    base: int


def _places(codec: str, payload: bytes) -> tuple[int, int, int]:
    """Return the picture id's position and size in bits, and the position of TL0PICIDX; 0 if
    absent.
    """
    size = len(payload)
    if size < 4:
        return 0, 0, 0
    first = payload[0]
    if codec == "VP8":
        if not first & 0x80:
            return 0, 0, 0
        flags, at = payload[1], 2
        has_picture, has_base = flags & 0x80, flags & 0x40
    elif codec.startswith("VP9"):
        has_picture, at = first & 0x80, 1
        # TL0PICIDX is present with layer indices in non-flexible mode.
        has_base = first & 0x30 == 0x20
    else:
        return 0, 0, 0
    picture = bits = 0
    if has_picture:
        picture, bits = at, 15 if payload[at] & 0x80 else 7
        at += 2 if bits == 15 else 1
    if not has_base:
        return picture, bits, 0
    if codec != "VP8":
        at += 1
    return picture, bits, at if at < size else 0


def read(codec: str, payload: bytes) -> tuple[int | None, int | None]:
    """Return the picture id and TL0PICIDX."""
    at, bits, base = _places(codec, payload)
    picture = None
    if at:
        picture = payload[at]
        if bits == 15:
            picture = (picture & 0x7F) << 8 | payload[at + 1]
    return picture, payload[base] if base else None


def moved(payload: bytes, by: Pictures) -> bytes:
    """Return the payload with shifted ids."""
    at, bits, base = _places(by.codec, payload)
    if not at and not base:
        return payload
    changed = bytearray(payload)
    if bits == 15:
        number = ((payload[at] << 8 | payload[at + 1]) + by.picture) & 0x7FFF | 0x8000
        changed[at], changed[at + 1] = number >> 8, number & 0xFF
    elif bits:
        changed[at] = (payload[at] + by.picture) & 0x7F
    if base:
        changed[base] = (payload[base] + by.base) & 0xFF
    return bytes(changed)


def closed(codec: str, payload: bytes, by: Pictures | None) -> Pictures | None:
    """Return the offsets after this picture, if it is left out behind those with offsets `by`.

    Only VP8's ids close up: pictures of VP9 refer to others by what is between their ids. What is
    left out does not count in TL0PICIDX.
    """
    if codec != "VP8" or not _places(codec, payload)[0]:
        return by
    picture, base = (0, 0) if by is None else (by.picture, by.base)
    return Pictures(codec, (picture - 1) & 0x7FFF, base)


def following(codec: str, first: bytes, last: tuple[int | None, int | None]) -> Pictures | None:
    """Return the offsets by which the ids of packet `first` continue after `last`; None for no
    change.
    """
    picture, base = read(codec, first)
    add = 0 if picture is None or last[0] is None else (last[0] + 1 - picture) & 0x7FFF
    add_base = 0 if base is None or last[1] is None else (last[1] + 1 - base) & 0xFF
    return Pictures(codec, add, add_base) if add or add_base else None

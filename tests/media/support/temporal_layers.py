"""Payloads of streams with temporal layers: what a sender says of frames that no other refers
to.
"""

from collections.abc import Sequence

# A dependency descriptor's indications: not present, discardable, switch, required.
INDICATIONS = "-DSR"
# L1T2 and L1T3: for each template its temporal layer and its indication in each decode target.
L1T2 = ((0, "SS"), (0, "SS"), (1, "-D"))
L1T3 = ((0, "SSS"), (0, "SSS"), (1, "-DS"), (2, "--D"), (2, "--D"))
# Picture groups of VP9: each picture's temporal layer, and how far back it refers.
VP9_L1T2 = ((0, (2,)), (1, (1,)))
VP9_L1T3 = ((0, (4,)), (2, (1,)), (1, (2,)), (2, (1, 2)))


class Bits:
    """Bits, written one after another."""

    def __init__(self) -> None:
        self.text = ""

    def put(self, value: int, count: int) -> None:
        self.text += f"{value:0{count}b}"

    def octets(self) -> bytes:
        padded = self.text + "0" * (-len(self.text) % 8)
        return int(padded, 2).to_bytes(len(padded) // 8, "big")


def descriptor(
    template: int,
    number: int = 0,
    *,
    structure: Sequence[tuple[int, str]] | None = None,
    offset: int = 0,
    custom: str | None = None,
    active: int | None = None,
    targets: int = 2,
) -> bytes:
    """A dependency descriptor (AV1 RTP, appendix A.8). `template` is the template's id; a
    `structure` of templates from id `offset` on comes with a keyframe; `custom` are the frame's own
    indications; `active` is the mask of the active decode targets, of which there are `targets`.
    """
    out = Bits()
    out.put(0b11, 2)
    out.put(template, 6)
    out.put(number & 0xFFFF, 16)
    if structure is None and custom is None and active is None:
        return out.octets()
    for flag in (structure is not None, active is not None, custom is not None, False, False):
        out.put(flag, 1)
    if structure is not None:
        targets = len(structure[0][1])
        _put_structure(out, structure, offset)
    if active is not None:
        out.put(active, targets)
    for each in custom or "":
        out.put(INDICATIONS.index(each), 2)
    return out.octets()


def _put_structure(out: Bits, structure: Sequence[tuple[int, str]], offset: int) -> None:
    out.put(offset, 6)
    out.put(len(structure[0][1]) - 1, 5)
    layers = [layer for layer, _ in structure]
    for before, after in zip(layers, [*layers[1:], None], strict=True):
        out.put(3 if after is None else after - before, 2)
    for _, indications in structure:
        for each in indications:
            out.put(INDICATIONS.index(each), 2)
    # Frame differences of each template: none; no chains; no resolutions.
    for _ in structure:
        out.put(0, 1)
    out.put(0, len(structure[0][1]).bit_length())
    out.put(0, 1)


def vp8(picture: int, base: int, layer: int, *, disposable: bool, first: bool = True) -> bytes:
    """A VP8 payload descriptor with X, I, L and T (RFC 7741, section 4.2)."""
    head = bytes((0x80 | 0x20 * disposable | 0x10 * first, 0xE0))
    return head + (picture | 0x8000).to_bytes(2, "big") + bytes((base & 0xFF, layer << 6))


def vp9(
    picture: int,
    base: int,
    layer: int,
    *,
    key: bool = False,
    first: bool = True,
    group: Sequence[tuple[int, Sequence[int]]] = (),
) -> bytes:
    """A VP9 payload descriptor in non-flexible mode (RFC 9628, section 4.2), with a scalability
    structure if there is a picture `group`.
    """
    out = bytes((0xA0 | (0 if key else 0x40) | 0x08 * first | 0x02 * bool(group),))
    out += (picture | 0x8000).to_bytes(2, "big") + bytes((layer << 5, base & 0xFF))
    if group:
        out += bytes((0x08, len(group)))
        for of, back in group:
            out += bytes((of << 5 | len(back) << 2, *back))
    return out

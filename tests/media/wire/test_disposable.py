"""Which frames no other refers to, by payloads and dependency descriptors."""

from itertools import cycle, islice

import pytest
from tests.media.support.temporal_layers import (
    L1T2,
    L1T3,
    VP9_L1T2,
    VP9_L1T3,
    descriptor,
    vp8,
    vp9,
)

from farmlive.media.wire.disposable import References, Use

NEEDED, DISPOSABLE, UNSAID = Use.NEEDED, Use.DISPOSABLE, Use.UNSAID


def stap(*units: bytes) -> bytes:
    return b"\x18" + b"".join(len(each).to_bytes(2, "big") + each for each in units)


@pytest.mark.parametrize(
    ("payload", "use"),
    [
        (b"\x41slice", NEEDED),
        (b"\x01slice", DISPOSABLE),
        (b"\x02partition", DISPOSABLE),
        (b"\x65idr", NEEDED),
        (b"\x05idr", NEEDED),
        (b"\x67sps", NEEDED),
        (b"\x07sps", NEEDED),
        (b"\x08pps", NEEDED),
        (b"\x06sei", UNSAID),
        (b"\x09delimiter", UNSAID),
        (b"\x0cfiller", UNSAID),
        (b"\x1c\x81first", DISPOSABLE),
        (b"\x1c\x01middle", DISPOSABLE),
        (b"\x5c\x41last", NEEDED),
        (b"\x1c\x85idr", NEEDED),
        (b"\x1c", NEEDED),
        (stap(b"\x09\x10", b"\x01slice"), DISPOSABLE),
        (stap(b"\x01slice", b"\x01slice"), DISPOSABLE),
        (stap(b"\x06sei", b"\x09\x10"), UNSAID),
        (stap(b"\x67sps", b"\x01slice"), NEEDED),
        (stap(b"\x01slice", b"\x41slice"), NEEDED),
        (stap(b"\x01slice")[:-1], NEEDED),
        (stap(b"\x01slice") + b"\x00", NEEDED),
        (b"", UNSAID),
    ],
)
def test_h264_says_it_by_nal_ref_idc(payload: bytes, use: Use) -> None:
    assert References("H264:baseline").read(payload) is use


@pytest.mark.parametrize(
    ("payload", "use"),
    [
        (vp8(5, 1, 1, disposable=True) + b"\x01", DISPOSABLE),
        (vp8(5, 1, 1, disposable=True, first=False) + b"more", DISPOSABLE),
        (vp8(5, 1, 1, disposable=False) + b"\x01", NEEDED),
        # It counts in TL0PICIDX, where players would miss it.
        (vp8(5, 1, 0, disposable=True) + b"\x01", NEEDED),
        (b"\xb0\xc0\x80\x05\x01\x01frame", NEEDED),
        # A keyframe, whatever its descriptor says.
        (vp8(5, 1, 1, disposable=True) + b"\x00", NEEDED),
        # Without an extension, with a picture id alone.
        (b"\x30\x01frame", DISPOSABLE),
        (b"\x10\x01frame", NEEDED),
        (b"\xb0\x80\x05\x01frame", DISPOSABLE),
        (b"\xb0\x80\x85", NEEDED),
        (b"\xb0\xe0\x80\x05\x01", NEEDED),
        (b"\xb0", NEEDED),
    ],
)
def test_vp8_says_it_by_n_and_tid(payload: bytes, use: Use) -> None:
    assert References("VP8").read(payload) is use


def shares(uses: list[Use]) -> float:
    return sum(use is DISPOSABLE for use in uses) / len(uses)


@pytest.mark.parametrize(
    ("group", "share"), [(VP9_L1T2, 1 / 2), (VP9_L1T3, 1 / 4), (((0, (1,)),), 0)]
)
@pytest.mark.parametrize("begin", [0, 7, 0x7FFE])
def test_vp9_says_it_by_its_picture_group(
    group: tuple[tuple[int, tuple[int, ...]], ...], share: float, begin: int
) -> None:
    references = References("VP9:0")
    first = vp9(begin, 0, 0, key=True, group=group)
    assert references.read(first + b"key") is NEEDED
    layers = islice(cycle([layer for layer, _ in group]), 1, 161)
    uses = [
        references.read(vp9((begin + at) & 0x7FFF, 0, layer) + b"frame")
        for at, layer in enumerate(layers, 1)
    ]
    assert shares(uses) == share


def test_vp9_without_a_group_or_with_another_pattern_is_needed() -> None:
    references = References("VP9:0")
    assert references.read(vp9(1, 0, 1) + b"frame") is NEEDED
    references.read(vp9(0, 0, 0, key=True, group=VP9_L1T2) + b"key")
    assert references.read(vp9(1, 0, 1) + b"frame") is DISPOSABLE
    # The numbers do not fit the pattern: this picture should be of the lower layer.
    assert references.read(vp9(2, 0, 1) + b"frame") is NEEDED
    # A structure without a group.
    references.read(b"\xa2\x80\x03\x00\x00" + b"\x00" + b"key")
    assert references.read(vp9(4, 0, 1) + b"frame") is NEEDED


def flexible(picture: int, layer: int, *backs: int, key: bool = False) -> bytes:
    """A VP9 payload descriptor in flexible mode."""
    head = bytes((0xB8 if key else 0xF8,)) + (picture | 0x8000).to_bytes(2, "big")
    head += bytes((layer << 5,))
    return head + bytes(back << 1 | (at < len(backs) - 1) for at, back in enumerate(backs))


@pytest.mark.parametrize("begin", [0, 0x7FFE])
def test_vp9_in_flexible_mode_says_it_by_what_no_picture_referred_to(begin: int) -> None:
    references = References("VP9:0")
    references.read(flexible(begin, 0, key=True) + b"key")
    # As Chromium sends L1T2.
    uses = [
        references.read(flexible(begin + at & 0x7FFF, at % 2, 1 if at % 2 else 2) + b"frame")
        for at in range(1, 200)
    ]
    assert uses[:8] == [NEEDED] * 8, "it has shown nothing yet"
    assert set(uses[9::2]) == {NEEDED}
    assert set(uses[8::2]) == {DISPOSABLE}


def test_vp9_in_flexible_mode_is_needed_where_the_top_layer_refers_to_itself() -> None:
    references = References("VP9:0")
    references.read(flexible(0, 0, key=True) + b"key")
    uses = {
        references.read(flexible(at, at % 2, *((1, 2) if at % 2 else (2,))) + b"frame")
        for at in range(1, 100)
    }
    assert uses == {NEEDED}


def test_vp9_in_flexible_mode_begins_again_at_a_keyframe_and_is_needed_cut_off() -> None:
    references = References("VP9:0")
    for at in range(40):
        key = at in (0, 20)
        use = references.read(flexible(at, at % 2, 1 if at % 2 else 2, key=key) + b"frame")
        assert use is (DISPOSABLE if at % 2 and at % 20 > 8 else NEEDED), at
    whole = flexible(41, 1, 1)
    assert references.read(whole[:-1]) is NEEDED
    assert references.read(flexible(43, 1, 1, 2, 1, 2)) is NEEDED, "more than three"


def test_vp9_that_is_cut_off_is_needed() -> None:
    whole = vp9(0, 0, 0, key=True, group=VP9_L1T3) + b"key"
    for size in range(1, len(whole) - 3):
        references = References("VP9:0")
        assert references.read(whole[:size]) is NEEDED
        assert references.read(vp9(3, 0, 2) + b"frame") is NEEDED


@pytest.mark.parametrize(("structure", "disposable"), [(L1T2, {2}), (L1T3, {3, 4})])
@pytest.mark.parametrize("offset", [0, 11, 62])
def test_av1_says_it_by_its_templates(
    structure: tuple[tuple[int, str], ...], disposable: set[int], offset: int
) -> None:
    references = References("AV1")
    first = descriptor(offset, structure=structure, offset=offset)
    assert references.read(b"\x18key", first) is NEEDED
    found = {
        at
        for at in range(64)
        if references.read(b"\x10frame", descriptor((offset + at) % 64)) is DISPOSABLE
    }
    assert found == disposable


def test_av1_has_indications_of_a_frame_of_its_own() -> None:
    references = References("AV1")
    assert references.read(b"\x10frame", descriptor(0, custom="-D")) is NEEDED, "no structure"
    references.read(b"\x18key", descriptor(0, structure=L1T2))
    assert references.read(b"\x10frame", descriptor(0, custom="-D")) is DISPOSABLE
    assert references.read(b"\x10frame", descriptor(2, custom="SR")) is NEEDED
    assert references.read(b"\x10frame", descriptor(2, custom="--")) is NEEDED
    assert references.read(b"\x10frame", descriptor(0, custom="-D", active=3)) is DISPOSABLE
    assert references.read(b"\x10frame", descriptor(2, custom="D-", active=1)[:-1]) is NEEDED


def test_av1_is_needed_without_a_descriptor_and_where_a_sequence_begins() -> None:
    references = References("AV1")
    references.read(b"\x18key", descriptor(0, structure=L1T2))
    assert references.read(b"\x10frame", descriptor(2)) is DISPOSABLE
    assert references.read(b"\x18frame", descriptor(2)) is NEEDED
    assert references.read(b"\x10frame", None) is NEEDED
    assert references.read(b"\x10frame", b"\x02\x00") is NEEDED
    # A structure that is cut off is none.
    references.read(b"\x18key", descriptor(0, structure=L1T2)[:6])
    assert references.read(b"\x10frame", descriptor(2)) is NEEDED


def test_other_codecs_say_nothing_that_is_known() -> None:
    assert References("OPUS").read(b"\x01sound") is NEEDED

"""Keyframes, picture sizes and parameter sets of real encoders."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.media.support.h264_sps import BASELINE, HIGH, HIGH_10, MAIN_WITH_B

from farmlive.media.wire import codecs, h264


@pytest.mark.parametrize(
    ("unit", "profile", "reorder"),
    [(BASELINE, 66, 0), (MAIN_WITH_B, 77, 2), (HIGH, 100, 0), (HIGH_10, 110, 0)],
)
def test_reads_parameter_sets(unit: bytes, profile: int, reorder: int) -> None:
    sps = h264.parse_sps(unit)
    assert (sps.profile, sps.reorder, sps.width, sps.height) == (profile, reorder, 330, 186)


# Of 16x16 with 16 columns cropped away, and of 2^31 macroblocks.
@pytest.mark.parametrize("hexes", ["6742401f95a7c4f4", "6742401f95" + "8000000040000000"])
def test_a_picture_of_no_possible_size_is_malformed(hexes: str) -> None:
    unit = bytes.fromhex(hexes)
    with pytest.raises(h264.Malformed):
        h264.parse_sps(unit)
    assert codecs.picture_size("H264", unit) is None


def test_a_parameter_set_of_any_length_costs_no_more() -> None:
    with pytest.raises(h264.Malformed, match="longer"):
        h264.parse_sps(BASELINE + bytes(2000))


@given(some.binary(max_size=40))
def test_any_parameter_set_is_read_or_malformed(data: bytes) -> None:
    try:
        sps = h264.parse_sps(b"\x67" + data)
    except h264.Malformed:
        return
    assert min(sps.width, sps.height) > 0


@given(some.sampled_from(["H264:high", "VP8", "VP9:0", "AV1"]), some.binary(max_size=40))
def test_any_payload_is_looked_at(codec: str, payload: bytes) -> None:
    assert codecs.begins_keyframe(codec, payload) in (True, False)
    size = codecs.picture_size(codec, payload)
    assert size is None or min(size) >= 0
    assert codecs.objection(codec, payload) != ""


def test_objects_to_what_browsers_do_not_play_and_says_what_to_set() -> None:
    assert codecs.objection("H264:baseline", BASELINE) is None
    assert codecs.objection("H264:high", HIGH) is None
    assert "“B-Frames” to 0" in (codecs.objection("H264:main", MAIN_WITH_B) or "")
    assert "8 bit" in (codecs.objection("H264:high", HIGH_10) or "")
    assert codecs.objection("VP8", MAIN_WITH_B) is None


@pytest.mark.parametrize(
    ("codec", "payload", "keyframe"),
    [
        ("H264:baseline", "65aa", True),
        ("H264:baseline", "41aa", False),
        ("H264:baseline", "0930", False),
        ("H264:baseline", "18000267ff000168", True),
        ("H264:baseline", "18000206ff000141", False),
        ("H264:baseline", "7c85aa", True),
        ("H264:baseline", "7c45aa", False),
        ("H264:baseline", "7c81aa", False),
        ("VP8", "10005000", True),
        ("VP8", "1001", False),
        ("VP8", "00005000", False),
        ("VP8", "90808123" + "00", True),
        ("VP8", "90e081230510" + "00", True),
        ("VP8", "90e081230510" + "01", False),
        ("VP9:0", "8f8123", True),
        ("VP9:0", "cf8123", False),
        ("VP9:0", "878123", False),
        ("VP9:0", "ad8123" + "02", False),
        ("AV1", "18aa", True),
        ("AV1", "10aa", False),
        ("AV1", "98aa", False),
        ("OPUS", "fc", False),
        ("VP8", "", False),
        ("H264:high", "", False),
    ],
)
def test_where_a_decoder_can_start(codec: str, payload: str, keyframe: bool) -> None:
    assert codecs.begins_keyframe(codec, bytes.fromhex(payload)) is keyframe


def test_picture_sizes() -> None:
    vp8 = bytes.fromhex("10" + "500200" + "9d012a" + "4001b400")
    assert codecs.picture_size("VP8", vp8) == (320, 180)
    assert codecs.picture_size("H264:baseline", BASELINE) == (330, 186)
    assert codecs.picture_size("VP9:0", vp8) is None
    assert codecs.picture_size("VP8", vp8[:-4] + bytes(4)) is None


def test_what_makes_formats_the_same() -> None:
    mode = {"packetization-mode": "1"}
    assert codecs.key("H264", {**mode, "profile-level-id": "42e01f"}) == "H264:baseline"
    assert codecs.key("h264", {**mode, "profile-level-id": "640034"}) == "H264:high"
    assert codecs.key("H264", {**mode, "profile-level-id": "f4001f"}) is None
    assert codecs.key("H264", {"profile-level-id": "42e01f"}) is None
    assert codecs.key("VP9", {"profile-id": "2"}) == "VP9:2"
    assert codecs.key("VP9", {}) == "VP9:0"
    assert codecs.key("opus", {}) == "OPUS"
    assert codecs.key("G722", {}) is None

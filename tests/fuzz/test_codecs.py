"""The heads of payloads, and parameter sets of H264, from anyone who publishes."""

from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.corpus import SESSIONS
from tests.fuzz.mutants import datagrams, mutants, steps
from tests.media.support import packets
from tests.media.support.h264_sps import BASELINE, HIGH, HIGH_10, MAIN_WITH_B, Writer

from farmlive.media.wire import codecs, h264

PAYLOADS = [packets.parse(data).packet.payload for session in SESSIONS for data in session.rtp]
SETS = [BASELINE, MAIN_WITH_B, HIGH, HIGH_10]
CODECS = ("H264:baseline", "H264:high", "VP8", "VP9:0", "AV1", "OPUS", "", "H264", "VP9", "X")


def codec_of(name: str) -> str | None:
    """The video codec that a recorded session published."""
    return next((each for each in ("VP8", "H264", "VP9", "AV1") if each in name), None)


def test_recorded_keyframes_are_seen() -> None:
    seen = set()
    for session in SESSIONS:
        codec = codec_of(session.name)
        for data in session.rtp:
            if codec and codecs.begins_keyframe(codec, packets.parse(data).packet.payload):
                seen.add(codec)
    assert seen == {"VP8", "H264", "VP9", "AV1"}


@given(some.sampled_from(CODECS), datagrams([*PAYLOADS, *SETS]))
def test_any_payload_is_looked_at(codec: str, payload: bytes) -> None:
    keyframe = codecs.begins_keyframe(codec, payload)
    size = codecs.picture_size(codec, payload)
    sentence = codecs.objection(codec, payload)
    assert isinstance(keyframe, bool)
    if size is not None:
        assert all(0 < each <= 16_880 for each in size)
    assert sentence in (None, codecs.NO_B_FRAMES, codecs.NO_SUCH_PROFILE)


@given(datagrams([*PAYLOADS, *SETS]))
def test_any_unit_lies_within_its_payload(payload: bytes) -> None:
    units = list(h264.nal_units(payload))
    assert sum(len(unit) for _, unit in units) <= len(payload)
    for kind, unit in units:
        assert unit[0] & 31 == kind
        assert unit[1:] in payload
    if h264.begins_keyframe(payload):
        assert any(kind in (h264.IDR, h264.SPS) for kind, _ in units)


@given(mutants(SETS) | some.binary(max_size=80).map(lambda bits: b"\x67" + bits))
def test_any_parameter_set_is_read_or_malformed(data: bytes) -> None:
    try:
        sps = h264.parse_sps(data)
    except h264.Malformed:
        return
    assert 0 < sps.width <= 16_880
    assert 0 < sps.height <= 16_880
    assert sps.reorder is None or sps.reorder >= 0


@given(
    some.sampled_from((66, 77, 100, 110, 244)), some.integers(0, 31), some.integers(0, 2),
    some.integers(1, 500), some.integers(1, 500), some.booleans(),
    some.tuples(*[some.integers(0, 3)] * 4), some.none() | some.integers(0, 16), some.data(),
)  # fmt: skip
def test_a_parameter_set_is_read_as_it_was_written(
    profile: int, identity: int, order: int, columns: int, rows: int, frames_only: bool,
    crop: tuple[int, int, int, int], reorder: int | None, data: some.DataObject,
) -> None:  # fmt: skip
    out = Writer()
    for byte in (0x67, profile, 0x40, 31):
        out.put(byte, 8)
    out.unsigned(identity)
    chroma = 1
    if profile >= 100:
        chroma = data.draw(some.integers(0, 3))
        out.unsigned(chroma)
        if chroma == 3:
            out.put(0, 1)
        out.unsigned(0)
        out.unsigned(0)
        out.put(0, 1)
        lists = data.draw(some.booleans())
        out.put(lists, 1)
        for index in range((12 if chroma == 3 else 8) if lists else 0):
            # None, one that stops at once, or one that goes up by 1 with each entry.
            kind = data.draw(some.integers(0, 2))
            out.put(min(kind, 1), 1)
            if kind == 1:
                out.signed(-8)
            for _ in range((16 if index < 6 else 64) if kind == 2 else 0):
                out.signed(1)
    out.unsigned(4)
    out.unsigned(order)
    if order == 0:
        out.unsigned(4)
    elif order == 1:
        out.put(0, 1)
        cycle = data.draw(some.lists(some.integers(-5, 5), max_size=8))
        out.signed(-3)
        out.signed(3)
        out.unsigned(len(cycle))
        for each in cycle:
            out.signed(each)
    out.unsigned(1)
    out.put(0, 1)
    out.unsigned(columns - 1)
    out.unsigned(rows - 1)
    out.put(frames_only, 1)
    if not frames_only:
        out.put(0, 1)
    out.put(1, 1)
    out.put(1, 1)
    for each in crop:
        out.unsigned(each)
    out.put(reorder is not None, 1)
    if reorder is not None:
        for value, count in ((1, 1), (255, 8), (7, 32), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1)):
            out.put(value, count)
        for value, count in ((0, 1), (0, 1), (1, 1), (1, 1)):
            out.put(value, count)
        for value in (0, 0, 16, 16, reorder, 16):
            out.unsigned(value)
    step_x = 2 if chroma in (1, 2) else 1
    step_y = (2 if chroma == 1 else 1) * (2 - frames_only)
    width = columns * 16 - step_x * (crop[0] + crop[1])
    height = rows * 16 * (2 - frames_only) - step_y * (crop[2] + crop[3])
    unit = out.unit()
    if width <= 0 or height <= 0:
        try:
            h264.parse_sps(unit)
        except h264.Malformed:
            return
        raise AssertionError("a picture of no size")
    sps = h264.parse_sps(unit)
    assert (sps.profile, sps.level, sps.width, sps.height) == (profile, 31, width, height)
    assert sps.reorder == (0 if order == 2 else reorder)


def test_the_work_is_bounded() -> None:
    # Every bit a number of its own, and the scaling lists that make the most of them.
    ones = bytes.fromhex("67640000") + b"\xff" * 1_100
    assert steps(lambda: h264.parse_sps(ones)) < 8_000
    assert steps(lambda: h264.parse_sps(b"\x67" + bytes(60_000))) < 100
    small = steps(lambda: list(h264.nal_units(b"\x18" + bytes(300))))
    assert steps(lambda: list(h264.nal_units(b"\x18" + bytes(1_200)))) < 4.2 * small

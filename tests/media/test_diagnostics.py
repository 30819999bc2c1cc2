"""Where advice begins: at the limits, with the numbers that a sentence needs."""

from typing import Any

import pytest

from farmlive.media.diagnostics import advise
from farmlive.media.engine.interface import Health, LayerHealth
from farmlive.media.wire import codecs


def good(**changed: Any) -> Health:
    """A stream that nothing is wrong with: 1280×720, 30 pictures a second."""
    numbers: dict[str, Any] = {
        "codec": "H264",
        "width": 1280,
        "height": 720,
        "bitrate_kbps": 2000.0,
        "fps": 30.0,
        "loss": 0.001,
        "rtt_ms": 40.0,
        "keyframe_s": 2.0,
        "audio": True,
    }
    return Health(**{**numbers, **changed})


def only(health: Health, **how: Any) -> dict[str, Any]:
    (found,) = advise(health, **how)
    return found


def test_good_stream_has_no_advice() -> None:
    assert advise(good()) == []
    assert advise(good(), adapts=True, on_air="H264") == []


def test_stream_that_was_not_measured_yet_has_none() -> None:
    assert advise(Health()) == []


@pytest.mark.parametrize(
    ("changed", "code", "level"),
    [
        ({"loss": 0.021}, "loss", "fair"),
        ({"loss": 0.061}, "loss", "poor"),
        ({"rtt_ms": 251.0}, "round-trip", "fair"),
        ({"rtt_ms": 501.0}, "round-trip", "poor"),
        ({"keyframe_s": 4.6}, "keyframes", "fair"),
        ({"keyframe_s": 10.6}, "keyframes", "poor"),
        ({"fps": 11.9}, "few-frames", "fair"),
        ({"fps": 6.9}, "few-frames", "poor"),
        ({"fps": 0.0}, "no-picture", "poor"),
        ({"audio": False}, "no-sound", "fair"),
        ({"transport": "tcp"}, "tcp", "fair"),
    ],
)
def test_a_number_past_its_limit_is_told(changed: dict[str, Any], code: str, level: str) -> None:
    found = only(good(**changed))
    assert (found["code"], found["level"]) == (code, level)


@pytest.mark.parametrize(
    "changed",
    [
        {"loss": 0.02},
        {"rtt_ms": 250.0},
        {"rtt_ms": None},
        {"keyframe_s": 4.5},
        {"keyframe_s": None},
        {"fps": 12.0},
    ],
)
def test_a_number_at_its_limit_is_not(changed: dict[str, Any]) -> None:
    assert advise(good(**changed)) == []


def test_numbers_are_told_as_people_read_them() -> None:
    assert only(good(loss=0.0432)) == {"code": "loss", "level": "fair", "percent": 4.3}
    assert only(good(rtt_ms=333.3))["ms"] == 333.3
    assert only(good(keyframe_s=8.33)) == {
        "code": "keyframes",
        "level": "fair",
        "seconds": 8.33,
        "wanted_s": 2,
    }


def test_seldom_keyframes_are_no_trouble_where_one_comes_when_asked() -> None:
    assert advise(good(keyframe_s=60.0, keyframes_on_request=True)) == []


def test_too_few_bits_for_the_size_tell_what_would_suit() -> None:
    found = only(good(bitrate_kbps=800.0))
    assert found == {
        "code": "bitrate",
        "level": "fair",
        "kbps": 800,
        "wanted_kbps": 1700,
        "width": 1280,
        "height": 720,
        "lines": 480,
    }
    assert only(good(bitrate_kbps=400.0))["level"] == "poor"
    # 0.03 bits a pixel: 1280 × 720 × 30 × 0.03 = 829 kbit/s.
    assert advise(good(bitrate_kbps=830.0)) == []


def test_too_few_bits_for_the_smallest_size_suit_none() -> None:
    assert only(good(bitrate_kbps=90.0))["lines"] is None


def test_upright_picture_is_judged_by_its_short_side() -> None:
    assert only(good(bitrate_kbps=800.0, width=720, height=1280))["lines"] == 480


def test_newer_codecs_do_with_less() -> None:
    assert advise(good(codec="AV1", bitrate_kbps=500.0)) == []
    assert only(good(codec="VP9", bitrate_kbps=500.0))["code"] == "bitrate"


def test_small_picture_of_few_frames_needs_few_bits() -> None:
    assert advise(good(width=640, height=360, fps=15.0, bitrate_kbps=300.0)) == []


def test_sender_that_leaves_out_its_large_layers_has_a_narrow_way_up() -> None:
    layers = [LayerHealth("q", 320, 180, 90.0), LayerHealth("h", 640, 360, 0.0)]
    small = good(width=320, height=180, bitrate_kbps=90.0, layers=layers)
    assert only(small, adapts=True) == {
        "code": "narrow-uplink",
        "level": "poor",
        "kbps": 90,
        "width": 320,
        "height": 180,
    }
    middle = [LayerHealth("h", 480, 270, 350.0), LayerHealth("f", 960, 540, 0.0)]
    less = good(width=480, height=270, bitrate_kbps=350.0, layers=middle)
    assert only(less, adapts=True)["level"] == "fair"


@pytest.mark.parametrize("sign", [{"loss": 0.03}, {"rtt_ms": 400.0}])
def test_small_starved_picture_with_loss_or_delay_has_a_narrow_way_up(
    sign: dict[str, Any],
) -> None:
    starved = good(width=480, height=270, bitrate_kbps=80.0, **sign)
    assert "narrow-uplink" in {each["code"] for each in advise(starved, adapts=True)}
    whole = good(width=480, height=270, bitrate_kbps=350.0, **sign)
    assert "narrow-uplink" not in {each["code"] for each in advise(whole, adapts=True)}


def test_small_or_still_picture_that_comes_whole_blames_no_way() -> None:
    # Of a small camera the larger layers are never sent.
    layers = [LayerHealth("q", 320, 180, 90.0), LayerHealth("h", None, None, 0.0)]
    for tiny in (
        good(width=320, height=180, bitrate_kbps=90.0),
        good(width=320, height=180, bitrate_kbps=20.0, layers=layers),
    ):
        assert only(tiny, adapts=True) == {
            "code": "small-picture",
            "level": "fair",
            "width": 320,
            "height": 180,
        }
    assert advise(good(width=480, height=270, bitrate_kbps=350.0), adapts=True) == []
    assert advise(good(bitrate_kbps=300.0), adapts=True) == []


@pytest.mark.parametrize(
    ("objection", "code"),
    [
        (codecs.NO_B_FRAMES, "b-frames"),
        (codecs.NO_SUCH_PROFILE, "profile"),
        ("Something else.", "unplayable"),
    ],
)
def test_what_viewers_can_not_play_comes_first(objection: str, code: str) -> None:
    found = advise(good(loss=0.5), objection=objection)
    assert [each["code"] for each in found] == [code, "loss"]
    # It is told before there is anything to measure.
    assert only(Health(), objection=objection) == {"code": code, "level": "poor"}


def test_another_codec_than_that_on_air_is_told() -> None:
    assert only(good(codec="VP8"), on_air="H264") == {
        "code": "codec",
        "level": "fair",
        "codec": "VP8",
        "on_air": "H264",
    }


def test_worst_comes_first() -> None:
    found = advise(good(loss=0.03, audio=False, rtt_ms=900.0))
    assert [each["code"] for each in found] == ["round-trip", "loss", "no-sound"]

"""What a choice means for a source, and what a viewer reads of what it gets."""

from typing import Any

import pytest

from farmlive.media.engine.interface import Health, LayerHealth, Rung, ViewerHealth
from farmlive.media.viewers.delivery import (
    NO_LIMITS,
    Choice,
    Limits,
    describe,
    limits_of,
    read_choice,
)
from farmlive.problems import Invalid

ONE = Health(bitrate_kbps=1600.0)
LAYERS = Health(
    bitrate_kbps=1600.0,
    layers=[LayerHealth(rid, 320 << at, 180 << at, 200.0) for at, rid in enumerate("qhf")],
)
# Its uplink carries no more than two of its layers.
TWO_OF_THREE = Health(
    bitrate_kbps=700.0,
    layers=[LayerHealth(rid, 320, 180, kbps) for rid, kbps in (("q", 150), ("h", 500), ("f", 0))],
)


def viewer(**changed: Any) -> ViewerHealth:
    numbers: dict[str, Any] = {
        "layer": 0,
        "layers": 1,
        "loss": 0.0,
        "estimated_kbps": None,
        "dropped": 0,
        "transport": "udp",
        "link": "narrow",
    }
    return ViewerHealth(**{**numbers, **changed})


@pytest.mark.parametrize(
    ("choice", "source", "limits"),
    [
        ("auto", LAYERS, NO_LIMITS),
        ("auto", None, NO_LIMITS),
        ("sound_only", ONE, Limits(rung="sound")),
        ("sound_only", None, Limits(rung="sound")),
        ("save_data", LAYERS, Limits(layer=0)),
        ("save_data", TWO_OF_THREE, Limits(layer=0)),
        (
            "save_data",
            Health(bitrate_kbps=1600.0, disposable_kbps=400.0),
            Limits(0, "fewer_frames"),
        ),
        # As from OBS: each frame refers to the one before.
        ("save_data", ONE, Limits(0, "keyframes")),
        ("save_data", Health(bitrate_kbps=1600.0, disposable_kbps=40.0), Limits(0, "keyframes")),
        # Nothing has been measured: what can't be taken back is not taken.
        ("save_data", Health(), Limits(layer=0)),
        ("save_data", None, Limits(layer=0)),
    ],
)
def test_a_choice_is_a_layer_or_a_rung(choice: Choice, source: Health, limits: Limits) -> None:
    assert limits_of(choice, source) == limits


@pytest.mark.parametrize(
    ("health", "source", "limits", "gets", "by"),
    [
        (viewer(), ONE, NO_LIMITS, "all", None),
        (viewer(link="wide"), ONE, NO_LIMITS, "all", None),
        # The engine has not gone down a rung, and can't send each frame all the same.
        (viewer(estimated_kbps=900.0), ONE, NO_LIMITS, "fewer_frames", "link"),
        (viewer(estimated_kbps=900.0), ONE, Limits(0, "keyframes"), "fewer_frames", "link"),
        (viewer(estimated_kbps=1500.0), ONE, NO_LIMITS, "all", None),
        (viewer(estimated_kbps=900.0, link="wide"), ONE, NO_LIMITS, "all", None),
        (viewer(estimated_kbps=500.0), LAYERS, NO_LIMITS, "smaller_picture", "link"),
        (viewer(estimated_kbps=100.0), LAYERS, NO_LIMITS, "fewer_frames", "link"),
        (viewer(rung="fewer_frames"), ONE, NO_LIMITS, "fewer_frames", "link"),
        (viewer(rung="keyframes"), ONE, NO_LIMITS, "still_pictures", "link"),
        (viewer(rung="sound"), ONE, NO_LIMITS, "sound", "link"),
        (viewer(rung="sound"), None, NO_LIMITS, "sound", "link"),
        (viewer(rung="sound", link="wide"), ONE, Limits(rung="sound"), "sound", "choice"),
        (viewer(rung="keyframes"), ONE, Limits(0, "keyframes"), "still_pictures", "choice"),
        # Its link carries less than it chose, and more: the engine has not got there yet.
        (viewer(rung="sound"), ONE, Limits(0, "keyframes"), "sound", "link"),
        (viewer(rung="keyframes"), ONE, Limits(rung="sound"), "still_pictures", "choice"),
        (viewer(layer=2), LAYERS, NO_LIMITS, "all", None),
        (viewer(layer=1), LAYERS, NO_LIMITS, "smaller_picture", "link"),
        (viewer(layer=1), LAYERS, Limits(layer=1), "smaller_picture", "choice"),
        (viewer(layer=0), LAYERS, Limits(layer=1), "smaller_picture", "link"),
        (viewer(layer=0, rung="keyframes"), LAYERS, Limits(layer=0), "still_pictures", "link"),
        (viewer(layer=1), TWO_OF_THREE, NO_LIMITS, "all", None),
        # Whoever joins begins with less: nothing is known of its link.
        (viewer(layer=1, link="unknown"), LAYERS, NO_LIMITS, "smaller_picture", None),
        (viewer(layer=0, link="unknown"), LAYERS, Limits(layer=0), "smaller_picture", "choice"),
    ],
)
def test_what_a_viewer_gets_and_why(
    health: ViewerHealth, source: Health | None, limits: Limits, gets: str, by: str | None
) -> None:
    found = describe(health, source, "auto", limits)
    assert (found.gets, found.limited_by) == (gets, by)


@pytest.mark.parametrize(("kbps", "told"), [(None, None), (899.6, 900), (60.0, 60)])
def test_the_estimate_is_told_in_whole_kilobits(kbps: float | None, told: int | None) -> None:
    assert describe(viewer(estimated_kbps=kbps), ONE, "auto", NO_LIMITS).estimated_kbps == told


def test_an_estimate_that_contradicts_what_comes_is_not_told() -> None:
    still = viewer(rung="keyframes", estimated_kbps=1900.0)
    assert describe(still, ONE, "auto", NO_LIMITS).estimated_kbps is None
    assert describe(still, None, "auto", NO_LIMITS).estimated_kbps == 1900
    still = viewer(rung="keyframes", estimated_kbps=1500.0)
    assert describe(still, ONE, "auto", NO_LIMITS).estimated_kbps == 1500
    assert describe(viewer(estimated_kbps=1900.0), ONE, "auto", NO_LIMITS).estimated_kbps == 1900


def test_before_media_flows_a_viewer_gets_nothing() -> None:
    assert describe(None, ONE, "sound_only", Limits(rung="sound")).model_dump() == {
        "choice": "sound_only",
        "gets": None,
        "limited_by": None,
        "link": "unknown",
        "estimated_kbps": None,
    }


@pytest.mark.parametrize("given", ["auto", "save_data", "sound_only"])
def test_a_choice_is_read_by_its_name(given: str) -> None:
    assert read_choice(given) == given


def test_none_is_all_and_another_is_refused() -> None:
    assert read_choice(None) == "auto"
    for given in ("Auto", "full", " ", "sound"):
        with pytest.raises(Invalid) as refused:
            read_choice(given)
        assert "auto, save_data or sound_only" in refused.value.detail
        assert refused.value.members["errors"][0]["field"] == "choice"


def test_every_rung_of_the_engine_has_its_words() -> None:
    rungs: tuple[Rung, ...] = ("full", "fewer_frames", "keyframes", "sound")
    found = [describe(viewer(rung=rung), ONE, "auto", NO_LIMITS).gets for rung in rungs]
    assert found == ["all", "fewer_frames", "still_pictures", "sound"]

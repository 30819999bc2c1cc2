"""When a host reads that viewers can't take what the camera sends, and what to set."""

from typing import Any

import pytest

from farmlive.media.engine.interface import Health, LayerHealth
from farmlive.media.viewers.advice import LimitedViewers, advise_for_viewers

CAMERA = Health(bitrate_kbps=2600.0)


def viewers(counted: int, *links: float) -> LimitedViewers:
    return LimitedViewers(counted, len(links), links)


def test_many_who_cant_take_it_are_told_with_what_helps_half_of_them() -> None:
    links = [2100.0] * 8 + [700.0] * 6
    assert advise_for_viewers(CAMERA, viewers(60, *links)) == {
        "code": "viewers",
        "level": "fair",
        "limited": 14,
        "counted": 60,
        "kbps": 2600,
        "wanted_kbps": 1500,
    }


@pytest.mark.parametrize(
    ("links", "wanted"),
    [
        ([2700.0] * 4, 2000),
        ([2000.0] * 4, 1500),
        ([900.0] * 4, 600),
        # The links are too different: a quarter is worth it.
        ([1400.0] + [300.0] * 3, 1000),
        # No bitrate is of use to them.
        ([400.0] * 4, None),
        ([1400.0] + [300.0] * 5, None),
        ([], None),
    ],
)
def test_the_bitrate_to_set_follows_their_links(links: list[float], wanted: int | None) -> None:
    found = advise_for_viewers(CAMERA, LimitedViewers(20, 4, links))
    assert (found and found["wanted_kbps"]) == wanted


@pytest.mark.parametrize(
    ("counted", "limited", "is_told"),
    [
        (60, 5, False),
        (60, 6, True),
        (10, 1, False),
        (3, 1, True),
        (1, 1, True),
        (60, 0, False),
        (0, 0, False),
    ],
)
def test_few_are_no_reason_to_trouble_the_host(counted: int, limited: int, is_told: bool) -> None:
    found = advise_for_viewers(CAMERA, viewers(counted, *[2000.0] * limited))
    assert (found is not None) == is_told


@pytest.mark.parametrize(
    "changed",
    [
        {"layers": [LayerHealth(rid, 320, 180, 200.0) for rid in "qhf"]},
        {"bitrate_kbps": 0.0},
        # There is nothing less to set that is worth it.
        {"bitrate_kbps": 550.0},
    ],
)
def test_a_source_that_can_do_nothing_reads_nothing(changed: dict[str, Any]) -> None:
    source = Health(**{"bitrate_kbps": 2600.0, **changed})
    assert advise_for_viewers(source, viewers(20, *[900.0] * 10)) is None


def test_what_was_told_stays_until_it_is_over_and_its_numbers_until_they_are_others() -> None:
    first = advise_for_viewers(CAMERA, viewers(60, *[2000.0] * 14))
    assert first is not None
    again = advise_for_viewers(CAMERA, viewers(64, *[2000.0] * 12), first)
    assert again is first
    fewer = advise_for_viewers(CAMERA, viewers(60, *[2000.0] * 5), first)
    assert fewer is not None
    assert fewer["limited"] == 5, "a twentieth is too many to say that it is over"
    assert advise_for_viewers(CAMERA, viewers(60, *[2000.0] * 2), first) is None
    other = advise_for_viewers(CAMERA, viewers(60, *[900.0] * 14), first)
    assert other is not None
    assert other["wanted_kbps"] == 600

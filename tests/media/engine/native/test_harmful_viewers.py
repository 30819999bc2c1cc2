"""What one viewer asks for costs the engine, the link and the source little, in both engines."""

from collections.abc import Iterator

import pytest
from tests.media.engine.native.support.harmful_viewer import Stage, staged


@pytest.fixture
def stage() -> Iterator[Stage]:
    yield from staged()


@pytest.mark.parametrize("round_trip_s", [0.0, 0.05])
def test_who_lost_nothing_draws_a_share_of_the_stream_again(
    stage: Stage, round_trip_s: float
) -> None:
    stage.open()
    viewer = stage.add()
    viewer.round_trip_s, viewer.asks = round_trip_s, 85
    stage.run(3)
    video, again = viewer.video_octets, viewer.again_octets
    stage.run(8)
    share = (viewer.again_octets - again) / (viewer.video_octets - video)
    assert 0.2 < share < 0.4


def test_a_datagram_of_many_requests_is_answered_as_one(stage: Stage) -> None:
    stage.open()
    viewer = stage.add(asks_s=1.0)
    viewer.asks, viewer.parts = 34, 20
    again = viewer.again
    stage.run(1.0)
    assert again < viewer.again <= again + 100


def test_who_asks_for_keyframes_without_end_gets_few(stage: Stage) -> None:
    stage.open()
    viewer = stage.add()
    before = len(stage.camera.requests)
    viewer.asks_keyframes = True
    stage.run(20)
    # One in two seconds, and one in ten at once.
    assert 8 <= len(stage.camera.requests) - before <= 13


def test_who_changes_layers_without_end_gets_no_more_keyframes(stage: Stage) -> None:
    stage.open(layers=3)
    viewer = stage.add(asks_s=0.5)
    before = len(stage.camera.requests)
    viewer.toggles = True
    stage.run(20)
    asked = stage.camera.requests[before:]
    assert max(asked.count(layer) for layer in range(3)) <= 12


def test_a_link_is_probed_by_no_more_empty_packets(stage: Stage) -> None:
    stage.open(layers=3)
    stage.camera.empty = 110
    viewer = stage.add()
    # They count by their headers: else there were several times as many.
    assert 0 < viewer.again < 15_000

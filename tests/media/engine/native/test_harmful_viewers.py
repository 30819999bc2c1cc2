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

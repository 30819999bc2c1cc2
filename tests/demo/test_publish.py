"""What is late is dropped from keyframe to keyframe, so that a slow start is not kept up."""

from farmlive.demo.publish import Lateness


def test_pictures_in_time_are_kept() -> None:
    lateness = Lateness()
    assert all(lateness.keeps(0.1, True, n == 0) for n in range(3))


def test_after_a_late_picture_all_are_dropped_until_a_keyframe_in_time() -> None:
    lateness = Lateness()
    assert not lateness.keeps(0.6, True, False)
    assert not lateness.keeps(0.0, True, False)
    assert not lateness.keeps(0.6, True, True)
    assert not lateness.keeps(0.0, True, False)
    assert lateness.keeps(0.0, True, True)
    assert lateness.keeps(0.0, True, False)


def test_late_sound_is_dropped_alone() -> None:
    lateness = Lateness()
    assert not lateness.keeps(0.6, False, True)
    assert lateness.keeps(0.0, False, True)
    assert lateness.keeps(0.0, True, False)

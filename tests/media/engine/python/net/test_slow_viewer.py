"""What a viewer that can't keep up holds and loses, and when it gets video again."""

from hypothesis import given
from hypothesis import strategies as st

from farmlive.media.engine.python.net.slow_viewer import (
    QUEUE_MAX_BYTES,
    QUEUE_MAX_S,
    Backpressure,
    Frame,
    SendQueue,
)

FRAME = bytes(range(200)) * 6


def video(at: float, data: bytes = FRAME) -> Frame:
    return Frame(data, True, at)


def sound(at: float, data: bytes = b"sound") -> Frame:
    return Frame(data, False, at)


frames = st.lists(
    st.builds(Frame, st.binary(min_size=3, max_size=40), st.booleans(), st.just(0.0)), max_size=20
)


@given(frames, st.integers(0, 30), st.lists(st.integers(1, 90), max_size=60))
def test_what_is_held_leaves_as_one_stream(added: list[Frame], gone: int, takes: list[int]) -> None:
    stream = b"".join(each.data for each in added)
    gone = min(gone, len(stream))
    backlog, left = SendQueue(), b""
    backlog.add(added, gone)
    for take in [*takes, *[1000] * 50]:
        offered = backlog.next(64)
        part = offered[:take]
        left += part
        backlog.sent(len(part))
    assert left == stream[gone:]
    assert backlog.size == 0


def test_a_second_of_it_is_held_and_no_more() -> None:
    backlog = SendQueue()
    for number in range(10):
        backlog.add([video(number * 0.1), sound(number * 0.1)])
    assert backlog.trim(QUEUE_MAX_S) == 0
    assert backlog.trim(QUEUE_MAX_S + 0.05) == 10 + 1, "all video, and the sound that is too old"
    assert backlog.next(1 << 20) == b"sound" * 9
    assert backlog.size == 5 * 9


def test_so_many_bytes_are_held_and_no_more() -> None:
    backlog = SendQueue()
    dropped = 0
    for number in range(2 * QUEUE_MAX_BYTES // len(FRAME)):
        backlog.add([video(0.0)])
        dropped += backlog.trim(0.0)
        assert backlog.size <= QUEUE_MAX_BYTES
        assert dropped in (0, QUEUE_MAX_BYTES // len(FRAME) + 1), number
    assert dropped > 0


def test_a_frame_that_has_gone_in_part_is_finished() -> None:
    backlog = SendQueue()
    backlog.add([video(0.0, b"begun"), video(0.0, b"next"), sound(0.0)], gone=2)
    assert backlog.trim(0.0) == 0
    assert backlog.trim(QUEUE_MAX_S * 2) == 2
    assert backlog.next(1 << 10) == b"gun"
    assert backlog.size == 3


def test_a_stalled_viewer_goes_on_when_it_holds_nothing_and_has_waited() -> None:
    stall = Backpressure()
    assert stall.may_resume(held=10_000, now=0.0)
    stall.stop_video(30, now=1.0)
    assert (stall.dropped, stall.since) == (30, 1.0)
    assert not stall.may_resume(held=1, now=9.0)
    assert not stall.may_resume(held=0, now=1.1)
    stall.count_skipped(5)
    assert stall.may_resume(held=0, now=2.0)
    stall.resume(2.0)
    assert (stall.dropped, stall.since) == (35, None)


def test_who_falls_again_and_again_waits_longer_and_who_kept_up_does_not() -> None:
    stall, now, waits = Backpressure(), 0.0, []
    for _ in range(6):
        stall.stop_video(1, now)
        fell = now
        while not stall.may_resume(held=0, now=now):
            now += 0.125
        waits.append(now - fell)
        stall.resume(now)
    assert waits == [0.5, 1, 2, 4, 8, 8]
    stall.stop_video(1, now + 60)
    assert stall.may_resume(held=0, now=now + 60.5)


def test_a_few_packets_without_a_place_are_counted_and_many_end_the_video() -> None:
    stall = Backpressure()
    for number in range(4):
        stall.count_refused(30, now=number * 2.0)
    assert (stall.dropped, stall.since) == (120, None)
    stall.count_refused(30, now=6.5)
    assert (stall.dropped, stall.since) == (150, 6.5)

"""What a connection that does not take all holds, and what it loses."""

from hypothesis import given
from hypothesis import strategies as st

from farmlive.media.engine.python.net.send_queue import (
    QUEUE_MAX_BYTES,
    QUEUE_MAX_S,
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

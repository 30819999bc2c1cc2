import pytest
from av import VideoFrame

from farmlive.client.media.counter import TestPicture, counter_squares, read_counter


@pytest.mark.parametrize("number", [0, 1, 1799, 0xABCDEF, 0xFFFFFF])
def test_counter_is_read_as_drawn(number: int) -> None:
    assert read_counter(TestPicture(640, 360).draw(number)) == number


def test_counter_survives_another_pixel_format() -> None:
    frame = TestPicture(640, 360).draw(4711).reformat(format="rgb24")
    assert read_counter(frame) == 4711


def test_a_frame_without_a_counter_reads_as_none() -> None:
    frame = VideoFrame(640, 360, "yuv420p")
    for plane in frame.planes:
        plane.update(bytes([128]) * plane.buffer_size)
    assert read_counter(frame) is None
    assert read_counter(VideoFrame(64, 36, "yuv420p")) is None


def test_one_flipped_square_is_noticed() -> None:
    frame = TestPicture(640, 360).draw(5)
    plane = frame.planes[0]
    content = bytearray(memoryview(plane))
    lit = counter_squares(5)[10]
    for y in range(16):
        start = y * plane.line_size + 10 * 16
        content[start : start + 16] = bytes([16 if lit else 235]) * 16
    plane.update(bytes(content))
    assert read_counter(frame) is None

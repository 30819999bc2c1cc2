"""The header extension abs-capture-time."""

import struct

import pytest

from farmlive.media.wire import capture_time, rtp

AT = 1_790_000_000.25


def test_the_short_form_is_the_senders_own_time() -> None:
    assert capture_time.parse(struct.pack("!Q", rtp.ntp(AT))) == pytest.approx(AT, abs=1e-6)


@pytest.mark.parametrize("ahead_s", [0.0, 1.5, -20.25])
def test_the_long_form_is_brought_to_the_senders_clock(ahead_s: float) -> None:
    value = struct.pack("!Qq", rtp.ntp(AT + ahead_s), int(ahead_s * 2**32))
    assert capture_time.parse(value) == pytest.approx(AT, abs=1e-6)


@pytest.mark.parametrize("size", [0, 1, 7, 9, 12, 15, 17])
def test_another_length_says_nothing(size: int) -> None:
    assert capture_time.parse(bytes(size)) is None

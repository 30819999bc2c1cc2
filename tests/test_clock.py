"""The clock: the time now, and a time that a process is made to believe."""

import time

import pytest

from farmlive import clock
from farmlive.ids import ulid


def test_it_shows_the_time_of_the_machine() -> None:
    """To a second: the machine's clock is adjusted meanwhile, and this one is not."""
    assert abs(clock.now_ms() - time.time_ns() // 1_000_000) < 1_000


def test_a_pretended_time_goes_on_by_its_pace_and_is_over_after_the_block() -> None:
    with clock.pretended(1_000) as shown:
        assert [clock.now_ms(), clock.now_ms()] == [1_000, 1_000]
        shown.pace_ms = 20
        assert [clock.now_ms(), clock.now_ms()] == [1_000, 1_020]
    assert clock.now_ms() > 1_000_000


def test_identifiers_of_a_pretended_time_sort_before_those_of_now() -> None:
    with clock.pretended(clock.now_ms() - 86_400_000):
        past = ulid()
    assert past < ulid()


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "1970-01-01T00:00:00+08:00"]
)
def test_a_time_that_no_page_can_write_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="between 1970 and 2999"):
        clock.parse_rfc3339(text)


def test_a_time_is_read_with_its_offset_and_written_in_utc() -> None:
    at = clock.parse_rfc3339("2026-11-23T20:14:00+08:00")
    assert clock.rfc3339(at) == "2026-11-23T12:14:00.000Z"

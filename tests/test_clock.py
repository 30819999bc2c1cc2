"""The clock: the time now, and a time that a process is made to believe."""

import time

from farmlive import clock
from farmlive.ids import ulid


def test_it_shows_the_time_of_the_machine() -> None:
    before = time.time_ns() // 1_000_000
    assert before <= clock.now_ms() <= time.time_ns() // 1_000_000


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

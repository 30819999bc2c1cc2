"""The bench of reviews with a small broadcast: it makes its database, and the review counts it."""

from scripts.benches import first_touch, review
from sqlalchemy import Connection, select

from farmlive.broadcast.tables import log_checkpoints

# More events than a broadcast of this length has without chat, whatever its orders.
SMALL = review.Size(events=2_000, orders=20, sessions=30, devices=12)


def checkpoints(connection: Connection) -> list[int]:
    return list(connection.execute(select(log_checkpoints.c.seq)).scalars())


async def test_a_small_broadcast_is_reviewed() -> None:
    async with review.big_broadcast(SMALL) as big_broadcast:
        assert await big_broadcast.review_ms(times=1) > 0
        report = await big_broadcast.review.report(big_broadcast.broadcast)
    assert report.orders == 20
    assert report.views > 0


async def test_the_first_look_at_one_is_taken_with_a_checkpoint_and_without() -> None:
    async with review.big_broadcast(SMALL) as big_broadcast:
        for kept in (0, 1_500):
            if kept:
                await first_touch.keep_checkpoint(
                    big_broadcast.folder, big_broadcast.broadcast, kept
                )
            # Which is told only where the state is there whole.
            found = await first_touch.measure(big_broadcast.folder, big_broadcast.broadcast)
            assert set(found) == {"first_touch_ms", "first_touch_mib"}
            seqs = await big_broadcast.review._store.read(checkpoints)
            assert seqs == ([kept] if kept else [])


async def test_a_log_that_is_read_whole_takes_the_memory_of_what_it_says_alone() -> None:
    """Not of its pages, of which SQLite would keep 16 MiB here."""
    many = review.Size(events=100_000, orders=20, sessions=30, devices=12)
    async with review.big_broadcast(many) as big_broadcast:
        found = await first_touch.measure(big_broadcast.folder, big_broadcast.broadcast)
    assert found["first_touch_mib"] < 10

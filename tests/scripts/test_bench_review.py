"""The bench of reviews with a small broadcast: it makes its database, and the review counts it."""

from benches import review

# More events than a broadcast of this length has without chat, whatever its orders.
SMALL = review.Size(events=2_000, orders=20, sessions=30, devices=12)


async def test_a_small_broadcast_is_reviewed():
    async with review.fair(SMALL) as fair:
        assert await fair.review_ms(times=1) > 0
        report = await fair.review.of(fair.broadcast)
    assert report.orders == 20
    assert report.views > 0

"""A past evening passes the real till: its review is whole, and its times are of the past."""

from collections.abc import AsyncIterator
from itertools import pairwise

import httpx
import pytest

from farmlive import app
from farmlive.broadcast.events import KINDS
from farmlive.broadcast.events.schema import checked
from farmlive.client import Api
from farmlive.clock import now_ms
from farmlive.demo.county import content
from farmlive.demo.farms import add_farms
from farmlive.demo.history import Evening
from farmlive.settings import Settings

# The application, a coordinator's client, the broadcast's id, and how far the evening got.
Lived = tuple[app.Application, Api, str, list[float]]


@pytest.fixture
async def evening(settings: Settings, tables: None) -> AsyncIterator[Lived]:
    """A shorter first evening, lived through."""
    house = await app.build(settings.model_copy(update={"udp_port": 0}))
    try:
        _, key = await house.people.create_api_key("demo", "coordinator")
        transport = httpx.ASGITransport(house.asgi)
        async with Api("http://demo.test", key=key, transport=transport) as api:
            youxi = content()
            youxi["history"]["first"] |= {"minutes": 12, "peak": 40, "orders": 60, "changes": []}
            entered = await add_farms(api, youxi)
            told: list[float] = []
            lived = Evening(house, api, entered, youxi, "first")
            await lived.simulate(told.append)
            yield house, api, lived.broadcast, told
    finally:
        await house.close()


async def test_a_past_evening_can_be_reviewed_like_any_other_and_its_stock_adds_up(
    evening: Lived,
) -> None:
    house, api, broadcast, told = evening
    found = await api.broadcast(broadcast)
    assert found["state"] == "ended"
    assert told[-1] == 1.0
    assert told == sorted(told)

    report = await api.review(broadcast)
    assert report["orders"] > 20
    assert report["views"] > 25
    assert report["pcu"] > 10
    assert report["net"]["amount"] < report["gross"]["amount"]
    assert report["paid"]["amount"] > 0
    orders = await api.orders(broadcast)
    assert len(orders) == report["orders"]
    assert {order["state"] for order in orders} <= {"received", "cancelled"}
    assert all(order["simulated"] for order in orders)

    log = await house.store.read(lambda connection: house.log.events(connection, broadcast))
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    assert all(before.at <= after.at for before, after in pairwise(log))
    assert log[-1].at < now_ms()
    for event in log:  # what the rooms write is what the documents say
        checked(KINDS[event.kind]).model_validate(event.data, strict=True)

    for card in await api.offers(broadcast):
        sold = sum(
            line["quantity"]
            for order in orders
            if order["state"] != "cancelled"
            for line in order["lines"]
            if line["offer"] == card["id"]
        )
        assert card["held"] == 0
        assert card["released"] == sold + card["left"]

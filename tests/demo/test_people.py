"""The demo's people: what they know of the bag, the host's flash batch, and one who waits."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.money import cny
from tests.support.waiting import LONG_S

from farmlive.client import Api, Channel
from farmlive.demo import people
from farmlive.demo.county import County
from farmlive.demo.people import Bag, Host, Viewer
from farmlive.server import Server

PRICE, CHEAP = 2990, 2390


@pytest.fixture
async def county(server: Server, coordinator: str) -> County:
    """A live broadcast with three boxes of kumquats, and a pick-up point."""
    name = {"zh": "金桔", "en": "Kumquats"}
    async with Api(server.url, key=coordinator) as api:
        farm = await api.create_farm(name, name)
        lot = await api.create_lot(farm["id"], "1", name, "2026-11-20T08:00:00+08:00", 50_000)
        broadcast = (await api.create_broadcast(name))["id"]
        facts = {"name": name, "unit": name, "net_weight_g": 2500}
        card = await api.create_offer(broadcast, lot["id"], cny(PRICE), 3, **facts)
        centre = await api.create_centre(name, name)
        await api.start(broadcast)
    offers = [{**card, "product": "kumquats-2500"}]
    return County(broadcast, broadcast, broadcast, [], {}, [centre["id"]], offers)


@contextlib.asynccontextmanager
async def opened(server: Server, county: County, key: str) -> AsyncIterator[tuple[Channel, Bag]]:
    """A channel and a bag that follows it."""
    async with await Channel.connect(server.url, county.live, key=key) as channel:
        assert channel.snapshot is not None
        yield channel, Bag(channel.snapshot)


async def follow(channel: Channel, bag: Bag, kind: str, **data: Any) -> None:
    """Have the bag hear all up to this event."""
    async with asyncio.timeout(LONG_S):
        async for event in channel:
            bag.apply(event.kind, event.data)
            if event.kind == kind and data.items() <= event.data.items():
                return


async def test_the_host_sells_a_flash_batch_of_which_the_bag_knows(
    server: Server, county: County, coordinator: str
) -> None:
    offer = county.offers[0]["id"]
    async with opened(server, county, coordinator) as (channel, bag):
        assert (bag.price(offer), bag.left(offer)) == (PRICE, 3)
        host = Host(server.url, county, coordinator)
        asking = asyncio.create_task(host._flash(channel, bag, offer))
        await follow(channel, bag, "stock.changed", kept=people.FLASH_BOXES)
        await asking
        assert (bag.price(offer), bag.left(offer)) == (CHEAP, people.FLASH_BOXES)
        assert (bag.ordinary_left(offer), bag.boxes_of_lot(offer)) == (0, 20)
        await follow(channel, bag, "chat.said", nickname="林秀珍")
        await follow(channel, bag, "chat.said", nickname="Lin Xiuzhen")
        await channel.end_flash(bag.cards[offer]["flash"]["id"])
        await follow(channel, bag, "stock.changed", kept=0)
        assert (bag.price(offer), bag.left(offer)) == (PRICE, people.FLASH_BOXES)


async def test_a_viewer_waits_for_what_is_gone_and_orders_what_comes(
    server: Server, county: County, coordinator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "FORM_S", 0)
    offer = county.offers[0]["id"]
    _, key = await server.house.people.create_api_key("viewers", "simulator")
    async with opened(server, county, coordinator) as (channel, bag):
        await channel.call("offer.release", offer=offer, quantity=-3)
        await follow(channel, bag, "stock.changed", left=0)
        viewer = Viewer(0, server.url, county, key, 1)  # it orders at its first turn
        monkeypatch.setattr(viewer._random, "expovariate", lambda _rate: 0)
        for act in ("_say", "_react", "_open_card"):
            monkeypatch.setattr(viewer, act, lambda *_: asyncio.Event().wait())
        monkeypatch.setattr(viewer._random, "random", lambda: 0.5)
        watching = asyncio.create_task(viewer.run())
        await follow(channel, bag, "wait.changed")
        assert bag.cards[offer]["waiting"] > 0
        await channel.call("offer.release", offer=offer, quantity=3)
        await follow(channel, bag, "order.held", waited=True, simulated=True)
        await follow(channel, bag, "order.placed", simulated=True)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

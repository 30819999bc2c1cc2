"""A lot that two live broadcasts draw on: who looks at one sees what is sold in the other."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.shop.conftest import caller
from tests.support.money import cny
from tests.support.parts import local_log
from tests.support.waiting import LONG_S, until

from farmlive.broadcast.broadcast_state import BroadcastState, fold, lots
from farmlive.broadcast.hub import Hub
from farmlive.broadcast.log import Event
from farmlive.client import Api, Channel
from farmlive.server import Server, running
from farmlive.settings import Settings
from farmlive.shop.core.checkout_models import HoldDrop, HoldPlace
from farmlive.shop.stock.lot_watch import LotWatch
from farmlive.store import Store


class Screen:
    """What viewers of a broadcast have seen of it, who hear of it when the test says so."""

    def __init__(self, stall: Any, broadcast: str):
        self.stall = stall
        self.broadcast = broadcast
        self.scene = BroadcastState()

    async def hear(self) -> list[Event]:
        """Hear of all that is in the log; what is new of stock."""
        events = await self.stall.store.read(
            lambda c: self.stall.log.events(c, self.broadcast, after=self.scene.seq)
        )
        for event in events:
            fold(self.scene, event)
        return [event for event in events if event.kind == "stock.changed"]

    def shown(self) -> dict[str, Any]:
        return {self.broadcast: (self.scene.seq, lots(self.scene))}


@pytest.fixture
async def there(stall: Any) -> Any:
    """Another live broadcast, with two offers of the same lot."""
    other = replace(stall, broadcast=await stall.another_broadcast())
    other.card = await other.offer(released=160)
    await other.offer(released=10, net_weight_g=5000)
    return other


@pytest.fixture
async def screen(stall: Any, there: Any) -> Screen:
    screen = Screen(stall, there.broadcast)
    await screen.hear()
    return screen


@pytest.fixture
def watch(stall: Any, screen: Screen) -> LotWatch:
    return LotWatch(stall.store, stall.log, screen.shown)


async def test_many_orders_elsewhere_are_told_by_one_event(
    stall: Any, there: Any, screen: Screen, watch: LotWatch
) -> None:
    for _ in range(3):
        await stall.place(2)
    assert await watch.compare() == 1
    (told,) = await screen.hear()
    assert told.data == {
        "offer": there.card.id,
        "released": 160,
        "sold": 0,
        "held": 0,
        "kept": 0,
        "left": 160,
        "lot": stall.lot.id,
        "lot_sold_g": 15_000,
        "lot_left_g": 397_000,
    }
    big, small = sorted(screen.scene.offers.values(), key=lambda card: card["net_weight_g"])
    assert (big["left"], small["left"]) == (158, 10)
    assert await watch.compare() == 0


async def test_what_is_sold_in_the_broadcast_itself_is_told_by_the_order_alone(
    there: Any, screen: Screen, watch: LotWatch
) -> None:
    await there.place(2)
    assert await watch.compare() == 0  # also where the cards have not heard of it yet
    assert len(await screen.hear()) == 1
    assert await watch.compare() == 0


async def test_what_comes_back_elsewhere_is_told_too(
    stall: Any, screen: Screen, watch: LotWatch
) -> None:
    lines = [{"offer": stall.card.id, "quantity": 4, "price": 2990}]
    kept = HoldPlace.model_validate({"lines": lines, "key": "k" * 16})
    held = await stall.shop.holds.place(caller(), stall.broadcast, kept)
    assert await watch.compare() == 1
    (told,) = await screen.hear()
    assert told.data["lot_left_g"] == 402_000
    await stall.broadcasts.end(stall.broadcast)
    await stall.shop.holds.drop(caller(), stall.broadcast, HoldDrop(order=held["id"]))
    assert await watch.compare() == 1
    (told,) = await screen.hear()
    assert told.data["lot_left_g"] == 412_000


async def test_servers_that_see_it_at_once_tell_it_once(
    stall: Any, screen: Screen, settings: Settings
) -> None:
    await stall.place(1)
    store = await Store.open(settings)
    watches = [
        LotWatch(stall.store, stall.log, screen.shown),
        LotWatch(store, local_log(), screen.shown),
    ]
    assert sum(await asyncio.gather(*(watch.compare() for watch in watches * 3))) == 1
    await store.close()
    assert len(await screen.hear()) == 1


async def test_one_that_has_ended_hears_no_more(
    stall: Any, there: Any, screen: Screen, watch: LotWatch
) -> None:
    await stall.place(1)
    await there.broadcasts.end(there.broadcast)
    assert await watch.compare() == 0


async def test_nobody_looks_and_nothing_is_asked(stall: Any) -> None:
    def asked(_connection: Any) -> None:
        raise AssertionError("the database was asked")

    watch = LotWatch(stall.store, stall.log, dict)
    watch._stale = asked  # type: ignore[assignment, method-assign]
    assert await watch.compare() == 0


NAME = {"zh": "金桔", "en": "Kumquats"}


async def two_live(url: str, key: str) -> list[tuple[str, str]]:
    """Two live broadcasts that sell boxes of one lot of 50 kg, with an offer each."""
    made = []
    async with Api(url, key=key) as api:
        farm = await api.create_farm(NAME, NAME)
        lot = await api.create_lot(farm["id"], "1", NAME, "2026-11-20T08:00:00+08:00", 50_000)
        product = await api.create_product(farm["id"], NAME, NAME, 2500)
        for _ in range(2):
            broadcast = (await api.create_broadcast(NAME))["id"]
            card = await api.create_offer(
                broadcast, lot["id"], cny(2990), 20, product=product["id"]
            )
            await api.start(broadcast)
            made.append((broadcast, card["id"]))
    return made


async def hears(buying: str, watching: str, made: list[tuple[str, str]]) -> None:
    """Boxes are held in one broadcast, and who looks at the other hears of it soon and once."""
    (here, offer), (there, other) = made
    async with (
        await Channel.connect(buying, here) as buyer,
        await Channel.connect(watching, there) as viewer,
    ):
        lines = [{"offer": offer, "quantity": 3, "price": 2990}]
        await buyer.hold("h" * 16, lines)
        told = await viewer.wait_for("stock.changed", LONG_S, offer=other)
        assert (told.data["left"], told.data["lot_left_g"]) == (20, 42_500)


async def test_a_viewer_sees_it(server: Server, coordinator: str) -> None:
    await hears(server.url, server.url, await two_live(server.url, coordinator))

    def alone() -> bool:
        hubs: dict[str, Hub] = server.house.broadcasts.hubs.open
        return not any(hub.clients for hub in hubs.values())

    await until(alone, "the viewers were gone")
    assert server.house.broadcasts.hubs.lots_shown() == {}


@pytest.mark.redis
@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_viewer_of_another_server_sees_it(settings: Settings, tables: None) -> None:
    async with running(settings) as one, running(settings) as other:
        _, key = await one.house.people.create_api_key("test", "coordinator")
        made = await two_live(one.url, key)
        await hears(one.url, other.url, made)
        (_, _), (there, _) = made
        log = one.house.log
        told = await one.house.store.read(
            lambda connection: log.events(connection, there, kinds=["stock.changed"])
        )
        assert len(told) == 1

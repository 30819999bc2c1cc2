"""A whole server whose lot fails its test: refused by every way in, and told at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from tests.support.money import cny
from tests.support.waiting import LONG_S

from farmlive.client import Api, Channel
from farmlive.client.commands import ChannelProblem
from farmlive.client.http import ApiProblem
from farmlive.clock import now_ms, rfc3339
from farmlive.ids import token
from farmlive.server import Server, running
from farmlive.settings import Settings

FAILED = {"result": {"zh": "毒死蜱超标", "en": "Too much chlorpyrifos"}, "passed": False}
BOX = {"name": {"zh": "金桔"}, "unit": {"zh": "箱"}, "net_weight_g": 2500}


@pytest.fixture
async def site(settings: Settings, tables: None) -> AsyncIterator[Server]:
    async with running(settings) as server:
        yield server


@pytest.fixture
async def api(site: Server) -> AsyncIterator[Api]:
    _, key = await site.house.people.create_api_key("test", "coordinator")
    async with Api(site.url, key=key) as api:
        yield api


class Show:
    """Two live broadcasts that sell of one lot."""

    def __init__(self, api: Api):
        self.api = api
        self.offers: dict[str, str] = {}

    async def begin(self) -> "Show":
        farm = await self.api.create_farm({"zh": "果园"}, {"zh": "尤溪"})
        day = "2026-11-20T08:00:00+08:00"
        self.lot = (await self.api.create_lot(farm["id"], "1123", {"zh": "金桔"}, day, 90_000))[
            "id"
        ]
        for title in ("一场", "另一场"):
            broadcast = (await self.api.create_broadcast({"zh": title}))["id"]
            card = await self.api.create_offer(broadcast, self.lot, cny(2990), 9, **BOX)
            self.offers[broadcast] = card["id"]
            await self.api.start(broadcast)
        return self

    async def fail(self) -> None:
        body = {"at": rfc3339(now_ms()), **FAILED}
        await self.api.request("POST", f"/api/v1/lots/{self.lot}/inspections", json=body)

    async def lift(self) -> str:
        """Lift all that was found; the lift's id."""
        findings = [each["id"] for each in (await self.api.story(self.lot))["findings"]]
        made = await self.api.lift_lot(self.lot, findings, "The sample was of another lot")
        assert not made["stopped"]
        return str(made["id"])

    async def relapse(self) -> None:
        """It failed, was lifted, and the lift is taken back."""
        await self.fail()
        await self.api.undo_lift(self.lot, await self.lift(), "The wrong finding")


@pytest.fixture
async def show(api: Api) -> Show:
    return await Show(api).begin()


async def test_its_card_is_not_put_on_the_screen_until_it_is_lifted(
    site: Server, show: Show, api: Api
) -> None:
    broadcast, offer = next(iter(show.offers.items()))
    _, key = await site.house.people.create_api_key("crew", "host")
    await show.fail()
    async with await Channel.connect(site.url, broadcast, key=key) as crew:
        with pytest.raises(ChannelProblem) as refused:
            await crew.call("card.pin", offer=offer)
        assert refused.value.slug == "lot-stopped"
        moments = (await api.story(show.lot))["moments"]
        assert moments == []
        await show.lift()
        await crew.call("card.pin", offer=offer)


async def test_every_broadcast_that_sells_it_is_told(site: Server, show: Show) -> None:
    channels = [await Channel.connect(site.url, broadcast) for broadcast in show.offers]
    await show.fail()
    for channel in channels:
        told = await channel.wait_for("lot.stopped", LONG_S, lot=show.lot)
        assert told.data["reasons"][0]["result"] == FAILED["result"]
    for channel in channels:
        await channel.close()
    for broadcast, offer in show.offers.items():
        async with await Channel.connect(site.url, broadcast) as late:
            assert late.snapshot is not None
            (card,) = late.snapshot["offers"]
            assert card["id"] == offer
            assert [why["kind"] for why in card["lot"]["stopped"]] == ["test_failed"]


@pytest.mark.parametrize("stop", [Show.fail, Show.relapse], ids=["by a test", "by a lift undone"])
async def test_channel_and_http_refuse_it_alike(
    site: Server, show: Show, api: Api, stop: Callable[[Show], Awaitable[None]]
) -> None:
    broadcast, offer = next(iter(show.offers.items()))
    await stop(show)
    lines = [{"offer": offer, "quantity": 1, "price": 2990}]
    order: dict[str, Any] = {
        "lines": lines,
        "buyer": {"name": "王芳", "phone": "13800000000"},
        "delivery": {"way": "parcel", "address": "尤溪县"},
        "payment": "cash_on_delivery",
    }
    path = f"/api/v1/broadcasts/{broadcast}"

    async def sent(where: str, body: Any, method: str = "POST") -> None:
        await api.request(method, path + where, json=body, headers={"Idempotency-Key": token()})

    async with await Channel.connect(site.url, broadcast, key=api.key) as channel:
        ways: list[Callable[[], Awaitable[Any]]] = [
            lambda: channel.call("order.place", key=token(), **order),
            lambda: channel.call("hold.place", key=token(), lines=lines),
            lambda: channel.call("wait.join", key=token(), offer=offer, quantity=1),
            lambda: channel.call("offer.release", offer=offer, quantity=1),
            lambda: channel.call("flash.plan", offer=offer, price=cny(990), boxes=1, seconds=60),
            lambda: sent("/orders", order),
            lambda: sent("/holds", {"lines": lines}),
            lambda: sent(f"/waits/{offer}", {"quantity": 1}, "PUT"),
            lambda: sent(
                "/flashes", {"offer": offer, "price": cny(990), "boxes": 1, "seconds": 60}
            ),
            lambda: sent("/offers", {"lot": show.lot, "price": cny(2990), **BOX}),
        ]
        for way in ways:
            with pytest.raises((ApiProblem, ChannelProblem)) as refused:
                await way()
            problem = refused.value.body
            assert problem["type"] == "/problems/lot-stopped", problem
            assert problem["status"] == 409
            assert problem["reasons"][0]["kind"] == "test_failed"


@pytest.mark.parametrize("by_lift", [False, True])
async def test_orders_and_the_stop_race_and_none_is_taken_after_it(
    show: Show, api: Api, site: Server, by_lift: bool
) -> None:
    stops = show.fail()
    if by_lift:
        await stops
        stops = api.undo_lift(show.lot, await show.lift(), "The wrong lot")
    broadcast, offer = next(iter(show.offers.items()))

    async def one(number: int) -> str:
        order: dict[str, Any] = {
            "lines": [{"offer": offer, "quantity": 1, "price": 2990}],
            "buyer": {"name": "王芳", "phone": f"1380000{number:04d}"},
            "delivery": {"way": "parcel", "address": "尤溪县"},
            "payment": "cash_on_delivery",
        }
        try:
            await api.commands(broadcast).order(token(), order)
        except ApiProblem as problem:
            return problem.slug
        return "placed"

    taken = await asyncio.gather(*(one(n) for n in range(4)), stops, *map(one, range(4, 9)))
    log = site.house.log
    events = await site.house.store.read(lambda c: log.events(c, broadcast))
    *_, stopped = [event.seq for event in events if event.kind == "lot.stopped"]
    placed = [event.seq for event in events if event.kind == "order.placed"]
    assert set(taken) <= {"placed", "lot-stopped", None}
    assert len(placed) == taken.count("placed")
    assert all(seq < stopped for seq in placed)
    assert await one(9) == "lot-stopped"

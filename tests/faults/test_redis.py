"""Redis is killed and frozen while two servers sell: each goes on, and viewers miss nothing."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.support.free_ports import free_port
from tests.support.money import cny
from tests.support.waiting import LONG_S, until

from farmlive.broadcast.models import NewBroadcast
from farmlive.bus import HANGS_S, RedisBus
from farmlive.client import Api, ApiProblem, Channel
from farmlive.client.channel import Event
from farmlive.client.media.counter import TestPicture
from farmlive.client.media.whip import Publisher
from farmlive.server import Server, running
from farmlive.settings import Settings

pytestmark = [
    pytest.mark.redis,
    pytest.mark.postgresql,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]


class Redis:
    """A Redis of the test's own."""

    def __init__(self, folder: Path):
        self.port = free_port()
        self._folder = folder
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        options = f"--bind 127.0.0.1 --port {self.port} --dir {self._folder}"
        self.process = await asyncio.create_subprocess_exec(
            "redis-server", *options.split(), "--save", "", stdout=asyncio.subprocess.DEVNULL
        )

    async def end(self, how: signal.Signals) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(how)
        if how is signal.SIGKILL:
            await self.process.wait()


@pytest.fixture
async def own_redis(tmp_path: Path) -> AsyncIterator[Redis]:
    redis = Redis(tmp_path)
    await redis.start()
    yield redis
    await redis.end(signal.SIGKILL)


@pytest.fixture
async def two(settings: Settings, own_redis: Redis) -> AsyncIterator[tuple[Server, Server]]:
    joined = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{own_redis.port}/0"})
    async with running(joined) as one, running(joined) as other:
        await until(lambda: not deaf(one) and not deaf(other), "both hear each other")
        yield one, other


async def until_said(channel: Channel, text: str) -> AsyncIterator[Event]:
    async for event in channel:
        yield event
        if event.kind == "chat.said" and event.data["text"] == text:
            return


def deaf(server: Server) -> bool:
    assert isinstance(server.house.bus, RedisBus)
    return server.house.bus.deaf


def lost(server: Server) -> bool:
    return "redis" in [each.name for each in server.house.outages.failing()]


async def test_viewers_of_both_servers_go_on_without_redis(
    two: tuple[Server, Server], own_redis: Redis
) -> None:
    one, other = two
    made = await one.house.broadcasts.create(NewBroadcast.model_validate({"title": {"en": "Both"}}))
    await one.house.broadcasts.begin(made.id)
    async with (
        await Channel.connect(one.url, made.id) as here,
        await Channel.connect(other.url, made.id) as there,
    ):
        await here.call("chat.say", text="with Redis")
        await there.wait_for("chat.said", text="with Redis")

        await own_redis.end(signal.SIGKILL)
        await until(lambda: deaf(one) and deaf(other), "both notice")
        await until(lambda: lost(one) and lost(other), "both say so")
        await here.call("chat.say", text="without Redis")
        await there.wait_for("chat.said", text="without Redis", timeout_s=LONG_S)

        await own_redis.start()
        await until(lambda: not deaf(one) and not deaf(other), "both are back")
        assert not lost(one)
        async with httpx.AsyncClient(base_url=one.url) as client:
            assert (await client.get("/readyz")).status_code == 200
            metrics = (await client.get("/metrics")).text
        assert 'farmlive_failing{what="redis"} 0.0' in metrics
        assert 'farmlive_failures_total{what="redis"} 0.0' not in metrics
        await here.call("chat.say", text="again with Redis")
        await there.wait_for("chat.said", text="again with Redis")

        await own_redis.end(signal.SIGSTOP)
        await here.call("chat.say", text="with a frozen Redis")
        await there.wait_for("chat.said", text="with a frozen Redis", timeout_s=LONG_S)
        await own_redis.end(signal.SIGCONT)
    assert here.duplicates == there.duplicates == 0
    assert here.resumes == there.resumes == 0


async def test_a_buyer_hears_of_what_the_other_server_did_without_redis(
    two: tuple[Server, Server], own_redis: Redis
) -> None:
    one, other = two
    _, key = await one.house.people.create_api_key("test", "coordinator")
    name = {"en": "Kumquats"}
    async with Api(one.url, key=key) as api:
        farm = await api.create_farm(name, name)
        lot = await api.create_lot(farm["id"], "1", name, "2026-11-20T08:00:00+08:00", 100_000)
        broadcast = (await api.create_broadcast(name))["id"]
        facts = {"name": name, "unit": {"en": "box"}, "net_weight_g": 2500}
        offer = (await api.create_offer(broadcast, lot["id"], cny(2990), 0, **facts))["id"]
        await api.start(broadcast)
        async with (
            await Channel.connect(one.url, broadcast, key=key) as host,
            await Channel.connect(other.url, broadcast) as waiter,
            await Channel.connect(other.url, broadcast) as viewer,
        ):
            await waiter.join_waitlist(offer, 2)
            await host.wait_for("wait.changed", offer=offer)
            await own_redis.end(signal.SIGKILL)
            await until(lambda: deaf(one) and deaf(other), "both notice")
            # The page opens the order form by this event, and by nothing else.
            await host.call("offer.release", offer=offer, quantity=2)
            held = await waiter.wait_for("order.held", waited=True)
            assert [line["quantity"] for line in held.data["lines"]] == [2]
            placed = await waiter.call(
                "order.place",
                key="what-was-waited-for",
                order=held.data["order"],
                lines=[{"offer": offer, "quantity": 2, "price": 2990}],
                buyer={"name": "王芳", "phone": "13800001234"},
                delivery={"way": "parcel", "address": "福建省三明市尤溪县梅仙镇"},
                payment="cash_on_delivery",
            )
            await api.change_order_state(broadcast, placed["id"], "packed")
            await waiter.wait_for("order.packed", order=placed["id"])
            await host.call("chat.say", text="the end")
            async with asyncio.timeout(LONG_S):
                seen = [event.kind async for event in until_said(viewer, "the end")]
            assert not [kind for kind in seen if kind.startswith("order.")]
            assert waiter.duplicates == 0


async def test_an_end_reaches_the_cameras_of_the_other_server(
    two: tuple[Server, Server], own_redis: Redis
) -> None:
    one, other = two
    _, key = await one.house.people.create_api_key("test", "coordinator")
    async with Api(one.url, key=key) as api:
        broadcast = (await api.create_broadcast({"en": "Both"}))["id"]
        await api.start(broadcast)
        camera = str((await api.create_stream_key(broadcast, "encoder", "orchard"))["key"])
        url, picture = f"{other.url}/whip/{broadcast}", TestPicture(320, 180)
        async with Publisher(url, camera, video=picture):
            await until(lambda: broadcast in other.house.media.relay.viewers(), "the camera is on")
            await own_redis.end(signal.SIGKILL)
            await api.end(broadcast)
            await until(lambda: other.house.media.relay.viewers() == {}, "its media is closed")


async def test_a_redis_that_hangs_counts_as_away_soon(
    two: tuple[Server, Server], own_redis: Redis
) -> None:
    one, other = two
    await own_redis.end(signal.SIGSTOP)
    # Nobody sends anything: the subscription notices by itself, after HANGS_S. It would else never.
    await until(lambda: deaf(one) and deaf(other), "both notice")
    await until(lambda: lost(one) and lost(other), "both say so")
    one.house.bus.publish("anything", b"")
    sending = one.house.outages.register("redis_sending")
    await until(lambda: sending.failing, "nothing is sent")
    assert "does not answer" in sending.reason
    await own_redis.end(signal.SIGCONT)
    await until(lambda: not deaf(one) and not deaf(other), "both are back")


async def test_a_quiet_redis_is_not_taken_for_one_that_hangs(
    two: tuple[Server, Server],
) -> None:
    one, other = two
    ended = asyncio.get_running_loop().time() + HANGS_S + 2

    def was_quiet() -> bool:
        assert not deaf(one)
        assert not deaf(other)
        return asyncio.get_running_loop().time() > ended

    await until(was_quiet, "longer than one that hangs is waited for")
    assert one.house.outages.register("redis").failures == 0


async def test_servers_start_and_stop_while_redis_is_frozen(
    settings: Settings, own_redis: Redis
) -> None:
    frozen = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{own_redis.port}/0"})
    async with running(frozen) as server:
        await until(lambda: not deaf(server), "the first server is joined")
        await own_redis.end(signal.SIGSTOP)
        async with asyncio.timeout(LONG_S), running(frozen) as late:
            made = await late.house.broadcasts.create(
                NewBroadcast.model_validate({"title": {"en": "Alone"}})
            )
            await late.house.broadcasts.begin(made.id)
            async with await Channel.connect(late.url, made.id) as channel:
                await channel.call("chat.say", text="alone")
    await own_redis.end(signal.SIGCONT)


async def test_a_flash_batch_sells_on_both_servers_without_redis(
    two: tuple[Server, Server], own_redis: Redis
) -> None:
    """Ten boxes for thirty buyers: half of them are sold when Redis dies."""
    one, other = two
    price, cheap = 2990, 1990
    _, key = await one.house.people.create_api_key("test", "coordinator")
    name = {"en": "Kumquats"}
    async with contextlib.AsyncExitStack() as opened:
        api = await opened.enter_async_context(Api(one.url, key=key))
        farm = await api.create_farm(name, name)
        lot = await api.create_lot(farm["id"], "1", name, "2026-11-20T08:00:00+08:00", 100_000)
        broadcast = (await api.create_broadcast(name))["id"]
        facts = {"name": name, "unit": {"en": "box"}, "net_weight_g": 2500}
        offer = (await api.create_offer(broadcast, lot["id"], cny(price), 15, **facts))["id"]
        await api.start(broadcast)
        # Buyers of both come first, and two watch.
        buyers = [
            await opened.enter_async_context(Api(server.url)) for _ in range(15) for server in two
        ]
        here = await opened.enter_async_context(await Channel.connect(one.url, broadcast))
        there = await opened.enter_async_context(await Channel.connect(other.url, broadcast))

        async def buy(turn: int) -> bool:
            order = {
                "lines": [{"offer": offer, "quantity": 1, "price": cheap}],
                "buyer": {"name": "Wang Fang", "phone": f"138000000{turn:02d}"},
                "delivery": {"way": "parcel", "address": "Meixian, Youxi"},
                "payment": "cash_on_delivery",
            }
            try:
                await buyers[turn].commands(broadcast).order(f"key-of-the-buyer-{turn:02d}", order)
            except ApiProblem as problem:
                if problem.slug not in ("sold-out", "price-changed"):
                    raise
                return False
            return True

        batch = await api.commands(broadcast).flash(offer, cny(cheap), 10, 300)
        for viewer in (here, there):
            await viewer.wait_for("flash.started", flash=batch["id"])
        assert all(await asyncio.gather(*(buy(turn) for turn in range(5))))
        for viewer in (here, there):
            await viewer.wait_for("stock.changed", kept=5)

        await own_redis.end(signal.SIGKILL)
        bought = await asyncio.gather(*(buy(turn) for turn in range(5, 30)))
        assert sum(bought) == 5
        for viewer in (here, there):
            over = await viewer.wait_for("flash.ended", flash=batch["id"], timeout_s=LONG_S)
            assert (over.data["sold"], over.data["why"]) == (10, "sold_out")
        (card,) = await api.offers(broadcast)
        assert (card["kept"], card["left"], card["flash"]) == (0, 5, None)
        log = await api.events(broadcast)
        assert [event["seq"] for event in log] == list(range(1, len(log) + 1))
        assert sum(event["kind"] == "order.placed" for event in log) == 10
        assert sum(event["kind"] == "flash.ended" for event in log) == 1
    assert here.duplicates == there.duplicates == 0
    assert here.resumes == there.resumes == 0

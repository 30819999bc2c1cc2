"""The bus between servers by Redis, and two servers that share one log."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from functools import partial

import pytest
import redis.asyncio as redis
from structlog.testing import capture_logs
from tests.support.money import cny
from tests.support.parts import redis_bus
from tests.support.waiting import LONG_S, until

from farmlive.broadcast.models import NewBroadcast
from farmlive.bus import RedisBus
from farmlive.client import Api, Channel
from farmlive.outages import Outages
from farmlive.server import Server, running
from farmlive.settings import Settings

REDIS = os.environ.get("FARMLIVE_TEST_REDIS", "")

pytestmark = pytest.mark.redis


async def connected(bus: RedisBus) -> None:
    async with asyncio.timeout(LONG_S):
        await bus.joined.wait()


async def test_a_wrong_address_is_said_and_counted() -> None:
    outages = Outages()
    bus = redis_bus("redis://127.0.0.1:1/0", "one", outages)
    redis = outages.register("redis")
    with capture_logs() as said:
        await bus.start()
        await until(lambda: redis.failures > 2, "it tried again")
        bus.publish("log", b"never")
        await until(lambda: outages.register("redis_sending").failing, "it can't send")
        await bus.stop()
    (lost,) = [each for each in said if each["event"].startswith("redis lost")]
    assert "FARMLIVE_REDIS_URL" in lost["what_to_do"]
    assert outages.failing(needed=True) == []


async def test_a_message_reaches_each_server_once() -> None:
    one, two = redis_bus(REDIS, "one"), redis_bus(REDIS, "two")
    heard: list[tuple[str, str, bytes]] = []
    done = asyncio.Event()

    def listener(name: str) -> None:
        def hear(topic: str, message: bytes) -> None:
            # The log of another test's server may pass by.
            if message in (b"first", b"last"):
                heard.append((name, topic, message))
            if message == b"last" and name == "two":
                done.set()

        (one if name == "one" else two).listen(hear)

    listener("one")
    listener("two")
    await one.start()
    await two.start()
    await connected(one)
    await connected(two)
    one.publish("log", b"first")
    one.publish("log", b"last")
    await asyncio.wait_for(done.wait(), LONG_S)
    await one.stop()
    await two.stop()
    assert sorted(heard) == [
        ("one", "log", b"first"),
        ("one", "log", b"last"),
        ("two", "log", b"first"),
        ("two", "log", b"last"),
    ]


async def test_a_message_nobody_understands_ends_nothing() -> None:
    one, two = redis_bus(REDIS, "one"), redis_bus(REDIS, "two")
    heard: list[bytes] = []
    last = asyncio.Event()

    def understand(topic: str, message: bytes) -> None:
        if topic == "misheard":
            raise ValueError(f"not enough values in {message.decode()}")

    def hear(topic: str, message: bytes) -> None:
        if topic == "misheard":
            heard.append(message)
        if message == b"last":
            last.set()

    two.listen(understand)
    two.listen(hear)
    with capture_logs() as lines:
        for bus in (one, two):
            await bus.start()
            await connected(bus)
        raw = redis.Redis.from_url(REDIS)
        await raw.publish(b"farmlive:0:\xff", b"\xff")  # of no farmlive at all
        await raw.aclose()
        for message in (b"13800001234", b"again", b"last"):
            one.publish("misheard", message)
        await asyncio.wait_for(last.wait(), LONG_S)
        assert not two.deaf
        await one.stop()
        await two.stop()
    assert heard == [b"13800001234", b"again", b"last"]  # each of the listeners by itself
    (line,) = [line for line in lines if line.get("topic") == "misheard"]
    assert (line["error"], line["log_level"]) == ("ValueError", "warning")
    assert line["at"].startswith("test_bus.py:")
    assert "13800001234" not in str(line)


@pytest.mark.parametrize("where", ["receive", "send"])
async def test_what_a_driver_never_said_it_would_raise_ends_nothing(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = redis_bus(REDIS, "one"), redis_bus(REDIS, "two")
    heard = asyncio.Event()
    two.listen(lambda topic, _message: heard.set() if topic == "after" else None)
    faults: list[str] = []
    bus, name = (two, "pubsub") if where == "receive" else (one, "pipeline")
    whole = getattr(bus._client, name)

    def faulty(*values: object, **options: object) -> object:
        if not faults:
            faults.append(where)
            raise RuntimeError("a fault of the driver")
        return whole(*values, **options)

    monkeypatch.setattr(bus._client, name, faulty)
    await one.start()
    await two.start()
    await connected(one)
    await connected(two)
    one.publish("before", b"")
    await until(lambda: where == "receive" or one.dropped, "it was sent, or not")
    one.publish("after", b"")
    await asyncio.wait_for(heard.wait(), LONG_S)
    assert faults == [where]
    assert one.dropped == (where == "send")
    await one.stop()
    await two.stop()


async def test_two_shops_share_a_redis_by_numbers_of_their_own() -> None:
    ours, theirs = (f"{REDIS.rpartition('/')[0]}/{number}" for number in (14, 15))
    one, two, three, four = (
        redis_bus(url, name) for url, name in zip([ours, ours, theirs, theirs], "1234", strict=True)
    )
    heard: list[tuple[str, bytes]] = []

    def hear(whose: str, topic: str, message: bytes) -> None:
        if topic == "shop":
            heard.append((whose, message))

    for listens, whose in ((two, "ours"), (four, "theirs")):
        listens.listen(partial(hear, whose))
    for bus in (one, two, three, four):
        await bus.start()
        await connected(bus)
    one.publish("shop", b"first")
    await until(lambda: len(heard) >= 1, "the same shop hears it")
    three.publish("shop", b"second")
    await until(lambda: len(heard) >= 2, "the other shop hears what is sent there")
    assert heard == [("ours", b"first"), ("theirs", b"second")]
    for bus in (one, two, three, four):
        await bus.stop()


async def test_all_that_waits_is_one_round_trip() -> None:
    one, two = redis_bus(REDIS, "one"), redis_bus(REDIS, "two")
    heard: list[bytes] = []
    two.listen(lambda topic, message: heard.append(message) if topic == "crowd" else None)
    await one.start()
    await two.start()
    await connected(one)
    await connected(two)
    messages = [b"%d" % number for number in range(900)]
    for message in messages:
        one.publish("crowd", message)
    await until(lambda: len(heard) == len(messages), "all are heard")
    assert heard == messages
    assert one.pipelines <= 2
    assert one.dropped == 0
    await one.stop()
    await two.stop()


async def test_what_redis_refuses_of_a_pipeline_is_counted_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outages = Outages()
    one, two = redis_bus(REDIS, "one", outages), redis_bus(REDIS, "two")
    heard: list[str] = []
    two.listen(lambda topic, _message: heard.append(topic) if topic != "log" else None)
    await one.start()
    await two.start()
    await connected(one)
    await connected(two)
    whole = redis.client.Pipeline.publish

    def publish(self: redis.client.Pipeline, channel: str, message: bytes) -> object:
        if channel == "farmlive:0:refused":
            return self.execute_command("PUBLISH", channel)  # which lacks the message
        return whole(self, channel, message)

    monkeypatch.setattr(redis.client.Pipeline, "publish", publish)
    for topic in ("first", "refused", "last"):
        one.publish(topic, b"")
    await until(lambda: "last" in heard, "the others are heard")
    assert heard == ["first", "last"]
    assert one.dropped == 1
    assert "wrong number of arguments" in outages.register("redis_sending").last_reason
    await one.stop()
    await two.stop()


async def test_without_redis_a_servers_own_listeners_hear_at_once() -> None:
    bus = redis_bus("redis://127.0.0.1:1/0", "alone")
    heard: list[bytes] = []
    bus.listen(lambda _topic, message: heard.append(message))
    await bus.start()
    bus.publish("log", b"here")
    assert heard == [b"here"]
    await bus.stop()


async def test_it_stops_while_it_sends() -> None:
    for number in range(20):
        bus = redis_bus(REDIS, f"busy-{number}")
        await bus.start()
        await connected(bus)
        sent = asyncio.Event()
        other = redis_bus(REDIS, f"idle-{number}")
        other.listen(lambda _topic, _message, sent=sent: sent.set())  # type: ignore[misc]
        await other.start()
        await connected(other)
        async with asyncio.timeout(LONG_S):
            # Where the machine is busy a link may be cut, and what was sent meanwhile is lost.
            while not sent.is_set():
                for _ in range(1000):
                    bus.publish("log", b"x" * 300)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(sent.wait(), 1)
        await asyncio.wait_for(bus.stop(), LONG_S)
        await asyncio.wait_for(other.stop(), LONG_S)


@pytest.fixture
async def two(settings: Settings) -> AsyncIterator[tuple[Server, Server]]:
    """Two servers on one PostgreSQL, joined by Redis; each has heard of the other."""
    async with running(settings) as one, running(settings) as other:
        for server in (one, other):
            assert isinstance(server.house.bus, RedisBus)
            await connected(server.house.bus)
        yield one, other


both = pytest.mark.parametrize(
    "database_url",
    [pytest.param("postgresql", marks=pytest.mark.postgresql)],
    indirect=True,
)


@both
async def test_viewers_of_either_server_see_both(two: tuple[Server, Server]) -> None:
    one, other = two
    made = await one.house.broadcasts.create(NewBroadcast.model_validate({"title": {"en": "Both"}}))
    await one.house.broadcasts.begin(made.id)
    async with (
        await Channel.connect(one.url, made.id) as here,
        await Channel.connect(other.url, made.id) as there,
    ):
        await here.call("chat.say", text="from here")
        event = await there.wait_for("chat.said", text="from here")
        await there.call("chat.say", text="from there")
        answer = await here.wait_for("chat.said", text="from there")
        assert answer.seq == event.seq + 1
        for channel in (here, there):
            await channel.call("react", count=5)
        for _ in range(2):  # what was counted is not counted again
            await one.house.broadcasts.count()
            await other.house.broadcasts.count()
        await here.wait_for("audience.counted", reactions=10)
        async with one.house.broadcasts.hub(made.id) as hub:
            assert hub.scene.audience["reactions"] == 10
    assert here.duplicates == there.duplicates == 0


@both
async def test_a_sale_goes_on_across_servers(two: tuple[Server, Server]) -> None:
    one, other = two
    _, key = await one.house.people.create_api_key("test", "coordinator")
    async with Api(one.url, key=key) as api:
        broadcast, offer, centre = await sale(api)
    async with (
        await Channel.connect(one.url, broadcast) as viewer,
        await Channel.connect(other.url, broadcast, key=key) as host,
    ):
        await host.call("card.pin", offer=offer)
        pinned = await viewer.wait_for("card.pinned", offer=offer)
        placed = await viewer.call(
            "order.place",
            key="an-order-across-servers",
            lines=[{"offer": offer, "quantity": 2, "price": 2990}],
            buyer={"name": "王芳", "phone": "13800001234"},
            delivery={"way": "pickup", "centre": centre},
            payment="pay_at_pickup",
        )
        seen = await host.wait_for("order.placed", order=placed["id"])
        assert seen.seq > pinned.seq
        sold = await host.wait_for("stock.changed", offer=offer)
        assert sold.data["left"] == 18


@both
async def test_what_one_server_sent_is_taken_up_at_the_other(two: tuple[Server, Server]) -> None:
    one, other = two
    made = await one.house.broadcasts.create(NewBroadcast.model_validate({"title": {"en": "Both"}}))
    await one.house.broadcasts.begin(made.id)
    async with await Channel.connect(one.url, made.id) as first:
        said = await first.call("chat.say", text="seen at the first")
        await first.wait_for("chat.said", text="seen at the first")
        await first.call("chat.say", text="missed")
        after, cookie = said["seq"], first.cookie
    async with await Channel.connect(other.url, made.id, after=after, cookie=cookie) as second:
        missed = await second.wait_for("chat.said")
        assert (missed.seq, missed.data["text"]) == (after + 1, "missed")
        assert second.welcome is None
        # Redis carries nothing from here on: the log has it all the same.
        await other.house.bus.stop()
        async with await Channel.connect(one.url, made.id) as third:
            unheard = (await third.call("chat.say", text="unheard"))["seq"]
        async with await Channel.connect(other.url, made.id, after=unheard) as fourth:
            assert fourth.welcome is None
            assert fourth.to == unheard
        assert (await second.wait_for("chat.said")).data["text"] == "unheard"
    assert second.duplicates == 0


async def sale(api: Api) -> tuple[str, str, str]:
    """A live broadcast, an offer of 20 boxes and a pick-up point."""
    farm = await api.create_farm({"zh": "农场", "en": "Farm"}, {"zh": "尤溪", "en": "Youxi"})
    lot = await api.create_lot(
        farm["id"], "1123", {"zh": "金桔", "en": "Kumquats"}, "2026-11-20T08:00:00+08:00", 500_000
    )
    made = await api.create_broadcast({"zh": "直播", "en": "Live"})
    offer = await api.create_offer(
        made["id"],
        lot["id"],
        cny(2990),
        20,
        name={"zh": "金桔", "en": "Kumquats"},
        unit={"zh": "箱", "en": "box"},
        net_weight_g=2500,
    )
    centre = await api.create_centre({"en": "Centre"}, {"en": "Main street 1"})
    await api.start(made["id"])
    return made["id"], offer["id"], centre["id"]

"""Several cameras in one broadcast, from API and channel to what viewers get; and guests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import update
from tests.support.camera_show import FARM, Show, opened_show
from tests.support.free_ports import free_port
from tests.support.waiting import LONG_S

from farmlive.client import Api, ApiProblem, Channel, ChannelProblem
from farmlive.people.core import tables
from farmlive.server import Server, running
from farmlive.settings import Settings


@pytest.fixture
async def show(server: Server) -> AsyncIterator[Show]:
    async with AsyncExitStack() as stack:
        yield await opened_show(server, stack)


async def on_air_beside(show: Show, label: str) -> str:
    """A second camera, put on air by the host."""
    source = await show.camera(label)
    await show.flows(source)
    await show.api.commands(show.broadcast).switch(source)
    await show.host.wait_for("source.switched", source=source)
    return source


async def test_host_switches_and_everyone_is_told(show: Show) -> None:
    orchard = await show.camera("Orchard")
    viewer = await show.watch()
    kitchen = await on_air_beside(show, "Kitchen")
    async with await Channel.connect(show.server.url, show.broadcast) as channel:
        answer = await show.api.commands(show.broadcast).switch(orchard)
        assert (answer["id"], answer["label"]) == (orchard, "Orchard")
        switched = await channel.wait_for("source.switched")
    facts = {"label": "Orchard", "codec": "VP8"}
    assert switched.data == {"source": orchard, **facts}
    async with await Channel.connect(show.server.url, show.broadcast) as late:
        assert late.snapshot is not None
        assert late.snapshot["source"] == {"id": orchard, **facts}
    await viewer.wait_packets(viewer.packets + 100)
    assert viewer.lost == 0
    health = {s["id"]: s for s in (await show.api.health(show.broadcast))["sources"]}
    assert (health[orchard]["picked"], health[orchard]["on_air"]) == (True, True)
    assert (health[kitchen]["picked"], health[kitchen]["on_air"]) == (False, False)
    # It is there already: the answer says so.
    assert (await show.host.switch(orchard))["on_air"] is True
    deeds = await show.server.house.people.audit_entries(None, 2)
    assert [(deed.action, deed.subject, deed.broadcast) for deed in deeds] == [
        ("source.switch", orchard, show.broadcast)
    ] * 2


async def test_the_channel_switches_too_and_not_for_everyone(show: Show) -> None:
    orchard = await show.camera("Orchard")
    await on_air_beside(show, "Kitchen")
    for role in (None, "moderator", "seller", "clerk", "simulator"):
        secret = await show.key(role) if role else None
        async with await Channel.connect(show.server.url, show.broadcast, key=secret) as channel:
            with pytest.raises(ChannelProblem) as refused:
                await channel.switch(orchard)
            assert refused.value.slug == "staff-only", role
    assert (await show.api.health(show.broadcast))["sources"][1]["on_air"] is True
    coordinator = await show.key("coordinator")
    async with await Channel.connect(show.server.url, show.broadcast, key=coordinator) as channel:
        assert (await channel.switch(orchard))["label"] == "Orchard"
    await show.host.wait_for("source.switched", source=orchard)


async def test_what_is_not_there_is_not_put_on_air(show: Show) -> None:
    await show.camera("Orchard")
    away = (await show.api.create_stream_key(show.broadcast, "encoder", "Barn"))["source"]
    other = (await show.api.create_broadcast({"en": "Other"}))["id"]
    for broadcast, source, slug in (
        (show.broadcast, away, "source-away"),
        (show.broadcast, FARM, "unknown-source"),
        (other, away, "unknown-source"),
        ("nowhere", away, "unknown-broadcast"),
    ):
        with pytest.raises(ApiProblem) as refused:
            await show.api.commands(broadcast).switch(source)
        assert refused.value.slug == slug
    with pytest.raises(ChannelProblem) as malformed:
        await show.host.call("source.switch", source="\0")
    assert malformed.value.slug == "invalid"
    await show.api.end(show.broadcast)
    with pytest.raises(ApiProblem) as over:
        await show.api.commands(show.broadcast).switch(away)
    assert over.value.slug == "broadcast-ended"
    deeds = await show.server.house.people.audit_entries(None, 50)
    assert "source.switch" not in {deed.action for deed in deeds}


async def test_a_guest_sees_only_the_own_camera_and_is_on_air_by_the_host_alone(
    show: Show,
) -> None:
    orchard = await show.camera("Orchard")
    await show.host.wait_for("source.switched", source=orchard)
    guest = await show.guest()
    assert (await show.flows(guest["source"]))["guest"] is True
    own = await show.watch(guest["source"], guest["key"])
    await own.wait_packets(50)
    assert (await show.api.health(show.broadcast))["viewers"] == 0
    for source, bearer, status in (
        (orchard, guest["key"], 401),
        (orchard, None, 401),
        (guest["source"], None, 401),
        (guest["source"], "fls_wrong", 401),
        (orchard, await show.key("seller"), 403),
    ):
        with pytest.raises(ApiProblem) as refused:
            await show.watch(source, bearer)
        assert refused.value.status == status
    crew = await show.watch(guest["source"], await show.key("moderator"))
    await crew.wait_packets(50)
    # A camera of the farm's own is no guest: its key opens no preview.
    barn = await show.api.create_stream_key(show.broadcast, "encoder", "Barn")
    with pytest.raises(ApiProblem) as refused:
        await show.watch(barn["source"], barn["key"])
    assert refused.value.status == 401
    await show.api.commands(show.broadcast).switch(guest["source"])
    # It was not on air before.
    switched = await show.host.wait_for("source.switched")
    assert switched.data["source"] == guest["source"]


async def test_ended_link_ends_what_the_guest_sends(show: Show) -> None:
    orchard = await show.camera("Orchard")
    guest = await show.guest()
    viewer = await show.watch()
    await show.flows(guest["source"])
    await show.api.commands(show.broadcast).switch(guest["source"])
    await show.host.wait_for("source.switched", source=guest["source"])
    await show.api.end_guest(show.broadcast, guest["id"])
    left = await show.host.wait_for("source.left")
    assert left.data == {"source": guest["source"], "guest": True}
    await show.host.wait_for("source.switched", source=orchard)
    await viewer.wait_packets(viewer.packets + 100)
    assert await show.api.guests(show.broadcast) == []
    for again in (show.publish(guest["key"]), show.watch(guest["source"], guest["key"])):
        with pytest.raises(ApiProblem) as refused:
            await again
        assert refused.value.status == 401
    with pytest.raises(ApiProblem) as over:
        await show.api.guest_key(guest["url"])
    assert over.value.slug == "guest-over"


async def test_link_whose_day_is_over_ends_what_the_guest_sends(show: Show) -> None:
    await show.camera("Orchard")
    stays, goes = await show.guest("Wu"), await show.guest("Lin")
    over = update(tables.guests).where(tables.guests.c.id == goes["id"]).values(expires_at=1)
    await show.server.house.store.write(lambda conn: conn.execute(over).rowcount)
    await show.host.wait_for("source.left", 15, source=goes["source"])
    assert (await show.flows(stays["source"]))["label"] == "Wu"


async def test_second_device_takes_the_guests_place(show: Show) -> None:
    await show.camera("Orchard")
    guest = await show.guest()
    first = await show.flows(guest["source"])
    await show.api.commands(show.broadcast).switch(guest["source"])
    await show.host.wait_for("source.switched", source=guest["source"])
    async with Api(show.server.url) as another:
        again = await another.guest_key(guest["url"])
    await show.publish(again["key"])
    # It is not the one that the host has put on air.
    await show.host.wait_for("source.left", source=guest["source"])
    await show.host.wait_for("source.joined", source=guest["source"])
    second = await show.flows(guest["source"])
    assert second["id"] == first["id"]
    assert (second["picked"], second["on_air"]) == (False, False)
    assert len((await show.api.health(show.broadcast))["sources"]) == 2
    with pytest.raises(ApiProblem) as refused:
        await show.publish(guest["key"])
    assert refused.value.slug == "wrong-stream-key"


@pytest.mark.redis
@pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)
async def test_host_on_another_server_switches_and_ends_guests(
    settings: Settings, tables: None
) -> None:
    ports = [free_port() for _ in range(2)]
    one, other = (
        settings.model_copy(update={"port": port, "node_url": f"http://127.0.0.1:{port}"})
        for port in ports
    )
    async with running(one) as first, running(other) as second, AsyncExitStack() as stack:
        for each in (first, second):
            async with asyncio.timeout(LONG_S):
                await each.house.bus.joined.wait()  # type: ignore[attr-defined]
        show = await opened_show(first, stack)
        orchard = await show.camera("Orchard")
        await on_air_beside(show, "Kitchen")
        guest = await show.guest()
        async with Api(second.url, key=show.api.key) as there:
            assert (await there.commands(show.broadcast).switch(orchard))["label"] == "Orchard"
            await show.host.wait_for("source.switched", source=orchard)
            assert (await there.commands(show.broadcast).switch(orchard))["on_air"] is True
            with pytest.raises(ApiProblem) as unknown:
                await there.commands(show.broadcast).switch(FARM)
            assert unknown.value.slug == "unknown-source"
            away = (await there.create_stream_key(show.broadcast, "encoder", "Barn"))["source"]
            with pytest.raises(ApiProblem) as refused:
                await there.commands(show.broadcast).switch(away)
            assert refused.value.slug == "source-away"
            await there.end_guest(show.broadcast, guest["id"])
            await show.host.wait_for("source.left", source=guest["source"])


async def test_after_a_restart_the_camera_that_was_on_air_comes_back_to_it(
    settings: Settings,
) -> None:
    async with AsyncExitStack() as stack:
        async with running(settings) as server:
            show = await opened_show(server, stack)
            labels = ("Orchard", "Kitchen")
            made = [
                await show.api.create_stream_key(show.broadcast, "encoder", each) for each in labels
            ]
            orchard, kitchen = (each["source"] for each in made)
            before = [await show.publish(made[0]["key"])]
            await show.host.wait_for("source.switched", source=orchard)
            before.append(await show.publish(made[1]["key"]))
            await show.flows(kitchen)
        for publisher in before:
            publisher.session = None  # its server is gone: there is nothing to delete
        async with running(settings) as server, AsyncExitStack() as later:
            key = show.api.key
            api = await later.enter_async_context(Api(server.url, key=key))
            host = await Channel.connect(server.url, show.broadcast, key=key)
            await later.enter_async_context(host)
            again = Show(server, api, show.broadcast, host, later)
            # The kitchen is back first, and stands in.
            await again.publish(made[1]["key"])
            await host.wait_for("source.switched", source=kitchen)
            await again.publish(made[0]["key"])
            await host.wait_for("source.switched", source=orchard)
            sources = (await api.health(show.broadcast))["sources"]
            assert {each["id"]: each["holds_air"] for each in sources} == {
                orchard: True,
                kitchen: False,
            }

"""What someone watches by a role ends with it; what anybody may watch goes on."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.support.camera_show import Show, opened_show
from tests.support.parts import replace_lookups
from tests.support.waiting import until

from farmlive.client import Api
from farmlive.client.media.light_publisher import LightPublisher
from farmlive.client.media.light_viewer import LightViewer
from farmlive.media.wire.errors import SessionGone
from farmlive.people.core.models import AccountChange
from farmlive.server import Server
from farmlive.store import NotRead

PASSWORD = "kumquats in winter"


@pytest.fixture
async def show(server: Server) -> AsyncIterator[Show]:
    async with AsyncExitStack() as stack:
        yield await opened_show(server, stack)


async def keys_of_wang(server: Server) -> tuple[str, str]:
    """An account of a coordinator, and a key that it made."""
    people = server.house.people
    replace_lookups(people, require_centre=lambda _connection, _centre: None)
    await people.create_account("lin", "coordinator", PASSWORD)
    account, _ = await people.create_account("wang", "coordinator", PASSWORD)
    async with Api(server.url) as wang:
        await wang.sign_in("wang", PASSWORD)
        return account.id, (await wang.create_api_key("wall", "coordinator"))["key"]


def is_open(server: Server, viewer: LightViewer) -> bool:
    broadcast = viewer.url.rpartition("/")[2].partition("?")[0]
    assert viewer.session is not None
    token = viewer.session.location.rpartition("/")[2]
    try:
        server.house.media.relay.session(broadcast, token, publisher=False)
    except SessionGone:
        return False
    return True


@pytest.mark.parametrize(
    "change", [AccountChange(disabled=True), AccountChange(role="clerk", centres=["C"])]
)
async def test_a_cameras_own_picture_ends_with_the_role(show: Show, change: AccountChange) -> None:
    server = show.server
    orchard = await show.camera("Orchard")
    await show.host.wait_for("source.switched", source=orchard)
    account, key = await keys_of_wang(server)
    mine = await show.watch(orchard, key)
    public = await show.watch("", key)
    others = await show.watch(orchard, await show.key("moderator"))
    for viewer in (mine, public, others):
        await viewer.wait_packets(20)
    await server.house.people.change_account(account, change)
    # Within five seconds, the documents say; without an end of its own it would go on for ever.
    await until(lambda: not is_open(server, mine), "the picture is gone")
    assert is_open(server, public)
    assert is_open(server, others)
    await others.wait_packets(others.packets + 50)


async def test_what_is_sent_before_it_is_live_ends_with_the_role(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = server.house
    account, key = await keys_of_wang(server)
    async with AsyncExitStack() as stack:
        _, secret = await house.people.create_api_key("test", "host")
        api = await stack.enter_async_context(Api(server.url, key=secret))

        async def early(bearer: str) -> tuple[str, LightViewer]:
            """A broadcast that is not live yet, with a camera, and who of the crew looks on."""
            broadcast = (await api.create_broadcast({"en": "Soon"}))["id"]
            made = await api.create_stream_key(broadcast, "encoder", "Barn")
            camera = LightPublisher(f"{server.url}/whip/{broadcast}", made["key"])
            viewer = LightViewer(f"{server.url}/whep/{broadcast}", bearer=bearer)
            for each in (camera, viewer):
                stack.push_async_callback(each.close)
                await each.start()
            return broadcast, viewer

        _, before = await early(key)
        live, after = await early(key)
        _, others = await early(secret)
        for viewer in (before, after, others):
            await viewer.wait_packets(20)
        await api.start(live)
        # Nobody is cut off because nobody can look.
        find = house.people.find_api_key

        looked = 0

        async def away(_secret: str) -> Any:
            nonlocal looked
            looked += 1
            raise NotRead("Try again in a moment.")

        monkeypatch.setattr(house.people, "find_api_key", away)
        await until(lambda: looked > 1, "it was looked for")
        assert is_open(server, before)
        monkeypatch.setattr(house.people, "find_api_key", find)
        await house.people.change_account(account, AccountChange(disabled=True))
        await until(lambda: not is_open(server, before), "what is not live is gone")
        assert is_open(server, others)
        # Anybody may see what is live by now.
        await after.wait_packets(after.packets + 50)
        assert is_open(server, after)

"""A frame of a broadcast's picture: who may show it, and what it has to be."""

import io

import pytest
from PIL import Image
from tests.support.clerks import role_key

from farmlive.client import Api
from farmlive.client.http import ApiProblem
from farmlive.ids import ulid
from farmlive.server import Server


def picture() -> bytes:
    sent = io.BytesIO()
    Image.new("RGB", (90, 160), "orange").save(sent, "JPEG")
    return sent.getvalue()


async def test_staff_show_a_frame_and_take_it_away(server: Server, live: str) -> None:
    async with (
        Api(server.url, key=await role_key(server.house, "host")) as host,
        Api(server.url) as anyone,
    ):
        assert (await anyone.broadcast(live))["frame"] is None
        kept = (await host.upload_picture(picture()))["picture"]
        assert (await host.show_frame(live, kept))["frame"] == kept
        assert (await anyone.broadcast(live))["frame"] == kept
        assert kept in await anyone.page("/")
        assert (await host.show_frame(live, None))["frame"] is None
        with pytest.raises(ApiProblem) as refused:
            await host.show_frame(ulid(), kept)
        assert refused.value.slug == "unknown-broadcast"
    changes = [
        each.detail["frame"]
        for each in await server.house.people.audit_entries(None, 10)
        if each.action == "broadcast.change"
    ]
    assert sorted(changes, key=str) == [kept, None]


async def test_a_frame_is_a_picture_of_this_server_and_shown_by_staff_alone(
    server: Server, live: str
) -> None:
    elsewhere = f"/files/{'0' * 64}.webp"
    async with (
        Api(server.url, key=await role_key(server.house, "host")) as host,
        Api(server.url, key=await role_key(server.house, "moderator")) as moderator,
        Api(server.url) as anyone,
    ):
        for wrong in (elsewhere, "https://example.org/picture.webp"):
            with pytest.raises(ApiProblem) as refused:
                await host.show_frame(live, wrong)
            assert refused.value.slug == "invalid"
        for other, slug in ((moderator, "forbidden"), (anyone, "unauthorized")):
            with pytest.raises(ApiProblem) as refused:
                await other.show_frame(live, None)
            assert refused.value.slug == slug
        assert (await anyone.broadcast(live))["frame"] is None

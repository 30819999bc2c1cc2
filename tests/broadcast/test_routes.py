"""What crew and viewers do on the channel, over HTTP: the same events, the same refusals."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select
from tests.broadcast.live_channel import OFFER, ask, channel, comes, get, with_kind
from tests.support.clerks import role_key

from farmlive.broadcast.events import OfferAdded
from farmlive.broadcast.models import NewBroadcast
from farmlive.broadcast.tables import card_taps
from farmlive.ids import ulid
from farmlive.server import Server

PATH = "/api/v1/broadcasts"


@pytest.fixture
async def moderator(server: Server) -> dict[str, str]:
    """The header of a moderator's program."""
    return {"Authorization": f"Bearer {await role_key(server.house, 'moderator')}"}


def client(server: Server, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.url, headers=headers or {})


async def last(server: Server, broadcast: str, kind: str) -> dict[str, Any]:
    """The data of the last event of this kind."""
    house = server.house
    found = await house.store.read(lambda conn: house.log.events(conn, broadcast, kinds=[kind]))
    return found[-1].data


async def test_card_is_pinned_and_taken_away(
    server: Server, live: str, moderator: dict[str, str]
) -> None:
    path = f"{PATH}/{live}/pinned"
    async with (
        client(server, moderator) as crew,
        client(server) as stranger,
        channel(server, live) as viewer,
    ):
        await get(viewer)
        answer = await crew.put(path, json={"offer": OFFER["offer"]})
        assert answer.status_code == 200
        frame = await comes(viewer, with_kind("card.pinned"))
        (event,) = (each for each in frame["events"] if each["kind"] == "card.pinned")
        assert (event["seq"], event["data"]) == (answer.json()["seq"], {"offer": OFFER["offer"]})
        unknown = await crew.put(path, json={"offer": ulid()})
        assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-card")
        assert (await stranger.put(path, json={"offer": OFFER["offer"]})).status_code == 401
        assert (await stranger.delete(path)).status_code == 401
        for _ in range(2):  # the second finds none
            assert (await crew.delete(path)).status_code == 204
        await comes(viewer, with_kind("card.unpinned"))
        nowhere = await crew.put(f"{PATH}/{ulid()}/pinned", json={"offer": OFFER["offer"]})
        assert nowhere.json()["type"] == "/problems/unknown-broadcast"
        await server.house.broadcasts.end(live)
        over = await crew.put(path, json={"offer": OFFER["offer"]})
        assert (over.status_code, over.json()["type"]) == (409, "/problems/broadcast-ended")
    deeds = await server.house.people.audit_entries(None, 10)
    assert [deed.action for deed in deeds if deed.action.startswith("card.")] == [
        "card.unpin",
        "card.pin",
    ]


async def test_offer_of_another_server_can_be_pinned_at_once(
    server: Server, live: str, moderator: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its event is committed, and the bus has not brought it yet."""
    house = server.house
    async with client(server, moderator) as crew, channel(server, live) as viewer:
        await get(viewer)
        offer = OfferAdded.parse({**OFFER, "offer": "01OTHER"})
        with monkeypatch.context() as patched:
            patched.setattr(house.log, "_bus", _Silent())
            await house.store.write(lambda conn: house.log.append(conn, live, offer))
        answer = await crew.put(f"{PATH}/{live}/pinned", json={"offer": "01OTHER"})
    assert answer.status_code == 200, answer.text


class _Silent:
    """A bus that brings nothing."""

    def publish(self, *_: object) -> None:
        """Say nothing."""


async def test_message_is_said_hidden_and_its_sender_muted(
    server: Server, live: str, moderator: dict[str, str]
) -> None:
    path = f"{PATH}/{live}/messages"
    async with client(server, moderator) as crew, client(server) as viewer:
        said = await viewer.post(path, json={"text": "something rude", "nickname": "阿强"})
        assert said.status_code == 201
        seq = said.json()["seq"]
        assert await last(server, live, "chat.said") == {
            "nickname": "阿强",
            "text": "something rude",
        }
        # A program of the team speaks by its label, whatever nickname it gives.
        await crew.post(path, json={"text": "hello", "nickname": "阿强"})
        assert (await last(server, live, "chat.said"))["role"] == "moderator"
        muted = await crew.post(f"{PATH}/{live}/mutes", json={"message": seq})
        assert muted.status_code == 201
        refused = await viewer.post(path, json={"text": "more"})
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/muted")
        mute = muted.json()["id"]
        assert (await crew.delete(f"{PATH}/{live}/mutes/{mute}")).status_code == 204
        assert (await viewer.post(path, json={"text": "sorry"})).status_code == 201
        assert (await viewer.delete(f"{path}/{seq}")).status_code == 401
        assert (await crew.delete(f"{path}/{seq}")).status_code == 204
        assert await last(server, live, "chat.hidden") == {"message": seq}
        unknown = await crew.delete(f"{path}/{seq + 1000}")
        assert unknown.json()["type"] == "/problems/unknown-chat-message"
        assert (await crew.delete(f"{path}/0")).status_code == 422


async def test_viewer_who_says_too_much_is_refused_over_http_as_on_the_channel(
    server: Server, live: str
) -> None:
    path = f"{PATH}/{live}/messages"
    most = server.house.settings.chats_per_minute
    async with client(server) as viewer:
        answers = [
            (await viewer.post(path, json={"text": f"{turn}"})).status_code
            for turn in range(most + 5)
        ]
        assert answers.count(429) > 0
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in viewer.cookies.items())}
        async with channel(server, live, headers=headers) as socket:
            await get(socket)
            reply = await ask(socket, "chat.say", text="and once more")
    assert reply["problem"]["type"] == "/problems/too-many-requests"


async def test_page_of_another_site_says_nothing(server: Server, live: str) -> None:
    headers = {"Origin": "https://elsewhere.example"}
    async with client(server, headers) as viewer:
        for path, body in (
            ("messages", {"text": "hello"}),
            ("reactions", {}),
            (f"offers/{OFFER['offer']}/taps", {}),
        ):
            answer = await viewer.post(f"{PATH}/{live}/{path}", json=body)
            assert (answer.status_code, answer.json()["type"]) == (403, "/problems/cross-site")


async def test_hearts_and_looks_count(server: Server, live: str) -> None:
    house = server.house
    async with client(server) as viewer:
        assert (await viewer.post(f"{PATH}/{live}/reactions", json={"count": 3})).status_code == 204
        assert (await viewer.post(f"{PATH}/{live}/reactions", json={})).status_code == 204
        assert (
            await viewer.post(f"{PATH}/{live}/reactions", json={"count": 21})
        ).status_code == 422
        opened = await viewer.post(f"{PATH}/{live}/offers/{OFFER['offer']}/taps")
        assert opened.json()["offer"]["name"] == OFFER["name"]
        unknown = await viewer.post(f"{PATH}/{live}/offers/{ulid()}/taps")
        assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-card")
    async with house.broadcasts.hub(live) as hub:
        assert hub.reactions == 4
    await house.broadcasts.taps.write()
    taps = await house.store.read(lambda conn: conn.execute(select(card_taps.c.offer)).all())
    assert [row.offer for row in taps] == [OFFER["offer"]]


async def test_log_of_a_broadcast_that_is_over_is_not_read_for_a_heart(
    server: Server, live: str
) -> None:
    house = server.house
    await house.broadcasts.end(live)
    planned = await house.broadcasts.create(NewBroadcast(title={"zh": "直播", "en": "Live"}))
    async with client(server) as viewer:
        for broadcast, slug in ((live, "broadcast-ended"), (planned.id, "broadcast-not-live")):
            for path in ("reactions", f"offers/{OFFER['offer']}/taps"):
                answer = await viewer.post(f"{PATH}/{broadcast}/{path}", json={})
                assert answer.json()["type"] == f"/problems/{slug}"
            assert broadcast not in house.broadcasts.hubs.open

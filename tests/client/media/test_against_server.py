"""The clients of API and channel against the real server, through a whole sale."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.support.money import cny

from farmlive.client import Api, ApiProblem, Channel, ChannelClosed, ChannelProblem
from farmlive.client.light_channel import LightChannel
from farmlive.client.media.counter import TestPicture, read_counter
from farmlive.client.media.light_publisher import LightPublisher
from farmlive.client.media.light_viewer import LightViewer
from farmlive.client.media.whep import Viewer
from farmlive.client.media.whip import Publisher
from farmlive.server import Server
from farmlive.server import running as served
from farmlive.settings import Settings

pytestmark = pytest.mark.any_database

BUYER = {"name": "Wang Fang", "phone": "13800000000"}
PARCEL = {"way": "parcel", "address": "Meixian, Youxi"}

# The broadcast's id, the offer's card and the lot, as the API answers them.
Sale = tuple[str, dict[str, Any], dict[str, Any]]


@dataclass
class Selling:
    """A server, and a coordinator's key of it."""

    server: Server
    key: str

    @property
    def url(self) -> str:
        return self.server.url


@pytest.fixture
async def server(settings: Settings, tables: None) -> AsyncIterator[Selling]:
    async with served(settings) as running:
        _, key = await running.house.people.create_api_key("test", "coordinator")
        yield Selling(running, key)


@pytest.fixture
async def api(server: Selling) -> AsyncIterator[Api]:
    async with Api(server.url, key=server.key) as api:
        yield api


@pytest.fixture
async def sale(api: Api) -> Sale:
    """A live broadcast with one offer of three boxes."""
    broadcast = (await api.create_broadcast({"zh": "金桔", "en": "Kumquats"}))["id"]
    farm = await api.create_farm({"zh": "果园", "en": "Orchard"}, {"zh": "尤溪", "en": "Youxi"})
    lot = await api.create_lot(
        farm["id"],
        "1123",
        {"zh": "金桔", "en": "Kumquats"},
        "2026-11-20T08:00:00+08:00",
        50_000,
        gtin="09520000000011",
    )
    card = await api.create_offer(
        broadcast,
        lot["id"],
        cny(2990),
        3,
        name={"zh": "金桔", "en": "Kumquats"},
        unit={"zh": "箱", "en": "box"},
        net_weight_g=2500,
        gtin="09520000000011",
    )
    await api.start(broadcast)
    return broadcast, card, lot


def order(card: dict[str, Any], quantity: int = 1) -> dict[str, Any]:
    line = {"offer": card["id"], "quantity": quantity, "price": card["price"]["amount"]}
    return {
        "lines": [line],
        "buyer": BUYER,
        "delivery": PARCEL,
        "payment": "cash_on_delivery",
    }


async def test_a_sale_from_pin_to_review(server: Selling, api: Api, sale: Sale) -> None:
    broadcast, card, lot = sale
    async with (
        await Channel.connect(server.url, broadcast, key=server.key) as host,
        await Channel.connect(server.url, broadcast) as viewer,
    ):
        await host.call("card.pin", offer=card["id"])
        await viewer.wait_for("card.pinned", offer=card["id"])
        placed = await viewer.call("order.place", key="k" * 16, **order(card, 2))
        again = await viewer.call("order.place", key="k" * 16, **order(card, 2))
        assert again == placed
        with pytest.raises(ChannelProblem) as caught:
            await viewer.call("order.place", key="l" * 16, **order(card, 2))
        assert caught.value.slug == "sold-out"
        assert (await viewer.wait_for("stock.changed")).data["left"] == 1
        assert (await host.wait_for("order.placed")).data["order"] == placed["id"]

        await viewer.drop()
        await host.call("chat.say", text="Picked this morning")
        assert (await viewer.wait_for("chat.said")).data["text"] == "Picked this morning"
        assert viewer.resumes == 1
        assert (viewer.duplicates, host.duplicates) == (0, 0)

        await api.end(broadcast)
        await viewer.wait_for("broadcast.ended")
    assert (await api.order(placed["token"]))["number"] == placed["number"]
    assert [item["id"] for item in await api.orders(broadcast)] == [placed["id"]]
    assert await api.origin("09520000000011", "1123") == f"/origin/lot/{lot['id']}"
    assert (await api.story(lot["id"]))["lot"]["code"] == "1123"
    assert (await api.offers(broadcast))[0]["left"] == 1
    assert await api.review(broadcast)


async def test_order_over_http_shares_the_key_with_the_channel(
    server: Selling, api: Api, sale: Sale
) -> None:
    broadcast, card, _ = sale
    async with Api(server.url) as buyer:
        placed = await buyer.commands(broadcast).order("k" * 16, order(card))
        async with await Channel.connect(server.url, broadcast, cookie=buyer.cookie) as channel:
            again = await channel.call("order.place", key="k" * 16, **order(card))
            assert again == placed
        with pytest.raises(ApiProblem) as caught:
            await buyer.commands(broadcast).order("k" * 16, order(card, 2))
        assert caught.value.status == 409


async def test_accounts_sign_in_and_mint_stream_keys(server: Selling, api: Api, sale: Sale) -> None:
    broadcast, _, _ = sale
    made = await api.create_account("chen", "host")
    async with Api(server.url) as host:
        await host.sign_in("chen", made["password"], "four-quiet-hills")
        assert (await host.session())["role"] == "host"
        studio = await host.create_stream_key(broadcast, "studio")
        assert (await host.create_stream_key(broadcast, "studio"))["source"] == studio["source"]
        encoder = await host.create_stream_key(broadcast, label="OBS")
        assert encoder["source"] != studio["source"]
        assert len(await host.sources(broadcast)) == 2
        await host.sign_out()
        with pytest.raises(ApiProblem):
            await host.session()


async def test_viewer_may_not_pin(server: Selling, sale: Sale) -> None:
    broadcast, card, _ = sale
    async with await Channel.connect(server.url, broadcast) as viewer:
        with pytest.raises(ChannelProblem) as caught:
            await viewer.call("card.pin", offer=card["id"])
    assert caught.value.body["status"] == 403


async def test_unknown_broadcast_closes_with_4404(server: Selling) -> None:
    with pytest.raises(ChannelClosed) as caught:
        await Channel.connect(server.url, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert caught.value.code == 4404
    assert caught.value.problem["status"] == 404


async def test_light_channel_gets_what_channel_gets(server: Selling, sale: Sale) -> None:
    broadcast, _, _ = sale
    light = await LightChannel.connect(server.url, broadcast)
    async with await Channel.connect(server.url, broadcast, key=server.key) as host:
        await host.call("chat.say", text="hello")
        await host.wait_for("chat.said")
    assert light.frames >= light.deliveries >= 1
    light.close()


async def test_viewers_stay_while_a_vanished_publisher_comes_back(
    server: Selling, api: Api, sale: Sale
) -> None:
    broadcast, _, _ = sale
    key = (await api.create_stream_key(broadcast))["key"]
    whip, whep = f"{server.url}/whip/{broadcast}", f"{server.url}/whep/{broadcast}"
    picture = TestPicture(640, 360)
    numbers = []
    viewer = Viewer(whep, lambda frame, at: numbers.append(read_counter(frame)), patience_s=20)
    publisher = Publisher(whip, key, video=picture)
    await publisher.start()
    async with await Channel.connect(server.url, broadcast) as channel, viewer:
        await viewer.wait_frames(10)
        assert set(numbers) - {None} <= set(picture.made_ns)
        await publisher.vanish()
        await channel.wait_for("broadcast.paused")
        async with Publisher(whip, key, video=TestPicture(640, 360)):
            await channel.wait_for("broadcast.resumed")
            await viewer.wait_frames(viewer.frames + 10)


async def test_light_peers_lose_nothing_through_the_server(
    server: Selling, api: Api, sale: Sale
) -> None:
    broadcast, _, _ = sale
    key = (await api.create_stream_key(broadcast))["key"]
    publisher = LightPublisher(f"{server.url}/whip/{broadcast}", key)
    await publisher.start()
    viewers = [LightViewer(f"{server.url}/whep/{broadcast}", patience_s=10) for _ in range(3)]
    for viewer in viewers:
        await viewer.start()
        viewer.restart_measurement()
    for viewer in viewers:
        packets = 300
        await viewer.wait_packets(packets)
        while not viewer.sender_reports:
            packets += 50
            await viewer.wait_packets(packets)
        assert (viewer.lost, viewer.peer.undecipherable) == (0, 0)
        assert len(viewer.delays_ns) == viewer.packets
        await viewer.close()
    assert publisher.feedbacks
    await publisher.close()


async def test_a_seller_is_invited_and_sees_own_orders_only(
    server: Selling, api: Api, sale: Sale
) -> None:
    broadcast, card, _ = sale
    neighbour = await api.create_farm({"zh": "邻居"}, {"zh": "尤溪"})
    made = await api.invite("seller", [card["lot"]["farm"]["id"]], "Lin")
    other = await api.invite("seller", [neighbour["id"]])
    async with Api(server.url) as seller, Api(server.url) as stranger:
        session = await seller.accept(made["url"], "lin", "a good password")
        assert (session["role"], len(session["farms"])) == ("seller", 1)
        await stranger.accept(other["url"], "wu", "a good password")
        with pytest.raises(ApiProblem) as again:
            await stranger.accept(made["url"], "mei", "a good password")
        assert again.value.slug == "invitation-over"
        cookie = seller.cookie
        async with await Channel.connect(server.url, broadcast, cookie=cookie) as channel:
            await stranger.commands(broadcast).order("k" * 16, order(card))
            placed = await channel.wait_for("order.placed")
        assert "buyer" not in placed.data
        assert [each["farm"] for each in placed.data["lines"]] == session["farms"]
        assert len(await seller.orders(broadcast)) == 1
        assert await stranger.orders(broadcast) == []
        with pytest.raises(ApiProblem):
            await seller.create_account("mei", "host")
    found = (await api.audit_entries(limit=10))["deeds"]
    deeds = [deed for deed in found if deed["action"].startswith("invitation.")]
    assert [deed["action"] for deed in deeds[:3]] == [
        "invitation.accept",
        "invitation.accept",
        "invitation.add",
    ]


async def test_a_blocked_buyer_is_refused_and_the_operator_sees_why(
    server: Selling, api: Api, sale: Sale
) -> None:
    broadcast, card, _ = sale
    async with Api(server.url) as buyer:
        await api.block("phone", "never pays", value="+86 138 0000 0000")
        with pytest.raises(ApiProblem) as blocked:
            await buyer.commands(broadcast).order("k" * 16, order(card))
    assert blocked.value.slug == "blocked"
    (refusal,) = await api.refusals()
    assert (refusal["what"], refusal["reason"]) == ("blocked", "never pays")

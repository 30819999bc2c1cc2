"""What crew and viewers do by the clients, on the channel and over HTTP, with a real server."""

import pytest
from tests.client.selling import PRICE, body, selling
from tests.support.money import cny

from farmlive.client import Api, Channel, ChannelProblem
from farmlive.settings import Settings


async def test_crew_and_viewer_on_the_channel(settings: Settings, tables: None) -> None:
    async with (
        selling(settings) as (url, key, _api, broadcast, offer),
        await Channel.connect(url, broadcast, key=key) as host,
        await Channel.connect(url, broadcast) as viewer,
    ):
        pinned = await host.pin(offer)
        assert (await viewer.wait_for("card.pinned", offer=offer)).seq == pinned["seq"]
        assert (await viewer.open_card(offer))["offer"]["id"] == offer
        await viewer.react(3)
        said = await viewer.say("something rude", nickname="A Qiang")
        mute = await host.mute(said["seq"], "ten_minutes")
        assert mute["nickname"] == "A Qiang"
        with pytest.raises(ChannelProblem) as caught:
            await viewer.say("more")
        assert caught.value.slug == "muted"
        await host.unmute(mute["id"])
        await viewer.say("sorry")
        await host.hide(said["seq"])
        await viewer.wait_for("chat.hidden", message=said["seq"])
        card = await host.change_offer(offer, price=cny(PRICE - 1000), list_price=cny(PRICE))
        assert (card["price"]["amount"], card["list_price"]["amount"]) == (PRICE - 1000, PRICE)
        with pytest.raises(ChannelProblem) as caught:
            await host.change_offer(offer, price={"amount": 290, "currency": "USD"})
        assert (caught.value.slug, caught.value.body["currency"]) == ("wrong-currency", "CNY")
        placed = await viewer.order("k" * 16, body(offer, 1, price=PRICE - 1000))
        assert placed["number"] == "A0001"
        await host.unpin()
        assert (await host.unpin())["seq"] is None


async def test_crew_and_viewer_over_http(settings: Settings, tables: None) -> None:
    async with (
        selling(settings) as (url, _key, api, broadcast, offer),
        Api(url) as viewer,
        await Channel.connect(url, broadcast) as channel,
    ):
        crew, anyone = api.commands(broadcast), viewer.commands(broadcast)
        pinned = await crew.pin(offer)
        assert (await channel.wait_for("card.pinned", offer=offer)).seq == pinned["seq"]
        assert (await anyone.open_card(offer))["offer"]["id"] == offer
        await anyone.react(3)
        said = await anyone.say("something rude", "A Qiang")
        mute = await crew.mute(said["seq"], "ten_minutes")
        await crew.unmute(mute["id"])
        await crew.hide(said["seq"])
        await channel.wait_for("chat.hidden", message=said["seq"])
        key = "k" * 16
        stock = await crew.release(offer, 2, key=key)
        assert await crew.release(offer, 2, key=key) == stock
        assert stock["released"] == 5
        card = await crew.change_offer(offer, price=cny(PRICE - 1000))
        assert card["price"]["amount"] == PRICE - 1000
        right = await crew.correct(offer)
        assert (right["was"], right["price"]["amount"]) == (card["price"], PRICE)
        await channel.wait_for("offer.changed", corrected=True)
        await crew.unpin()
        await channel.wait_for("card.unpinned", offer=offer)

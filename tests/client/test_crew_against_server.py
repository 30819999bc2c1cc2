"""What crew and viewers do by the clients, on the channel and over HTTP, with a real server."""

import pytest

from farmlive.client import Api, Channel, ChannelProblem

from .selling import PRICE, body, selling


async def test_crew_and_viewer_on_the_channel(settings, tables):
    async with (
        selling(settings) as (url, key, _api, broadcast, offer),
        await Channel.connect(url, broadcast, key=key) as host,
        await Channel.connect(url, broadcast) as viewer,
    ):
        pinned = await host.pin(offer)
        assert (await viewer.wait_for("card.pinned", offer=offer)).seq == pinned["seq"]
        assert (await viewer.open_card(offer))["offer"]["offer"] == offer
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
        card = await host.change_offer(offer, price=PRICE - 1000, list_price=PRICE)
        assert (card["price"]["amount"], card["list_price"]["amount"]) == (PRICE - 1000, PRICE)
        placed = await viewer.order("k" * 16, body(offer, 1, price=PRICE - 1000))
        assert placed["number"] == "A0001"
        await host.unpin()
        assert (await host.unpin())["seq"] is None


async def test_crew_and_viewer_over_http(settings, tables):
    async with (
        selling(settings) as (url, _key, api, broadcast, offer),
        Api(url) as viewer,
        await Channel.connect(url, broadcast) as channel,
    ):
        pinned = await api.pin_card(broadcast, offer)
        assert (await channel.wait_for("card.pinned", offer=offer)).seq == pinned["seq"]
        assert (await viewer.open_card(broadcast, offer))["offer"]["offer"] == offer
        await viewer.react(broadcast, 3)
        said = await viewer.say(broadcast, "something rude", "A Qiang")
        mute = await api.mute(broadcast, said["seq"], "ten_minutes")
        await api.unmute(broadcast, mute["id"])
        await api.hide_message(broadcast, said["seq"])
        await channel.wait_for("chat.hidden", message=said["seq"])
        key = "k" * 16
        stock = await api.release_offer(broadcast, offer, 2, key)
        assert await api.release_offer(broadcast, offer, 2, key) == stock
        assert stock["released"] == 5
        card = await api.change_offer(broadcast, offer, price=PRICE - 1000)
        assert card["price"]["amount"] == PRICE - 1000
        right = await api.correct_offer(broadcast, offer)
        assert (right["was"], right["price"]["amount"]) == (card["price"], PRICE)
        await channel.wait_for("offer.changed", corrected=True)
        await api.unpin_card(broadcast)
        await channel.wait_for("card.unpinned", offer=offer)

"""Flash batches, waiting lists, wrong prices, moves and claims through the clients, against the
real server.
"""

import io

import pytest
from PIL import Image
from tests.client.selling import PRICE, body, lines, selling
from tests.support.money import cny

from farmlive.client import Api, ApiProblem, Channel, ChannelProblem
from farmlive.settings import Settings

pytestmark = pytest.mark.usefixtures("tables")

CHEAP = 1990


async def test_who_waits_is_told_of_the_box_that_comes(settings: Settings) -> None:
    async with (
        selling(settings) as (url, key, _, broadcast, offer),
        await Channel.connect(url, broadcast, key=key) as host,
        await Channel.connect(url, broadcast) as viewer,
    ):
        held = await host.hold("h" * 16, lines(offer, 3))
        waits = await viewer.join_waitlist(offer, 2)
        assert waits == {"offer": offer, "quantity": 2, "place": 1, "waiting": 2}
        await host.wait_for("wait.changed", offer=offer, waiting=2)
        async with await Channel.connect(url, broadcast) as late:
            assert late.snapshot is not None
            (card,) = late.snapshot["offers"]
            assert (card["left"], card["waiting"]) == (0, 2)
        await host.drop_hold(held["id"])
        mine = await viewer.wait_for("order.held", waited=True)
        assert (await host.wait_for("stock.changed", left=1)).data["held"] == 2
        placed = await viewer.call(
            "order.place", key="p" * 16, **body(offer, 2, order=mine.data["order"])
        )
        assert placed["id"] == mine.data["order"]


async def test_one_waits_by_http_and_leaves(settings: Settings) -> None:
    async with selling(settings) as (url, _, api, broadcast, offer), Api(url) as buyer:
        await api.commands(broadcast).order("o" * 16, body(offer, 3))
        assert (await buyer.commands(broadcast).join_waitlist(offer, 1))["place"] == 1
        (wait,) = await buyer.waits(broadcast)
        assert (wait["offer"], wait["quantity"]) == (offer, 1)
        async with await Channel.connect(url, broadcast, cookie=buyer.cookie) as channel:
            await channel.leave_waitlist(offer)
        assert await buyer.waits(broadcast) == []
        await buyer.commands(broadcast).join_waitlist(offer, 1)
        await buyer.commands(broadcast).leave_waitlist(offer)
        assert (await api.offers(broadcast))[0]["waiting"] == 0


async def test_a_flash_batch_runs_and_is_ended(settings: Settings) -> None:
    async with (
        selling(settings) as (url, key, api, broadcast, offer),
        await Channel.connect(url, broadcast, key=key) as host,
        await Channel.connect(url, broadcast) as viewer,
    ):
        batch = await host.flash(offer, cny(CHEAP), 2, 60, per_buyer=1)
        assert batch["state"] == "running"
        told = await viewer.wait_for("flash.started", flash=batch["id"])
        assert told.data["price"] == {"amount": CHEAP, "currency": "CNY"}
        await viewer.call("order.place", key="p" * 16, **body(offer, 1, CHEAP))
        with pytest.raises(ChannelProblem) as caught:
            await viewer.call("order.place", key="q" * 16, **body(offer, 1, CHEAP))
        assert caught.value.slug == "limit-reached"
        await host.end_flash(batch["id"])
        await viewer.wait_for("flash.ended", flash=batch["id"], why="host")
        at = batch["starts_at"] + 3_600_000
        for _ in range(2):
            later = await api.commands(broadcast).flash(
                offer, cny(CHEAP), 1, 60, key="f" * 16, starts_at=at
            )
        assert later["state"] == "planned"
        assert (await api.commands(broadcast).end_flash(later["id"]))["state"] == "ended"
        assert [it["why"] for it in await api.flashes(broadcast)] == ["host", "host"]
        # Its price was a mistake, as it turns out.
        assert (await host.end_flash(batch["id"], wrong=True))["why"] == "wrong"
        told = await host.wait_for("flash.corrected", flash=batch["id"])
        assert (told.data["price"]["amount"], told.data["orders"]) == (CHEAP, 1)
        (found,) = (await api.mispriced(broadcast, offer))["prices"]
        assert (found["flash"], len(found["orders"])) == (batch["id"], 1)
        again = await api.commands(broadcast).end_flash(batch["id"], wrong=True)
        assert again["why"] == "wrong"


async def test_a_release_is_done_once_a_key(settings: Settings) -> None:
    async with (
        selling(settings) as (url, key, api, broadcast, offer),
        await Channel.connect(url, broadcast, key=key) as host,
    ):
        (before,) = await api.offers(broadcast)
        for again in ("r" * 16, "r" * 16, "s" * 16):
            await host.release(offer, 5, key=again)
        await host.release(offer, -2)
        (card,) = await api.offers(broadcast)
        assert card["released"] == before["released"] + 8


async def test_a_wrong_price_is_put_right(settings: Settings) -> None:
    async with (
        selling(settings) as (url, key, api, broadcast, offer),
        await Channel.connect(url, broadcast, key=key) as host,
        await Channel.connect(url, broadcast) as viewer,
    ):
        await host.call("offer.change", offer=offer, price=cny(29))
        placed = await viewer.call("order.place", key="p" * 16, **body(offer, 1, 29))
        held = await viewer.hold("h" * 16, lines(offer, 1, 29))
        answer = await host.correct(offer)
        assert (answer["price"]["amount"], answer["orders"]) == (PRICE, 1)
        told = await viewer.wait_for("order.held", corrected=True)
        assert told.data["total"]["amount"] == PRICE
        with pytest.raises(ChannelProblem) as caught:
            await viewer.call("order.place", key="q" * 16, **body(offer, 1, 29, held["id"]))
        assert caught.value.slug == "price-changed"
        (found,) = (await api.mispriced(broadcast, offer))["prices"]
        assert [order["id"] for order in found["orders"]] == [placed["id"]]
        assert (await host.correct(offer, cny(3990), honour=True))["held"] == 1


async def test_orders_are_moved_together_and_back(settings: Settings) -> None:
    async with selling(settings) as (_, _, api, broadcast, offer):
        first = await api.commands(broadcast).order("a" * 16, body(offer, 1))
        second = await api.commands(broadcast).order("b" * 16, body(offer, 1))
        await api.cancel_order(second["token"])
        both = [first["id"], second["id"]]
        move = await api.move_orders(broadcast, both, state="packed")
        assert [order["state"] for order in move["moved"]] == ["packed"]
        assert [it["order"] for it in move["refused"]] == [second["id"]]
        back = await api.undo_move(broadcast, move["id"])
        assert [order["state"] for order in back["moved"]] == ["placed"]


async def test_a_refund_counts_once_a_key_and_is_put_right(settings: Settings) -> None:
    async with selling(settings) as (_, _, api, broadcast, offer):
        placed = await api.commands(broadcast).order("a" * 16, body(offer, 1))
        for _ in range(2):
            off = await api.refund_order(broadcast, placed["id"], cny(300), "Small", key="b" * 16)
            assert off["refunded"]["amount"] == 300
        back = await api.reverse_order_step(
            broadcast, placed["id"], "It was 30 cents", refund=off["refund"]
        )
        assert back["refunded"]["amount"] == 0
        await api.change_order_state(broadcast, placed["id"], "packed")
        back = await api.reverse_order_step(broadcast, placed["id"], "Another", state="placed")
        assert back["state"] == "placed"


async def test_a_claim_with_a_photo_is_answered(settings: Settings) -> None:
    async with selling(settings) as (url, _, api, broadcast, offer), Api(url) as buyer:
        placed = await buyer.commands(broadcast).order("a" * 16, body(offer, 1))
        for state in ("packed", "shipped", "received"):
            await api.change_order_state(broadcast, placed["id"], state)
        await api.mark_order_paid(broadcast, placed["id"])
        file = io.BytesIO()
        Image.new("RGB", (64, 64), "orange").save(file, "JPEG")
        photo = await buyer.claim_photo(placed["token"], file.getvalue())
        order = await buyer.claim(placed["token"], "Four are squashed", [photo["id"]])
        (claim,) = order["claims"]
        (found,) = await api.claims(broadcast, "open")
        assert found["id"] == placed["id"]
        answered = await api.answer_claim(broadcast, claim["id"], "Sorry for that", amount=cny(500))
        assert answered["refunded"]["amount"] == 500
        assert await api.claims(broadcast, "open") == []
        assert len(await api.claims(broadcast)) == 1
        with pytest.raises(ApiProblem):
            await api.answer_claim(broadcast, claim["id"], "Once more", refuse=True)

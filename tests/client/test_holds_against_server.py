"""Holds, steps of an order and the catalogue through the clients, against the real server."""

import pytest
from tests.client.selling import PRICE, body, lines, selling
from tests.support.money import cny

from farmlive.client import Api, Channel, ChannelProblem
from farmlive.settings import Settings

pytestmark = pytest.mark.usefixtures("tables")


async def test_a_hold_is_kept_from_others_placed_and_led_to_its_end(settings: Settings) -> None:
    async with selling(settings, 6) as (url, key, api, broadcast, offer):
        async with (
            await Channel.connect(url, broadcast, key=key) as host,
            await Channel.connect(url, broadcast) as viewer,
            await Channel.connect(url, broadcast) as other,
        ):
            held = await viewer.hold("h" * 16, lines(offer, 3))
            assert (await host.wait_for("order.held")).data["until"] == held["until"]
            assert (await other.wait_for("stock.changed")).data["left"] == 3
            with pytest.raises(ChannelProblem) as caught:
                await other.hold("o" * 16, lines(offer, 4))
            assert caught.value.slug == "sold-out"
            placed = await viewer.call(
                "order.place", key="p" * 16, **body(offer, 2, order=held["id"])
            )
            assert placed["id"] == held["id"]
            assert (await other.wait_for("stock.changed")).data["left"] == 4

            order = placed["id"]
            assert (await api.change_order_state(broadcast, order, "packed"))["state"] == "packed"
            await viewer.wait_for("order.packed", order=order, state="packed")
            await api.change_order_state(broadcast, order, "shipped")
            assert (await api.mark_order_paid(broadcast, order))["payment"] == "paid"
            await viewer.wait_for("order.paid", payment="paid")
            back = await api.refund_order(broadcast, order, cny(100), "One was bruised")
            assert back["payment"] == "part_refunded"
            told = await viewer.wait_for("order.refunded")
            assert told.data["amount"] == {"amount": 100, "currency": "CNY"}
        found = await api.orders(broadcast, state="shipped")
        assert [item["id"] for item in found] == [order]
        assert await api.orders(broadcast, state="placed") == []


async def test_a_hold_is_given_back_by_channel_and_by_http(settings: Settings) -> None:
    async with selling(settings, 4) as (url, _, api, broadcast, offer):
        async with Api(url) as buyer:
            held = await buyer.commands(broadcast).hold("a" * 16, lines(offer, 2))
            assert (await api.offers(broadcast))[0]["held"] == 2
            async with await Channel.connect(url, broadcast, cookie=buyer.cookie) as channel:
                assert channel.welcome is not None
                (order,) = channel.welcome["snapshot"]["orders"]
                assert (order["id"], order["until"]) == (held["id"], held["until"])
                await channel.drop_hold(held["id"])
                await channel.wait_for("order.cancelled", order=held["id"])
            again = await buyer.commands(broadcast).hold("b" * 16, lines(offer, 1))
            await buyer.commands(broadcast).drop_hold(again["id"])
        (shown,) = await api.offers(broadcast)
        assert (shown["held"], shown["left"]) == (0, 4)


async def test_a_hold_runs_out_by_itself(settings: Settings) -> None:
    soon = settings.model_copy(update={"hold_minutes": 0.2 / 60})
    async with (
        selling(soon, 6) as (url, _, _, broadcast, offer),
        await Channel.connect(url, broadcast) as viewer,
    ):
        held = await viewer.hold("a" * 16, lines(offer, 3))
        await viewer.wait_for("order.expired", order=held["id"])
        assert (await viewer.wait_for("stock.changed", left=6)).data["held"] == 0


async def test_a_buyer_cancels_by_the_token(settings: Settings) -> None:
    async with selling(settings) as (url, _, api, broadcast, offer):
        async with Api(url) as buyer:
            placed = await buyer.commands(broadcast).order("a" * 16, body(offer, 2))
            order = await buyer.cancel_order(placed["token"], "Ordered twice")
        assert order["state"] == "cancelled"
        (shown,) = await api.offers(broadcast)
        assert (shown["left"], shown["lot"]["sold_g"]) == (3, 0)


async def test_staff_keep_the_catalogue_and_arrange_the_bag(settings: Settings) -> None:
    async with selling(settings) as (_, _, api, broadcast, offer):
        (card,), (product,) = await api.offers(broadcast), await api.products()
        changed = await api.change_product(product["id"], name={"zh": "", "en": "Small kumquats"})
        assert changed["name"]["en"] == "Small kumquats"
        lot = card["lot"]["id"]
        second = await api.create_offer(broadcast, lot, cny(PRICE), 1, product=product["id"])
        arranged = await api.arrange_bag(broadcast, [second["id"], offer])
        assert [item["id"] for item in arranged] == [second["id"], offer]
        assert {item["name"]["en"] for item in arranged} == {"Small kumquats"}
        assert (await api.change_product(product["id"], archived=True))["archived"]
        assert [item["id"] for item in await api.products()] == [product["id"]]

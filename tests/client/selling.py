"""What clients that sell and buy are tried against: a real server, some boxes of one offer."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from tests.support.money import cny

from farmlive.client import Api
from farmlive.server import running as served
from farmlive.settings import Settings

NAME = {"zh": "金桔", "en": "Kumquats"}
UNIT = {"zh": "箱", "en": "box"}
PRICE = 2990


@contextlib.asynccontextmanager
async def selling(
    settings: Settings, boxes: int = 3
) -> AsyncIterator[tuple[str, str, Api, str, str]]:
    """A server that runs, its key, its API, a live broadcast and the offer in it."""
    async with served(settings) as server:
        _, key = await server.house.people.create_api_key("test", "coordinator")
        async with Api(server.url, key=key) as api:
            farm = await api.create_farm(NAME, NAME)
            lot = await api.create_lot(farm["id"], "1", NAME, "2026-11-20T08:00:00+08:00", 50_000)
            product = await api.create_product(farm["id"], NAME, UNIT, 2500)
            broadcast = (await api.create_broadcast(NAME))["id"]
            card = await api.create_offer(
                broadcast, lot["id"], cny(PRICE), boxes, product=product["id"]
            )
            await api.start(broadcast)
            yield server.url, key, api, broadcast, card["id"]


def lines(offer: str, quantity: int, price: int = PRICE) -> list[dict[str, Any]]:
    return [{"offer": offer, "quantity": quantity, "price": price}]


def body(offer: str, quantity: int, price: int = PRICE, order: str | None = None) -> dict[str, Any]:
    return {
        "order": order,
        "lines": lines(offer, quantity, price),
        "buyer": {"name": "Wang Fang", "phone": "13800000000"},
        "delivery": {"way": "parcel", "address": "Meixian, Youxi"},
        "payment": "cash_on_delivery",
    }

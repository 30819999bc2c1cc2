"""Devices with a past order: what a test gives to buyers of whom it does not matter."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, insert

from farmlive.clock import now_ms
from farmlive.ids import token, ulid
from farmlive.shop.core.order_tables import orders
from farmlive.store import Store


async def have_ordered(store: Store, broadcast: str, devices: Iterable[str]) -> None:
    """Give each of the devices an order of that broadcast that was packed and received."""
    rows: list[dict[str, Any]] = [
        {
            "id": ulid(),
            "broadcast": broadcast,
            "number": number,
            "token_hash": token(),
            "device": device,
            "buyer": f"buyer on {device}",
            "buyer_name": "王小明",
            "buyer_phone": "13800000000",
            "way": "parcel",
            "address": "尤溪县 溪口村",
            "payment_method": "cash_on_delivery",
            "state": "received",
            "payment": "paid",
            "total": 1,
            "fee": 0,
            "currency": "CNY",
            "simulated": False,
            "placed_at": now_ms() - 86_400_000,
        }
        for number, device in enumerate(devices, 1)
    ]

    def write(connection: Connection) -> None:
        connection.execute(insert(orders), rows)

    await store.write(write)

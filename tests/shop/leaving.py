"""A buyer who wants to be forgotten, and her orders."""

from typing import Any

from sqlalchemy import Connection, select

from farmlive.store import Store, metadata

from .ordering import enter, pay

PHONE = "13855501234"
NAME = "李大花"
PLACE = "联合乡 竹林村 7 号"
MAIL = "lidahua@example.org"
WORDS = (NAME, PHONE, "竹林村", MAIL, "压坏", "不好意思", "350426")
BUYER = {"name": NAME, "phone": PHONE, "email": MAIL}
TO = {"way": "parcel", "address": PLACE, "region": "350426"}


async def over(stall: Any, quantity: int = 1, **change: Any) -> Any:
    """An order of hers that was received and paid for."""
    placed = await stall.place(quantity, **{"buyer": BUYER, "delivery": TO, **change})
    for state in ("packed", "shipped", "received"):
        await enter(stall, placed, state)
    await pay(stall, placed)
    return placed


async def everything(store: Store) -> str:
    """All that stands in any table."""

    def read(connection: Connection) -> str:
        tables = metadata.tables.values()
        return "\n".join(
            f"{table.name} {tuple(row)}"
            for table in tables
            for row in connection.execute(select(table))
        )

    return await store.read(read)

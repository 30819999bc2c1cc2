"""Answers as older code kept them with their keys: an object's id by the name of its kind."""

from typing import Any

from sqlalchemy import Connection, select, update

from farmlive.shop.core.order_tables import order_keys
from farmlive.store import Store


async def kept(store: Store, key: str) -> dict[str, Any]:
    """Return what is kept with a key."""

    def read(connection: Connection) -> Any:
        wanted = select(order_keys.c.answer).where(order_keys.c.key == key)
        return connection.execute(wanted).scalar_one()

    found: dict[str, Any] = await store.read(read)
    return found


async def make_older(store: Store, key: str, kind: str) -> None:
    """Have what is kept with a key be as older code kept it."""
    answer = await kept(store, key)
    answer = {kind: answer.pop("id"), **answer}
    older = update(order_keys).where(order_keys.c.key == key).values(answer=answer)
    await store.write(lambda connection: connection.execute(older) and None)

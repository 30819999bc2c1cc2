"""Answers that older code kept with their keys are given in today's shape: the id of their object
is its `id`.
"""

from typing import Any

from sqlalchemy import Connection, select, update

from farmlive.ids import token
from farmlive.shop.order_tables import order_keys

from .flashing import end, plan


async def kept(stall: Any, key: str) -> dict[str, Any]:
    def read(connection: Connection) -> Any:
        wanted = select(order_keys.c.answer).where(order_keys.c.key == key)
        return connection.execute(wanted).scalar_one()

    found: dict[str, Any] = await stall.store.read(read)
    return found


async def make_older(stall: Any, key: str, kind: str) -> None:
    """Have what is kept with a key be as it was when its object named its id by its kind."""
    answer = await kept(stall, key)
    answer = {kind: answer.pop("id"), **answer}
    older = update(order_keys).where(order_keys.c.key == key).values(answer=answer)
    await stall.store.write(lambda connection: connection.execute(older))


async def test_a_flash_batch_that_is_planned_again(stall: Any) -> None:
    key = token()
    flash = await plan(stall, key=key)
    await make_older(stall, key, "flash")
    await end(stall, flash)
    assert await plan(stall, key=key) == flash

"""Tills of other settings, and the rows of their orders."""

from typing import Any

from sqlalchemy import select
from tests.shop.conftest import pseudonym

from farmlive.settings import Settings
from farmlive.shop.checkout.till import Till
from farmlive.shop.core.order_tables import orders


async def row_of(stall: Any, order: str) -> Any:
    query = select(orders).where(orders.c.id == order)
    return await stall.store.read(lambda connection: connection.execute(query).one())


def till(stall: Any, settings: Settings, **change: Any) -> Till:
    """A till of other settings."""
    return Till(
        stall.store,
        stall.log,
        settings.model_copy(update=change),
        pseudonym=pseudonym,
        address_pseudonym=pseudonym,
        limits=stall.limits,
        blocks=stall.blocks,
        rush=stall.shop.rush,
        ordered=stall.shop.allocation.allocate_after_order,
    )

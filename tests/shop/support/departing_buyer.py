"""A buyer who wants to be forgotten, and her orders."""

from typing import Any

import pytest
from sqlalchemy import Connection, select
from tests.shop.support import sent_notices
from tests.shop.support.claims import answer, claim, kept
from tests.shop.support.orders import enter, pay, refund
from tests.support.parts import pages_of, people_of
from tests.support.waiting import until

from farmlive.pages.person import PersonPage
from farmlive.people import Guard
from farmlive.people.core.caller import Caller
from farmlive.settings import Settings
from farmlive.shop.core.order_tables import orders
from farmlive.shop.privacy.erasing import OrderScope
from farmlive.shop.privacy.export import Draw
from farmlive.store import Store, metadata

PHONE = "13855501234"
NAME = "李大花"
PLACE = "联合乡 竹林村 7 号"
MAIL = "lidahua@example.org"
WORDS = (NAME, PHONE, "竹林村", MAIL, "压坏", "不好意思", "350426")
BUYER = {"name": NAME, "phone": PHONE, "email": MAIL}
COORDINATOR = Caller("01ACCOUNT", "Lin", "coordinator", "Lin's device", "192.0.2.9")
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


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"notices": ("file",), "notice_gather_minutes": 0})


async def nothing_waits(stall: Any) -> None:
    """Every message was sent, or what it told was overtaken."""

    async def is_so() -> bool:
        return set(await sent_notices.states(stall)) <= {"sent", "void"}

    await until(is_so, "every message was sent")


@pytest.fixture
async def full(stall: Any) -> Any:
    """An order with all that a person may leave with it, whose messages were sent."""
    await stall.shop.notices.start()
    placed = await over(stall)
    made = await claim(stall, placed, text="压坏了", photos=[await kept(stall, placed)])
    await answer(stall, made.claims[-1], amount=100, answer="不好意思")
    await refund(stall, placed, 100)
    await nothing_waits(stall)
    yield placed
    await stall.shop.notices.stop()


def drawn(stall: Any, settings: Settings) -> Draw:
    """What draws the page to read of an export."""
    guard = Guard(people_of(stall.store, settings))
    return PersonPage(pages_of(settings, guard), settings).draw


async def of_phone(stall: Any, phone: str = PHONE) -> OrderScope:
    return OrderScope(buyers=tuple((await stall.shop.persons._claimed(phone)).buyers))


async def erase(stall: Any, whose: OrderScope, by: Caller = COORDINATOR) -> int:
    return await stall.shop.persons.erase(by, whose, "role")  # type: ignore[no-any-return]


async def erase_phone(stall: Any) -> int:
    return await erase(stall, await of_phone(stall))


async def row_of(stall: Any, placed: Any) -> Any:
    query = select(orders).where(orders.c.id == placed["id"])
    return await stall.store.read(lambda connection: connection.execute(query).one())

"""Notices that a limit held back: staff read them and may send them all the same.

Why one was held is limits.py's; how it then goes, notices.py's.
"""

from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import Connection, Row, bindparam, literal_column, select, update

from farmlive.clock import now_ms, rfc3339
from farmlive.edge.paging import Listing, Page
from farmlive.people import Caller
from farmlive.people.core.audit import note
from farmlive.problems import NotFound
from farmlive.shop.core.due_scheduler import DueScheduler
from farmlive.shop.core.models import order_number
from farmlive.shop.core.order_tables import orders
from farmlive.shop.notices.tables import notices
from farmlive.store import Store

HeldBy = Literal["number", "address", "block", "prefix", "unheard"]

_IS_HELD = notices.c.state == literal_column("'held'")  # as its index has it
_NOTICE = select(notices, orders.c.number, orders.c.broadcast).join(
    orders, orders.c.id == notices.c.order
)
_ONE = _NOTICE.where(notices.c.id == bindparam("of_notice"))
_RELEASE = update(notices).where(notices.c.id == bindparam("of_notice"), _IS_HELD)


class UnknownNotice(NotFound):
    """No notice to a buyer has that id."""

    slug = "unknown-notice"
    title = "There is no such notice"


class HeldNotice(BaseModel):
    """A notice that was held back.

    `at` is RFC 3339, `to` a phone number or a mail address, `number` what people call its order,
    `order`. `held_by` says which limit it was: `number` (notices to this one), `address` or `block`
    (notices caused from one), `prefix` (a number of a country that strangers can't have told), or
    `unheard` (an order called off of which its buyer was never told). `state` is `held`, and
    `waiting`, `sent` or `failed` once staff have sent it.
    """

    id: str
    at: str
    kind: str
    broadcast: str
    order: str
    number: str
    to: str
    held_by: HeldBy
    state: str


class HeldNotices(Listing):
    """Notices that are held back, the latest first."""

    notices: list[HeldNotice]


class Held:
    """Reads what is held back, and lets it go."""

    def __init__(self, store: Store, alarm: DueScheduler):
        self._store = store
        self._alarm = alarm

    async def all(self, page: Page) -> HeldNotices:
        """Those that are held back now, the latest first."""
        query = _NOTICE.where(_IS_HELD).order_by(notices.c.id.desc()).limit(page.rows)
        if page.after is not None:
            query = query.where(notices.c.id < page.after[1])

        def read(connection: Connection) -> HeldNotices:
            rows = connection.execute(query).all()
            listed, following = page.cut(rows, lambda row: (0, row.id))
            return HeldNotices(notices=[_answer(row) for row in listed], next=following)

        return await self._store.read(read)

    async def send(self, caller: Caller, notice: str) -> HeldNotice:
        """Send one all the same; one that is on its way already stays as it is.

        From then on it is staff's, and no limit counts it. Raises UnknownNotice.
        """

        def write(connection: Connection) -> HeldNotice:
            row = connection.execute(_ONE, {"of_notice": notice}).one_or_none()
            if row is None or row.held_by is None:
                raise UnknownNotice("Nothing was sent: no such message was held back.")
            now = now_ms()
            released = connection.execute(
                _RELEASE.values(state="waiting", cause="staff", next_at=now), {"of_notice": notice}
            )
            if released.rowcount:
                self._alarm.set(connection, now)
                note(connection, caller, "notice.send", row.order, broadcast=row.broadcast)
            return _answer(connection.execute(_ONE, {"of_notice": notice}).one())

        return await self._store.write(write)


def _answer(row: Row[Any]) -> HeldNotice:
    return HeldNotice(
        id=row.id,
        at=rfc3339(row.created_at),
        kind=row.kind,
        broadcast=row.broadcast,
        order=row.order,
        number=order_number(row.number),
        to=row.person,
        held_by=row.held_by,
        state=row.state,
    )

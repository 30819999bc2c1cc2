"""Notices that a limit held back: staff can read and send them.

limits.py holds them back; notices.py sends them.
"""

from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import Connection, Row, bindparam, literal_column, select, update

from farmlive.clock import now_ms, rfc3339
from farmlive.edge.paging import Page, PageQuery
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.problems import NotFound
from farmlive.shop.core.due_scheduler import DueScheduler
from farmlive.shop.core.models import order_number
from farmlive.shop.core.order_tables import orders
from farmlive.shop.notices.tables import notices
from farmlive.store import Store

HeldBy = Literal["number", "address", "block", "prefix", "unheard"]

_IS_HELD = notices.c.state == literal_column("'held'")  # as the partial index has it
_NOTICE = select(notices, orders.c.number, orders.c.broadcast).join(
    orders, orders.c.id == notices.c.order
)
_ONE = _NOTICE.where(notices.c.id == bindparam("of_notice"))
_RELEASE = update(notices).where(notices.c.id == bindparam("of_notice"), _IS_HELD)


class UnknownNotice(NotFound):
    """No notice has that id."""

    slug = "unknown-notice"
    title = "There is no such notice"


class HeldNotice(BaseModel):
    """A notice that a limit held back.

    `at` is RFC 3339, `to` a phone number or an e-mail address, `number` the number of its order,
    `order` the order's id. `held_by` names the limit: `number` (notices to this recipient),
    `address` or `block` (notices caused from one IP address or block), `prefix` (a number in a
    country outside the setting), or `unheard` (a cancelled order of whose placing the buyer was
    never notified). `state` is `held`, or `waiting`, `sent` or `failed` once staff have sent it.
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


class HeldNotices(Page):
    """Notices that are held back, the latest first."""

    notices: list[HeldNotice]


class HeldNoticeQueue:
    """Lists and sends notices that are held back."""

    def __init__(self, store: Store, scheduler: DueScheduler):
        self._store = store
        self._scheduler = scheduler

    async def list_held(self, page: PageQuery) -> HeldNotices:
        """List the notices that are held back, the latest first."""
        query = _NOTICE.where(_IS_HELD).order_by(notices.c.id.desc()).limit(page.fetch_limit)
        if page.after is not None:
            query = query.where(notices.c.id < page.after[1])

        def read(connection: Connection) -> HeldNotices:
            rows = connection.execute(query).all()
            listed, following = page.take(rows, lambda row: (0, row.id))
            return HeldNotices(notices=[_answer(row) for row in listed], next=following)

        return await self._store.read(read)

    async def send(self, caller: Caller, notice: str) -> HeldNotice:
        """Send a notice; one that is being sent stays unchanged.

        From then on it counts as caused by staff, without limits. Raises UnknownNotice.
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
                self._scheduler.announce(connection, now)
                record_action(connection, caller, "notice.send", row.order, broadcast=row.broadcast)
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

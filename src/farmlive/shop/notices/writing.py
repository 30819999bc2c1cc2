"""Writes notices, in the transaction of an order's event: recipient, kind, and the message that
combines it.

A stranger's notice is limited (limits.py) and due at once. A notice of staff waits for others to
the same person, to be combined; a stopped lot sends them early. notices.py sends them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, literal_column, select, update

from farmlive.broadcast.events import (
    OrderAtCentre,
    OrderEvent,
    OrderPacked,
    OrderRefunded,
    OrderShipped,
    OrderStep,
)
from farmlive.broadcast.log import Event, Log
from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.settings import Settings
from farmlive.shop.core.due_scheduler import DueScheduler
from farmlive.shop.core.notice_kinds import (
    CORRECTED,
    KINDS,
    OF_MONEY,
    OF_STATE,
    REFUND_CORRECTED,
    STOPPED,
    STRANGER,
    TOLD,
    kind_of,
)
from farmlive.shop.core.order_tables import order_changes, orders
from farmlive.shop.notices.limits import Sender, StrangerLimits, normalize_recipient
from farmlive.shop.notices.providers import Provider
from farmlive.shop.notices.tables import notices
from farmlive.store import Store, hot, tally

# Events that may cause or correct a notice.
HEARD = (*TOLD, OrderPacked.kind)
# Limits whose held notices may be for made-up recipients.
MADE_UP = ("prefix", "address", "block", "unheard")
# Most notices per message; a further one starts a new message. A number rarely has that many orders
# at a time.
TOGETHER = 50
# Buyers of a stopped lot may be about to collect or eat it: they are notified as soon as all orders
# of a person, which are stopped at once, are in one message.
STOPPED_WAITS_MS = 2_000

_ORDER = hot(
    select(
        orders.c.buyer_phone,
        orders.c.buyer_email,
        orders.c.simulated,
        orders.c.account.is_not(None).label("by_staff"),
    ).where(orders.c.id == bindparam("order"))
)
_INSERT = hot(insert(notices), own=True)
_WAS_TOLD = notices.c.state != literal_column("'held'")
_LAST = (
    select(notices.c.seq)
    .where(notices.c.order == bindparam("order"), notices.c.kind.in_(OF_STATE), _WAS_TOLD)
    .order_by(notices.c.seq.desc())
    .limit(1)
)
_TOLD_OF_MONEY = select(notices.c.seq).where(
    notices.c.order == bindparam("order"), notices.c.kind.in_(OF_MONEY), _WAS_TOLD
)
_BEFORE = select(notices.c.state, notices.c.held_by).where(
    notices.c.order == bindparam("order"),
    notices.c.provider == bindparam("by_provider"),
    notices.c.person == bindparam("to_person"),
)
# For a recipient, as the partial index of open messages has it.
_GATHERS = (
    notices.c.recipient == bindparam("to_recipient"),
    notices.c.cause == literal_column("'staff'"),
    notices.c.state == literal_column("'waiting'"),
)
# An open message to the person: one that was not tried yet, since the result of that try would be
# unclear.
_OPEN = hot(
    select(notices.c.message, func.max(notices.c.next_at).label("next_at"))
    .where(
        *_GATHERS,
        notices.c.person == bindparam("to_person"),
        notices.c.provider == bindparam("by_provider"),
        notices.c.tries == 0,
        notices.c.next_at > bindparam("now"),
    )
    .group_by(notices.c.message)
    .having(func.count() < TOGETHER)
    .order_by(notices.c.message.desc())
    .limit(literal_column("1"))
)
_HASTEN = (
    update(notices)
    .where(*_GATHERS, notices.c.message == bindparam("of_message"))
    .values(next_at=bindparam("at"))
)
_latest = order_changes.alias("latest")
# The states that the order's latest action undid.
_TAKEN_BACK = select(order_changes.c.state).where(
    order_changes.c.order == bindparam("of"),
    order_changes.c.undone,
    order_changes.c.move
    == select(_latest.c.move)
    .where(_latest.c.order == bindparam("of"))
    .order_by(_latest.c.change.desc())
    .limit(1)
    .scalar_subquery(),
)


class Contact(NamedTuple):
    """Contact data of an order's buyer, whether staff or a clerk placed it, and the sender
    where a stranger acts now; code that places or cancels an order stores this for the transaction.
    """

    phone: str
    email: str | None
    simulated: bool
    by_staff: bool
    sender: Sender | None = None


def store_contact(connection: Connection, order: str, contact: Contact) -> None:
    """Store the contact data of the order's buyer, for notices of this transaction."""
    tally(connection).set_note(("reached", order), contact)


class NoticeWriter:
    """Handles the log's order events and writes their notices."""

    def __init__(
        self,
        store: Store,
        log: Log,
        settings: Settings,
        providers: Sequence[Provider],
        scheduler: DueScheduler,
    ):
        self._log = log
        self._providers = providers
        self._scheduler = scheduler
        self._gather_ms = settings.notice_gather_ms
        self._limits = StrangerLimits(settings, store)
        if providers:
            for kind in HEARD:
                log.add_handler(kind, self._on_event)

    def _on_event(self, connection: Connection, event: Event) -> None:
        told = event.model()
        assert isinstance(told, OrderEvent)  # HEARD has no other kinds
        step = told if isinstance(told, OrderStep) else None
        if step and step.passed:  # not true any more when the notice is read
            return
        reached = _read_contact(connection, told.order)
        if reached is None or reached.simulated:  # a dropped hold, or a simulated buyer of the demo
            return
        kind: str | None = kind_of(told, by_staff=reached.by_staff)
        if step and step.undone:
            kind = self._correction(connection, event.broadcast, step)
        elif event.kind not in TOLD or (isinstance(told, OrderRefunded) and told.claim):
            kind = None  # the notice of the claim's answer includes its refund
        if kind is None:
            return
        for person in filter(None, (reached.phone, reached.email)):
            for provider in self._providers:
                if provider.can_reach(person):
                    self._write(
                        connection,
                        told.order,
                        event.seq,
                        kind,
                        provider.name,
                        person,
                        reached.sender,
                    )

    def _correction(self, connection: Connection, broadcast: str, step: OrderStep) -> str | None:
        """Return the kind of notice for undone transitions, or None.

        A correction, if a notice was written for one of them; or the notice of the state that the
        order is in again, if its own was skipped.
        """
        order, state = step.order, step.state
        if isinstance(step, OrderRefunded):
            told = connection.execute(_TOLD_OF_MONEY, {"order": order}).first()
            return None if told is None else REFUND_CORRECTED
        last = connection.execute(_LAST, {"order": order}).scalar()
        if last is None:
            return None
        (said,) = self._log.events(connection, broadcast, after=last - 1, limit=1)
        before = said.model()
        believed = before.state if isinstance(before, OrderEvent) else None
        taken_back = connection.execute(_TAKEN_BACK, {"of": order}).scalars().all()
        if believed == state:
            return None
        if believed in taken_back:
            return CORRECTED
        return step.kind if isinstance(step, OrderShipped | OrderAtCentre) else None

    def _write(
        self,
        connection: Connection,
        order: str,
        seq: int,
        kind: str,
        provider: str,
        person: str,
        sender: Sender | None,
    ) -> None:
        now, notice = now_ms(), ulid()
        row: dict[str, Any] = {
            "id": notice,
            "order": order,
            "kind": kind,
            "seq": seq,
            "provider": provider,
            "person": person,
            "recipient": normalize_recipient(person),
            "cause": KINDS[kind].cause,
            "message": notice,
            "next_at": now,
            "created_at": now,
            "state": "waiting",
            "held_by": None,
        }
        if row["cause"] == STRANGER:
            held_by = self._limits.held_by(connection, person, sender, now)
            if held_by is not None:
                row |= {"state": "held", "held_by": held_by}
        else:
            self._combine(connection, row)
        connection.execute(_INSERT, row)
        if row["state"] == "waiting":  # held notices are not due
            self._scheduler.announce(connection, row["next_at"])

    def _combine(self, connection: Connection, row: dict[str, Any]) -> None:
        """Combine a notice of staff with others to the person: let it wait for them, or add it to
        an open message. A stopped lot makes the message due early.
        """
        to = {"by_provider": row["provider"], "to_person": row["person"]}
        if row["kind"] == "order.cancelled":
            of_order = {"order": row["order"], **to}
            before = connection.execute(_BEFORE, of_order).all()
            # Otherwise cancelling the orders of a flood would send a flood of notices to made-up
            # numbers. A recipient over their own limit still gets this, combined in one message.
            if before and all(each.state == "held" and each.held_by in MADE_UP for each in before):
                row |= {"state": "held", "held_by": "unheard"}
        if row["state"] == "waiting" and self._gather_ms:
            urgent = row["kind"] == STOPPED
            row["next_at"] += min(self._gather_ms, STOPPED_WAITS_MS) if urgent else self._gather_ms
            asked = {**to, "to_recipient": row["recipient"], "now": row["created_at"]}
            if (found := connection.execute(_OPEN, asked).one_or_none()) is not None:
                row |= {"message": found.message, "next_at": min(found.next_at, row["next_at"])}
                if row["next_at"] < found.next_at:
                    hastened = {
                        "to_recipient": row["recipient"],
                        "of_message": found.message,
                        "at": row["next_at"],
                    }
                    connection.execute(_HASTEN, hastened)


def _read_contact(connection: Connection, order: str | None) -> Contact | None:
    known: Contact | None = tally(connection).note(("reached", order))
    if known is not None:
        return known
    row = connection.execute(_ORDER, {"order": order}).one_or_none()
    return None if row is None else Contact(*row)

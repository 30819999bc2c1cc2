"""Notices: what buyers hear of their orders by telephone or e-mail, each thing once.

A notice is written in the transaction of the order's event, and sent by a task afterwards, on one
server or several: at least once, and twice only where its provider can't tell after a crash, or
after the database was away from one server for as long as a lease, and not from another. What it
says is notices_words.py's, how it is brought the providers'.
"""

import asyncio
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from farmlive.bilingual import Bilingual
from farmlive.broadcast.log import Event, Log
from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.settings import Settings
from farmlive.shop.alarm import Alarm
from farmlive.shop.models import order_number
from farmlive.shop.notices_file import Outbox
from farmlive.shop.notices_kinds import CORRECTED, OF_MONEY, REFUND_CORRECTED, TOLD, kind_of
from farmlive.shop.notices_providers import Notice, NotNow, NotTaken, NotThere, Provider
from farmlive.shop.notices_smtp import Mail
from farmlive.shop.notices_words import Facts, write
from farmlive.shop.tables import centres, notices, order_changes, orders
from farmlive.store import Store, hot, tally

# Events that may put right what a buyer was told.
HEARD = (*TOLD, "order.packed")

# For so long a server that took a notice may be sending it; then it is taken for dead.
LEASE_MS = 60_000
# Pauses between tries double, from the first to the last; then no more is tried.
FIRST_PAUSE_MS = 5_000
LAST_PAUSE_MS = 3_600_000
TRIES = 48
STOP_S = 5

_ORDER = hot(
    select(
        orders.c.buyer_phone,
        orders.c.buyer_email,
        orders.c.simulated,
        orders.c.account.is_not(None).label("by_staff"),
    ).where(orders.c.id == bindparam("order"))
)
_INSERT = hot(insert(notices), own=True)
_LAST = (
    select(notices.c.seq)
    .where(
        notices.c.order == bindparam("order"),
        notices.c.kind.not_in(OF_MONEY),
    )
    .order_by(notices.c.seq.desc())
    .limit(1)
)
_TOLD_OF_MONEY = select(notices.c.seq).where(
    notices.c.order == bindparam("order"), notices.c.kind.in_(OF_MONEY)
)
_latest = order_changes.alias("latest")
# What the last deed with the order took back.
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
_TO_SEND = notices.c.state.in_(("waiting", "sending"))
_NEXT = select(func.min(notices.c.next_at)).where(
    _TO_SEND, notices.c.provider.in_(bindparam("of_providers", expanding=True))
)
_due = notices.alias("due")
# Taken by one server alone: those that share a database write by turns.
_TAKE = (
    update(notices)
    .where(
        notices.c.id.in_(
            select(_due.c.id)
            .where(
                _due.c.state.in_(("waiting", "sending")),
                _due.c.next_at <= bindparam("now"),
                _due.c.provider == bindparam("of_provider"),
            )
            .order_by(_due.c.next_at, _due.c.id)
            .limit(bindparam("most"))
        )
    )
    .values(state="sending", tries=notices.c.tries + 1, next_at=bindparam("until"))
    .returning(notices)
)
# Of one that is still as it was taken: kept late, or again where it was not known that it was, it
# must not put back what another server has taken since.
_PUT = update(notices).where(
    notices.c.id == bindparam("notice"),
    notices.c.state == "sending",
    notices.c.next_at == bindparam("lease"),
)
_SENT = (
    update(notices)
    .where(notices.c.id.in_(bindparam("brought", expanding=True)))
    .values(state="sent", sent_at=bindparam("now"))
)
_PUT_OFF = (
    update(notices)
    .where(
        notices.c.provider == bindparam("of_provider"),
        notices.c.state == "waiting",
        notices.c.next_at < bindparam("until"),
    )
    .values(next_at=bindparam("until"))
)
_OF_ORDERS = (
    select(orders, centres.c.name.label("centre_name"))
    .outerjoin(centres, centres.c.id == orders.c.centre)
    .where(orders.c.id.in_(bindparam("told", expanding=True)))
)
# Of which something was taken off before it was paid.
_TAKEN_OFF = select(order_changes.c.order).where(
    order_changes.c.order.in_(bindparam("told", expanding=True)),
    order_changes.c.payment == "due",
    order_changes.c.refund.is_not(None),
    ~order_changes.c.undone,
)
_COUNTS = select(notices.c.state, func.count().label("notices")).group_by(notices.c.state)

_log = structlog.get_logger(__name__)


def providers(settings: Settings) -> list[Provider]:
    """The providers that the settings name."""
    made: dict[str, Provider] = {}
    if "file" in settings.notices:
        made["file"] = Outbox(settings.data / "outbox")
    if "smtp" in settings.notices:
        made["smtp"] = Mail(settings.smtp_url.get_secret_value(), settings.smtp_from)
    return list(made.values())


class Reached(NamedTuple):
    """How an order's buyer is reached, and whether someone signed in placed the order; who takes
    the order lets the transaction's tally know.
    """

    phone: str
    email: str | None
    simulated: bool
    by_staff: bool


@dataclass(frozen=True)
class Done:
    """What came of a notice, its row as it was taken: how it stands, and until when its provider
    can't bring any.
    """

    row: Row[Any]
    values: dict[str, Any]
    quiet_until: int | None = None

    @property
    def is_sent(self) -> bool:
        """It was brought."""
        return bool(self.values["state"] == "sent")


class Notices:
    """Writes notices as the log tells of orders, and sends them; `alarm` is for the task."""

    def __init__(
        self, store: Store, log: Log, settings: Settings, through: Sequence[Provider] | None = None
    ):
        self._store = store
        self._log = log
        self._url = settings.url
        self._through = providers(settings) if through is None else list(through)
        # What is left of a provider that is there no more waits for it.
        self._names = {"of_providers": [provider.name for provider in self._through]}
        self._failures: dict[str, int] = {}
        # What came of notices and is not kept yet, by the provider's name.
        self._done: dict[str, list[Done]] = {name: [] for name in self._names["of_providers"]}
        self._under_way: set[asyncio.Task[None]] = set()
        self._stops = False
        self.alarm = Alarm(
            store,
            self._due,
            self.send,
            "notices were not sent; trying again",
        )
        if self._through:
            for kind in HEARD:
                log.hear(kind, self._heard)

    async def start(self) -> None:
        """Send from now on, what an earlier run left too."""
        self._stops = False
        if self._through:
            await self.alarm.start()

    async def stop(self) -> None:
        """Send no more, what is under way aside; who starts next goes on."""
        self._stops = True
        await self.alarm.stop()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=STOP_S)
        for late in self._under_way:
            late.cancel()
        for provider in self._through if not self._under_way else ():
            await asyncio.to_thread(provider.close)

    async def counts(self) -> Mapping[str, int]:
        """How many wait, were sent, and were given up: by `waiting`, `sent`, `failed`."""

        def read(connection: Connection) -> dict[str, int]:
            found = {row.state: row.notices for row in connection.execute(_COUNTS)}
            waiting = found.get("waiting", 0) + found.get("sending", 0)
            done = {state: found.get(state, 0) for state in ("sent", "failed")}
            return {"waiting": waiting, **done}

        return await self._store.read(read)

    async def send(self) -> None:
        """Try all that is due, by each provider its own, one after the other.

        It ends once all have: none is begun anew meanwhile, for a provider does one at a time.
        Raises what kept one of them from going on.
        """
        sending = [asyncio.create_task(self._send_by(provider)) for provider in self._through]
        for each in sending:  # a notice that is being sent is not left in the middle
            self._under_way.add(each)
            each.add_done_callback(self._under_way.discard)
        ended = await asyncio.shield(asyncio.gather(*sending, return_exceptions=True))
        for error in ended:
            if error is not None:
                raise error

    # In the transaction of an order's event.

    def _heard(self, connection: Connection, event: Event) -> None:
        if event.data.get("passed"):  # by the time that it is read, it is so no more
            return
        reached = _reached(connection, event.data.get("order"))
        if reached is None or reached.simulated:  # a hold given up, or one of the demo's people
            return
        kind: str | None = kind_of(event.kind, event.data, by_staff=reached.by_staff)
        if event.data.get("undone"):
            kind = self._correction(connection, event)
        elif event.kind not in TOLD or ("claim" in event.data and event.kind == "order.refunded"):
            kind = None  # a claim's answer tells of its refund
        if kind is None:
            return
        for person in filter(None, (reached.phone, reached.email)):
            for provider in self._through:
                if provider.reach(person):
                    self._write(connection, event, kind, provider.name, person)

    def _correction(self, connection: Connection, event: Event) -> str | None:
        """What is told where steps were undone.

        That it was wrong, if it was told of one of them; or what was only passed and now is so.
        """
        order, state = event.data["order"], event.data["state"]
        if event.kind == "order.refunded":
            told = connection.execute(_TOLD_OF_MONEY, {"order": order}).first()
            return None if told is None else REFUND_CORRECTED
        last = connection.execute(_LAST, {"order": order}).scalar()
        if last is None:
            return None
        (said,) = self._log.events(connection, event.broadcast, after=last - 1, limit=1)
        believed = said.data.get("state")
        taken_back = connection.execute(_TAKEN_BACK, {"of": order}).scalars().all()
        if believed == state:
            return None
        if believed in taken_back:
            return CORRECTED
        return event.kind if event.kind in ("order.shipped", "order.at_centre") else None

    def _write(
        self, connection: Connection, event: Event, kind: str, provider: str, person: str
    ) -> None:
        now = now_ms()
        connection.execute(
            _INSERT,
            {
                "id": ulid(),
                "order": event.data["order"],
                "kind": kind,
                "seq": event.seq,
                "provider": provider,
                "person": person,
                "state": "waiting",
                "next_at": now,
                "created_at": now,
            },
        )
        self.alarm.set(connection, now)

    # Afterwards.

    def _due(self, connection: Connection) -> int | None:
        """When something is to be done: what is not kept yet, at once."""
        due: int | None = connection.execute(_NEXT, self._names).scalar()
        return now_ms() if any(self._done.values()) else due

    async def _send_by(self, provider: Provider) -> None:
        """Each turn is one write: it keeps what came of some notices, and takes the next.

        A turn that fails may have been kept or not: the next one keeps the same, which it may.
        """
        done = self._done[provider.name]
        while True:
            turn = partial(self._turn, provider=provider, done=tuple(done))
            taken = await self._store.write(turn)
            done.clear()
            if not taken:
                return
            for row, notice in taken:
                done.append(await self._try(provider, row, notice))
                if (until := done[-1].quiet_until) is not None:
                    # It can't bring the others either, which were not tried.
                    rest = {"state": "waiting", "next_at": until}
                    late = taken[len(done) :]
                    done += [Done(row, {**rest, "tries": row.tries - 1}) for row, _ in late]
                    break

    def _turn(
        self, connection: Connection, provider: Provider, done: Sequence[Done]
    ) -> list[tuple[Row[Any], Notice]]:
        now = now_ms()
        if brought := [each.row.id for each in done if each.is_sent]:
            connection.execute(_SENT, {"brought": brought, "now": now})
        for each in done:
            if not each.is_sent:
                as_taken = {"notice": each.row.id, "lease": each.row.next_at}
                connection.execute(_PUT.values(each.values), as_taken)
        quiet = [each.quiet_until for each in done if each.quiet_until is not None]
        if quiet:
            named = {"of_provider": provider.name, "until": max(quiet)}
            connection.execute(_PUT_OFF, named)
        if quiet or self._stops:
            return []
        taking = {"of_provider": provider.name, "now": now, "until": now + LEASE_MS}
        rows = connection.execute(_TAKE, {**taking, "most": provider.at_once}).all()
        return self._told_of(connection, sorted(rows, key=lambda row: row.id))

    async def _try(self, provider: Provider, row: Row[Any], notice: Notice) -> Done:
        """Send one, and tell what came of it."""
        pause = min(FIRST_PAUSE_MS << min(row.tries - 1, 20), LAST_PAUSE_MS)
        try:
            await asyncio.to_thread(provider.send, notice)
        except NotTaken as error:
            _log.warning("a notice is not taken", provider=provider.name, reason=str(error))
            return Done(row, {"state": "failed"})
        except NotNow as error:
            return self._unreachable(provider, row, str(error))
        except NotThere as error:
            _log.info("a notice waits", provider=provider.name, reason=str(error))
        except Exception as error:
            # A fault of ours: the next notice may be better, and this one is tried again.
            # What it says may name a person, so that only its kind and its place are logged.
            at = traceback.extract_tb(error.__traceback__)[-1]
            _log.error(
                "a notice was not sent",
                provider=provider.name,
                error=type(error).__name__,
                where=f"{at.filename}:{at.lineno}",
            )
        else:
            self._failures.pop(provider.name, None)
            return Done(row, {"state": "sent"})
        if row.tries >= TRIES:
            return Done(row, {"state": "failed"})
        return Done(row, {"state": "waiting", "next_at": now_ms() + pause})

    def _unreachable(self, provider: Provider, row: Row[Any], reason: str) -> Done:
        """Put all of the provider's off: it isn't tried notice by notice.

        This one stands behind the others the next time: it may itself be what can't be sent.
        """
        times = self._failures[provider.name] = self._failures.get(provider.name, 0) + 1
        until = now_ms() + min(FIRST_PAUSE_MS << min(times - 1, 20), LAST_PAUSE_MS)
        _log.warning("notices can't be sent at the moment", provider=provider.name, reason=reason)
        if row.tries >= TRIES:
            return Done(row, {"state": "failed"}, quiet_until=until)
        return Done(row, {"state": "waiting", "next_at": until + 1}, quiet_until=until)

    def _told_of(
        self, connection: Connection, rows: Sequence[Row[Any]]
    ) -> list[tuple[Row[Any], Notice]]:
        if not rows:
            return []
        named = {"told": sorted({row.order for row in rows})}
        of = {row.id: row for row in connection.execute(_OF_ORDERS, named)}
        less = set(connection.execute(_TAKEN_OFF, named).scalars())
        return [(row, self._notice(row, of[row.order], row.order in less)) for row in rows]

    def _notice(self, row: Row[Any], order: Row[Any], was_less: bool) -> Notice:
        facts = Facts(
            number=order_number(order.number),
            url=f"{self._url}/order/{order.token}",
            state=order.state,
            way=order.way,
            payment=order.payment,
            amount=order.total,
            refunded=order.refunded,
            currency=order.currency,
            centre=Bilingual(**order.centre_name) if order.centre_name else None,
            code=order.code,
            was_less=was_less,
        )
        return Notice(
            id=row.id,
            at=row.created_at,
            kind=row.kind,
            number=facts.number,
            person=row.person,
            language=order.language,
            said=write(row.kind, facts, order.language),
            url=facts.url,
        )


def _reached(connection: Connection, order: str | None) -> Reached | None:
    known: Reached | None = tally(connection).known(("reached", order))
    if known is not None:
        return known
    row = connection.execute(_ORDER, {"order": order}).one_or_none()
    return None if row is None else Reached(*row)

"""Notices: tells buyers by phone or e-mail about changes of their orders.

A notice is inserted in the transaction of the order's event, and sent later by a task on one of the
servers: at least once. It is sent twice only if its provider can't tell after a crash, or after one
server lost the database for longer than a lease while another did not. texts.py has the texts,
providers.py the providers' interface, queue.py the due notices.
"""

import asyncio
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, Row

from farmlive.bilingual import Bilingual
from farmlive.broadcast.log import Log
from farmlive.clock import HOUR_MS, now_ms
from farmlive.outages import Outages
from farmlive.settings import Settings
from farmlive.shop.core.due_scheduler import DueScheduler
from farmlive.shop.core.models import order_number
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.notices import combining, queue
from farmlive.shop.notices.held import HeldNoticeQueue
from farmlive.shop.notices.limits import StrangerLimits
from farmlive.shop.notices.outbox_file import Outbox
from farmlive.shop.notices.providers import (
    NoticeDeferred,
    NoticeRejected,
    Provider,
    ProviderUnavailable,
)
from farmlive.shop.notices.smtp import Mail
from farmlive.shop.notices.texts import Facts, Part
from farmlive.shop.notices.writing import NoticeWriter
from farmlive.store import Store

# Pauses between tries double, from FIRST_PAUSE_MS to LAST_PAUSE_MS; after TRIES it has failed.
FIRST_PAUSE_MS = 5_000
LAST_PAUSE_MS = HOUR_MS
TRIES = 48
_WHAT_TO_DO = {
    "file": "See that the disk of FARMLIVE_DATA takes files.",
    "smtp": "See that FARMLIVE_SMTP_URL is right, and that the mail server is there.",
}
STOP_S = 5
# How often expired counts are deleted.
FORGET_MS = 600_000
# Wait this long to send notices together, since each turn has a fixed cost.
GATHER_S = 0.2
# Orders go first until a notice is this late; then they take turns.
BEHIND_ORDERS_MS = 5_000

_log = structlog.get_logger(__name__)


def make_providers(settings: Settings) -> list[Provider]:
    """Return the providers that the settings name."""
    made: dict[str, Provider] = {}
    if "file" in settings.notices:
        made["file"] = Outbox(settings.data / "outbox")
    if "smtp" in settings.notices:
        made["smtp"] = Mail(settings.smtp_url.get_secret_value(), settings.smtp_from)
    return list(made.values())


@dataclass(frozen=True)
class OutgoingMessage:
    """The notices of one message; `head` is the first one, whose id the message has.

    The notices in `overtaken` are obsolete.
    """

    head: Row[Any]
    parts: tuple[str, ...]
    overtaken: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """The ids of all of its notices."""
        return (*self.parts, *self.overtaken)


class TakenMessages(NamedTuple):
    """The messages that a turn took, with their parts.

    `is_more`: more may be due. `is_late`: the first is so late that the next turn should not wait
    for orders.
    """

    messages: Sequence[tuple[OutgoingMessage, list[Part]]] = ()
    is_more: bool = False
    is_late: bool = False


@dataclass(frozen=True)
class SendResult:
    """The result of a message: its new values, and until when its provider is unavailable."""

    message: OutgoingMessage
    values: dict[str, Any]
    quiet_until: int | None = None

    @property
    def is_sent(self) -> bool:
        """Whether it was sent."""
        return bool(self.values["state"] == "sent")


class Notices:
    """Writes notices for the log's order events, and sends them.

    `scheduler` runs the sending; `held` has those that limits hold back.
    """

    def __init__(
        self,
        store: Store,
        log: Log,
        settings: Settings,
        providers: Sequence[Provider] | None = None,
        *,
        outages: Outages,
    ):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._url = settings.url
        self._providers = make_providers(settings) if providers is None else list(providers)
        # Notices of a provider that is not configured any more stay until it is.
        self._limits = StrangerLimits(settings, store)
        self._failures: dict[str, int] = {}
        self._outages = {
            provider.name: outages.register(
                f"notices_{provider.name}",
                lost=f"notices by {provider.name} can't be sent at the moment",
                back=f"notices by {provider.name} are sent again",
                what_to_do=_WHAT_TO_DO.get(provider.name, ""),
            )
            for provider in self._providers
        }
        # Results that are not stored yet, by provider.
        self._done: dict[str, list[SendResult]] = {each.name: [] for each in self._providers}
        self._sending: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self._forgets_at = 0
        self.scheduler = DueScheduler(
            store,
            self._due,
            self._send_due,
            "notices were not sent; trying again",
        )
        NoticeWriter(store, log, settings, self._providers, self.scheduler)
        self.held = HeldNoticeQueue(store, self.scheduler)

    @property
    def providers(self) -> Sequence[Provider]:
        """The configured providers."""
        return self._providers

    async def start(self) -> None:
        """Start to send, also what an earlier run left."""
        self._is_stopping = False
        if self._providers:
            await self.scheduler.start()

    async def stop(self) -> None:
        """Stop sending once the sends under way are done; the next server goes on."""
        self._is_stopping = True
        await self.scheduler.stop()
        if self._sending:
            await asyncio.wait(self._sending, timeout=STOP_S)
        for late in self._sending:
            late.cancel()
        for provider in self._providers if not self._sending else ():
            await asyncio.to_thread(provider.close)

    async def counts(self) -> Mapping[str, int]:
        """Count the notices that are `waiting`, `sent`, `failed` (given up) and `held` (held
        back).
        """
        return await self._store.read(queue.counts)

    async def send(self) -> None:
        """Send everything that is due, with all providers at the same time.

        It returns when all of them are done; a provider sends one message at a time. Raises the
        error of a provider that could not go on.
        """
        sending = [asyncio.create_task(self._send_by(provider)) for provider in self._providers]
        for each in sending:  # a notice that is being sent must not be interrupted
            self._sending.add(each)
            each.add_done_callback(self._sending.discard)
        ended = await asyncio.shield(asyncio.gather(*sending, return_exceptions=True))
        for error in ended:
            if error is not None:
                raise error

    # Sending.

    def _due(self, connection: Connection) -> int | None:
        """Return when the next thing is due: now, if results are not stored yet."""
        if any(self._done.values()):
            return now_ms()
        return queue.next_at(connection, self._done)

    async def _send_due(self) -> None:
        """Send what is due, and what becomes due within GATHER_S."""
        await asyncio.sleep(GATHER_S)
        await self.send()

    async def _send_by(self, provider: Provider) -> None:
        """Send a provider's notices in turns.

        Each turn is one write: it stores the last results and takes the next notices, until fewer
        than a full turn are due. Orders go first, up to a limit. A failed turn may have been
        committed or not: the next one stores the same results again, which is idempotent.
        """
        done = self._done[provider.name]
        taken = TakenMessages(is_more=True)
        while True:
            turn = partial(
                self._send_turn, provider=provider, done=tuple(done), takes=taken.is_more
            )
            patient = not (taken.is_late or self._is_stopping)
            taken = await self._store.write(turn, last=True, patient=patient)
            quiet = _quiet_until(done)
            done.clear()
            if quiet is not None:
                await self._postpone(provider, quiet)
            messages = taken.messages
            if not messages:
                return
            for first in range(0, len(messages), provider.together):
                done += await self._try(provider, messages[first : first + provider.together])
                if (until := done[-1].quiet_until) is not None:
                    # The other messages would fail too, and were not tried.
                    done += [_postponed(message, until) for message, _ in messages[len(done) :]]
                    break

    async def _postpone(self, provider: Provider, until: int) -> None:
        """Postpone all waiting notices of the provider, in steps."""
        some = partial(queue.postpone, provider=provider.name, until=until)
        while await self._store.write(some, last=True):
            pass

    def _send_turn(
        self, connection: Connection, provider: Provider, done: Sequence[SendResult], *, takes: bool
    ) -> TakenMessages:
        now = now_ms()
        queue.mark_sent(
            connection, [it for each in done if each.is_sent for it in each.message.parts], now
        )
        queue.mark_obsolete(
            connection, [it for each in done if each.is_sent for it in each.message.overtaken]
        )
        # Group messages with the same result, such as all that were not tried.
        back: dict[Any, list[str]] = {}
        for each in done:
            if not each.is_sent:
                as_taken = (each.message.head.next_at, *sorted(each.values.items()))
                back.setdefault(as_taken, []).extend(each.message.all)
        for (lease, *values), messages in back.items():
            queue.return_to_queue(connection, messages, lease, dict(values))
        if self._is_stopping or not takes or _quiet_until(done) is not None:
            return TakenMessages()
        if now >= self._forgets_at:
            self._limits.forget(connection, now)
            self._forgets_at = now + FORGET_MS
        due = queue.due(connection, provider.name, provider.at_once, now)
        rows = queue.take(connection, [row.id for row in due], now)
        return TakenMessages(
            self._messages(connection, rows),
            is_more=len(due) == provider.at_once,
            is_late=bool(due) and due[0].next_at < now - BEHIND_ORDERS_MS,
        )

    async def _try(
        self, provider: Provider, taken: Sequence[tuple[OutgoingMessage, list[Part]]]
    ) -> list[SendResult]:
        """Send some messages together, and return the result of each."""
        messages = [message for message, _ in taken]
        try:
            await asyncio.to_thread(_send, provider, taken)
        except NoticeRejected as error:
            _log.warning("a notice is not taken", provider=provider.name, reason=str(error))
            return [SendResult(message, {"state": "failed"}) for message in messages]
        except ProviderUnavailable as error:
            first, *rest = messages
            unreachable = self._unreachable(provider, first, str(error))
            return [
                *(_postponed(message, unreachable.quiet_until or 0) for message in rest),
                unreachable,
            ]
        except NoticeDeferred as error:
            _log.info("a notice waits", provider=provider.name, reason=str(error))
        except Exception as error:
            # An error of this program: another notice may work, and this one is tried again. Log
            # only the error's type and place, since its text may name a person.
            at = traceback.extract_tb(error.__traceback__)[-1]
            _log.error(
                "a notice was not sent",
                provider=provider.name,
                error=type(error).__name__,
                where=f"{at.filename}:{at.lineno}",
            )
            if len(taken) > 1:
                return [done for each in taken for done in await self._try(provider, [each])]
        else:
            self._failures.pop(provider.name, None)
            self._outages[provider.name].recovered()
            return [SendResult(message, {"state": "sent"}) for message in messages]
        return [_failed_try(message) for message in messages]

    def _unreachable(self, provider: Provider, message: OutgoingMessage, reason: str) -> SendResult:
        """Postpone all of the provider's notices instead of trying each.

        This one goes behind the others: it may itself be the cause.
        """
        times = self._failures[provider.name] = self._failures.get(provider.name, 0) + 1
        until = now_ms() + min(FIRST_PAUSE_MS << min(times - 1, 20), LAST_PAUSE_MS)
        self._outages[provider.name].failed(reason)
        if message.head.tries >= TRIES:
            return SendResult(message, {"state": "failed"}, quiet_until=until)
        return SendResult(message, {"state": "waiting", "next_at": until + 1}, quiet_until=until)

    def _messages(
        self, connection: Connection, rows: Sequence[Row[Any]]
    ) -> list[tuple[OutgoingMessage, list[Part]]]:
        """Return the messages of the taken notices; obsolete notices are marked as done."""
        if not rows:
            return []
        of, less = queue.orders_of(connection, rows)
        together: dict[str, list[Row[Any]]] = {}
        for row in rows:
            together.setdefault(row.message, []).append(row)
        messages = []
        for each in together.values():
            said = combining.still_relevant(each, {row.order: of[row.order].state for row in each})
            silent = tuple(row.id for row in each if row not in said)
            message = OutgoingMessage(each[0], tuple(row.id for row in said), silent)
            parts = [self._part(row, of[row.order], row.order in less) for row in said]
            messages.append((message, parts))
        queue.mark_obsolete(
            connection, [it for each, parts in messages if not parts for it in each.overtaken]
        )
        return [(message, parts) for message, parts in messages if parts]

    def _part(self, row: Row[Any], order: Row[Any], was_less: bool) -> Part:
        facts = Facts(
            number=order_number(order.number),
            url=f"{self._url}/order/{self._links.token_of(order)}",
            state=order.state,
            way=order.way,
            payment=order.payment,
            amount=order.total,
            refunded=order.refunded,
            currency=order.currency,
            centre=Bilingual(**order.centre_name) if order.centre_name else None,
            code=self._links.code_of(order),
            was_reduced=was_less,
        )
        return Part(row.kind, facts, order.language)


def _postponed(message: OutgoingMessage, until: int) -> SendResult:
    return SendResult(
        message, {"state": "waiting", "next_at": until, "tries": message.head.tries - 1}
    )


def _failed_try(message: OutgoingMessage) -> SendResult:
    tries = message.head.tries
    if tries >= TRIES:
        return SendResult(message, {"state": "failed"})
    pause = min(FIRST_PAUSE_MS << min(tries - 1, 20), LAST_PAUSE_MS)
    return SendResult(message, {"state": "waiting", "next_at": now_ms() + pause})


def _send(provider: Provider, taken: Sequence[tuple[OutgoingMessage, list[Part]]]) -> None:
    """Build the messages and send them, in a thread."""
    provider.send(*(combining.combine(message.head, parts) for message, parts in taken))


def _quiet_until(done: Iterable[SendResult]) -> int | None:
    """Return until when the provider is unavailable, or None."""
    return max((each.quiet_until for each in done if each.quiet_until is not None), default=None)

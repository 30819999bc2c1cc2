"""Mutes: ban a sender from the chat for ten minutes, for the show, or for 90 days in all
broadcasts.

A host mutes the sender of a message. The mute covers the sender's device, and similar nicknames
from the same block of IP addresses, since a cookie is easily thrown away. Blocks and likenesses are
stored as keyed pseudonyms only: with a message for a week, in a mute until its end.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select

from farmlive.broadcast.tables import broadcasts, chat_traces, mutes
from farmlive.clock import DAY_MS, MINUTE_MS, now_ms, rfc3339
from farmlive.ids import is_ulid, ulid
from farmlive.people import Caller
from farmlive.people.core.account_names import display_name
from farmlive.people.core.addresses import block_of
from farmlive.people.core.devices import Pseudonyms
from farmlive.people.core.nicknames import is_guest_name, likeness
from farmlive.people.core.problems import NicknameRefused
from farmlive.problems import Forbidden, NotFound

Duration = Literal["ten_minutes", "show", "ninety_days"]
_LENGTHS_MS: dict[Duration, int | None] = {
    "ten_minutes": 10 * MINUTE_MS,
    "show": None,
    "ninety_days": 90 * DAY_MS,
}
# How long after a message a mute by it can still match a sender without the cookie.
TRACED_MS = 7 * DAY_MS
SWEEP_S = 3_600.0
# Traces that one write transaction deletes, which bounds how long an order waits for it.
SWEPT_AT_ONCE = 1_000


class Muted(Forbidden):
    """A host muted this device, or a similar sender.

    For the muted device itself `until` is the end, None for the end of the show, and `everywhere`
    whether it applies to all broadcasts. For a similar sender there is only the `reason` that
    matched: the mute may be a neighbour's.
    """

    slug = "muted"
    title = "You can't write in this broadcast"


class UnknownMute(NotFound):
    """No mute with this id applies here, or not any more."""

    slug = "unknown-mute"
    title = "There is no such mute"


@dataclass(frozen=True)
class Trace:
    """The keyed pseudonyms that identify a sender again.

    `block` is None where the IP address is unknown.
    """

    device: str
    block: str | None
    likeness: str
    is_guest: bool


@dataclass(frozen=True)
class Mute:
    """A mute that applies.

    `until` and `at` are in milliseconds since 1970, `until` None for the end of the show; `message`
    is the `seq` of the message; `by` is the public display name of the person who muted.
    """

    id: str
    broadcast: str
    everywhere: bool
    device: str
    nickname: str
    message: int
    at: int
    until: int | None
    by: str


async def trace_of(pseudonyms: Pseudonyms, caller: Caller, nickname: str) -> Trace:
    """Return the trace of the caller under this nickname."""
    block = block_of(caller.address)
    return Trace(
        caller.device,
        None if block is None else await pseudonyms.of("block", block),
        await pseudonyms.of("likeness", likeness(nickname)),
        is_guest_name(nickname),
    )


def keep_trace(connection: Connection, broadcast: str, seq: int, trace: Trace) -> None:
    """Store the trace of a message's sender, for a week."""
    row = {
        "broadcast": broadcast,
        "seq": seq,
        "block": trace.block,
        "likeness": trace.likeness,
        "at": now_ms(),
    }
    connection.execute(insert(chat_traces), row)


def check(connection: Connection, broadcast: str, trace: Trace) -> None:
    """Raise Muted where a mute matches the sender.

    Raises NicknameRefused for a guest without a chosen name who may be the muted sender.
    """
    like = and_(mutes.c.block == trace.block, mutes.c.likeness == trace.likeness)
    same = mutes.c.device == trace.device
    query = select(mutes.c.device, mutes.c.until, mutes.c.everywhere).where(
        _applies_to(broadcast), same if trace.block is None else or_(same, like)
    )
    found = connection.execute(query).all()
    own = [row for row in found if row.device == trace.device]
    if own:
        raise _muted(max(own, key=lambda row: (row.everywhere, row.until is None, row.until or 0)))
    if found and trace.is_guest:
        raise NicknameRefused(
            "Nothing was sent: someone without a nickname was muted here. Choose a nickname of "
            "your own.",
            reason="guest",
        )
    if found:
        raise Muted(
            "Nothing was sent: someone with a nickname like this was muted here. If it was not "
            "you, choose another nickname. You can still watch and buy.",
            reason="likeness",
        )


def _muted(mute: Any) -> Muted:
    """Return the problem for the longest mute that matches the sender."""
    if mute.until is None:
        end = "until this broadcast ends"
    elif mute.everywhere:
        end = f"in all broadcasts until {rfc3339(mute.until)}"
    else:
        end = f"until {rfc3339(mute.until)}"
    return Muted(
        f"Nothing was sent: the host has muted you {end}. You can still watch and buy.",
        until=None if mute.until is None else rfc3339(mute.until),
        everywhere=mute.everywhere,
    )


def add(
    connection: Connection,
    broadcast: str,
    message: int,
    device: str,
    nickname: str,
    duration: Duration,
    by: str | None,
) -> Mute:
    """Mute the sender of a message; replaces a mute of the same device that applies here."""
    now = now_ms()
    connection.execute(delete(mutes).where(_applies_to(broadcast), mutes.c.device == device))
    query = select(chat_traces.c.block, chat_traces.c.likeness).where(
        chat_traces.c.broadcast == broadcast, chat_traces.c.seq == message
    )
    trace = connection.execute(query).one_or_none()
    length = _LENGTHS_MS[duration]
    row = {
        "id": ulid(),
        "broadcast": broadcast,
        "everywhere": duration == "ninety_days",
        "device": device,
        "block": trace.block if trace else None,
        "likeness": trace.likeness if trace else None,
        "nickname": nickname,
        "message": message,
        "at": now,
        "until": None if length is None else now + length,
        "by": by,
    }
    connection.execute(insert(mutes), row)
    (made,) = (each for each in list_mutes(connection, broadcast) if each.id == row["id"])
    return made


def list_mutes(connection: Connection, broadcast: str) -> list[Mute]:
    """List the mutes that apply to the broadcast, the latest first."""
    query = (
        select(mutes, display_name(mutes.c.by).label("display_name"))
        .where(_applies_to(broadcast))
        .order_by(mutes.c.id.desc())
    )
    return [
        Mute(
            row.id,
            row.broadcast,
            row.everywhere,
            row.device,
            row.nickname,
            row.message,
            row.at,
            row.until,
            row.display_name or "",
        )
        for row in connection.execute(query)
    ]


def end(connection: Connection, broadcast: str, mute: str) -> None:
    """End a mute that applies to the broadcast. Raises UnknownMute."""
    query = delete(mutes).where(_applies_to(broadcast), mutes.c.id == mute)
    if not is_ulid(mute) or not connection.execute(query).rowcount:
        raise UnknownMute("Nobody is muted under this identifier; the list shows who is.")


def count(connection: Connection) -> int:
    """Return the number of mutes that apply, over all broadcasts."""
    holds = or_(mutes.c.until.is_(None), mutes.c.until > now_ms())
    return connection.execute(select(func.count()).select_from(mutes).where(holds)).scalar_one()


def end_all(connection: Connection) -> None:
    """Delete all mutes: after a change of the pseudonym key they match nobody."""
    connection.execute(delete(mutes))


def sweep(connection: Connection) -> bool:
    """Delete expired mutes and a step of the expired traces. Return whether there may be more."""
    now = now_ms()
    over = select(broadcasts.c.id).where(broadcasts.c.state == "ended")
    connection.execute(delete(mutes).where(mutes.c.until <= now))
    connection.execute(delete(mutes).where(mutes.c.until.is_(None), mutes.c.broadcast.in_(over)))
    old = chat_traces.c.at <= now - TRACED_MS
    some = select(chat_traces.c.at).where(old).order_by(chat_traces.c.at).offset(SWEPT_AT_ONCE)
    next_at: int | None = connection.execute(some.limit(1)).scalar()
    upto = old if next_at is None else chat_traces.c.at <= next_at
    connection.execute(delete(chat_traces).where(upto))
    return next_at is not None


def _applies_to(broadcast: str) -> ColumnElement[bool]:
    here: Any = or_(mutes.c.broadcast == broadcast, mutes.c.everywhere)
    return and_(here, or_(mutes.c.until.is_(None), mutes.c.until > now_ms()))

"""Sign-ins: rate limits of wrong passwords, and the devices that have a limit of their own.

Owns the devices that an account signed in on, and the choice of limits; core/rate_limits.py counts.

With a limit per name alone, anyone could lock its owner out by guessing. So that limit applies to
strangers: a device on which the same account signed in before has its own limit. Passwords of the
form that the server generates, which can't be guessed, are counted only by IP and separately, so
that no neighbour's wrong passwords block them.
"""

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection, Select, delete, insert, select

from farmlive.clock import DAY_MS, now_ms
from farmlive.people.accounts.passwords import is_random_password
from farmlive.people.core import tables
from farmlive.people.core.addresses import block_of
from farmlive.people.core.caller import Caller
from farmlive.people.core.problems import PasswordChangeNeeded, PasswordOver, WrongPassword
from farmlive.people.core.rate_limits import RateLimits

# As long as browsers keep the device's cookie, and as many devices as one person may have.
KNOWN_MS = 400 * DAY_MS
DEVICES = 20
# Wrong passwords: a network (a /24 or a /48) may be an office, and may try ten times as many as one
# IP.
GUESSES_BLOCK_FACTOR = 10
WRONG = "wrong passwords"


def is_known(conn: Connection, account: str, device: str) -> bool:
    """Return whether the account has signed in on this device since its password was set."""
    query = known_devices_query(account).where(tables.account_devices.c.device == device)
    return conn.execute(query).first() is not None


def known_devices_query(account: str) -> Select[tuple[str]]:
    """Return the query of the devices that the account has signed in on."""
    table = tables.account_devices
    return select(table.c.device).where(
        table.c.account == account, table.c.at > now_ms() - KNOWN_MS
    )


def remember(conn: Connection, account: str, device: str) -> None:
    """Record a sign-in of the account on this device; above 20 the least recently used one is
    dropped.
    """
    table = tables.account_devices
    forget(conn, account, only=device)
    conn.execute(insert(table), {"account": account, "device": device, "at": now_ms()})
    older = (
        select(table.c.device)
        .where(table.c.account == account)
        .order_by(table.c.at.desc(), table.c.device.desc())
        .offset(DEVICES)
        .limit(DEVICES)
    )
    for each in conn.execute(older).scalars().all():
        forget(conn, account, only=each)


def forget(conn: Connection, account: str, *, only: str | None = None) -> None:
    """Forget the account's devices, or one of them, which then counts as a stranger's."""
    table = tables.account_devices
    query = delete(table).where(table.c.account == account)
    conn.execute(query if only is None else query.where(table.c.device == only))


def check_first(until: int | None, new_password: str | None) -> None:
    """Check a password that another person made.

    Raises PasswordOver if it expired (`until`), and PasswordChangeNeeded without a new one.
    """
    if until is not None and until <= now_ms():
        raise PasswordOver(
            "Nobody was signed in: it worked for 24 hours. Ask a coordinator for another, or the "
            "server's operator."
        )
    if new_password is None:
        raise PasswordChangeNeeded(
            "Nobody was signed in. Send a password of your own as `new_password`, beside this one."
        )


@contextlib.contextmanager
def counting_guesses(
    limits: RateLimits,
    per_minute: int,
    caller: Caller,
    name: str,
    password: str,
    known: str | None,
) -> Iterator[None]:
    """Count a WrongPassword that the block raises. Raises TooMany before the block runs.

    `name` is in accounts.py's canonical form. `known` is the account of that name if it signed in
    on the caller's device before: the device then has its own limit, which others' guesses don't
    use up.
    """
    if known is not None:
        with limits.failures(
            WrongPassword, per_minute, ("sign-in device", f"{caller.device} {known}"), of=WRONG
        ):
            yield
        return
    of_block = per_minute * GUESSES_BLOCK_FACTOR
    is_made = is_random_password(password)
    block, address = (
        None if each is None else f"{each} made" if is_made else each
        for each in (block_of(caller.address), caller.address)
    )
    with (
        limits.failures(WrongPassword, of_block, ("sign-in block", block), of=WRONG),
        limits.failures(
            WrongPassword,
            per_minute,
            ("sign-in address", address),
            ("sign-in name", None if is_made else name),
            of=WRONG,
        ),
    ):
        yield

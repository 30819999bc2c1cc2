"""Wrong codes of an authenticator app, counted per account over all servers.

Anyone who has the password could guess six digits in time: so wrong codes are counted in the
database, and after five consecutive ones each further one waits twice as long as the one before, up
to four hours. A device on which the account signed in before has its own count, and all others
share one, so that no stranger locks a known device out. Functions for the store.
"""

import math

from sqlalchemy import Connection, delete, insert, select, update

from farmlive.clock import HOUR_MS, MINUTE_MS, now_ms
from farmlive.people.core import tables
from farmlive.problems import TooMany

FREE = 5
LONGEST_MS = 4 * HOUR_MS
# The shared count of all devices on which the account has not signed in.
STRANGERS = ""


def wait_ms(tries: int) -> int:
    """Return for how long no code is accepted after this many consecutive wrong ones."""
    if tries < FREE:
        return 0
    return int(min(MINUTE_MS * 2 ** min(tries - FREE, 20), LONGEST_MS))


def count_try(conn: Connection, account: str, device: str) -> None:
    """Count a code before it is checked; `forget` follows a right one.

    `device` is one that the account knows, or STRANGERS. Raises TooMany, with Retry-After.
    """
    table = tables.factor_tries
    here = (table.c.account == account, table.c.device == device)
    # The UPDATE comes first: two attempts on two servers wait for each other.
    counted = conn.execute(update(table).where(*here).values(tries=table.c.tries + 1)).rowcount
    if not counted:
        conn.execute(
            insert(table), {"account": account, "device": device, "tries": 1, "next_at": 0}
        )
        return
    row = conn.execute(select(table).where(*here)).one()
    now = now_ms()
    # A clock that was ahead at the last attempt locks nobody out for longer than that.
    wait = min(row.next_at - now, LONGEST_MS)
    if wait > 0:
        seconds = math.ceil(wait / 1000)
        raise TooMany(
            "Too many wrong codes, so this one was not looked at, and nothing was changed. Try "
            f"again in {seconds} s, or with a recovery code, which is taken at once.",
            headers={"Retry-After": str(seconds)},
        )
    conn.execute(update(table).where(*here).values(next_at=now + wait_ms(row.tries)))


def forget(conn: Connection, account: str, device: str | None = None) -> None:
    """Reset the count after a right code on this device, or for all devices without one."""
    table = tables.factor_tries
    query = delete(table).where(table.c.account == account)
    conn.execute(query if device is None else query.where(table.c.device == device))

"""Replaces the keys of a database, if the key file was lost or others have read it.

Owns the order of steps: the new keys are on the disk before the database knows them, everything
that orders derive from keys is derived again in one transaction, and only then the new file
replaces the old one. After an interruption the same command continues. No server runs meanwhile.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from farmlive.broadcast import mutes
from farmlive.people import Caller
from farmlive.people.core import audit
from farmlive.people.core.devices import BUYER, pseudonym
from farmlive.people.factors import rekeying as factor_rekeying
from farmlive.people.factors.rekeying import Kept
from farmlive.people.moderation import blocklist
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.orders import rekeying as order_rekeying
from farmlive.shop.orders.rekeying import RekeyCounts
from farmlive.store import Store, alone
from farmlive.store import keys as stored
from farmlive.store.keys import KeyFile, Keys, KeysRefused

# For a million orders it takes less; nobody else waits.
WITHIN_S = 3_600.0


@dataclass(frozen=True)
class Outlook:
    """The effects of a replacement. `lost`: there is no key file, so that the pseudonyms' key is
    new, too (`pseudonyms`); only then the `blocked` devices and IPs and the `muted` viewers are
    deleted. Of `factors`, recovery codes end, and apps if the file is lost.
    """

    lost: bool
    pseudonyms: bool
    opened: RekeyCounts
    blocked: int
    muted: int
    factors: Kept


async def finish(store: Store, file: KeyFile) -> bool:
    """Continue a replacement that the database knows already; return whether there was one."""
    staged = file.staged.read()
    if staged is None:
        return False
    fingerprint, _ = await store.write(stored.known)
    if fingerprint == staged.fingerprint:
        file.promote()
        return True
    file.staged.path.unlink()  # the staged keys were never used
    return False


async def outlook(store: Store, file: KeyFile, *, pseudonyms: bool) -> Outlook:
    """Return what `replace` would end. Raises KeysRefused for a file of another database, and
    ServersRun.
    """

    def read(connection: Connection) -> Outlook:
        alone.require(connection)
        lost = _present(connection, file) is None
        both = pseudonyms or lost
        blocked, muted = blocklist.count_unnamed(connection), mutes.count(connection)
        factors = factor_rekeying.kept(connection)
        return Outlook(lost, both, order_rekeying.count_orders(connection), blocked, muted, factors)

    # Through the writer, so that this process has only one connection.
    return await store.write(read)


async def replace(store: Store, file: KeyFile, *, pseudonyms: bool, caller: Caller) -> Path | None:
    """Replace the keys; the pseudonyms' only if requested or lost.

    Returns the old file's new path, None if there was none. Raises KeysRefused, ServersRun, and the
    store's errors: then nothing is replaced.
    """

    def write(connection: Connection) -> None:
        alone.require(connection)
        old = _present(connection, file)
        both = pseudonyms or old is None
        new = file.staged.make(Keys.draw(None if old is None or both else old.pseudonyms))

        def of_buyer(number: str) -> str:
            return pseudonym(new.pseudonyms, BUYER, number)

        counted = order_rekeying.count_orders(connection)
        marks = order_rekeying.rekey(connection, OrderLinks(new.orders), of_buyer if both else None)
        factor_rekeying.rekey(connection, old, new)
        if both:
            blocklist.rename(connection, marks)
            mutes.end_all(connection)
        stored.take(connection, file, new)
        audit.record_action(
            connection,
            caller,
            "keys.replace",
            lost=old is None,
            pseudonyms=both,
            orders=counted.orders,
        )

    await store.write(write, within_s=WITHIN_S)
    return file.promote()


def _present(connection: Connection, file: KeyFile) -> Keys | None:
    """Return the keys to replace; None if they are lost. Raises KeysRefused."""
    keys = file.read()
    if keys is None:
        return None
    fingerprint, _ = stored.known(connection)
    if keys.fingerprint != fingerprint:
        raise KeysRefused(
            f"The keys in {file.path} are not those of this database. If you have those, put them "
            "there; if they are lost, move this file away and run the command again. Nothing was "
            "changed"
        )
    return keys

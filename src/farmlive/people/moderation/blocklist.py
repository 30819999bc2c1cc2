"""Blocks: devices, phones and IPs whose orders and messages are refused.

They are stored as pseudonyms. guard.py decides who may block; orders and chat call `check`.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from farmlive import phones
from farmlive.clock import now_ms
from farmlive.ids import is_ulid, ulid
from farmlive.people.core import audit, tables
from farmlive.people.core.addresses import block_of, normalize_ip
from farmlive.people.core.caller import Caller
from farmlive.people.core.devices import ADDRESS, BUYER, ERASED, MARK, Pseudonyms
from farmlive.people.core.lookups import Lookups
from farmlive.people.core.problems import Blocked, EveryonesAddress, NothingToBlock, UnknownBlock
from farmlive.people.moderation.models import BlockKind, NewBlock
from farmlive.people.moderation.refusals import Refusals
from farmlive.problems import Invalid, field_error
from farmlive.store import Store

# Seconds until another server's block applies here.
REREAD_S = 5.0
DEVICES_REMEMBERED = 20_000
# In place of the client's IP if an untrusted proxy hides it.
HIDDEN = "unix"
# The values of `Guard.address` for clients on this machine, or on a Unix socket.
OF_A_PROXY = ("127.0.0.1", "::1", HIDDEN)

OtherForms = Callable[[], Awaitable[Sequence[str]]]
"""Returns other pseudonyms to check."""


async def no_forms() -> Sequence[str]:
    """Return no other forms."""
    return ()


@dataclass(frozen=True)
class Block:
    """One block; `mark` is the pseudonym, `at` in milliseconds since 1970, `by` a name."""

    id: str
    kind: BlockKind
    mark: str
    reason: str
    at: int
    by: str
    order: str | None
    broadcast: str | None
    message: int | None


class Blocklist:
    """Creates and enforces blocks.

    No IP is stored with an order or a message; this server remembers, in memory, the pseudonym of
    the IP that a device last came from, so that an order can lead to it.
    """

    def __init__(
        self,
        store: Store,
        pseudonyms: Pseudonyms,
        refusals: Refusals,
        lookups: Lookups,
        country: str,
    ):
        self._store = store
        self._pseudonyms = pseudonyms
        self._refusals = refusals
        self._country = country
        self.lookups = lookups
        self._held: dict[tuple[str, str], Block] = {}
        self._read_at: float | None = None
        self._reading = asyncio.Lock()
        self._addresses: OrderedDict[str, str] = OrderedDict()

    async def check(
        self,
        *,
        device: str,
        phone: str | None = None,
        address: str | None,
        other_forms: OtherForms = no_forms,
    ) -> None:
        """Raise Blocked if one of the three is blocked.

        `phone` is the buyer's pseudonym; `other_forms` returns the pseudonyms of the number as
        earlier code wrote it, which old blocks may have. `address` is None if an untrusted proxy
        hides it.
        """
        mark = await self._pseudonyms.of(ADDRESS, address or HIDDEN)
        self._addresses[device] = mark
        self._addresses.move_to_end(device)
        if len(self._addresses) > DEVICES_REMEMBERED:
            self._addresses.popitem(last=False)
        held = await self._current()
        if not held:
            return
        others: Sequence[str] = ()
        if phone is not None and any(kind == "phone" for kind, _ in held):
            others = await other_forms()
        buyers = [("phone", form) for form in (phone, *others)]
        # Refusals by a network's limit are listed by network, so that the network can be blocked.
        network = await self._pseudonyms.of(ADDRESS, block_of(address) or HIDDEN)
        for who in (("device", device), *buyers, (ADDRESS, mark), (ADDRESS, network)):
            block = held.get(who)  # type: ignore[arg-type]
            if block is not None:
                self._refusals.blocked(block.kind, block.mark, block.reason)
                raise Blocked(
                    "Nothing was sent: orders and messages from here are not taken at the moment. "
                    "You can still watch. If this is a mistake, call the farm or the county."
                )

    async def add(self, caller: Caller, new: NewBlock) -> Block:
        """Block a device, phone or IP; an existing block gets the new reason.

        Raises Invalid, NothingToBlock, EveryonesAddress.
        """
        named = await self._named(new)
        everyones = {
            await self._pseudonyms.of(ADDRESS, str(each))
            for address in OF_A_PROXY
            for each in (address, block_of(address))
        }

        def write(conn: Connection) -> Block:
            mark = named or self._found(conn, new)
            if new.kind == "address" and mark in everyones:
                raise EveryonesAddress(
                    "Nobody was blocked: it is this machine's own address, by which everyone comes "
                    "where a proxy stands before the server. Set FARMLIVE_TRUSTED_PROXIES to the "
                    "proxy's address, so that each visitor has an own one."
                )
            same = (tables.blocks.c.kind == new.kind) & (tables.blocks.c.mark == mark)
            query = select(tables.blocks).where(same)
            row = conn.execute(query).one_or_none()
            if row is None:
                said = new.message
                values = {
                    "id": ulid(),
                    "kind": new.kind,
                    "mark": mark,
                    "reason": new.reason,
                    "at": now_ms(),
                    "by": caller.name or "",
                    "order": new.order,
                    "broadcast": said.broadcast if said else None,
                    "message": said.seq if said else None,
                }
                conn.execute(insert(tables.blocks), values)
            else:
                conn.execute(update(tables.blocks).where(same).values(reason=new.reason))
            block = _block(conn.execute(query).one())
            audit.record_action(
                conn, caller, "block.add", block.id, kind=block.kind, reason=block.reason
            )
            return block

        block = await self._store.write(write)
        self._read_at = None
        return block

    async def all(self) -> list[Block]:
        """Return all blocks, the latest first."""
        query = select(tables.blocks).order_by(tables.blocks.c.id.desc())
        return await self._store.read(lambda conn: [_block(row) for row in conn.execute(query)])

    async def remove(self, caller: Caller, block: str) -> None:
        """Lift a block. Raises UnknownBlock."""

        def write(conn: Connection) -> None:
            query = delete(tables.blocks).where(tables.blocks.c.id == block)
            if not is_ulid(block) or not conn.execute(query).rowcount:
                raise UnknownBlock("Nobody is blocked under this identifier; the list shows all.")
            audit.record_action(conn, caller, "block.remove", block)

        await self._store.write(write)
        self._read_at = None

    async def _current(self) -> dict[tuple[str, str], Block]:
        async with self._reading:
            now = time.monotonic()
            if self._read_at is None or now > self._read_at + REREAD_S:
                self._read_at = now
                self._held = {(block.kind, block.mark): block for block in await self.all()}
        return self._held

    async def _named(self, new: NewBlock) -> str | None:
        """Return the pseudonym of a typed value, or None without one. Raises Invalid."""
        if new.value is None:
            return None
        if MARK.fullmatch(new.value):
            return new.value
        try:
            if new.kind == "phone":
                number = phones.written(new.value, self._country)
                return await self._pseudonyms.of(BUYER, number)
            if new.kind == "address":
                return await self._pseudonyms.of(ADDRESS, normalize_ip(new.value))
            raise ValueError("A device is known by its order or its message: name one of these.")
        except ValueError as error:
            message = str(error)
            raise Invalid(
                f"Nobody was blocked. {message}",
                errors=[field_error("value", getattr(error, "code", "unfit-value"), message)],
            ) from None

    def _found(self, conn: Connection, new: NewBlock) -> str:
        device = phone = None
        if new.order is not None:
            device, phone = self.lookups.buyer_of_order(conn, new.order) or (None, None)
        elif new.message is not None:
            device = self.lookups.sender_of_message(conn, new.message.broadcast, new.message.seq)
        if device is None:
            raise NothingToBlock("Nobody was blocked: there is no such order or message.")
        mark = device if new.kind == "device" or phone is None else phone
        # An erased order keeps an account's device.
        if mark.startswith(ERASED) or (new.kind == "address" and (phone or "").startswith(ERASED)):
            raise NothingToBlock(
                "Nobody was blocked: the buyer of this order was erased. Block the phone by its "
                "number, if you have it from elsewhere, or by another order."
            )
        if new.kind == "address":
            address = self._addresses.get(device)
            if address is None:
                raise NothingToBlock(
                    "Nobody was blocked: from which address it came is not known any more. Block "
                    "the device or the phone."
                )
            return address
        return mark


def count_unnamed(conn: Connection) -> int:
    """Return the number of blocks of devices and IPs, whose pseudonyms can't be derived again."""
    unnamed = tables.blocks.c.kind != "phone"
    return conn.execute(select(func.count()).select_from(tables.blocks).where(unnamed)).scalar_one()


def rename(conn: Connection, marks: Mapping[str, str]) -> None:
    """Change the pseudonyms of phones' blocks, given by the old ones, and delete all others, which
    would match nobody.
    """
    for row in conn.execute(select(tables.blocks)).all():
        one = tables.blocks.c.id == row.id
        if row.kind == "phone" and (new := marks.get(row.mark)) is not None:
            conn.execute(update(tables.blocks).where(one).values(mark=new))
        else:
            conn.execute(delete(tables.blocks).where(one))


def forget_orders(connection: Connection, orders: Collection[str]) -> None:
    """Remove the orders from which blocks were made; the blocks stay."""
    those = tables.blocks.c.order.in_(orders)
    connection.execute(update(tables.blocks).where(those).values(order=None))


def _block(row: Row[Any]) -> Block:
    return Block(**row._mapping)

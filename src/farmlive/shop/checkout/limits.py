"""Rate limits of orders, holds and waits, per device, phone, IP address and the block around it.

`hold_end` limits how long a hold may last. The rooms of rate limits and of the blocklist implement
the protocols below.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from farmlive.people import Caller
from farmlive.people.moderation.blocklist import OtherForms, no_forms
from farmlive.problems import Problem

# An IP address may serve a village; a device is one person.
DEVICES_PER_ADDRESS = 20
# Orders, holds and waits: the limit of a block of IP addresses, as a multiple of one address'. A
# carrier has a whole county behind one block.
ORDERS_BLOCK_FACTOR = 50
# The number of refused requests that count as one for an IP address, so that a crowd which presses
# again on a sold-out offer keeps nobody behind the same address from ordering. They still count,
# since each request takes a write transaction.
REFUSED_AS_ONE = 3
# Drops and leaves may be sent this many times as often as orders: they are writes too, and clients
# repeat them.
GIVEN_UP = 2
# The longest life of a hold, however often it is renewed, as a multiple of `hold_minutes`.
HOLD_AT_MOST = 3


class Limits(Protocol):
    """The part of the rate limiter that the shop uses."""

    def allow(self, name: str, key: str | None, per_minute: int) -> None:
        """Count one, or raise TooMany; without a key nothing is counted."""

    def allow_address(
        self, name: str, address: str | None, per_minute: int, *, block_factor: int
    ) -> None:
        """Count one against an IP address and the block around it, or raise TooMany."""

    def give_back(self, name: str, key: str | None, per_minute: int, *, share: float = 1.0) -> None:
        """Return one count, or a share of it."""


class Blocks(Protocol):
    """The part of the blocklist that the shop uses."""

    async def check(
        self,
        *,
        device: str,
        phone: str | None,
        address: str | None,
        other_forms: OtherForms = no_forms,
    ) -> None:
        """Raise Forbidden for a device, a buyer's pseudonym or an IP address that is blocked.

        `other_forms` returns the pseudonyms of other spellings of the buyer's phone number.
        """


def check_rate(limits: Limits, action: str, caller: Caller, per_minute: int) -> None:
    """Count one action, such as `orders`, against the caller's device, IP address and block.

    A signed-in caller counts by device only: refused orders of strangers behind a market's address
    must not keep its clerk from selling. Raises TooMany.
    """
    limits.allow(f"{action} of a device", caller.device, per_minute)
    if caller.role is not None:
        return
    of_address = per_minute * DEVICES_PER_ADDRESS
    limits.allow_address(action, caller.address, of_address, block_factor=ORDERS_BLOCK_FACTOR)


@contextmanager
def counting(limits: Limits, action: str, caller: Caller, per_minute: int) -> Iterator[None]:
    """Count an action as `check_rate` does while the block runs.

    A refused one counts as a `REFUSED_AS_ONE`th for the caller's IP address, and in full for the
    device and the block. It is counted before the block and returned after it, which also limits
    concurrent requests. Raises TooMany.
    """
    check_rate(limits, action, caller, per_minute)
    try:
        yield
    except Problem:
        if caller.role is None:
            of_address = per_minute * DEVICES_PER_ADDRESS
            share = 1 - 1 / REFUSED_AS_ONE
            limits.give_back(f"{action} of an address", caller.address, of_address, share=share)
        raise


def hold_end(minutes: float, now: int, held_at: int | None = None) -> tuple[int, bool]:
    """Return when a hold ends, in ms since 1970, and whether this is the latest possible end.

    `held_at` is when a renewed hold was first created, None for a new one.
    """
    length = round(minutes * 60_000)
    if held_at is None:
        return now + length, False
    latest = held_at + HOLD_AT_MOST * length
    return min(now + length, latest), now + length >= latest

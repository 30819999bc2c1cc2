"""Who may order how often: a device, a phone, an address, and the block of addresses around it; and
for how long one may hold.

Counting is the rate limits' and blocking the blocks'; what they are asked is here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from farmlive.people import Caller
from farmlive.people.moderation.blocklist import OtherForms, no_forms
from farmlive.problems import Problem

# An address is a village; a device is a person.
DEVICES_PER_ADDRESS = 20
# Orders, holds and waits: a block of addresses, which is what one network gives out, may send fifty
# times as many as one address. A carrier has a whole county behind one.
ORDERS_BLOCK_FACTOR = 50
# The number of refused requests that count as one for an address: a crowd behind it that finds an
# offer sold out and presses again keeps nobody from ordering. A flood has its limit all the same:
# each request takes a turn of the writer.
REFUSED_AS_ONE = 3
# Giving up what is held or waited for is a write too; it may be sent again, and is taken so many
# times as often.
GIVEN_UP = 2
# However often a hold is renewed, it ends so many times `hold_minutes` after it began.
HOLD_AT_MOST = 3


class Limits(Protocol):
    """What the shop needs of the rate limits."""

    def allow(self, name: str, key: str | None, per_minute: int) -> None:
        """Count one, or raise TooMany; nothing without a key."""

    def allow_address(
        self, name: str, address: str | None, per_minute: int, *, block_factor: int
    ) -> None:
        """Count one of an address and of the block around it, or raise TooMany."""

    def give_back(self, name: str, key: str | None, per_minute: int, *, share: float = 1.0) -> None:
        """Take back one that was counted, or a share of it."""


class Blocks(Protocol):
    """What the shop needs of the blocks that staff set."""

    async def check(
        self,
        *,
        device: str,
        phone: str | None,
        address: str | None,
        other_forms: OtherForms = no_forms,
    ) -> None:
        """Raise Forbidden for a device, a buyer's pseudonym or an address that is blocked.

        `other_forms` gives the pseudonyms of other forms of the buyer's number.
        """


def allow(limits: Limits, deed: str, caller: Caller, per_minute: int) -> None:
    """Count one deed, such as `orders`, of the caller's device, address and block of addresses.

    Who is signed in counts by the device alone: strangers at a market's address, whose orders may
    all be refused, must not keep its clerk from selling. Raises TooMany.
    """
    limits.allow(f"{deed} of a device", caller.device, per_minute)
    if caller.role is not None:
        return
    of_address = per_minute * DEVICES_PER_ADDRESS
    limits.allow_address(deed, caller.address, of_address, block_factor=ORDERS_BLOCK_FACTOR)


@contextmanager
def counted(limits: Limits, deed: str, caller: Caller, per_minute: int) -> Iterator[None]:
    """Count as `allow` does what is done within; where it is refused, for the caller's address
    only as `REFUSED_AS_ONE` says. For the device, and for the addresses around, it counts whole.

    It is counted before and given back after, so that no more come at once than may be taken.
    Raises TooMany.
    """
    allow(limits, deed, caller, per_minute)
    try:
        yield
    except Problem:
        if caller.role is None:
            of_address = per_minute * DEVICES_PER_ADDRESS
            share = 1 - 1 / REFUSED_AS_ONE
            limits.give_back(f"{deed} of an address", caller.address, of_address, share=share)
        raise


def hold_end(minutes: float, now: int, held_at: int | None = None) -> tuple[int, bool]:
    """When a hold of now ends, or one that began at `held_at` and is renewed, ms since 1970.

    And whether that is its latest end, which no renewal moves.
    """
    length = round(minutes * 60_000)
    if held_at is None:
        return now + length, False
    latest = held_at + HOLD_AT_MOST * length
    return min(now + length, latest), now + length >= latest

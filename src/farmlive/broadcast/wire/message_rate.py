"""Message rate: how many messages a channel may send, and all channels of one address and of the
block around it, whatever they are.

These limits bound the cost of parsing, of pings and refused messages too. The effects of messages
have limits of their own, by device and by address (crowd_limits.py).
"""

import time
from collections.abc import Callable

from farmlive.people import RateLimits
from farmlive.people.core.addresses import block_of

# The burst, in seconds of the rate: a page that reconnects sends the messages that it kept.
BURST_S = 15
# The limit of a block of addresses, as a multiple of one address': not all in it send at once.
MESSAGES_BLOCK_FACTOR = 5
# Messages a second that each channel may send however much its address sent, three of them at once:
# a hold and an order of whoever shares the address with a flood.
OWN_PER_SECOND = 0.2
# Messages that a channel takes of its address' limit at a time: counting each for itself costs a
# tenth of what reading it does.
AT_A_TIME = 10


class MessageRate:
    """A bucket that refills by `per_second` messages and holds `BURST_S` of that; one a channel."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic):
        self._per_second = per_second
        self._clock = clock
        self._full_at = clock()

    def allow(self) -> bool:
        """Count a message; whether it is to be read."""
        now = self._clock()
        full_at = max(self._full_at, now) + 1 / self._per_second
        if full_at > now + BURST_S + 1e-6:
            return False
        self._full_at = full_at
        return True


class AddressMessages:
    """What one channel sends, counted with all others of its address and of the block around it.

    Nothing is counted where `address` is None, as behind a proxy that nobody named.
    """

    def __init__(self, limits: RateLimits, address: str | None, per_minute: int):
        self._limits = limits
        self._address = address
        self._per_minute = per_minute
        self._in_hand = 0

    def allow(self) -> None:
        """Count a message. Raises TooMany."""
        if self._address is None:
            return
        if self._in_hand == 0:
            self._limits.allow_address(
                "channel messages",
                self._address,
                self._per_minute,
                block_factor=MESSAGES_BLOCK_FACTOR,
                times=AT_A_TIME,
                of="messages",
            )
            self._in_hand = AT_A_TIME
        self._in_hand -= 1

    def exempt(self) -> None:
        """Count nothing from now on: who is signed in is limited by the channel alone."""
        self.give_back()
        self._address = None

    def give_back(self) -> None:
        """Give back what was taken and not used; the channel has ended."""
        share, self._in_hand = self._in_hand, 0
        if not share:
            return
        of_block = self._per_minute * MESSAGES_BLOCK_FACTOR
        give_back = self._limits.give_back
        give_back("channel messages of an address", self._address, self._per_minute, share=share)
        give_back("channel messages of a block", block_of(self._address), of_block, share=share)

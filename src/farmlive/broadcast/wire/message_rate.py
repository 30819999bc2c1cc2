"""Message rates: how many messages of any type one channel may send, and all channels of one IP
address and of the block around it.

These limits bound the cost of parsing, also of pings and of refused messages. The commands have
their own limits, per device and per address (crowd_limits.py).
"""

import time
from collections.abc import Callable

from farmlive.people import RateLimits
from farmlive.people.core.addresses import block_of

# The burst, in seconds of the rate: a page that reconnects sends its queued messages.
BURST_S = 15
# The limit of a block of IP addresses, as a multiple of one address': not all of it sends at once.
MESSAGES_BLOCK_FACTOR = 5
# Messages a second that each channel may send whatever its address sent, with a burst of three:
# enough for a hold and an order of somebody who shares the address with a flood.
OWN_PER_SECOND = 0.2
# Messages that a channel takes from its address' limit at a time. Counting each by itself would
# cost a tenth of what reading it does.
AT_A_TIME = 10


class MessageRate:
    """The token bucket of one channel: refills by `per_second`, holds `BURST_S` seconds of that."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic):
        self._per_second = per_second
        self._clock = clock
        self._full_at = clock()

    def allow(self) -> bool:
        """Count a message; return whether to read it."""
        now = self._clock()
        full_at = max(self._full_at, now) + 1 / self._per_second
        if full_at > now + BURST_S + 1e-6:
            return False
        self._full_at = full_at
        return True


class AddressMessages:
    """The limit that a channel shares with its IP address and with the block around it.

    Nothing is counted where `address` is None, as behind a proxy that the settings don't name.
    """

    def __init__(self, limits: RateLimits, address: str | None, per_minute: int):
        self._limits = limits
        self._address = address
        self._per_minute = per_minute
        self._reserved = 0

    def allow(self) -> None:
        """Count a message. Raises TooMany."""
        if self._address is None:
            return
        if self._reserved == 0:
            self._limits.allow_address(
                "channel messages",
                self._address,
                self._per_minute,
                block_factor=MESSAGES_BLOCK_FACTOR,
                times=AT_A_TIME,
                of="messages",
            )
            self._reserved = AT_A_TIME
        self._reserved -= 1

    def exempt(self) -> None:
        """Stop counting: a signed-in client is limited by its own channel only."""
        self.give_back()
        self._address = None

    def give_back(self) -> None:
        """Return the unused part of what was taken, once the channel has ended."""
        share, self._reserved = self._reserved, 0
        if not share:
            return
        of_block = self._per_minute * MESSAGES_BLOCK_FACTOR
        give_back = self._limits.give_back
        give_back("channel messages of an address", self._address, self._per_minute, share=share)
        give_back("channel messages of a block", block_of(self._address), of_block, share=share)

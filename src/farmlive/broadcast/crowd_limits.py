"""Crowd limits: how much the viewers behind one address, and in the block around it, may say, tap
and like together, and how many devices of theirs may begin to.

A device is a cookie, which whoever likes can throw away; an address is not. Counting is the rate
limits'. What is over a limit of taps and hearts is answered and not counted: it is a figure that is
wrong then, and nobody who looks at a card is to read of it.
"""

from collections import OrderedDict

from farmlive.people import Caller, RateLimits
from farmlive.people.addresses import block_of
from farmlive.problems import TooMany
from farmlive.settings import Settings

# A block has so many times what one address has: a carrier has a county behind one.
ADDRESSES_PER_BLOCK = 5
# Devices that are known not to be new; above it the one unused longest is new again.
REMEMBERED = 50_000


class CrowdLimits:
    """Counts what viewers do; those with a role, and programs with a key, are none."""

    def __init__(self, limits: RateLimits, settings: Settings):
        self._limits = limits
        self._settings = settings
        self._known: OrderedDict[str, None] = OrderedDict()

    def chat(self, caller: Caller) -> None:
        """Count a message. Raises TooMany."""
        self._limits.allow("chat", caller.device, self._settings.chats_per_minute)
        if caller.role is not None:
            return
        self._newcomer(caller)
        most = self._settings.address_chats_per_minute
        block = block_of(caller.address)
        self._limits.allow("chat of an address", caller.address, most)
        self._limits.allow("chat of a block", block, most * ADDRESSES_PER_BLOCK)

    def tap(self, caller: Caller) -> bool:
        """Count a card that was opened; whether it is to stand in the figures.

        Raises TooMany for a device.
        """
        self._limits.allow("open", caller.device, 120)
        if caller.role is not None:
            return True
        most = self._settings.address_taps_per_minute
        block = block_of(caller.address)
        try:
            self._newcomer(caller)
            self._limits.allow("taps of an address", caller.address, most)
            self._limits.allow("taps of a block", block, most * ADDRESSES_PER_BLOCK)
        except TooMany:
            return False
        return True

    def like(self, caller: Caller, hearts: int) -> bool:
        """Count hearts that were sent; whether they are to stand in the figures.

        Raises TooMany for a device.
        """
        self._limits.allow("react", caller.device, 240)
        if caller.role is not None:
            return True
        most = self._settings.address_hearts_per_minute
        block = block_of(caller.address)
        try:
            self._newcomer(caller)
            self._limits.allow("hearts of an address", caller.address, most, times=hearts)
            self._limits.allow("hearts of a block", block, most * ADDRESSES_PER_BLOCK, times=hearts)
        except TooMany:
            return False
        return True

    def _newcomer(self, caller: Caller) -> None:
        if caller.device not in self._known:
            most = self._settings.address_new_devices_per_minute
            block = block_of(caller.address)
            self._limits.allow("new devices of an address", caller.address, most)
            self._limits.allow("new devices of a block", block, most * ADDRESSES_PER_BLOCK)
        self._known[caller.device] = None
        self._known.move_to_end(caller.device)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

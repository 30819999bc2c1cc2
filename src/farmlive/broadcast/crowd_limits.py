"""Crowd limits: how much the viewers behind one address, and in the block around it, may say, tap
and like together, and how many devices of theirs may begin to.

A device is a cookie, which whoever likes can throw away; an address is not. Counting is the rate
limits'. What is over a limit of taps and hearts is answered and not counted: it is a figure that is
wrong then, and nobody who looks at a card is to read of it.
"""

from collections import OrderedDict

from farmlive.people import Caller, RateLimits
from farmlive.problems import TooMany
from farmlive.settings import Settings

# The limit of a block of addresses, as a multiple of one address': of messages, opened cards, likes
# and new devices. It is wide for one address already, and little of it comes at one moment.
CROWD_BLOCK_FACTOR = 5
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
        self._together("chat", caller, self._settings.address_chats_per_minute)

    def tap(self, caller: Caller) -> bool:
        """Count a card that was opened; whether it is to stand in the figures.

        Raises TooMany for a device.
        """
        self._limits.allow("open", caller.device, 120)
        return self._is_counted("taps", caller, self._settings.address_taps_per_minute)

    def like(self, caller: Caller, hearts: int) -> bool:
        """Count hearts that were sent; whether they are to stand in the figures.

        Raises TooMany for a device.
        """
        self._limits.allow("react", caller.device, 240)
        per_minute = self._settings.address_hearts_per_minute
        return self._is_counted("hearts", caller, per_minute, hearts)

    def _is_counted(self, name: str, caller: Caller, per_minute: int, times: int = 1) -> bool:
        if caller.role is not None:
            return True
        try:
            self._newcomer(caller)
            self._together(name, caller, per_minute, times)
        except TooMany:
            return False
        return True

    def _newcomer(self, caller: Caller) -> None:
        if caller.device not in self._known:
            self._together("new devices", caller, self._settings.address_new_devices_per_minute)
        self._known[caller.device] = None
        self._known.move_to_end(caller.device)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _together(self, name: str, caller: Caller, per_minute: int, times: int = 1) -> None:
        self._limits.allow_address(
            name, caller.address, per_minute, block_factor=CROWD_BLOCK_FACTOR, times=times
        )

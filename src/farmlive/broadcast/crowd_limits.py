"""Crowd limits: how many messages, taps and hearts the viewers behind one IP address, and in the
block around it, may send together, and from how many new devices.

A device is only a cookie, which anybody can throw away; an IP address is not. Taps and hearts over
the limit are answered and not counted: the count is then too low, which is not worth an error to
somebody who opens a card.
"""

from collections import OrderedDict

from farmlive.people import Caller, RateLimits
from farmlive.problems import TooMany
from farmlive.settings import Settings

# The limit of a block of IP addresses, as a multiple of one address', for messages, opened cards,
# hearts and new devices. Small, since the limit of one address is wide already and a block's
# viewers rarely act at one moment.
CROWD_BLOCK_FACTOR = 5
# Devices that are remembered as not new, least recently used first out.
REMEMBERED = 50_000


class CrowdLimits:
    """Counts what viewers do; callers with a role, and programs with a key, are exempt."""

    def __init__(self, limits: RateLimits, settings: Settings):
        self._limits = limits
        self._settings = settings
        self._known: OrderedDict[str, None] = OrderedDict()

    def chat(self, caller: Caller) -> None:
        """Count a chat message. Raises TooMany."""
        self._limits.allow("chat", caller.device, self._settings.chats_per_minute)
        if caller.role is not None:
            return
        self._count_new_device(caller)
        self._count_address("chat", caller, self._settings.address_chats_per_minute)

    def tap(self, caller: Caller) -> bool:
        """Count an opened card; return whether it goes into the analytics.

        Raises TooMany for a device.
        """
        self._limits.allow("open", caller.device, 120)
        return self._is_counted("taps", caller, self._settings.address_taps_per_minute)

    def like(self, caller: Caller, hearts: int) -> bool:
        """Count hearts; return whether they go into the analytics.

        Raises TooMany for a device.
        """
        self._limits.allow("react", caller.device, 240)
        per_minute = self._settings.address_hearts_per_minute
        return self._is_counted("hearts", caller, per_minute, hearts)

    def _is_counted(self, name: str, caller: Caller, per_minute: int, times: int = 1) -> bool:
        if caller.role is not None:
            return True
        try:
            self._count_new_device(caller)
            self._count_address(name, caller, per_minute, times)
        except TooMany:
            return False
        return True

    def _count_new_device(self, caller: Caller) -> None:
        if caller.device not in self._known:
            self._count_address(
                "new devices", caller, self._settings.address_new_devices_per_minute
            )
        self._known[caller.device] = None
        self._known.move_to_end(caller.device)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _count_address(self, name: str, caller: Caller, per_minute: int, times: int = 1) -> None:
        self._limits.allow_address(
            name, caller.address, per_minute, block_factor=CROWD_BLOCK_FACTOR, times=times
        )

"""Limits the number of open channels per IP address and per block around it: each takes a file
descriptor and 40 KiB of this server for as long as its client likes.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from farmlive.people import Caller
from farmlive.people.core.addresses import block_of
from farmlive.problems import TooMany

# The limit of a block of IP addresses, as a multiple of one address'.
CHANNELS_BLOCK_FACTOR = 5


class OpenChannels:
    """Counts this server's channels by IP address; callers with a role are exempt."""

    def __init__(self, most: int):
        self._most = most
        self._open: Counter[str] = Counter()

    @contextmanager
    def counting(self, caller: Caller) -> Iterator[None]:
        """Count one channel of the caller while the block runs. Raises TooMany."""
        if caller.role is not None or caller.address is None:
            yield
            return
        block = f"block {block_of(caller.address)}"
        limits = {caller.address: self._most, block: self._most * CHANNELS_BLOCK_FACTOR}
        for key, most in limits.items():
            if self._open[key] >= most:
                raise TooMany(
                    f"From your network {most} pages have a live channel already. Close one that "
                    "you don't need, and connect again in a minute.",
                    headers={"Retry-After": "60"},
                )
        self._open.update(limits.keys())
        try:
            yield
        finally:
            self._open.subtract(limits.keys())
            for key in limits:
                if not self._open[key]:
                    del self._open[key]

    def __len__(self) -> int:
        return len(self._open)

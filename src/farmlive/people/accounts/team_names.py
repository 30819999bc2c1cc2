"""The team's display names, which no viewer may use as a nickname."""

import asyncio
import time

from farmlive.people.accounts import accounts
from farmlive.people.core.nicknames import claims_authority, is_blank, is_like_any, likeness
from farmlive.people.core.problems import NicknameRefused
from farmlive.store import Store

# Seconds after which a display name that was set on another server counts here.
REREAD_S = 5.0


class TeamNames:
    """Checks nicknames against the accounts' display names; for the event loop's thread."""

    def __init__(self, store: Store):
        self._store = store
        self._likenesses: frozenset[str] = frozenset()
        self._read_at: float | None = None
        self._changes = 0
        self._reading = asyncio.Lock()

    def invalidate(self) -> None:
        """Read the names again before the next check."""
        self._read_at = None
        self._changes += 1

    async def check(self, nickname: str) -> None:
        """Raise NicknameRefused for a nickname that is blank or reserved for the team.

        Its `reason` is `blank`, `official` or `team`.
        """
        if is_blank(nickname):
            raise NicknameRefused(
                "Nothing was sent: nobody could see this nickname. Choose another one.",
                reason="blank",
            )
        if claims_authority(nickname):
            raise NicknameRefused(
                "Nothing was sent: by this nickname you would speak for the host or the staff. "
                "Choose another one.",
                reason="official",
            )
        if is_like_any(nickname, await self._current()):
            raise NicknameRefused(
                "Nothing was sent: someone of the team has a name like that. Choose another one.",
                reason="team",
            )

    async def _current(self) -> frozenset[str]:
        async with self._reading:
            now = time.monotonic()
            if self._read_at is None or now > self._read_at + REREAD_S:
                changes = self._changes
                names = await self._store.read(accounts.display_names)
                self._likenesses = frozenset(map(likeness, names))
                # Not after a failed read, nor if names changed during it.
                if changes == self._changes:
                    self._read_at = now
        return self._likenesses

"""Last uses of keys: collected in memory and written by a task, so that requests don't wait.

Uses that are not yet written are lost with the process: a last use may be five seconds too early,
and an API key's, which is written at most once a minute, a minute.
"""

from typing import Any

from sqlalchemy import Connection, Table, or_, update

from farmlive.clock import now_ms
from farmlive.people.core import tables
from farmlive.periodic import Periodic
from farmlive.store import Store

WRITE_S = 5.0
API_KEY_MS = 60_000


class KeyUses:
    """Collects uses of API keys and of stream keys."""

    def __init__(self, store: Store):
        self._store = store
        self._api_keys: dict[str, int] = {}
        self._stream_keys: dict[str, int] = {}
        # When this server last wrote an API key's use.
        self._written: dict[str, int] = {}
        self._writing = Periodic(
            WRITE_S, self.write, "uses of keys were not written", "uses of keys are written again"
        )

    async def start(self) -> None:
        """Start writing."""
        await self._writing.start()

    async def stop(self) -> None:
        """Stop writing."""
        await self._writing.stop()

    def api_key(self, key: str) -> None:
        """Record a use of an API key."""
        now = now_ms()
        if self._written.get(key, 0) <= now - API_KEY_MS:
            self._api_keys[key] = now

    def stream_key(self, key: str) -> None:
        """Record a session of a camera with this stream key."""
        self._stream_keys[key] = now_ms()

    async def write(self) -> None:
        """Write the collected uses. Raises the store's errors; then the next call tries again."""
        api_keys, stream_keys = self._api_keys, self._stream_keys
        if not api_keys and not stream_keys:
            return

        def write(conn: Connection) -> None:
            for key, at in api_keys.items():
                # Another server may have written a use.
                _write(conn, tables.api_keys, key, at, at - API_KEY_MS)
            for key, at in stream_keys.items():
                _write(conn, tables.stream_keys, key, at, at - 1)

        self._api_keys, self._stream_keys = {}, {}
        try:
            await self._store.write(write)
        except Exception:
            self._api_keys = api_keys | self._api_keys
            self._stream_keys = stream_keys | self._stream_keys
            raise
        now = now_ms()
        self._written = {k: at for k, at in self._written.items() if at > now - API_KEY_MS}
        self._written |= api_keys


def _write(conn: Connection, table: Table, key: str, at: int, before: int) -> None:
    used: Any = table.c.used_at
    conn.execute(
        update(table)
        .where(table.c.id == key, or_(used.is_(None), used <= before))
        .values(used_at=at)
    )

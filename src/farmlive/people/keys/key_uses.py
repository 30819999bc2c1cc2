"""When keys were last used: gathered in memory and written by a task, off the way of requests.

What was not written yet is lost with the process: a last use may be five seconds short, and of an
API key, whose use is written once a minute at most, a minute.
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
    """Gathers uses of API keys and of stream keys."""

    def __init__(self, store: Store):
        self._store = store
        self._api_keys: dict[str, int] = {}
        self._stream_keys: dict[str, int] = {}
        # When this server wrote an API key's use last.
        self._written: dict[str, int] = {}
        self._writing = Periodic(
            WRITE_S, self.write, "uses of keys were not written", "uses of keys are written again"
        )

    async def start(self) -> None:
        """Write from now on."""
        await self._writing.start()

    async def stop(self) -> None:
        """Write no more."""
        await self._writing.stop()

    def api_key(self, key: str) -> None:
        """An API key was used now."""
        now = now_ms()
        if self._written.get(key, 0) <= now - API_KEY_MS:
            self._api_keys[key] = now

    def stream_key(self, key: str) -> None:
        """A camera came in by this stream key now."""
        self._stream_keys[key] = now_ms()

    async def write(self) -> None:
        """Write what was gathered. Raises what the store raises; it is tried again then."""
        api_keys, stream_keys = self._api_keys, self._stream_keys
        if not api_keys and not stream_keys:
            return

        def write(conn: Connection) -> None:
            for key, at in api_keys.items():
                # Another server may have written it.
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

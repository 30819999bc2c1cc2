"""Reviews: reads a broadcast's log and has the report folded from it."""

from sqlalchemy import Connection

from farmlive.broadcast.log import Log
from farmlive.review.models import Report
from farmlive.review.report import KINDS, fold
from farmlive.store import Store


class Review:
    """Reports on broadcasts, running or ended."""

    def __init__(self, store: Store, log: Log):
        self._store = store
        self._log = log

    async def of(self, broadcast: str) -> Report:
        """The report of a broadcast as it stands. Raises UnknownBroadcast."""

        def read(connection: Connection) -> Report:
            head = self._log.head(connection, broadcast)
            return fold(broadcast, head, self._log.events(connection, broadcast, kinds=KINDS))

        return await self._store.read(read)

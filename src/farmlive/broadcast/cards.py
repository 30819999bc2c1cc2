"""Cards: pins an offer of the bag over the video. The log has the offer itself."""

from typing import Any

from sqlalchemy import Connection

from farmlive.broadcast.broadcasts import Ended
from farmlive.broadcast.events import CardPinned, CardUnpinned
from farmlive.broadcast.log import Log
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.problems import NotFound
from farmlive.store import Store


class UnknownCard(NotFound):
    """The offer is not in this broadcast's bag."""

    slug = "unknown-card"
    title = "That product is not in this broadcast's bag"


class Cards:
    """The pinned card of every broadcast."""

    def __init__(self, store: Store, log: Log):
        self._store = store
        self._log = log

    async def pin(
        self, caller: Caller, broadcast: str, offer: str, bag: frozenset[str]
    ) -> dict[str, Any]:
        """Pin an offer's card; `bag` are the broadcast's offers from the log."""
        if offer not in bag:
            raise UnknownCard("Add it to the bag of this broadcast, then pin it.")
        return await self._append(caller, broadcast, "card.pin", CardPinned(offer=offer))

    async def unpin(self, caller: Caller, broadcast: str, offer: str | None) -> dict[str, Any]:
        """Unpin the card, if there is one."""
        if offer is None:
            return {"seq": None}
        return await self._append(caller, broadcast, "card.unpin", CardUnpinned(offer=offer))

    async def _append(
        self, caller: Caller, broadcast: str, action: str, shown: CardPinned | CardUnpinned
    ) -> dict[str, Any]:
        def write(connection: Connection) -> dict[str, Any]:
            if self._log.head(connection, broadcast).state == "ended":
                raise Ended
            event = self._log.append(connection, broadcast, shown)
            record_action(connection, caller, action, shown.offer, broadcast=broadcast)
            return {"seq": event.seq}

        return await self._store.write(write)

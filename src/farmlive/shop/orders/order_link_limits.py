"""Rate limits for anonymous order links.

The token is looked up by a reader before a body is stored or anything is written, so that made-up
tokens cost no write transaction.
"""

from farmlive.edge.contracts import raises
from farmlive.people.core.rate_limits import RateLimits
from farmlive.problems import TooMany
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_lookup import with_token
from farmlive.shop.core.problems import UnknownOrder
from farmlive.store import Store

# Unknown tokens per minute and IP address. Nobody guesses 128 bits, and people mistype a link a few
# times at most.
UNKNOWN_PER_MINUTE = 60
# Actions per minute and order: a claim with all its photos, sent a few times.
DEEDS_PER_MINUTE = 60


class OrderLinkLimits:
    """Checks and counts actions by an order's token."""

    def __init__(self, store: Store, limits: RateLimits):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._limits = limits

    @raises(UnknownOrder, TooMany)
    async def check(self, token: str, address: str | None) -> None:
        """Count an action against the order's token.

        An unknown token counts against the IP address. Raises UnknownOrder, TooMany.
        """
        with self._limits.failures(
            UnknownOrder,
            UNKNOWN_PER_MINUTE,
            ("unknown orders of an address", address),
            of="unknown orders",
        ):
            row = await self._store.read(
                lambda connection: with_token(connection, self._links, token)
            )
        self._limits.allow("deeds of an order", row.id, DEEDS_PER_MINUTE)

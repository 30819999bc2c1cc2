"""By token: who has the link of an order's page, and how often a minute they may act by it.

A token is looked up by reading before anything is written or a body is kept, so that one that was
made up takes no turn of the writer. What is done by it is orders.py's and claims.py's.
"""

from farmlive.edge.contracts import raises
from farmlive.people.core.rate_limits import RateLimits
from farmlive.problems import TooMany
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.problems import UnknownOrder
from farmlive.shop.orders.transitions import with_token
from farmlive.store import Store

# A token has 128 bits: nobody guesses one, and a person's link is mistyped a few times at most.
UNKNOWN_PER_MINUTE = 60
# What one order takes of whoever has its link: a claim with all of its photos, sent a few times.
DEEDS_PER_MINUTE = 60


class OrderLinkLimits:
    """Lets through what is done by an order's token."""

    def __init__(self, store: Store, limits: RateLimits):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._limits = limits

    @raises(UnknownOrder, TooMany)
    async def check(self, token: str, address: str | None) -> None:
        """Count one deed by the token; one that no order has is counted by the address.

        Raises UnknownOrder, TooMany.
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

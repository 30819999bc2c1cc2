"""What can be refused in the shop; each says what was kept and what to do."""

from typing import Any

from farmlive.problems import Conflict, Invalid, NotFound, Problem


class KeyMissing(Problem):
    """An order by HTTP has no usable Idempotency-Key."""

    slug = "key-missing"
    title = "The order needs an Idempotency-Key"


class KeyReused(Conflict):
    """The key came before with another order."""

    slug = "key-reused"
    title = "This key was used for another order"


class BroadcastEnded(Conflict):
    """Orders and changes of the bag after the end."""

    slug = "broadcast-ended"
    title = "The broadcast has ended"


class BroadcastNotLive(Conflict):
    """Orders before the start."""

    slug = "broadcast-not-live"
    title = "The broadcast has not started"


class UnknownOffer(Invalid):
    """An offer that is not in this broadcast's bag; `offers` lists which."""

    slug = "unknown-offer"
    title = "That is not on offer in this broadcast"


class UnknownCentre(Invalid):
    """No pick-up point has that id."""

    slug = "unknown-centre"
    title = "There is no such pick-up point"


class UnknownProduct(Invalid):
    """No product has that id."""

    slug = "unknown-product"
    title = "There is no such product"


class PriceChanged(Conflict):
    """The buyer saw another price; `offers` lists `{offer, price}` as it is now, minor units."""

    slug = "price-changed"
    title = "The price has changed"

    def __init__(self, offers: list[dict[str, Any]]):
        super().__init__(
            "Nothing was ordered: the price changed while you were looking. Look at the new price "
            "and order again if it suits you.",
            offers=offers,
        )


class SoldOut(Conflict):
    """Less is left than was asked for; `offers` lists `{offer, left}`."""

    slug = "sold-out"
    title = "Not enough is left"

    def __init__(self, offers: list[dict[str, Any]]):
        left = ", ".join(str(offer["left"]) for offer in offers)
        nothing = all(offer["left"] == 0 for offer in offers)
        detail = (
            "It is sold out for now. Watch the card: more may be released."
            if nothing
            else f"Only so many are left: {left}. Order fewer, or watch the card for more."
        )
        super().__init__(f"Nothing was ordered. {detail}", offers=offers)


class BagFull(Conflict):
    """A bag holds 100 offers."""

    slug = "bag-full"
    title = "The bag is full"


class UnknownOrder(NotFound):
    """No order has that token."""

    slug = "unknown-order"
    title = "There is no such order"

"""Problems of the shop; each says what was kept and what to do.

flash/problems.py has those of flash batches.
"""

from typing import Any

from farmlive.broadcast.events import Money
from farmlive.clock import rfc3339
from farmlive.origin.core.problems import UnknownFarm
from farmlive.problems import Conflict, Forbidden, Invalid, NotFound, Problem


class KeyReused(Conflict):
    """The key was used before with a different request, such as another order."""

    slug = "key-reused"
    title = "This key was used for something else"


class AnswerGone(Problem):
    """The answer to this key was deleted together with the buyer's data."""

    status = 410
    slug = "answer-gone"
    title = "The answer to this key is no longer stored"


class HoldOver(Conflict):
    """The hold was renewed up to its latest end."""

    slug = "hold-over"
    title = "The hold has expired"


class UnknownOffer(Invalid):
    """An offer is not in this broadcast's bag; `offers` lists which."""

    slug = "unknown-offer"
    title = "The offer is not in this broadcast's bag"


class NoSuchOffer(UnknownOffer):
    """The path or the message names an offer that is not in this broadcast's bag."""

    status = 404


class UnknownCentre(Invalid):
    """No pick-up point has that id."""

    slug = "unknown-centre"
    title = "There is no such pick-up point"


class OtherCentre(Forbidden):
    """The order is not picked up at one of the clerk's own centres."""

    slug = "other-centre"
    title = "The order is not for one of your pick-up points"


class HowKnown(Invalid):
    """A pick-up is handed over by its code, or with how its buyer is known."""

    slug = "how-known"
    title = "Without the code, say how the buyer is known"


class NoSuchCentre(UnknownCentre):
    """The path names a pick-up point that does not exist."""

    status = 404


class UnknownProduct(Invalid):
    """No product has that id."""

    slug = "unknown-product"
    title = "There is no such product"


class NamesNoFarm(UnknownFarm):
    """The body names a farm that does not exist."""

    status = 422


class NoSuchProduct(UnknownProduct):
    """The path names a product that does not exist."""

    status = 404


class ProductOffered(Conflict):
    """Unit, weight and GTIN can't change once a product was offered: buyers relied on them."""

    slug = "product-offered"
    title = "The product was offered already"


class ProductArchived(Conflict):
    """An archived product can't be offered."""

    slug = "product-archived"
    title = "The product is archived"


class PriceChanged(Conflict):
    """The buyer saw another price; `offers` lists `{offer, price, seen}`, in minor units.

    Where `seen` is the price of an ended flash batch, the entry also has `flash`: `{id, why,
    ended_at}`, in milliseconds since 1970.
    """

    slug = "price-changed"
    title = "The price has changed"

    def __init__(self, offers: list[dict[str, Any]]):
        why = "the price changed while you were looking"
        if all("flash" in each for each in offers):
            why = "the flash batch is over, and the usual price holds again"
        super().__init__(
            f"Nothing was ordered: {why}. Look at the new price and order again if it suits you.",
            offers=offers,
        )


class SoldOut(Conflict):
    """Fewer boxes are left than were asked for; `offers` lists the entries of stock/shortage.py, or
    only `{offer, left}` where a box went at that very moment. `alone`: the boxes of a refund are
    sold, and only its money can be undone.
    """

    slug = "sold-out"
    title = "Not enough is left"

    def __init__(self, offers: list[dict[str, Any]], detail: str | None = None, **members: Any):
        super().__init__(detail or self._of_buyers(offers), offers=offers, **members)

    @staticmethod
    def _of_buyers(offers: list[dict[str, Any]]) -> str:
        left = ", ".join(str(offer["left"]) for offer in offers)
        nothing = all(offer["left"] == 0 for offer in offers)
        held = sum(offer.get("held", 0) for offer in offers)
        back = min((offer["back_at"] for offer in offers if offer.get("back_at")), default=None)
        detail = "It is sold out for now." if nothing else f"Only so many are left: {left}."
        if held and back is not None:
            detail += (
                f" {held} more are held for others, and what of them is not ordered comes back, "
                f"the first at {rfc3339(back)}."
            )
        do = (
            "Watch the card: more may be released." if nothing else "Order fewer, or wait for more."
        )
        return f"Nothing was ordered. {detail} {do}"


class LotSpent(Conflict):
    """The lot does not hold that much; `lot` has `left_g`, and `offers` lists `{offer, left}`.

    `alone` is as for sold-out.
    """

    slug = "lot-spent"
    title = "Not enough of the harvest is left"

    def __init__(
        self,
        lot: str,
        left_g: int,
        offers: list[dict[str, Any]],
        detail: str | None = None,
        **members: Any,
    ):
        super().__init__(
            detail
            or (
                f"Nothing was ordered: of this harvest {left_g / 1000:g} kg are left, for all its "
                "boxes together. Order fewer or smaller ones; no more of it will come."
            ),
            lot=lot,
            left_g=left_g,
            offers=offers,
            **members,
        )


class FeeChanged(Conflict):
    """The delivery fee differs from the one that the buyer saw; `fee` and `seen` are Money."""

    slug = "fee-changed"
    title = "The parcel fee has changed"

    def __init__(self, fee: Money, seen: Money):
        super().__init__(
            "Nothing was ordered: what the parcel costs changed while you were looking. Look at "
            "the new sum and order again if it suits you.",
            fee=fee,
            seen=seen,
        )


class OrderTooLarge(Invalid):
    """An order, a hold or a wait has too many boxes; `limit` is the most."""

    slug = "order-too-large"
    title = "The order has too many boxes"

    def __init__(self, limit: int):
        super().__init__(
            f"Nothing was ordered: an order may have {limit} boxes, over all its lines. Order "
            "fewer; for more, call the farm or the pick-up point.",
            limit=limit,
        )


class BoxLimit(Conflict):
    """A device, a phone or an IP address has too many boxes of an offer.

    `of` says which of the three; `limit` counts boxes that are held, or ordered and not yet packed.
    `left` is how many more the device may have; null for a phone and an IP address, which may be
    shared. Where `of` is `waits`, the boxes are on the waiting list from one IP address.
    """

    slug = "box-limit"
    title = "The buyer has reached the limit of boxes"

    def __init__(self, offer: str, of: str, limit: int, left: int | None):
        whom = {"device": "one device", "phone": "one phone number"}.get(of, "one network")
        super().__init__(
            f"You don't wait for it: from one network {limit} boxes of one offer may be waited "
            "for. Wait for fewer, or try again later or from another network."
            if of == "waits"
            else f"Nothing was ordered: of one offer {whom} may have {limit} boxes that are held "
            "or ordered and not yet packed. Order fewer, or the rest once these are packed; for "
            "more, call the farm or the pick-up point.",
            offer=offer,
            of=of,
            limit=limit,
            left=left,
        )


class HoldShare(Conflict):
    """Devices without a past order hold half of the boxes; the rest can be ordered directly.

    `offers` lists `{offer, left}`: how many can be ordered now, without a hold.
    """

    slug = "hold-share"
    title = "The boxes can't be held, but can be ordered now"

    def __init__(self, offers: list[dict[str, Any]]):
        super().__init__(
            "Nothing was held: much of what is left is held for others who have not ordered here "
            "before. You need no hold: order now, and it is yours if it is still there.",
            offers=offers,
        )


class StockTaken(Conflict):
    """More boxes were to be withdrawn than are left; `offers` lists `{offer, left}`."""

    slug = "stock-taken"
    title = "Too few boxes are left to withdraw"

    def __init__(self, offer: str, left: int):
        super().__init__(
            f"Nothing was taken back: {left} are left, the rest is sold or held for buyers.",
            offers=[{"offer": offer, "left": left}],
        )


class WrongCurrency(Invalid):
    """The amount is in another currency than is accepted; `currency` is that, `sent` the
    request's.
    """

    slug = "wrong-currency"
    title = "The amount is in another currency"

    def __init__(self, sent: str, currency: str, whose: str):
        super().__init__(
            f"Nothing was changed: the money of {whose} is in {currency}, and an amount in {sent} "
            f'was sent. Send it as {{"amount": …, "currency": "{currency}"}}, in minor units of '
            f"{currency}.",
            currency=currency,
            sent=sent,
        )


class BagFull(Conflict):
    """A bag holds at most 100 offers."""

    slug = "bag-full"
    title = "The bag is full"


class NotInState(Conflict):
    """The order's state has no such transition; `state` is the current one, `allowed` lists the
    possible ones.
    """

    slug = "not-in-state"
    title = "The order is in another state"


class RefundTooHigh(Invalid):
    """The refund exceeds what was paid, or what is due; `left` is the most."""

    slug = "refund-too-high"
    title = "The refund exceeds the rest of the total"

    def __init__(self, left: Money, *, due: bool):
        super().__init__(
            "Nothing was taken off: it would be more than is still to be paid. Take off what is "
            "left of it at most."
            if due
            else "Nothing was given back: it would be more than was paid and not yet given back. "
            "Give back what is left of it at most.",
            left=left,
        )


class UnknownOrder(NotFound):
    """No order has that token, or that id in this broadcast."""

    slug = "unknown-order"
    title = "There is no such order"


class DetailsErased(Conflict):
    """The buyer's data was erased at their request, so the order takes no more texts of theirs;
    `ask` is the contact to ask instead, as configured, or empty.
    """

    slug = "details-erased"
    title = "The details of this order are erased"

    def __init__(self, ask: str):
        super().__init__(
            "Nothing was kept: your details are erased, so nothing more can be sent in here. "
            f"Ask {ask or 'whoever runs this shop'}.",
            ask=ask,
        )

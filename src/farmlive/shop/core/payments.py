"""Payments: what an order's way of paying does at each step; the seam for payment providers.

Two come with farmlive, both by hand: people take the money and keep that they did. Who may say so,
and what is written of it, is state_machine.py's and transitions.py's.
"""

from collections.abc import Mapping
from typing import Protocol

from farmlive.broadcast.events.trade import Payment
from farmlive.shop.core.fields import PaymentMethod, Way

# Some of the money is with us; of a cancelled order it is to be given back.
HAD: tuple[Payment, ...] = ("paid", "part_refunded")


class Provider(Protocol):
    """A way of paying. Each verb answers how the payment of an order stands after it.

    It is asked in the transaction of the order's step, so it waits for nobody: one that pays over
    a network does so before or after, and tells of it by `webhook`.
    """

    method: PaymentMethod

    def authorize(self, way: Way) -> None:
        """Take the promise to pay an order that goes this way. Raises ValueError where it can't."""

    def initiate(self) -> Payment:
        """The order is placed."""

    def capture(self, payment: Payment) -> Payment:
        """The money is there."""

    def cancel(self, payment: Payment) -> Payment:
        """The order is cancelled: what is due is asked for no more, what was paid is refunded."""

    def refund(self, payment: Payment, *, left: int) -> Payment:
        """Some was given back, or taken off what is due; `left` of the total, minor units."""

    def status(self, payment: Payment) -> Payment:
        """How it stands by the provider's own books."""

    def webhook(self, headers: Mapping[str, str], body: bytes) -> tuple[str, Payment]:
        """What the provider tells of an order's payment. Raises ValueError for what isn't its."""


class ByHand:
    """Money that people take and give back: its books are the order's own."""

    def __init__(self, method: PaymentMethod, way: Way):
        self.method = method
        self._way = way

    def authorize(self, way: Way) -> None:
        """Cash is paid where the order is handed over. Raises ValueError."""
        if way != self._way:
            raise ValueError(
                "A parcel is paid in cash on delivery, a picked-up order at the pick-up point: "
                f"send {BY_WAY[way].method}."
            )

    def initiate(self) -> Payment:
        """To be paid at the end."""
        return "due"

    def capture(self, payment: Payment) -> Payment:
        """Someone took it."""
        return "paid"

    def cancel(self, payment: Payment) -> Payment:
        """What was taken stays so until it is given back."""
        return payment

    def refund(self, payment: Payment, *, left: int) -> Payment:
        """Someone gave it back; of what nobody paid so far, so much less is asked for."""
        if payment == "due":
            return "due"
        return "part_refunded" if left > 0 else "refunded"

    def status(self, payment: Payment) -> Payment:
        """As the order has it."""
        return payment

    def webhook(self, headers: Mapping[str, str], body: bytes) -> tuple[str, Payment]:
        """Nobody else tells of it. Raises ValueError."""
        raise ValueError(f"{self.method} hears of payments from people alone.")


BY_WAY: Mapping[Way, Provider] = {
    "parcel": ByHand("cash_on_delivery", "parcel"),
    "pickup": ByHand("pay_at_pickup", "pickup"),
}
_PROVIDERS: Mapping[PaymentMethod, Provider] = {
    provider.method: provider for provider in BY_WAY.values()
}


def of(method: PaymentMethod) -> Provider:
    """The provider of a way of paying."""
    return _PROVIDERS[method]

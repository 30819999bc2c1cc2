"""Payment methods, and the interface of payment providers.

The two built-in methods are manual: people take the money and record it. state_machine.py says who
may record it, orders/transitions.py appends the events.
"""

from collections.abc import Mapping
from typing import Protocol

from farmlive.broadcast.events.trade import Payment
from farmlive.shop.core.fields import PaymentMethod, Way

# States in which money was received; it is to be refunded if the order is cancelled.
PAID_STATES: tuple[Payment, ...] = ("paid", "part_refunded")


class Provider(Protocol):
    """A payment method. Each verb returns the order's payment state after it.

    Verbs are called within the transaction of the order's transition, so they must not block: a
    provider on the network pays before or after it and reports by `webhook`.
    """

    method: PaymentMethod

    def authorize(self, way: Way) -> None:
        """Accept the payment of an order with this delivery. Raises ValueError if it can't."""

    def initiate(self) -> Payment:
        """Return the payment state of a newly placed order."""

    def capture(self, payment: Payment) -> Payment:
        """Record that the money was received."""

    def cancel(self, payment: Payment) -> Payment:
        """Handle a cancellation: nothing more is due, and what was paid is to be refunded."""

    def refund(self, payment: Payment, *, left: int) -> Payment:
        """Handle a refund or a reduction; `left` is what remains of the total, in minor units."""

    def status(self, payment: Payment) -> Payment:
        """Return the payment state by the provider's own books."""

    def webhook(self, headers: Mapping[str, str], body: bytes) -> tuple[str, Payment]:
        """Parse a provider's report on an order's payment. Raises ValueError for anything else."""


class ManualPayment:
    """A manual method: staff record the money that they take and refund."""

    def __init__(self, method: PaymentMethod, way: Way):
        self.method = method
        self._way = way

    def authorize(self, way: Way) -> None:
        """Accept cash for hand-overs only. Raises ValueError."""
        if way != self._way:
            raise ValueError(
                "A parcel is paid in cash on delivery, a picked-up order at the pick-up point: "
                f"send {BY_WAY[way].method}."
            )

    def initiate(self) -> Payment:
        """Return `due`."""
        return "due"

    def capture(self, payment: Payment) -> Payment:
        """Record that staff took the money."""
        return "paid"

    def cancel(self, payment: Payment) -> Payment:
        """Return the state unchanged: what was paid stays so until it is refunded."""
        return payment

    def refund(self, payment: Payment, *, left: int) -> Payment:
        """Record that staff refunded money, or that an unpaid order was reduced."""
        if payment == "due":
            return "due"
        return "part_refunded" if left > 0 else "refunded"

    def status(self, payment: Payment) -> Payment:
        """Return the order's own payment state."""
        return payment

    def webhook(self, headers: Mapping[str, str], body: bytes) -> tuple[str, Payment]:
        """Raise ValueError: a manual method has no webhook."""
        raise ValueError(f"{self.method} hears of payments from people alone.")


BY_WAY: Mapping[Way, Provider] = {
    "parcel": ManualPayment("cash_on_delivery", "parcel"),
    "pickup": ManualPayment("pay_at_pickup", "pickup"),
}
_PROVIDERS: Mapping[PaymentMethod, Provider] = {
    provider.method: provider for provider in BY_WAY.values()
}


def provider_of(method: PaymentMethod) -> Provider:
    """Return the provider of a payment method."""
    return _PROVIDERS[method]

"""The ways of paying: each fits one way of handing over, and money is given back in parts."""

import pytest

from farmlive.shop.core import payments


def test_cash_is_paid_where_the_order_is_handed_over() -> None:
    for method, way, other in (
        ("cash_on_delivery", "parcel", "pickup"),
        ("pay_at_pickup", "pickup", "parcel"),
    ):
        provider = payments.provider_of(method)  # type: ignore[arg-type]
        provider.authorize(way)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=f"send {payments.BY_WAY[other].method}"):  # type: ignore[index]
            provider.authorize(other)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["cash_on_delivery", "pay_at_pickup"])
def test_money_by_hand_is_due_paid_and_given_back(method: str) -> None:
    provider = payments.provider_of(method)  # type: ignore[arg-type]
    payment = provider.initiate()
    assert (payment, provider.cancel(payment)) == ("due", "due")
    assert [provider.refund(payment, left=left) for left in (1, 0)] == ["due", "due"]
    payment = provider.capture(payment)
    assert (payment, provider.cancel(payment), provider.status(payment)) == ("paid",) * 3
    assert provider.refund(payment, left=1) == "part_refunded"
    assert provider.refund("part_refunded", left=0) == "refunded"
    with pytest.raises(ValueError):
        provider.webhook({}, b"{}")

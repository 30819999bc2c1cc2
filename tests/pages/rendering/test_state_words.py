"""An order's state and the place where it is picked up are called by one word, on every page, in
files and in notices: who is told two words looks for two things.
"""

from typing import get_args

import pytest

from farmlive.broadcast.events.trade import Payment, State
from farmlive.pages.rendering.languages import read_words
from farmlive.pages.rendering.static import WEB
from farmlive.review.lists import NOTHING_DUE, PAYMENTS, STATES
from farmlive.shop.notices.texts import STATES as TOLD

# What lib/orders/order-states.js, order/order.html and pages/live/buying/own-orders.js say.
STUDIO = {"at_centre": "at the pick-up point", "expired": "not ordered in time"}
PAID = {"due": "to pay", "part_refunded": "partly refunded"}
BUYER = {
    "placed": "Ordered",
    "shipped": "On its way",
    "at_centre": "At the pick-up point",
    "received": "Received",
    "cancelled": "Cancelled",
    "expired": "Not ordered in time",
}
WORDS = read_words(WEB / "locale")


def said(text: str) -> str:
    return WORDS["zh"].gettext(text)


@pytest.mark.parametrize("state", get_args(State))
def test_a_state_has_one_word(state: str) -> None:
    english, chinese = STATES[state]
    assert english == STUDIO.get(state, state)
    assert said(english) == chinese
    if state in BUYER:
        assert said(BUYER[state]) == chinese
    if state in TOLD:
        assert TOLD[state][0] == chinese
        assert TOLD[state][1] == BUYER.get(state, state).lower()


@pytest.mark.parametrize("payment", get_args(Payment))
def test_a_payment_has_one_word(payment: str) -> None:
    english, chinese = PAYMENTS[payment]
    assert english == PAID.get(payment, payment)
    assert said(english) == chinese


def test_that_nothing_is_to_pay_has_one_word() -> None:
    english, chinese = NOTHING_DUE
    assert said(english) == said(english.capitalize()) == chinese


@pytest.mark.parametrize("part", ["messages", "studio", "review"])
def test_where_orders_are_picked_up_has_one_word(part: str) -> None:
    written = (WEB / "locale/zh/LC_MESSAGES" / f"{part}.po").read_text("utf-8")
    assert "服务点" not in written
    assert "service centre" not in written.lower().replace("“service centre, ", "")

"""Which currency money is taken in: an order's or a bag's own, else the shop's.

Every amount that a request carries is read here, so that none is taken for what it is not.
"""

from sqlalchemy import Connection, bindparam, select

from farmlive.money import Money
from farmlive.shop.core.problems import WrongCurrency
from farmlive.shop.core.tables import offers

_OF_BAG = select(offers.c.currency).where(offers.c.broadcast == bindparam("broadcast")).limit(1)


BAG = "this broadcast"
ORDER = "this order"
"""Whose currency an amount is in, within a sentence."""


def in_bag(connection: Connection, broadcast: str, price: Money) -> int:
    """Return the amount of a price in the one currency of a broadcast's offers, if it has any.

    Raises WrongCurrency.
    """
    currency = connection.execute(_OF_BAG, {"broadcast": broadcast}).scalar_one_or_none()
    return minor_units(price, currency or price.currency, BAG)


def minor_units(money: Money, currency: str, whose: str) -> int:
    """Return the amount; `whose` currency it is to be in, such as "this order", is said in English.

    Raises WrongCurrency.
    """
    if money.currency != currency:
        raise WrongCurrency(money.currency, currency, whose)
    return money.amount

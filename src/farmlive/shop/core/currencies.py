"""The currency in which money is accepted: that of the order or the bag, otherwise the shop's.

Every amount in a request is converted here, so that none is read in the wrong currency.
"""

from sqlalchemy import Connection, bindparam, select

from farmlive.money import Money
from farmlive.shop.core.problems import WrongCurrency
from farmlive.shop.core.tables import offers

_OF_BAG = select(offers.c.currency).where(offers.c.broadcast == bindparam("broadcast")).limit(1)


BAG = "this broadcast"
ORDER = "this order"
"""The owner of an amount's currency, as a part of a sentence."""


def in_bag(connection: Connection, broadcast: str, price: Money) -> int:
    """Return a price in minor units; a broadcast's offers all have one currency.

    Raises WrongCurrency.
    """
    currency = connection.execute(_OF_BAG, {"broadcast": broadcast}).scalar_one_or_none()
    return minor_units(price, currency or price.currency, BAG)


def minor_units(money: Money, currency: str, whose: str) -> int:
    """Return the amount in minor units.

    `whose` names the owner of `currency` in the error, such as "this order". Raises WrongCurrency.
    """
    if money.currency != currency:
        raise WrongCurrency(money.currency, currency, whose)
    return money.amount

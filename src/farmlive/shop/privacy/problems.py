"""Problems of exports and erasures."""

from typing import Any

from farmlive.problems import Conflict, Forbidden, TooMany


class OrdersOpen(Conflict):
    """The person can't be erased yet; `orders` lists `{broadcast, number, because}` of open orders,
    50 at most, and `count` is the number of all.

    `because`: `due` or `to_give_back` (money), `claim` (an open one), `placed`, `packed`,
    `at_centre` or `shipped` (the state), or `flash` (a batch with a limit per buyer still runs).
    """

    slug = "orders-open"
    title = "Something is still open"

    def __init__(self, open_ones: list[dict[str, Any]]):
        numbers = ", ".join(each["number"] for each in open_ones[:5])
        super().__init__(
            f"Nothing was erased: order {numbers} is open, or money is due. Come back when it is "
            "over, or call it off.",
            orders=open_ones[:50],
            count=len(open_ones),
        )


class NoCodes(Conflict):
    """This server can't send codes to phones."""

    slug = "no-codes"
    title = "This server sends no text messages"


class WrongCode(Forbidden):
    """The code is not the one that was sent to the phone, or has expired."""

    slug = "wrong-phone-code"
    title = "The code is wrong"


class CodesLocked(TooMany):
    """Five wrong codes were entered for a phone: it is locked for an hour."""

    slug = "codes-locked"
    title = "Too many wrong codes for this number"

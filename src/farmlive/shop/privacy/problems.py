"""What is refused of whoever has a person exported or erased."""

from typing import Any

from farmlive.problems import Conflict, Forbidden, TooMany


class OrdersOpen(Conflict):
    """A person can't be erased yet; `orders` lists `{broadcast, number, because}` of those that are
    open, 50 at most, and `count` says how many there are.

    `because`: `due` or `to_give_back` (money), `claim` (one that is not answered), `placed`,
    `packed`, `at_centre` or `shipped` (where it is), or `flash` (its batch still sells).
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
    """No code can be sent to a phone here."""

    slug = "no-codes"
    title = "This server sends no text messages"


class WrongCode(Forbidden):
    """The code is not the one that was sent to the phone, or is over."""

    slug = "wrong-phone-code"
    title = "That is not the code"


class CodesLocked(TooMany):
    """A wrong code was said five times for a phone: none is sent or taken for an hour."""

    slug = "codes-locked"
    title = "Too many wrong codes for this number"

"""Search for orders by number, part of a name, or end of a phone number.

Pure; it returns SQL conditions.
"""

import contextlib
import re
import unicodedata
from typing import Literal

from sqlalchemy import ColumnElement, and_, false, or_

from farmlive import phones
from farmlive.shop.core.order_tables import orders

# A0001 to A9999, then B0001, as models.order_number formats them.
NUMBERS_A_LETTER = 9999

_NUMBER = re.compile(r"([A-Za-z]{1,4})([0-9]{1,4})")
_DIGITS = re.compile(r"\+?[0-9]{2,17}")


def parse_number(text: str) -> int | None:
    """Parse an order number such as A0001 or a1; None if it is none."""
    found = _NUMBER.fullmatch(text)
    if found is None or not 0 < int(found[2]) <= NUMBERS_A_LETTER:
        return None
    block = 0
    for letter in found[1].upper():
        block = block * 26 + ord(letter) - ord("A") + 1
    return (block - 1) * NUMBERS_A_LETTER + int(found[2])


def phone_ends(text: str) -> list[str]:
    """Return the endings that a phone number written like this may have in the database.

    Return an empty list if it is none. Spaces and punctuation are ignored, and so are leading
    zeros, and China's country code before a mobile number, which is stored without it.
    """
    digits = re.sub(r"[\s().-]", "", text)
    if not _DIGITS.fullmatch(digits):
        return []
    digits = digits.removeprefix("+")
    ends = {digits, re.sub(r"^(0*86)*0*(?=1[0-9]{10}$)", "", digits)}
    if len(digits) >= 9:
        ends.add(digits.lstrip("0") or digits)
        with contextlib.suppress(ValueError):
            # A number with a country code is parsed alike whatever the server's country.
            ends.add(phones.written(text, "CN").removeprefix("+"))
    return sorted(ends)


def kind_of_term(find: str) -> Literal["number", "phone", "name"]:
    """Return the kind of a search term; digits alone may be the end of a phone number."""
    said = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", find)).strip()
    if parse_number(said.replace(" ", "")) is not None:
        return "number"
    return "phone" if phone_ends(said) else "name"


def condition(find: str, *, buyers: bool) -> ColumnElement[bool]:
    """Return the condition of a search term; `buyers`: match names and phone numbers too."""
    said = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", find)).strip()
    fitting: list[ColumnElement[bool]] = []
    compact = said.replace(" ", "")
    if (meant := parse_number(compact)) is not None:
        fitting.append(orders.c.number == meant)
    if compact.isascii() and compact.isdigit() and 0 < int(compact) <= NUMBERS_A_LETTER:
        place = (orders.c.number - 1) % NUMBERS_A_LETTER
        fitting.append(place == int(compact) - 1)
    if buyers:
        fitting += [orders.c.buyer_phone.endswith(end) for end in phone_ends(said)]
        name = unicodedata.normalize("NFC", said)
        fitting.append(orders.c.buyer_name.icontains(name, autoescape=True))
        if " " not in said:
            return or_(*fitting)
        # Match each word by itself: given and family name come in either order.
        words = [orders.c.buyer_name.icontains(word, autoescape=True) for word in name.split(" ")]
        return or_(*fitting, and_(*words))
    return or_(false(), *fitting)

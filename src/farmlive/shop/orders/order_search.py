"""Finding orders by what people say of them: a number, a part of a name, the end of a phone.

Pure but for the condition that it writes.
"""

import contextlib
import re
import unicodedata
from typing import Literal

from sqlalchemy import ColumnElement, and_, false, or_

from farmlive import phones
from farmlive.shop.core.order_tables import orders

# A0001 to A9999, then B0001: as models.order_number writes them.
NUMBERS_A_LETTER = 9999

_NUMBER = re.compile(r"([A-Za-z]{1,4})([0-9]{1,4})")
_DIGITS = re.compile(r"\+?[0-9]{2,17}")


def number(said: str) -> int | None:
    """The number behind what people say, A0001 or a1; None where it is none."""
    found = _NUMBER.fullmatch(said)
    if found is None or not 0 < int(found[2]) <= NUMBERS_A_LETTER:
        return None
    block = 0
    for letter in found[1].upper():
        block = block * 26 + ord(letter) - ord("A") + 1
    return (block - 1) * NUMBERS_A_LETTER + int(found[2])


def phone_ends(said: str) -> list[str]:
    """The ends that a phone number may have that is written so; none where it is no number.

    Spaces and signs don't count, nor what one dials first: zeros, and China before a mobile number,
    which is kept without it.
    """
    digits = re.sub(r"[\s().-]", "", said)
    if not _DIGITS.fullmatch(digits):
        return []
    digits = digits.removeprefix("+")
    ends = {digits, re.sub(r"^(0*86)*0*(?=1[0-9]{10}$)", "", digits)}
    if len(digits) >= 9:
        ends.add(digits.lstrip("0") or digits)
        with contextlib.suppress(ValueError):
            # Its country is the same wherever the server is, if it has one.
            ends.add(phones.written(said, "CN").removeprefix("+"))
    return sorted(ends)


def sought(find: str) -> Literal["number", "phone", "name"]:
    """Return by what orders are sought so: digits alone may be the end of a phone number."""
    said = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", find)).strip()
    if number(said.replace(" ", "")) is not None:
        return "number"
    return "phone" if phone_ends(said) else "name"


def condition(find: str, *, buyers: bool) -> ColumnElement[bool]:
    """What is true of the orders that are meant; `buyers`: they are found by their buyers too."""
    said = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", find)).strip()
    fitting: list[ColumnElement[bool]] = []
    compact = said.replace(" ", "")
    if (meant := number(compact)) is not None:
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
        # Each word for itself: given and family name are said in either order.
        words = [orders.c.buyer_name.icontains(word, autoescape=True) for word in name.split(" ")]
        return or_(*fitting, and_(*words))
    return or_(false(), *fitting)

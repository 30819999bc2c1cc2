"""Phone numbers in what people say in public: found however they are written, and blanked out.

A number belongs to a person and must not leave with the text. What else is made of digits, as
prices, dates and the numbers of lots and orders, stays.
"""

import re
import unicodedata

BLANK = "•" * 11

# Between two digits: spaces and signs, a few, and no letter. A currency, a percent and what is
# reckoned with stand between amounts, not in a number.
_SIGN = r"[^\w+=%×÷<>$¢£¤¥€₩₽₹]|_"
_GAP = rf"(?:{_SIGN}){{0,4}}"
# A Chinese mobile number, with its country or without.
_NUMBER = re.compile(
    rf"(?<![0-9])(?:(?:\+{_GAP}|0{_GAP}0{_GAP})?8{_GAP}6{_GAP})?"
    rf"(?P<own>1{_GAP}[3-9](?:{_GAP}[0-9]){{9}})(?![0-9])"
)
_GROUP = re.compile(r"[0-9]+")
# An amount with a fraction, a day, a time of day: with these it is a list of such.
_OTHER = re.compile(
    r"""(?<![0-9.])[0-9]+\.[0-9]{1,2}(?![0-9]|\.[0-9])
    |(?<![0-9])(?:19|20)[0-9]{2}([-./])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12][0-9]|3[01])(?![0-9])
    |(?<![0-9])(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?![0-9])""",
    re.VERBOSE,
)
_MORE_BEFORE = re.compile(rf"[0-9](?:{_SIGN}){{1,4}}$")
_MORE_AFTER = re.compile(rf"(?:{_SIGN}){{1,4}}[0-9]")
# Parts of so many digits are a number's wherever they stand; shorter ones where no more follow,
# or else they are a list.
_PART = 3


def without_phones(text: str) -> str:
    """The text with mobile numbers blanked out, and the rest as it was written.

    Digits of every width and script count, with spaces or signs between them or without.
    """
    plain, place = _plain(text)
    kept: list[str] = []
    end = at = 0
    while found := _NUMBER.search(plain, at):
        if not _is_phone(plain, found):
            at = found.start() + 1
            continue
        at = found.end()
        kept += (text[end : place[found.start()]], BLANK)
        end = place[at - 1] + 1
    return "".join((*kept, text[end:]))


def _plain(text: str) -> tuple[str, list[int]]:
    """The text with plain digits and signs, and from where in it each character is."""
    plain: list[str] = []
    place: list[int] = []
    for at, written in enumerate(text):
        for each in unicodedata.normalize("NFKC", written):
            digit = unicodedata.decimal(each, None)
            plain.append(each if digit is None else str(digit))
            place.append(at)
    return "".join(plain), place


def _is_phone(plain: str, found: re.Match[str]) -> bool:
    """Whether digits that could be a number are one, and no list of other numbers."""
    parts = [*_GROUP.finditer(found["own"])]
    if len(parts) == 1:
        return True
    if any(
        other.start() < found.end() and other.end() > found.start()
        for other in _OTHER.finditer(plain)
    ):
        return False
    if all(len(part[0]) >= _PART for part in parts):
        return True
    more = _MORE_BEFORE.search(plain, 0, found.start()) or _MORE_AFTER.match(plain, found.end())
    return more is None

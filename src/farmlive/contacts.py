"""Telephone numbers and e-mail addresses in what people write: found however they are written.

They belong to a person and must not leave with a text that others read. What else is made of
digits, as prices, dates and the numbers of lots and orders, stays. Pure; what is done about them is
for others to say: the chat blanks mobile numbers, public texts refuse all of it (public_text.py).
"""

import re
import unicodedata
from typing import Literal

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

# Other numbers than mobile ones of China, as people write them: between two digits stands less.
_NEAR = r"[\s\-‐-―./()]{0,3}"
_OTHER_PHONES = re.compile(
    rf"""
    # abroad: +44 20 7946 0000, 0044 …
    (?<![\w+.])(?:\+|00)[1-9](?:{_NEAR}[0-9]){{7,14}}(?![0-9])
    # a mobile number dialled with a zero before it
    |(?<![0-9.])\+?0{{1,3}}{_NEAR}(?:8{_NEAR}6{_NEAR})?1{_NEAR}[3-9](?:{_NEAR}[0-9]){{9}}(?![0-9])
    # a landline of China, with its area: 0598-632 2345, (010) 6552 9988
    |(?<![0-9.])\(?0(?:10|2[0-9]|[3-9][0-9]{{2}})\)?{_NEAR}
     (?!(?:19|20)[0-9]{{2}}[\s\-]?(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?![0-9]))
     [2-8][0-9]{{2,3}}[\s\-]?[0-9]{{4}}(?![0-9])
    # a service's: 400-820-8820
    |(?<![0-9.])[48]00(?:-?[0-9]{{3}}-[0-9]{{4}}|[0-9]-[0-9]{{3}}-[0-9]{{3}})(?![0-9])
    """,
    re.VERBOSE,
)
# After a word that says so, also a local number: Tel. 632 2345.
_AFTER_A_WORD = re.compile(
    rf"""(?:(?:电话|座机|手机|热线|传真|联系|致电|拨打|来电)[^0-9+\n]{{0,6}}
    |(?<![A-Za-z])(?:tel|telephone|phone|mobile|call|fax|hotline|whatsapp|wechat)(?![A-Za-z])
     [^0-9+\n]{{0,12}})
    (?P<number>
     (?!(?:19|20)[0-9]{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?![0-9]))
     \+?[0-9](?:{_NEAR}[0-9]){{6,14}})(?![0-9])""",
    re.VERBOSE | re.IGNORECASE,
)
_EMAIL = re.compile(
    r"""(?<![\w.!#$%&'*+/=?^`{|}~-])[\w.!#$%&'*+/=?^`{|}~-]+
    (?:\s{0,2}@\s{0,2}|\s?[\[({<]\s?at\s?[\])}>]\s?)
    [\w-]+(?:(?:\s?\.\s?|\s?[\[({<]\s?dot\s?[\])}>]\s?)[\w-]+)*
    (?:\s?\.\s?|\s?[\[({<]\s?dot\s?[\])}>]\s?)[^\W\d_]{2,}""",
    re.VERBOSE | re.IGNORECASE,
)
# Written out in Chinese, one character a digit.
_SPOKEN = dict(
    zip("零〇○一二三四五六七八九幺壹贰叁肆伍陆柒捌玖", "0001234567891123456789", strict=True)
)
_MOSTLY = 6
_SPOKEN_DIGIT = f"[{''.join(_SPOKEN)}0-9]"
# A sign is none of the digits, or a long run of both would be looked at in every way.
_SPOKEN_PHONE = re.compile(rf"(?:{_SPOKEN_DIGIT}(?:(?!○)(?:{_SIGN})){{0,2}}){{10,}}{_SPOKEN_DIGIT}")


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


def contact_in(text: str) -> Literal["phone", "email"] | None:
    """What stands in the text by which others could reach someone; None where nothing does.

    Telephone numbers of every kind: mobile ones as `without_phones` finds them, those of abroad,
    landlines with their area, local ones after a word that says so.
    """
    plain = "".join(each for each in _plain(text)[0] if unicodedata.category(each) != "Cf")
    if without_phones(text) != text or _is_other_phone(plain) or _is_spoken(plain):
        return "phone"
    return "email" if _EMAIL.search(plain) else None


def _is_other_phone(plain: str) -> bool:
    found = [match.span() for match in _OTHER_PHONES.finditer(plain)]
    found += [match.span("number") for match in _AFTER_A_WORD.finditer(plain)]
    return any(
        not any(other.start() < end and other.end() > start for other in _OTHER.finditer(plain))
        for start, end in found
    )


def _is_spoken(plain: str) -> bool:
    runs = (
        "".join(_SPOKEN.get(each, each) for each in found[0] if re.match(_SPOKEN_DIGIT, each))
        for found in _SPOKEN_PHONE.finditer(plain)
        # Prices and days have plain digits.
        if sum(each in _SPOKEN for each in found[0]) >= _MOSTLY
    )
    return any(_NUMBER.fullmatch(run) for run in runs)


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

"""Detects telephone numbers and e-mail addresses in free text, however they are written.

They are personal data and must not be published. Other digits pass: prices, dates, numbers of lots
and orders. Pure: the chat blanks mobile numbers, public texts refuse every contact
(public_text.py).
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Literal

BLANK = "•" * 11

# Up to four spaces or signs, no letter, between two digits of a number. Currency, percent and
# arithmetic signs separate amounts, so they are excluded.
_SIGN = r"[^\w+=%×÷<>$¢£¤¥€₩₽₹]|_"
_GAP = rf"(?:{_SIGN}){{0,4}}"
# A Chinese mobile number, with or without its country code.
_NUMBER = re.compile(
    rf"(?<![0-9])(?:(?:\+{_GAP}|0{_GAP}0{_GAP})?8{_GAP}6{_GAP})?"
    rf"(?P<own>1{_GAP}[3-9](?:{_GAP}[0-9]){{9}})(?![0-9])"
)
_GROUP = re.compile(r"[0-9]+")
# A decimal, a date, a time of day: digits next to one are a list of such, not a number.
_OTHER = re.compile(
    r"""(?<![0-9.])[0-9]+\.[0-9]{1,2}(?![0-9]|\.[0-9])
    |(?<![0-9])(?:19|20)[0-9]{2}([-./])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12][0-9]|3[01])(?![0-9])
    |(?<![0-9])(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?![0-9])""",
    re.VERBOSE,
)
_MORE_BEFORE = re.compile(rf"[0-9](?:{_SIGN}){{1,4}}$")
_MORE_AFTER = re.compile(rf"(?:{_SIGN}){{1,4}}[0-9]")
_MORE_LENGTH = 5
# Groups of at least this many digits count as a number's anywhere; shorter ones only if no more
# groups follow, since otherwise they are a list.
_PART = 3

# Numbers other than Chinese mobile ones, in usual spellings: fewer signs between two digits.
_NEAR = r"[\s\-‐-―./()]{0,3}"
# In a service number with spaces, and after an amount.
_APART = r"[\s\-‐-―.]{1,2}"
_UNIT = (
    r"[克斤米亩元块箱盒株棵粒个只升吨条枚枝袋件户人%]|公|千|毫|平方"
    r"|(?i:k?g|m?l|k?m|m2|yuan|cny)(?![A-Za-z])"
)
_OTHER_PHONES = re.compile(
    rf"""
    # abroad: +44 20 7946 0000, 0044 …
    (?<![\w+.])(?:\+|00)[1-9](?:{_NEAR}[0-9]){{7,14}}(?![0-9])
    # a mobile number with a trunk prefix
    |(?<![0-9.])\+?0{{1,3}}{_NEAR}(?:8{_NEAR}6{_NEAR})?1{_NEAR}[3-9](?:{_NEAR}[0-9]){{9}}(?![0-9])
    # a Chinese landline with its area code: 0598-632 2345, (010) 6552 9988
    |(?<![0-9.])\(?0(?:10|2[0-9]|[3-9][0-9]{{2}})\)?{_NEAR}
     (?!(?:19|20)[0-9]{{2}}[\s\-]?(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?![0-9]))
     [2-8][0-9]{{2,3}}[\s\-]?[0-9]{{4}}(?![0-9])
    # a service number: 400-820-8820; with spaces it may be a list of amounts, 400 800 1200 g
    |(?<![0-9.])[48]00(?:-?[0-9]{{3}}-[0-9]{{4}}|[0-9]-[0-9]{{3}}-[0-9]{{3}})(?![0-9])
    |(?<![0-9.$¢£¤¥€₩₽₹])(?:(?<![0-9][\s,，、/])|(?<=:[0-9]{{2}}\s))[48]00
     (?:{_APART}[0-9]{{3}}{_APART}[0-9]{{4}}|[0-9]{_APART}[0-9]{{3}}{_APART}[0-9]{{3}})
     (?![0-9]|[\s,，、/][0-9]{{1,6}}(?![0-9:])|\s?(?:{_UNIT}))
    """,
    re.VERBOSE,
)
# A local number after a word that announces it: Tel. 632 2345.
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
# The dot of a domain from a Chinese keyboard.
_FULL_STOP = re.compile(r"(?<=[A-Za-z0-9])。(?=[A-Za-z])")
# Digits as Chinese numerals, one character each.
_SPOKEN = dict(
    zip(
        "零〇○一二三四五六七八九幺么壹贰貳叁參参肆伍陆陸柒捌玖",
        "000123456789111223334566789",
        strict=True,
    )
)
_MOSTLY = 6
_SPOKEN_DIGIT = f"[{''.join(_SPOKEN)}0-9]"
_IS_SPOKEN = re.compile(_SPOKEN_DIGIT)
# A circle counts as a digit beside another one, otherwise as a bullet.
_IN_DIGITS = str.maketrans({each: digit for each, digit in _SPOKEN.items() if each != "○"})
_CIRCLE = re.compile(r"(?<=[0-9○])○|○(?=[0-9○])")
_COMPACT_DAY = re.compile(
    r"(?<![0-9])(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?![0-9])"
)
# Signs and digits must not overlap, or a long run of both would backtrack exponentially.
_SPOKEN_PHONE = re.compile(rf"(?:{_SPOKEN_DIGIT}(?:(?!○)(?:{_SIGN})){{0,2}}){{10,}}{_SPOKEN_DIGIT}")


# Invisible letters, and a blank pattern.
_EMPTY = frozenset("\u115f\u1160\u2800")

Span = tuple[int, int]


def without_phones(text: str) -> str:
    """Return the text with mobile numbers blanked out, otherwise unchanged.

    It finds digits of every width and script, also in circles and brackets or written out in
    Chinese, with or without spaces or signs between them. Its time is linear in the text's length:
    a few matches, each of bounded length, read each character.
    """
    plain, place = _plain(text)
    kept: list[str] = []
    end = 0
    for first, after in sorted([*_mobiles(plain), *_spoken(plain), *_mixed(plain)]):
        if place[first] < end:
            continue
        kept += (text[end : place[first]], BLANK)
        end = place[after - 1] + 1
    return "".join((*kept, text[end:]))


def contact_in(text: str) -> Literal["phone", "email"] | None:
    """Return the kind of contact that the text contains, None for none.

    It finds telephone numbers of every kind: mobile ones as `without_phones` does, foreign ones,
    landlines with their area code, and local ones after a word that announces them.
    """
    plain, _ = _plain(text)
    if any(_mobiles(plain)) or any(_spoken(plain)) or any(_mixed(plain)):
        return "phone"
    if _is_other_phone(plain) or _is_other_phone(_in_one_script(plain)):
        return "phone"
    return "email" if _EMAIL.search(_FULL_STOP.sub(".", plain)) else None


def _mobiles(plain: str) -> Iterator[Span]:
    """Yield the spans of mobile numbers."""
    others = _others(plain)
    at = 0
    while found := _NUMBER.search(plain, at):
        is_phone = _is_phone(plain, found, others)
        at = found.end() if is_phone else found.start() + 1
        if is_phone:
            yield found.span()


def _spoken(plain: str) -> Iterator[Span]:
    """Yield the spans of mobile numbers that are written out in words."""
    for found in _SPOKEN_PHONE.finditer(plain):
        run = "".join(_SPOKEN.get(each, each) for each in found[0] if _IS_SPOKEN.match(each))
        # Prices and dates are written in digits, not in numerals.
        if sum(each in _SPOKEN for each in found[0]) >= _MOSTLY and _NUMBER.fullmatch(run):
            yield found.span()


def _mixed(plain: str) -> Iterator[Span]:
    """Yield the spans of mobile numbers that have both Chinese numerals and digits."""
    digits = _in_one_script(plain)
    if digits == plain:
        return
    days = [found.span() for found in _COMPACT_DAY.finditer(plain)]
    for first, after in _mobiles(digits):
        written = plain[first:after]
        if written == digits[first:after] or _meets(days, first, after):
            continue
        if "、" not in written or _is_evenly_apart(digits[first:after]):
            yield first, after


def _is_evenly_apart(number: str) -> bool:
    """Return whether commas separate the parts of one number, such as 一三八、1234、5678."""
    parts = [len(part[0]) for part in _GROUP.finditer(number)]
    return min(parts) >= _PART or max(parts) == 1


def _in_one_script(plain: str) -> str:
    """Return the text with its Chinese numerals as digits, of the same length."""
    digits = plain.translate(_IN_DIGITS)
    return _CIRCLE.sub("0", digits) if "○" in digits else digits


def _is_other_phone(plain: str) -> bool:
    found = [match.span() for match in _OTHER_PHONES.finditer(plain)]
    found += [match.span("number") for match in _AFTER_A_WORD.finditer(plain)]
    others = _others(plain)
    return any(not _meets(others, start, end) for start, end in found)


def _plain(text: str) -> tuple[str, list[int]]:
    """Return the text with plain digits and signs, and the position of each character in the
    original.

    Invisible and combining characters are dropped, and several spaces become one, as a page shows
    it: digits with any number of them in between are adjacent.
    """
    plain: list[str] = []
    place: list[int] = []
    for at, written in enumerate(text):
        for each in written if written.isascii() else _in_digits(written):
            if each.isspace() and plain and plain[-1].isspace():
                if each == "\n":
                    plain[-1] = each
                continue
            plain.append(each)
            place.append(at)
    return "".join(plain), place


def _in_digits(written: str) -> str:
    """Return a character without its width and invisible parts; a number as its digits.

    Numbers are those of every script, in circles and brackets, also white on black (❶, which NFKC
    leaves unchanged). Ideographs are letters, and so is 〇 here: `_SPOKEN` has them.
    """
    plain = ""
    for each in unicodedata.normalize("NFKC", written):
        category = unicodedata.category(each)
        if category in ("Cf", "Mn", "Me") or each in _EMPTY:
            continue
        number = unicodedata.numeric(each, None) if category[0] == "N" and each != "〇" else None
        plain += str(int(number)) if number is not None and number.is_integer() else each
    return plain


def _others(plain: str) -> list[Span]:
    """Return the spans of amounts, days and times of day, in order."""
    return [found.span() for found in _OTHER.finditer(plain)]


def _meets(spans: Sequence[Span], start: int, end: int) -> bool:
    """Return whether one of the spans, which are ordered and disjoint, overlaps this one."""
    before_end = bisect_left(spans, (end, 0))
    return before_end > 0 and spans[before_end - 1][1] > start


def _is_phone(plain: str, found: re.Match[str], others: Sequence[Span]) -> bool:
    """Return whether a candidate is a telephone number, not a list of other numbers."""
    parts = [*_GROUP.finditer(found["own"])]
    if len(parts) == 1:
        return True
    if _meets(others, *found.span()):
        return False
    if all(len(part[0]) >= _PART for part in parts):
        return True
    near = max(0, found.start() - _MORE_LENGTH)
    more = _MORE_BEFORE.search(plain, near, found.start()) or _MORE_AFTER.match(plain, found.end())
    return more is None

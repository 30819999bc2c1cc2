"""Nicknames: when two look alike, and which of them nobody but the team may bear.

Pure. What is compared is a nickname's likeness: letters alone, without width, case, accents,
spaces, signs and the digits around them, and one letter for those of other scripts that look the
same (the skeleton of Unicode TS 39, for the letters with which Chinese and Latin are imitated).
"""

import re
import unicodedata
from collections.abc import Iterable

# Letters and signs that show nothing (Unicode's default-ignorable ones that are no controls, and
# blank patterns and fillers).
_EMPTY = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Looks the same -> the letter. Small letters, as case is folded before.
_LOOKS_LIKE = str.maketrans(
    dict(
        pair
        for same, letter in (
            ("аɑα", "a"),
            ("вβ", "b"),
            ("сϲ", "c"),
            ("ԁđ", "d"),
            ("еε", "e"),
            ("ɡ", "g"),
            ("һнη", "h"),
            ("іιıil1|ӏł", "l"),
            ("јϳ", "j"),
            ("кκ", "k"),
            ("мμ", "m"),
            ("п", "n"),
            ("оο0ø", "o"),
            ("рρ", "p"),
            ("ѕ", "s"),
            ("тτ", "t"),
            ("υ", "u"),
            ("ν", "v"),
            ("ωԝ", "w"),
            ("хχ", "x"),
            ("уγ", "y"),
            ("ロ囗", "口"),
            ("エ", "工"),
            ("ニ", "二"),
            ("カ", "力"),
            ("ー", "一"),
            ("員", "员"),
            ("統", "统"),
            ("務", "务"),
            ("運營", "运营"),
        )
        for pair in zip(same, letter * len(same) if len(letter) == 1 else letter, strict=True)
    )
)
# Who says so claims to speak for the farm or the county, in Chinese wherever it stands.
_CLAIMS = ("主播", "官方", "客服", "管理员", "房管", "工作人员", "运营", "系统", "本人")
_CLAIMING_WORDS = (
    "admin administrator coordinator farmlive guanfang host kefu mod moderator official staff "
    "support system zhubo"
)
# A viewer who chose no nickname: 游客 and four digits.
_GUEST = re.compile(r"游客\d{4}")
# Digits before a name, but for a 0 or 1 that may stand for a letter of it.
_BEFORE = re.compile(r"^[\W_]*(?:[0-9]+(?=[\W_]|[^\x00-\x7f])|[0-9]*[2-9](?=[a-z]))")
_WORD = re.compile(r"[^\W_]+")
# Chinese of so many characters is a name wherever it stands in another; Latin is part of words.
_WHOLE = 3


def guest_name(device: str) -> str:
    """What a viewer is called who chose no nickname, by the device's pseudonym."""
    return f"游客{int(device[:6], 36) % 10_000:04d}"


def is_guest_name(nickname: str) -> bool:
    """Whether it has the form of what `guest_name` gives."""
    return _GUEST.fullmatch(_plain(nickname).strip()) is not None


def is_blank(text: str) -> bool:
    """Whether nothing of the text can be seen."""
    return not any(map(_is_seen, text))


def likeness(nickname: str) -> str:
    """What it has in common with all that look like it: of one without letters what is seen."""
    plain = _plain(nickname)
    if core := _letters(_BEFORE.sub("", plain)).rstrip("0123456789"):
        return core.translate(_LOOKS_LIKE)
    signs = "".join(each for each in plain if not (each.isalnum() or each.isspace()))
    return signs or _letters(plain).translate(_LOOKS_LIKE)


def claims_office(nickname: str) -> bool:
    """Whether it says that whoever bears it is the host, staff or official."""
    whole = likeness(nickname)
    if any(claim in whole for claim in _CLAIMS):
        return True
    words = {likeness(word) for word in _WORD.findall(_plain(nickname))}
    return not _CLAIMING.isdisjoint(words | {whole})


def is_like_any(nickname: str, likenesses: Iterable[str]) -> bool:
    """Whether it looks like one of those whose likenesses are given, or has a Chinese one in it."""
    whole = likeness(nickname)
    return any(
        whole == each or (len(each) >= _WHOLE and not each.isascii() and each in whole)
        for each in likenesses
    )


def _plain(text: str) -> str:
    """What is seen of it, and spaces: without width, case and accents; digits as ASCII ones."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    # Folding may compose what was taken apart.
    plain = unicodedata.normalize("NFKD", decomposed)
    return "".join(
        each if (digit := unicodedata.decimal(each, None)) is None else str(digit)
        for each in plain
        if _is_seen(each) or each.isspace()
    )


def _letters(plain: str) -> str:
    return "".join(each for each in plain if each.isalnum() or each == "|")


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and character not in _EMPTY


_CLAIMING = frozenset(likeness(word) for word in _CLAIMING_WORDS.split())

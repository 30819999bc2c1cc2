"""Nicknames: which look alike, and which are reserved for the team.

Pure. Nicknames are compared by their skeleton: letters alone, without width, case, accents, spaces,
signs and the digits around them or between Chinese characters, simplified instead of traditional,
and one letter for all that look the same (the skeleton of Unicode TS 39, for the letters and digits
that imitate Chinese and Latin).
"""

import re
import unicodedata
from collections.abc import Iterable

from farmlive.people.core.traditional import SIMPLIFIED

# Invisible characters: Unicode's Default_Ignorable_Code_Point without controls, blank patterns and
# fillers.
_EMPTY = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Confusable -> letter. Lower case, because case is folded before.
_LOOKS_LIKE = SIMPLIFIED | str.maketrans(
    dict(
        pair
        for same, letter in (
            ("аɑα4ᴀᎪꓮ", "a"),
            ("вβʙᴃᏴꓐ", "b"),
            ("сϲᴄᏟꓚ", "c"),
            ("ԁđᴅᴆᎠꓒꓓ", "d"),
            ("еε3ᴇᎬꓰ", "e"),
            ("ꜰꓝ", "f"),
            ("ɡɢᏀᏳꓖ", "g"),
            ("һнηհʜᎻᏂꓧ", "h"),
            ("іιıil1|ӏłɪᴉʟᴌᎥᏆᏞꓲꓡ", "l"),
            ("јϳᴊᎫꓙ", "j"),
            ("кκᴋᏦꓗ", "k"),
            ("мμᴍᎷꓟ", "m"),
            ("пɴᴎꓠ", "n"),
            ("оο0〇øօᴏᴑᎾꓳ", "o"),
            ("рρᴘᏢꓑ", "p"),
            ("ʀᴙᴚᎡᏒꓣ", "r"),
            ("ѕ5ꜱᏕᏚꓢ", "s"),
            ("тτ7ᴛᎢꓔ", "t"),
            ("υᴜᏌꓴ", "u"),
            ("νᴠᏙꓦ", "v"),
            ("ωԝᴡᎳᏔꓪ", "w"),
            ("хχꓫ", "x"),
            ("уγʏᎩᎽꓬ", "y"),
            ("ᴢᏃꓜ", "z"),
            ("ロ囗", "口"),
            ("エ", "工"),
            ("ニ", "二"),
            ("カ", "力"),
            ("ー", "一"),
        )
        for pair in zip(same, letter * len(same) if len(letter) == 1 else letter, strict=True)
    )
)
# Letters in squares and circles that Unicode doesn't decompose, and the regional indicators of
# flags.
_FLAG_LETTERS = "\U0001f1e6-\U0001f1ff"
_FRAMED = {
    first + each: chr(ord("a") + each)
    for first in (0x1F150, 0x1F170, 0x1F1E6)
    for each in range(26)
}
_FLAG = re.compile(f"[{_FLAG_LETTERS}]{{2}}")
_FLAG_LETTER = re.compile(f"[{_FLAG_LETTERS}]")
# A sign between Latin letters, or one in place of the first or the last of them.
_SIGNS = str.maketrans("@$!€○◯⭕●", "asieoooo")
_SIGN_WITHIN = re.compile(r"(?<=[a-z])[@$](?=[a-z])")
_HAN = "\u3400-\u9fff\U00020000-\U0003ffff"
# Ignored between Chinese characters: digits, the ideographic zero, and a single Latin letter.
_READ_OVER = re.compile(f"(?<=[{_HAN}])[0-9\u3007]+(?=[{_HAN}])|\u3007+$|^\u3007+(?=[{_HAN}])")
_LETTER_WITHIN = re.compile(f"(?<=[{_HAN}])[a-z](?=[{_HAN}])")
# Words that claim to speak for the farm or the county; Chinese ones match anywhere in a nickname.
_CLAIMS = (
    "主播",
    "官方",
    "客服",
    "管理员",
    "房管",
    "工作人员",
    "运营",
    "系统",
    "本人",
    "田头直播",  # farmlive's name on Chinese pages
)
_CLAIMING_WORDS = (
    "admin administrator coordinator farmlive guanfang host kefu mod moderator official staff "
    "support system zhubo"
)
# The default nickname: 游客 and four digits.
_GUEST = re.compile(r"游客\d{4}")
# Digits before a name, but no 0 or 1, which may stand for a letter of it.
_BEFORE = re.compile(r"^[\W_]*(?:[0-9]+(?=[\W_]|[^\x00-\x7f])|[0-9]*[2-9](?=[a-z]))")
_WORD = re.compile(r"[^\W_]+")
_LATIN = re.compile("[a-z]+")
# From this length on a Chinese name matches anywhere in a nickname; a Latin one only as a word.
_WHOLE = 3


def guest_name(device: str) -> str:
    """Return the default nickname of a device, by its pseudonym."""
    return f"游客{int(device[:6], 36) % 10_000:04d}"


def is_guest_name(nickname: str) -> bool:
    """Return whether it has the form of a `guest_name`."""
    return _GUEST.fullmatch(_plain(nickname).strip()) is not None


def is_blank(text: str) -> bool:
    """Return whether the text has only invisible characters."""
    return not any(map(_is_seen, text))


def likeness(nickname: str) -> str:
    """Return its skeleton, as UTS #39 calls it: the same for nicknames that look alike."""
    plain = _SIGN_WITHIN.sub(lambda sign: sign[0].translate(_SIGNS), _plain(nickname))
    if core := _letters(_BEFORE.sub("", plain)).rstrip("0123456789"):
        return _READ_OVER.sub("", core).translate(_LOOKS_LIKE) or core
    signs = "".join(each for each in plain if not (each.isalnum() or each.isspace()))
    return signs or _letters(plain).translate(_LOOKS_LIKE)


def claims_authority(nickname: str) -> bool:
    """Return whether it claims to be the host, staff or official."""
    whole = _readings(nickname)
    if any(claim in _LETTER_WITHIN.sub("", each) for claim in _CLAIMS for each in whole):
        return True
    plain = _plain(nickname)
    words = {*_WORD.findall(plain), *_WORD.findall(plain.translate(_SIGNS))}
    read = whole.union(*map(_readings, words))
    # Next to Chinese characters a Latin word needs no space.
    beside = {word for each in read if not each.isascii() for word in _LATIN.findall(each)}
    return not _CLAIMING.isdisjoint(read | beside)


def is_like_any(nickname: str, likenesses: Iterable[str]) -> bool:
    """Return whether it looks like a name with one of these skeletons, or contains a Chinese
    one.
    """
    whole = _readings(nickname)
    return any(
        each in whole
        or (len(each) >= _WHOLE and not each.isascii() and any(each in one for one in whole))
        for each in likenesses
    )


def _readings(nickname: str) -> set[str]:
    """Return its skeleton, and the one with all letter-like digits and signs read as letters."""
    plain = _letters(_plain(nickname).translate(_SIGNS))
    return {likeness(nickname), _READ_OVER.sub("", plain).translate(_LOOKS_LIKE)}


def _plain(text: str) -> str:
    """Return its visible characters and spaces without width, case and accents; ASCII digits."""
    # Two regional indicators are a flag; more of them spell a word.
    if len(_FLAG_LETTER.findall(text)) == 2:
        rest = _FLAG.sub("", text)
        text = text if is_blank(rest) else rest
    decomposed = unicodedata.normalize("NFKD", text).casefold().translate(_FRAMED)
    # Case folding may compose characters again.
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

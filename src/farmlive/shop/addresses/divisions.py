"""Find the division that a text names: province, prefecture and county, in the order of a Chinese
address or of an English one.

The names are those of `shop.core.regions`. A Chinese address may leave out the kind of a place
(福建三明) or a level (福建省尤溪县), or name a municipality twice; an English one begins with the
smallest division.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import NamedTuple

from farmlive.shop.core import regions


class Found(NamedTuple):
    """A division, where in the text its names stand, and how much of it was written out."""

    code: str
    spans: tuple[tuple[int, int], ...]
    score: int


class _Name(NamedTuple):
    code: str
    level: int
    is_full: bool


_NATIONS = (
    "蒙古族|蒙古|回族|藏族|维吾尔|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|"
    "哈萨克族|哈萨克|傣族|黎族|傈僳族|佤族|畲族|拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜族|柯尔克孜|"
    "土族|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯族|锡伯|塔吉克族|塔吉克|普米族|怒族|"
    "鄂温克族|鄂伦春|保安族|裕固族|独龙族|各族"
)
_AUTONOMOUS = re.compile(rf"(?P<own>.+?)(?P<nations>(?:{_NATIONS})*)自治(?P<kind>区|州|县|旗)")
_KIND = re.compile(r"(?P<own>.{2,}?)(?:特别行政区|街道办事处|街道|地区|林区|[省市区县旗盟镇乡])")
# Names that many cities have: they say nothing without their city.
_NEEDS_PARENT = re.compile(r"开发区|园区|高新区|新区$|新城|^市|^城|^郊|街道|[镇乡岛]$")
# What stands between the levels for one that does not exist.
_FILLER = re.compile(
    r"(?:[\s,，、./·\-—_>]|市辖区|自治区直辖县级行政(?:区划|单位)|省直辖县级行政(?:区划|单位)|省直辖县)*"
)
# Behind a short name these make it a street, a building or a smaller place.
_OF_A_STREET = re.compile(
    r"[东西南北中]?[一二三四五六七八九十]?(?:[大小]?[路街道巷弄]|村|镇|乡|[0-9]*号|大厦|花园|小区|广场|新村|"
    r"大学|学院|医院|[中小]学|饭店|宾馆|酒店|公司|银行|车?站|机场|大桥|桥)"
)
_BEGINS = re.compile(r"[\s,，、;；|/:：。\x00-\x03]")
_LEVELS = {1: "province", 2: "prefecture", 3: "county"}
# Of two equally long readings: 北京市 is the prefecture, 南昌 the city and not its county, 吉林 the
# province.
_RANK_OF_SHORT = {1: 2.5, 2: 2.0, 3: 1.0}


def _level(code: str) -> int:
    return len(regions.prefix(code)) // 2


def is_named(name: str) -> bool:
    """Return whether a division has a name of its own, and is no placeholder."""
    return name not in regions.NO_NAMES and name != "其它区"


@cache
def _chinese() -> tuple[dict[str, list[_Name]], int]:
    """Return every way to write a division, and the length of the longest."""
    table: dict[str, list[_Name]] = defaultdict(list)
    for code, name in regions.all_names("zh").items():
        if not is_named(name):
            continue
        level = _level(code)
        table[name].append(_Name(code, level, is_full=True))
        shorts = set()
        if found := _AUTONOMOUS.fullmatch(name):
            shorts = {found["own"], found["own"] + found["kind"]}
        elif found := _KIND.fullmatch(name):
            shorts = {found["own"]}
        for short in shorts - {name}:
            if len(short) >= 2:
                table[short].append(_Name(code, level, is_full=False))
    return dict(table), max(map(len, table))


def find_chinese(folded: str) -> Found | None:
    """Return the division of a folded text with Chinese names."""
    best: Found | None = None
    names = _Names(folded)
    for start in range(len(folded)):
        isolated = start == 0 or bool(_BEGINS.match(folded[start - 1]))
        score, end, code = names.longest(start, is_isolated=isolated)
        if code and (best is None or score > best.score):
            best = Found(code, ((start, end),), score)
    return best


def repeated(folded: str, found: Found) -> list[tuple[int, int]]:
    """Return where else at the beginning of a word the text names the found division, or the one
    that it lies in.
    """
    spans = []
    names = _Names(folded)
    at = 0
    while at < len(folded):
        isolated = at == 0 or bool(_BEGINS.match(folded[at - 1]))
        inside = any(start <= at < end for start, end in found.spans)
        if isolated and not inside:
            _, end, code = names.longest(at, is_isolated=True)
            if code and found.code.startswith(regions.prefix(code)):
                spans.append((at, end))
                at = end
                continue
        at += 1
    return spans


class _Names:
    """The names of divisions that follow each other in a text.

    What follows a place is looked for once, and one name may be repeated once: so the work grows
    with the text's length, whatever stands in it.
    """

    def __init__(self, folded: str):
        self._folded = folded
        self._known: dict[tuple[int, str, int, bool, bool], tuple[int, int, str]] = {}

    def longest(
        self,
        at: int,
        parent: str = "",
        level: int = 0,
        *,
        is_isolated: bool = True,
        may_repeat: bool = True,
    ) -> tuple[int, int, str]:
        """Return score, end and code of the best names from here on, within `parent`."""
        key = (at, parent, level, is_isolated, may_repeat)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._look(*key)
        return found

    def _look(
        self, at: int, parent: str, level: int, is_isolated: bool, may_repeat: bool
    ) -> tuple[int, int, str]:
        best: tuple[int, int, str] = (0, at, parent)
        best_rank = 0.0
        filler = _FILLER.match(self._folded, at) if parent else None
        start = filler.end() if filler else at
        for name, candidates in _names_at(self._folded, start):
            end = start + len(name)
            for each in _unambiguous(candidates, parent, level):
                again = may_repeat and each.code != parent
                if each.code == parent and not may_repeat:
                    continue
                if not self._fits(each, name, end, again, parent=parent, is_isolated=is_isolated):
                    continue
                score = len(name) * (2 if each.is_full else 1)
                more, last, code = self.longest(end, each.code, each.level, may_repeat=again)
                rank = each.level if each.is_full else _RANK_OF_SHORT[each.level]
                if (score + more, rank) > (best[0], best_rank):
                    best, best_rank = (score + more, last, code), rank
        return best

    def _fits(
        self, each: _Name, name: str, end: int, again: bool, *, parent: str, is_isolated: bool
    ) -> bool:
        if (
            not parent
            and each.level == len(_LEVELS)
            and (len(name) < 3 or _NEEDS_PARENT.search(name))
        ):
            return False
        if each.is_full:
            return True
        if not parent and (each.level == len(_LEVELS) or not is_isolated):
            # 张三福建三明: a short name within a word counts where a second one follows.
            if each.level == len(_LEVELS):
                return False
            if self.longest(end, each.code, each.level, may_repeat=again)[0] == 0:
                return False
        return _OF_A_STREET.match(self._folded, end) is None


def _names_at(folded: str, start: int) -> Iterator[tuple[str, list[_Name]]]:
    table, longest = _chinese()
    for length in range(min(longest, len(folded) - start), 1, -1):
        name = folded[start : start + length]
        if name in table:
            yield name, table[name]


def _unambiguous(candidates: list[_Name], parent: str, level: int) -> Iterator[_Name]:
    within = regions.prefix(parent) if parent else ""
    for wanted in range(max(level, 1), 4):
        of_level = [
            each
            for each in candidates
            if each.level == wanted
            and each.code.startswith(within)
            # The same one once more is nothing new, but belongs to it: 福建省福建省三明市.
            and (each.level > level or each.code == parent)
        ]
        full = [each for each in of_level if each.is_full]
        if len({each.code for each in full or of_level}) == 1:
            yield (full or of_level)[0]


# English

_WORD = re.compile(r"[A-Za-z][A-Za-z'’\-]*")
_ENGLISH_KIND = re.compile(
    r"(?i)\s+(?:province|city|municipality|district|county|prefecture|town|banner|subdistrict|"
    r"(?:uy?ghur |zhuang |hui )?autonomous region|sar)$"
)
_LONGEST_ENGLISH = 5  # words
# An address mentions some ten divisions, those of one name counted each; what goes on and on is
# none, and would take long.
_MOST_MENTIONS = 60


def _key(words: str) -> str:
    return re.sub(r"[^a-zü]", "", words.lower().replace("ü", "u"))


@cache
def _english() -> dict[str, list[_Name]]:
    table: dict[str, list[_Name]] = defaultdict(list)
    chinese = regions.all_names("zh")
    for code, name in regions.all_names("en").items():
        if not is_named(chinese[code]):
            continue
        level = _level(code)
        short = _ENGLISH_KIND.sub("", name)
        table[_key(name)].append(_Name(code, level, is_full=short != name or level == 1))
        if _key(short) != _key(name):
            table[_key(short)].append(_Name(code, level, is_full=False))
    return dict(table)


class _Mention(NamedTuple):
    start: int
    end: int
    name: _Name


def find_english(folded: str) -> Found | None:
    """Return the division of a folded text with English names, parted by commas and lines."""
    mentions = list(islice(_mentions(folded), _MOST_MENTIONS))
    of_code: dict[str, list[_Mention]] = defaultdict(list)
    for each in mentions:
        of_code[each.name.code].append(each)
    best: Found | None = None
    for each in mentions:
        found = _supported(each, of_code)
        if found and (best is None or found.score > best.score):
            best = found
    return best


def _mentions(folded: str) -> Iterator[_Mention]:
    table = _english()
    for part in re.finditer(r"[^,;\n\x00-\x03]+", folded):
        words = list(_WORD.finditer(folded, part.start(), part.end()))
        for first, word in enumerate(words):
            for last in words[first : first + _LONGEST_ENGLISH]:
                start, end = word.start(), last.end()
                rest = folded[part.start() : start] + folded[end : part.end()]
                is_all = not re.search(r"[A-Za-z]", rest)
                written = folded[start:end]
                has_kind = bool(_ENGLISH_KIND.search(written))
                keys = {_key(written): True, _key(_ENGLISH_KIND.sub("", written)): False}
                for key, is_written in keys.items():
                    for name in table.get(key, ()):
                        # A short name is a part of its own: Sanming, not Sanming Road.
                        if is_all or (has_kind and (is_written or name.level < len(_LEVELS))):
                            full = name.is_full and is_written
                            yield _Mention(start, end, name._replace(is_full=full))


def _supported(each: _Mention, of_code: Mapping[str, list[_Mention]]) -> Found | None:
    """Return what a mention and those of what it lies in say together, by their codes."""
    spans = {(each.start, each.end)}
    score = 3 if each.name.is_full else 1
    for code in regions.parents(each.name.code):
        above = [
            other
            for other in of_code.get(code, ())
            if not any(other.start < end and start < other.end for start, end in spans)
        ]
        if above:
            longest = max(above, key=lambda other: (other.name.is_full, other.end - other.start))
            spans.add((longest.start, longest.end))
            score += 3 if longest.name.is_full else 2
    if len(spans) == 1 and (not each.name.is_full or each.name.level == len(_LEVELS)):
        return None  # one word alone may be anything
    return Found(each.name.code, tuple(sorted(spans)), score * 10 + each.name.level)

"""Find the recipient's name in an address out of which the phone and the region were taken.

The text is masked as `pasted.py` says: \\1 stands for a region, \\2 for a phone, \\3 for a label.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
# The surnames of nineteen in twenty people, and compound ones (folded: simplified).
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖萧田董潘袁蔡蒋余于杜叶程魏苏吕丁"
    "任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付傅方邹熊白孟秦邱丘侯江尹薛闫阎段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴"
    "严莫孔向常汤康易乔赖文庄施樊殷牛洪柳俞欧古詹辛管祝岳鲁翁章左柯涂池游阳裴席卓骆倪安温骆麦纪詹包耿卫"
    "关解鲍宁成申蓝童柴葛尚简盛危童凌苗苟褚阮饶项喻翟聂车伍兰路瞿华全房穆容占封桂佘冷巫冉沙慕司蒲海花边"
)
_COMPOUND = (
    "欧阳",
    "司马",
    "上官",
    "诸葛",
    "司徒",
    "东方",
    "夏侯",
    "皇甫",
    "尉迟",
    "公孙",
    "令狐",
    "慕容",
    "司空",
)
_POLITE = r"(?:女士|先生|小姐|老师|阿姨|师傅|大姐|大哥|大叔|大妈|老板)"
# 张三（女士）, 张三[8901] of a shop that hides the number; 收 says who receives it.
_PERSON = re.compile(
    rf"(?P<own>[{_HAN}]{{1,3}}{_POLITE}|[{_HAN}]{{2,4}}|[{_HAN}]{{1,10}}(?:[·•][{_HAN}]{{1,10}})+)"
    rf"(?:[\[(【][^\]\)】\x01-\x03]{{1,8}}[\])】])?"
)
_TOKEN = re.compile(r"[^\s,，、;；|/:：。\x01-\x03]+")
_PART = re.compile(r"[^,，、;；|/\n\x01-\x03]+")
_LATIN = re.compile(r"[A-Za-z][A-Za-z.'’\-]*(?: [A-Za-z][A-Za-z.'’\-]*){0,3}")
_OF_AN_ADDRESS = re.compile(
    r"(?i)\b(?:road|rd|street|st|avenue|ave|lane|village|town|building|bldg|room|rm|floor|unit|block|"
    r"apt|apartment|no|district|county|city|province|china|estate|garden|tower|court|house|p\.?o\.?)\b"
)
_PLACE_END = frozenset(
    "省市区县镇乡村路街道巷弄号栋楼室幢组队社店厂院园城苑府里庄屯寨坊桥港湾场站库房校层座期旁边口处州旗盟岛"
)
_NO_NAMES = frozenset(
    re.findall("..", "收货收件地址电话手机谢谢你好您好中国快递备注默认公司学校送到寄到发到寄给邮编")
)
_BEHIND_A_NUMBER = re.compile(
    rf"(?:[号室楼栋户层院]|[0-9](?![号室楼栋户层院]))(?P<own>[{_HAN}]{{2,4}})$"
)
# What a candidate needs, and from where on it is sure.
_ENOUGH, _SURE = 3, 5


class _Label(Protocol):
    @property
    def end(self) -> int: ...
    @property
    def kind(self) -> str: ...


def find_name(
    masked: str, text: str, labels: Sequence[_Label]
) -> tuple[tuple[int, int] | None, bool]:
    """Return where the name stands in the text, None if nowhere, and whether that is sure."""
    for label in labels:
        if label.kind == "name" and (found := _labelled(masked, label.end)):
            return found, True
    has_phone = "\x02" in masked
    best, most = None, 0
    for start, end, score in (*_tokens(masked, has_phone), *_latin(masked, has_phone)):
        if score > most:
            best, most = (start, end), score
    if best and most >= _ENOUGH:
        return best, most >= _SURE
    return _glued(masked), False


def _labelled(masked: str, at: int) -> tuple[int, int] | None:
    """Return the value of a label: a person's form, or what stands before a separator."""
    value = re.compile(r"[^\n,，、;；|\x01-\x03]*").match(masked, at)
    if value is None or not value[0].strip():
        return None
    if found := re.compile(rf"\s*({_PERSON.pattern})(?=\s|$|[\x01-\x03])").match(
        masked, at, value.end() + 1
    ):
        return found.span(1)
    end = value.start() + len(value[0].rstrip())
    start = value.end() - len(value[0].lstrip())
    # A whole address in it is no name.
    return (start, end) if end - start <= 30 and not re.search(r"[0-9]", value[0]) else None


def _has_surname(name: str) -> bool:
    return name.startswith(_COMPOUND) or name[0] in _SURNAMES


def _neighbours(masked: str, start: int, end: int) -> tuple[str, str]:
    """Return the nearest characters before and behind, without separators and labels; empty at the
    ends.
    """
    before = masked[:start].rstrip(" \t\n\r,，、;；|/:：。()[]\x03")
    behind = masked[end:].lstrip(" \t\n\r,，、;；|/:：。()[]收\x03")
    return before[-1:], behind[:1]


def _tokens(masked: str, has_phone: bool) -> Iterator[tuple[int, int, int]]:
    for token in _TOKEN.finditer(masked):
        word = token[0]
        if word.endswith("收") and len(word) > 2:  # 张三收
            word = word[:-1]
        match = _PERSON.fullmatch(word)
        if match is None or match["own"] in _NO_NAMES:
            continue
        own = match["own"]
        before, behind = _neighbours(masked, token.start(), token.end())
        beside_phone = "\x02" in (before, behind)
        score = 2 * _has_surname(own) + 2 * beside_phone + (before == "") + (len(own) <= 3)
        score += 2 * bool(re.search(f"{_POLITE}$", own)) + 2 * ("·" in own or "•" in own)
        score += (len(match[0]) > len(own)) + (before == "" and behind == "\x01")
        if not has_phone:
            # Without a phone a name stands before the region, or behind a number at the end.
            score -= 2
            score += 2 * (behind == "" and bool(re.match(r"[0-9号室]", before)))
        elif not beside_phone and "" not in (before, behind):
            score -= 3  # within the address
        if own[-1] in _PLACE_END:
            score -= 3
        yield token.start(), token.start() + len(word), score


def _latin(masked: str, has_phone: bool) -> Iterator[tuple[int, int, int]]:
    if not has_phone:
        return
    for part in _PART.finditer(masked):
        words = part[0].strip()
        if not _LATIN.fullmatch(words) or _OF_AN_ADDRESS.search(words):
            continue
        start = part.start() + part[0].index(words)
        before, behind = _neighbours(masked, start, start + len(words))
        is_beside = "\x02" in (before, behind)
        score = 3 * (before == "") + 2 * is_beside + (" " in words)
        yield start, start + len(words), score


def _glued(masked: str) -> tuple[int, int] | None:
    """Return a name that stands behind a house's number without a space: …12号张三."""
    for token in _TOKEN.finditer(masked):
        _, behind = _neighbours(masked, token.start(), token.end())
        if behind not in ("", "\x02"):
            continue
        found = _BEHIND_A_NUMBER.search(token[0])
        if found and _has_surname(found["own"]) and found["own"][-1] not in _PLACE_END:
            return token.start() + found.start("own"), token.end()
    return None

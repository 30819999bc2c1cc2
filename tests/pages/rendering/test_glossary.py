"""One word for one thing: the pages say the glossary's words, and none of their variants."""

import re
from collections.abc import Iterator
from io import BytesIO

import pytest
from babel.messages.pofile import read_po

from farmlive.pages.extract import PARTS
from farmlive.pages.rendering.languages import LANGUAGES
from farmlive.pages.rendering.static import WEB

GLOSSARY = (WEB.parent / "docs" / "glossary.md").read_text(encoding="utf-8")

# What pages don't say, and the glossary's word for it.
VARIANTS = {
    "zh": {
        "金桔": "金柑",
        "商品袋": "购物袋",
        "占货|预留": "留货",
        " 份": "件",
        "批号": "批次号",
        "限时抢(?!购)|(?<!限时)抢购": "限时抢购",
        "置顶": "上屏",
        "排队": "候补",
        "打包": "装箱",
        "直播台|控制台": "中控台",
        "直播间后台": "直播后台",
        "系统管理员|运维|管服务器的人|维护服务器的人": "服务器管理员",
        "网络地址": "IP 地址",
        "顾客|客户": "买家",
        "你": "您",
    },
    "en": {
        r"flash sale|flash (of|is|at)\b": "flash batch",
        r"\bshut(s)? (out|\w+ out)\b": "deactivate",
        r"\bcall(s|ed)? (it |an order |them )?off\b": "cancel",
        r"sorted out": "wasted",
        r"^(No )?[Mm]oney back": "refund",
        r"[Nn]etwork address": "IP address",
        r"(?<!by) a buyer$|boxes an order|\bone a page\b": "per buyer, per order, per page",
        r"[Tt]hat meant\?|(is|are) meant\b": "a question with the act in it",
        r"\bwhoever runs\b": "the server's operator",
        r"^Such as “": "For example",
        r"[Ll]oad the page again": "Reload the page",
        r"^Kept\.|^Keep (it|the (lot|plot|fees|test|farm|pick-up point))\b": "Saved, Save",
        r"\b[Tt]astes? well\b": "We hope you enjoy it",
        r"\bfarmlive (user|key|serve)\b": "what a person can do without a shell",
    },
}


def messages(language: str, part: str) -> Iterator[str]:
    """Every text of a catalogue, in its language."""
    file = WEB / "locale" / language / "LC_MESSAGES" / f"{part}.po"
    for message in read_po(BytesIO(file.read_bytes()), locale=language):
        if message.id:
            yield from [message.string] if isinstance(message.string, str) else message.string or ()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", PARTS)
def test_a_page_says_the_glossarys_words(language: str, part: str) -> None:
    found = {
        text: word
        for text in messages(language, part)
        for variant, word in VARIANTS[language].items()
        if re.search(variant, text)
    }
    assert found == {}


def test_the_glossary_has_the_words() -> None:
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| [^|]+ \| [^|]+ \|$", GLOSSARY, re.MULTILINE)
    english = [word.strip("` ") for word in rows if word != "word"]
    assert len(english) == len(set(english))
    for word in set(VARIANTS["zh"].values()) - {"您", "IP 地址", "金柑", "批次号"}:
        assert word in GLOSSARY, word

"""The studio's sentences for what the server says stand for something that it does say."""

import ast
import functools
import re
from pathlib import Path

import pytest

import farmlive
from farmlive.pages.rendering.static import WEB

SENTENCES = (WEB / "static" / "lib" / "format" / "staff-sentences.js").read_text(encoding="utf-8")


@functools.cache
def said() -> set[str]:
    """Every text in the code of the server."""
    return {
        node.value
        for file in Path(farmlive.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_problems_are_known_by_a_type_that_exists() -> None:
    spoken = SENTENCES[SENTENCES.index("const SPOKEN") : SENTENCES.index("export function spoken")]
    slugs = re.findall(r"""^  "?([a-z-]+)"?: \(.*\) =>""", spoken, re.M)
    assert len(slugs) > 10
    assert set(slugs) - said() == set()


def test_no_table_of_sentences_says_two_things_of_one_problem() -> None:
    """Of two the later one is said, whatever the first was for."""
    for file in (WEB / "static").rglob("*.js"):
        if "vendor" in file.parts:
            continue
        tables = re.findall(r"^const \w+ = \{$(.*?)^\};$", file.read_text("utf-8"), re.M | re.S)
        for table in tables:
            slugs = re.findall(r"""^  "?([a-z-]+)"?: \(.*\) =>""", table, re.M)
            assert sorted(slugs) == sorted(set(slugs)), file


@pytest.mark.parametrize("table", ["FIELDS", "REJECTIONS"])
def test_codes_with_words_are_the_servers(table: str) -> None:
    text = SENTENCES[SENTENCES.index(f"const {table} = {{") :]
    codes = re.findall(r"""^  "?([a-z0-9-]+)"?: \(\) =>""", text[: text.index("\n};")], re.M)
    assert len(codes) >= 5
    assert set(codes) - said() == {"contains-phone", "contains-email"} & set(codes)


def test_every_limit_has_words() -> None:
    blocks = (WEB / "static" / "pages" / "admin" / "people" / "blocklist.js").read_text(
        encoding="utf-8"
    )
    words = set(re.findall(r'case "([a-z -]+)":', blocks[blocks.index("function whatWords") :]))
    limits = set()
    deeds, together, of_whom = set(), set(), set()
    for file in Path(farmlive.__file__).parent.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        limits |= set(re.findall(r"""\.(?:allow|_limit)\("([a-z -]+)",""", text))
        for call in re.findall(r"\.failures\((.*?)of=", text, re.S):
            limits |= set(re.findall(r'(?<!\w)\("([a-z -]+)", ', call))
        deeds |= set(
            re.findall(r'limits\.(?:check_rate|counting)\(self\._limits, "([a-z]+)"', text)
        )
        together |= set(re.findall(r'self\._(?:count_address|is_counted)\(\s*"([a-z ]+)"', text))
        together |= set(re.findall(r'\.allow_address\(\s*"([a-z ]+)"', text))
        of_whom |= set(re.findall(r'\.allow\(f"{(?:action|name)} (of an? [a-z]+)"', text))
    limits |= {f"{deed} {whom}" for deed in deeds for whom in of_whom}
    limits |= {f"{deed} {whom}" for deed in together for whom in of_whom - {"of a device"}}
    assert {"chat", "publish", "sign-in name", "orders of a phone"} <= limits
    assert limits - words == set()
    assert words - limits == {"blocked", "play"}

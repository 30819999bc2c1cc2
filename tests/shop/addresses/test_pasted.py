"""Pasted addresses, taken apart: shapes of shops and messengers, with invented persons."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from farmlive.shop.addresses import divisions
from farmlive.shop.addresses.folding import fold
from farmlive.shop.addresses.pasted import MAX_TEXT, parse
from farmlive.shop.core import regions

SHAPES = json.loads((Path(__file__).parent / "shapes.json").read_text("utf-8"))
# Texts of which addresses are made, so that most of them have some of each part.
PIECES = (
    *(text for _, text, *_ in SHAPES),
    *(
        "张三",
        "王芳",
        "收货人:",
        "电话：",
        "详细地址",
        "13812345678",
        "+86 ",
        "转8901",
        "\n",
        " ",
        "，",
        "12号",
    ),
    *(
        "福建省",
        "三明",
        "尤溪县",
        "北京",
        "Wang Fang",
        "Beijing",
        ", ",
        "(",
        "【",
        "１３８",
        "縣",
        "\x01",
        "㎏",
    ),
)
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=8).map("".join)


@pytest.mark.parametrize(
    ("text", "name", "phone", "region", "street", "unsure"),
    [shape[1:] for shape in SHAPES],
    ids=[shape[0] for shape in SHAPES],
)
def test_a_pasted_address_is_taken_apart(
    text: str, name: str | None, phone: str | None, region: str | None, street: str, unsure: str
) -> None:
    found = parse(text)
    assert (found.name, found.phone, found.region) == (name, phone, region)
    assert (found.street, " ".join(found.unsure)) == (street, unsure)


def test_there_are_fifty_shapes() -> None:
    assert len({text for _, text, *_ in SHAPES}) >= 50


@given(TEXTS)
@example("\x01\x02张三\x0313812345678")
@example("收货人:" * 40)
def test_it_never_fails_and_loses_no_character(text: str) -> None:
    found = parse(text)
    assert all(
        one.end <= other.start for one, other in zip(found.spans, found.spans[1:], strict=False)
    )
    placed = {place for start, end, _ in found.spans for place in range(start, end)}
    left = Counter(
        character
        for place, character in enumerate(text)
        if place not in placed and not character.isspace() and character not in ",，、;；|"
    )
    # What was not placed is in the street, each as often.
    assert not left - Counter(found.street)
    assert found.region is None or regions.is_known(found.region)
    for start, end, kind in found.spans:
        if kind == "phone":
            assert fold(text[start:end]).count("1") >= (found.phone or "").count("1")
        if kind == "name":
            assert text[start:end].strip() == found.name


@given(st.text(max_size=MAX_TEXT))
def test_any_text_has_a_street_or_another_part(text: str) -> None:
    found = parse(text)
    assert found.street or found.spans or not text.strip(" \t\r\n,，、;；|") or text.isspace()


@pytest.mark.parametrize("word", ["北京", "吉林", "上海", "北京市", "福建省", "朝阳"])
def test_the_work_grows_with_the_text_and_no_faster(word: str) -> None:
    """Whatever follows whatever: each place is looked at a few times."""

    def looks(text: str) -> int:
        names = divisions._Names(text)
        for at in range(len(text)):
            names.longest(at)
        return len(names._known)

    assert looks((word * MAX_TEXT)[:MAX_TEXT]) <= 12 * MAX_TEXT
    parse((word * MAX_TEXT)[:MAX_TEXT])


@pytest.mark.parametrize("word", ["Xi, ", "Taoyuan, ", "Chaoyang District, "])
def test_a_name_that_is_mentioned_on_and_on_is_looked_up_a_few_times(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[int] = []
    whole = divisions._supported

    def counted(each: Any, of_code: Any) -> Any:
        looked_up.append(len(of_code))
        return whole(each, of_code)

    monkeypatch.setattr(divisions, "_supported", counted)
    parse((word * MAX_TEXT)[:MAX_TEXT])
    assert 0 < len(looked_up) <= 60

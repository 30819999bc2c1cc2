"""Which characters a text may hold, and where it may have several lines."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmlive.edge import control_characters
from farmlive.problems import Invalid


def wrong(body: object) -> list[str]:
    """The members that are named for holding what they may not."""
    try:
        control_characters.check(body)
    except Invalid as problem:
        return [error["field"] for error in problem.members["errors"]]
    return []


@pytest.mark.parametrize("unseen", ["\x00", "\x08", "\x1b", "\x7f", "\x85", "\x9f", "\ud800"])
def test_a_character_that_nobody_can_see_is_taken_nowhere(unseen: str) -> None:
    text = f"a{unseen}b"
    assert wrong({"name": text, "address": text}) == ["name", "address"]
    assert wrong({text: "a"}) == [""]
    assert wrong([{"lines": ["a", text]}]) == ["0.lines.1"]


@pytest.mark.parametrize("several", ["a\tb", "a\nb", "a\r\nb"])
def test_several_lines_are_taken_where_people_write_them(several: str) -> None:
    assert wrong({"name": several}) == ["name"]
    assert wrong({"title": {"zh": several}}) == ["title.zh"]
    for name in control_characters.SEVERAL_LINES:
        assert wrong({"delivery": {name: several}}) == []
        assert wrong({name: {"zh": several, "en": "a"}}) == []


@pytest.mark.parametrize(
    "text", ["金桔 2.5 公斤", "👩‍🌾", "e\u0301", "\u202e", "a\u2028b", "\\u0000", ""]
)
def test_what_can_be_seen_or_makes_it_be_seen_is_taken(text: str) -> None:
    assert wrong({"name": text}) == []
    control_characters.check_address(f"/{text}", b"q=%E9%87%91%20%2B+&r=%c3%a9")


def test_nothing_sent_is_repeated() -> None:
    with pytest.raises(Invalid) as refused:
        control_characters.check({"password": "secret\x00"})
    assert "secret" not in json.dumps(refused.value.body())


@pytest.mark.parametrize("query", [b"a=%00", b"%1f=a", b"a=\x7f", b"a=%C2%85", b"a=%0a", b"a=%09b"])
def test_parameters_are_of_one_line(query: bytes) -> None:
    with pytest.raises(Invalid):
        control_characters.check_address("/", query)


@pytest.mark.parametrize("path", ["/\x00", "/a\n", "/\x85", "/a\tb"])
def test_paths_are_of_one_line(path: str) -> None:
    with pytest.raises(Invalid):
        control_characters.check_address(path, b"")


def test_bodies_are_read_in_any_encoding_that_json_has() -> None:
    for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-32"):
        with pytest.raises(Invalid):
            control_characters.check_json('{"name": "a\\u0000"}'.encode(encoding))
        control_characters.check_json('{"name": "金桔"}'.encode(encoding))


def test_no_text_is_longer_than_any_field_takes() -> None:
    marks = "\u0315\u0300" * (control_characters.MAX_TEXT // 2)
    control_characters.check_json(json.dumps({"buyer": {"name": marks}}).encode())
    for body in ({"buyer": {"name": marks + "x"}}, {marks + "x": 1}):
        for ascii_only in (True, False):
            with pytest.raises(Invalid, match="longer than"):
                control_characters.check_json(json.dumps(body, ensure_ascii=ascii_only).encode())


def test_what_is_wrong_is_named_in_few_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_characters, "MAX_TEXT", 1_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(Invalid) as refused:
            control_characters.check({"k" * 900_000: ["\x00"] * 20_000})
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 50 << 20
    errors = refused.value.members["errors"]
    assert len(errors) == 10
    assert errors[0]["field"] == f"{'k' * 64}.0"


def test_what_is_no_json_is_left_to_its_reader() -> None:
    for body in (b"", b"\x00", b"{", b"[" * 100_000, b"\xff\\n", b'"\\u'):
        control_characters.check_json(body)
    with pytest.raises(Invalid):
        control_characters.check_json(rb'"\u0000"')


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(body=json_values, escaped=st.booleans())
def test_bytes_are_judged_as_what_they_say(body: object, escaped: bool) -> None:
    try:
        written = json.dumps(body, ensure_ascii=escaped).encode()
    except UnicodeEncodeError:
        return
    try:
        control_characters.check_json(written)
        taken = True
    except Invalid:
        taken = False
    assert taken == (wrong(body) == [])

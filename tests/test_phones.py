"""Phone numbers in the one form in which they are kept."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmlive.phones import international, other_forms, parse, typed, written
from farmlive.settings import Settings

GOLDEN = json.loads((Path(__file__).parent / "support" / "phone_numbers.json").read_text())


@pytest.mark.parametrize(("text", "number"), GOLDEN["kept"].items())
def test_a_number_has_one_form_however_it_is_typed(text: str, number: str) -> None:
    assert parse(text, "CN") == (number, False)


@pytest.mark.parametrize(("text", "number"), GOLDEN["doubted"].items())
def test_what_is_doubted_is_taken_and_said_to_be_so(text: str, number: str) -> None:
    assert parse(text, "CN") == (number, True)


@pytest.mark.parametrize("text", GOLDEN["refused"])
def test_what_is_no_number_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="7 to 15 digits"):
        parse(text, "CN")


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("081 234 5678", "TH", "+66812345678"),
        ("(310) 555-1234", "US", "+13105551234"),
        ("020 7946 0000", "GB", "+442079460000"),
        ("139 1234 5678", "TH", "+6613912345678"),
        ("+86 139 1234 5678", "TH", "+8613912345678"),
        ("0086 139 1234 5678", "US", "+8613912345678"),
        ("86 139 1234 5678", "TH", "+8613912345678"),
    ],
)
def test_a_number_without_a_country_is_of_the_default_one(
    text: str, country: str, number: str
) -> None:
    assert written(text, country) == number


@pytest.mark.parametrize("number", sorted({*GOLDEN["kept"].values(), *GOLDEN["doubted"].values()}))
def test_what_is_kept_is_a_number_that_stays_as_it_is(number: str) -> None:
    assert written(number, "CN") == number
    assert number[0] == "0" or written(international(number), "CN") == number


@given(st.from_regex(r"\A\+?[0-9]{7,15}\Z"), st.sampled_from(["CN", "TH", "US", "IT"]))
def test_whatever_digits_are_typed_are_kept_once_and_for_all(text: str, country: str) -> None:
    number = written(text, country)
    assert 7 <= len(number.removeprefix("+")) <= 15
    assert written(number, country) == number


@given(st.from_regex(r"\A1[3-9][0-9]{9}\Z"), st.from_regex(r"\A\+?0{0,2}(86)?0?\Z"))
def test_no_prefix_makes_a_mobile_number_another(number: str, prefix: str) -> None:
    if len(f"{prefix}{number}".removeprefix("+")) <= 15 and not parse(number, "CN").is_doubtful:
        kept = written(prefix + number, "CN")
        # But for a plus, or 00, before a number of another country that is one: +1 310 555 1234.
        foreign = f"+{number}"
        assert kept == number or (
            kept == foreign and not parse(foreign, "CN").is_doubtful and "86" not in prefix
        )


@pytest.mark.parametrize(
    ("number", "former"),
    [
        ("13912345678", ["8613912345678", "013912345678", "+0013912345678", "08613912345678"]),
        ("+865981234567", ["05981234567", "5981234567", "00865981234567"]),
        ("+442079460000", ["00442079460000"]),
    ],
)
def test_the_forms_of_before_are_known(number: str, former: list[str]) -> None:
    forms = other_forms(number, "CN")
    assert set(former) <= set(forms)
    assert number not in forms
    for form in forms:
        assert typed(form) == form


@pytest.mark.parametrize(
    ("number", "country", "anothers"),
    [
        ("+13802393445", "CN", "13802393445"),  # of Ohio, and a mobile number of China
        ("+8613802393445", "US", "13802393445"),
        ("+442079460000", "CN", "442079460000"),
        ("+86139000000015", "CN", "13900000001"),
    ],
)
def test_another_persons_number_is_no_form(number: str, country: str, anothers: str) -> None:
    assert written(number, country) == number
    assert written(anothers, country) != number
    assert anothers not in other_forms(number, country)


@given(st.from_regex(r"\+?[0-9]{7,15}", fullmatch=True), st.sampled_from(["CN", "US", "GB", "IT"]))
def test_every_form_is_the_number_itself(text: str, country: str) -> None:
    number = written(text, country)
    assert {written(form, country) for form in other_forms(number, country)} <= {number}


@pytest.mark.parametrize("country", ["cn", "China", "", "XX"])
def test_a_country_that_is_none_is_refused(country: str) -> None:
    with pytest.raises(ValueError, match="two capital letters"):
        Settings(phone_country=country)

import pytest

from farmlive.origin.core import gs1


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("9524000059109", "09524000059109"),
        ("09524000059109", "09524000059109"),
        ("614141007349", "00614141007349"),
        ("95201238", "00000095201238"),
        (" 9524000059109 ", "09524000059109"),
    ],
)
def test_gtin_of_any_length_is_written_with_fourteen_digits(written: str, normal: str) -> None:
    assert gs1.gtin14(written) == normal


def test_gtin_with_wrong_check_digit_is_refused_with_the_right_one() -> None:
    with pytest.raises(ValueError, match="ends in 8 where its other digits give 9"):
        gs1.gtin14("9524000059108")


@pytest.mark.parametrize("text", ["", "952400005910", "95240000591090123", "９524000059109", "abc"])
def test_what_is_no_gtin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="GTIN"):
        gs1.gtin14(text)


def test_check_digit_of_every_body_makes_a_valid_gtin() -> None:
    for body in ("952400005910", "061414100734", "000000000000", "999999999999"):
        assert gs1.gtin14(body + str(gs1.check_digit(body)))


@pytest.mark.parametrize("code", ["1123", "A/1", "x" * 20, "50%", "a?b"])
def test_lot_code_of_the_standards_characters_is_taken(code: str) -> None:
    assert gs1.lot_code(code) == code


@pytest.mark.parametrize("code", ["", "x" * 21, "a b", "批次", "é", "a#b", "[1]"])
def test_other_lot_codes_are_refused(code: str) -> None:
    with pytest.raises(ValueError, match="1 to 20 characters"):
        gs1.lot_code(code)


@pytest.mark.parametrize("code", ["1123", "A/1", "50%", "a?b", "a&b;c"])
def test_a_digital_link_reads_back_whatever_the_code_holds(code: str) -> None:
    uri = "https://farm.test" + gs1.digital_link("09524000059109", code)
    assert gs1.segments(uri) == ["01", "09524000059109", "10", code]

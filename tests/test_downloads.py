"""Names of files that a browser saves."""

from urllib.parse import quote

import pytest

from farmlive.bilingual import Bilingual
from farmlive.downloads import attachment

CASH = Bilingual(zh="收款单", en="cash")
DAY = "2026-11-28"


def test_a_name_says_what_of_which_day_and_of_what() -> None:
    title = Bilingual(zh="尤溪金柑", en="Youxi")
    header = attachment("en", "csv", CASH, DAY, title)
    assert header == 'attachment; filename="cash-2026-11-28-youxi.csv"'
    plain, star = attachment("zh", "csv", CASH, DAY, title).split("; filename*=")
    assert plain == header
    assert star == "UTF-8''" + quote("收款单-2026-11-28-尤溪金柑.csv")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Café “Lotus” / A; B", "cafe-lotus-a-b"),
        ("../../etc\r\nX: 1", "etc-x-1"),
        ("尤溪", ""),
        ("A0027", "A0027"),
        (
            "live from the orchard of the upper village of Banmian",
            "live-from-the-orchard-of-the-upper",
        ),
        ("x" * 90, "x" * 40),
    ],
)
def test_of_any_title_the_name_in_ascii_is_a_plain_one(title: str, name: str) -> None:
    header = attachment("en", "xlsx", CASH, Bilingual(zh=title), "")
    expected = "-".join(filter(None, ("cash", name)))
    assert header.split("; filename*=")[0] == f'attachment; filename="{expected}.xlsx"'
    assert header.isascii()
    assert "\n" not in header

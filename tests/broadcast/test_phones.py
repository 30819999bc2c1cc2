"""Phone numbers in chat: blanked out however they are written, and nothing else is."""

import pytest

from farmlive.broadcast.phones import BLANK, without_phones


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("13800000000", BLANK),
        ("１３８００００００００", BLANK),
        ("①③⑧⓪⓪⓪⓪⓪⓪⓪⓪", BLANK),
        ("138 000 00000", BLANK),
        ("138.0000.0000", BLANK),
        ("138-0000-0000", BLANK),
        ("138，0000，0000", BLANK),
        ("138_0000_0000", BLANK),
        ("138 - 0000 - 0000", BLANK),
        ("138 00 00 00 00", BLANK),
        ("13 8000-00000", BLANK),
        ("1 3 8 0 0 0 0 0 0 0 0", BLANK),
        ("1.3.8.0.0.0.0.0.0.0.0", BLANK),
        ("138\u200b0000\u200b0000", BLANK),
        ("1️⃣ 3️⃣ 8️⃣ 0️⃣ 0️⃣ 0️⃣ 0️⃣ 0️⃣ 0️⃣ 0️⃣ 0️⃣!", f"{BLANK}️⃣!"),
        ("+86 138-0000-0000", BLANK),
        ("0086 13800000000", BLANK),
        ("8613800000000", BLANK),
        ("王 13800000000", f"王 {BLANK}"),
        ("tel13800000000x", f"tel{BLANK}x"),
        ("138 0000 0000 或 13900000000", f"{BLANK} 或 {BLANK}"),
        ("14:30 138 0000 0000", f"14:30 {BLANK}"),
        ("15 箱，138 0000 0000", f"15 箱，{BLANK}"),
        ("5.5 13800000000", f"5.5 {BLANK}"),
        # The rest is as it was written, also where its plain form is longer or shorter.
        ("㎏ ５ 箱 ½ １３８ ００００ ００００ ㎏ ﷺ", f"㎏ ５ 箱 ½ {BLANK} ㎏ ﷺ"),
    ],
)
def test_a_number_is_blanked_however_it_is_written(written: str, left: str) -> None:
    assert without_phones(written) == left


@pytest.mark.parametrize(
    "text",
    [
        # Prices and weights.
        "19.90 29.90 199",
        "１９．９０ ２９．９０ １９９",
        "19.9, 29.9, 39.9, 59",
        "15.8/16.9/17.5/18.8",
        "¥199 ¥2999 ¥1399",
        "159+168+29+199",
        "2.5 公斤装 29.90 元 10 箱",
        # Days and times of day.
        "2026-11-18 19:00:00",
        "2026.11.16 18:30 200",
        "18 19:00-21:30 5",
        "1980-2026",
        # Lots, trade items and orders.
        "lot 1123",
        "LOT-1523-20261126",
        "1611-20261126",
        "6901234567892",
        "(01)09524000059109(10)1123",
        "A1380",
        "A0138 B1380 C0000",
        # No mobile number: it is longer, or begins otherwise.
        "138000000000",
        "12800000000",
        "11 12 13 14 15 16 17 18 19",
    ],
)
def test_other_digits_stay(text: str) -> None:
    assert without_phones(text) == text

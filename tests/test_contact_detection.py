"""Telephone numbers and e-mail addresses are found however written, and nothing else is."""

import re
from typing import Any

import pytest

from farmlive import contact_detection
from farmlive.contact_detection import BLANK, contact_in, without_phones


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("13800000000", BLANK),
        ("１３８００００００００", BLANK),
        # In circles and brackets, with a stop; white on black, in two circles, without serifs.
        ("①③⑧⓪⓪⓪⓪⓪⓪⓪⓪", BLANK),
        ("⑬⑧ ⓪⓪⓪⓪ ⓪⓪⓪⓪", BLANK),
        ("⑴⑶⑻⑴⑴⑴⑴⑵⑵⑵⑵！", f"{BLANK}！"),
        ("⒈⒊⒏⒈⒈⒈⒈⒉⒉⒉⒉", BLANK),
        ("🄂🄄🄉🄁🄁🄁🄁🄁🄁🄁🄁", BLANK),
        ("❶❸❽⓿⓿⓿⓿❶❶❶❶箱", f"{BLANK}箱"),
        ("⓫❸ ❽⓿⓿⓿⓿❶❶❶", "⓫❸ ❽⓿⓿⓿⓿❶❶❶"),
        ("⓭❽ ⓿⓿⓿⓿ ❶❶❶❶", BLANK),
        ("⓵⓷⓼⓵⓵⓵⓵⓶⓶⓶⓶", BLANK),
        ("➀➂➇🄋🄋🄋🄋➀➀➀➀", BLANK),
        ("➊➌➑🄌🄌🄌🄌➊➊➊➊", BLANK),
        # Small ones, and those of other scripts.
        ("¹³⁸⁰⁰⁰⁰₀₀₀₀", BLANK),
        ("𝟏𝟑𝟖𝟎𝟎𝟎𝟎𝟘𝟘𝟘𝟘", BLANK),
        ("١٣٨٠٠٠٠٠٠٠٠", BLANK),
        ("〡〣〨〡〡〡〡〢〢〢〢", BLANK),
        ("፩፫፰፩፩፩፩፪፪፪፪", BLANK),
        # Written out in Chinese.
        ("电话一三八零零一三八零零零。", f"电话{BLANK}。"),
        ("幺三八 〇〇〇〇 ○○○○ 或 13900000000", f"{BLANK} 或 {BLANK}"),
        ("㊀㊂㊇零零一三八零零零", BLANK),
        # Some of the digits written out.
        ("138一二三四5678", BLANK),
        ("1三8一2三4五6七8", BLANK),
        ("13八12345678", BLANK),
        ("一38 1234 5678", BLANK),
        ("一三八12345678", BLANK),
        ("13 八 0000 0000", BLANK),
        ("1 三 8 1 2 三 4 5 6 7 8", BLANK),
        ("幺3八-1234-五六七八 找我", f"{BLANK} 找我"),
        ("一三八、1234、5678", BLANK),
        ("一38○○○○5678", BLANK),
        ("么三8 貳參陸肆 5678", BLANK),
        ("+八六 138 1234 五678", BLANK),
        ("1三800001111，１３9零零零零1111", f"{BLANK}，{BLANK}"),
        # However far apart, where a page shows one space or nothing.
        ("1      3 8\u3000\u3000\u3000\u3000\u30000000      0000", BLANK),
        ("138\u200b\u2060\u200b\u2060\u200b0000\u3164\u3164\u3164\u3164\u31640000", BLANK),
        ("1\u0336\u03353\u0336\u03358\u0336\u0335 0000 0000", BLANK),
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
        "①③⑤⑦⑨ ❶ ⓫ ⒔ ½ ⅓ m² 〇",
        # Ideographs are words, but for a whole number in them.
        "第一三五七次",
        "一、三、五、七、九、十一",
        "13, 14, 15, 16, 17 一二三四五六七八九",
        # Mixed, with days, times, amounts and lots.
        "一三五供应",
        "周一三五供应，批次1123",
        "每周一三五 18:00-20:00 供应",
        "周一三五 20261120 起",
        "一三五，2026-11-20",
        "一三五 29.90 39.90",
        "周一、三、五 1123 2026 年",
        "二〇二六年十一月二十日 1123",
        "15 ○ 16 ○ 17 ○ 18",
        "一斤装 13 元，三斤装 38 元，五斤装 58 元",
        "三八节 13.8 元 1380 箱",
        "批次一三 0511-20261126",
        "二〇2026112300123",
        "人参 138 元，什么 3800 克",
    ],
)
def test_other_digits_stay(text: str) -> None:
    assert without_phones(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "送到王小明 13800001111",
        "１３８ ００００ ００００",
        "王芳138\u200b0000\u200b0000",
        "一三八零零一三八零零零",
        "幺三八零零一三八零零零",
        "一三八 零零一三 八零零零",
        "壹叁捌-零零壹叁-捌零零零",
        # Dialled otherwise.
        "+00139 0000 0000",
        "0139 0000 0000",
        "08613900000000",
        # From abroad.
        "+44 20 7946 0000",
        "0044 20 7946 0000",
        "+1 (555) 010-9999",
        # Landlines and services.
        "0598-6322345",
        "（０５９８）６３２２３４５",
        "059863223450",
        "010-65529988",
        "联系电话0598-6322345。",
        "400-820-8820",
        "4008-208-820",
        "400 800 1234",
        "客服 400 820 8820，9:00-18:00",
        "400 820 8820 9:00-18:00",
        "9:00-18:00 400 820 8820",
        "4008 208 820",
        "四00 八20 八八20",
        # Some of the digits written out.
        "138一二三四5678",
        "一38 1234 5678",
        "零五九八-6322345",
        "〇598 632 2345",
        "电话：六三二2345",
        # A local number after a word that says so.
        "电话：6322345",
        "Tel. 632 2345",
        "Call us at 632 2345",
    ],
)
def test_a_telephone_number_of_any_kind_is_found(text: str) -> None:
    assert contact_in(text) == "phone"


@pytest.mark.parametrize(
    "text",
    [
        "wu@orchard.example",
        "wu@orchard。example",
        "Write to wu.fang+farm@orchard.example.",
        "wu＠orchard。example".replace("。", "．"),
        "wu @ orchard . example",
        "wu(at)orchard.example",
        "wu [at] orchard [dot] example",
        "w\u200bu@orchard.example",
        "果园@尤溪.中国",
    ],
)
def test_an_email_address_is_found(text: str) -> None:
    assert contact_in(text) == "email"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "19.90 29.90 199",
        "2.5 公斤装 29.90 元 10 箱",
        "2026-11-18 19:00:00",
        "10:00-12:00, 14:00-18:00",
        "电话确认后于 20261123 发货",
        "LOT-1523-20261126",
        "批次 0511-20261126",
        "0511-2026 1126",
        "(01)09524000059109(10)1123",
        "6901234567892",
        "报告编号 2026112300123",
        "No. FJ-2026-0598-112345",
        "CMA 171300340017",
        "GB 2763-2021",
        "毒死蜱 <0.01 mg/kg，限量 0.05 mg/kg",
        "投诉电话 12315",
        "面积 400 亩，海拔 800-1200 米",
        "规格 400 800 1200 克",
        "400 800 1200g",
        "400 800 1200 1600 克",
        "200 400 800 1200",
        "400, 800, 1200",
        "400 500 1000 箱",
        "¥400 800 1200",
        "一三五供应",
        "周一三五供应，批次1123",
        "每周一三五 18:00-20:00 供应",
        "周一三五 20261120 起",
        "二〇二六年十一月二十日 1123",
        "2026年11月20日采摘，一三五发货",
        "一等果 2.5 公斤 29.90 元",
        "26°10′N 118°11′E",
        "118.1901, 26.1702",
        "邮编 365100",
        "Phone calls: 12, 13, 14, 15",
        "3 kg @ 2.5 元",
        "关注 @尤溪果园",
        "请关注 @尤溪果园。谢谢大家",
        "第一三五七次",
        "一、三、五、七、九、十一",
        "13, 14, 15, 16, 17 一二三四五六七八九",
        "联系农户采样，编号 1234567",
    ],
)
def test_what_reaches_nobody_is_no_contact(text: str) -> None:
    assert contact_in(text) is None


class Counted:
    """A pattern, and through how many characters of text it was sent."""

    def __init__(self, pattern: re.Pattern[str]):
        self._pattern = pattern
        self.work = 0

    def search(self, text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
        found = self._pattern.search(text, start, len(text) if end is None else end)
        self.work += (found.end() if found else len(text) if end is None else end) - start
        return found

    def fullmatch(self, text: str) -> re.Match[str] | None:
        self.work += len(text)
        return self._pattern.fullmatch(text)

    def finditer(self, text: str) -> Any:
        self.work += len(text)
        return self._pattern.finditer(text)


@pytest.mark.parametrize(
    "hostile",
    [
        "1 3 ",
        "1 3 5 8 0 0 0 0 0 0 0 19.90 ",
        "0 1 3 ",
        "1 三 ",
        "一 3八、",
        "一3○八 20261120 ",
        "400 800 ",
    ],
)
def test_what_it_costs_to_look_grows_with_the_text_alone(
    monkeypatch: pytest.MonkeyPatch, hostile: str
) -> None:
    """Many digits that could be a number and are none."""

    names = ("_NUMBER", "_OTHER", "_MORE_BEFORE", "_SPOKEN_PHONE", "_COMPACT_DAY", "_OTHER_PHONES")

    def work(times: int) -> int:
        counted = [Counted(getattr(contact_detection, name)) for name in names]
        with monkeypatch.context() as patch:
            for name, each in zip(names, counted, strict=True):
                patch.setattr(contact_detection, name, each)
            without_phones(hostile * times)
            contact_in(hostile * times)
        return sum(each.work for each in counted)

    assert work(400) <= 2.1 * work(200)

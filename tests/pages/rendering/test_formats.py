"""How values are written in each language."""

import json
import re

import httpx
import pytest

from farmlive.clock import now_ms, parse_rfc3339
from farmlive.money import decimals
from farmlive.pages.rendering.formats import Formats

ZH = Formats("zh", "Asia/Shanghai")
EN = Formats("en", "Asia/Shanghai")


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (2990, "CNY", "¥29.90"),
        (1842050, "CNY", "¥18,420.50"),
        (0, "CNY", "¥0.00"),
        (500, "JPY", "JP¥500"),
        (2990, "ISK", "ISK2,990"),
        (2990, "KWD", "KWD2.990"),
        (2990, "HUF", "HUF29.90"),
    ],
)
def test_money_has_its_sign_and_both_decimals(amount: int, currency: str, written: str) -> None:
    for formats in (ZH, EN):
        assert formats.money({"amount": amount, "currency": currency}) == written


async def test_scripts_of_a_page_get_the_decimals_of_currencies_with_it(
    visitor: httpx.AsyncClient,
) -> None:
    page = (await visitor.get("/")).text
    found = re.search(r'id="page-data">(.*?)</script>', page, re.S)
    assert found is not None
    table = json.loads(found[1])["decimals"]
    read = {code: int(places) for places, codes in table.items() for code in codes.split()}
    assert read == {code: decimals(code) for code in read}
    assert {"ISK": 0, "KWD": 3, "CLF": 4}.items() <= read.items()
    assert not {"CNY", "HUF"} & read.keys()


@pytest.mark.parametrize(
    ("grams", "zh", "en"),
    [
        (250, "250 克", "250 g"),
        (500, "1 斤（0.5 公斤）", "0.5 kg"),
        (2500, "5 斤（2.5 公斤）", "2.5 kg"),
        (412_000, "824 斤（412 公斤）", "412 kg"),
        (1_250_000, "2,500 斤（1,250 公斤）", "1,250 kg"),
    ],
)
def test_weight_is_told_in_jin_where_buyers_expect_it(grams: int, zh: str, en: str) -> None:
    assert ZH.weight(grams) == zh
    assert EN.weight(grams) == en


@pytest.mark.parametrize(
    ("grams", "zh", "en"),
    [
        (412_400, "412 公斤", "412 kg"),
        (32_500, "33 公斤", "33 kg"),
        (7_200, "7.2 公斤", "7.2 kg"),
        (7_000, "7 公斤", "7 kg"),
    ],
)
def test_a_harvest_is_told_in_kilograms(grams: int, zh: str, en: str) -> None:
    assert ZH.kilograms(grams) == zh
    assert EN.kilograms(grams) == en


@pytest.mark.parametrize(
    ("m2", "zh", "en"), [(21_333, "32 亩", "2.1 ha"), (6_667, "10 亩", "0.67 ha")]
)
def test_a_plot_is_told_in_mu_where_growers_count_so(m2: int, zh: str, en: str) -> None:
    assert ZH.area(m2) == zh
    assert EN.area(m2) == en


def test_times_are_written_in_the_zone_of_the_settings() -> None:
    moment = parse_rfc3339("2025-11-23T12:14:00Z")
    assert EN.clock(moment) == "20:14"
    assert EN.clock("2025-11-23T12:14:00Z") == "20:14"
    assert EN.day(moment) == "23 November 2025"
    assert ZH.day(moment) == "2025年11月23日"
    assert EN.iso(moment) == "2025-11-23T20:14:00+08:00"


def test_today_is_called_so() -> None:
    assert EN.moment(now_ms()).startswith("today ")
    assert ZH.moment(now_ms()).startswith("今天 ")


def test_how_far_off_a_moment_is() -> None:
    assert EN.ago(now_ms() + 3 * 60_000 + 500) == "in 3 minutes"
    assert ZH.ago(now_ms() + 3 * 60_000 + 500) == "3分钟后"


@pytest.mark.parametrize(("ms", "written"), [(0, "0:00"), (65_000, "1:05"), (3_730_000, "1:02:10")])
def test_a_length_of_time(ms: int, written: str) -> None:
    assert EN.duration(ms) == written


def test_a_text_falls_back_to_the_other_language() -> None:
    assert EN.text({"zh": "金桔", "en": ""}) == "金桔"
    assert ZH.text({"zh": "金桔", "en": "Kumquats"}) == "金桔"
    assert EN.text(None) == ""

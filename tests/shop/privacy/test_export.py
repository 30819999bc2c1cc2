"""A buyer takes out what is kept of them: of one order, or of all of a phone."""

import io
import json
import re
import zipfile
from base64 import b64encode
from typing import Any

import pytest
from tests.shop.conftest import caller
from tests.shop.support import sent_notices
from tests.shop.support.departing_buyer import (
    BUYER,
    MAIL,
    NAME,
    PHONE,
    PLACE,
    drawn,
    full,
    of_phone,
    over,
    settings,
)

from farmlive.bilingual import Bilingual
from farmlive.settings import Settings
from farmlive.shop.privacy.erasing import OrderScope

__all__ = ["full", "settings"]

DATA = "data.json"
PAGE = "read-me.html"


async def opened(
    stall: Any, settings: Settings, whose: OrderScope, language: Any = "zh"
) -> tuple[str, zipfile.ZipFile]:
    """The file's name in English, and the file."""
    made = await stall.shop.persons.export(whose, language, drawn(stall, settings))
    with made.file:
        data = made.file.read()
    assert len(data) == made.size
    named = [each.en if isinstance(each, Bilingual) else each for each in made.names]
    return "-".join(named), zipfile.ZipFile(io.BytesIO(data))


def shown(file: zipfile.ZipFile) -> str:
    """The page to read, without its style."""
    return re.sub("(?s)<style>.*</style>", "", file.read(PAGE).decode())


def texts(value: Any) -> set[str]:
    """Every text within, of members' values."""
    if isinstance(value, dict):
        return set().union(*(texts(each) for each in value.values()))
    if isinstance(value, list):
        return set().union(*(texts(each) for each in value))
    return {value} if isinstance(value, str) else set()


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_an_export_has_all_that_is_kept(
    stall: Any, full: Any, settings: Settings, language: str
) -> None:
    _, file = await opened(stall, settings, await of_phone(stall), language)
    (order,) = json.loads(file.read(DATA))["orders"]
    assert (order["name"], order["phone"], order["email"]) == (NAME, PHONE, MAIL)
    assert PLACE.split(" ")[1] in order["address"]
    assert order["lines"][0]["quantity"] == 1
    (claimed,) = order["claims"]
    assert (claimed["text"], claimed["answer"]) == ("压坏了", "不好意思")
    photo = file.read(claimed["photos"][0])
    assert photo[:4] == b"RIFF"
    assert {each["to"] for each in order["messages"]} == {PHONE}
    assert order["events"][0]["kind"] == "order.placed"
    assert [change["reason"] for change in order["history"] if change["reason"]]
    page = shown(file)
    for word in (NAME, PHONE, MAIL, "压坏了", "不好意思", f"base64,{b64encode(photo).decode()}"):
        assert word in page
    # Of what opens the order nothing: a file is passed on more easily than a link.
    for name in (DATA, PAGE):
        assert full["token"] not in file.read(name).decode()


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_its_page_says_it_in_words(
    stall: Any, full: Any, settings: Settings, language: str
) -> None:
    """As the order's page does: nothing of it is for programs."""
    _, file = await opened(stall, settings, await of_phone(stall), language)
    (order,) = json.loads(file.read(DATA))["orders"]
    page = shown(file)
    for words in {
        "zh": ("已收货", "部分退款", "金桔", "溪口果园", "批次 1123", "¥29.90", "已发货", "已发送"),
        "en": (
            "Received",
            "Refunded in part",
            "Kumquats",
            "Xikou Orchard",
            "Lot 1123",
            "¥29.90",
            "It is on its way",
            "sent",
        ),
    }[language]:
        assert words in page
    # The county's time, not UTC: Shanghai is eight hours ahead.
    # (Minutes and seconds may be the same digits.)
    assert not re.search(rf"(?<!:)\b{order['placed_at'][11:16]}", page)
    assert {"zh": "中国时间", "en": "China Time"}[language] in page
    # No identifier but the order's number, and no word of ours for programs.
    page = re.sub(' (?:datetime|src|href)="[^"]*"', "", page)
    codes = {each for each in texts(order) if re.fullmatch("[0-9A-Z]{26}|[0-9a-f]{24,}", each)}
    assert {order["id"], order["broadcast"], order["code_of_phone"]} <= codes
    for code in codes:
        assert code not in page
    assert not re.search(r"order\.[a-z]|cash_on_delivery|part_refunded|\b2990\b|\d[TZ]\b", page)
    assert order["number"] in page


async def test_an_export_escapes_what_was_typed(stall: Any, settings: Settings) -> None:
    await over(stall, buyer={"name": "<script>alert(1)</script>", "phone": PHONE})
    _, file = await opened(stall, settings, await of_phone(stall))
    assert "<script>" not in shown(file)
    assert "&lt;script&gt;" in shown(file)


async def test_an_export_by_a_link_has_no_other_order(
    stall: Any, full: Any, settings: Settings
) -> None:
    other = await over(stall, buyer={**BUYER, "name": "王小明"})
    whose = await stall.shop.persons.of_order(caller(), other["token"])
    _, file = await opened(stall, settings, whose)
    (order,) = json.loads(file.read(DATA))["orders"]
    assert order["number"] == other["number"]
    assert [name for name in file.namelist() if name.startswith("photos/")] == []


async def test_a_file_is_named_after_its_orders(stall: Any, settings: Settings) -> None:
    first, second = await over(stall), await over(stall)
    for each in (first, second):
        whose = await stall.shop.persons.of_order(caller(), each["token"])
        name, _ = await opened(stall, settings, whose)
        assert name == f"my-data-{each['number']}"
    name, _ = await opened(stall, settings, await of_phone(stall))
    assert re.fullmatch(r"my-data-2-orders-\d{4}-\d\d-\d\d", name)
    await stall.place(1)
    name, _ = await opened(stall, settings, await of_phone(stall, "13800000000"))
    assert name.startswith("my-data-1-order-")


async def test_a_link_tells_no_mark_of_the_phones_other_orders(
    stall: Any, settings: Settings
) -> None:
    """Whoever ordered with another's number learns nothing of that one's orders."""
    placed = await over(stall)
    marks = ["many-orders", "big", "called-off"]
    await sent_notices.change(stall, placed, flags=marks)
    by_link = await stall.shop.persons.of_order(caller(), placed["token"])
    for whose, kept, words in (
        (by_link, ["big"], ("金额比平常大",)),
        (await of_phone(stall), marks, ("金额比平常大", "下单偏多", "取消过")),
    ):
        _, file = await opened(stall, settings, whose)
        (order,) = json.loads(file.read(DATA))["orders"]
        assert order["marked"] == kept
        assert [
            word for word in ("金额比平常大", "下单偏多", "取消过") if word in shown(file)
        ] == list(words)

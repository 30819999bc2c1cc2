"""A buyer takes out what is kept of them: of one order, or of all of a phone."""

import io
import json
import zipfile
from typing import Any

import pytest

from farmlive.shop.erasing import Whose

from .conftest import caller
from .leaving import BUYER, MAIL, NAME, PHONE, PLACE, full, of_phone, over, settings

__all__ = ["full", "settings"]


async def opened(stall: Any, whose: Whose, language: Any = "zh") -> zipfile.ZipFile:
    made, size, _rows = await stall.shop.persons.export(whose, language)
    with made:
        data = made.read()
    assert len(data) == size
    return zipfile.ZipFile(io.BytesIO(data))


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_an_export_has_all_that_is_kept(stall: Any, full: Any, language: str) -> None:
    file = await opened(stall, await of_phone(stall), language)
    (order,) = json.loads(file.read("data.json"))["orders"]
    assert (order["name"], order["phone"], order["email"]) == (NAME, PHONE, MAIL)
    assert PLACE.split(" ")[1] in order["address"]
    assert order["lines"][0]["quantity"] == 1
    (claimed,) = order["claims"]
    assert (claimed["text"], claimed["answer"]) == ("压坏了", "不好意思")
    assert file.read(claimed["photos"][0])[:4] == b"RIFF"
    assert {each["to"] for each in order["messages"]} == {PHONE}
    assert order["events"][0]["kind"] == "order.placed"
    assert [change["reason"] for change in order["history"] if change["reason"]]
    page = file.read("read-me.html").decode()
    for word in (NAME, PHONE, MAIL, "压坏了", claimed["photos"][0]):
        assert word in page
    # Of what opens the order nothing: a file is passed on more easily than a link.
    assert full["token"] not in "".join(file.read(name).decode() for name in ("data.json",))
    assert full["token"] not in page


async def test_an_export_escapes_what_was_typed(stall: Any) -> None:
    await over(stall, buyer={"name": "<script>alert(1)</script>", "phone": PHONE})
    page = (await opened(stall, await of_phone(stall))).read("read-me.html").decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


async def test_an_export_by_a_link_has_no_other_order(stall: Any, full: Any) -> None:
    other = await over(stall, buyer={**BUYER, "name": "王小明"})
    whose = await stall.shop.persons.of_order(caller(), other["token"])
    file = await opened(stall, whose)
    (order,) = json.loads(file.read("data.json"))["orders"]
    assert order["number"] == other["number"]
    assert [name for name in file.namelist() if name.startswith("photos/")] == []

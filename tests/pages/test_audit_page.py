"""The audit list as a coordinator reads it, filters it and takes it out."""

import csv
import re
from io import StringIO
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, insert
from tests.pages.conftest import BUYER, Sale, signed_in

from farmlive.clock import now_ms, parse_rfc3339
from farmlive.ids import first_ulid, ulid
from farmlive.people.core import audit, tables
from farmlive.people.core.caller import Caller
from farmlive.server import Server

PATH = "/studio/audit"
MEI = Caller(ulid(), "mei", "host", "", None)
PROGRAM = Caller(None, "price sheet", "seller", "", None, by_key=True, key=ulid())


def words(page: str) -> list[str]:
    """The sentences of a page with what else is said of them, the latest first."""
    found = re.findall(r'<div class="deed__words">\s*<p>(.*?)</p>', page, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", each) for each in found]


async def wrote(site: Server, *deeds: tuple[Caller, str, str | None, dict[str, Any]]) -> None:
    """Have these entries in the list, the last one the latest."""

    def write(conn: Connection) -> None:
        for caller, action, subject, detail in deeds:
            audit.record_always(conn, caller, action, subject, **detail)

    await site.house.store.write(write)


async def wrote_at(site: Server, moment: str, action: str = "session.start") -> None:
    """Have an entry of mei's of that time."""
    at = parse_rfc3339(moment)
    values = {
        "id": first_ulid(at)[:-6] + ulid()[-6:],
        "at": at,
        "account": MEI.account,
        "name": "mei",
        "action": action,
        "detail": {"reason": moment},
    }
    await site.house.store.write(lambda conn: conn.execute(insert(tables.audit), values).rowcount)


def table(text: str) -> tuple[str, list[dict[str, str]]]:
    """What the file says of itself, and its rows by their columns."""
    title, blank, head, *rows = csv.reader(StringIO(text.removeprefix("\ufeff")))
    assert blank == []
    return title[0], [dict(zip(head, row, strict=True)) for row in rows]


async def test_page_says_who_did_what_with_links(
    site: Server, sale: Sale, host: httpx.AsyncClient
) -> None:
    answer = await host.get(PATH, params={"lang": "en"})
    assert answer.status_code == 200
    said = words(answer.text)
    assert "lin signed in" in said[0]
    assert any("started Kumquats live" in each for each in said)
    assert f'href="/studio/{sale.broadcast}"' in answer.text
    assert f'href="/origin/lot/{sale.lot}"' in answer.text
    chinese = await host.get(PATH, params={"lang": "zh"})
    assert "lin 登录了" in words(chinese.text)[0]


async def test_refusals_path_is_folded_away(
    site: Server, sale: Sale, host: httpx.AsyncClient
) -> None:
    async with signed_in(site, "moderator") as moderator:
        await moderator.get(f"/review/{sale.broadcast}/sheets/cash.csv")
    await site.house.people.access.stop()
    page = (await host.get(PATH, params={"lang": "en", "group": "sign-ins"})).text
    (refused,) = [each for each in words(page) if "refused" in each]
    assert refused.startswith("moderator tried to download a sheet of a broadcast")
    assert "/sheets/" not in refused
    assert re.search(r"<details[^>]*>.*<code>GET /review/\{broadcast\}/sheets", page)


async def test_groups_persons_and_days_are_chosen_by_the_address(
    site: Server, host: httpx.AsyncClient
) -> None:
    chen, _ = await site.house.people.create_account("chen", "host")
    await wrote(
        site,
        (MEI, "session.start", MEI.account, {}),
        (MEI, "buyers.search", None, {"by": "phone"}),
        (PROGRAM, "offer.release", None, {"quantity": 1}),
        (audit.NOBODY, "session.fail", chen.id, {"name": "chen"}),
        (audit.NOBODY, "person.erase", None, {"by": "code", "orders": 2}),
        (MEI, "account.change", chen.id, {"name": "chen", "disabled": True}),
    )

    async def found(**chosen: str) -> list[str]:
        page = await host.get(PATH, params={"lang": "en", **chosen})
        assert page.status_code == 200
        return words(page.text)

    assert len(await found(group="buyers")) == 2
    assert all("sign" in each or "password" in each for each in await found(group="sign-ins"))
    assert (await found(group="people"))[0] == "mei deactivated chen"
    assert len(await found(person=str(MEI.account))) == 3
    # What was done to somebody's account is found by them, too.
    assert len(await found(person=chen.id)) == 2
    assert ["price sheet" in each for each in await found(person=str(PROGRAM.key))] == [True]
    assert len(await found(person=audit.NOT_SIGNED_IN)) == 2
    assert len(await found(person=str(MEI.account), group="buyers")) == 1
    assert await found(person=audit.BY_COMMAND) == []
    assert await found(group="produce") == []


async def test_days_are_the_countys(site: Server, host: httpx.AsyncClient) -> None:
    for moment in (
        "2026-10-01T23:59:59.999+08:00",
        "2026-10-02T00:00:00+08:00",
        "2026-10-02T23:59:59.999+08:00",
        "2026-10-03T00:00:00+08:00",
    ):
        await wrote_at(site, moment)
    days = {"from": "2026-10-02", "to": "2026-10-02", "lang": "en"}
    assert [
        each.rpartition(" ")[2] for each in words((await host.get(PATH, params=days)).text)
    ] == [
        "2026-10-02T23:59:59.999+08:00",
        "2026-10-02T00:00:00+08:00",
    ]
    since = words((await host.get(PATH, params={"from": "2026-10-02", "lang": "en"})).text)
    assert sum("2026-10-" in each for each in since) == 3
    # Typed the wrong way round they are the same days.
    swapped = {"from": "2026-10-03", "to": "2026-10-02", "lang": "en"}
    assert len(words((await host.get(PATH, params=swapped)).text)) == 3
    title, rows = table((await host.get(f"{PATH}.csv", params=days)).text)
    assert "from 2026-10-02 · to 2026-10-02" in title
    assert [row["Time (Asia/Shanghai)"] for row in rows] == [
        "2026-10-02 23:59:59",
        "2026-10-02 00:00:00",
    ]


async def test_empty_fields_of_the_form_choose_nothing(
    site: Server, host: httpx.AsyncClient
) -> None:
    page = await host.get(f"{PATH}?person=&from=&to=&lang=en")
    assert page.status_code == 200
    assert words(page.text)
    for wrong in ("group=nothing", "person=%00", "from=yesterday", "cursor=%27"):
        assert (await host.get(f"{PATH}?{wrong}")).status_code == 422


async def test_pages_follow_by_a_cursor_and_keep_the_choice(
    site: Server, host: httpx.AsyncClient
) -> None:
    await wrote(site, *[(MEI, "card.pin", None, {"reason": f"number {n}"}) for n in range(250)])
    url, seen = f"{PATH}?person={MEI.account}&lang=en", []
    for _ in range(3):
        page = (await host.get(url)).text
        seen += words(page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        url = following[1].replace("&amp;", "&") if following else ""
    assert url == ""
    assert [int(each.rpartition(" ")[2]) for each in seen] == list(reversed(range(250)))


async def test_no_address_of_the_page_names_a_person(site: Server, host: httpx.AsyncClient) -> None:
    await wrote(site, (MEI, "session.start", MEI.account, {}))
    page = (await host.get(PATH, params={"person": MEI.account or "", "lang": "en"})).text
    assert "mei" in page
    for url in re.findall(r'(?:href|action|value)="([^"]*)"', page):
        assert "mei" not in url


async def test_file_is_what_is_chosen_and_says_so(site: Server, host: httpx.AsyncClient) -> None:
    evil = Caller(ulid(), "=HYPERLINK(0)", "host", "", None)
    await wrote(
        site,
        *[(evil, "card.pin", None, {"reason": "+1"}) for _ in range(2_500)],
        (PROGRAM, "offer.release", None, {"quantity": 1}),
    )
    choice = {"person": evil.account or "", "lang": "en"}
    answer = await host.get(f"{PATH}.csv", params=choice)
    assert answer.headers["cache-control"] == "no-store"
    named = answer.headers["content-disposition"]
    assert re.fullmatch(r'attachment; filename="audit-\d{4}(-\d\d){2}-person\.csv"', named)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    title, rows = table(answer.text)
    assert "=HYPERLINK(0) · 2500 entries" in title
    assert title.startswith("Log: ")
    assert len(rows) == 2_500
    assert {row["Person"] for row in rows} == {"'=HYPERLINK(0)"}
    assert {row["Role"] for row in rows} == {"Host"}
    assert {row["More about it"] for row in rows} == {"'+1"}
    assert {row["What"] for row in rows} == {"'=HYPERLINK(0) put an offer on the screen"}
    assert {row["Result"] for row in rows} == {"done"}
    assert list(rows[0])[-7:] == [
        "Entry (id)",
        "Person (id)",
        "Program's key (id)",
        "Kind (code)",
        "Thing (id)",
        "Broadcast (id)",
        "Facts (codes)",
    ]
    assert {row["Person (id)"] for row in rows} == {evil.account}
    await site.house.people.access.stop()
    (export, *_) = await site.house.people.audit_entries(None, 1)
    assert export.detail == {
        "what": "audit.csv",
        "rows": 2_500,
        "filter": {"person": evil.account},
    }
    assert "2500 rows · only: =HYPERLINK(0)" in (await host.get(f"{PATH}?lang=en")).text.replace(
        "2,500", "2500"
    ).replace('</span> <span class="soft">', " ")


async def test_file_has_words_times_orders_and_results(
    site: Server, sale: Sale, host: httpx.AsyncClient
) -> None:
    assert (await host.get(f"/studio/{sale.broadcast}/orders.csv")).status_code == 200
    async with signed_in(site, "moderator") as moderator:
        await moderator.get(f"/review/{sale.broadcast}/sheets/cash.csv")
    named = [{"number": sale.number, "broadcast": sale.broadcast}]
    erased = {"by": "link", "orders": 1, "named": named, "broadcast": sale.broadcast}
    await wrote(
        site,
        (audit.NOBODY, "person.erase", None, erased),
        (audit.NOBODY, "session.fail", None, {"name": "lin", "count": 4}),
    )
    await site.house.people.access.stop()
    answer = await host.get(f"{PATH}.csv", params={"lang": "zh"})
    title, rows = table(answer.text)
    assert title.startswith(f"操作记录：全部记录 · 共 {len(rows)} 条")
    by = {row["类型代码"]: row for row in rows}
    assert by["person.erase"]["操作"] == f"买家删除了 {sale.number} 中的信息"
    assert by["person.erase"]["订单号"] == sale.number
    assert by["person.erase"]["明细代码"] == (
        f"by=link; orders=1; named=number:{sale.number} broadcast:{sale.broadcast}"
    )
    assert not re.search(r'[{}"]', by["file.export"]["明细代码"])
    assert by["person.erase"]["直播"] == "现摘金桔"
    assert by["person.erase"]["网址"].endswith(f"number={sale.number}")
    assert by["person.erase"]["网址"].startswith("http://")
    assert by["access.refuse"]["结果"] == "被拒绝"
    assert by["access.refuse"]["角色"] == "场控"
    assert by["access.refuse"]["网址"].startswith("GET /review/{broadcast}")
    assert (by["session.fail"]["结果"], by["session.fail"]["次数"]) == ("失败", "4")
    assert by["file.export"]["操作"] == "lin 下载了订单表（CSV）"
    assert all(
        re.fullmatch(r"\d{4}(-\d\d){2} \d\d:\d\d:\d\d", row["时间（Asia/Shanghai）"])
        for row in rows
    )
    assert BUYER["phone"] not in answer.text
    assert BUYER["name"] not in answer.text


async def test_burst_says_from_when_to_when(site: Server, host: httpx.AsyncClient) -> None:
    last = parse_rfc3339("2026-10-02T15:26:30+08:00")

    def write(conn: Connection) -> None:
        stamp = audit.Stamp(first_ulid(last)[:-6] + ulid()[-6:], last)
        first = "2026-10-02T07:21:10.000Z"
        audit.record_always(
            conn, MEI, "buyers.search", stamp=stamp, by="phone", count=13, first=first
        )

    await site.house.store.write(write)
    days = {"from": "2026-10-02", "to": "2026-10-02"}
    for lang, times in (
        ("en", "13 times between 15:21 and 15:26"),
        ("zh", "15:21 至 15:26 共 13 次"),
    ):
        page = await host.get(PATH, params={**days, "lang": lang})
        (said,) = words(page.text)
        assert said.endswith(f"· {times}")
        assert ">15:26</time>" in page.text
        answer = await host.get(f"{PATH}.csv", params={**days, "lang": lang})
        _, (row,) = table(answer.text)
        assert times in row.values()
        assert "2026-10-02 15:26:30" in row.values()
        assert re.search(
            r'"audit-\d{4}(-\d\d){2}-from-2026-10-02-to-2026-10-02\.csv"',
            answer.headers["content-disposition"],
        )


async def test_list_is_for_coordinators(site: Server, visitor: httpx.AsyncClient) -> None:
    for path in (PATH, f"{PATH}.csv", f"{PATH}?group=orders"):
        assert (await visitor.get(path)).status_code == 303
    async with signed_in(site, "host") as other:
        assert (await other.get(PATH)).status_code == 403
        assert (await other.get(f"{PATH}.csv")).status_code == 403


async def test_name_that_is_markup_is_text(site: Server, host: httpx.AsyncClient) -> None:
    evil = Caller(ulid(), "<img src=x>", "host", "", None)
    await wrote(site, (evil, "key.add", ulid(), {"name": "<b>key</b>", "role": "host"}))
    page = (await host.get(PATH, params={"lang": "en"})).text
    assert "<img src=x>" not in page
    assert "<b>key</b>" not in page
    assert "&lt;b&gt;key&lt;/b&gt;" in page


async def test_entries_while_a_file_is_sent_are_not_in_its_count(
    site: Server, host: httpx.AsyncClient
) -> None:
    _, rows = table((await host.get(f"{PATH}.csv", params={"lang": "en"})).text)
    await site.house.people.access.flush()
    title, again = table((await host.get(f"{PATH}.csv", params={"lang": "en"})).text)
    assert len(again) == len(rows) + 1
    assert f"{len(again)} entr" in title
    assert now_ms() > 0


@pytest.mark.parametrize("lang", ["en", "zh"])
async def test_page_without_an_entry_says_so(
    site: Server, host: httpx.AsyncClient, lang: str
) -> None:
    page = (await host.get(PATH, params={"lang": lang, "group": "produce"})).text
    assert {"en": "No matching entries", "zh": "没有符合条件的记录"}[lang] in page

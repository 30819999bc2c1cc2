"""The audit log as a CSV file for a spreadsheet: read and sent in parts, however long it is.

The first row says what was selected and how many entries there are; the last columns have the
identifiers, by which a program or an engineer finds an object again.
"""

import asyncio
import csv
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from fastapi.responses import Response, StreamingResponse

from farmlive import compact_json
from farmlive.bilingual import Bilingual
from farmlive.clock import now_ms
from farmlive.downloads import attachment
from farmlive.pages.audit.words import RESULTS, EntryText
from farmlive.pages.rendering.render import FILE_HEADERS
from farmlive.people import Caller, People
from farmlive.people.core.audit import AuditEntry, Selection
from farmlive.review.files import escape_formula
from farmlive.review.sheets import Words

ENTRIES_PER_READ = 500

Describe = Callable[[Sequence[AuditEntry]], Awaitable[list[EntryText]]]
"""Says entries in words."""


async def audit_csv(
    people: People,
    caller: Caller,
    selection: Selection,
    selected: Mapping[str, Any],
    describe: Describe,
    *,
    only: str,
    language: str,
    time_zone: str,
    base_url: str,
) -> Response:
    """Answer with the selected entries that exist now; `only` describes the selection."""
    first = await people.audit_entries(None, ENTRIES_PER_READ, selection)
    rows = await people.count_audit_entries(selection, first[0].id) if first else 0
    people.access.record_export(caller, "audit.csv", rows, **selected)
    sheet = _Sheet(language, time_zone, base_url)
    return StreamingResponse(
        _parts(people, first, selection, describe, sheet, sheet.title(rows, only)),
        media_type="text/csv; charset=utf-8",
        headers={
            **FILE_HEADERS,
            "Cache-Control": "no-store",
            "Content-Disposition": attachment(language, "csv", *sheet.names(selected)),
        },
    )


async def _parts(
    people: People,
    entries: list[AuditEntry],
    selection: Selection,
    describe: Describe,
    sheet: "_Sheet",
    title: str,
) -> AsyncIterator[bytes]:
    # Excel reads UTF-8 by the byte order mark alone.
    yield b"\xef\xbb\xbf" + _csv([[title], [], sheet.head()])
    while entries:
        texts = await describe(entries)
        yield await asyncio.to_thread(sheet.rows, entries, texts)
        entries = await people.audit_entries(entries[-1].id, ENTRIES_PER_READ, selection)


class _Sheet:
    """Writes rows in one language, with times in the county's zone."""

    def __init__(self, language: str, time_zone: str, base_url: str):
        self._say = Words(language)
        self._zone_name = time_zone
        self._zone = ZoneInfo(time_zone)
        self._base_url = base_url

    def title(self, rows: int, only: str) -> str:
        """Return the row that describes the file's selection, so that nobody takes a part for the
        whole.
        """
        say, at = self._say, self._moment(now_ms())
        what = only or say("all entries", "全部记录")
        many = say(f"{rows} entr{'y' if rows == 1 else 'ies'}", f"共 {rows} 条")
        return say(
            f"Log: {what} · {many} · downloaded {at}", f"操作记录：{what} · {many} · 导出于 {at}"
        )

    def names(self, selected: Mapping[str, str]) -> list[str | Bilingual]:
        """Return the parts of its name: its day, the group and the selected days, and no person."""
        day = f"{datetime.fromtimestamp(now_ms() / 1000, self._zone):%Y-%m-%d}"
        named: list[str | Bilingual] = []
        if "person" in selected:
            named.append(Bilingual(zh="人员", en="person"))
        named += [selected["group"]] if "group" in selected else []
        for end in ("from", "to"):
            named += [end, selected[end]] if end in selected else []
        return [Bilingual(zh="操作记录", en="audit"), day, *named]

    def head(self) -> list[str]:
        """Return the titles of the columns."""
        say = self._say
        return [
            say(f"Time ({self._zone_name})", f"时间（{self._zone_name}）"),
            say("Person", "人员"),
            say("Role", "角色"),
            say("What", "操作"),
            say("More about it", "说明"),
            say("Order", "订单号"),
            say("Broadcast", "直播"),
            say("Link", "网址"),
            say("Result", "结果"),
            say("Times", "次数"),
            say("Entry (id)", "记录 ID"),
            say("Person (id)", "人员 ID"),
            say("Program's key (id)", "程序密钥 ID"),
            say("Kind (code)", "类型代码"),
            say("Thing (id)", "对象 ID"),
            say("Broadcast (id)", "直播 ID"),
            say("Facts (codes)", "明细代码"),
        ]

    def rows(self, entries: Sequence[AuditEntry], texts: Sequence[EntryText]) -> bytes:
        """Return these entries as lines of CSV."""
        return _csv([self.row(entry, each) for entry, each in zip(entries, texts, strict=True)])

    def row(self, entry: AuditEntry, text: EntryText) -> list[str]:
        """Return the cells of one entry."""
        cells = [
            self._moment(entry.at),
            text.who,
            text.role,
            text.words,
            " · ".join(text.facts),
            ", ".join(text.orders),
            text.broadcast.text if text.broadcast else "",
            text.attempt or (self._base_url + text.url if text.url else ""),
            self._say(*RESULTS[text.result]),
            str(text.times),
            entry.id,
            entry.account or "",
            entry.key or "",
            entry.action,
            entry.subject or "",
            entry.broadcast or "",
            "; ".join(f"{name}={_plain(value)}" for name, value in entry.detail.items()),
        ]
        return [escape_formula(cell) for cell in cells]

    def _moment(self, at: int) -> str:
        return f"{datetime.fromtimestamp(at / 1000, self._zone):%Y-%m-%d %H:%M:%S}"


def _plain(value: Any) -> str:
    """Return a fact as text, without brackets and quotes."""
    if isinstance(value, dict):
        return " ".join(f"{name}:{_plain(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(each) for each in value)
    return value if isinstance(value, str) else compact_json.encode(value).decode()


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    written = StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode()

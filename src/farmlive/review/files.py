"""Sheets as files: CSV that Excel reads with Chinese text, and XLSX with typed cells.

No cell becomes a formula: what a buyer typed stays text.
"""

import csv
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from io import BytesIO, StringIO
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter

from farmlive.money import decimals
from farmlive.review.sheets import Kind, Sheet, Table

# Spreadsheets take text with these first characters for a formula, full-width ones too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NAME = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_A4 = 9


def column_title(title: str, kind: Kind, currency: str) -> str:
    """Return a column's title with the unit of its numbers."""
    unit = {"money": currency, "weight": "kg"}.get(kind)
    return f"{title} ({unit})" if unit else title


def as_csv(sheet: Sheet, time_zone: str) -> bytes:
    """Return the sheet as CSV: UTF-8 with a byte order mark, lines end in CR LF.

    Grouped tables are merged into one with a column for the group; tables with other columns follow
    after an empty line, under their titles.
    """
    written = StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    zone = ZoneInfo(time_zone)
    several = len({bool(table.group) or table.title for table in sheet.tables}) > 1
    blocks = groupby(sheet.tables, key=lambda table: sheet.by if table.group else table.title)
    for number, (title, block) in enumerate(blocks):
        tables = list(block)
        if number:
            writer.writerow([])
        if several:
            writer.writerow([title])
        head = [column_title(c.title, c.kind, sheet.currency) for c in tables[0].columns]
        grouped = bool(tables[0].group)
        writer.writerow([sheet.by, *head] if grouped else head)
        for table in tables:
            for row in table.rows:
                cells = [_plain(kind, value, sheet, zone) for kind, value in table.cells(row)]
                writer.writerow([escape_formula(table.group), *cells] if grouped else cells)
    return b"\xef\xbb\xbf" + written.getvalue().encode()


def escape_formula(text: str) -> str:
    """Return the text as a cell that no spreadsheet evaluates as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _plain(kind: Kind, value: Any, sheet: Sheet, zone: ZoneInfo) -> str:
    if value is None:
        return ""
    if kind == "money":
        return f"{Decimal(value).scaleb(-decimals(sheet.currency)):f}"
    if kind == "weight":
        return f"{Decimal(value).scaleb(-3):f}"
    if kind == "moment":
        return f"{datetime.fromtimestamp(value / 1000, zone):%Y-%m-%d %H:%M:%S}"
    return escape_formula(value) if isinstance(value, str) else str(value)


def as_xlsx(sheet: Sheet, time_zone: str) -> bytes:
    """Return the sheet as an Excel workbook: a worksheet per table, set up to print on A4."""
    written = BytesIO()
    workbook = xlsxwriter.Workbook(
        written,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    workbook.set_properties({"title": f"{sheet.title} · {sheet.broadcast}"})
    styles = _Styles(workbook, sheet.currency)
    taken: set[str] = set()
    for table in sheet.tables:
        worksheet = workbook.add_worksheet(_name(table.group or table.title, taken))
        _fill(worksheet, sheet, table, styles, ZoneInfo(time_zone))
    workbook.close()
    return written.getvalue()


class _Styles:
    """The formats of a workbook, by kind of cell."""

    def __init__(self, workbook: Any, currency: str):
        places = decimals(currency)
        form = {
            "text": "General",
            "count": "#,##0",
            "number": "#,##0.0",
            "money": "#,##0" + ("." + "0" * places if places else ""),
            "weight": "#,##0.000",
            "share": "0.0%",
            "moment": "yyyy-mm-dd hh:mm:ss",
        }
        top = {"valign": "top"}
        self.cell = {
            kind: workbook.add_format({"num_format": f, **top}) for kind, f in form.items()
        }
        self.cell["text"] = workbook.add_format({"text_wrap": True, **top})
        bold = {"bold": True, "top": 1}
        self.total = {k: workbook.add_format({"num_format": f, **bold}) for k, f in form.items()}
        head = {"bold": True, "bottom": 1, "bg_color": "#F2EBDF", "text_wrap": True, **top}
        self.head = workbook.add_format(head)
        self.head_of_numbers = workbook.add_format({"align": "right", **head})
        self.note = workbook.add_format({"italic": True})


def _fill(worksheet: Any, sheet: Sheet, table: Table, styles: _Styles, zone: ZoneInfo) -> None:
    for place, column in enumerate(table.columns):
        number = column.kind not in ("text", "moment")
        worksheet.set_column(place, place, column.width)
        worksheet.write_string(
            0,
            place,
            column_title(column.title, column.kind, sheet.currency),
            styles.head_of_numbers if number else styles.head,
        )
    line = 1
    for row in table.rows:
        _write(worksheet, line, list(table.cells(row)), styles.cell, sheet, zone)
        line += 1
    totals = table.totals()
    if totals is not None:
        cells = list(table.cells(totals))
        cells[0] = ("text", sheet.total_word)
        _write(worksheet, line, cells, styles.total, sheet, zone)
        line += 1
    if table.note:
        worksheet.write_string(line + 1, 0, table.note, styles.note)
    worksheet.freeze_panes(1, 0)
    if table.rows:
        worksheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
    worksheet.repeat_rows(0)
    worksheet.set_paper(_A4)
    if sum(column.width for column in table.columns) > 90:
        worksheet.set_landscape()
    worksheet.fit_to_pages(1, 0)
    worksheet.set_margins(left=0.5, right=0.5)
    name = " · ".join(filter(None, (sheet.title, table.group, sheet.broadcast)))
    worksheet.set_header("&L" + name.replace("&", "&&")[:200])
    worksheet.set_footer("&R&P / &N")


def _write(
    worksheet: Any,
    line: int,
    cells: Sequence[tuple[Kind, Any]],
    styles: dict[str, Any],
    sheet: Sheet,
    zone: ZoneInfo,
) -> None:
    for place, (kind, value) in enumerate(cells):
        style = styles[kind]
        if value is None:
            worksheet.write_blank(line, place, None, style)
        elif kind == "text":
            worksheet.write_string(line, place, str(value), style)
        elif kind == "moment":
            moment = datetime.fromtimestamp(value / 1000, zone).replace(tzinfo=None)
            worksheet.write_datetime(line, place, moment, style)
        elif kind == "money":
            worksheet.write_number(line, place, value / 10 ** decimals(sheet.currency), style)
        elif kind == "weight":
            worksheet.write_number(line, place, value / 1000, style)
        else:
            worksheet.write_number(line, place, value, style)


def _name(wanted: str, taken: set[str]) -> str:
    """Return a valid and unique worksheet name: at most 31 characters, none reserved by Excel."""
    base = wanted.translate(_NAME).strip()[:31] or "1"
    name, number = base, 1
    while name.lower() in taken:
        number += 1
        name = f"{base[:28]} {number}"
    taken.add(name.lower())
    return name

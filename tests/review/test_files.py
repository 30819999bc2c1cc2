"""Sheets as files: typed cells in XLSX, CSV for Excel, and nothing that runs as a formula."""

import csv
from datetime import datetime
from io import BytesIO, StringIO
from typing import Any

import pytest
from openpyxl import load_workbook

from farmlive.review.files import as_csv, as_xlsx
from farmlive.review.sheets import Column, Sheet, Table, Typed

ZONE = "Asia/Shanghai"
AT = 1_795_564_800_000  # 2026-11-25 08:00 in Shanghai
COLUMNS = (
    Column("Name"),
    Column("Boxes", "count", total=True),
    Column("Net weight", "weight", total=True),
    Column("Gross", "money", total=True),
    Column("Rate", "share"),
    Column("At", "moment"),
)


def sheet(*tables: Table, currency: str = "CNY", by: str = "") -> Sheet:
    return Sheet(
        name="pick-list",
        title="采收备货单",
        broadcast="金桔 & co",
        broadcast_id="01B",
        language="zh",
        currency=currency,
        made_at=AT,
        tables=list(tables),
        by=by,
        total_word="合计",
    )


def rows_of(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(StringIO(data.decode("utf-8-sig"), newline="")))


def table(*rows: tuple[Any, ...], **more: Any) -> Table:
    return Table(more.pop("title", "单"), COLUMNS, list(rows), **more)


ROW = ("金桔", 12, 30_000, 35_880, 0.25, AT)


def test_csv_has_plain_numbers_with_their_units_in_the_head() -> None:
    data = as_csv(sheet(table(ROW)), ZONE)
    assert data.endswith(b"\r\n")
    assert rows_of(data) == [
        ["Name", "Boxes", "Net weight (kg)", "Gross (CNY)", "Rate", "At"],
        ["金桔", "12", "30.000", "358.80", "0.25", "2026-11-25 08:00:00"],
    ]


def test_csv_puts_the_lists_of_a_sheet_into_one_table() -> None:
    lists = [table(ROW, group="溪口"), table(ROW, ROW, group="洋中")]
    rows = rows_of(as_csv(sheet(*lists, by="农场"), ZONE))
    assert [row[0] for row in rows] == ["农场", "溪口", "洋中", "洋中"]
    assert len({len(row) for row in rows}) == 1


def test_csv_puts_other_tables_after_an_empty_line() -> None:
    other = Table("Other", (Column("A"), Column("B")), [("1", "2")])
    rows = rows_of(as_csv(sheet(table(ROW, title="One"), other), ZONE))
    assert rows[0] == ["One"]
    assert rows[3:] == [[], ["Other"], ["A", "B"], ["1", "2"]]


@pytest.mark.parametrize(
    "typed",
    ["=1+1", "+8613800000000", "-2", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", '=HYPERLINK("http://x")'],
)
def test_what_people_typed_is_never_a_formula(typed: str) -> None:
    made = sheet(table((typed, None, None, None, None, None), group=typed), by="farm")
    (_, row) = rows_of(as_csv(made, ZONE))
    assert row[0] == row[1] == f"'{typed}"
    book = load_workbook(BytesIO(as_xlsx(made, ZONE)))
    cell = book.worksheets[0]["A2"]
    assert cell.data_type == "s"
    if typed.isprintable():
        assert cell.value == typed


def test_negative_numbers_stay_numbers() -> None:
    (_, row) = rows_of(as_csv(sheet(table(("a", -1, 0, -5, None, None))), ZONE))
    assert row[1:4] == ["-1", "0.000", "-0.05"]


def test_xlsx_has_typed_cells_formats_totals_and_a_frozen_head() -> None:
    book = load_workbook(BytesIO(as_xlsx(sheet(table(ROW, ROW)), ZONE)))
    page = book.worksheets[0]
    assert [cell.value for cell in page[1]][:4] == [
        "Name",
        "Boxes",
        "Net weight (kg)",
        "Gross (CNY)",
    ]
    name, boxes, weight, gross, rate, at = page[2]
    assert (name.value, boxes.value, weight.value, gross.value) == ("金桔", 12, 30, 358.8)
    assert (gross.number_format, weight.number_format, rate.number_format) == (
        "#,##0.00",
        "#,##0.000",
        "0.0%",
    )
    assert at.value == datetime(2026, 11, 25, 8, 0)
    assert [cell.value for cell in page[4]] == ["合计", 24, 60, 717.6, None, None]
    assert page.freeze_panes == "A2"
    assert page.page_setup.paperSize == 9
    assert page.print_title_rows == "$1:$1"
    header = page.HeaderFooter.oddHeader
    assert header is not None
    assert "金桔 && co" in str(header.left.text)


def test_a_currency_without_decimals_has_none() -> None:
    made = sheet(table(("a", 1, 1, 500, None, None)), currency="JPY")
    assert rows_of(as_csv(made, ZONE))[1][3] == "500"
    cell = load_workbook(BytesIO(as_xlsx(made, ZONE))).worksheets[0]["D2"]
    assert (cell.value, cell.number_format) == (500, "#,##0")


def test_worksheets_are_named_after_their_lists_whatever_these_are_called() -> None:
    names = ["a/b[c]:*?", "A" * 40, "a" * 40, "'", "history"]
    tables = [table(ROW, group=name) for name in names]
    book = load_workbook(BytesIO(as_xlsx(sheet(*tables, by="farm"), ZONE)))
    assert len(book.sheetnames) == len(set(map(str.lower, book.sheetnames))) == 5
    assert all(0 < len(name) <= 31 for name in book.sheetnames)


def test_an_empty_sheet_is_a_file_all_the_same() -> None:
    assert rows_of(as_csv(sheet(), ZONE)) == []
    assert len(load_workbook(BytesIO(as_xlsx(sheet(), ZONE))).worksheets) == 1


def test_a_cell_of_another_kind_than_its_column() -> None:
    made = sheet(Table("t", (Column("n"), Column("v", "number")), [("gross", Typed("money", 5))]))
    assert rows_of(as_csv(made, ZONE))[1] == ["gross", "0.05"]

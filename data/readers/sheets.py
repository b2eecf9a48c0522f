"""One sheet of an XLSX workbook, streamed, its cells as the text a CSV of it would hold."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from pyproj import CRS

from data.readers.archives import corrupt, guard_members, zip_members
from data.readers.chunk import BadRow, Chunk, free_name, showable
from data.readers.columns import column_names
from gis.errors import BadInput


def read_sheet(file: Path, *, sheet: str | None, chunk_rows: int, crs: CRS | None) -> Iterator[Chunk]:
    """Read one sheet; its first row is the header, empty rows are skipped.

    Numbers become their shortest text, times ISO text, and a cell whose format shows no hour at midnight a bare
    date. Formulas give the value stored with them.

    Raises:
        BadInput: `sheet_missing`, `sheet_unknown`, `header_missing`, `column_duplicate`, `archive_too_large`,
            `file_corrupt`.
    """
    guard_members(file, zip_members(file))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and extensions that do not matter here
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        except Exception as error:  # openpyxl raises whatever it meets in a damaged file
            raise corrupt(file.name, "it is no sound XLSX workbook") from error
    try:
        rows = _cells(book[_chosen(book, sheet, file.name)], file.name)
        names = _header(rows, file.name)
        yield from _chunks(rows, names, chunk_rows, crs)
    finally:
        book.close()


def _chosen(book: Any, sheet: str | None, file: str) -> str:  # openpyxl carries no types
    names = [page.title for page in book.worksheets]
    if sheet is not None:
        if sheet not in names:
            detail = f"{file} has no sheet {sheet}; it has {', '.join(names)}."
            raise BadInput("sheet_unknown", detail, field="sheet", value=sheet, values={"sheets": names})
        return sheet
    filled = [name for name in names if any(any(values) for _, values in _cells(book[name], file, most=1))]
    if len(filled) > 1:
        detail = f"{file} has several sheets; name one with --sheet: {', '.join(filled)}."
        raise BadInput("sheet_missing", detail, field="sheet", values={"sheets": filled})
    if not filled:
        raise BadInput("header_missing", f"No sheet of {file} has a header in its first row.", field="file", value=file)
    return str(filled[0])


_Cells = Iterator[tuple[int, list[str | None]]]


def _cells(page: Any, file: str, most: int | None = None) -> _Cells:
    """Row number and texts of each row, trailing empty cells cut off; `#…` stands for a cell in error."""
    page.reset_dimensions()
    try:
        for row_no, row in enumerate(page.iter_rows(max_row=most), start=1):
            texts = [_text(cell) for cell in row]
            while texts and texts[-1] is None:
                texts.pop()
            yield row_no, texts
    except Exception as error:  # as above
        raise corrupt(file, f"sheet {page.title} is damaged") from error


def _text(cell: Any) -> str | None:
    value = cell.value
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        is_day = value.time() == time() and "h" not in str(cell.number_format).lower()
        return value.date().isoformat() if is_day else value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return value.isoformat() if isinstance(value, date | time) else _number(value)


def _number(value: float | timedelta) -> str:
    return str(value.total_seconds()) if isinstance(value, timedelta) else repr(value)


def _header(rows: _Cells, file: str) -> list[str]:
    for _, texts in rows:
        if not any(texts):
            break
        return column_names([text or "" for text in texts], file)
    raise BadInput("header_missing", f"The first row of the sheet in {file} is empty.", field="file", value=file)


def _chunks(rows: _Cells, names: list[str], chunk_rows: int, crs: CRS | None) -> Iterator[Chunk]:
    good: list[tuple[int, list[str | None]]] = []
    bad: list[BadRow] = []
    has_given = False
    for row_no, texts in rows:
        if not texts:
            continue
        if fault := _fault(row_no, texts, names):
            bad.append(fault)
        else:
            good.append((row_no, texts))
        if len(good) >= chunk_rows:
            yield Chunk(_frame(good, names), bad, crs)
            good, bad, has_given = [], [], True
    if good or bad or not has_given:
        yield Chunk(_frame(good, names), bad, crs)


def _fault(row_no: int, texts: list[str | None], names: list[str]) -> BadRow | None:
    shown = [None if text is None else showable(text) for text in texts]
    if len(texts) > len(names):
        detail = f"The row has {len(texts)} cells, the header has {len(names)}."
        return BadRow(row_no, None, str(len(texts)), "columns", {"line": "\t".join(map(str, shown))}, detail)
    for name, text in zip(names, texts, strict=False):
        if text in _ERRORS:
            raw = dict(zip(names, shown, strict=False))
            return BadRow(row_no, name, text, "cell_error", raw, f"The cell in {name} holds the error {text}.")
    return None


_ERRORS = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!"}


def _frame(rows: list[tuple[int, list[str | None]]], names: list[str]) -> pd.DataFrame:
    padded = [texts + [None] * (len(names) - len(texts)) for _, texts in rows]
    frame = free_name(pd.DataFrame(padded, columns=names, dtype="str"), "row_no")
    frame.insert(0, "row_no", pd.Series([row_no for row_no, _ in rows], dtype="int64"))
    return frame

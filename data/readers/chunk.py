"""What a reader of rows gives: chunks of good rows, and the bad ones with their reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from pyproj import CRS

SHOWN_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was set aside.

    Args:
        row_no: Line of the file (CSV, sheet) or number of the record (other kinds), from 1.
        field: Name of the offending column, or None where the whole row is at fault.
        value: The offending value, made fit to store and to show, or None.
        reason: Stable identifier, lower_snake_case.
        raw: What stood in the file: columns with values, or `{"line": text}` where columns cannot be told.
        detail: One plain sentence for the reader.
    """

    row_no: int
    field: str | None
    value: str | None
    reason: str
    raw: dict[str, Any]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file, in file order.

    Args:
        frame: The good rows; first column `row_no`; empty cells are NA.
        bad: The rows that were set aside while these were read.
        crs: What the coordinates are in, where the file or the caller said it; else None.
    """

    frame: pd.DataFrame
    bad: list[BadRow] = field(default_factory=list)
    crs: CRS | None = None


def showable(text: str) -> str:
    """The text cut to a length fit for storing, with NUL made visible (a database keeps no NUL).

    >>> showable("a\\0b")
    'a␀b'
    """
    return text[:SHOWN_CHARACTERS].replace("\0", "␀")


def raw_row(row: pd.Series) -> dict[str, Any]:
    """A row of a frame as column names with values that JSON can carry; NA becomes None."""
    return {str(name): _plain(value) for name, value in row.items() if name != "row_no"}


def _plain(value: object) -> bool | int | float | str | None:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    return value if isinstance(value, bool | int) else showable(str(value))


def set_aside(frame: pd.DataFrame, bad: pd.Series, *, field: str, reason: str, detail: str) -> list[BadRow]:
    """Make a `BadRow` of each marked row of the frame; the frame itself is left as it is."""
    return [
        BadRow(int(row["row_no"]), field, showable(str(row[field])), reason, raw_row(row), detail)
        for _, row in frame[bad].iterrows()
    ]


def empty_as_missing(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with NA for empty text, so that an empty cell is the same in every kind of file."""
    out = frame.copy(deep=False)
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.StringDtype):
            out[name] = frame[name].mask(frame[name] == "")
    return out


def without_nul(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[BadRow]]:
    """Set aside the rows with a NUL character in any text, which no database can keep."""
    aside: list[BadRow] = []
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.StringDtype):
            bad = frame[name].str.contains("\0", regex=False, na=False)
            if bad.any():
                detail = f"The value in column {name} holds a NUL character."
                aside += set_aside(frame, bad, field=str(name), reason="nul", detail=detail)
                frame = frame[~bad]
    return frame, aside


def free_name(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Give way to a column of ours: a column of the file with that name becomes `<name>_in_file`."""
    other = f"{name}_in_file"
    while other in frame.columns:
        other += "_"
    return frame.rename(columns={name: other}) if name in frame.columns else frame

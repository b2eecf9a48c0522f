"""Fixes out of files: tables, GPX and the recorder's lines, each row a fix or the reason why it is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyproj import CRS

from data.readers.archives import existing
from data.readers.chunk import BadRow, Chunk
from data.readers.columns import settled_columns
from data.readers.numbers import parse_coordinates
from data.readers.rows import read_rows
from data.readers.times import parse_times
from gis.errors import BadInput
from layers.patrols.fixes import Fix, Floats, Texts
from layers.patrols.formats import gpx, rec

MEASURES = ("accuracy_m", "speed_ms", "course")
NEEDED, SAID = ("at", "lon", "lat"), ("device", *MEASURES, "mock")
_YES = ["1", "1.0", "true", "yes", "y", "t", "是"]
_CHUNK_ROWS = 100_000


@dataclass(frozen=True)
class Piece:
    """Some rows of a file.

    Attributes:
        label: The device of each row, None where the file does not say it, shape (n,).
        row_no: Where each stands in the file, shape (n,).
        fix: As `layers.patrols.fixes.Fix`, shape (n, 7).
        bad: The rows that are no fix.
        datum: What the file says the positions are in; None where it says nothing.
    """

    label: Texts
    row_no: Any
    fix: Floats
    bad: list[BadRow] = field(default_factory=list)
    datum: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a table is read.

    Attributes:
        columns: Role -> column; the roles are `NEEDED` and `SAID`.
        time_zone: Of times that carry none.
        time_format: How times are written; None for ISO 8601 and its like.
        encoding, delimiter: As `read_rows`.
    """

    columns: Mapping[str, str]
    time_zone: str = "UTC"
    time_format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None


def read_fixes(file: Path, reading: Reading) -> Iterator[Piece]:
    """Read a file piece by piece.

    Args:
        file: .gpx, .rec, or whatever `read_rows` reads.
        reading: How, for a table.

    Raises:
        BadInput: `gpx_unreadable`, `column_missing`, `unsuitable_crs`, or those of `read_rows`.
    """
    name = file.name.lower()
    if name.endswith(".gpx"):
        yield from _points(gpx.fixes_of(existing(file).read_bytes()))
    elif name.endswith(".rec"):
        with existing(file).open(encoding="utf-8", errors="replace") as lines:
            yield from _points(rec.fixes_of(lines))
    else:
        given = {"encoding": reading.encoding, "delimiter": reading.delimiter}
        for chunk in read_rows(file, **given, chunk_rows=_CHUNK_ROWS):
            yield _table(chunk, reading)


def _points(points: Iterator[tuple[int, Fix | None]]) -> Iterator[Piece]:
    while some := list(islice(points, _CHUNK_ROWS)):
        good = [(number, fix) for number, fix in some if fix is not None]
        bad = [_bad(number, None, "no_fix", "It has no instant or no place.") for number, fix in some if fix is None]
        table = np.array([fix for _, fix in good], dtype=np.float64).reshape(-1, len(Fix._fields))
        numbers = np.array([number for number, _ in good], dtype=np.int64)
        yield Piece(np.full(len(good), None, dtype=object), numbers, table, bad)


def _table(chunk: Chunk, reading: Reading) -> Piece:
    frame = chunk.frame
    column = settled_columns(frame.columns, dict(zip(NEEDED, NEEDED, strict=True)) | dict(reading.columns), SAID)
    times = parse_times(frame[column["at"]], tz=reading.time_zone, formats=reading.time_format)
    x, y = parse_coordinates(frame[column["lon"]]), parse_coordinates(frame[column["lat"]])
    told = {role: _measured(frame, column.get(role)) for role in MEASURES}
    mock = np.zeros(len(frame))
    if "mock" in column:
        mock += frame[column["mock"]].astype(str).str.strip().str.lower().isin(_YES).to_numpy()
    at = times.at.tz_localize(None).to_numpy(dtype="datetime64[us]").astype(np.int64).astype(np.float64)
    fix = np.column_stack([at, x.values, y.values, *told.values(), mock])
    label = np.full(len(frame), None, dtype=object)
    if "device" in column:
        cells = frame[column["device"]]
        label = cells.astype(str).str.strip().to_numpy(dtype=object)
        label[cells.isna().to_numpy()] = None
    bad = list(chunk.bad)
    is_bad = np.zeros(len(frame), dtype=np.bool_)
    for role, parsed in (("at", times), ("lon", x), ("lat", y)):
        for row in np.flatnonzero(parsed.bad & ~is_bad).tolist():
            reason = str(parsed.reasons[row])
            bad.append(_bad(int(frame["row_no"].iloc[row]), column[role], reason, f"{column[role]} cannot be read."))
        is_bad |= parsed.bad
    good = ~is_bad
    datum = None if chunk.crs is None else _declared(chunk.crs)
    return Piece(label[good], frame["row_no"].to_numpy()[good], fix[good], [_hidden(one) for one in bad], datum)


def _declared(crs: CRS) -> str:
    code = crs.to_epsg()
    if code is None:
        detail = f"The file is in '{crs.name}', which has no EPSG code. Bring it to EPSG:4326 first."
        raise BadInput("unsuitable_crs", detail, field="datum", value=crs.name)
    return f"epsg:{code}"


def _measured(frame: pd.DataFrame, column: str | None) -> Floats:
    return np.full(len(frame), np.nan) if column is None else parse_coordinates(frame[column]).values


def _bad(row_no: int, field_: str | None, reason: str, detail: str) -> BadRow:
    return BadRow(row_no, field_, None, reason, {}, detail)


def _hidden(bad: BadRow) -> BadRow:
    """Without what stood in the row: it may say where somebody was who was not on shift."""
    return _bad(bad.row_no, bad.field, bad.reason, bad.detail)

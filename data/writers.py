"""Files out: a layer or the rows set aside, written whole or not at all."""

from __future__ import annotations

import csv
import json
import re
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import shapely
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from pandas.api.types import is_numeric_dtype, is_object_dtype, is_string_dtype

from data.readers.chunk import BadRow
from gis.crs import STORED_SRID
from gis.errors import BadInput

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_SHEET_ROWS = 1_048_576
_CELL_CHARACTERS = 32_767
_QUARANTINE = ("row_no", "field", "value", "reason", "detail")


def write_layer(frame: pd.DataFrame, path: Path | str) -> None:
    """Write a frame in the format of the path's suffix: .geojson .gpkg .fgb .parquet .csv .xlsx.

    The file appears whole: it is written aside and then renamed. GeoJSON, CSV and XLSX are in EPSG:4326, the
    others in the frame's CRS. In CSV and XLSX a layer of points gets columns `lon`, `lat` (unless it has them),
    any other shapes a column `wkt`; text that a spreadsheet would run as a formula (it begins with = + - @ and is
    no number) gets an apostrophe before it.

    Args:
        frame: A GeoDataFrame with a CRS; for .csv, .xlsx and .parquet a plain frame will do.
        path: Where to; an existing file is replaced.

    Raises:
        BadInput: `unknown_format`, `no_geometry`, `crs_missing`, `too_many_rows`, `value_too_long` or
            `file_unwritable`.
    """
    target = Path(path)
    write = _WRITERS.get(target.suffix.lower())
    if write is None:
        detail = f"{target.name} has no suffix this program writes; give one of {', '.join(_WRITERS)}."
        raise BadInput("unknown_format", detail, field="file", value=target.name)
    if isinstance(frame, gpd.GeoDataFrame) and frame.crs is None:
        raise BadInput("crs_missing", "The layer has no reference system, so it cannot be written.", field="crs")
    plain = _with_json_text(frame)
    _whole(target, lambda aside: write(plain, aside))


def write_quarantine(rows: Iterable[BadRow], path: Path | str) -> None:
    """Write rows that were set aside as CSV, so that they can be mended and read again.

    Columns are `row_no,field,value,reason,detail`, then the columns the file had (`line` where they could not be
    told), in the order in which they first occur.

    Args:
        rows: What was set aside.
        path: Where to; a .csv file.

    Raises:
        BadInput: `unknown_format` or `file_unwritable`.
    """
    target = Path(path)
    if target.suffix.lower() != ".csv":
        detail = f"Rows set aside are written as .csv, not {target.suffix or 'a file without suffix'}."
        raise BadInput("unknown_format", detail, field="file", value=target.name)
    kept = list(rows)
    raw = list(dict.fromkeys(name for row in kept for name in row.raw if name not in _QUARANTINE))
    records = ([*(getattr(row, name) for name in _QUARANTINE), *(row.raw.get(name) for name in raw)] for row in kept)
    _whole(target, lambda aside: _csv_lines([*_QUARANTINE, *raw], records, aside))


def _whole(target: Path, write: Callable[[Path], None]) -> None:
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".writing-") as folder:
            aside = Path(folder) / target.name
            write(aside)
            aside.replace(target)
    except OSError as error:
        detail = f"{target} cannot be written: {error.strerror or error}."
        raise BadInput("file_unwritable", detail, field="file", value=target) from error


def _with_json_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Objects and lists as JSON text, since no table format keeps them."""
    for name in frame.columns:
        if is_object_dtype(frame[name]):
            column = frame[name].map(_json_text, na_action="ignore")
            frame = frame.assign(**{str(name): column})
    return frame


def _json_text(value: object) -> object:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else value


def _shapes(frame: pd.DataFrame, path: Path) -> gpd.GeoDataFrame:
    if isinstance(frame, gpd.GeoDataFrame):
        return frame
    detail = f"{path.name} wants shapes and these rows have none; write .csv, .xlsx or .parquet."
    raise BadInput("no_geometry", detail, field="file", value=path.name)


def _geojson(frame: pd.DataFrame, path: Path) -> None:
    shapes = _shapes(frame, path).to_crs(STORED_SRID)
    shapes.to_file(path, driver="GeoJSON", engine="pyogrio", RFC7946="NO", COORDINATE_PRECISION=15)


def _gpkg(frame: pd.DataFrame, path: Path) -> None:
    _shapes(frame, path).to_file(path, driver="GPKG", engine="pyogrio", layer=path.stem)


def _fgb(frame: pd.DataFrame, path: Path) -> None:
    shapes = _shapes(frame, path)
    # This format's index has no place for a row without a shape.
    index = "NO" if shapes.geometry.isna().any() else "YES"
    shapes.to_file(path, driver="FlatGeobuf", engine="pyogrio", layer=path.stem, SPATIAL_INDEX=index)


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False)


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Shapes as numbers or WKT in EPSG:4326, times as ISO text."""
    table = frame
    if isinstance(frame, gpd.GeoDataFrame):
        geoms = frame.geometry.to_crs(STORED_SRID).to_numpy()
        table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
        is_point = shapely.is_missing(geoms) | (shapely.get_type_id(geoms) == shapely.GeometryType.POINT)
        if not is_point.all():
            table["wkt"] = shapely.to_wkt(geoms, rounding_precision=-1)
        elif not {"lon", "lat"} <= set(table.columns):
            table["lon"], table["lat"] = shapely.get_x(geoms), shapely.get_y(geoms)
    for name in table.columns:
        if table[name].dtype.kind == "M":
            table = table.assign(**{str(name): table[name].map(pd.Timestamp.isoformat, na_action="ignore")})
    return table


def _guarded(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def _csv(frame: pd.DataFrame, path: Path) -> None:
    table = _flat(frame)
    for name in table.columns:
        if not is_numeric_dtype(table[name]) and (is_string_dtype(table[name]) or is_object_dtype(table[name])):
            table = table.assign(**{str(name): table[name].map(_guarded, na_action="ignore")})
    table.rename(columns=_guarded).to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def _csv_lines(header: list[str], records: Iterable[list[object]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([_guarded(name) for name in header])
        writer.writerows([_guarded(value) for value in record] for record in records)


def _xlsx(frame: pd.DataFrame, path: Path) -> None:
    table = _flat(frame)
    if len(table) >= _SHEET_ROWS:
        detail = f"A sheet holds {_SHEET_ROWS - 1:,} rows and there are {len(table):,}; write .csv or .parquet."
        raise BadInput("too_many_rows", detail, field="file", value=path.name)
    rows = table.astype(object).where(table.notna(), None)
    for name in table.columns:
        longest = max((value for value in rows[name] if isinstance(value, str)), key=len, default="")
        if len(longest) >= _CELL_CHARACTERS:
            detail = (
                f"A cell holds {_CELL_CHARACTERS:,} characters and a value in {name} has {len(longest):,}; write .csv."
            )
            raise BadInput("value_too_long", detail, field=str(name), value=longest)
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("rows")
    page.append([_cell(page, name) for name in table.columns])
    for record in rows.itertuples(index=False, name=None):
        page.append([_cell(page, value) for value in record])
    book.save(path)


def _cell(page: object, value: object) -> object:
    if not isinstance(value, str):
        return value
    # The type is set by hand, or a text that looks like a formula or an error would be stored as one.
    cell = WriteOnlyCell(page, value=str(_guarded(ILLEGAL_CHARACTERS_RE.sub("\ufffd", value))))
    cell.data_type = "s"
    return cell


_WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".geojson": _geojson,
    ".gpkg": _gpkg,
    ".fgb": _fgb,
    ".parquet": _parquet,
    ".csv": _csv,
    ".xlsx": _xlsx,
}

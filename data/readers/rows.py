"""Any table in, streamed: CSV, XLSX, Parquet, or the points of a vector file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from zipfile import ZipInfo

import numpy as np
import pandas as pd
import shapely

from data.readers.archives import existing, zip_members
from data.readers.chunk import BadRow, Chunk, empty_as_missing, free_name, raw_row, without_nul
from data.readers.columnar import is_geoparquet, read_columnar
from data.readers.delimited import read_delimited
from data.readers.features import VECTOR_SUFFIXES, read_features
from data.readers.reference import named_crs
from data.readers.sheets import read_sheet
from gis.errors import BadInput

_DELIMITED = (".csv", ".tsv", ".tab", ".txt")
_PARQUET = (".parquet", ".geoparquet", ".pq")


def read_rows(
    path: Path | str,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    layer: str | None = None,
    crs: str | None = None,
    chunk_rows: int = 100_000,
) -> Iterator[Chunk]:
    """Read a table in chunks: rows in = rows of the frames + bad rows.

    Args:
        path: .csv .tsv .tab .txt (also .gz, or one in a .zip), .xlsx, .parquet, or a vector file.
        encoding: Text encoding of delimited text or a Shapefile, where it is not UTF-8 or not said.
        delimiter: Of delimited text; else told from the header line.
        sheet: Of a workbook with several.
        layer: Of a vector file with several.
        crs: Reference system of the coordinates, where the file does not say it.
        chunk_rows: Most rows in a chunk.

    Returns:
        Chunks, at least one. Delimited text and sheets give text columns (empty = NA), Parquet and vector files
        typed ones (empty text = NA). `row_no` is the line of the file (header = 1) for text and sheets, else the number
        of the record. Vector files and GeoParquet give numbers `lon`, `lat` in `Chunk.crs` (easting and northing where
        that is projected), NaN for a point that is missing; other shapes are set aside as `not_a_point`.

    Raises:
        BadInput: `file_missing`, `file_empty`, `file_unreadable`, `file_corrupt`, `unknown_format`,
            `header_missing`, `column_duplicate`, `delimiter_bad`, `encoding_missing`, `encoding_wrong`,
            `encoding_unknown`, `sheet_missing`, `sheet_unknown`, `archive_too_large` and those of
            `read_features`; most come with the first chunk, some (a damaged file) later.
    """
    file = existing(path)
    name = file.name.lower().removesuffix(".gz")
    said = named_crs(crs) if crs else None
    if name.endswith(_DELIMITED):
        chunks = read_delimited(file, encoding=encoding, delimiter=delimiter, chunk_rows=chunk_rows)
        return (Chunk(chunk.frame, chunk.bad, said) for chunk in chunks)
    if name.endswith(".zip") and (member := _only_text(file)):
        chunks = read_delimited(file, encoding=encoding, delimiter=delimiter, chunk_rows=chunk_rows, member=member)
        return (Chunk(chunk.frame, chunk.bad, said) for chunk in chunks)
    if name.endswith(".xlsx"):
        return read_sheet(file, sheet=sheet, chunk_rows=chunk_rows, crs=said)
    if name.endswith(_PARQUET) and not is_geoparquet(file):
        return read_columnar(file, chunk_rows=chunk_rows, crs=said)
    if holds_shapes(file):
        return _points(file, layer=layer, crs=crs, encoding=encoding, chunk_rows=chunk_rows)
    known = ", ".join((*_DELIMITED, ".xlsx", *VECTOR_SUFFIXES))
    detail = f"{file.name} is of no kind this program reads; known are {known}, and .gz or .zip of these."
    raise BadInput("unknown_format", detail, field="file", value=file.name)


def holds_shapes(path: Path | str) -> bool:
    """Whether a file is one of shapes, to be read by `read_features`, and no table.

    Raises:
        BadInput: `file_missing`, `file_empty`, `file_unreadable`, `file_corrupt`, `layer_missing` (a zip of tables).
    """
    file = existing(path)
    name = file.name.lower()
    if name.endswith(".zip"):
        return _only_text(file) is None
    if name.endswith(_PARQUET):
        return is_geoparquet(file)
    return name.endswith((*VECTOR_SUFFIXES, ".kmz"))


def _only_text(file: Path) -> ZipInfo | None:
    """The one delimited file in a zip; None where the zip holds shapes instead."""
    members = zip_members(file)
    texts = [member for member in members if member.filename.lower().endswith(_DELIMITED)]
    if any(PurePosixPath(member.filename).suffix.lower() in VECTOR_SUFFIXES for member in members) or not texts:
        return None
    if len(texts) > 1:
        listed = ", ".join(member.filename for member in texts[:30])
        detail = f"{file.name} holds several tables; unpack it and give one: {listed}."
        raise BadInput("layer_missing", detail, field="file", value=file.name)
    return texts[0]


def _points(
    file: Path, *, layer: str | None, crs: str | None, encoding: str | None, chunk_rows: int
) -> Iterator[Chunk]:
    features = read_features(file, layer=layer, crs=crs, encoding=encoding)
    unreadable: dict[int, str] = features.attrs["unreadable"]
    geoms = features.geometry.to_numpy()
    single = shapely.get_num_geometries(geoms) == 1
    points = np.where(single, shapely.get_geometry(geoms, 0), None)
    is_point = (shapely.get_type_id(points) == shapely.GeometryType.POINT) & ~shapely.is_empty(points)
    is_bad = ~is_point & ~shapely.is_missing(geoms) | features["row_no"].isin(list(unreadable)).to_numpy()
    frame = free_name(free_name(pd.DataFrame(features.drop(columns="geom")), "lon"), "lat")
    rows = zip(frame[is_bad].iterrows(), geoms[is_bad], strict=True)
    bad = [_bad_shape(row, unreadable, geom) for (_, row), geom in rows]
    frame["lon"], frame["lat"] = shapely.get_x(points), shapely.get_y(points)
    frame, with_nul = without_nul(empty_as_missing(frame[~is_bad].reset_index(drop=True)))
    for start in range(0, max(len(frame), 1), chunk_rows):
        piece = frame.iloc[start : start + chunk_rows].reset_index(drop=True)
        yield Chunk(piece, bad + with_nul if start == 0 else [], features.crs)


def _bad_shape(row: pd.Series, unreadable: dict[int, str], geom: shapely.Geometry | None) -> BadRow:
    row_no = int(row["row_no"])
    if row_no in unreadable:
        return BadRow(row_no, "geom", None, "geometry_unreadable", raw_row(row), unreadable[row_no])
    kind = "nothing" if geom is None else f"a {geom.geom_type} of {shapely.get_num_coordinates(geom)} positions"
    return BadRow(row_no, "geom", kind, "not_a_point", raw_row(row), f"A point is wanted here, not {kind}.")

"""Polygons of a file become cells of the stored CRS: declared datum, the lattice, one row a code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data.readers.chunk import BadRow
from data.readers.columns import require
from gis.datum import to_stored
from gis.declarations import find_datum
from gis.errors import BadInput
from gis.shapes import densify, merge_code_parts, to_cells


@dataclass(frozen=True, kw_only=True)
class CellColumns:
    """Which columns say what of grids or areas; a name is the code where no column gives it."""

    code: str = "code"
    name: str | None = None
    parent_code: str | None = None
    parent_name: str | None = None

    def roles(self) -> dict[str, str | None]:
        """Role -> column, None where none was named."""
        return {name: getattr(self, name) for name in ("code", "name", "parent_code", "parent_name")}


@dataclass
class Incoming:
    """Polygons ready to be stored, and what was noticed on the way.

    Attributes:
        frame: The rows that were kept, one for each code.
        code: Their codes, text.
        geom: Valid MultiPolygons on the lattice.
        bad: Rows that were refused.
        remarks: Plain sentences for people.
    """

    frame: geopandas.GeoDataFrame
    code: NDArray[Any]
    geom: NDArray[Any]
    bad: list[BadRow]
    remarks: list[str]


def to_degrees(frame: geopandas.GeoDataFrame, *, datum: str | None) -> NDArray[Any]:
    """The geometries of a frame in the stored CRS.

    Args:
        frame: Features with a CRS.
        datum: Declared datum where the CRS of the file does not tell it, as with GCJ-02.

    Raises:
        BadInput: The datum is one of metres (that is a CRS), or a vertex is no position in it.
    """
    geoms = np.asarray(frame.geometry.array, dtype=object)
    if datum is not None and not find_datum(datum).in_degrees:
        raise BadInput(
            "datum_is_a_crs",
            f"'{datum}' measures in metres; give it as --crs EPSG:<code>, so that long edges keep their form.",
            field="datum",
            value=datum,
        )
    if datum is None:
        return np.asarray(densify(geoms, source_crs=frame.crs), dtype=object)

    def convert(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        stored = to_stored(xy[:, 0], xy[:, 1], datum=datum)
        if stored.bad.any():
            at = int(np.flatnonzero(stored.bad)[0])
            raise BadInput(
                str(stored.reason[at]),
                f"A vertex at {xy[at, 0]}, {xy[at, 1]} is no position in {datum}.",
                field="datum",
                value=f"{xy[at, 0]}, {xy[at, 1]}",
            )
        return np.column_stack([stored.lon, stored.lat])

    return np.asarray(shapely.transform(shapely.force_2d(geoms), convert), dtype=object)


def read_cells(frame: geopandas.GeoDataFrame, columns: CellColumns, *, datum: str | None) -> Incoming:
    """Make cells of a frame: refuse by name what is no polygon, join the parts of one code.

    Raises:
        BadInput: A named column is missing, or two rows of one code overlap.
    """
    require([str(name) for name in frame.columns], columns.roles())
    code = columns.code
    cells, notes = to_cells(to_degrees(frame, datum=datum))
    row_no = frame["row_no"].to_numpy()
    codes = np.array([as_code(value) for value in frame[code]], dtype=object)
    bad = [
        BadRow(int(row_no[note.row]), "geometry", codes[note.row], note.code, {"code": codes[note.row]}, note.detail)
        for note in notes
        if note.refused
    ]
    shaped = ~shapely.is_missing(cells)
    coded = np.array([value is not None for value in codes], dtype=bool)
    bad += [
        BadRow(int(row_no[row]), code, None, "code_missing", {}, "The row has no code.")
        for row in np.flatnonzero(shaped & ~coded)
    ]
    kept = np.flatnonzero(shaped & coded)
    first, geom, merges = merge_code_parts(codes[kept].tolist(), cells[kept])
    for note in merges:
        if note.refused:
            raise BadInput(
                note.code,
                f"{note.detail} It is code {note.values['code']}.",
                field=code,
                value=note.values["code"],
                where=note.where,
            )
    remarks = [f"Row {row_no[note.row]}: {note.detail}" for note in notes if not note.refused]
    remarks += [f"{note.values['rows']} rows of code {note.values['code']} became one multipolygon." for note in merges]
    rows = kept[first]
    return Incoming(frame.iloc[rows].reset_index(drop=True), codes[rows], geom, bad, remarks)


def as_code(value: Any) -> str | None:
    """A code as text: whole numbers lose a decimal point that a file format gave them.

    >>> as_code(12.0), as_code(" 0111 "), as_code(float("nan")), as_code(pd.NA), as_code("")
    ('12', '0111', None, None, None)
    """
    if pd.isna(value):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None

"""Small files for imports, and the imports themselves as a program would call them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from data.readers.chunk import Chunk
from data.readers.rows import read_rows
from layers.actor import Actor
from layers.batches import Summary
from layers.cases.bulk import import_cases
from layers.cases.rows import RowOptions
from layers.grids.intake import GridColumns, GridImport, import_grids
from layers.grids.schemes import SchemeSpec

PLANNER = Actor("planner", ("planner",))
COLUMNS = {"id": "id", "lon": "lon", "lat": "lat"}


def grid_frame(
    cells: Iterable[tuple[str | None, BaseGeometry | None]], *, crs: int = 4326, **columns: Sequence[Any]
) -> geopandas.GeoDataFrame:
    """Rows of (code, polygon) as a reader gives them, with further columns."""
    codes, geoms = zip(*cells, strict=True)
    rows = {"row_no": np.arange(1, len(codes) + 1), "code": codes, **columns}
    return geopandas.GeoDataFrame(rows, geometry=list(geoms), crs=crs).rename_geometry("geom")


def take_grids(
    session: Session,
    cells: Iterable[tuple[str | None, BaseGeometry | None]] | geopandas.GeoDataFrame,
    *,
    columns: GridColumns | None = None,
    spec: SchemeSpec | None = None,
    **options: Any,
) -> GridImport:
    """Import grids into the scheme `duty`, or the one of `spec`."""
    frame = cells if isinstance(cells, geopandas.GeoDataFrame) else grid_frame(cells)
    return import_grids(
        session,
        PLANNER,
        frame,
        spec=spec or SchemeSpec(name="duty"),
        columns=columns or GridColumns(code="code"),
        file="grids.gpkg",
        **options,
    )


def write_csv(path: Path, rows: Iterable[Sequence[object]], *, header: Sequence[str]) -> Path:
    """A CSV file in UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return path


def take_cases(
    bind: Engine,
    file: Path,
    *,
    scheme: str = "duty",
    base: dict[str, str] = COLUMNS,
    columns: dict[str, str] | None = None,
    datum: str | None = "wgs84",
    time_zone: str = "Asia/Shanghai",
    chunks: Iterator[Chunk] | None = None,
    expect: str | None = None,
    chunk_rows: int = 100_000,
    **options: Any,
) -> Summary:
    """Import a file of cases with the columns of `base` (id, lon, lat) and `columns`."""
    return import_cases(
        bind,
        PLANNER,
        read_rows(file, chunk_rows=chunk_rows) if chunks is None else chunks,
        scheme=scheme,
        dataset=file.name,
        file=file,
        options=RowOptions(columns=base | (columns or {}), datum=datum, time_zone=time_zone, **options),
        expect=expect,
    )


def rows_of(bind: Engine, sql: str, **values: Any) -> list[Any]:
    """What a query gives."""
    with bind.connect() as connection:
        return list(connection.execute(text(sql), values).all())

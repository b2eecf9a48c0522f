"""Hot spots as tables with shapes, for other programs; each row says of what period and by which method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis.contours import ground_above
from gis.crs import STORED_SRID, transformer
from gis.edges import Floats
from layers.grids.schemes import scheme_named
from layers.grids.versions import cells_of
from layers.hotspots.density import METHOD, UNITS, Surfaces, classes_of

# Cells along the longer side of a surface that is written down; finer ones are put together.
_MOST_ALONG = 500
# Cells with less than this share of the peak say nothing and are left out of a table.
_NEXT_TO_NOTHING = 1e-3
_FACTS = ("scheme", "tree", "version", "time_zone", "matter", "hours", "method", "unit")


def bands(found: Surfaces) -> geopandas.GeoDataFrame:
    """The ground of each class of density, one row for each class and step, in the metric CRS."""
    uppers = classes_of(found.peak)
    facts = _density_facts(found)
    rows: list[dict[str, Any]] = []
    shapes: list[Any] = []
    for number, frame in enumerate(found.frames):
        surface = _coarse(found, number)
        above = [_above(surface, level) for level in (_NEXT_TO_NOTHING * found.peak, *uppers)]
        for at, upper in enumerate(uppers):
            shape = shapely.difference(above[at], above[at + 1])
            if not shape.is_empty:
                rows.append({**facts, **frame.told(), "lower": uppers[at - 1] if at else 0.0, "upper": upper})
                shapes.append(shapely.multipolygons(shapely.get_parts(shape)))
    columns = [*facts, "from", "to", "n", "lower", "upper"]
    srid = found.points.meant.scheme.metric_srid
    return geopandas.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry=shapes, crs=srid)


def cells_table(found: Surfaces) -> pd.DataFrame:
    """The middles of the cells of all steps, with their density."""
    to_degrees = transformer(found.points.meant.scheme.metric_srid, STORED_SRID)
    tables = []
    for number, frame in enumerate(found.frames):
        values, west, south, cell_m = _coarse(found, number)
        row, column = np.nonzero(values > _NEXT_TO_NOTHING * found.peak)
        lon, lat = to_degrees.transform(west + (column + 0.5) * cell_m, south + (row + 0.5) * cell_m)
        density = {"lon": lon.round(7), "lat": lat.round(7), UNITS[found.per]: values[row, column].round(6)}
        tables.append(pd.DataFrame({"from": frame.since, "to": frame.until, "cell_m": cell_m, **density}))
    return pd.concat(tables, ignore_index=True)


def ground_frame(session: Session, answer: Mapping[str, Any]) -> geopandas.GeoDataFrame:
    """The grids that an answer was given for: `grid_no`, `code`, `name` and their ground, in the order of numbers."""
    cells = cells_of(session, scheme_named(session, answer["scheme"]), version=answer["version"])
    names = {name: getattr(cells, name) for name in ("grid_no", "code", "name")}
    return geopandas.GeoDataFrame(names, geometry=cells.geom, crs=STORED_SRID)


def grids_frame(session: Session, answer: Mapping[str, Any]) -> geopandas.GeoDataFrame:
    """The rows of an answer about grids, with their ground: of `by_grid.grids_told` or `weekly.emerging_told`."""
    facts = _facts(answer)
    starts = [one["from"] for one in answer["weeks"]] if "weeks" in answer else []
    rows = [{**facts, **_by_week(row, starts)} for row in answer["grids"]]
    ground = ground_frame(session, answer).geometry.to_numpy()
    return geopandas.GeoDataFrame(pd.DataFrame(rows), geometry=ground, crs=STORED_SRID)


def clusters_frame(answer: Mapping[str, Any]) -> geopandas.GeoDataFrame:
    """The outlines of an answer of `clusters.clusters`."""
    facts = _facts(answer) | {name: answer[name] for name in ("within_m", "least")}
    rows = [{**facts, **one["properties"]} for one in answer["features"]]
    columns = [*facts, "cluster", "n", "diameter_m", "first", "last", "cases"]
    shapes = [shapely.geometry.shape(one["geometry"]) for one in answer["features"]]
    return geopandas.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry=shapes, crs=STORED_SRID)


def _facts(answer: Mapping[str, Any]) -> dict[str, Any]:
    more = [name for name in ("alpha", "permutations", "seed") if name in answer]
    told = {name: answer[name] for name in (*_FACTS, *more)}
    return {"first_day": answer["from"], "last_day": answer["to"], **told}


def _density_facts(found: Surfaces) -> dict[str, Any]:
    answer = {**found.points.told(), "method": METHOD, "unit": UNITS[found.per]}
    return {**_facts(answer), "bandwidth_m": found.surfaces[0].bandwidth_m}


def _by_week(row: Mapping[str, Any], starts: Sequence[str]) -> dict[str, Any]:
    """A row whose cells are plain: each week's cases and z in columns of their own."""
    plain = {name: value for name, value in row.items() if not isinstance(value, list)}
    for at, start in enumerate(starts):
        plain |= {f"cases_{start}": row["weeks"][at], f"z_{start}": row["z"][at]}
    return plain


def _coarse(found: Surfaces, number: int) -> tuple[Floats, float, float, float]:
    """A surface with cells put together until it is small enough: values, west, south, width of a cell."""
    surface, values = found.surfaces[number], found.values[number]
    times = -(-max(values.shape) // _MOST_ALONG)
    if times > 1:
        short = [-side % times for side in values.shape]
        blocks = np.pad(values, [(0, one) for one in short], mode="edge")
        rows, columns = (side // times for side in blocks.shape)
        values = blocks.reshape(rows, times, columns, times).mean(axis=(1, 3))
    return values, surface.west, surface.south, surface.cell_m * times


def _above(surface: tuple[Floats, float, float, float], level: float) -> BaseGeometry:
    """The ground where a surface is above a level, in metres."""
    values, west, south, cell_m = surface
    field = np.pad(np.nan_to_num(values), 1)
    return affine_transform(ground_above(field, level), [cell_m, 0, 0, cell_m, west - cell_m / 2, south - cell_m / 2])

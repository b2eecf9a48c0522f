"""Answers of reach as frames, to be written as files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import geopandas
import pandas as pd
import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables import Area
from gis.crs import STORED_SRID
from layers.grids.schemes import scheme_named
from layers.grids.versions import cells_of
from layers.reach.asking import Asked
from layers.reach.bands import bands
from layers.reach.sites import sites
from layers.reach.telling import reach
from layers.reach.ways import streets

TABLES = ("grids", "areas", "stations")
ReachLayer = Literal["grids", "areas", "stations", "sites", "area", "streets"]


def layer_of(session: Session, asked: Asked, layer: ReachLayer, *, k: int) -> geopandas.GeoDataFrame:
    """What is asked as one layer for other programs.

    Args:
        session: An open session.
        asked: To which service, how far.
        layer: One of the tables of `reach`, proposed `sites`, the ground within reach (`area`), or `streets`.
        k: How many sites.
    """
    if layer == "sites":
        return points_of(sites(session, asked, k=k)["sites"])
    if layer in ("area", "streets"):
        return shapes_of((bands if layer == "area" else streets)(session, asked))
    return table_of(session, reach(session, asked), layer)


def table_of(session: Session, found: Mapping[str, Any], table: str) -> geopandas.GeoDataFrame:
    """One table of an answer of `reach` with its shapes: polygons of grids or areas, points of stations.

    Args:
        session: An open session.
        found: The answer.
        table: One of `TABLES`.
    """
    rows = pd.DataFrame(found[table])
    if table == "stations":
        return points_of(found[table])
    scheme = scheme_named(session, found["scheme"])
    if table == "grids":
        cells = cells_of(session, scheme, version=found["version"])
        shapes = dict(zip(cells.code, cells.geom, strict=True))
    else:
        shapes = dict(session.execute(select(Area.code, Area.geom).where(Area.tree == scheme.tree)).all())
    ground = [shapes[code] for code in rows["code"]] if len(rows) else []
    return geopandas.GeoDataFrame(rows, geometry=ground, crs=STORED_SRID)


def points_of(rows: list[dict[str, Any]]) -> geopandas.GeoDataFrame:
    """Rows with `lon` and `lat` as points."""
    frame = pd.DataFrame(rows)
    points = shapely.points(frame["lon"], frame["lat"]) if rows else []
    return geopandas.GeoDataFrame(frame, geometry=points, crs=STORED_SRID)


def shapes_of(found: Mapping[str, Any]) -> geopandas.GeoDataFrame:
    """The features of a GeoJSON answer."""
    if not found["features"]:
        return geopandas.GeoDataFrame({"minutes": []}, geometry=[], crs=STORED_SRID)
    return geopandas.GeoDataFrame.from_features(found["features"], crs=STORED_SRID)

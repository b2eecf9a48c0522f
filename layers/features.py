"""THE reader: every layer as GeoJSON pages, vector tiles or a GeoDataFrame, all from one catalogue entry."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import geopandas
import pandas as pd
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.crs import STORED_SRID
from gis.errors import BadInput
from layers.catalog import Layer, layer_named

MAX_LIMIT = 10_000
# Below this zoom a tile with more points than `_CROWDED` shows counts per bin instead of points.
_BINS_BELOW_ZOOM = 14
_CROWDED = 2_000
_BINS_PER_SIDE = 32

Bbox = tuple[float, float, float, float]


@dataclass(frozen=True)
class Page:
    """A page of GeoJSON features.

    Attributes:
        features: The JSON text of an array of features, as made by the database.
        count: How many there are.
        next_after: Value of `after` for the next page, None on the last one.
    """

    features: str
    count: int
    next_after: int | None


def page(
    session: Session,
    name: str,
    *,
    filters: Mapping[str, object],
    bbox: Bbox | None = None,
    after: int = 0,
    limit: int = 1000,
) -> Page:
    """One page of a layer in the order of feature ids.

    Args:
        session: An open session.
        name: Layer name.
        filters: Parameters of the layer's filters; None values count as not given.
        bbox: West, south, east, north in degrees.
        after: Feature id after which the page begins.
        limit: Features on the page, 1 to 10,000.
    """
    layer = layer_named(name)
    if not 1 <= limit <= MAX_LIMIT:
        raise BadInput("bad_limit", f"limit must be from 1 to {MAX_LIMIT}.", field="limit", value=limit)
    conditions, values = _conditions(layer, filters, bbox)
    properties = ", ".join(f"'{key}', {sql}" for key, sql in layer.properties.items())
    row = session.execute(
        text(
            f"""
            WITH page AS (
                SELECT l.id, l.geom, json_build_object({properties}) AS properties
                FROM {layer.source}
                WHERE {conditions} AND l.id > :after ORDER BY l.id LIMIT :limit + 1
            ), kept AS (SELECT * FROM page ORDER BY id LIMIT :limit)
            SELECT COALESCE(json_agg(json_build_object(
                    'type', 'Feature', 'id', id, 'geometry', ST_AsGeoJSON(geom, 8)::json, 'properties', properties
                ) ORDER BY id)::text, '[]') AS features,
                count(*) AS size, CASE WHEN (SELECT count(*) FROM page) > :limit THEN max(id) END AS next_after
            FROM kept
            """
        ),
        {**values, "after": after, "limit": limit},
    ).one()
    return Page(row.features, row.size, row.next_after)


def tile(session: Session, name: str, *, z: int, x: int, y: int, filters: Mapping[str, object]) -> bytes:
    """One Web Mercator vector tile of a layer; empty bytes where nothing lies.

    Crowded points become bins with `count` and the commonest `state` below zoom 14, so that a tile stays small.
    """
    layer = layer_named(name)
    if not (0 <= z <= 22 and 0 <= x < 2**z and 0 <= y < 2**z):
        raise BadInput("no_such_tile", f"There is no tile {z}/{x}/{y}.", field="tile", value=f"{z}/{x}/{y}")
    conditions, values = _conditions(layer, filters, None)
    columns = ", ".join(f"{layer.properties[key]} AS {key}" for key in layer.tile_properties)
    mvt = _PLAIN_TILE if not layer.binned else _BINNED_TILE if z < _BINS_BELOW_ZOOM else _POINT_TILE
    margin = 0 if layer.binned else 64 / 4096
    if layer.binned:
        conditions += f" AND {_IN_TILE}"
        values |= _tile_bounds(z, x, y)
    body = session.execute(
        text(
            f"""
            WITH tile AS (SELECT ST_TileEnvelope(:z, :x, :y) AS env),
            found AS MATERIALIZED (
                SELECT l.id, ST_AsMVTGeom(ST_Transform(l.geom, 3857), tile.env, 4096, 64, {not layer.binned}) AS geom,
                    {columns}
                FROM tile, {layer.tile_source or layer.source}
                WHERE l.geom && ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => {margin}), {STORED_SRID})
                    AND {conditions}
            )
            {mvt}
            """
        ),
        {**values, "z": z, "x": x, "y": y, "layer": name, "crowded": _CROWDED, "bins": _BINS_PER_SIDE},
    ).scalar()
    return bytes(body or b"")


# Boxes of an index are rounded outwards; a point must be in one tile only, or sums over tiles are too large.
_IN_TILE = "ST_X(l.geom) >= :west AND ST_X(l.geom) < :east AND ST_Y(l.geom) >= :south AND ST_Y(l.geom) < :north"
_PLAIN_TILE = "SELECT ST_AsMVT(found, :layer, 4096, 'geom', 'id') FROM found WHERE geom IS NOT NULL"
_POINT_TILE = """
SELECT ST_AsMVT(t, :layer, 4096, 'geom', 'id') FROM (SELECT *, 1 AS count FROM found WHERE geom IS NOT NULL) t"""
_BINNED_TILE = """, crowd AS (SELECT count(*) > :crowded AS yes FROM found),
single AS (SELECT id, geom, number, state, category, near_border, 1 AS count FROM found, crowd WHERE NOT crowd.yes),
bin AS (
    SELECT min(id) AS id, ST_Centroid(ST_Collect(geom)) AS geom, NULL::text AS number,
        mode() WITHIN GROUP (ORDER BY state) AS state, NULL::text AS category, NULL::bool AS near_border,
        count(*)::int AS count
    FROM found, crowd WHERE crowd.yes
    GROUP BY floor(ST_X(geom) * :bins / 4096), floor(ST_Y(geom) * :bins / 4096)
)
SELECT ST_AsMVT(t, :layer, 4096, 'geom', 'id') FROM (TABLE single UNION ALL TABLE bin) t"""


def _tile_bounds(z: int, x: int, y: int) -> dict[str, float]:
    """Edges in degrees, the same number from both sides of an edge."""
    north, south = (math.degrees(math.atan(math.sinh(math.pi * (1 - row / 2 ** (z - 1))))) for row in (y, y + 1))
    return {"west": x * 360 / 2**z - 180, "east": (x + 1) * 360 / 2**z - 180, "south": south, "north": north}


def frame(
    session: Session, name: str, *, filters: Mapping[str, object] | None = None, bbox: Bbox | None = None
) -> geopandas.GeoDataFrame:
    """A whole layer as a GeoDataFrame in the stored CRS: the same features that `page` gives."""
    parts = list(frames(session, name, filters=filters, bbox=bbox))
    return geopandas.GeoDataFrame(pd.concat(parts), geometry="geometry", crs=STORED_SRID)


def frames(
    session: Session,
    name: str,
    *,
    filters: Mapping[str, object] | None = None,
    bbox: Bbox | None = None,
    rows: int = 100_000,
) -> Iterator[geopandas.GeoDataFrame]:
    """A layer as GeoDataFrames of at most `rows` features each, at least one, read through a server-side cursor."""
    layer = layer_named(name)
    conditions, values = _conditions(layer, filters or {}, bbox)
    columns = ", ".join(f'{sql} AS "{key}"' for key, sql in layer.properties.items())
    result = session.execute(
        text(
            f"SELECT l.id, ST_AsBinary(l.geom) AS geometry, {columns} FROM {layer.source} "
            f"WHERE {conditions} ORDER BY l.id"
        ),
        values,
        execution_options={"stream_results": True, "yield_per": rows},
    )
    empty = True
    for part in result.mappings().partitions(rows):
        empty = False
        yield _geo(pd.DataFrame.from_records([dict(row) for row in part], columns=list(result.keys())))
    if empty:
        yield _geo(pd.DataFrame(columns=list(result.keys())))


def _geo(rows: pd.DataFrame) -> geopandas.GeoDataFrame:
    rows["geometry"] = shapely.from_wkb([bytes(wkb) for wkb in rows["geometry"]])
    return geopandas.GeoDataFrame(rows, geometry="geometry", crs=STORED_SRID)


def _conditions(layer: Layer, filters: Mapping[str, object], bbox: Bbox | None) -> tuple[str, dict[str, Any]]:
    given = {key: value for key, value in filters.items() if value is not None}
    unknown = sorted(set(given) - set(layer.filters))
    if unknown:
        known = ", ".join(layer.filters) or "none"
        raise BadInput(
            "unknown_filter",
            f"Layer '{layer.name}' has no filter '{unknown[0]}'; it has: {known}.",
            field=unknown[0],
        )
    sql = ["true"]
    values: dict[str, Any] = {}
    for key, condition in layer.filters.items():
        if key in given:
            sql.append(condition.sql)
            values[key] = _typed(key, given[key], condition.kind)
        elif condition.otherwise:
            sql.append(condition.otherwise)
    if bbox is not None:
        sql.append(f"l.geom && ST_MakeEnvelope(:west, :south, :east, :north, {STORED_SRID})")
        values |= dict(zip(("west", "south", "east", "north"), bbox, strict=True))
    return " AND ".join(sql), values


def _typed(key: str, value: object, kind: str) -> object:
    if kind == "text" or isinstance(value, datetime):
        return value
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise BadInput(
            "bad_instant",
            f"'{value}' is no instant; write it like 2026-05-03T08:00:00+08:00.",
            field=key,
            value=value,
        )
    return instant

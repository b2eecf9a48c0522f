"""The answer of `GET /api/v1/reach/streets`: the network, cut and coloured by the minutes to the nearest station."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gis.crs import STORED_SRID, transformer
from gis.edges import Floats, Geometries
from gis.reach_areas import Cuts, cut_by_minutes
from gis.walking import Ints
from layers.reach.asking import Asked, Meant, meant
from layers.reach.city import Reached, reached
from layers.reach.counted import minutes_told

MOST_FEATURES = 20_000
_DECIMALS = 6
# Pieces of street on which the minutes differ by no more than this are one.
_STEP_MIN = 1.0
_SLICE_MIN = 0.25


def streets(session: Session, asked: Asked) -> dict[str, Any]:
    """All streets that can be walked, as GeoJSON.

    Each feature is a piece of one street whose `minutes` are those of its farther end, None where no station can be
    walked to; with the `name` of the street and the `station_name`. Where there would be more than `MOST_FEATURES`,
    `merged` is true: pieces of the same quarter of a minute are one feature without a name, and what lies beyond the
    limit is left out, so many pieces (`left_out`).

    Raises:
        NotFound: `unknown_scheme`, `unknown_service`.
        BadInput: `bad_walk`.
    """
    what = meant(session, asked)
    found = reached(session, what)
    cuts = cut_by_minutes(found.walked, what.metres_a_minute, step=_STEP_MIN)
    count = len(cuts.minutes)
    merged = count > MOST_FEATURES
    near = np.flatnonzero(cuts.minutes <= asked.minutes) if merged else np.arange(count)
    features = _slices(cuts, near, what) if merged else _pieces(found, cuts, what)
    facts = {"merged": merged, "left_out": count - len(near), "n": len(features)}
    return {"type": "FeatureCollection", **what.told(), **facts, "features": features}


def _pieces(found: Reached, cuts: Cuts, what: Meant) -> list[dict[str, Any]]:
    names = found.city.street_name[found.city.streets.line[cuts.edge]]
    stations = np.array([*found.stations.name, None], dtype=np.object_)[cuts.by]
    shapes = geojson_of(cuts.lines, what)
    rows = zip(shapes, cuts.minutes.tolist(), names, stations, strict=True)
    return [
        feature(shape, {"minutes": minutes_told(minutes), "name": name, "station_name": station})
        for shape, minutes, name, station in rows
    ]


def _slices(cuts: Cuts, near: Ints, what: Meant) -> list[dict[str, Any]]:
    upper = np.ceil(cuts.minutes[near] / _SLICE_MIN) * _SLICE_MIN
    slices, of = np.unique(upper, return_inverse=True)
    order = np.argsort(of, kind="stable")
    shapes = geojson_of(shapely.multilinestrings(cuts.lines[near[order]], indices=of[order]), what)
    return [
        feature(shape, {"minutes": minutes_told(minutes), "name": None, "station_name": None})
        for shape, minutes in zip(shapes, slices.tolist(), strict=True)
    ]


def geojson_of(shapes: Geometries, what: Meant) -> list[dict[str, Any]]:
    """Shapes of the metric CRS as GeoJSON geometries, to a decimetre."""
    way = transformer(what.scheme.metric_srid, STORED_SRID)

    def to_degrees(xy: Floats) -> Floats:
        return np.round(np.column_stack(way.transform(xy[:, 0], xy[:, 1])), _DECIMALS)

    return [shapely.geometry.mapping(one) for one in shapely.transform(shapes, to_degrees)]


def feature(geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    """A feature of GeoJSON."""
    return {"type": "Feature", "geometry": geometry, "properties": properties}

"""Straight edges cut into equal pieces, the same from both sides.

What is inserted into an edge depends on its two ends alone, not on its direction, so neighbours that share an
edge get bit-identical vertices.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import GeometryType

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Geometries = NDArray[np.object_]

_WITH_EDGES = (
    GeometryType.LINESTRING,
    GeometryType.POLYGON,
    GeometryType.MULTILINESTRING,
    GeometryType.MULTIPOLYGON,
)


def split_edges(geoms: Geometries, *, pieces: Callable[[Floats, Floats], Counts]) -> Geometries:
    """Cut every edge of lines and polygons into equal pieces.

    Args:
        geoms: 2-D geometries (n,), any CRS; None, points and collections pass through.
        pieces: Lower ends (m, 2), upper ends (m, 2) -> number of pieces (m,), at least 1. The lower end is the
            one with the smaller x, then the smaller y.

    >>> line = np.array([shapely.from_wkt("LINESTRING (4 0, 0 0, 0 1)")], dtype=object)
    >>> halves = split_edges(line, pieces=lambda low, high: np.where(high[:, 0] > low[:, 0], 2, 1))
    >>> halves[0].wkt
    'LINESTRING (4 0, 2 0, 0 0, 0 1)'
    >>> split_edges(np.array([None], dtype=object), pieces=lambda low, high: np.ones(len(low), dtype=int)).tolist()
    [None]
    """
    result = geoms.copy()
    kind = shapely.get_type_id(geoms)
    filled = ~shapely.is_empty(geoms)
    for one in _WITH_EDGES:
        rows = np.flatnonzero((kind == one) & filled)
        if len(rows):
            result[rows] = _split_group(geoms[rows], pieces)
    return result


def _split_group(geoms: Geometries, pieces: Callable[[Floats, Floats], Counts]) -> Geometries:
    kind, coords, offsets = shapely.to_ragged_array(geoms, include_z=False)
    starts = np.ones(len(coords), dtype=np.bool_)
    starts[offsets[0][1:] - 1] = False
    first = np.flatnonzero(starts)
    low, high, turned = _undirected(coords[first], coords[first + 1])
    count = np.ones(len(coords), dtype=np.int64)
    count[first] = pieces(low, high)
    if (count == 1).all():
        return geoms
    before = np.concatenate([[0], np.cumsum(count)])
    vertex = np.repeat(np.arange(len(coords)), count)
    step = np.arange(before[-1]) - before[vertex]
    new = coords[vertex]
    inner = np.flatnonzero(step)
    edge = np.searchsorted(first, vertex[inner])
    total = count[vertex[inner]]
    forward = np.where(turned[edge], total - step[inner], step[inner])
    new[inner] = low[edge] + (high[edge] - low[edge]) * (forward / total)[:, None]
    rebuilt = shapely.from_ragged_array(kind, new, (before[offsets[0]], *offsets[1:]))
    return np.asarray(rebuilt, dtype=np.object_)


def _undirected(a: Floats, b: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    turned = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    flip = turned[:, None]
    return np.where(flip, b, a), np.where(flip, a, b), turned

"""Cutting the ground between main lines into street blocks: lanes across the longer side until blocks are small."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from data.sample_town.lines import Floats, Lines

Shapes = NDArray[np.object_]


def lanes(blocks: Shapes, *, largest_m2: Floats, rng: np.random.Generator) -> Lines:
    """Lanes that cut blocks until none is larger than asked.

    Args:
        blocks: Polygons of the drawing plane.
        largest_m2: For each block the area above which it is cut.
        rng: The source of chance.

    Returns:
        Lines, each across one block from side to side.
    """
    found: list[Lines] = []
    limits = largest_m2
    while True:
        big = shapely.area(blocks) > limits
        blocks, limits = blocks[big], limits[big]
        if not len(blocks):
            return np.concatenate(found) if found else np.empty(0, dtype=object)
        cut, side = _cuts(blocks, rng)
        lane = shapely.get_parts(shapely.intersection(cut, blocks))
        found.append(lane[shapely.get_type_id(lane) == shapely.GeometryType.LINESTRING])
        halves = np.concatenate([shapely.intersection(blocks, side), shapely.difference(blocks, side)])
        pieces, origin = shapely.get_parts(halves, return_index=True)
        solid = shapely.get_type_id(pieces) == shapely.GeometryType.POLYGON
        blocks, limits = pieces[solid], np.concatenate([limits, limits])[origin[solid]]


def _cuts(blocks: Shapes, rng: np.random.Generator) -> tuple[Lines, Shapes]:
    """For each block a line across the middle of its longer side, and a polygon that covers all on one side of it."""
    corners = shapely.get_coordinates(shapely.oriented_envelope(blocks)).reshape(-1, 5, 2)
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 1]
    swap = np.hypot(*first.T) < np.hypot(*second.T)
    longer = np.where(swap[:, None], second, first)
    shorter = np.where(swap[:, None], first, second)
    middle = (corners[:, 0] + corners[:, 2]) / 2 + longer * rng.uniform(-0.09, 0.09, (len(blocks), 1))
    shorter = shorter / np.maximum(np.hypot(*shorter.T)[:, None], 1e-9) * np.hypot(*longer.T)[:, None]
    a, b = middle - shorter, middle + shorter
    return shapely.linestrings(np.stack([a, b], 1)), shapely.polygons(
        np.stack([a, b, b + 2 * longer, a + 2 * longer], 1)
    )

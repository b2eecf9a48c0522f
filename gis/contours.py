"""Where a field on squares crosses a level: the ground above it as polygons, smooth between the squares."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.edges import Floats

# Sides of the block between four middles: 0 south, 1 east, 2 north, 3 west. Its corners count 1, 2, 4, 8 from the
# south-west on, against the clock. For each sum of those above the level: the ways across the block, from side to side,
# with what is above on their left. Where two opposite corners are above, the ground between them hangs together.
_CAME, _GOES = np.full((16, 2), -1), np.full((16, 2), -1)
for _above, _ways in enumerate(
    ("", "03", "10", "13", "21", "01 23", "20", "23", "32", "02", "30 12", "12", "31", "01", "30", "")
):
    for _place, _way in enumerate(_ways.split()):
        _CAME[_above, _place], _GOES[_above, _place] = int(_way[0]), int(_way[1])


def ground_above(field: Floats, level: float) -> BaseGeometry:
    """The ground where a field is above a level: a polygon, or several in one.

    Args:
        field: Values (h, w) at the middles of squares, row 0 in the south; not above the level along the rim.
        level: What counts as above is more than this.

    Returns:
        In squares, the middle of the first one at 0, 0; empty where nothing is above.

    >>> ground_above(np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]]), 0.5).bounds
    (0.5, 0.5, 1.5, 1.5)
    """
    above = np.asarray(field) > level
    if above[[0, -1]].any() or above[:, [0, -1]].any():
        raise ValueError("the field must not be above the level along its rim")
    came, goes = _steps(above)
    order = np.argsort(came)
    follower = np.searchsorted(came[order], goes[order]).tolist()
    at = _crossings(np.asarray(field, dtype=np.float64), level, came[order])
    seen = [False] * len(follower)
    rings = []
    for first in range(len(follower)):
        ring, here = [], first
        while not seen[here]:
            seen[here] = True
            ring.append(here)
            here = follower[here]
        if ring:
            rings.append(shapely.linestrings(at[[*ring, first]]))
    return shapely.build_area(shapely.geometrycollections(rings))


def _steps(above: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ways from crossing to crossing. One east of middle m is 2 * m, one north of it 2 * m + 1."""
    corner = above.astype(np.int8)
    kind = corner[:-1, :-1] + 2 * corner[:-1, 1:] + 4 * corner[1:, 1:] + 8 * corner[1:, :-1]
    width = above.shape[1]
    row, column = np.nonzero((kind > 0) & (kind < 15))
    south_west = 2 * (row * width + column)
    side = np.array([0, 3, 2 * width, 1])
    here, way = np.nonzero(_CAME[kind[row, column]] >= 0)
    of = kind[row, column][here]
    return south_west[here] + side[_CAME[of, way]], south_west[here] + side[_GOES[of, way]]


def _crossings(field: Floats, level: float, crossing: NDArray[np.int64]) -> Floats:
    """Where the level lies between two middles, as if the field rose evenly."""
    middle, north = crossing // 2, crossing % 2
    here, there = field.ravel()[middle], field.ravel()[middle + np.where(north, field.shape[1], 1)]
    part = (level - here) / (there - here)
    row, column = np.divmod(middle, field.shape[1])
    return np.column_stack([column + np.where(north, 0, part), row + np.where(north, part, 0)])

"""Streets that were drawn with less care than a network needs: crossings without a vertex, ends that fall short."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.edges import Floats, Geometries

Ints = NDArray[np.int64]


def joined(lines: Geometries, *, within_m: float) -> Geometries:
    """Lines with a vertex in common where they cross, and where one ends near another.

    A bridge crosses without being a junction: that cannot be told from the shapes, so it is for the caller to ask for
    this. An end is joined to the nearest other line, which gets a vertex there and so moves by `within_m` at most.

    Args:
        lines: Lines or multilines (n,) in metres; missing ones pass through.
        within_m: How near an end must be to another line.

    >>> lines = shapely.from_wkt(["LINESTRING (0 0, 10 0)", "LINESTRING (5 -5, 5 5)", "LINESTRING (2 0.5, 2 9)"])
    >>> [line.wkt for line in joined(lines, within_m=1)]  # doctest: +NORMALIZE_WHITESPACE
    ['MULTILINESTRING ((0 0, 2 0.5, 5 0, 10 0))', 'MULTILINESTRING ((5 -5, 5 0, 5 5))',
     'MULTILINESTRING ((2 0.5, 2 9))']
    """
    parts, row = shapely.get_parts(np.asarray(lines, dtype=np.object_), return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    begins = np.flatnonzero(part[1:] == part[:-1])
    if not len(begins):
        return np.array(lines, dtype=np.object_)
    pieces = shapely.linestrings(xy[np.column_stack([begins, begins + 1])])
    tree = shapely.STRtree(pieces)
    at_end, ends = _near_ends(xy, part, begins, pieces, tree, within_m)
    at_crossing, crossings = _crossings(pieces, tree, xy, begins)
    piece, where = np.r_[at_end, at_crossing], np.concatenate([ends, crossings])
    share = shapely.line_locate_point(pieces[piece], shapely.points(where))
    after = begins[piece]
    order = np.lexsort((np.r_[np.zeros(len(xy)), share], np.r_[np.arange(len(xy)), after]))
    xy = np.concatenate([xy, where])[order]
    part = np.r_[part, part[after]][order]
    made = shapely.remove_repeated_points(shapely.linestrings(xy, indices=part), 0)
    out = np.array(lines, dtype=np.object_)
    out[np.unique(row)] = shapely.multilinestrings(made, indices=np.unique(row, return_inverse=True)[1])
    return out


def _near_ends(
    xy: Floats, part: Ints, begins: Ints, pieces: Geometries, tree: shapely.STRtree, within_m: float
) -> tuple[Ints, Floats]:
    """Pieces that an end of another line lies near, and those ends."""
    _, place, count = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True, return_counts=True)
    outer = np.r_[True, part[1:] != part[:-1]] | np.r_[part[1:] != part[:-1], True]
    loose = np.flatnonzero(outer & (count[place] == 1))
    of, near = tree.query(shapely.points(xy[loose]), predicate="dwithin", distance=within_m)
    other = part[loose[of]] != part[begins[near]]
    of, near = of[other], near[other]
    far = shapely.distance(shapely.points(xy[loose[of]]), pieces[near])
    order = np.lexsort((near, far, of))
    first = order[np.r_[True, of[order][1:] != of[order][:-1]][: len(order)]]
    return near[first], xy[loose[of[first]]]


def _crossings(pieces: Geometries, tree: shapely.STRtree, xy: Floats, begins: Ints) -> tuple[Ints, Floats]:
    """Pieces that cross or touch another where they have no vertex in common, and the points."""
    one, other = tree.query(pieces, predicate="intersects")
    one, other = one[one < other], other[one < other]
    ends = [xy[begins[which] + step] for which in (one, other) for step in (0, 1)]
    shared = np.zeros(len(one), dtype=np.bool_)
    for mine in ends[:2]:
        for theirs in ends[2:]:
            shared |= (mine == theirs).all(axis=1)
    one, other = one[~shared], other[~shared]
    points = shapely.intersection(pieces[one], pieces[other])
    single = shapely.get_type_id(points) == shapely.GeometryType.POINT
    where = shapely.get_coordinates(points[single])
    return np.r_[one[single], other[single]], np.concatenate([where, where])

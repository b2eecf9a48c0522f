"""A drawn line that follows streets where it was drawn along them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from gis.edges import Floats, Geometries
from gis.edits_units import LINES, UNIT_M, drawn_in_units, in_degrees
from gis.errors import BadInput


def snap_line(line: BaseGeometry, streets: Iterable[BaseGeometry], *, within_m: float) -> BaseGeometry:
    """Lay a drawn line on the streets it was drawn along.

    A vertex at most so far from a street goes to the nearest place on it. Between two vertices on one street the line
    follows the street, where that stays so near to what was drawn; else it stays straight. The line is a drawing
    still: an edit rounds it.

    Args:
        line: Line of EPSG:4326.
        streets: Lines of EPSG:4326, those near the line at least.
        within_m: How far a street may be.

    Raises:
        BadInput: `bad_drawing`, `bad_distance`.

    >>> street = shapely.LineString([(0, 0), (0.001, 0.0002), (0.002, 0)])
    >>> drawn = shapely.LineString([(0, -0.0001), (0.002, -0.0001)])
    >>> shapely.get_coordinates(snap_line(drawn, [street], within_m=50)).round(6).tolist()
    [[0.0, 0.0], [0.001, 0.0002], [0.002, 0.0]]
    >>> shapely.get_coordinates(snap_line(drawn, [street], within_m=5)).round(6).tolist()
    [[0.0, -0.0001], [0.002, -0.0001]]
    """
    if not (np.isfinite(within_m) and within_m >= 0):
        raise BadInput("bad_distance", "Give a distance of 0 m or more.", field="within_m", value=within_m)
    drawn = drawn_in_units(line, field="line", types=("LineString",))
    narrow = float(np.cos(np.radians((line.bounds[1] + line.bounds[3]) / 2)))

    def flat(xy: Floats) -> Floats:
        return np.asarray(xy * (narrow * UNIT_M, UNIT_M))

    some = [shapely.transform(drawn_in_units(one, field="streets", types=LINES), flat) for one in streets]
    ways: Geometries = shapely.get_parts(shapely.line_merge(np.array(some, dtype=np.object_)))
    path = _laid(shapely.transform(drawn, flat), ways, within_m)
    return in_degrees(shapely.transform(path, lambda xy: xy / (narrow * UNIT_M, UNIT_M)))


def _laid(drawn: BaseGeometry, ways: Geometries, within_m: float) -> BaseGeometry:
    """The same with all shapes in metres."""
    points = shapely.points(shapely.get_coordinates(drawn))
    # Where streets meet, a vertex near the corner means the corner, or the line would cut it.
    spots, ways_here = np.unique(shapely.get_coordinates(ways), axis=0, return_counts=True)
    corners = shapely.points(spots[ways_here > 1])
    vertex, corner = STRtree(corners).query_nearest(points, max_distance=within_m, all_matches=False)
    points[vertex] = corners[corner]
    near: list[set[int]] = [set() for _ in points]
    for at, way in STRtree(ways).query(points, predicate="dwithin", distance=within_m).T.tolist():
        near[at].add(way)
    path = [_on_street(points[0], ways[sorted(near[0])])]
    for at in range(1, len(points)):
        straight = shapely.LineString(points[at - 1 : at + 1].tolist())
        both = sorted(near[at - 1] & near[at])
        stretches = [
            substring(ways[way], *shapely.line_locate_point(ways[way], points[at - 1 : at + 1])) for way in both
        ]
        apart_m = [shapely.hausdorff_distance(one, straight, densify=0.1) for one in stretches]
        if apart_m and min(apart_m) <= within_m:
            path += shapely.points(shapely.get_coordinates(stretches[int(np.argmin(apart_m))])).tolist()
        else:
            path.append(_on_street(points[at], ways[sorted(near[at])]))
    return shapely.remove_repeated_points(shapely.LineString(path), 0)


def _on_street(point: BaseGeometry, ways: Geometries) -> BaseGeometry:
    """The nearest place on streets that are near; the point itself where there are none."""
    if not len(ways):
        return point
    way = ways[int(np.argmin(shapely.distance(ways, point)))]
    return shapely.line_interpolate_point(way, shapely.line_locate_point(way, point))

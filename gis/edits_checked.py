"""Whether grids still tile their ground after an edit: what is refused, and where.

Only what the edit changed is judged, against everything near it, on the whole numbers of the lattice where it is a
question of yes or no and in metres where it is one of width. Geometries count in lattice units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from gis.crs import LATTICE
from gis.edges import Floats, Geometries
from gis.edits_cut import Edge, edges_of_lines, sides, undirected
from gis.edits_units import UNIT_M, in_degrees, in_metres
from gis.errors import BadInput
from gis.shapes import place_of_fault
from gis.topology import SLIVER_M, enclosed, overlapping

Units = Mapping[int, BaseGeometry]


def check_edit(before: Units, after: Mapping[int, BaseGeometry | None], moved: Sequence[BaseGeometry]) -> None:
    """Refuse an edit that breaks the tiling.

    Args:
        before: Number -> ground of every grid given, in lattice units.
        after: Number -> ground of the grids that changed, None for one that ends.
        moved: Ground that changed hands, and what its giver keeps.

    Raises:
        BadInput: `faulty_before`, `borders_cross`, `too_close`, `sliver`, `tiling_not_kept`.

    >>> halves = {1: shapely.box(0, 0, 90, 90), 2: shapely.box(90, 0, 180, 90)}
    >>> check_edit(halves, {1: shapely.from_wkt("POLYGON ((0 0, 90 0, 99 90, 0 90, 0 0))")}, [])
    Traceback (most recent call last):
    gis.errors.BadInput: Borders would cross or lie on each other here.
    """
    now = {number: ground for number, ground in after.items() if ground is not None}
    hood = _hood(before, after, now)
    fault = _fault(before, now, hood, moved)
    if fault is None:
        return
    check_tiled({number: before[number] for number in {*hood, *after} if number in before})
    raise fault


def check_tiled(ground: Units) -> None:
    """Refuse grids that do not tile their ground as they are.

    Raises:
        BadInput: `faulty_before`.

    >>> check_tiled({1: shapely.box(0, 0, 2, 2), 2: shapely.box(2, 0, 4, 2)})
    """
    found = _untiled(ground, list(ground))
    if found is not None:
        raise BadInput(
            "faulty_before",
            "The grids here overlapped or did not share their vertices before the edit; mend that first.",
            where=in_degrees(found),
        )


def mean_width_m(polygons: Geometries) -> Floats:
    """Twice the area by the perimeter, in metres, of polygons in lattice units.

    >>> mean_width_m(np.array([shapely.box(0, 0, 4_000_000, 2)])).round(3).tolist()
    [0.013]
    """
    flat = shapely.transform(polygons, in_metres)
    around = shapely.length(flat)
    return np.asarray(np.divide(2 * shapely.area(flat), around, out=np.zeros_like(around), where=around > 0))


def _hood(before: Units, after: Mapping[int, BaseGeometry | None], now: Units) -> list[int]:
    """The grids given that did not change and lie where the edit was."""
    others = [number for number in before if number not in after]
    bounds = shapely.bounds([before[number] for number in others]).reshape(-1, 4)
    west, south, east, north = shapely.total_bounds(list(now.values()))
    near = (bounds[:, :2] <= (east + 1, north + 1)).all(axis=1) & (bounds[:, 2:] >= (west - 1, south - 1)).all(axis=1)
    return [others[row] for row in np.flatnonzero(near)]


def _fault(before: Units, after: Units, hood: list[int], moved: Sequence[BaseGeometry]) -> BadInput | None:
    around = {number: before[number] for number in hood}
    old = {number: before[number] for number in after if number in before}
    fault = _clash(sides(old) if old else {}, sides(after), around)
    if fault is not None:
        return fault
    sliver = _sliver(old, [*after.values(), *moved])
    if sliver is not None:
        return sliver
    found = _untiled({**around, **after}, list(after))
    if found is None:
        return None
    return BadInput(
        "tiling_not_kept", "The edit would leave an overlap or a gap between grids.", where=in_degrees(found)
    )


def _sliver(old: Units, new: Sequence[BaseGeometry]) -> BadInput | None:
    """A narrow piece of ground that was not there before."""
    parts = shapely.get_parts(np.array(new, dtype=np.object_))
    width_m = mean_width_m(parts)
    for row in np.flatnonzero(width_m < SLIVER_M).tolist():
        if not any(shapely.equals(parts[row], part) for ground in old.values() for part in shapely.get_parts(ground)):
            return BadInput(
                "sliver",
                f"The edit would leave a piece of ground narrower than {SLIVER_M * 100:.0f} cm.",
                where=in_degrees(parts[row]),
                values={"width_m": round(float(width_m[row]), 4)},
            )
    return None


def _clash(old: Mapping[Edge, int], new: Mapping[Edge, int], around: Units) -> BadInput | None:
    """A new border that crosses another one, runs along it, or comes closer to it than a sliver is wide."""
    had = {undirected(edge) for edge in old}
    every = {undirected(edge) for edge in new}
    fresh = sorted(every - had)
    if not fresh:
        return None
    ends = np.array(fresh, dtype=np.float64)
    others = np.array(sorted(every), dtype=np.float64)
    if around:
        rings = shapely.get_rings(shapely.get_parts(np.array(list(around.values()), dtype=np.object_)))
        start, end, _ = edges_of_lines(rings)
        others = np.concatenate([others, np.stack([start, end], axis=1)])
    reach = SLIVER_M / (UNIT_M * max(np.cos(np.radians(np.abs(ends[..., 1]).max() * LATTICE)), 0.01))
    low, high = ends.min(axis=(0, 1)) - reach, ends.max(axis=(0, 1)) + reach
    others = others[((others.min(axis=1) <= high) & (others.max(axis=1) >= low)).all(axis=1)]
    lines, other_lines = shapely.linestrings(ends), shapely.linestrings(others)
    first, second = STRtree(other_lines).query(lines, predicate="dwithin", distance=reach)
    one, other = np.rint(ends[first]).astype(np.int64), np.rint(others[second]).astype(np.int64)
    # Do the ends of the two edges coincide? Shape (pairs, 2, 2).
    same = (one[:, :, None] == other[:, None]).all(axis=-1)
    corner = same.sum(axis=(1, 2)) == 1
    pair, at_one, at_other = np.nonzero(same & corner[:, None, None])
    fork = one[pair, at_one]
    u, v = one[pair, 1 - at_one] - fork, other[pair, 1 - at_other] - fork
    along = (u[:, 0] * v[:, 1] == u[:, 1] * v[:, 0]) & ((u * v).sum(axis=1) > 0)
    if along.any():
        return _crossing_at(shapely.Point(fork[along][0]))
    for row in np.flatnonzero(~same.any(axis=(1, 2))).tolist():
        fault = _apart(one[row], other[row], had)
        if fault is not None:
            return fault
    return None


def _apart(one: NDArray[np.int64], other: NDArray[np.int64], had: set[Edge]) -> BadInput | None:
    """What is wrong between two edges (2, 2) without a common end, if anything is."""
    segments = shapely.linestrings([one, other])
    if shapely.intersects(*segments):
        return _crossing_at(shapely.intersection(*segments))
    metres = shapely.linestrings(in_metres(np.concatenate([one, other]).astype(np.float64)).reshape(2, 2, 2))
    apart_m = float(shapely.distance(*metres))
    if apart_m >= SLIVER_M or any(
        undirected(((a, b), (c, d))) in had and np.hypot(c - a, d - b) * UNIT_M < SLIVER_M
        for a, b in one.tolist()
        for c, d in other.tolist()
    ):
        return None
    return BadInput(
        "too_close",
        f"Two borders would come closer than {SLIVER_M * 100:.0f} cm to each other without meeting.",
        where=in_degrees(shapely.shortest_line(*segments)),
        values={"apart_m": round(apart_m, 4)},
    )


def _crossing_at(place: BaseGeometry) -> BadInput:
    return BadInput("borders_cross", "Borders would cross or lie on each other here.", where=in_degrees(place))


def _untiled(ground: Units, judged: list[int]) -> BaseGeometry | None:
    """A place where grids are invalid, overlap or do not share their vertices; None where they tile."""
    cells: Geometries = np.array(list(ground.values()), dtype=np.object_)
    for number in judged:
        if not ground[number].is_valid:
            return place_of_fault(ground[number])
    unequal = shapely.coverage_invalid_edges(cells)
    if shapely.is_empty(unequal).all() and not len(enclosed(cells)):
        return None
    # GEOS takes a neighbour of a hole that touches its shell in a corner for a fault too; so look what it is.
    pairs = overlapping(cells)
    if len(pairs):
        return shapely.intersection(*cells[pairs[0]])
    start, end, _ = edges_of_lines(shapely.get_parts(unequal))
    vertices = np.unique(shapely.get_coordinates(cells), axis=0)
    edges = shapely.linestrings(np.stack([start, end], axis=1))
    edge, vertex = STRtree(shapely.points(vertices)).query(edges, predicate="intersects")
    between = (vertices[vertex] != start[edge]).any(axis=1) & (vertices[vertex] != end[edge]).any(axis=1)
    return shapely.MultiPoint(vertices[vertex[between]]) if between.any() else None

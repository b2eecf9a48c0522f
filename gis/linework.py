"""The borders of cells as one set of edges in lattice units, joined where they meet, and the faces between them.

Two cells that share a border share its edges here, so what is done to an edge is done to all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from gis.crs import LATTICE
from gis.edges import Floats, Geometries

TOUCH = 2.0
"""Lattice units (at most 1.4 cm) up to which a vertex is taken to lie on another vertex or edge."""

Ids = NDArray[np.int64]
_Points = NDArray[np.complex128]


@dataclass(frozen=True)
class Linework:
    """Undirected edges between distinct points, in lattice units from the origin.

    Attributes:
        xy: Points (p,) as complex numbers, x + iy.
        ends: Edges (e, 2), each the places of two points, the lower first; no edge twice.
        cells_of_point: The cells that have a vertex there (p,).
        cells_of_edge: The cells that have the edge (e,).
    """

    xy: _Points
    ends: Ids
    cells_of_point: list[set[int]]
    cells_of_edge: list[set[int]]

    def edges(self) -> Geometries:
        """The edges as lines (e,)."""
        return _lines(self.xy[self.ends])


def to_units(geoms: Geometries, origin: Floats) -> Geometries:
    """Shapes of the lattice in whole lattice units from a corner.

    >>> to_units(np.array([shapely.Point(1, 2)], dtype=object), np.array([2.0**24, 0.0]))[0].wkt
    'POINT (0 33554432)'
    """
    return np.asarray(shapely.transform(geoms, lambda xy: np.rint(xy / LATTICE) - origin), dtype=np.object_)


def to_degrees(geoms: Geometries, origin: Floats) -> Geometries:
    """The way back from `to_units`, to the same bits.

    >>> to_degrees(np.array([shapely.Point(0, 2**25)], dtype=object), np.array([2.0**24, 0.0]))[0].wkt
    'POINT (1 2)'
    """
    return np.asarray(shapely.transform(geoms, lambda xy: (xy + origin) * LATTICE), dtype=np.object_)


def linework(cells: Geometries) -> Linework:
    """The edges of polygons (n,) in lattice units.

    >>> two = linework(shapely.box([0, 1], 0, [1, 2], 1))
    >>> len(two.xy), len(two.ends), max(len(cells) for cells in two.cells_of_edge)
    (6, 7, 2)
    """
    rings, part_of = shapely.get_rings(shapely.get_parts(cells), return_index=True)
    cell_of_part = shapely.get_parts(cells, return_index=True)[1]
    coords, ring_of = shapely.get_coordinates(rings, return_index=True)
    cell_of = cell_of_part[part_of[ring_of]]
    xy, point = np.unique(_complex(coords), return_inverse=True)
    start = np.flatnonzero((ring_of[1:] == ring_of[:-1]) & (point[1:] != point[:-1]))
    pairs = np.sort(np.column_stack([point[start], point[start + 1]]), axis=1)
    ends, edge = np.unique(pairs, axis=0, return_inverse=True)
    return Linework(xy, ends, _owners(point, cell_of, len(xy)), _owners(edge.ravel(), cell_of[start], len(ends)))


def joined(lines: Linework, loose: NDArray[np.bool_], near: NDArray[np.bool_], *, lead: bool) -> Geometries:
    """Edges (m,), fully noded on the lattice, points of different cells within `TOUCH` pulled together before.

    Args:
        lines: The edges.
        loose: Edges (e,) that are not matched by a neighbour; only their points are pulled.
        near: Edges (e,) to be noded; a crossing is rounded to the lattice once, for all cells. All others stay.
        lead: Lead loose edges through points within `TOUCH` of them; else only through those on them.

    >>> crossing = linework(np.array([shapely.box(0, 4, 9, 5), shapely.box(4, 0, 5, 9)], dtype=object))
    >>> everything = np.ones(len(crossing.ends), dtype=bool)
    >>> len(crossing.ends), len(joined(crossing, ~everything, everything, lead=False))
    (8, 16)
    """
    target = _targets(lines, loose)
    led = _led_through(lines, loose, target) if lead else {}
    plain = np.setdiff1d(np.arange(len(lines.ends)), list(led))
    pairs = np.concatenate([target[lines.ends[plain]], *led.values()])
    close = np.concatenate([near[plain], *(np.full(len(some), True) for some in led.values())])
    real = pairs[:, 0] != pairs[:, 1]
    far_pairs, close_pairs = lines.xy[pairs[real & ~close]], lines.xy[pairs[real & close]]
    noded = shapely.union_all(_lines(close_pairs), grid_size=1.0)
    xy, line_of = shapely.get_coordinates(shapely.get_parts(noded), return_index=True)
    start = np.flatnonzero(line_of[1:] == line_of[:-1])
    points = _complex(xy)
    ends = np.concatenate([far_pairs, np.column_stack([points[start], points[start + 1]])])
    return _lines(np.unique(np.sort(ends, axis=1), axis=0))


def straightened(cells: Geometries, before: Linework) -> Geometries:
    """Take out what joining put into an edge and nothing turned out to need, so that the edge is what it was.

    Args:
        cells: Polygons in lattice units.
        before: The edges before they were joined.

    >>> square = shapely.box([0], 0, 2, 2)
    >>> kinked = shapely.from_wkt(["POLYGON ((0 0, 2 0, 2 2, 1 2, 0 2, 0 0))"])
    >>> straightened(kinked, linework(square))[0].equals_exact(square[0], normalize=True)
    True
    """
    after = linework(cells)
    added = ~np.isin(after.xy, before.xy)
    beside: dict[int, list[int]] = {}
    for low, high in after.ends[added[after.ends].any(axis=1)].tolist():
        beside.setdefault(low, []).append(high)
        beside.setdefault(high, []).append(low)
    passed = {point for point, both in beside.items() if added[point] and len(both) == 2}
    known = set(map(tuple, before.xy[before.ends].tolist()))
    target = after.xy.copy()
    for chain in _chains(passed, beside):
        ends = sorted(after.xy[[chain[0], chain[-1]]].tolist(), key=lambda xy: (xy.real, xy.imag))
        aside = shapely.distance(_spots(after.xy[chain]), _lines(np.array(ends))[0])
        if tuple(ends) in known and (aside <= TOUCH).all():
            target[chain[1:-1]] = after.xy[chain[0]]

    def moved(xy: Floats) -> Floats:
        new = target[np.searchsorted(after.xy, _complex(xy))]
        return np.column_stack([new.real, new.imag])

    return np.asarray(shapely.remove_repeated_points(shapely.transform(cells, moved), 0), dtype=np.object_)


def _chains(passed: set[int], beside: dict[int, list[int]]) -> list[list[int]]:
    """Runs of points that are only passed through, each with the two points at its ends."""
    chains = []
    for start in sorted(passed):
        if start in passed:
            chain = [*_walk(start, 0, passed, beside)[::-1], start, *_walk(start, 1, passed, beside)]
            passed = passed.difference(chain)
            chains.append(chain)
    return chains


def _walk(start: int, side: int, passed: set[int], beside: dict[int, list[int]]) -> list[int]:
    last, point = start, beside[start][side]
    found = [point]
    while point in passed and point != start:
        one, other = beside[point]
        last, point = point, other if one == last else one
        found.append(point)
    return found


def faces_of(edges: Geometries) -> Geometries:
    """The polygons between noded edges.

    >>> [face.area for face in faces_of(linework(shapely.box([0, 1], 0, [1, 2], 1)).edges())]
    [1.0, 1.0]
    """
    return np.asarray(shapely.get_parts(shapely.polygonize(edges)), dtype=np.object_)


def borders_between(faces: Geometries) -> tuple[Ids, Geometries]:
    """Pairs (b, 2) of faces on the two sides of an edge, and the edges (b,).

    >>> pairs, edges = borders_between(shapely.box([0, 1], 0, [1, 2], 1))
    >>> pairs.tolist(), edges[0].wkt
    ([[0, 1]], 'LINESTRING (1 0, 1 1)')
    """
    rings, face_of = shapely.get_rings(faces, return_index=True)
    coords, ring_of = shapely.get_coordinates(rings, return_index=True)
    xy = _complex(coords)
    start = np.flatnonzero(ring_of[1:] == ring_of[:-1])
    ends = np.sort(np.column_stack([xy[start], xy[start + 1]]), axis=1)
    unique, edge = np.unique(ends, axis=0, return_inverse=True)
    order = np.argsort(edge.ravel(), kind="stable")
    twice = np.flatnonzero(np.diff(edge.ravel()[order]) == 0)
    sides = face_of[ring_of[start]]
    pairs = np.column_stack([sides[order[twice]], sides[order[twice + 1]]]).astype(np.int64)
    return pairs, _lines(unique[edge.ravel()[order[twice]]])


def _targets(lines: Linework, loose: NDArray[np.bool_]) -> Ids:
    """For each point the one it is pulled to: the one more cells have, else the one of the lower cell."""
    target = np.arange(len(lines.xy))
    points = np.unique(lines.ends[loose])
    spots = _spots(lines.xy[points])
    one, other = STRtree(spots).query(spots, predicate="dwithin", distance=TOUCH)
    for a, b in zip(points[one[one != other]].tolist(), points[other[one != other]].tolist(), strict=True):
        # Two vertices of one cell are two on purpose.
        if lines.cells_of_point[a].isdisjoint(lines.cells_of_point[b]):
            target[a] = min(target[a], b, key=lambda place: _rank(lines, place))
    while (target[target] != target).any():
        target = target[target]
    return target


def _rank(lines: Linework, point: int) -> tuple[int, int, int]:
    cells = lines.cells_of_point[point]
    return -len(cells), min(cells), point


def _led_through(lines: Linework, loose: NDArray[np.bool_], target: Ids) -> dict[int, Ids]:
    """Edges that lack points of other cells which lie on them: edge -> the edges (k, 2) in its place."""
    rows = np.flatnonzero(loose)
    points = np.unique(lines.ends[loose])
    tree = STRtree(lines.edges()[rows])
    point, edge = tree.query(_spots(lines.xy[points]), predicate="dwithin", distance=TOUCH)
    through: dict[int, list[tuple[float, int]]] = {}
    for row, place in zip(rows[edge].tolist(), points[point].tolist(), strict=True):
        low, high = lines.xy[lines.ends[row]]
        along = ((lines.xy[place] - low) * (high - low).conjugate()).real / abs(high - low) ** 2
        new = target[place] not in target[lines.ends[row]]
        if new and 0 < along < 1 and lines.cells_of_point[place].isdisjoint(lines.cells_of_edge[row]):
            through.setdefault(row, []).append((along, int(target[place])))
    return {row: _path(target[lines.ends[row]], sorted(some)) for row, some in through.items()}


def _path(ends: Ids, through: list[tuple[float, int]]) -> Ids:
    points = [int(ends[0]), *(point for _, point in through), int(ends[1])]
    return np.array(list(pairwise(points)), dtype=np.int64)


def _owners(item: Ids, cell: Ids, count: int) -> list[set[int]]:
    owners: list[set[int]] = [set() for _ in range(count)]
    for place, one in zip(item.tolist(), cell.tolist(), strict=True):
        owners[place].add(one)
    return owners


def _complex(xy: Floats) -> _Points:
    return np.asarray(xy[:, 0] + 1j * xy[:, 1], dtype=np.complex128)


def _spots(points: _Points) -> Geometries:
    return np.asarray(shapely.points(points.real, points.imag), dtype=np.object_)


def _lines(ends: _Points) -> Geometries:
    both = ends.reshape(-1, 2)
    return np.asarray(shapely.linestrings(np.stack([both.real, both.imag], axis=2)), dtype=np.object_)

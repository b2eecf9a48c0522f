"""What is wrong with a set of cells that should tile their ground, each fault with its place and size.

Overlaps are pairs of cells whose interiors meet; gaps are holes of the union of all cells. A T-junction is a
vertex of one cell that its neighbour's border lacks: harmless to ownership, but a later move of that vertex
would tear the tiling. Faults narrower than `SLIVER_M` that come from such unequal vertices (what rounding to
the lattice leaves of them) are told as T-junctions, not as overlaps or gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import GeometryType, STRtree
from shapely.geometry.base import BaseGeometry

from gis.crs import LATTICE
from gis.edges import Floats, Geometries
from gis.metric import area_and_width, to_metric
from gis.shapes import as_multipolygons, place_of_fault

SLIVER_M = 0.01
_TOUCH_DEG = 2 * LATTICE
_NESTING_NOISE_M = 0.001
_Kind = Literal["overlap", "gap", "hole", "t_junction", "invalid"]
_Rows = tuple[int, ...]
_Faults = Sequence[tuple[_Rows, BaseGeometry]]


@dataclass(frozen=True)
class Problem:
    """One fault of a tiling.

    Attributes:
        kind: "overlap"; "gap" (ground of nobody between cells); "hole" (ground of nobody inside one cell, for
            information); "t_junction"; "invalid" (the cell itself; it is left out of the other checks).
        where: The place in EPSG:4326: polygons, or points for "t_junction" and "invalid".
        area_m2: Its area in the metric CRS; 0 for points.
        width_m: Its mean width, twice the area by the perimeter; 0 for points.
        labels: Labels of the cells concerned.
    """

    kind: _Kind
    where: BaseGeometry
    area_m2: float
    width_m: float
    labels: tuple[Any, ...]


@dataclass(frozen=True)
class Excess:
    """A parent which is not the union of its children.

    Attributes:
        parent: Index of the parent.
        where: The ground in question in EPSG:4326.
        uncovered_m2: Ground of the parent that no child has.
        outside_m2: Ground of its children that the parent does not have.
        ratio_m: Both together by the length of the parent's border: the mean distance of the two outlines.
    """

    parent: int
    where: BaseGeometry
    uncovered_m2: float
    outside_m2: float
    ratio_m: float

    @property
    def detail(self) -> str:
        """One plain English sentence."""
        return (
            f"{self.uncovered_m2:.1f} m² of it are in no part and {self.outside_m2:.1f} m² of its parts lie "
            f"outside it, {self.ratio_m:.3f} m along its border."
        )


def problems(cells: ArrayLike, *, metric_srid: int, labels: Sequence[Any]) -> list[Problem]:
    """List the faults of a tiling, kind by kind, each kind by falling area.

    Args:
        cells: Polygons (n,) of EPSG:4326 on the lattice, none missing.
        metric_srid: EPSG code of the metric CRS for areas and widths.
        labels: What to call each cell (n,).

    >>> tiles = shapely.box([0, 1, 0], [0, 0, 1], [1, 2, 2], [1, 1, 2])
    >>> [(one.kind, one.labels, one.where.wkt) for one in problems(tiles, metric_srid=32631, labels="abc")]
    [('t_junction', ('a', 'c'), 'MULTIPOINT ((1 1))'), ('t_junction', ('b', 'c'), 'MULTIPOINT ((1 1))')]
    >>> problems(tiles[:2], metric_srid=32631, labels="ab")
    []
    """
    all_cells = np.asarray(cells, dtype=np.object_)
    valid = shapely.is_valid(all_cells)
    rows, good = np.flatnonzero(valid), all_cells[valid]
    unequal = shapely.coverage_invalid_edges(good, gap_width=_TOUCH_DEG)
    suspects = np.union1d(np.flatnonzero(~shapely.is_empty(unequal)), enclosed(good))
    broken = [((int(row),), place_of_fault(all_cells[row])) for row in np.flatnonzero(~valid)]
    junctions = _renumbered(_junctions(unequal, suspects), rows)
    overlaps = _renumbered(_overlaps(good, suspects), rows)
    voids = _renumbered(_voids(good, suspects), rows)
    uneven = {pair for pair, _ in junctions}
    overlaps = _without_slivers(overlaps, uneven, srid=metric_srid)
    gaps = _without_slivers([void for void in voids if len(void[0]) > 1], uneven, srid=metric_srid)
    overlapping = {pair for pair, _ in overlaps}
    faults: dict[_Kind, _Faults] = {
        "invalid": broken,
        "overlap": overlaps,
        "gap": gaps,
        "t_junction": [junction for junction in junctions if junction[0] not in overlapping],
        "hole": [void for void in voids if len(void[0]) == 1],
    }
    return [one for kind, some in faults.items() for one in _told(kind, some, labels, srid=metric_srid)]


def nesting(children: ArrayLike, parent_of: ArrayLike, parents: ArrayLike, *, metric_srid: int) -> list[Excess]:
    """Compare each parent with the union of its children.

    A parent nests when the symmetric difference divided by the length of its border is below 0.1 m. Every parent
    whose outline differs by a millimetre or more is listed; a parent without children is not judged.

    Args:
        children: Polygons (n,) of EPSG:4326.
        parent_of: Index of each child's parent (n,).
        parents: Polygons (m,) of EPSG:4326.
        metric_srid: EPSG code of the metric CRS.

    >>> halves = shapely.box([0, 1], 0, [1, 2], 1)
    >>> nesting(halves, [0, 0], [shapely.box(0, 0, 2, 1)], metric_srid=32631)
    []
    >>> [(one.parent, one.uncovered_m2 > 1e9) for one in nesting(halves[:1], [0], [shapely.box(0, 0, 2, 1)], \
    metric_srid=32631)]
    [(0, True)]
    """
    parts, owner = np.asarray(children, dtype=np.object_), np.asarray(parent_of, dtype=np.int64)
    wholes = np.asarray(parents, dtype=np.object_)
    judged = np.unique(owner)
    unions = _unions(parts, owner)
    uncovered = shapely.difference(wholes[judged], unions)
    outside = shapely.difference(unions, wholes[judged])
    uncovered_m2 = shapely.area(to_metric(uncovered, srid=metric_srid))
    outside_m2 = shapely.area(to_metric(outside, srid=metric_srid))
    ratio_m = (uncovered_m2 + outside_m2) / shapely.length(to_metric(wholes[judged], srid=metric_srid))
    return [
        Excess(
            int(judged[row]),
            shapely.union(uncovered[row], outside[row]),
            float(uncovered_m2[row]),
            float(outside_m2[row]),
            float(ratio_m[row]),
        )
        for row in np.flatnonzero(ratio_m >= _NESTING_NOISE_M)
    ]


def parents_by_union(cells: ArrayLike, parent_codes: Sequence[str]) -> dict[str, BaseGeometry]:
    """Make parents of cells: code -> multipolygon on the lattice, in order of codes.

    Args:
        cells: Polygons (n,) of EPSG:4326 on the lattice.
        parent_codes: Parent of each cell (n,).

    >>> made = parents_by_union(shapely.box([0, 1, 5], 0, [1, 2, 6], 1), ["x", "x", "y"])
    >>> {code: (parent.geom_type, parent.area) for code, parent in made.items()}
    {'x': ('MultiPolygon', 2.0), 'y': ('MultiPolygon', 1.0)}
    """
    codes, group = np.unique(np.asarray(parent_codes, dtype=np.str_), return_inverse=True)
    unions = shapely.orient_polygons(as_multipolygons(_unions(np.asarray(cells, dtype=np.object_), group)))
    return {str(code): union for code, union in zip(codes, unions, strict=True)}


def enclosed(cells: Geometries) -> NDArray[np.int64]:
    """Cells of which a part lies inside another cell, and those others; a coverage check of edges misses them.

    >>> enclosed(shapely.box([0, 1, 5], [0, 1, 5], [3, 2, 6], [3, 2, 6])).tolist()
    [0, 1]
    """
    parts, cell_of = shapely.get_parts(cells, return_index=True)
    inner, outer = STRtree(cells).query(shapely.point_on_surface(parts), predicate="within")
    inside = cell_of[inner] != outer
    return np.union1d(cell_of[inner[inside]], outer[inside]).astype(np.int64)


def overlapping(cells: ArrayLike) -> NDArray[np.int64]:
    """Pairs (m, 2) of cells whose interiors meet, the lower index first.

    >>> overlapping(shapely.box([0, 1, 1.5], 0, [1, 2, 3], 1)).tolist()
    [[1, 2]]
    >>> overlapping([]).shape
    (0, 2)
    """
    all_cells = np.asarray(cells, dtype=np.object_)
    unequal = shapely.coverage_invalid_edges(all_cells)
    suspects = np.union1d(np.flatnonzero(~shapely.is_empty(unequal)), enclosed(all_cells))
    return _meeting(all_cells, suspects)


def _unions(cells: Geometries, group: NDArray[np.int64]) -> Geometries:
    """The union of the cells of each group, in order of groups; vertices stay on the lattice."""
    order = np.argsort(group, kind="stable")
    parts = np.split(cells[order], np.flatnonzero(np.diff(group[order])) + 1)
    unions = np.empty(len(parts), dtype=np.object_)
    for place, part in enumerate(parts):
        tiled = shapely.coverage_is_valid(part)
        unions[place] = shapely.coverage_union_all(part) if tiled else shapely.union_all(part, grid_size=LATTICE)
    return unions


def _junctions(unequal: Geometries, suspects: NDArray[np.int64]) -> _Faults:
    """Per pair of cells, the vertices of one that lie on an edge of the other which lacks them."""
    lines, line_of = shapely.get_parts(unequal[suspects], return_index=True)
    xy, at = shapely.get_coordinates(lines, return_index=True)
    start = np.flatnonzero(at[1:] == at[:-1])
    edges = shapely.linestrings(np.stack([xy[start], xy[start + 1]], axis=1))
    edge_of, vertex_of = suspects[line_of[at[start]]], suspects[line_of[at]]
    vertex, edge = STRtree(edges).query(shapely.points(xy), predicate="dwithin", distance=_TOUCH_DEG)
    ends = (xy[vertex] == xy[start[edge]]).all(axis=1) | (xy[vertex] == xy[start[edge] + 1]).all(axis=1)
    lacking = ~ends & (vertex_of[vertex] != edge_of[edge])
    vertex, edge = vertex[lacking], edge[lacking]
    places: dict[_Rows, set[tuple[float, float]]] = {}
    for one, other, (x, y) in zip(vertex_of[vertex].tolist(), edge_of[edge].tolist(), xy[vertex].tolist(), strict=True):
        places.setdefault((min(one, other), max(one, other)), set()).add((x, y))
    return [(pair, shapely.MultiPoint(sorted(points))) for pair, points in sorted(places.items())]


def _overlaps(cells: Geometries, suspects: NDArray[np.int64]) -> _Faults:
    pairs = _meeting(cells, suspects)
    common = _polygons_of(shapely.intersection(cells[pairs[:, 0]], cells[pairs[:, 1]]))
    return [
        ((one, other), place) for (one, other), place in zip(pairs.tolist(), common, strict=True) if not place.is_empty
    ]


def _meeting(cells: Geometries, suspects: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs (m, 2) of suspects whose interiors meet."""
    some = cells[suspects]
    first, second = STRtree(some).query(some, predicate="intersects")
    first, second = first[first < second], second[first < second]
    meet = shapely.relate_pattern(some[first], some[second], "T********")
    return np.column_stack([suspects[first[meet]], suspects[second[meet]]]).astype(np.int64).reshape(-1, 2)


def _voids(cells: Geometries, suspects: NDArray[np.int64]) -> _Faults:
    """Holes of the union of all cells, each with the cells along its border."""
    clean = np.delete(cells, suspects)
    blocks = shapely.get_parts(shapely.union_all(np.append(cells[suspects], shapely.coverage_union_all(clean))))
    rings, block_of = shapely.get_rings(blocks, return_index=True)
    voids = shapely.polygons(rings[np.diff(block_of, prepend=-1) == 0])
    holder, island = STRtree(blocks).query(voids, predicate="contains")
    for void in np.unique(holder):
        voids[void] = shapely.difference(voids[void], shapely.union_all(blocks[island[holder == void]]))
    void_of, cell = STRtree(cells).query(voids, predicate="dwithin", distance=LATTICE / 2)
    return [(_beside(void, cell[void_of == place], cells), void) for place, void in enumerate(voids)]


def _beside(void: BaseGeometry, candidates: NDArray[np.int64], cells: Geometries) -> _Rows:
    """The cells that share the border of a void; those that only touch it count where rounding hides the rest."""
    shared = shapely.length(shapely.intersection(cells[candidates], void.boundary))
    complete = shared.sum() >= void.length * (1 - 1e-6)
    return tuple(np.sort(candidates[shared > 0] if complete else candidates).tolist())


def _polygons_of(geoms: Geometries) -> Geometries:
    """The polygonal part of each geometry, an empty polygon where there is none."""
    parts, row = shapely.get_parts(geoms, return_index=True)
    flat = shapely.get_type_id(parts) == GeometryType.POLYGON
    polygons = np.full(len(geoms), shapely.Polygon(), dtype=np.object_)
    rows = np.unique(row[flat])
    polygons[rows] = shapely.multipolygons(parts[flat], indices=np.searchsorted(rows, row[flat]))
    return polygons


def _renumbered(faults: _Faults, rows: NDArray[np.int64]) -> _Faults:
    return [(tuple(rows[list(of)].tolist()), where) for of, where in faults]


def _without_slivers(faults: _Faults, uneven: set[_Rows], *, srid: int) -> _Faults:
    """Leave out what is narrower than a sliver and lies between cells whose vertices are told as unequal."""
    _, width_m = _measured(faults, srid=srid)
    return [
        fault
        for fault, width in zip(faults, width_m, strict=True)
        if width >= SLIVER_M or not any(pair in uneven for pair in combinations(fault[0], 2))
    ]


def _told(kind: _Kind, faults: _Faults, labels: Sequence[Any], *, srid: int) -> list[Problem]:
    sizes = zip(*_measured(faults, srid=srid), strict=True)
    told = [
        Problem(kind, where, float(area), float(width), tuple(labels[row] for row in rows))
        for (rows, where), (area, width) in zip(faults, sizes, strict=True)
    ]
    return sorted(told, key=lambda one: -one.area_m2)


def _measured(faults: _Faults, *, srid: int) -> tuple[Floats, Floats]:
    """Area in square metres and mean width in metres of each fault."""
    places = np.empty(len(faults), dtype=np.object_)
    places[:] = [where for _, where in faults]
    return area_and_width(places, srid=srid)

"""Cells that nearly tile -> cells that tile: overlaps, narrow gaps and T-junctions closed, all else left as it was.

The borders near a fault are joined on the lattice (`gis.linework`), which cuts the ground into faces. A face that one
cell claims is that cell's. One that several claim, or that nobody claims and that is narrow, goes to one of the cells
beside it; each cell is then put together from its faces again, so neighbours have the same vertices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from gis.crs import LATTICE
from gis.edges import Floats, Geometries
from gis.errors import BadInput
from gis.linework import TOUCH, Ids, borders_between, faces_of, joined, linework, straightened, to_degrees, to_units
from gis.metric import area_and_width, area_m2, to_metric
from gis.shapes import as_multipolygons
from gis.topology import Problem, problems

GAP_LIMIT_M = 1.0
_ROUNDS = 4
# A cell that others claim to more than this share is left its ground: it lies inside another, or is there twice.
_MOSTLY = 0.5
_Claims = dict[int, tuple[int, ...]]


@dataclass(frozen=True)
class Repaired:
    """What a repair made of cells.

    Attributes:
        cells: The cells (n,); one that nothing happened to is the object that came in.
        moved_m2: Ground (n,) that each cell gained or lost, in square metres.
        closed: The faults that are gone.
        kept: The faults that are still there: wide gaps, holes, and what cannot be closed without taking a cell's
            ground.
    """

    cells: Geometries
    moved_m2: Floats
    closed: list[Problem]
    kept: list[Problem]


def repair(cells: ArrayLike, *, metric_srid: int, labels: Sequence[Any], gap_limit_m: float = GAP_LIMIT_M) -> Repaired:
    """Close overlaps, narrow gaps and T-junctions, and move nothing else.

    Overlapped ground goes to the claimant with the longer border along it, a gap to the cell with the longest; equal
    ones to the lower index. A cell of which others claim more than half keeps its ground, so no cell is lost. Ground
    of nobody inside one cell is that cell's own affair and stays.

    Args:
        cells: Valid polygons (n,) of EPSG:4326 on the lattice, none missing.
        metric_srid: EPSG code of the metric CRS for widths and areas.
        labels: What to call each cell (n,).
        gap_limit_m: Mean width (twice the area by the perimeter) up to which a gap is closed.

    Raises:
        BadInput: `bad_distance`.

    >>> step = 2.0**-20
    >>> two = shapely.box([0, 10 * step], 0, [11 * step, 20 * step], 20 * step)
    >>> done = repair(two, metric_srid=32631, labels="ab")
    >>> [one.kind for one in done.closed], done.kept, bool(shapely.coverage_is_valid(done.cells))
    (['overlap'], [], True)
    >>> [round(area / step**2) for area in shapely.area(done.cells)]
    [220, 180]
    """
    if not 0 <= gap_limit_m < math.inf:
        limit = "The limit of gaps is a distance in metres, 0 or more."
        raise BadInput("bad_distance", limit, field="gap_limit_m", value=gap_limit_m)
    ground: Geometries = np.array(cells, dtype=np.object_)
    before = found = problems(ground, metric_srid=metric_srid, labels=range(len(ground)))
    now = ground
    for turn in range(_ROUNDS):
        places = _places(now, [one for one in found if _to_close(one, gap_limit_m)])
        if not len(places):
            break
        # An edge is bent towards a vertex beside it only where that vertex is still at odds after everything else.
        changed = _closed(now, places, srid=metric_srid, gap_limit_m=gap_limit_m, lead=turn > 0)
        if not changed:
            break
        now = now.copy()
        now[list(changed)] = list(changed.values())
        found = problems(now, metric_srid=metric_srid, labels=range(len(now)))
    moved_m2 = np.zeros(len(ground))
    rows = np.flatnonzero([one is not other for one, other in zip(now, ground, strict=True)])
    moved_m2[rows] = area_m2(shapely.symmetric_difference(ground[rows], now[rows]), srid=metric_srid)
    gone = [one for one in before if not any(_same(one, other) for other in found)]
    return Repaired(now, moved_m2, _named(gone, labels), _named(found, labels))


def _to_close(problem: Problem, gap_limit_m: float) -> bool:
    return problem.kind in ("overlap", "t_junction") or (problem.kind == "gap" and problem.width_m <= gap_limit_m)


def _same(one: Problem, other: Problem) -> bool:
    alike = one.kind == other.kind and not set(one.labels).isdisjoint(other.labels)
    return alike and bool(shapely.dwithin(one.where, other.where, TOUCH * LATTICE))


def _named(found: list[Problem], labels: Sequence[Any]) -> list[Problem]:
    return [
        Problem(one.kind, one.where, one.area_m2, one.width_m, tuple(labels[row] for row in one.labels))
        for one in found
    ]


def _places(cells: Geometries, faults: list[Problem]) -> Geometries:
    """Edges that no neighbour matches, then the ground of faults; nothing where there is no fault."""
    if not faults:
        return np.array([], dtype=np.object_)
    unequal = shapely.coverage_invalid_edges(cells, gap_width=TOUCH * LATTICE)
    return np.array([*unequal[~shapely.is_empty(unequal)], *(one.where for one in faults)], dtype=np.object_)


def _closed(
    cells: Geometries, places: Geometries, *, srid: int, gap_limit_m: float, lead: bool
) -> dict[int, BaseGeometry]:
    """The cells that change, by index."""
    concerned = np.unique(STRtree(cells).query(places, predicate="dwithin", distance=TOUCH * LATTICE)[1])
    origin = np.rint(shapely.total_bounds(cells[concerned])[:2] / LATTICE)
    all_units = to_units(cells, origin)
    units = all_units[concerned]
    lines = linework(units)
    edges = lines.edges()
    where = to_units(places, origin)
    near = np.zeros(len(edges), dtype=np.bool_)
    near[STRtree(edges).query(where, predicate="dwithin", distance=TOUCH)[1]] = True
    loose = np.zeros(len(edges), dtype=np.bool_)
    flat = where[shapely.get_dimensions(where) == 1]
    loose[STRtree(edges).query(flat, predicate="covers")[1]] = True
    faces = faces_of(joined(lines, loose, near, lead=lead))
    owners = _owners(faces, all_units, concerned, srid=srid, gap_limit_m=gap_limit_m, origin=origin)
    faces_of_cell: dict[int, list[int]] = {}
    for face, some in owners.items():
        for cell in some:
            faces_of_cell.setdefault(cell, []).append(face)
    rows = sorted(faces_of_cell)
    made = np.array([shapely.coverage_union_all(faces[faces_of_cell[row]]) for row in rows], dtype=np.object_)
    made = straightened(made, lines)
    new = [place for place, row in enumerate(rows) if not _same_edges(made[place], all_units[row])]
    whole = shapely.orient_polygons(as_multipolygons(made[new]))
    return {rows[place]: shape for place, shape in zip(new, to_degrees(whole, origin), strict=True)}


def _same_edges(one: BaseGeometry, other: BaseGeometry) -> bool:
    first, second = (np.array([shape], dtype=np.object_) for shape in (one, other))
    a, b = linework(first), linework(second)
    return a.ends.shape == b.ends.shape and bool((a.xy[a.ends] == b.xy[b.ends]).all())


def _owners(
    faces: Geometries, cells: Geometries, concerned: Ids, *, origin: Floats, srid: int, gap_limit_m: float
) -> _Claims:
    """The cells of each face that is theirs; more than one where an overlap has to stay."""
    claims = _claims(faces, cells)
    # A face may also be the ground of cells that the linework only surrounds; those are not touched.
    known = set(concerned.tolist())
    ours = {face: by for face, by in claims.items() if known.issuperset(by)}
    owners: _Claims = {face: by for face, by in ours.items() if len(by) == 1}
    own = np.zeros(len(cells))
    for face, by in owners.items():
        own[by[0]] += faces[face].area
    mostly = set(np.flatnonzero(own < (1 - _MOSTLY) * shapely.area(cells)).tolist())
    shared: dict[int, tuple[int, ...]] = {}
    for face, by in ours.items():
        first = tuple(cell for cell in by if cell in mostly)
        if len(by) > 1:
            (owners if first else shared)[face] = first or by
    free = np.setdiff1d(np.arange(len(faces)), list(claims))
    _, width_m = area_and_width(to_degrees(faces[free], origin), srid=srid)
    free = _of_nobody(faces, free[width_m <= gap_limit_m], np.delete(cells, concerned))
    along = _borders(faces, np.union1d(free, list(shared)), origin=origin, srid=srid)
    _deal(shared, owners, along)
    everyone: dict[int, tuple[int, ...]] = {}
    for face in free.tolist():
        beside = tuple(sorted({cell for other, _ in along.get(face, []) for cell in claims.get(other, ())}))
        # Ground of nobody beside one cell alone is a hole in that cell.
        if len(beside) > 1:
            everyone[face] = beside
    _deal(everyone, owners, along)
    return owners


def _claims(faces: Geometries, cells: Geometries) -> _Claims:
    """Face -> the cells that cover it, where there are any."""
    face, cell = STRtree(cells).query(shapely.point_on_surface(faces), predicate="intersects")
    claims: dict[int, tuple[int, ...]] = {}
    for one, by in sorted(zip(face.tolist(), cell.tolist(), strict=True)):
        claims[one] = (*claims.get(one, ()), by)
    return claims


def _of_nobody(faces: Geometries, free: Ids, others: Geometries) -> Ids:
    """Faces in which no part of a cell lies that has no share in the linework."""
    face, other = STRtree(others).query(faces[free], predicate="intersects")
    meet = shapely.relate_pattern(faces[free[face]], others[other], "T********")
    return np.asarray(np.delete(free, np.unique(face[meet])), dtype=np.int64)


def _borders(faces: Geometries, some: Ids, *, origin: Floats, srid: int) -> dict[int, list[tuple[int, float]]]:
    """Some faces -> each face beside them and the length in metres of a common edge."""
    pairs, edges = borders_between(faces)
    wanted = np.isin(pairs, some)
    either = np.flatnonzero(wanted.any(axis=1))
    length_m = shapely.length(to_metric(to_degrees(edges[either], origin), srid=srid))
    along: dict[int, list[tuple[int, float]]] = {}
    for (a, b), metres in zip(pairs[either].tolist(), length_m.tolist(), strict=True):
        along.setdefault(a, []).append((b, metres))
        along.setdefault(b, []).append((a, metres))
    return along


def _deal(waiting: _Claims, owners: _Claims, along: dict[int, list[tuple[int, float]]]) -> None:
    """Give each waiting face to the claimant with the longest border along it, to the millimetre."""
    while waiting:
        chosen: _Claims = {}
        for face, may in waiting.items():
            border_m = dict.fromkeys(may, 0.0)
            for other, metres in along.get(face, []):
                for cell in owners.get(other, ()):
                    if cell in border_m:
                        border_m[cell] += metres
            if any(border_m.values()):
                chosen[face] = (min(may, key=lambda cell: (-round(border_m[cell], 3), cell)),)
        # Faces among nothing but faces that wait themselves.
        chosen = chosen or {face: may[:1] for face, may in waiting.items()}
        owners |= chosen
        waiting = {face: may for face, may in waiting.items() if face not in chosen}

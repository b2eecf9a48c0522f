"""Any shape in -> a valid 2-D shape of EPSG:4326 on the lattice, or a named problem with its row and place.

Nothing raises for a batch: a row that cannot be used becomes None and gets a `ShapeNote`; a row that was
changed on the way gets one too. Each coordinate is rounded by itself, so neighbours that shared a border before
share it after.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS
from shapely import GeometryType, Point
from shapely.geometry.base import BaseGeometry

from gis.crs import LATTICE, STORED_SRID, to_lattice, transformer
from gis.declarations import refuse_unsuitable
from gis.edges import Counts, Floats, Geometries, split_edges

MAX_VERTICES = 1_000_000
"""The most vertices one shape may have."""

NOTES = {
    "shape_missing": "There is no shape.",
    "shape_wrong_type": "The shape is of another type than this layer takes.",
    "shape_not_finite": "The shape has a coordinate that is not a number.",
    "shape_out_of_range": "The shape has coordinates that are not degrees; declare the CRS they are in.",
    "shape_too_large": "The shape has more vertices than one shape may have; split or simplify it.",
    "shape_collapsed": "Nothing is left of the shape at the stored precision of 7 mm.",
    "shape_ambiguous": "The outline crosses or covers itself, so its inside depends on the reading; redraw it.",
    "shape_unstable": "The outline crosses itself and stays crossed on the stored lattice; redraw it.",
    "shape_repaired": "The outline touched itself and was made valid; no ground was gained or lost.",
    "shape_merged": "Several rows of one code became one shape.",
    "shape_parts_overlap": "Rows of one code overlap; give each its own code or remove one.",
    "shape_part_refused": "Another row of the same code was refused, so the shape would be incomplete.",
}
"""Code of a note -> plain sentence."""

_BEND_M = 0.003
_METRES_PER_DEGREE = 111_320.0
_REPAIR_ROUNDS = 6
_POLYGONAL = (GeometryType.POLYGON, GeometryType.MULTIPOLYGON)
_LINEAR = (GeometryType.LINESTRING, GeometryType.MULTILINESTRING)


@dataclass(frozen=True)
class ShapeNote:
    """What happened to one row.

    Attributes:
        row: 0-based index into the array that came in.
        code: A key of `NOTES`.
        refused: True if the row is None now, False if it was changed and kept.
        where: The place in EPSG:4326, None where there is none.
        values: Further facts (counts, types), JSON-serialisable.
    """

    row: int
    code: str
    refused: bool
    where: BaseGeometry | None = None
    values: dict[str, int | str] = field(default_factory=dict)

    @property
    def detail(self) -> str:
        """One plain English sentence."""
        return NOTES[self.code]


def densify(geoms: ArrayLike, *, source_crs: int | str | CRS) -> Geometries:
    """Bring shapes to EPSG:4326; edges straight in the source stay within 1 cm of the straight edges there.

    The 1 cm includes the later rounding to the lattice. What is inserted depends on an edge's two ends alone, so
    both sides of a shared edge get the same vertices. EPSG:4326 passes through; Z and M are dropped; points and
    collections are transformed as they are.

    Args:
        geoms: Shapes (n,) in the source CRS; None passes through.
        source_crs: EPSG code or anything PROJ understands.

    Raises:
        BadInput: `legacy_datum`, `unsuitable_crs`.

    >>> long = shapely.from_wkt(["LINESTRING (400000 3800000, 410000 3800000)", None])
    >>> shapely.get_num_coordinates(densify(long, source_crs=4547)).tolist()
    [23, 0]
    """
    crs = CRS.from_user_input(source_crs)
    refuse_unsuitable(crs, name=crs.name)
    flat = np.asarray(shapely.force_2d(geoms), dtype=np.object_)
    if crs.equals(CRS.from_epsg(STORED_SRID), ignore_axis_order=True):
        return flat
    way = transformer(crs.to_wkt(), STORED_SRID)

    def to_degrees(xy: Floats) -> Floats:
        return np.column_stack(way.transform(xy[:, 0], xy[:, 1]))

    def pieces(low: Floats, high: Floats) -> Counts:
        low_deg, high_deg = to_degrees(low), to_degrees(high)
        bends_m = [_aside_m(to_degrees(low + (high - low) * share), low_deg, high_deg) for share in (0.25, 0.5, 0.75)]
        bend_m = np.nan_to_num(np.maximum.reduce(bends_m), posinf=0.0)
        return np.asarray(np.maximum(np.ceil(np.sqrt(bend_m / _BEND_M)), 1), dtype=np.int64)

    return np.asarray(shapely.transform(split_edges(flat, pieces=pieces), to_degrees), dtype=np.object_)


def to_cells(geoms: ArrayLike, *, max_vertices: int = MAX_VERTICES) -> tuple[Geometries, list[ShapeNote]]:
    """Make grid cells: valid 2-D multipolygons on the lattice, outer rings counter-clockwise.

    A shape that is invalid once rounded is made valid if that changes no area beyond rounding and both usual
    readings of its outline agree; otherwise it is refused with the place.

    Args:
        geoms: Shapes (n,) in EPSG:4326.
        max_vertices: The most one shape may have.

    Returns:
        Multipolygons (n,), None where refused, and the notes in order of rows.

    >>> shapes, notes = to_cells([shapely.box(0, 0, 1, 1), None, shapely.Point(1, 1)])
    >>> shapes[0].wkt, [(note.row, note.code) for note in notes]
    ('MULTIPOLYGON (((1 0, 1 1, 0 1, 0 0, 1 0)))', [(1, 'shape_missing'), (2, 'shape_wrong_type')])
    >>> bow_tie = shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")
    >>> [(note.code, note.where.wkt) for note in to_cells([bow_tie])[1]]
    [('shape_ambiguous', 'POINT (1 1)')]
    """
    shapes, notes = _screened(geoms, types=_POLYGONAL, max_vertices=max_vertices)
    for row in np.flatnonzero(~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)):
        where = place_of_fault(shapes[row])
        shapes[row], code = _repaired(shapes[row])
        notes.append(ShapeNote(int(row), code, refused=shapes[row] is None, where=where))
    kept = ~shapely.is_missing(shapes)
    tidy = shapely.remove_repeated_points(shapes[kept], 0)
    shapes[kept] = shapely.orient_polygons(as_multipolygons(tidy), exterior_cw=False)
    return shapes, sorted(notes, key=lambda note: note.row)


def to_lines(geoms: ArrayLike, *, max_vertices: int = MAX_VERTICES) -> tuple[Geometries, list[ShapeNote]]:
    """Make streets: 2-D multilinestrings on the lattice; arguments and result as in `to_cells`.

    >>> shapes, notes = to_lines([shapely.LineString([(0, 0), (0, 0), (1, 1)]), shapely.Point(0, 0)])
    >>> shapes[0].wkt, [note.code for note in notes]
    ('MULTILINESTRING ((0 0, 1 1))', ['shape_wrong_type'])
    """
    shapes, notes = _screened(geoms, types=_LINEAR, max_vertices=max_vertices)
    for row in np.flatnonzero(shapely.length(shapes) == 0):
        shapes[row] = None
        notes.append(ShapeNote(int(row), "shape_collapsed", refused=True))
    kept = np.flatnonzero(~shapely.is_missing(shapes))
    lines, part_of = shapely.get_parts(shapes[kept], return_index=True)
    long = shapely.length(lines) > 0
    tidy = shapely.remove_repeated_points(lines[long], 0)
    shapes[kept] = shapely.multilinestrings(tidy, indices=part_of[long])
    return shapes, sorted(notes, key=lambda note: note.row)


def to_points(geoms: ArrayLike) -> tuple[Geometries, list[ShapeNote]]:
    """Make positions: 2-D points on the lattice; arguments and result as in `to_cells`.

    >>> to_points([shapely.Point(1, 2, 3), shapely.Point(200, 0)])[0].tolist()
    [<POINT (1 2)>, None]
    """
    return _screened(geoms, types=(GeometryType.POINT,), max_vertices=1)


def merge_code_parts(codes: Sequence[str], geoms: Geometries) -> tuple[NDArray[np.int64], Geometries, list[ShapeNote]]:
    """Make one shape of the rows of each code when they do not overlap beyond rounding, else refuse the code.

    Args:
        codes: Code of each row (n,).
        geoms: Result of `to_cells` (n,).

    Returns:
        First row of each code, in order of appearance; the shape of each code, None where refused; notes, whose
        row is that first row.

    >>> cells, _ = to_cells([shapely.box(0, 0, 1, 1), shapely.box(5, 0, 6, 1), shapely.box(1, 0, 2, 1)])
    >>> first, shapes, notes = merge_code_parts(["a", "b", "a"], cells)
    >>> first.tolist(), shapely.area(shapes).tolist(), [(note.code, note.values["rows"]) for note in notes]
    ([0, 1], [2.0, 1.0], [('shape_merged', 2)])
    """
    rows_of: dict[str, list[int]] = {}
    for row, code in enumerate(codes):
        rows_of.setdefault(code, []).append(row)
    notes: list[ShapeNote] = []
    shapes = np.empty(len(rows_of), dtype=np.object_)
    for place, (code, rows) in enumerate(rows_of.items()):
        shapes[place] = geoms[rows[0]]
        if len(rows) > 1:
            shapes[place], outcome, where = _merged(geoms[rows])
            facts: dict[str, int | str] = {"code": code, "rows": len(rows)}
            notes.append(ShapeNote(rows[0], outcome, refused=shapes[place] is None, where=where, values=facts))
    return np.array([rows[0] for rows in rows_of.values()], dtype=np.int64), shapes, notes


def as_multipolygons(polygons: ArrayLike) -> Geometries:
    """Polygons and multipolygons (n,), none empty, as multipolygons.

    >>> as_multipolygons([shapely.box(0, 0, 1, 1)])[0].geom_type
    'MultiPolygon'
    """
    parts, part_of = shapely.get_parts(np.asarray(polygons, dtype=np.object_), return_index=True)
    return np.asarray(shapely.multipolygons(parts, indices=part_of), dtype=np.object_)


def place_of_fault(shape: BaseGeometry) -> Point:
    """Where an invalid shape is broken.

    >>> place_of_fault(shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")).wkt
    'POINT (1 1)'
    """
    place = re.search(r"\[(\S+) (\S+)\]", str(shapely.is_valid_reason(shape)))
    return Point(float(place[1]), float(place[2])) if place else Point(shapely.get_coordinates(shape)[0])


def _aside_m(point: Floats, low: Floats, high: Floats) -> Floats:
    """Distance in metres of points from the straight lines low-high, all in degrees (m, 2)."""
    to_m = np.column_stack([np.cos(np.radians(low[:, 1])), np.ones(len(low))]) * _METRES_PER_DEGREE
    edge, offset = (high - low) * to_m, (point - low) * to_m
    cross = np.abs(edge[:, 0] * offset[:, 1] - edge[:, 1] * offset[:, 0])
    length = np.hypot(edge[:, 0], edge[:, 1])
    return np.asarray(np.divide(cross, length, out=np.zeros_like(cross), where=length > 0))


def _screened(geoms: ArrayLike, *, types: Sequence[int], max_vertices: int) -> tuple[Geometries, list[ShapeNote]]:
    """Two-dimensional copies on the lattice, None where a row is refused, and why."""
    shapes = np.array(geoms, dtype=np.object_)
    xy, row_of = shapely.get_coordinates(shapes, return_index=True)
    lost, beyond = np.zeros(len(shapes), dtype=np.bool_), np.zeros(len(shapes), dtype=np.bool_)
    lost[row_of[~np.isfinite(xy).all(axis=1)]] = True
    beyond[row_of[(np.abs(xy) > (180.0, 90.0)).any(axis=1)]] = True
    count = shapely.get_num_coordinates(shapes)
    reasons = {
        "shape_missing": shapely.is_missing(shapes) | shapely.is_empty(shapes),
        "shape_wrong_type": ~np.isin(shapely.get_type_id(shapes), types),
        "shape_too_large": count > max_vertices,
        "shape_not_finite": lost,
        "shape_out_of_range": beyond,
    }
    reason = np.select(list(reasons.values()), [np.str_(code) for code in reasons], np.str_(""))
    notes: list[ShapeNote] = []
    for row in np.flatnonzero(reason != ""):
        kind = "none" if shapes[row] is None else shapes[row].geom_type
        facts: dict[str, int | str] = {"type": kind, "vertices": int(count[row])}
        notes.append(ShapeNote(int(row), str(reason[row]), refused=True, values=facts))
        shapes[row] = None
    return np.asarray(shapely.transform(shapely.force_2d(shapes), to_lattice), dtype=np.object_), notes


def _repaired(shape: BaseGeometry) -> tuple[BaseGeometry | None, str]:
    """Make one polygon valid and put what that created on the lattice, until both hold."""
    for _ in range(_REPAIR_ROUNDS):
        fixed = shapely.make_valid(shape, method="structure", keep_collapsed=False)
        if fixed.is_empty:
            return None, "shape_collapsed"
        rounding = shape.length * LATTICE
        other_reading = _polygonal(shapely.make_valid(shape))
        if abs(fixed.area - shape.area) > rounding or fixed.symmetric_difference(other_reading).area > rounding:
            return None, "shape_ambiguous"
        shape = shapely.transform(fixed, to_lattice)
        if shape.is_valid:
            return shape, "shape_repaired"
    return None, "shape_unstable"


def _polygonal(shape: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.union_all(parts[shapely.get_type_id(parts) == GeometryType.POLYGON])


def _merged(parts: Geometries) -> tuple[BaseGeometry | None, str, BaseGeometry | None]:
    if shapely.is_missing(parts).any():
        return None, "shape_part_refused", None
    first, second = shapely.STRtree(parts).query(parts, predicate="intersects")
    common = shapely.intersection(parts[first], parts[second])
    overlap = (first < second) & (shapely.area(common) > shapely.length(common) * LATTICE)
    if overlap.any():
        return None, "shape_parts_overlap", common[overlap][0]
    together = shapely.multipolygons(shapely.get_parts(parts))
    if not together.is_valid:
        together = as_multipolygons([shapely.union_all(parts, grid_size=LATTICE)])[0]
    return shapely.orient_polygons(together, exterior_cw=False), "shape_merged", None

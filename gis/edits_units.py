"""What an edit is given, in lattice units, and its answer back in degrees; all of it by powers of two, so exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import LATTICE, on_lattice
from gis.edges import Floats
from gis.errors import BadInput
from gis.shapes import as_multipolygons, place_of_fault

AREAS = ("Polygon", "MultiPolygon")
LINES = ("LineString", "MultiLineString")

UNIT_M = LATTICE * 111_320.0
"""A lattice unit in metres, north-south; near enough to judge a width of a centimetre."""


def in_units(cells: Mapping[int, BaseGeometry]) -> dict[int, BaseGeometry]:
    """Grids in lattice units.

    Raises:
        BadInput: `off_lattice`.

    >>> in_units({7: shapely.box(0, 0, 2**-24, 2**-23)})[7].wkt
    'POLYGON ((1 0, 1 2, 0 2, 0 0, 1 0))'
    """
    ground = np.array(list(cells.values()), dtype=np.object_)
    xy = shapely.get_coordinates(ground)
    stray = ~on_lattice(xy).all(axis=1)
    if stray.any():
        place = shapely.Point(xy[stray][0])
        raise BadInput("off_lattice", "A vertex of a grid is not on the lattice of 2^-24 degree.", where=place)
    return dict(zip(cells, shapely.transform(ground, _divided), strict=True))


def in_degrees(shape: BaseGeometry) -> BaseGeometry:
    """A shape of lattice units in EPSG:4326.

    >>> in_degrees(shapely.Point(2**24, 0)).wkt
    'POINT (1 0)'
    """
    return shapely.transform(shape, lambda xy: xy * LATTICE)


def in_metres(xy: Floats) -> Floats:
    """Positions (n, 2) in lattice units as metres from the first of them, near enough to judge a width of a centimetre.

    >>> in_metres(np.array([[0.0, 0.0], [0.0, 1000.0]])).round(3).tolist()
    [[0.0, 0.0], [0.0, 6.635]]
    """
    if not len(xy):
        return xy
    return np.asarray((xy - xy[0]) * (np.cos(np.radians(xy[0, 1] * LATTICE)), 1.0) * UNIT_M)


def drawn_in_units(drawn: BaseGeometry, *, field: str, types: tuple[str, ...]) -> BaseGeometry:
    """What was drawn, in lattice units and not rounded yet.

    Args:
        drawn: A shape of EPSG:4326.
        field: What to call it in an error.
        types: Which types of geometry will do.

    Raises:
        BadInput: `bad_drawing`.

    >>> drawn_in_units(shapely.Point(2**-25, 0), field="at", types=("Point",)).wkt
    'POINT (0.5 0)'
    """
    xy = shapely.get_coordinates(drawn)
    if drawn.geom_type not in types or not len(xy) or not (np.abs(xy) <= (180.0, 90.0)).all():
        raise BadInput("bad_drawing", f"Draw a {types[0].lower()} in degrees.", field=field, value=drawn.geom_type)
    if not drawn.is_valid:
        where = place_of_fault(drawn)
        raise BadInput("bad_drawing", "What is drawn crosses itself or has no extent.", field=field, where=where)
    return shapely.transform(shapely.force_2d(drawn), _divided)


def area_in_units(area: BaseGeometry | Iterable[BaseGeometry]) -> BaseGeometry:
    """Drawn polygons as one, in lattice units.

    Args:
        area: One shape of EPSG:4326 or many.

    Raises:
        BadInput: `bad_drawing`.

    >>> area_in_units([shapely.box(0, 0, 2**-24, 1), shapely.box(2**-24, 0, 2**-23, 1)]).bounds
    (0.0, 0.0, 2.0, 16777216.0)
    """
    some = [area] if isinstance(area, BaseGeometry) else list(area)
    units = [drawn_in_units(one, field="area", types=AREAS) for one in some]
    whole = shapely.union_all(units, grid_size=1.0) if len(units) != 1 else units[0]
    if whole.area < 1:
        raise BadInput("bad_drawing", "What is drawn holds no ground.", field="area")
    return whole


def joined(polygons: Iterable[BaseGeometry]) -> BaseGeometry:
    """Polygons that tile their ground as one multipolygon; no vertex of the outline is lost or made.

    Raises:
        BadInput: `too_fine`.

    >>> joined(shapely.box([0, 1], 0, [1, 2], 1)).wkt
    'MULTIPOLYGON (((0 0, 1 0, 2 0, 2 1, 1 1, 0 1, 0 0)))'
    """
    parts = shapely.get_parts(np.array(list(polygons), dtype=np.object_))
    try:
        whole = shapely.coverage_union_all(parts)
    except shapely.GEOSException as fault:
        raise too_fine(shapely.union_all(parts).envelope) from fault
    return shapely.orient_polygons(as_multipolygons([whole])[0])


def require(cells: Mapping[int, BaseGeometry], *numbers: int, new: int | None = None) -> None:
    """Refuse numbers of grids that are not there, and one for a new grid that cannot be.

    Raises:
        BadInput: `grid_not_given`, `number_taken`.

    >>> require({7: shapely.box(0, 0, 1, 1)}, 7, new=8)
    """
    for number in numbers:
        if number not in cells:
            raise BadInput("grid_not_given", f"Grid {number} is not among the grids here.", field="grid", value=number)
    if new is not None and (new in cells or new <= 0):
        raise BadInput("number_taken", f"{new} cannot be the number of a new grid.", field="number", value=new)


def too_fine(place: BaseGeometry) -> BadInput:
    """The refusal of what the lattice cannot hold.

    >>> too_fine(shapely.Point(0, 0)).code
    'too_fine'
    """
    return BadInput(
        "too_fine",
        "Two borders are so close here that rounding to the lattice of 7 mm would join them; draw the line elsewhere.",
        where=in_degrees(place),
    )


def _divided(xy: Floats) -> Floats:
    return xy / LATTICE

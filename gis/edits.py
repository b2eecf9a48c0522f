"""Edits of grids that keep the tiling: what a planner draws in, the grids before and after it out.

Each takes grids as number -> polygons of EPSG:4326 on the lattice: those that the drawing touches and all their
neighbours, which tile their ground. Nothing else is looked at, so the size of the city does not matter. A new vertex
is rounded to the lattice once and put into every grid that has the border; what is not drawn stays as it is, bit for
bit. The result tiles its ground too, or the edit is refused with the place. docs/editing.md tells it in words.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from gis.edits_cut import NEAR, Cut, Node, sides, sides_of_line, undirected
from gis.edits_faces import Cells as Cells
from gis.edits_faces import Edited as Edited
from gis.edits_faces import Label, edited, redrawn, with_vertices
from gis.edits_units import LINES, area_in_units, drawn_in_units, in_degrees, in_units, joined, require
from gis.errors import BadInput

Place = tuple[float, float]


def split(cells: Cells, grid: int, line: BaseGeometry, number: int, *, larger: bool = False) -> Edited:
    """Cut a grid in two along a line; parts of it that the line does not reach stay with it.

    Args:
        cells: The grid and its neighbours.
        grid: Which one.
        line: Line of EPSG:4326 that goes from border to border or around a piece; its loose ends do not count.
        number: What the new grid is called.
        larger: Whether the larger piece becomes the new grid, and not the smaller one.

    Raises:
        BadInput: `line_does_not_cut`, and those of every edit.

    >>> done = split({7: shapely.box(0, 0, 2, 1)}, 7, shapely.LineString([(0.5, -1), (0.5, 2)]), 8)
    >>> done.numbers, [ground.area for ground in done.after]
    ((7, 8), [1.5, 0.5])
    """
    require(cells, grid, new=number)

    drawn = drawn_in_units(line, field="line", types=LINES)

    def label(made: Cut) -> list[int | None]:
        side = sides_of_line(drawn, made)
        areas = shapely.area(made.faces)
        left, right = (sum(areas[face] for face, one in side.items() if one is here) for here in (True, False))
        goes = bool(left > right) is larger
        return [number if side.get(face) is goes else owner for face, owner in enumerate(made.owners)]

    return redrawn(cells, [grid], drawn, label, nothing="line_does_not_cut")


def merge(cells: Cells, grids: Iterable[int], into: int) -> Edited:
    """Give the ground of some grids to one of them; the others end.

    Args:
        cells: The grids and their neighbours.
        grids: Which ones, with or without `into`.
        into: The one that remains.

    >>> done = merge({1: shapely.box(0, 0, 1, 1), 2: shapely.box(1, 0, 2, 1)}, [1, 2], 1)
    >>> done.numbers, done.after[0].area, done.after[1]
    ((1, 2), 2.0, None)
    """
    chosen = sorted({*grids, into})
    require(cells, *chosen)
    if len(chosen) == 1:
        raise BadInput("nothing_changes", "Name at least two grids to merge.", field="grids")
    units = in_units(cells)
    whole = joined([units[one] for one in chosen])
    return edited(cells, units, {one: whole if one == into else None for one in chosen}, [])


def move_vertex(cells: Cells, vertex: Place, to: Place) -> Edited:
    """Move a vertex of a border; every grid that has it goes along.

    Args:
        cells: All grids that have the vertex, and all they could then touch.
        vertex: Longitude and latitude; the nearest vertex within 1 cm is meant.
        to: Where it goes, rounded to the lattice here.

    Raises:
        BadInput: `no_vertex_here`, and those of every edit.

    >>> halves = {1: shapely.box(0, 0, 1, 1), 2: shapely.box(1, 0, 2, 1)}
    >>> [ground.area for ground in move_vertex(halves, (1, 1), (1.5, 1)).after]
    [1.25, 0.75]
    """
    return _moved(cells, [(vertex, to)])


def move_edge(cells: Cells, ends: tuple[Place, Place], to: tuple[Place, Place]) -> Edited:
    """Move an edge of a border: its two vertices, with every grid that has one of them.

    Args:
        cells: As for `move_vertex`.
        ends: The two vertices.
        to: Where they go, in the same order.

    Raises:
        BadInput: `no_vertex_here`, and those of every edit.

    >>> halves = {1: shapely.box(0, 0, 1, 1), 2: shapely.box(1, 0, 2, 1)}
    >>> [ground.area for ground in move_edge(halves, ((1, 0), (1, 1)), ((1.5, 0), (1.5, 1))).after]
    [1.5, 0.5]
    """
    return _moved(cells, list(zip(ends, to, strict=True)))


def insert_vertex(cells: Cells, at: Place) -> Edited:
    """Put a vertex into the border nearest to a place, in all grids that have the border.

    Args:
        cells: All grids near the place.
        at: Longitude and latitude; the vertex goes to the nearest place on the border, rounded to the lattice.

    Raises:
        BadInput: `vertex_here` when that is a vertex already, and those of every edit.

    >>> halves = {1: shapely.box(0, 0, 1, 1), 2: shapely.box(1, 0, 2, 1)}
    >>> insert_vertex(halves, (1.1, 0.25)).after[1].wkt
    'POLYGON ((2 0, 2 1, 1 1, 1 0.25, 1 0, 2 0))'
    """
    units = in_units(cells)
    borders = sorted({undirected(edge) for edge in sides(units)})
    lines = shapely.linestrings(np.array(borders, dtype=np.float64))
    point = drawn_in_units(shapely.Point(at), field="at", types=("Point",))
    border = int(STRtree(lines).nearest(point))
    x, y = np.rint(shapely.get_coordinates(shapely.shortest_line(lines[border], point))[0]).astype(np.int64).tolist()
    if (x, y) in borders[border]:
        raise BadInput(
            "vertex_here", "The border has a vertex here already.", field="at", where=in_degrees(shapely.Point(x, y))
        )
    return edited(cells, units, with_vertices(units, {borders[border]: [(x, y)]}), [])


def transfer(cells: Cells, giver: int | None, taker: int, area: BaseGeometry | Iterable[BaseGeometry]) -> Edited:
    """Give the ground of a grid inside an area, or inside chosen blocks or buildings, to another grid.

    Args:
        cells: Both grids and their neighbours; where nobody gives, every grid that the area touches.
        giver: Which grid gives; None for ground that nobody has.
        taker: Which one gets it.
        area: Polygons of EPSG:4326, one or many; what of them is not the giver's ground is left alone.

    Raises:
        BadInput: `no_ground_here`, `grid_would_end`, and those of every edit.

    >>> halves = {1: shapely.box(0, 0, 1, 1), 2: shapely.box(1, 0, 2, 1)}
    >>> done = transfer(halves, 1, 2, shapely.box(0.5, 0.5, 1.5, 1.5))
    >>> [ground.area for ground in done.after], done.torn
    ([0.75, 1.25], {})
    """
    require(cells, taker, *[] if giver is None else [giver])
    if giver == taker:
        raise BadInput("nothing_changes", "A grid cannot give ground to itself.", field="taker", value=taker)
    drawn = area_in_units(area)
    return redrawn(cells, list(cells) if giver is None else [giver], drawn, _inside(drawn, {giver}, taker))


def carve(cells: Cells, area: BaseGeometry | Iterable[BaseGeometry], number: int) -> Edited:
    """Make a grid of its own of the ground inside an area, whichever grids have it; nobody's ground stays that.

    Args:
        cells: Every grid that the area touches, and their neighbours.
        area: Polygons of EPSG:4326, one or many.
        number: What the new grid is called.

    Raises:
        BadInput: `no_ground_here`, `grid_would_end`, and those of every edit.

    >>> halves = {1: shapely.box(0, 0, 1, 1), 2: shapely.box(1, 0, 2, 1)}
    >>> [ground.area for ground in carve(halves, shapely.box(0.5, 0.5, 1.5, 1.5), 3).after]
    [0.75, 0.75, 0.5]
    """
    require(cells, new=number)
    drawn = area_in_units(area)
    return redrawn(cells, list(cells), drawn, _inside(drawn, set(cells), number))


def _inside(drawn: BaseGeometry, givers: Iterable[int | None], taker: int) -> Label:
    """Faces inside an area go to the taker where they are a giver's."""
    giving = set(givers)

    def label(made: Cut) -> list[int | None]:
        shapely.prepare(drawn)
        inside = shapely.intersects(drawn, shapely.point_on_surface(made.faces)).tolist()
        pairs = zip(inside, made.owners, strict=True)
        return [taker if here and owner in giving else owner for here, owner in pairs]

    return label


def _moved(cells: Cells, moves: list[tuple[Place, Place]]) -> Edited:
    units = in_units(cells)
    vertices = np.unique(shapely.get_coordinates(list(units.values())), axis=0)
    tree = STRtree(shapely.points(vertices))
    goes: dict[tuple[float, float], Node] = {}
    for place, to in moves:
        point = drawn_in_units(shapely.Point(place), field="vertex", types=("Point",))
        found = tree.query_nearest(point, max_distance=NEAR, all_matches=False)
        if not len(found):
            raise BadInput("no_vertex_here", "No border has a vertex here.", field="vertex", where=shapely.Point(place))
        target = drawn_in_units(shapely.Point(to), field="to", types=("Point",))
        x, y = vertices[found[0]].tolist()
        goes[x, y] = (round(target.x), round(target.y))
    taken = {(x, y) for x, y in vertices.tolist()} - set(goes)
    for target in goes.values():
        if target in taken:
            raise BadInput(
                "too_close", "Another vertex is here already.", field="to", where=in_degrees(shapely.Point(target))
            )
        taken.add(target)
    if all(node == to for node, to in goes.items()) or len(goes) != len(moves):
        raise BadInput("nothing_changes", "Every vertex stays where it is, or one is named twice.", field="to")
    after = {}
    for number, ground in units.items():
        xy = shapely.get_coordinates(ground)
        rows = [(row, goes[x, y]) for row, (x, y) in enumerate(xy.tolist()) if (x, y) in goes]
        if rows:
            xy[[row for row, _ in rows]] = [to for _, to in rows]
            after[number] = shapely.transform(ground, lambda _, moved=xy: moved)
    return edited(cells, units, after, [])

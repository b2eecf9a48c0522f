"""Edits of grids that keep the tiling: what a planner draws in, the grids before and after it out.

Each takes grids as number -> polygons of EPSG:4326 on the lattice: those that the drawing touches and all their
neighbours, which tile their ground. Nothing else is looked at, so the size of the city does not matter. A new vertex
is rounded to the lattice once and put into every grid that has the border; what is not drawn stays as it is, bit for
bit. The result tiles its ground too, or the edit is refused with the place. docs/editing.md tells it in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from gis.edits_checked import check_edit, check_tiled
from gis.edits_cut import (
    NEAR,
    Cut,
    Edge,
    Node,
    cut,
    sides,
    sides_of_line,
    undirected,
    with_nodes,
    without_nodes,
)
from gis.edits_units import LINES, area_in_units, drawn_in_units, in_degrees, in_units, joined, require
from gis.errors import BadInput

Cells = Mapping[int, BaseGeometry]
Place = tuple[float, float]


@dataclass(frozen=True)
class Edited:
    """Grids before and after an edit; `Locator.replace(before, after, numbers)` takes it as it is.

    Attributes:
        numbers: The grids whose polygons changed (k,), in order.
        before: Their polygons until then (k,), None for a grid that is new.
        after: Their polygons from then on (k,), None for a grid that ends.
    """

    numbers: tuple[int, ...]
    before: tuple[BaseGeometry | None, ...]
    after: tuple[BaseGeometry | None, ...]

    @property
    def torn(self) -> dict[int, int]:
        """Grids that are in more parts than before -> how many parts."""
        counts = shapely.get_num_geometries(np.array([self.before, self.after], dtype=np.object_))
        rows = zip(self.numbers, *counts.tolist(), strict=True)
        return {number: now for number, then, now in rows if now > max(then, 1)}

    def undone(self) -> Edited:
        """The edit that takes this one back."""
        return Edited(self.numbers, self.after, self.before)

    def on(self, cells: Cells) -> dict[int, BaseGeometry]:
        """Grids with this edit made; others stay the objects they are."""
        now = {**cells, **dict(zip(self.numbers, self.after, strict=True))}
        return {number: ground for number, ground in now.items() if ground is not None}


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

    return _redrawn(cells, [grid], drawn, label, "line_does_not_cut")


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
    return _edited(cells, units, {one: whole if one == into else None for one in chosen}, [])


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
    return _edited(cells, units, _with_vertices(units, {borders[border]: [(x, y)]}), [])


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
    return _redrawn(cells, list(cells) if giver is None else [giver], drawn, _inside(drawn, {giver}, taker))


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
    return _redrawn(cells, list(cells), drawn, _inside(drawn, set(cells), number))


_Label = Callable[[Cut], list[int | None]]


def _inside(drawn: BaseGeometry, givers: Iterable[int | None], taker: int) -> _Label:
    """Faces inside an area go to the taker where they are a giver's."""
    giving = set(givers)

    def label(made: Cut) -> list[int | None]:
        shapely.prepare(drawn)
        inside = shapely.intersects(drawn, shapely.point_on_surface(made.faces)).tolist()
        pairs = zip(inside, made.owners, strict=True)
        return [taker if here and owner in giving else owner for here, owner in pairs]

    return label


def _redrawn(
    cells: Cells, stage: list[int], drawn: BaseGeometry, label: _Label, nothing: str = "no_ground_here"
) -> Edited:
    """Cut the ground of the grids on the stage along what is drawn, and deal out the faces anew."""
    units = in_units(cells)
    reach = shapely.box(*drawn.bounds)
    stage = [one for one in stage if shapely.dwithin(units[one], reach, 2 * NEAR)]
    if not stage:
        raise _nothing(nothing, drawn)
    try:
        made = cut({one: units[one] for one in stage}, shapely.boundary(drawn) if drawn.area else drawn)
    except BadInput:
        check_tiled(units)
        raise
    labels = label(made)
    changed = {one for pair in zip(made.owners, labels, strict=True) if pair[0] != pair[1] for one in pair}
    if not changed:
        raise _nothing(nothing, drawn)
    goes = [[None if face is None else labels[face] for face in pair] for pair in made.pieces.values()]
    kept = {node for edge, (left, right) in zip(made.pieces, goes, strict=True) if left != right for node in edge}
    nodes = {edge: [node for node in some if node in kept] for edge, some in made.nodes.items()}
    dropped = {node for some in made.nodes.values() for node in some} - kept
    after: dict[int, BaseGeometry | None] = dict(_with_vertices(units, nodes))
    moved = []
    # Its faces have all vertices yet, so a taker from elsewhere must have them too until they are joined.
    pieces = {one: [with_nodes(units[one], made.nodes)] for one in changed if one in units and one not in stage}
    for owner, taker in sorted(set(zip(made.owners, labels, strict=True)), key=str):
        if taker in changed and taker is not None:
            rows = [row for row, pair in enumerate(zip(made.owners, labels, strict=True)) if pair == (owner, taker)]
            moved.append(without_nodes(joined(made.faces[rows]), dropped))
            pieces.setdefault(taker, []).extend(made.faces[rows])
    for one in sorted(number for number in changed if number is not None):
        if one not in pieces:
            raise BadInput(
                "grid_would_end",
                f"This is all the ground of grid {one}; merge the grids if it is to end.",
                value=one,
                where=in_degrees(units[one]),
            )
        after[one] = without_nodes(joined(pieces[one]), dropped)
    return _edited(cells, units, after, moved)


def _nothing(code: str, drawn: BaseGeometry) -> BadInput:
    where = in_degrees(drawn)
    if code == "line_does_not_cut":
        return BadInput(
            "line_does_not_cut", "The line does not cut the grid; draw it from border to border.", where=where
        )
    return BadInput("no_ground_here", "Inside what is drawn lies no ground that could be given.", where=where)


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
    return _edited(cells, units, after, [])


def _edited(cells: Cells, units: Cells, after: Mapping[int, BaseGeometry | None], moved: list[BaseGeometry]) -> Edited:
    check_edit(units, after, moved)
    numbers = tuple(sorted(after))
    now = tuple(None if after[one] is None else in_degrees(after[one]) for one in numbers)
    return Edited(numbers, tuple(cells.get(one) for one in numbers), now)


def _with_vertices(units: Cells, nodes: Mapping[Edge, list[Node]]) -> dict[int, BaseGeometry]:
    """The grids that have one of the borders, with its new vertices."""
    places = [node for some in nodes.values() for node in some]
    if not places:
        return {}
    reach = shapely.MultiPoint(places)
    tree = STRtree(list(units.values()))
    near = tree.query(reach, predicate="dwithin", distance=NEAR).tolist()
    wider = {number: with_nodes(ground, nodes) for row, (number, ground) in enumerate(units.items()) if row in near}
    return {number: ground for number, ground in wider.items() if ground is not units[number]}

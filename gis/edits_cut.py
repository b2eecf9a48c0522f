"""Ground cut along drawn lines, on the lattice: which faces there are, whose they were, which borders got vertices.

Geometries here count in lattice units, so every coordinate is a whole number. A drawn line follows a vertex or a
border that it passes within `NEAR` units; where it crosses a border, the crossing is computed exactly and rounded
once. A border gets a vertex there and is otherwise left as it is, so it moves by less than a unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from gis.edges import Floats, Geometries
from gis.edits_units import too_fine
from gis.errors import BadInput

Node = tuple[int, int]
Edge = tuple[Node, Node]

NEAR = 1.5
"""Lattice units (1 cm) within which a drawn line is taken to mean the vertex or border that is there."""


@dataclass(frozen=True)
class Cut:
    """Ground cut along lines.

    Attributes:
        faces: Polygons (n,) that have the drawn lines among their borders, outer rings counter-clockwise.
        owners: Whose ground each was (n,), None for nobody among those asked about.
        pieces: Drawn edge -> the faces on its left and right, None where there is none.
        nodes: Border that was there, lower end first -> its new vertices in order.
    """

    faces: Geometries
    owners: list[int | None]
    pieces: dict[Edge, tuple[int | None, int | None]]
    nodes: dict[Edge, list[Node]]


def sides(ground: Mapping[int, BaseGeometry]) -> dict[Edge, int]:
    """Directed edges of polygons on the lattice -> the polygon on their left.

    >>> len(sides({7: shapely.box(0, 0, 2, 2)})), sides({7: shapely.box(0, 0, 2, 2)})[(0, 0), (2, 0)]
    (4, 7)
    """
    polygons = np.array(list(ground.values()), dtype=np.object_)
    parts, cell_of = shapely.get_parts(shapely.orient_polygons(polygons), return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    start, end, ring = edges_of_lines(rings)
    numbers = np.array(list(ground), dtype=np.int64)[cell_of[part_of[ring]]]
    return dict(zip(edges_as_tuples(start, end), numbers.tolist(), strict=True))


def edges_of_lines(lines: Geometries) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Ends (m, 2) and (m, 2) of every edge of lines, and the line of each.

    >>> [part.tolist() for part in edges_of_lines(np.array([shapely.LineString([(0, 0), (1, 0), (1, 1)])]))]
    [[[0.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 1.0]], [0, 0]]
    """
    xy, line_of = shapely.get_coordinates(lines, return_index=True)
    at = np.flatnonzero(line_of[1:] == line_of[:-1])
    return xy[at], xy[at + 1], line_of[at]


def edges_as_tuples(start: Floats, end: Floats) -> list[Edge]:
    """Edges given by their ends (m, 2), as pairs of nodes.

    >>> edges_as_tuples(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]]))
    [((0, 0), (1, 0))]
    """
    both = np.rint(np.concatenate([start, end], axis=1)).astype(np.int64).tolist()
    return [((ax, ay), (bx, by)) for ax, ay, bx, by in both]


def undirected(edge: Edge) -> Edge:
    """An edge, lower end first.

    >>> undirected(((1, 0), (0, 0)))
    ((0, 0), (1, 0))
    """
    return min(edge, edge[::-1])


def cut(ground: Mapping[int, BaseGeometry], drawn: BaseGeometry) -> Cut:
    """Cut the ground of grids along lines.

    Args:
        ground: Number -> polygons on the lattice that tile their ground, in lattice units.
        drawn: Lines, in lattice units; they need not lie on the lattice.

    Raises:
        BadInput: `too_fine`.

    >>> made = cut({7: shapely.box(0, 0, 8, 8)}, shapely.LineString([(3, -2), (3.2, 9)]))
    >>> sorted(shapely.area(made.faces).tolist()), made.owners, sorted(made.nodes.values())
    ([24.0, 40.0], [7, 7], [[(3, 0)], [(3, 8)]])
    """
    left = sides(ground)
    borders = sorted({undirected(edge) for edge in left})
    ends = np.array(borders, dtype=np.float64)
    west, south, east, north = drawn.bounds
    low, high = ends.min(axis=1) - 2 * NEAR, ends.max(axis=1) + 2 * NEAR
    close = np.flatnonzero(((low <= (east, north)) & (high >= (west, south))).all(axis=1))
    lines, on_border = _following(drawn, ends[close])
    drawn_edges = _crossing(lines, ends[close], on_border)
    nodes = _ordered({borders[close[row]]: some for row, some in on_border.items()}, ends[close])
    whose = {part: number for edge, number in left.items() for part in _broken(edge, nodes)}
    fresh = sorted(edge for edge in drawn_edges if edge not in whose and edge[::-1] not in whose)
    every = np.array([*{undirected(edge) for edge in whose}, *fresh], dtype=np.float64)
    faces = shapely.orient_polygons(shapely.get_parts(shapely.polygonize(shapely.linestrings(every))))
    return _told(faces, whose, fresh, nodes)


def sides_of_line(line: BaseGeometry, made: Cut) -> dict[int, bool]:
    """Whether each face beside a line lies to its left; across the line is always the other side.

    Args:
        line: The line that the ground was cut along.
        made: The cut.

    Raises:
        BadInput: `line_forks`.

    >>> line = shapely.LineString([(3, -2), (3, 9)])
    >>> made = cut({7: shapely.box(0, 0, 8, 8)}, line)
    >>> sorted((float(made.faces[face].area), left) for face, left in sides_of_line(line, made).items())
    [(24.0, True), (40.0, False)]
    """
    beside: dict[int, list[tuple[int, float]]] = {}
    for (start, end), (left, right) in made.pieces.items():
        if left is None or right is None or left == right or made.owners[left] is None:
            continue
        along = shapely.line_locate_point(line, shapely.points([start, end]))
        ahead = float(np.sign(along[1] - along[0])) * float(np.hypot(end[0] - start[0], end[1] - start[1]))
        beside.setdefault(left, []).append((right, ahead))
        beside.setdefault(right, []).append((left, -ahead))
    side: dict[int, bool] = {}
    for first in sorted(set(beside)):
        if first in side:
            continue
        one = {first: True}
        waiting, votes = [first], 0.0
        while waiting:
            face = waiting.pop()
            for other, ahead in beside[face]:
                votes += ahead if one[face] else -ahead
                if other not in one:
                    one[other] = not one[face]
                    waiting.append(other)
                elif one[other] is one[face]:
                    raise BadInput("line_forks", "The line forks, so it has no two sides; split by one after another.")
        side |= {face: here is (votes >= 0) for face, here in one.items()}
    return side


def with_nodes(polygons: BaseGeometry, nodes: Mapping[Edge, list[Node]]) -> BaseGeometry:
    """Polygons with new vertices in their borders; the very same object where none of them is theirs.

    >>> with_nodes(shapely.box(0, 0, 2, 2), {((0, 0), (2, 0)): [(1, 0)]}).wkt
    'POLYGON ((2 0, 2 2, 0 2, 0 0, 1 0, 2 0))'
    """
    at: list[int] = []
    new: list[Node] = []
    start, end, line = edges_of_lines(shapely.get_rings(shapely.get_parts(polygons)))
    # The edges of ring r begin r coordinates later among the coordinates, for each ring closes with one more.
    for (one, other), some in nodes.items():
        for row in np.flatnonzero((start == one).all(axis=1) & (end == other).all(axis=1)).tolist():
            at += [row + int(line[row]) + 1] * len(some)
            new += some
        for row in np.flatnonzero((start == other).all(axis=1) & (end == one).all(axis=1)).tolist():
            at += [row + int(line[row]) + 1] * len(some)
            new += some[::-1]
    if not new:
        return polygons
    kind, xy, offsets = shapely.to_ragged_array([polygons], include_z=False)
    wider = np.array([bound + np.count_nonzero(np.array(at) < bound) for bound in offsets[0].tolist()])
    filled = np.insert(xy, at, np.array(new, dtype=np.float64), axis=0)
    return shapely.from_ragged_array(kind, filled, (wider, *offsets[1:]))[0]


def without_nodes(polygons: BaseGeometry, nodes: set[Node]) -> BaseGeometry:
    """Polygons less some of their vertices.

    >>> without_nodes(shapely.from_wkt("POLYGON ((1 0, 2 0, 2 2, 0 2, 0 0, 1 0))"), {(1, 0)}).wkt
    'POLYGON ((2 0, 2 2, 0 2, 0 0, 2 0))'
    """
    if not nodes:
        return polygons

    def ring(line: BaseGeometry) -> Floats:
        stay = [xy for xy in shapely.get_coordinates(line)[:-1].tolist() if (xy[0], xy[1]) not in nodes]
        return np.array([*stay, stay[0]])

    parts = [
        shapely.Polygon(ring(part.exterior), [ring(hole) for hole in part.interiors])
        for part in shapely.get_parts(polygons)
    ]
    return shapely.multipolygons(parts) if len(parts) > 1 else parts[0]


def _following(drawn: BaseGeometry, ends: Floats) -> tuple[Geometries, dict[int, set[Node]]]:
    """Drawn lines on the lattice, their vertices on the vertices and borders they are near; vertices on borders."""
    # What is drawn crosses itself where it likes; no border is in this.
    noded = shapely.union_all([shapely.transform(drawn, np.rint)], grid_size=1.0)
    lines = shapely.get_parts(noded)
    xy, line_of = shapely.get_coordinates(lines, return_index=True)
    on_border: dict[int, set[Node]] = {}
    if not len(ends) or not len(xy):
        return lines, on_border
    vertices = np.unique(ends.reshape(-1, 2), axis=0)
    point, vertex = STRtree(shapely.points(vertices)).query_nearest(
        shapely.points(xy), max_distance=NEAR, all_matches=False
    )
    free = np.ones(len(xy), dtype=np.bool_)
    xy[point], free[point] = vertices[vertex], False
    rest, borders = np.flatnonzero(free), shapely.linestrings(ends)
    point, border = STRtree(borders).query_nearest(shapely.points(xy[rest]), max_distance=NEAR, all_matches=False)
    along = shapely.line_locate_point(borders[border], shapely.points(xy[rest[point]]))
    foot = np.rint(shapely.get_coordinates(shapely.line_interpolate_point(borders[border], along)))
    xy[rest[point]] = foot
    for row, (x, y) in zip(border.tolist(), foot.astype(np.int64).tolist(), strict=True):
        on_border.setdefault(row, set()).add((x, y))
    return shapely.linestrings(xy, indices=line_of), on_border


def _crossing(lines: Geometries, ends: Floats, on_border: dict[int, set[Node]]) -> set[Edge]:
    """Edges of drawn lines, broken where they meet borders; adds the new vertices of borders to `on_border`."""
    start, end, _ = edges_of_lines(lines)
    drawn = list({undirected(edge) for edge in edges_as_tuples(start, end) if edge[0] != edge[1]})
    along: dict[Edge, set[Node]] = {edge: set(edge) for edge in drawn}
    if drawn and len(ends):
        segments = shapely.linestrings(np.array(drawn, dtype=np.float64))
        rows, borders = STRtree(shapely.linestrings(ends)).query(segments, predicate="dwithin", distance=NEAR)
        whole = np.rint(ends).astype(np.int64).tolist()
        for row, border in zip(rows.tolist(), borders.tolist(), strict=True):
            edge = drawn[row]
            one, other = (whole[border][0][0], whole[border][0][1]), (whole[border][1][0], whole[border][1][1])
            known = {one, other} | (on_border.get(border, set()) & set(edge))
            along[edge] |= {node for node in known if _distance(node, edge) <= NEAR}
            place = _meeting(edge, (one, other))
            if place is None or any(np.hypot(x - place[0], y - place[1]) <= NEAR for x, y in known):
                continue
            along[edge].add(place)
            on_border.setdefault(border, set()).add(place)
    return {undirected(pair) for edge, some in along.items() for pair in _pairs(_in_order(edge, some))}


def _meeting(edge: Edge, border: Edge) -> Node | None:
    """Where two edges cross properly, rounded once to the lattice; the arithmetic is that of whole numbers."""
    (ax, ay), (bx, by) = border
    first, second = _side(edge, border[0]), _side(edge, border[1])
    if first * second >= 0 or _side(border, edge[0]) * _side(border, edge[1]) >= 0:
        return None
    share, whole = (first, first - second) if first > second else (-first, second - first)
    return ax + (2 * (bx - ax) * share + whole) // (2 * whole), ay + (2 * (by - ay) * share + whole) // (2 * whole)


def _side(edge: Edge, node: Node) -> int:
    (ax, ay), (bx, by) = edge
    return (bx - ax) * (node[1] - ay) - (by - ay) * (node[0] - ax)


def _distance(node: Node, edge: Edge) -> float:
    return float(shapely.distance(shapely.Point(node), shapely.LineString(edge)))


def _in_order(edge: Edge, nodes: Iterable[Node]) -> list[Node]:
    (ax, ay), (bx, by) = edge
    return sorted(nodes, key=lambda node: (bx - ax) * (node[0] - ax) + (by - ay) * (node[1] - ay))


def _pairs(nodes: list[Node]) -> list[Edge]:
    return list(pairwise(nodes))


def _ordered(on_border: dict[Edge, set[Node]], ends: Floats) -> dict[Edge, list[Node]]:
    """The new vertices of each border in order; refuses those that would make borders meet that did not."""
    nodes = {edge: _in_order(edge, some - set(edge)) for edge, some in on_border.items() if some - set(edge)}
    vertices = {(int(x), int(y)) for x, y in ends.reshape(-1, 2).tolist()}
    seen: set[Node] = set()
    for some in nodes.values():
        for node in some:
            if node in vertices or node in seen:
                raise too_fine(shapely.Point(node))
            seen.add(node)
    return nodes


def _broken(edge: Edge, nodes: Mapping[Edge, list[Node]]) -> list[Edge]:
    between = nodes.get(undirected(edge), [])
    if edge[0] > edge[1]:
        between = between[::-1]
    return _pairs([edge[0], *between, edge[1]])


def _told(faces: Geometries, whose: dict[Edge, int], fresh: list[Edge], nodes: dict[Edge, list[Node]]) -> Cut:
    """Whose ground each face was: a border says it, and behind a drawn line lies the same grid's ground."""
    rings, face_of = shapely.get_rings(faces, return_index=True)
    start, end, ring = edges_of_lines(rings)
    face_at = dict(zip(edges_as_tuples(start, end), face_of[ring].tolist(), strict=True))
    owners: list[int | None] = [None] * len(faces)
    pieces = {edge: (face_at.get(edge), face_at.get(edge[::-1])) for edge in fresh}
    beside: dict[int, list[int]] = {}
    for one, other in pieces.values():
        if one is not None and other is not None:
            beside.setdefault(one, []).append(other)
            beside.setdefault(other, []).append(one)
    for edge, face in face_at.items():
        if edge in whose:
            owners[face] = whose[edge]
    waiting = [face for face, owner in enumerate(owners) if owner is not None]
    while waiting:
        face = waiting.pop()
        for other in beside.get(face, []):
            if owners[other] is None:
                owners[other] = owners[face]
                waiting.append(other)
    return Cut(faces, owners, pieces, nodes)

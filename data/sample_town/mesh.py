"""A planar graph of the town: every node rounded once, every face a chain of the same nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from data.sample_town.bend import Bend, lonlat
from data.sample_town.blocks import Shapes, lanes
from data.sample_town.lines import LANE, Drawn, Floats, draw
from data.sample_town.merging import Ints
from data.sample_town.sizes import Size
from gis.errors import GridError

Complexes = NDArray[np.complex128]

# Lines meet in nodes on this grid of the drawing plane, so that a lane that ends on a street ends in a node of it.
_NODE_M = 2.0**-10
_LONGEST_M = 60.0


@dataclass(frozen=True)
class Mesh:
    """Faces between streets, and the segments they are made of.

    Attributes:
        drawn: Faces in the drawing plane (equal density).
        faces: Faces in EPSG:4326.
        metric: Faces in EPSG:4547.
        nodes: Lattice coordinates of all nodes, shape (k, 2).
        metric_nodes: The same in EPSG:4547, before they were rounded.
        segments: Node numbers of each segment, the lower first, shape (m, 2).
        sides: Faces on the two sides of each segment, -1 for the world outside, shape (m, 2).
        street: Street of each segment.
        rank: Rank of the strongest line on each segment.
        length_m: Length of each segment.
    """

    drawn: Shapes
    faces: Shapes
    metric: Shapes
    nodes: Floats
    metric_nodes: Floats
    segments: Ints
    sides: Ints
    street: Ints
    rank: Ints
    length_m: Floats


def mesh(size: Size, bend: Bend, rng: np.random.Generator) -> Mesh:
    """Draw, cut and bend the ground of a town.

    Raises:
        GridError: `sample_town_broken`: the faces do not tile the ground after rounding.
    """
    main = draw(size, rng)
    blocks = _inside(shapely.get_parts(shapely.polygonize(_noded(main.lines))), main.limit)
    average = main.limit.area / (0.8 * 1.12 * size.atoms)
    far = np.hypot(*shapely.get_coordinates(shapely.centroid(blocks)).T) / size.radius_m
    small = lanes(blocks, largest_m2=average * (0.6 + 0.62 * far), rng=rng)
    full = Drawn(
        np.concatenate([main.lines, small]),
        np.concatenate([main.rank, np.full(len(small), LANE)]),
        np.concatenate([main.street, main.street.max() + 1 + np.arange(len(small))]),
        main.limit,
    )
    edges = shapely.segmentize(_noded(full.lines), _LONGEST_M)
    drawn = _inside(shapely.get_parts(shapely.polygonize(edges)), main.limit)
    return _bent(drawn, full, bend)


def _noded(lines: Shapes) -> Shapes:
    return np.asarray(shapely.get_parts(shapely.unary_union(lines, grid_size=_NODE_M)))


def _inside(faces: Shapes, limit: shapely.Polygon) -> Shapes:
    shapely.prepare(limit)
    return np.asarray(faces[shapely.contains_properly(limit, shapely.point_on_surface(faces))])


def _bent(drawn: Shapes, full: Drawn, bend: Bend) -> Mesh:
    """Bend the nodes, each once, and look up on which side of each segment which face lies."""
    xy, face = shapely.get_coordinates(drawn, return_index=True)
    points, node = np.unique(_key(xy), return_inverse=True)
    metric = bend.metric(np.c_[points.real, points.imag])
    nodes = lonlat(metric)
    faces = shapely.set_coordinates(drawn.copy(), nodes[node])
    if not (shapely.is_valid(faces).all() and shapely.coverage_is_valid(faces)):
        raise GridError("sample_town_broken", "The faces do not tile the ground after rounding; take another seed.")
    ends, sides = segments(node, shapely.get_rings(drawn, return_index=True), face)
    street, rank = _attributes(full, points, ends)
    length = np.hypot(*(metric[ends[:, 0]] - metric[ends[:, 1]]).T)
    on_ground = shapely.set_coordinates(drawn.copy(), metric[node])
    return Mesh(drawn, faces, on_ground, nodes, metric, ends, sides, street, rank, length)


def _key(xy: Floats) -> Complexes:
    return np.asarray(xy[:, 0] + 1j * xy[:, 1])


def segments(node: Ints, rings: tuple[Shapes, Ints], face: Ints) -> tuple[Ints, Ints]:
    """The segments of all rings, each once, with the faces on both sides (-1: none).

    Args:
        node: Node numbers along the rings, one ring after the other.
        rings: The rings, as `shapely.get_rings` gives them.
        face: Face of each of those numbers.
    """
    size = shapely.get_num_coordinates(rings[0])
    last = np.cumsum(size) - 1
    start = np.ones(len(node), dtype=bool)
    start[last] = False
    at = np.flatnonzero(start)
    a, b = node[at], node[at + 1]
    pair = np.minimum(a, b) * np.int64(len(node)) + np.maximum(a, b)
    order = np.argsort(pair, kind="stable")
    key, first, count = np.unique(pair[order], return_index=True, return_counts=True)
    sides = np.full((len(key), 2), -1, dtype=np.int64)
    sides[:, 0] = face[at][order[first]]
    both = count == 2
    sides[both, 1] = face[at][order[first[both] + 1]]
    return np.c_[key // len(node), key % len(node)], sides


def _attributes(full: Drawn, points: Complexes, ends: Ints) -> tuple[Ints, Ints]:
    """For each segment the strongest line that runs along it."""
    xy, line = shapely.get_coordinates(full.lines, return_index=True)
    pieces = np.flatnonzero(line[1:] == line[:-1])
    tree = shapely.STRtree(shapely.linestrings(np.stack([xy[pieces], xy[pieces + 1]], 1)))
    middle = (points[ends[:, 0]] + points[ends[:, 1]]) / 2
    segment, piece = tree.query(shapely.points(middle.real, middle.imag), predicate="dwithin", distance=4 * _NODE_M)
    owner = line[pieces][piece]
    best = np.lexsort((owner, full.rank[owner], segment))
    found, first = np.unique(segment[best], return_index=True)
    if len(found) != len(ends):
        raise GridError("sample_town_broken", "A border runs along no line; take another seed.")
    of = owner[best][first]
    return full.street[of], full.rank[of]

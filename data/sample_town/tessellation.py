"""Irregular cells with ragged borders, as many as asked for: what point location is measured on."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from data.sample_town.blocks import Shapes
from data.sample_town.lines import Floats
from data.sample_town.merging import Ints, merge
from data.sample_town.mesh import segments
from data.sample_town.regions import dissolve
from data.sample_town.sizes import CENTRE
from gis.crs import LATTICE
from gis.errors import GridError

_RAGGED = 0.09
# Cells are made on a disc so much wider than the ground, so that none at the limit is odd.
_REACH = 1.3
# Lattice steps per metre, north-south; west-east a metre is more steps.
_STEPS_A_METRE = 1 / (LATTICE * 110_940.0)
_NARROW = np.cos(np.radians(CENTRE[1]))


def tessellation(
    n: int, *, seed: int, detail: int = 4, cell_m: float = 550.0, holes: int = 0, islands: int = 0
) -> Shapes:
    """Cells that tile a ragged piece of ground around the sample town's centre.

    Args:
        n: How many cells, at least 12.
        seed: The same number gives the same cells.
        detail: Each side of a cell is broken in two so many times; 4 gives about 97 vertices a cell.
        cell_m: How wide a cell is, in metres.
        holes: Lakes inside cells that belong to no cell, at most a quarter of `n`.
        islands: How many of the cells lie wholly inside another one, at most a quarter of `n`.

    Returns:
        Multipolygons (n,) of EPSG:4326 on the lattice, a valid coverage.

    Raises:
        GridError: `sample_town_broken`: this seed gives no valid coverage of so many cells.
    """
    rng = np.random.default_rng(seed)
    radius = np.sqrt(n * cell_m**2 / np.pi)
    limit = _ragged_ring(np.zeros((1, 2)), np.array([radius]), 6, rng)
    seeds = _seeds(int(1.1 * n * _REACH**2) + 12, radius * _REACH, rng)
    heart = seeds[np.hypot(*seeds.T) < radius * 0.8]
    heart = heart[rng.permutation(len(heart))[: holes + islands]]
    rings = _ragged_ring(heart, np.full(len(heart), cell_m * 0.16), 4, rng)
    sides = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(seeds), only_edges=True))
    lines = [_ragged(_pairs(sides), detail, rng), limit, rings]
    faces = _faces(np.concatenate([shapely.linestrings(part) for part in lines if len(part)]))
    inside = shapely.contains_properly(shapely.Polygon(_steps(limit[0])), shapely.point_on_surface(faces))
    faces = faces[inside]
    special = _holding(faces, _steps(heart))
    cells = _joined(np.delete(faces, special), n - islands)
    cells = np.concatenate([cells, shapely.multipolygons(faces[special[holes:]][:, None])])
    placed = shapely.transform(cells, lambda xy: xy * LATTICE + np.rint(np.array(CENTRE) / LATTICE) * LATTICE)
    if len(placed) != n or not (shapely.is_valid(placed).all() and shapely.coverage_is_valid(placed)):
        raise GridError("sample_town_broken", f"Seed {seed} gives no valid coverage of {n} cells; take another.")
    return np.asarray(placed)


def _seeds(count: int, radius: float, rng: np.random.Generator) -> Floats:
    """Points spread evenly, but not regularly, over a disc: random ones, moved twice to the middle of their ground."""
    r, angle = radius * np.sqrt(rng.random(count)), rng.uniform(0, 2 * np.pi, count)
    points = np.c_[r * np.cos(angle), r * np.sin(angle)]
    disc = shapely.Point(0, 0).buffer(radius)
    shapely.prepare(disc)
    for _ in range(2):
        ground = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points)))
        points = shapely.get_coordinates(shapely.centroid(shapely.intersection(ground, disc)))
    return np.asarray(points)


def _pairs(sides: Shapes) -> Floats:
    """Ends of every straight side, shape (m, 2, 2)."""
    xy, line = shapely.get_coordinates(sides, return_index=True)
    at = np.flatnonzero(line[1:] == line[:-1])
    return np.asarray(np.stack([xy[at], xy[at + 1]], 1))


def _ragged(chains: Floats, detail: int, rng: np.random.Generator) -> Floats:
    """Break every link of chains, shape (m, k, 2), in two, so many times, pushing the middle to one side."""
    for _ in range(detail):
        way, middle = np.diff(chains, axis=1), (chains[:, 1:] + chains[:, :-1]) / 2
        push = rng.normal(0, _RAGGED, middle.shape[:2]).clip(-2 * _RAGGED, 2 * _RAGGED)[..., None]
        finer = np.empty((len(chains), 2 * chains.shape[1] - 1, 2))
        finer[:, 0::2] = chains
        finer[:, 1::2] = middle + np.stack([-way[..., 1], way[..., 0]], -1) * push
        chains = finer
    return chains


def _ragged_ring(centre: Floats, radius: Floats, detail: int, rng: np.random.Generator) -> Floats:
    angle = np.linspace(0, 2 * np.pi, 13)
    wobble = 1 + rng.uniform(-0.12, 0.12, (len(centre), 13))
    wobble[:, -1] = wobble[:, 0]
    spokes = np.c_[np.cos(angle), np.sin(angle)] * (wobble * radius[:, None])[..., None]
    spokes[:, -1] = spokes[:, 0]
    return _ragged(centre[:, None] + spokes, detail, rng)


def _steps(metres: Floats) -> Floats:
    return np.asarray(metres * _STEPS_A_METRE / np.array([_NARROW, 1.0]))


def _faces(lines: Shapes) -> Shapes:
    """Faces between lines given in metres, in whole lattice steps: all lines meet in nodes, each rounded once."""
    noded = shapely.unary_union(shapely.transform(lines, _steps), grid_size=1.0)
    return np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))))


def _holding(faces: Shapes, points: Floats) -> Ints:
    """For each point the face that holds it."""
    point, face = shapely.STRtree(faces).query(shapely.points(points), predicate="within")
    return np.asarray(face[np.argsort(point, kind="stable")], dtype=np.int64)


def _joined(faces: Shapes, count: int) -> NDArray[np.object_]:
    """So many cells: slivers and the smallest faces join neighbours."""
    xy, face = shapely.get_coordinates(faces, return_index=True)
    points, node = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)
    ends, sides = segments(node, shapely.get_rings(faces, return_index=True), face)
    shared = sides[:, 1] >= 0
    border = np.abs(points[ends[:, 0]] - points[ends[:, 1]])
    labels = merge(shapely.area(faces), sides[shared], border[shared], shapely.length(faces), count=count)
    return dissolve(faces, labels)

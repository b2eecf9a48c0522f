"""Random small coverages on the lattice with hostile points, for any engine that claims to know the border rule.

A jittered mesh of quadrilaterals is dealt out to cells at random, so cells come with holes, islands, several
parts and corners that touch; quadrilaterals dealt to nobody are gaps. All numbers are integers of lattice units
until the end, so an oracle can be exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from hypothesis import strategies as st

from gis.crs import LATTICE

UNITS = 2**24
# South-west corners in lattice units, each with the metric CRS of the place.
PLACES = (
    (round(113.65 * UNITS), round(34.75 * UNITS), 4547),
    (round(-87.7 * UNITS), round(41.9 * UNITS), 32616),
    (round(151.2 * UNITS), round(-33.9 * UNITS), 32756),
)
# From cells of four lattice units, where every point is hostile, to cells of a kilometre.
MESHES = (4, 37, 1000, 2**17)


@dataclass(frozen=True)
class Coverage:
    """Cells with their numbers, and points to ask about; degrees, all on the lattice."""

    cells: np.ndarray
    grid_no: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    metric_srid: int


@st.composite
def coverages(draw: st.DrawFn, *, points: int = 60) -> Coverage:
    """A coverage of up to six cells and about `points` points, most of them on or beside borders."""
    west, south, srid = draw(st.sampled_from(PLACES))
    mesh = draw(st.sampled_from(MESHES))
    columns, rows = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    nodes = np.add(_nodes(rng, columns, rows, mesh), (west, south))
    dealt = np.array(draw(st.lists(st.integers(0, 6), min_size=columns * rows, max_size=columns * rows)))
    cells = _dealt_out(nodes, dealt.reshape(columns, rows))
    numbers = rng.permutation(len(cells) * 3)[: len(cells)] + 1
    asked = _hostile_points(rng, nodes, mesh, points)
    return Coverage(cells, numbers, asked[:, 0] * LATTICE, asked[:, 1] * LATTICE, srid)


def owner_by_integers(coverage: Coverage, lon: float, lat: float) -> int:
    """Index of the owning cell by exact integer arithmetic, -1 outside: the oracle of the border rule."""
    point = (round(lon * UNITS), round(lat * UNITS))
    covering = [row for row, cell in enumerate(coverage.cells) if _covers(cell, point)]
    return min(covering, key=lambda row: int(coverage.grid_no[row]), default=-1)


def _nodes(rng: np.random.Generator, columns: int, rows: int, mesh: int) -> np.ndarray:
    """Mesh nodes (columns + 1, rows + 1, 2), jittered by a quarter at most so that no quadrilateral folds.

    All are even, so that the middle of every edge is a lattice point exactly on it.
    """
    square = np.stack(np.meshgrid(np.arange(columns + 1), np.arange(rows + 1), indexing="ij"), axis=-1) * mesh
    jitter = (mesh - 1) // 4
    return 2 * (square + rng.integers(-jitter, jitter, endpoint=True, size=square.shape))


def _dealt_out(nodes: np.ndarray, dealt: np.ndarray) -> np.ndarray:
    corners = np.stack([nodes[:-1, :-1], nodes[1:, :-1], nodes[1:, 1:], nodes[:-1, 1:]], axis=2)
    quadrilaterals = shapely.polygons(corners.reshape(-1, 4, 2) * LATTICE)
    owner = dealt.reshape(-1)
    unions = [shapely.coverage_union_all(quadrilaterals[owner == one]) for one in np.unique(owner[owner > 0])]
    cells = np.empty(len(unions), dtype=object)
    cells[:] = [shapely.multipolygons(shapely.get_parts(union)) for union in unions]
    return cells


def _hostile_points(rng: np.random.Generator, nodes: np.ndarray, mesh: int, count: int) -> np.ndarray:
    """Nodes, middles of edges, neighbours of both one unit aside, and points anywhere in and around."""
    middles = [(nodes[1:] + nodes[:-1]) // 2, (nodes[:, 1:] + nodes[:, :-1]) // 2]
    special = np.concatenate([part.reshape(-1, 2) for part in (nodes, *middles)])
    chosen = special[rng.integers(len(special), size=count)]
    aside = rng.integers(-1, 1, endpoint=True, size=chosen.shape) * rng.integers(0, 1, endpoint=True, size=(count, 1))
    low, high = nodes.reshape(-1, 2).min(axis=0) - mesh, nodes.reshape(-1, 2).max(axis=0) + mesh
    anywhere = rng.integers(low, high, endpoint=True, size=(count // 3, 2))
    return np.concatenate([chosen + aside, anywhere])


def _covers(cell: shapely.MultiPolygon, point: tuple[int, int]) -> bool:
    inside = False
    for ring in shapely.get_rings(shapely.get_parts(cell)):
        corners = [(round(x * UNITS), round(y * UNITS)) for x, y in ring.coords]
        for (ax, ay), (bx, by) in pairwise(corners):
            side = (bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax)
            within_box = min(ax, bx) <= point[0] <= max(ax, bx) and min(ay, by) <= point[1] <= max(ay, by)
            if side == 0 and within_box:
                return True
            if (ay > point[1]) != (by > point[1]) and (side > 0) == (by > ay):
                inside = not inside
    return inside

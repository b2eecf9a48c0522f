"""A coverage broken on purpose, in one cell at a time, so that the answer of a repair is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gis.crs import LATTICE, to_lattice
from gis.edges import split_edges
from gis.shapes import as_multipolygons
from tests.meshes import Mesh

KINDS = ("moved", "dropped", "gap", "overlap")
SIZE = 2**15
"""Lattice units of a side of the mesh, about 200 m."""


@dataclass(frozen=True)
class Broken:
    """What was whole, what became of it, and what was done."""

    truth: np.ndarray
    cells: np.ndarray
    told: list[str]

    @property
    def ground(self) -> shapely.Geometry:
        """All ground that any cell gained or lost by the breakage, and two lattice units around it."""
        return shapely.union_all(shapely.symmetric_difference(self.truth, self.cells)).buffer(2 * LATTICE)


def whole(rng: np.random.Generator) -> np.ndarray:
    """Cells with holes, several parts, corner contacts and ground of nobody; a side is three edges, a little bent."""
    cells, _ = Mesh(rng, across=5, owners=9, size=SIZE).cells()
    fine = split_edges(cells, pieces=lambda low, high: np.full(len(low), 3))
    # Corners stay, so that no quadrilateral folds; all cells at an inner vertex bend it alike.
    corners = _named(shapely.get_coordinates(cells))
    bent = rng.integers(-SIZE // 100, SIZE // 100, endpoint=True, size=(1021, 2)) * LATTICE

    def bend(xy: np.ndarray) -> np.ndarray:
        names = _named(to_lattice(xy))
        return to_lattice(xy) + np.where(np.isin(names, corners)[:, None], 0.0, bent[names % 1021])

    return as_multipolygons(shapely.transform(fine, bend))


def _named(xy: np.ndarray) -> np.ndarray:
    units = np.rint(xy / LATTICE).astype(np.int64)
    return units[:, 0] * 2**32 + units[:, 1]


def broken(seed: int) -> Broken:
    """One to three breakages in a coverage of its own."""
    rng = np.random.default_rng(seed)
    truth = whole(rng)
    cells, told = truth.copy(), []
    while len(told) < 1 + seed % 3:
        kind = KINDS[rng.integers(len(KINDS))]
        row = int(rng.integers(len(cells)))
        worse = _break(rng, kind, cells[row], np.delete(truth, row))
        if worse is not None and worse.is_valid and worse.geom_type == "MultiPolygon":
            cells[row] = worse
            told.append(f"{kind} in {row}")
    return Broken(truth, cells, told)


def _break(rng, kind, cell, others):
    """The cell with one place of a shared border changed; None where the place is not shared."""
    part = int(rng.integers(len(cell.geoms)))
    ring = np.array(cell.geoms[part].exterior.coords)[:-1]
    at = int(rng.integers(len(ring)))
    ring = np.roll(ring, -at, axis=0)
    if not shapely.covers(shapely.boundary(others), shapely.linestrings(ring[:2])).any():
        return None
    if kind in ("moved", "dropped") and shapely.union_all([cell, *others]).boundary.intersects(shapely.Point(ring[0])):
        # A dent in the outline of all cells is a fault that nobody could tell from a border.
        return None
    if kind == "moved":
        ring[0] += np.rint(rng.choice([-1, 1], 2) * 2 ** rng.uniform(0, 8.6, 2)) * LATTICE
    elif kind == "dropped":
        # A corner would be a wide gap, which is kept, or half a grid.
        if shapely.Point(ring[0]).distance(shapely.LineString(ring[[-1, 1]])) > 400 * LATTICE:
            return None
        ring = ring[1:]
    else:
        ring = np.concatenate([ring[:1], _offset(rng, ring[0], ring[1], inward=kind == "gap"), ring[1:]])
    parts = list(cell.geoms)
    parts[part] = shapely.Polygon(ring, [hole.coords for hole in parts[part].interiors])
    return shapely.MultiPolygon(parts)


def _offset(rng, low, high, *, inward):
    """Two points beside the middle of an edge of a counter-clockwise ring, up to 1 m aside."""
    along = high - low
    aside = np.array([-along[1], along[0]]) / np.hypot(*along) * (1 if inward else -1)
    depth = rng.integers(3, 150) * LATTICE
    return to_lattice([low + along * share + aside * depth for share in (0.3, 0.7)])

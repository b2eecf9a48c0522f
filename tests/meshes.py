"""A mesh of quadrilaterals dealt out to grids, to be edited at random: every edit leaves a coverage."""

from __future__ import annotations

import numpy as np
import shapely

from gis.crs import LATTICE

SOUTH_WEST = np.rint(np.array([113.65, 34.75]) / LATTICE).astype(np.int64)


class Mesh:
    """Quadrilaterals of about `size` lattice units; owner 0 is nobody. Cells get holes, parts and touching corners."""

    def __init__(self, rng: np.random.Generator, *, across: int, owners: int, size: int = 4096) -> None:
        self.rng, self.across, self.size, self.owners = rng, across, size, owners
        self.square = np.stack(np.meshgrid(*[np.arange(across + 1)] * 2, indexing="ij"), axis=-1) * size
        self.nodes = self.square.copy()
        self.nodes[1:-1, 1:-1] += self._jitter((across - 1, across - 1, 2))
        # Every owner has some ground, and two corners always have an owner: the coverage reaches as far as the mesh.
        self.dealt = rng.permutation(np.resize(np.arange(owners + 1), across**2)).reshape(across, across)
        self.dealt[0, 0], self.dealt[-1, -1] = 1, 2

    def _jitter(self, shape: tuple[int, ...]) -> np.ndarray:
        return self.rng.integers(-self.size // 4, self.size // 4, endpoint=True, size=shape)

    def cell(self, owner: int) -> shapely.MultiPolygon:
        """The ground of one owner, perhaps empty."""
        corners = np.stack(
            [self.nodes[:-1, :-1], self.nodes[1:, :-1], self.nodes[1:, 1:], self.nodes[:-1, 1:]], axis=2
        )[self.dealt == owner]
        quadrilaterals = shapely.polygons((corners + SOUTH_WEST) * LATTICE)
        return shapely.multipolygons(shapely.get_parts(shapely.coverage_union_all(quadrilaterals)))

    def cells(self) -> tuple[np.ndarray, np.ndarray]:
        """The cells that have ground, and their owners' numbers."""
        owners = np.unique(self.dealt[self.dealt > 0])
        cells = np.empty(len(owners), dtype=object)
        cells[:] = [self.cell(owner) for owner in owners]
        return cells, owners

    def edit(self) -> list[int]:
        """Move a node, or give a quadrilateral to another owner or to nobody; the owners whose ground changes."""
        i, j = self.rng.integers(1, self.across - 1, 2)
        if self.rng.random() < 0.3:
            owners = {int(self.dealt[i, j])}
            self.dealt[i, j] = self.rng.integers(0, self.owners + 1)
            owners.add(int(self.dealt[i, j]))
        else:
            owners = set(self.dealt[i - 1 : i + 1, j - 1 : j + 1].ravel().tolist())
            self.nodes[i, j] = self.square[i, j] + self._jitter((2,))
        return sorted(owners - {0})

    def points(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Nodes, middles of edges, both one unit aside, and points anywhere in and around, in degrees."""
        middles = [(self.nodes[1:] + self.nodes[:-1]) // 2, (self.nodes[:, 1:] + self.nodes[:, :-1]) // 2]
        special = np.concatenate([part.reshape(-1, 2) for part in (self.nodes, *middles)])
        chosen = special[self.rng.integers(len(special), size=count // 2)]
        chosen = chosen + self.rng.integers(-1, 1, endpoint=True, size=chosen.shape)
        anywhere = self.rng.integers(-self.size, self.size * (self.across + 1), size=(count - count // 2, 2))
        lon, lat = ((np.concatenate([chosen, anywhere]) + SOUTH_WEST) * LATTICE).T
        return lon.copy(), lat.copy()

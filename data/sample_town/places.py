"""Where reports come from: streets and buildings, crowded at hot spots; and awkward places on borders and outside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from data.sample_town.lines import ARTERIAL, LANE, LIMIT, RING, SECONDARY, Floats
from data.sample_town.merging import Ints
from data.sample_town.mesh import Mesh
from gis.crs import on_lattice, to_lattice

# Metres of a degree at the latitude of the town, west-east and south-north.
DEGREE_M = np.array([91_500.0, 110_940.0])
_REPORTS_A_METRE = {RING: 1.6, ARTERIAL: 2.2, SECONDARY: 1.6, LANE: 0.7}
_HOMES_M = 9.0
_KERB_M = 7.0


@dataclass(frozen=True)
class Places:
    """Where reports may lie, in EPSG:4326.

    Attributes:
        start: One end of each street segment, and building centres, shape (n, 2).
        way: From there to the other end, shape (n, 2); nothing for buildings.
        near_m: How far from the line reports scatter, shape (n,).
        share: Running total of how often each is reported from, ends with 1, shape (n,).
        edges: Lattice positions in the middle of borders between two duty grids, shape (e, 2).
        corners: Nodes where three or more duty grids meet, shape (c, 2).
        rim: Positions on the limit of the town, shape (r, 2), and `outward`, away from the town, one metre long.
    """

    start: Floats
    way: Floats
    near_m: Floats
    share: Floats
    edges: Floats
    corners: Floats
    rim: Floats
    outward: Floats

    def common(self, n: int, rng: np.random.Generator) -> Floats:
        """Positions of ordinary reports, shape (n, 2), as a phone gives them: six decimals."""
        of = np.minimum(np.searchsorted(self.share, rng.random(n)), len(self.share) - 1)
        at = self.start[of] + self.way[of] * rng.random((n, 1))
        at += rng.standard_normal((n, 2)) * self.near_m[of][:, None] / DEGREE_M
        return np.asarray(np.round(at, 6))

    def outside(self, n: int, rng: np.random.Generator, *, from_m: float, to_m: float) -> Floats:
        """Positions so far beyond the limit, shape (n, 2); most lie at the near end."""
        of = rng.integers(0, len(self.rim), n)
        away = from_m * (to_m / from_m) ** rng.random((n, 1))
        return np.asarray(np.round(self.rim[of] + self.outward[of] * away, 6))


def places(mesh: Mesh, duty: Ints, homes: Floats, rng: np.random.Generator) -> Places:
    """Choose the hot spots and gather the places.

    Args:
        mesh: The town's planar graph.
        duty: Duty grid of each face.
        homes: Centres of buildings in EPSG:4326, shape (n, 2).
        rng: The source of chance.
    """
    lines = np.flatnonzero((mesh.rank >= RING) & (mesh.rank < LIMIT))
    ends = mesh.nodes[mesh.segments[lines]]
    start = np.concatenate([ends[:, 0], homes])
    way = np.concatenate([ends[:, 1] - ends[:, 0], np.zeros_like(homes)])
    often = np.array([_REPORTS_A_METRE.get(rank, 0.0) for rank in range(LIMIT)])
    base = np.concatenate([mesh.length_m[lines] * often[mesh.rank[lines]] / 60, np.full(len(homes), 1.0)])
    heat = base * _heat(start + way / 2, rng)
    edges, corners = _borders(mesh, duty)
    rim, outward = _rim(mesh)
    return Places(
        start=start,
        way=way,
        near_m=np.r_[np.full(len(lines), _KERB_M), np.full(len(homes), _HOMES_M)],
        share=np.asarray(heat.cumsum() / heat.sum()),
        edges=edges,
        corners=corners,
        rim=rim,
        outward=outward,
    )


def _heat(at: Floats, rng: np.random.Generator) -> Floats:
    """How much more often a place is reported from than a quiet one: hot spots of all sizes, some of them fierce."""
    flat = at * DEGREE_M
    count = max(14, len(at) // 700)
    spots = flat[rng.choice(len(at), count, replace=False)]
    reach, strength = rng.uniform(60, 260, count), rng.lognormal(2.2, 0.7, count)
    nearest = shapely.STRtree(shapely.points(spots)).nearest(shapely.points(flat))
    distance = np.hypot(*(flat - spots[nearest]).T)
    return np.asarray(1 + strength[nearest] * np.exp(-((distance / reach[nearest]) ** 2)))


def _borders(mesh: Mesh, duty: NDArray[np.int64]) -> tuple[Floats, Floats]:
    left, right = mesh.sides.T
    border = (right >= 0) & (duty[left] != duty[np.maximum(right, 0)])
    nodes = mesh.segments[border]
    ends = mesh.nodes[nodes]
    middle = ends.mean(axis=1)
    # Only a middle that lies on the lattice is exactly on the border.
    exact = on_lattice(middle).all(axis=1) & (np.abs(ends[:, 1] - ends[:, 0]).max(axis=1) > 1e-5)
    meeting = np.flatnonzero(np.bincount(nodes.ravel(), minlength=len(mesh.nodes)) >= 3)
    return middle[exact], mesh.nodes[meeting]


def _rim(mesh: Mesh) -> tuple[Floats, Floats]:
    rim = mesh.nodes[mesh.segments[mesh.sides[:, 1] < 0]][:, 0]
    out = (rim - to_lattice(mesh.nodes.mean(axis=0))) * DEGREE_M
    return rim, out / np.hypot(*out.T)[:, None] / DEGREE_M

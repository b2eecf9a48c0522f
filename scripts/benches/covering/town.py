"""What coverage is measured on: walks along streets that run east and north, those streets, buildings beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from locating.ground import cells_of
from numpy.typing import NDArray

from gis.metric import to_metric

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]

SRID = 4547
_SEED = 11
_BLOCK_M = 90.0
_STEP_M = 12.0
# The error of a fix goes along with the one before it.
_NOISE_M, _MEMORY = 4.0, 0.9
_BUILDINGS_A_STREET = 5


@dataclass(frozen=True)
class Town:
    """Ground and where people went.

    Attributes:
        cells: Polygons (n,) in metres.
        legs: From x, y to x, y in metres (m, 4), track after track.
        track: Of each leg (m,).
        streets: Lines (s,) of a block each.
        buildings: Polygons (b,).
    """

    cells: Shapes
    legs: Floats
    track: Ints
    streets: Shapes
    buildings: Shapes


def town(home: Path, *, grids: int, tracks: int, fixes: int) -> Town:
    """The grids of the benchmark `locate` in metres, and walks over them."""
    rng = np.random.default_rng(_SEED)
    cells = to_metric(cells_of(home, grids), srid=SRID)
    middles = shapely.get_coordinates(shapely.centroid(cells))
    walks = [_walk(rng, middles, fixes) for _ in range(tracks)]
    legs = np.concatenate([np.hstack([walk[:-1], walk[1:]]) for walk in walks])
    streets = _streets(np.concatenate([walk[::200] for walk in walks]))
    return Town(cells, legs, np.repeat(np.arange(tracks), fixes - 1), streets, _buildings(rng, streets))


def _walk(rng: np.random.Generator, middles: Floats, fixes: int) -> Floats:
    """Fixes (n, 2) along blocks; at every second corner on average the walk may turn."""
    corners = int(fixes * _STEP_M / _BLOCK_M) + 2
    way = rng.integers(0, 4, corners)
    turns = np.flatnonzero(rng.random(corners) < 0.5)
    way = way[np.concatenate([[0], turns])][np.searchsorted(turns, np.arange(corners), side="right")]
    step = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])[way] * _BLOCK_M
    start = np.round(middles[rng.integers(len(middles))] / _BLOCK_M) * _BLOCK_M
    at = start + np.cumsum(np.vstack([[0, 0], step]), axis=0)
    metres, corner = np.arange(fixes) * _STEP_M, np.arange(len(at)) * _BLOCK_M
    noise = rng.normal(0, 1, (fixes, 2))
    for row in range(1, fixes):
        noise[row] = _MEMORY * noise[row - 1] + np.sqrt(1 - _MEMORY**2) * noise[row]
    return np.column_stack([np.interp(metres, corner, at[:, axis]) for axis in (0, 1)]) + _NOISE_M * noise


def _streets(places: Floats) -> Shapes:
    """The sides of the blocks around places, each once."""
    block = np.unique(np.floor(places / _BLOCK_M), axis=0)[:, None] + np.mgrid[-3:4, -3:4].reshape(2, -1).T
    corner = np.unique(block.reshape(-1, 2), axis=0) * _BLOCK_M
    ends = [np.stack([corner, corner + step], axis=1) for step in ([_BLOCK_M, 0], [0, _BLOCK_M])]
    return np.asarray(shapely.linestrings(np.concatenate(ends)))


def _buildings(rng: np.random.Generator, streets: Shapes) -> Shapes:
    """Rectangles up to a block away from their street."""
    at = np.repeat(shapely.get_coordinates(shapely.centroid(streets)), _BUILDINGS_A_STREET, axis=0)
    middle, half = at + rng.uniform(-70, 70, at.shape), rng.uniform(3, 15, at.shape)
    return np.asarray(shapely.box(*(middle - half).T, *(middle + half).T))


def kept(path: Path, make: Callable[[], Floats]) -> Floats:
    """What `make` gives, from a file where there is one that the same code wrote."""
    code = b"".join(file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py")))
    file = path.with_name(f"{path.name}-{hashlib.sha256(code).hexdigest()[:8]}.npy")
    if not file.exists():
        print(f"Making {path.name} (not timed)", flush=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in path.parent.glob(f"{path.name}-????????.npy"):
            old.unlink()
        np.save(file, make())
    return np.asarray(np.load(file))

"""What point location is measured on: irregular grids that tile a city, and clustered points in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray

from data.sample_town import tessellation as generator
from gis.crs import LATTICE, STORED_SRID, to_lattice

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Shapes = NDArray[np.object_]

CELL_M = 300.0
SEED = 7
_HOT_SPOTS = 5000
_HOT_SPOT_M = (60.0, 700.0)
_DEGREE_M = 110_940.0
# Every so manieth point lies on a vertex of a border, so that the border rule is put to the test.
_ON_A_VERTEX = 1000


@dataclass(frozen=True)
class Ground:
    """Grids and points.

    Attributes:
        cells: Polygons (n,) on the lattice, a valid coverage.
        grid_no: Their numbers (n,), in no order.
        lon: Degrees (m,), not on the lattice.
        lat: The same.
    """

    cells: Shapes
    grid_no: Ints
    lon: Floats
    lat: Floats

    @cached_property
    def rounded(self) -> Floats:
        """The points (m, 2) on the lattice, as peers get them: rounding is part of our time and not of theirs."""
        return np.c_[to_lattice(self.lon), to_lattice(self.lat)]

    @cached_property
    def places(self) -> Shapes:
        """The same as geometries (m,), made once for all engines of a process."""
        return np.asarray(shapely.points(self.rounded))

    @cached_property
    def frames(self) -> tuple[geopandas.GeoDataFrame, geopandas.GeoDataFrame]:
        """Points and grids as frames."""
        return (
            geopandas.GeoDataFrame({"point": np.arange(len(self.lon))}, geometry=self.places, crs=STORED_SRID),
            geopandas.GeoDataFrame({"grid_no": self.grid_no}, geometry=self.cells, crs=STORED_SRID),
        )

    def first(self, count: int) -> Ground:
        """The same grids with the first points only."""
        return Ground(self.cells, self.grid_no, self.lon[:count], self.lat[:count])


def ground(home: Path, grids: int, points: int, *, chunk: int = 0) -> Ground:
    """Grids and points, made once and then read from a file.

    Args:
        home: Where the files are kept.
        grids: How many.
        points: How many.
        chunk: Other points of the same city for each number.
    """
    cells = cells_of(home, grids)
    lon, lat = _kept(home / f"points-{grids}-{points}-{chunk}", lambda: clustered(cells, points, chunk=chunk))
    return Ground(cells, numbers(grids), lon, lat)


def cells_of(home: Path, grids: int) -> Shapes:
    """The grids alone."""

    def make() -> Shapes:
        return np.asarray(shapely.to_wkb(generator.tessellation(grids, seed=SEED, cell_m=CELL_M)))

    return np.asarray(shapely.from_wkb(_kept(home / f"cells-{grids}", make)))


def numbers(grids: int) -> Ints:
    """A number for each grid, in no order, so that the lowest number is not the first grid."""
    return (np.random.default_rng(SEED).permutation(grids) + 1).astype(np.int32)


def clustered(cells: Shapes, count: int, *, chunk: int) -> Floats:
    """Longitudes and latitudes (2, count): four of five around hot spots of uneven weight, the rest everywhere."""
    city, rng = np.random.default_rng(SEED), np.random.default_rng([SEED, chunk])
    boxes = shapely.bounds(cells)
    box = boxes[city.integers(0, len(cells), _HOT_SPOTS)]
    spots = city.uniform(box[:, :2], box[:, 2:])
    weight = city.pareto(1.3, _HOT_SPOTS) + 0.1
    narrow = np.cos(np.radians(spots[:, 1].mean()))
    spread = city.uniform(*_HOT_SPOT_M, _HOT_SPOTS)[:, None] / (_DEGREE_M * np.array([narrow, 1.0]))
    spot = rng.choice(_HOT_SPOTS, count, p=weight / weight.sum())
    xy = spots[spot] + rng.normal(size=(count, 2)) * spread[spot]
    everywhere = rng.random(count) < 0.2
    box = boxes[rng.integers(0, len(cells), int(everywhere.sum()))]
    xy[everywhere] = rng.uniform(box[:, :2], box[:, 2:])
    vertices = shapely.get_coordinates(cells)
    hit = xy[::_ON_A_VERTEX].shape
    near = rng.uniform(-0.4, 0.4, hit) * LATTICE
    xy[::_ON_A_VERTEX] = vertices[rng.integers(0, len(vertices), hit[0])] + near
    return np.ascontiguousarray(xy.T)


def _kept(path: Path, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """What `make` gives, from a file where there is one that the same code wrote."""
    code = Path(generator.__file__).read_bytes() + Path(__file__).read_bytes()
    file = path.with_name(f"{path.name}-{hashlib.sha256(code).hexdigest()[:8]}.npy")
    if not file.exists():
        print(f"Making {path.name} (not timed)", flush=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in path.parent.glob(f"{path.name}-????????.npy"):
            old.unlink()
        np.save(file, make(), allow_pickle=True)
    return np.asarray(np.load(file, allow_pickle=True))

"""The grids of a version with their neighbours, areas, and what is built in them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import numpy as np
from sqlalchemy.orm import Session

from gis.edges import Floats
from gis.kept import Kept
from gis.metric import area_m2
from gis.neighbours import Neighbours, shared_edges
from gis.ownership import NOBODY
from layers.grids.buildings import buildings_of
from layers.grids.versions import Cells, cells_of
from layers.hotspots.points import Ints, Points

_MOST_KEPT = 4


@dataclass(frozen=True, eq=False)
class Lattice:
    """Grids, which lie beside which, and how large each is in km² (g,)."""

    cells: Cells
    neighbours: Neighbours
    area_km2: Floats


@dataclass(frozen=True, eq=False)
class Built:
    """What is built in each grid, (g,) each: a building is in the grid that owns a place inside it.

    Attributes:
        households, people: As counted.
        unknown: In how many buildings of all grids nobody counted them, by name.
    """

    households: Ints
    people: Ints
    unknown: dict[str, int]


_LATTICES = Kept[Lattice](most=_MOST_KEPT)


def lattice_of(session: Session, points: Points) -> Lattice:
    """The grids of a question. The boundaries of a version never change, so they are read once."""
    scheme, version = points.meant.scheme, points.meant.version

    def made() -> Lattice:
        cells = cells_of(session, scheme, version=version.number)
        return Lattice(cells, shared_edges(cells.geom), area_m2(cells.geom, srid=scheme.metric_srid) / 1e6)

    key: tuple[UUID, int] = version.snapshot_id, scheme.metric_srid
    return _LATTICES.get(key, made)


def built_in(session: Session, points: Points) -> Built:
    """What is built in each grid of a question."""
    found = buildings_of(session, points.meant.scheme.tree)
    owner = np.asarray(points.ground.judge.owners(found.lon, found.lat), dtype=np.int64)
    grids = len(points.ground.grids.grid_id)
    inside = owner != NOBODY

    def summed(column: Ints) -> Ints:
        weights = column[inside].astype(np.float64)
        return np.rint(np.bincount(owner[inside], weights=weights, minlength=grids)).astype(np.int64)

    known = {"households": found.households_counted, "people": found.counted}
    unknown = {kind: int(np.count_nonzero(inside & ~counted)) for kind, counted in known.items()}
    return Built(summed(found.households), summed(found.people), unknown)

"""The blocks of a city that plans are made of, and what lies on each.

Where a city has none, the grids of its scheme of unit grids stand in, which duty grids are made of as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.tables import Atom, Boundary, Scheme
from gis.atoms import Ints, Links, homes, links, nearest, summed
from gis.atoms_between import Between
from gis.covering import Covering
from gis.crs import STORED_SRID
from gis.edges import Floats, Geometries
from gis.metric import area_m2
from gis.raster import Ints as Owners
from layers.errors import Conflict
from layers.rezoning.figures import COUNTED, Figures
from layers.rezoning.workspace import Workspace

# Kinds of schemes whose grids stand in for blocks, the better one first.
_STAND_INS = ("unit", "micro")
# Blocks that leave less of their grids open than this share fill them; the rest is what rounding leaves.
_FILLED = 1 - 1e-9


@dataclass(frozen=True)
class Blocks:
    """Blocks on the ground of some grids.

    Attributes:
        source: Where they come from: "atoms", or the name of the scheme whose grids stand in.
        id: Their ids there (n,).
        geom: Their polygons (n,) of EPSG:4326.
        home: Number of the grid that has more than half of each (n,).
        cells: The grids, number -> ground.
    """

    source: str
    id: Ints
    geom: Geometries
    home: Ints
    cells: Mapping[int, BaseGeometry]

    def of(self, rows: Ints) -> Blocks:
        """Some of the blocks."""
        return Blocks(self.source, self.id[rows], self.geom[rows], self.home[rows], self.cells)

    def between(self) -> Between | None:
        """The middle lines between the blocks; None where they fill their grids, so that there are none."""
        if len(self.id) < 2:
            return None
        ground = shapely.union_all([self.cells[number] for number in np.unique(self.home).tolist()])
        shapely.prepare(ground)
        inside = shapely.covers(ground, self.geom)
        astride = shapely.intersection(self.geom[~inside], ground)
        covered = shapely.area(self.geom[inside]).sum() + shapely.area(astride).sum()
        return None if covered >= ground.area * _FILLED else Between(self.geom)

    def links(self, between: Between | None, *, metric_srid: int) -> Links:
        """Which blocks lie beside each other, across streets too."""
        touching = links(self.geom, metric_srid=metric_srid)
        if between is None:
            return touching
        across = between.links(shapely.union_all(list(self.cells.values())))
        return summed(
            np.concatenate([touching.pairs, across.pairs]), np.concatenate([touching.border_m, across.border_m])
        )


def blocks_on(session: Session, scheme: Scheme, cells: Mapping[int, BaseGeometry]) -> Blocks:
    """The blocks that have more than half of their ground in one of some grids.

    Args:
        session: An open session.
        scheme: The scheme of the grids.
        cells: The grids, number -> ground.

    Raises:
        Conflict: `no_blocks`.
    """
    box = func.ST_MakeEnvelope(*shapely.total_bounds(list(cells.values())).tolist(), STORED_SRID)
    source, stand_in = _source(session, scheme)
    if stand_in is None:
        found = select(Atom.id, func.ST_AsBinary(Atom.geom)).where(
            Atom.tree == scheme.tree, Atom.geom.bool_op("&&")(box)
        )
        rows = session.execute(found.order_by(Atom.id)).all()
    else:
        grids = select(Boundary.grid_id, func.ST_AsBinary(Boundary.geom)).where(
            Boundary.scheme_id == stand_in, func.upper_inf(Boundary.valid), Boundary.geom.bool_op("&&")(box)
        )
        rows = session.execute(grids.order_by(Boundary.grid_id)).all()
    geom = shapely.from_wkb([bytes(row[1]) for row in rows])
    home = homes(geom, list(cells.values()))
    kept = home >= 0
    numbers = np.array(list(cells), dtype=np.int64)
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    return Blocks(source, ids[kept], np.asarray(geom[kept], dtype=np.object_), numbers[home[kept]], cells)


def _source(session: Session, scheme: Scheme) -> tuple[str, int | None]:
    """What the blocks of a scheme's city are: "atoms" and None, or name and id of the scheme that stands in."""
    if session.scalar(select(Atom.id).where(Atom.tree == scheme.tree).limit(1)) is not None:
        return "atoms", None
    others = session.execute(
        select(Scheme.kind, Scheme.name, Scheme.id)
        .where(Scheme.tree == scheme.tree, Scheme.id != scheme.id, Scheme.extent == "whole", Scheme.version > 0)
        .where(Scheme.kind.in_(_STAND_INS))
        .order_by(Scheme.id)
    ).all()
    if not others:
        raise Conflict(
            "no_blocks",
            f"Nothing is known of the blocks of '{scheme.tree}', and it has no unit grids; bring them in with "
            "gridkeeper import atoms.",
            field="tree",
            value=scheme.tree,
        )
    _, name, number = min(others, key=lambda row: _STAND_INS.index(row[0]))
    return name, number


def what_lies(
    workspace: Workspace,
    blocks: Blocks,
    grids: Mapping[int, BaseGeometry],
    home: Mapping[int, int],
    *,
    streets: bool,
    metric_srid: int,
) -> Figures:
    """What lies on each block and nearer to it than to any other of its grid, in the order of blocks.

    Args:
        workspace: Cases, buildings and streets of the city.
        blocks: The blocks.
        grids: The grids on whose ground things lie, number -> ground.
        home: Number of a grid -> the home of the blocks of which the nearest is meant.
        streets: Whether to measure streets, which takes longest; 0 m if not.
        metric_srid: EPSG code of the metric CRS.
    """
    cells = list(grids.values())
    lon, lat, counted = workspace.lying(tuple(shapely.total_bounds(cells).tolist()))
    found = Covering(cells, list(grids))
    rank: Owners = found.ranks(lon, lat)
    homes_of = np.array([home[number] for number in found.grid_no.tolist()] + [-1], dtype=np.int64)
    block = nearest(blocks.geom, blocks.home, lon, lat, homes_of[rank])
    on_one = block >= 0
    figures: dict[str, Floats] = {
        name: np.bincount(block[on_one], some[on_one], minlength=len(blocks.id)).astype(np.float64)
        for name, some in counted.items()
    }
    figures["area_m2"] = area_m2(blocks.geom, srid=metric_srid)
    figures["street_m"] = workspace.street_m(blocks.geom) if streets else np.zeros(len(blocks.id))
    return Figures(np.arange(len(blocks.id)), {name: figures[name] for name in COUNTED})

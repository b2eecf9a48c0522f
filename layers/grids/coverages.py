"""The ground of one version of a scheme, ready to place points in bulk.

The exact locator does it, from a file that all processes share; a scheme that the locator refuses is assigned in SQL.
"""

from __future__ import annotations

from dataclasses import dataclass

import shapely
from sqlalchemy.orm import Session

from data.snapshots import shared_coverage
from data.tables import Scheme
from gis.errors import GridError
from gis.ownership import Bounds, Coverage
from layers.grids.coverage_in_sql import CoverageInSql
from layers.grids.versions import Grids, Version, cells_of, grids_of

_REFUSALS = ("cells_overlap", "too_wide")


@dataclass(frozen=True)
class Ground:
    """A version's grids and what judges points by them; its indexes point into the grids.

    Attributes:
        grids: In the order of `grid_no`.
        judge: The locator, or SQL.
        bounds: West, south, east, north in degrees.
        remark: Why SQL has to do it, as a sentence; None with the locator.
    """

    grids: Grids
    judge: Coverage | CoverageInSql
    bounds: Bounds
    remark: str | None = None


def ground_of(session: Session, scheme: Scheme, version: Version) -> Ground:
    """The ground of a scheme in one version.

    Args:
        session: For a scheme that is assigned in SQL the ground lasts as long as this session's transaction.
        scheme: The scheme.
        version: One of its versions.
    """

    def build() -> Coverage:
        cells = cells_of(session, scheme, version=version.number)
        return Coverage(cells.geom, cells.grid_no, metric_srid=scheme.metric_srid)

    try:
        coverage = shared_coverage(f"{version.snapshot_id}-{scheme.metric_srid}", build)
    except GridError as error:
        if error.code not in _REFUSALS:
            raise
        return _in_sql(session, scheme, version.number, why=error.detail)
    return Ground(grids_of(session, scheme, version=version.number), coverage, coverage.bounds)


def _in_sql(session: Session, scheme: Scheme, version: int, *, why: str) -> Ground:
    cells = cells_of(session, scheme, version=version)
    judge = CoverageInSql(session, scheme, version, cells)
    west, south, east, north = shapely.total_bounds(cells.geom).tolist()
    bounds = (west, south, east, north)
    return Ground(cells, judge, bounds, f"Scheme '{scheme.name}' is assigned in SQL, which is slower: {why}")

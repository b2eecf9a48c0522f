"""The border rule in SQL for many points, for a version whose cells overlap or are spread too wide for arrays."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.copying import copy_columns
from data.sql import statement
from data.tables import Scheme
from gis.edges import Floats
from gis.metric import points_to_metric
from gis.ownership import NOBODY, Judgement
from layers.grids.versions import Cells


class CoverageInSql:
    """The cells of one version, staged in the session's transaction, to judge points by the border rule in chunks.

    It writes temporary tables only and takes no lock that a publication waits for. Whatever ends the transaction
    ends it too.

    Args:
        session: Where points are judged, one chunk at a time.
        scheme: The scheme.
        version: Number of the version.
        cells: Its cells; all indexes point into them.
    """

    def __init__(self, session: Session, scheme: Scheme, version: int, cells: Cells) -> None:
        self._session = session
        self._srid = scheme.metric_srid
        self._key = {"scheme_id": scheme.id, "version": version}
        self._index: dict[int | None, int] = {grid_id: at for at, grid_id in enumerate(cells.grid_id.tolist())}
        self._index[None] = NOBODY
        session.execute(text("SET LOCAL jit = off"))
        session.execute(statement("stage_coverage"), {**self._key, "srid": self._srid})

    def owners(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.int64]:
        """Index (n,) of the owning cell of each point, -1 outside; lon and lat are lattice degrees (n,)."""
        return self.judge(lon, lat, near_limit_m=0, far_limit_m=None).own

    def judge(
        self,
        lon: ArrayLike,
        lat: ArrayLike,
        *,
        near_limit_m: float,
        far_limit_m: float | None,
        metric: tuple[Floats, Floats] | None = None,
    ) -> Judgement:
        """Judge points as `gis.ownership` says; arguments as there."""
        # Not in SQL: there a point that the metric CRS does not reach is an error that ends the transaction.
        x, y = metric or points_to_metric(lon, lat, srid=self._srid)
        self._stage(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64), x, y)
        limits = {"near_limit_m": near_limit_m, "far_limit_m": far_limit_m}
        rows = self._session.execute(statement("place_points"), self._key | limits).all()
        own, edge_m, near, second, nearest, outside_m = zip(*rows, strict=True) if rows else [()] * 6
        outside = np.array(outside_m, dtype=np.float64)
        return Judgement(
            own=self._indexes(own),
            edge_distance_m=np.array(edge_m, dtype=np.float64),
            near_border=np.array(near, dtype=np.bool_),
            second=self._indexes(second),
            nearest=self._indexes(nearest),
            outside_m=outside,
            far=np.zeros(len(rows), dtype=np.bool_) if far_limit_m is None else outside > far_limit_m,
        )

    def _stage(self, lon: Floats, lat: Floats, x: Floats, y: Floats) -> None:
        out_of_reach = ~(np.isfinite(x) & np.isfinite(y))
        columns = {
            "row_no": np.arange(len(lon)),
            "lon": lon,
            "lat": lat,
            "x_m": pa.array(x, mask=out_of_reach),
            "y_m": pa.array(y, mask=out_of_reach),
        }
        self._session.execute(text("TRUNCATE placing_points"))
        copy_columns(self._session, "placing_points", columns)
        self._session.execute(text("ANALYZE placing_points (row_no)"))

    def _indexes(self, grid_ids: tuple[int | None, ...]) -> NDArray[np.int64]:
        return np.array([self._index[grid_id] for grid_id in grid_ids], dtype=np.int64)

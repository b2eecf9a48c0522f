"""Cases as a table for other programs: how each one was placed comes first."""

from __future__ import annotations

import geopandas
from sqlalchemy.orm import Session

from layers import features

FIRST = ("source_id", "grid_code", "near_border", "edge_distance_m", "second_grid_code", "outside_m")


def case_table(session: Session, *, scheme: str | None = None) -> geopandas.GeoDataFrame:
    """All cases, or those that one scheme routes, with the placement columns of `FIRST` first."""
    frame = features.frame(session, "cases", filters={"scheme": scheme})
    rest = [name for name in frame.columns if name not in FIRST]
    return frame[[*FIRST, *rest]]

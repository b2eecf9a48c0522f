"""Many points summed up in squares, for pages that must carry their data."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd

from gis.crs import WEB_SRID

_PER_SIDE = 48


def binned(cases: geopandas.GeoDataFrame) -> tuple[geopandas.GeoDataFrame, float]:
    """Squares of points: their mean position, `count`, and the commonest `state` (the first by name if tied).

    Args:
        cases: Points in EPSG:4326 with a column `state`; at least one.

    Returns:
        One point for each square that holds cases, in EPSG:4326; the side of the squares in metres on the ground.

    >>> points = geopandas.points_from_xy([113.60, 113.60001, 113.70], [34.70, 34.70, 34.80])
    >>> frame = geopandas.GeoDataFrame({"state": ["a", "a", "b"]}, geometry=points, crs=4326)
    >>> bins, size_m = binned(frame)
    >>> sorted(bins["count"]), sorted(bins["state"]), round(size_m)
    ([1, 2], ['a', 'b'], 232)
    """
    flat = cases.geometry.to_crs(WEB_SRID)
    x, y = flat.x.to_numpy(), flat.y.to_numpy()
    side = max(np.ptp(x), np.ptp(y), 1.0) / _PER_SIDE
    frame = pd.DataFrame(
        {"column": np.floor((x - x.min()) / side), "row": np.floor((y - y.min()) / side), "x": x, "y": y}
    )
    frame["state"] = cases["state"].to_numpy()
    squares = frame.groupby(["column", "row"], as_index=False).agg(
        x=("x", "mean"),
        y=("y", "mean"),
        count=("x", "size"),
        state=("state", lambda found: found.mode().iloc[0]),
    )
    points = geopandas.GeoDataFrame(
        squares[["count", "state"]],
        geometry=geopandas.points_from_xy(squares["x"], squares["y"]),
        crs=WEB_SRID,
    )
    latitude = float(cases.geometry.y.mean())
    # Web Mercator stretches lengths by 1 / cos(latitude).
    return points.to_crs(cases.crs), side * float(np.cos(np.radians(latitude)))

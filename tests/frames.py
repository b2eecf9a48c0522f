"""Small GeoDataFrames of grids and cases for tests of maps."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import shapely

_WEST, _SOUTH, _SIDE = 113.625, 34.75, 2.0**-8


def town_frames(*, cases: int, hostile: str = "litter") -> tuple[geopandas.GeoDataFrame, geopandas.GeoDataFrame]:
    """Six square grids in two rows and some cases inside them, the same ones each time."""
    corners = [(_WEST + _SIDE * (no % 3), _SOUTH + _SIDE * (no // 3)) for no in range(6)]
    grids = geopandas.GeoDataFrame(
        {"grid_no": range(1, 7), "code": [f"G{no}" for no in range(1, 7)], "name": [f"网格{no}" for no in range(1, 7)]},
        geometry=[shapely.box(x, y, x + _SIDE, y + _SIDE) for x, y in corners],
        crs=4326,
    )
    chance = np.random.default_rng(1)
    across, up = chance.uniform(0.01, 2.99, cases), chance.uniform(0.01, 1.99, cases)
    owner = np.floor(across) + 3 * np.floor(up) + 1
    found = geopandas.GeoDataFrame(
        {
            "number": [f"C-{no}" for no in range(cases)],
            "state": chance.choice(["reported", "handling", "archived"], cases),
            "category": hostile,
            "occurred_at": pd.date_range("2026-05-01", periods=cases, freq="h", tz="UTC"),
            "grid_code": [f"G{int(no)}" for no in owner],
            "near_border": False,
        },
        geometry=geopandas.points_from_xy(_WEST + _SIDE * across, _SOUTH + _SIDE * up),
        crs=4326,
    )
    return grids, found

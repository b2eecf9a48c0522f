"""GeoDataFrames as pages carry them: checked, in the stored CRS, and as GeoJSON."""

from __future__ import annotations

import json
from typing import Any

import geopandas
import pandas as pd

from gis.crs import STORED_SRID
from gis.errors import BadInput


def ready(frame: geopandas.GeoDataFrame, what: str, needed: tuple[str, ...]) -> geopandas.GeoDataFrame:
    """A frame in the stored CRS, with the columns that a map cannot do without.

    Raises:
        BadInput: `missing_column` or `missing_crs`.
    """
    for column in needed:
        if column not in frame.columns:
            raise BadInput(
                "missing_column",
                f"The frame {what!r} has no column {column!r}, which the map needs.",
                field=column,
                values={"columns": [str(name) for name in frame.columns]},
            )
    if frame.crs is None:
        raise BadInput("missing_crs", f"The frame {what!r} has no CRS; set one with set_crs().", field=what)
    return frame.to_crs(STORED_SRID)


def features_of(frame: geopandas.GeoDataFrame, columns: tuple[str, ...]) -> dict[str, Any]:
    """GeoJSON of the known columns; 6 decimals of a degree are 11 cm, and missing values become null."""
    kept = frame[[name for name in columns if name in frame.columns]].copy()
    for name in kept.columns:
        if isinstance(kept[name].dtype, pd.DatetimeTZDtype):
            kept[name] = kept[name].map(pd.Timestamp.isoformat, na_action="ignore")
    records = json.loads(kept.to_json(orient="records", force_ascii=False))
    shapes = json.loads(frame.geometry.to_json(drop_id=True))["features"]
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {**one["geometry"], "coordinates": _rounded(one["geometry"]["coordinates"])},
                "properties": record,
            }
            for one, record in zip(shapes, records, strict=True)
        ],
    }


def _rounded(coordinates: list[Any]) -> list[Any]:
    if coordinates and isinstance(coordinates[0], list):
        return [_rounded(part) for part in coordinates]
    return [round(value, 6) for value in coordinates]

"""GeoJSON read strictly: a feature that is not right loses its shape and keeps its row, the others are kept whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS

from data.readers.archives import byte_blocks, corrupt
from data.readers.encodings import utf8_blocks
from data.readers.reference import named_crs
from gis.crs import STORED_SRID
from gis.errors import BadInput

MAX_BYTES = 512 * 10**6
_SHAPES = {
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
}  # fmt: skip


def read_geojson(path: Path, *, encoding: str | None, given: CRS | None) -> gpd.GeoDataFrame:
    """Read a FeatureCollection, a Feature or a bare geometry.

    Args:
        path: The file; at most 512 MB, since it is parsed as a whole.
        encoding: What it is in; UTF-8 when not given.
        given: What the caller says its reference system is.

    Returns:
        One row a feature; columns `geometry` and the properties (objects and lists as JSON text), and `id` where
        features have one and no property is so named. `attrs["unreadable"]` maps the row number of each
        feature whose geometry was refused to the reason in words; its geometry is None. `crs` is EPSG:4326
        unless the file has the old `crs` member or, having none, the caller says otherwise; None where that
        member is null.

    Raises:
        BadInput: `file_corrupt`, `file_too_large`, `crs_unknown`, and those of `utf8_blocks`.
    """
    if path.stat().st_size > MAX_BYTES:
        detail = f"{path.name} is larger than {MAX_BYTES // 10**6} MB; save it as GeoPackage and give that."
        raise BadInput("file_too_large", detail, field="file", value=path.name)
    text = b"".join(utf8_blocks(byte_blocks(path), encoding=encoding, file=path.name))
    try:
        root = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise corrupt(path.name, f"it is not JSON ({error})") from error
    features = _features(root, path.name)
    shapes = [_geometry(feature) for feature in features]
    geoms = shapely.from_geojson([json.dumps(shape) if shape else None for shape in shapes], on_invalid="ignore")
    frame = gpd.GeoDataFrame(_columns(features), geometry=geoms, crs=_declared_crs(root, given))
    frame.attrs["unreadable"] = {
        row_no: _reason(feature)
        for row_no, (feature, geom) in enumerate(zip(features, geoms, strict=True), start=1)
        if geom is None and not _is_plain_null(feature)
    }
    return frame


def _features(root: object, file: str) -> list[Any]:
    kind = root.get("type") if isinstance(root, dict) else None
    if isinstance(root, dict) and kind == "FeatureCollection":
        features = root.get("features")
        if isinstance(features, list):
            return features
        raise corrupt(file, "it is a FeatureCollection without a list of features")
    if isinstance(root, dict) and kind == "Feature":
        return [root]
    if isinstance(root, dict) and isinstance(kind, str) and kind in _SHAPES:
        return [{"type": "Feature", "geometry": root, "properties": {}}]
    raise corrupt(file, f"it is JSON but not GeoJSON (its type is {str(kind)[:40]})")


def _geometry(feature: object) -> Any:
    return feature.get("geometry") if isinstance(feature, dict) and feature.get("type") == "Feature" else None


def _is_plain_null(feature: object) -> bool:
    return isinstance(feature, dict) and feature.get("type") == "Feature" and feature.get("geometry") is None


def _reason(feature: object) -> str:
    shape = _geometry(feature)
    if shape is None:
        return "It is not a Feature."
    kind = shape.get("type") if isinstance(shape, dict) else None
    if kind not in _SHAPES:
        return f"Its geometry has no type that GeoJSON knows ({str(kind)[:40]})."
    return f"The coordinates of its {kind} are not as GeoJSON wants them (numbers, enough points, closed rings)."


def _columns(features: list[Any]) -> pd.DataFrame:
    records = [_properties(feature) for feature in features]
    names = dict.fromkeys(name for record in records for name in record)
    ids = [feature.get("id") if isinstance(feature, dict) else None for feature in features]
    columns = {name: _column([record.get(name) for record in records]) for name in names}
    if "id" not in names and any(value is not None for value in ids):
        columns = {"id": _column(ids), **columns}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(features)))


def _properties(feature: object) -> dict[str, Any]:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    pairs = properties.items() if isinstance(properties, dict) else ()
    return {name if name != "geometry" else "geometry_in_file": value for name, value in pairs}


def _column(values: list[Any]) -> pd.Series:
    flat = [json.dumps(v, ensure_ascii=False) if isinstance(v, dict | list) else v for v in values]
    kinds = {type(value) for value in flat if value is not None}
    if kinds == {int} and all(value is None or -(2**63) <= int(value) < 2**63 for value in flat):
        # Codes with a gap must not turn into fractions.
        return pd.Series(flat, dtype="Int64" if None in flat else "int64")
    return pd.Series(flat, dtype="str" if kinds == {str} else None)


def _declared_crs(root: dict[str, Any], given: CRS | None) -> CRS | None:
    if "crs" not in root:
        return given or CRS.from_epsg(STORED_SRID)
    member = root["crs"]
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    return named_crs(name) if isinstance(name, str) else None

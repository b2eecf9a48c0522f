"""What was published: version by version, what changed between two of them, whose a place was when."""

from __future__ import annotations

from typing import Any

import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Row
from sqlalchemy.orm import Session

from data.sql import statement
from data.tables import Scheme
from gis.datum import to_position
from gis.difference import Transfer, transfers
from layers.grids.schemes import scheme_named
from layers.grids.versions import version_numbered


def versions(session: Session, scheme: str) -> dict[str, Any]:
    """All versions of a scheme, oldest first: since when, who, why, how many grids it added, changed and ended.

    Raises:
        NotFound: `unknown_scheme`.
    """
    found = scheme_named(session, scheme)
    rows = session.execute(statement("versions"), {"scheme_id": found.id}).mappings()
    return {
        "scheme": found.name,
        "scheme_id": found.id,
        "newest": found.version,
        "versions": [dict(row) for row in rows],
    }


def changed_grids(session: Session, scheme: Scheme, before: int, after: int) -> list[dict[str, Any]]:
    """The grids whose ground differs between two versions: `status` is added, changed or ended."""
    return [_told(row) for row in _changed(session, scheme, before, after)]


def differences(session: Session, scheme: str, *, before: int, after: int) -> dict[str, Any]:
    """What is different in a version from another: the ground that changed hands as GeoJSON, and the grids as a table.

    Args:
        session: An open session.
        scheme: Name of the scheme.
        before: The one version.
        after: The other; it may be the older.

    Raises:
        NotFound: `unknown_scheme`, `unknown_version`.
    """
    found = scheme_named(session, scheme)
    for number in (before, after):
        version_numbered(session, found, number)
    rows = _changed(session, found, before, after)
    old = {row.grid_no: _shape(row.geom_before) for row in rows if row.geom_before is not None}
    new = {row.grid_no: _shape(row.geom_after) for row in rows}
    named = {row.grid_no: {"grid_no": row.grid_no, "code": row.code, "name": row.name} for row in rows}
    handed = transfers(old, new, metric_srid=found.metric_srid)
    return {
        "type": "FeatureCollection",
        "scheme": found.name,
        "from": before,
        "to": after,
        "features": [_feature(one, named) for one in handed],
        "grids": [_told(row) for row in rows],
    }


def history_of_place(session: Session, lon: float, lat: float, *, datum: str, scheme: str) -> dict[str, Any]:
    """Whose a place was, version by version, and who led there then.

    Args:
        session: An open session.
        lon: Longitude or easting in the declared datum.
        lat: Latitude or northing.
        datum: The declared datum.
        scheme: Name of the scheme.

    Raises:
        NotFound: `unknown_scheme`.
        BadInput: The position cannot be used.
    """
    found = scheme_named(session, scheme)
    position = to_position(lon, lat, datum=datum)
    values = {"scheme_id": found.id, "lon": position.lon, "lat": position.lat}
    rows = session.execute(statement("point_history"), values).mappings()
    return {
        "scheme": found.name,
        "position": {"lon": position.lon, "lat": position.lat},
        "versions": [dict(row) for row in rows],
    }


def _changed(session: Session, scheme: Scheme, before: int, after: int) -> list[Row[Any]]:
    values = {"scheme_id": scheme.id, "before": before, "after": after}
    return list(session.execute(statement("changed_grids"), values))


def _told(row: Row[Any]) -> dict[str, Any]:
    return {
        "grid_no": row.grid_no,
        "code": row.code,
        "name": row.name,
        "status": row.status,
        "area_m2_before": row.area_m2_before,
        "area_m2_after": row.area_m2_after,
    }


def _feature(one: Transfer, named: dict[int, dict[str, Any]]) -> dict[str, Any]:
    sides = {"from": one.giver, "to": one.taker}
    return {
        "type": "Feature",
        "geometry": mapping(one.shape),
        "properties": {
            **{side: None if number is None else named[number] for side, number in sides.items()},
            "area_m2": round(one.area_m2, 1),
        },
    }


def _shape(wkb: bytes | None) -> BaseGeometry | None:
    return None if wkb is None else shapely.from_wkb(bytes(wkb))

"""Schemes: found by name, made at first import with the metric CRS and time zone of their place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import geopandas
from pyproj import CRS
from pyproj.exceptions import CRSError
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables import Scheme
from data.tables.ground import EXTENTS, SCHEME_KINDS
from gis.crs import STORED_SRID, metric_srid, time_zone
from gis.errors import BadInput
from layers.errors import Conflict, NotFound

DEFAULT_SCHEME = "duty"


@dataclass(frozen=True, kw_only=True)
class SchemeSpec:
    """What a planner says of a scheme; what is None keeps, or for a new scheme takes, its usual value.

    Raises:
        BadInput: `bad_distance`.
    """

    name: str
    tree: str | None = None
    title: str | None = None
    kind: str | None = None
    extent: str | None = None
    priority: int | None = None
    metric_srid: int | None = None
    time_zone: str | None = None
    near_limit_m: float | None = None
    far_limit_m: float | None = None

    def __post_init__(self) -> None:
        for field in ("near_limit_m", "far_limit_m"):
            value = getattr(self, field)
            if value is not None and not 0 <= value < math.inf:
                raise BadInput(
                    "bad_distance",
                    f"{field} is {value}; give a distance in metres, 0 or more.",
                    field=field,
                    value=value,
                )


def scheme_named(session: Session, name: str) -> Scheme:
    """The scheme of that name.

    Raises:
        NotFound: There is none; the sentence lists those there are.
    """
    found = session.scalar(select(Scheme).where(Scheme.name == name))
    if found is None:
        known = ", ".join(session.scalars(select(Scheme.name).order_by(Scheme.name))) or "none yet"
        raise NotFound(
            "unknown_scheme",
            f"There is no scheme named '{name}'. Known: {known}.",
            field="scheme",
            value=name,
        )
    return found


def city_schemes(session: Session, routing: Scheme) -> list[Scheme]:
    """The routing scheme first, then the other schemes of its city, highest priority first."""
    others = session.scalars(
        select(Scheme)
        .where(Scheme.tree == routing.tree, Scheme.id != routing.id)
        .order_by(Scheme.priority.desc(), Scheme.id)
    )
    return [routing, *others]


def clock_of(session: Session, name: str, *, ground: geopandas.GeoDataFrame) -> str:
    """The time zone of a scheme, or the one a scheme yet to be made of this ground will keep."""
    known = session.scalar(select(Scheme.time_zone).where(Scheme.name == name))
    if known is not None:
        return known
    west, south, east, north = ground.to_crs(STORED_SRID).total_bounds
    return time_zone((west + east) / 2, (south + north) / 2)


def make_scheme(session: Session, spec: SchemeSpec, *, lon: float, lat: float) -> Scheme:
    """A new scheme; what the spec leaves open is chosen from the position of its ground.

    Args:
        session: An open session.
        spec: What is asked for.
        lon: Degrees east of the middle of its ground.
        lat: Degrees north.
    """
    values: dict[str, Any] = {
        "tree": spec.name,
        "title": spec.name,
        "kind": spec.name if spec.name in SCHEME_KINDS else "beats",
        "extent": "whole",
        "metric_srid": spec.metric_srid or metric_srid(lon, lat),
        "time_zone": spec.time_zone or time_zone(lon, lat),
        **_said(spec),
    }
    _require_one_of("kind", values["kind"], SCHEME_KINDS)
    _require_one_of("extent", values["extent"], EXTENTS)
    require_zone(values["time_zone"])
    _require_metric(values["metric_srid"])
    scheme = Scheme(name=spec.name, **values)
    session.add(scheme)
    session.flush()
    return scheme


def require_as_stored(scheme: Scheme, spec: SchemeSpec) -> None:
    """Refuse a spec that says something else than the scheme that is there: its cases were judged by what it has.

    Raises:
        Conflict: `scheme_differs`, with the field, what is stored and what was given.
    """
    for field, given in _said(spec).items():
        stored = getattr(scheme, field)
        if given != stored:
            raise Conflict(
                "scheme_differs",
                f"Scheme '{scheme.name}' has the {field} {stored}, and {given} was given. Leave that out, or import "
                "into a scheme of another name.",
                field=field,
                value=given,
                values={"stored": stored},
            )


def _said(spec: SchemeSpec) -> dict[str, Any]:
    """What a spec says besides the name."""
    return {field: value for field, value in vars(spec).items() if field != "name" and value not in (None, "")}


def _require_one_of(field: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise BadInput(
            "unknown_word",
            f"'{value}' is no {field}; known: {', '.join(known)}.",
            field=field,
            value=value,
        )


def require_zone(zone: str) -> None:
    """Refuse a word that is no time zone."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadInput(
            "unknown_time_zone",
            f"'{zone}' is no IANA time zone; an example is Asia/Shanghai.",
            field="time_zone",
            value=zone,
        ) from error


def _require_metric(srid: int) -> None:
    try:
        crs = CRS.from_epsg(srid)
    except CRSError as error:
        raise BadInput("unknown_crs", f"EPSG:{srid} is not known.", field="metric_srid", value=srid) from error
    if not crs.is_projected or {axis.unit_name for axis in crs.axis_info} != {"metre"}:
        raise BadInput(
            "not_metric",
            f"EPSG:{srid} ({crs.name}) does not measure in metres on the plane.",
            field="metric_srid",
            value=srid,
        )

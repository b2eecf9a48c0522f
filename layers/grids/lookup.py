"""Where one point lies: the grid that owns it in each scheme of its city, at an instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shapely import Point
from sqlalchemy.orm import Session

from data.prepared import execute_prepared
from gis.errors import BadInput
from layers.errors import NotFound


@dataclass(frozen=True)
class GridRef:
    """A grid as people name it."""

    id: int
    grid_no: int
    code: str
    name: str


@dataclass(frozen=True)
class Place:
    """Where a point lies in one scheme; distances in metres, rounded to the millimetre.

    Exactly one of `grid` and `outside_m` is None in a whole scheme; in a partial scheme both may be:
    the scheme has nothing to say there. `city_versions` is the newest version of each scheme of the city, by id, when
    the place was looked up: what a write that rests on it is judged by.
    """

    scheme_id: int
    scheme: str
    tree: str
    extent: str
    priority: int
    time_zone: str
    version: int
    grid: GridRef | None
    edge_distance_m: float | None = None
    near_border: bool = False
    second: GridRef | None = None
    nearest: GridRef | None = None
    outside_m: float | None = None
    today_grid_id: int | None = None
    city_versions: dict[int, int] = field(default_factory=dict, compare=False)

    @property
    def covers(self) -> bool:
        """Whether the scheme says anything about the point."""
        return self.grid is not None or self.extent == "whole"


def places_at(session: Session, lon: float, lat: float, *, at: datetime, scheme: str) -> list[Place]:
    """Where a point lies in the named scheme (first) and in the other schemes of its city: one query.

    Args:
        session: An open session.
        lon: Degrees east on the lattice.
        lat: Degrees north on the lattice.
        at: The instant whose boundaries judge.
        scheme: Name of the scheme that routes.

    Raises:
        NotFound: No such scheme.
        BadInput: The scheme had no boundaries then, or the point is farther away than its far limit.
    """
    rows = execute_prepared(session, "grid_at", {"lon": lon, "lat": lat, "at": at, "scheme": scheme})
    if not rows:
        raise NotFound("unknown_scheme", f"There is no scheme named '{scheme}'.", field="scheme", value=scheme)
    routing = rows[0]
    if routing.version is not None and routing.extent == "partial" and routing.grid_id is None:
        raise BadInput(
            "not_covered",
            f"Scheme '{scheme}' is partial and has no grid here; ask with a scheme that covers the whole city.",
            field="scheme",
            value=scheme,
            where=Point(lon, lat),
        )
    if routing.version is None or (routing.grid_id is None and routing.nearest_grid_id is None):
        raise BadInput(
            "no_boundaries_then",
            f"Scheme '{scheme}' had no boundaries at {at.isoformat()}.",
            field="at",
            value=at.isoformat(),
        )
    outside_m = routing.outside_m
    if outside_m is not None and outside_m > routing.far_limit_m:
        raise BadInput(
            "too_far",
            f"The place is {outside_m / 1000:.1f} km outside scheme '{scheme}'; the limit is "
            f"{routing.far_limit_m / 1000:.1f} km.",
            field="position",
            value=f"{lon}, {lat}",
            where=Point(lon, lat),
            values={"outside_m": outside_m, "far_limit_m": routing.far_limit_m},
        )
    return [_place(row, instead=routing.today_grid_id) for row in rows if row.version is not None]


def _place(row: Any, *, instead: int | None) -> Place:
    """A row as a place; where its scheme has no ground today the task goes to the grid `instead`."""
    return Place(
        scheme_id=row.scheme_id,
        scheme=row.scheme,
        tree=row.tree,
        extent=row.extent,
        priority=row.priority,
        time_zone=row.time_zone,
        version=row.version,
        grid=_grid(row.grid_id, row.grid_no, row.code, row.grid_name),
        edge_distance_m=row.edge_distance_m,
        near_border=row.near_border,
        second=_grid(row.second_grid_id, row.second_grid_no, row.second_code, row.second_name),
        nearest=_grid(row.nearest_grid_id, row.nearest_grid_no, row.nearest_code, row.nearest_name),
        outside_m=row.outside_m,
        today_grid_id=row.today_grid_id or instead,
        city_versions={int(scheme_id): version for scheme_id, version in row.city_versions.items()},
    )


def _grid(id_: int | None, grid_no: int, code: str, name: str) -> GridRef | None:
    return None if id_ is None else GridRef(id_, grid_no, code, name)

"""Where many points lie: every scheme of the city, each point by the boundaries of its own instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from data.tables import Scheme
from gis.metric import points_to_metric
from gis.ownership import Bounds
from layers.grids.coverages import Ground, ground_of
from layers.grids.lookup import GridRef, Place
from layers.grids.schemes import city_schemes
from layers.grids.versions import Version, versions_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass
class Placements:
    """Where n points lie in one scheme; grid ids are -1 and distances NaN where there is none.

    Attributes:
        scheme: The scheme.
        version: Version that judged, 0 where the scheme had none then, shape (n,).
        grid_id, nearest_id, second_id: Grids, shape (n,).
        edge_distance_m, outside_m: Metres, shape (n,).
        near_border: Shape (n,).
        current: Whether the owning grid still has ground today, shape (n,).
    """

    scheme: Scheme
    version: Ints
    grid_id: Ints
    nearest_id: Ints
    second_id: Ints
    edge_distance_m: Floats
    outside_m: Floats
    near_border: Bools
    current: Bools

    def __post_init__(self) -> None:
        self.scheme_id = self.scheme.id

    def keep(self, good: Bools) -> None:
        """Drop the rows outside a mask."""
        for name in (
            "version",
            "grid_id",
            "nearest_id",
            "second_id",
            "edge_distance_m",
            "outside_m",
            "near_border",
            "current",
        ):
            setattr(self, name, getattr(self, name)[good])

    @property
    def covers(self) -> Bools:
        """Where the scheme had boundaries then and has something to say."""
        return (self.version > 0) & ((self.grid_id >= 0) | (self.scheme.extent == "whole"))


class Placer:
    """Places points in a routing scheme and the other schemes of its city; coverages are built once a version."""

    def __init__(self, session: Session, routing: Scheme, *, only: Scheme | None = None) -> None:
        self._session = session
        self._now = np.array([datetime.now(UTC).replace(tzinfo=None)], dtype="datetime64[us]")
        self.schemes = [only] if only else city_schemes(session, routing)
        # Read before the boundaries: what is published in between then counts as newer, never as known.
        self.newest = {s.id: s.version for s in self.schemes}
        self._versions: dict[int, list[Version]] = {s.id: versions_of(session, s.id) for s in self.schemes}
        # Read once: attributes of mapped objects are slow, and a bulk import asks for them by the hundred thousand.
        self._facts: dict[int, dict[str, Any]] = {
            s.id: {
                "scheme_id": s.id,
                "scheme": s.name,
                "tree": s.tree,
                "extent": s.extent,
                "priority": s.priority,
                "time_zone": s.time_zone,
            }
            for s in self.schemes
        }
        self._grounds: dict[tuple[int, int], Ground] = {}
        self.names: dict[int, GridRef] = {}

    def get_ready(self, scheme: Scheme) -> Bounds:
        """Have a scheme's newest ground at hand before the first point comes; its west, south, east and north."""
        return self._ground(scheme, self._versions[scheme.id][-1].number).bounds

    @property
    def remarks(self) -> list[str]:
        """What a person should know of how the points were placed."""
        return [ground.remark for ground in self._grounds.values() if ground.remark]

    def place(self, lon: Floats, lat: Floats, at: NDArray[np.datetime64]) -> list[Placements]:
        """Place n points, routing scheme first.

        Args:
            lon: Degrees on the lattice, shape (n,).
            lat: The same.
            at: UTC instants whose boundaries judge, shape (n,).
        """
        srids = {scheme.metric_srid for scheme in self.schemes}
        metric = {srid: points_to_metric(lon, lat, srid=srid) for srid in srids}
        return [self._place_in(scheme, lon, lat, at, metric[scheme.metric_srid]) for scheme in self.schemes]

    def _place_in(
        self, scheme: Scheme, lon: Floats, lat: Floats, at: NDArray[np.datetime64], metric: tuple[Floats, Floats]
    ) -> Placements:
        n = len(lon)
        out = Placements(
            scheme=scheme,
            version=self._version_at(scheme, at),
            grid_id=np.full(n, -1),
            nearest_id=np.full(n, -1),
            second_id=np.full(n, -1),
            edge_distance_m=np.full(n, np.nan),
            outside_m=np.full(n, np.nan),
            near_border=np.zeros(n, dtype=bool),
            current=np.ones(n, dtype=bool),
        )
        today = self._version_today(scheme)
        for number in np.flatnonzero(np.bincount(out.version, minlength=1)[1:]) + 1:
            ground = self._ground(scheme, int(number))
            rows = np.flatnonzero(out.version == number)
            far_m = scheme.far_limit_m if scheme.extent == "whole" else None
            found = ground.judge.judge(
                lon[rows],
                lat[rows],
                near_limit_m=scheme.near_limit_m,
                far_limit_m=far_m,
                metric=(metric[0][rows], metric[1][rows]),
            )
            grid_id = np.append(ground.grids.grid_id, -1)  # index -1 reads the last: no grid
            out.grid_id[rows] = grid_id[found.own]
            out.second_id[rows] = grid_id[found.second]
            out.edge_distance_m[rows] = found.edge_distance_m
            out.near_border[rows] = found.near_border
            out.nearest_id[rows] = grid_id[found.nearest]
            out.outside_m[rows] = found.outside_m
            if number != today:
                with_ground = self._ground(scheme, today).grids.grid_id if today else np.empty(0, dtype=np.int64)
                out.current[rows] = np.isin(out.grid_id[rows], with_ground)
        return out

    def today(self, scheme: Scheme, lon: Floats, lat: Floats) -> Ints:
        """The grid that owns each point by today's boundaries, -1 for none."""
        number = self._version_today(scheme)
        if not number:
            return np.full(len(lon), -1)
        ground = self._ground(scheme, number)
        return np.append(ground.grids.grid_id, -1)[ground.judge.owners(lon, lat)]

    def _version_today(self, scheme: Scheme) -> int:
        return int(self._version_at(scheme, self._now)[0])

    def _version_at(self, scheme: Scheme, at: NDArray[np.datetime64]) -> Ints:
        out = np.zeros(len(at), dtype=np.int64)
        for version in self._versions[scheme.id]:
            inside = np.ones(len(at), dtype=bool)
            if version.since is not None:
                inside &= at >= _utc(version.since)
            if version.until is not None:
                inside &= at < _utc(version.until)
            out[inside] = version.number
        return out

    def _ground(self, scheme: Scheme, number: int) -> Ground:
        key = (scheme.id, number)
        if key not in self._grounds:
            version = next(one for one in self._versions[scheme.id] if one.number == number)
            ground = ground_of(self._session, scheme, version)
            self._grounds[key] = ground
            grids = ground.grids
            self.names |= {
                int(id_): GridRef(int(id_), int(grid_no), code, name)
                for id_, grid_no, code, name in zip(grids.grid_id, grids.grid_no, grids.code, grids.name, strict=True)
            }
        return self._grounds[key]

    def place_of(self, placements: Placements, row: int, *, today_id: int) -> Place:
        """One row as the same `Place` that a single look-up gives."""
        grid = self.names.get(int(placements.grid_id[row]))
        edge_m, outside_m = float(placements.edge_distance_m[row]), float(placements.outside_m[row])
        return Place(
            **self._facts[placements.scheme_id],
            version=int(placements.version[row]),
            grid=grid,
            edge_distance_m=None if isnan(edge_m) else edge_m,
            near_border=bool(placements.near_border[row]),
            second=self.names.get(int(placements.second_id[row])),
            nearest=self.names.get(int(placements.nearest_id[row])),
            outside_m=None if isnan(outside_m) else outside_m,
            today_grid_id=today_id if today_id >= 0 else None,
        )


def _utc(instant: datetime) -> np.datetime64:
    # numpy's datetime64 has no zone; the session's time zone is UTC.
    return np.datetime64(instant.replace(tzinfo=None), "us")

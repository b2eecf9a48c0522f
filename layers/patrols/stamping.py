"""Which grid a fix lies in: by the boundaries of its own instant, in the scheme by which patrols are counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.orm import Session

from data.sql import statement
from data.tables import Scheme
from layers.grids.coverages import Ground, ground_of
from layers.grids.schemes import DEFAULT_SCHEME
from layers.grids.versions import Version, versions_of
from layers.patrols.fixes import Bools, Floats, Ints
from layers.patrols.instants import us_of


@dataclass(frozen=True)
class Stamps:
    """Where n fixes lie: the number -1 where there is no scheme, version or grid.

    Attributes:
        scheme_id, version, grid_id: Shape (n,).
        far: Farther outside than the scheme's far limit, shape (n,).
    """

    scheme_id: Ints
    version: Ints
    grid_id: Ints
    far: Bools


class Stamper:
    """Knows the boundaries of cities; kept by whoever stamps again and again.

    Attributes:
        judged_by: Scheme id to its newest version when its boundaries were read, of the schemes used since `forget`.
    """

    def __init__(self) -> None:
        self._cities: dict[str, _City] = {}

    @property
    def judged_by(self) -> dict[int, int]:
        """What is to be held before fixes are stamped."""
        return {city.scheme.id: city.newest for city in self._cities.values()}

    def forget(self) -> None:
        """Read the boundaries anew: others were published."""
        self._cities.clear()

    def get_ready(self, session: Session, trees: Iterable[str]) -> None:
        """Know the newest versions of some cities, before the first fix of theirs is judged."""
        for tree in trees:
            self._city(session, tree)

    def zone(self, tree: str) -> ZoneInfo:
        """The time zone of a city that `get_ready` was called for; UTC where it has no scheme."""
        city = self._cities.get(tree)
        return ZoneInfo(city.scheme.time_zone if city else "UTC")

    def stamp(self, session: Session, tree: str, lon: Floats, lat: Floats, at: Ints) -> Stamps:
        """Stamp fixes of one city.

        Args:
            session: An open session.
            tree: The city.
            lon, lat: Degrees on the lattice, shape (n,).
            at: Microseconds since 1970, shape (n,).
        """
        city = self._city(session, tree)
        n = len(at)
        out = Stamps(np.full(n, -1), np.full(n, -1), np.full(n, -1), np.zeros(n, dtype=np.bool_))
        if city is None:
            return out
        version = city.version_at(at)
        out.scheme_id[version > 0] = city.scheme.id
        out.version[version > 0] = version[version > 0]
        for number in np.unique(version[version > 0]).tolist():
            rows = np.flatnonzero(version == number)
            ground = city.ground(session, number)
            own = ground.judge.owners(lon[rows], lat[rows])
            out.grid_id[rows] = np.append(ground.grids.grid_id, -1)[own]  # index -1 reads the last: no grid
            outside = rows[own < 0]
            if len(outside):
                near_m, far_m = city.scheme.near_limit_m, city.scheme.far_limit_m
                judged = ground.judge.judge(lon[outside], lat[outside], near_limit_m=near_m, far_limit_m=far_m)
                out.far[outside] = judged.far
        return out

    def _city(self, session: Session, tree: str) -> _City | None:
        if tree not in self._cities:
            found = session.scalar(statement("patrol_scheme"), {"tree": tree, "preferred": DEFAULT_SCHEME})
            if found is None:
                return None
            # The number is read before the boundaries: what is published in between counts as newer, never as known.
            scheme = session.get_one(Scheme, found)
            self._cities[tree] = _City(scheme, versions_of(session, scheme.id))
        return self._cities[tree]


class _City:
    def __init__(self, scheme: Scheme, versions: list[Version]) -> None:
        self.scheme, self.newest, self._versions = scheme, scheme.version, versions
        self._grounds: dict[int, Ground] = {}

    def version_at(self, at: Ints) -> Ints:
        out = np.zeros(len(at), dtype=np.int64)
        for one in self._versions:
            inside = np.ones(len(at), dtype=np.bool_)
            if one.since is not None:
                inside &= at >= us_of(one.since)
            if one.until is not None:
                inside &= at < us_of(one.until)
            out[inside] = one.number
        return out

    def ground(self, session: Session, number: int) -> Ground:
        if number in self._grounds:
            return self._grounds[number]
        version = next(one for one in self._versions if one.number == number)
        ground = ground_of(session, self.scheme, version)
        if ground.remark is None:  # one that is judged in SQL lives in tables of this transaction
            self._grounds[number] = ground
        return ground

"""The cases that a question is about, as arrays: where and when each was, and in whose grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from data.fixed_rows import EPOCH_US, copy_out
from data.sql import statement
from data.tables import Matter
from gis.edges import Floats
from gis.metric import points_to_metric
from gis.ownership import NOBODY, Bounds
from gis.wall_clock import moment, shown_hours
from layers.grids.coverages import Ground, ground_of
from layers.hotspots.asking import Meant

Ints = NDArray[np.int64]
_COLUMNS = {"id": "bigint", "geom": "point", "at": "instant", "only_day": "smallint"}
_CLASS_DIGITS = 2
_ARRAYS = ("number", "lon", "lat", "at", "grid", "only_day")
_NO_CASES = {
    "id": np.empty(0, dtype=np.int64),
    "geom": np.empty((0, 2)),
    "at": np.empty(0, dtype=np.int64),
    "only_day": np.empty(0, dtype=np.int64),
}


@dataclass(frozen=True, eq=False)
class Points:
    """Cases within the grids of a scheme, in the order of their numbers.

    Attributes:
        meant: The question.
        ground: The grids.
        number: Numbers of the cases (n,).
        lon, lat: In degrees (n,).
        at: Microseconds since 1970 (n,).
        grid: In which grid each is, as a place in `ground.grids` (n,).
        only_day: Of which only the day is known (n,).
        outside: How many more lie in no grid.
        without_hour: How many more lie in a grid and have no hour, where hours are asked for.
    """

    meant: Meant
    ground: Ground
    number: Ints
    lon: Floats
    lat: Floats
    at: Ints
    grid: Ints
    only_day: NDArray[np.bool_]
    outside: int = 0
    without_hour: int = 0

    def __len__(self) -> int:
        return len(self.number)

    @cached_property
    def metric(self) -> tuple[Floats, Floats]:
        """Where each is in the metric CRS of the scheme, x and y (n,)."""
        return points_to_metric(self.lon, self.lat, srid=self.meant.scheme.metric_srid)

    @property
    def day(self) -> Ints:
        """On which of the days of the question each was (n,)."""
        return np.searchsorted([day.start for day in self.meant.days], self.at, side="right") - 1

    @property
    def hour(self) -> Ints:
        """What hour the clock of the city showed (n,)."""
        return shown_hours(self.at, self.meant.days, self.meant.zone)

    def counts(self, chosen: NDArray[np.bool_] | None = None) -> Ints:
        """How many are in each grid (g,), of all or of those of a mask (n,)."""
        grid = self.grid if chosen is None else self.grid[chosen]
        return np.bincount(grid, minlength=len(self.ground.grids.grid_id))

    def some(self, chosen: NDArray[np.bool_]) -> Points:
        """Those of a mask (n,)."""
        kept: dict[str, Any] = {name: getattr(self, name)[chosen] for name in _ARRAYS}
        return replace(self, **kept)

    def timed(self) -> Points:
        """Those whose hour is known."""
        return replace(self.some(~self.only_day), without_hour=self.without_hour + int(self.only_day.sum()))

    def told(self) -> dict[str, Any]:
        """What every answer tells of them."""
        counts = {"n": len(self), "outside": self.outside, "without_hour": self.without_hour}
        return {**self.meant.told(), **counts}


def points_of(session: Session, what: Meant, *, within: Bounds | None = None) -> Points:
    """The cases of a question.

    Args:
        session: An open session.
        what: The question.
        within: West, south, east, north in degrees: only the cases in there are read; all if not given.
    """
    columns = _read(session, what, within)
    lon, lat = columns["geom"].T.copy()
    ground = ground_of(session, what.scheme, what.version)
    grid = np.asarray(ground.judge.owners(lon, lat), dtype=np.int64)
    found = Points(what, ground, columns["id"], lon, lat, columns["at"], grid, columns["only_day"] > 0)
    inside, counts = grid != NOBODY, np.ones(len(found), dtype=np.bool_)
    if what.hours is not None:
        counts = ~found.only_day & np.isin(found.hour, what.hours)
        found = replace(found, without_hour=int(np.count_nonzero(inside & found.only_day)))
    return replace(found.some(inside & counts), outside=int(np.count_nonzero(~inside & counts)))


def _read(session: Session, what: Meant, within: Bounds | None) -> dict[str, NDArray[Any]]:
    """Cases as columns, in the order of their numbers."""
    pieces: list[Mapping[str, NDArray[Any]]] = [_NO_CASES]
    copy_out(session, statement("hotspot_cases"), _values(session, what, within), _COLUMNS, pieces.append)
    columns = {name: np.concatenate([piece[name] for piece in pieces]) for name in _COLUMNS}
    columns["at"] += EPOCH_US
    order = np.argsort(columns["id"])
    return {name: column[order] for name, column in columns.items()}


def _values(session: Session, what: Meant, within: Bounds | None) -> dict[str, Any]:
    matter = what.asked.matter
    west, south, east, north = within or (None,) * 4
    return {
        "tree": what.scheme.tree,
        "since": moment(what.days[0].start),
        "until": moment(what.days[-1].end),
        "matter": matter,
        "matters": [] if matter is None else _matters(session, what.scheme.tree, matter),
        "west": west,
        "south": south,
        "east": east,
        "north": north,
    }


def _matters(session: Session, tree: str, code: str) -> list[int]:
    """The matters of a code, or of the large class that its two digits name; what they became and became them, too."""
    is_class = len(code) == _CLASS_DIGITS and code.isdigit()
    named, meant = aliased(Matter), aliased(Matter)
    is_named = named.code.startswith(code, autoescape=True) if is_class else named.code == code
    is_same = func.coalesce(meant.same_as, meant.id) == func.coalesce(named.same_as, named.id)
    asked = select(meant.id).join(named, is_same).where(named.tree == tree, meant.tree == tree, is_named)
    return list(session.scalars(asked.distinct()))

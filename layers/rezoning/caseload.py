"""The cases of a city in memory: where each lies, whether it happened within the year, whether it is open.

A case takes 20 bytes. Before each preview those are taken in that came since, and those turned that were closed or
taken up again; one whose pin was moved stays where it was until the city is read anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.fixed_rows import Take, copy_out
from data.sql import statement
from gis.point_store import Keys, Owners, PointStore
from gis.raster import Ints
from layers.cases.loop import closed_states, states, steps
from layers.dispatch import feed

# The key of a point: the case's number, then two bits.
_IN_YEAR, _OPEN, _BITS = 1, 2, 2
_NO_ROWS = np.empty((4, 0))
# More numbers than the transactions that write at one time have taken.
_IN_FLIGHT = 1_000_000


def number_of(keys: Keys) -> Keys:
    """Numbers of cases (n,) by their keys."""
    return np.asarray(keys >> _BITS)


def in_year(keys: Keys) -> NDArray[np.bool_]:
    """Which of the cases (n,) happened within the year."""
    return np.asarray((keys & _IN_YEAR) > 0)


def is_open(keys: Keys) -> NDArray[np.bool_]:
    """Which of the cases (n,) are open."""
    return np.asarray((keys & _OPEN) > 0)


@dataclass(frozen=True)
class Mark:
    """How far a city had come when one looked; see workspace_mark.sql."""

    newest: int
    writers: frozenset[int]
    ground: int = 0


@dataclass
class Watermark:
    """Up to which number all cases are known.

    Numbers are given out before a case is committed, so a lower one may appear after a higher one. Every writer has the
    id of its transaction before it takes a number. A number counts as passed when every transaction that wrote while it
    was the highest has ended; what lies above is read again.

    Attributes:
        floor: No case up to this number can still appear.
        seen: Numbers above it that are known.

    >>> mark = Watermark.begun(Mark(100, frozenset()), [99, 100])
    >>> mark.floor, mark.fresh([101, 103]), mark.settle(Mark(103, frozenset({8})))  # 8 has 102
    (100, [101, 103], None)
    >>> mark.floor, mark.fresh([101, 102, 103]), mark.settle(Mark(103, frozenset({9}))), mark.floor
    (100, [102], None, 103)
    """

    floor: int
    seen: set[int]
    waiting: Mark | None = None

    @classmethod
    def begun(cls, mark: Mark, numbers: list[int]) -> Watermark:
        """The mark after the first look, taken just before these numbers were read."""
        floor = max(mark.newest - _IN_FLIGHT, 0) if mark.writers else mark.newest
        return cls(floor, {number for number in numbers if number > floor}, mark if mark.writers else None)

    def fresh(self, numbers: list[int]) -> list[int]:
        """Those of the numbers that were not known; they are now."""
        new = [number for number in numbers if number not in self.seen]
        self.seen.update(new)
        return new

    def settle(self, mark: Mark) -> None:
        """Raise the floor as far as a look allows after which everything above the floor was read."""
        if self.waiting is not None and self.waiting.writers.isdisjoint(mark.writers):
            self._raise(self.waiting.newest)
        if self.waiting is None and mark.newest > self.floor:
            self.waiting = mark
            if not mark.writers:
                self._raise(mark.newest)

    def _raise(self, floor: int) -> None:
        self.floor, self.waiting = floor, None
        self.seen = {number for number in self.seen if number > floor}


@dataclass
class _Rows:
    """Rows as they come out of the database."""

    keys: list[Keys] = field(default_factory=list)
    places: list[NDArray[np.float64]] = field(default_factory=list)

    def take(self, columns: Mapping[str, NDArray[Any]]) -> None:
        self.keys.append(columns["id"] << _BITS | columns["marks"])
        self.places.append(columns["geom"])

    def joined(self) -> tuple[Keys, NDArray[np.float64]]:
        keys = np.concatenate([np.empty(0, dtype=np.int64), *self.keys])
        places = np.concatenate([np.empty((0, 2)), *self.places])
        self.keys.clear()
        self.places.clear()
        return keys, places


class Caseload:
    """The cases of a city: those since an instant, and older ones that are open.

    Args:
        session: An open session; reading ten million cases takes a minute.
        owners: Tells the grid of each.
        mark: How far the cases had come just before.
        tree: The city.
        since: From when on the year counts.

    Attributes:
        store: The cases as points; `number_of`, `in_year` and `is_open` read their keys.
    """

    def __init__(self, session: Session, owners: Owners, mark: Mark, *, tree: str, since: datetime) -> None:
        self.tree, self.since = tree, since
        self._followed = feed.now(session)
        session.execute(text("SET LOCAL statement_timeout = 0"))
        keys, places = self._read(session, floor=0)
        session.execute(text("SET LOCAL statement_timeout TO DEFAULT"))
        self._known = Watermark.begun(mark, number_of(keys[number_of(keys) > mark.newest - _IN_FLIGHT]).tolist())
        self.store = PointStore(owners, places[:, 0], places[:, 1], keys=keys)

    def catch_up(self, session: Session, mark: Mark) -> tuple[Keys, Ints]:
        """Take in the cases that came since the last mark: their keys (n,) and the numbers of their grids (n,)."""
        if mark.newest <= self._known.floor:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32)
        keys, places = self._read(session, floor=self._known.floor)
        new = np.isin(number_of(keys), self._known.fresh(number_of(keys).tolist()))
        self._known.settle(mark)
        return keys[new], self.store.add(places[new, 0], places[new, 1], keys[new])

    def turn(self, session: Session) -> tuple[Ints, NDArray[np.int64]]:
        """Follow the cases that were closed or taken up again: the numbers of their grids (n,), and 1 or -1 (n,)."""
        after, self._followed = self._followed, feed.now(session)
        values = {"tree": self.tree, "since": self.since, "closed": list(closed_states()), "kinds": _turning()}
        window = {"xact": after.xact, "id": after.id, "below": self._followed.xact}
        rows = session.execute(statement("cases_turned"), values | window).all()
        number, marks, lon, lat = (np.array(column) for column in zip(*rows, strict=True)) if rows else _NO_ROWS
        keys = number.astype(np.int64) << _BITS | marks.astype(np.int64)
        # Those that are as they were have no such key.
        grids, turned = self.store.rename(lon, lat, keys ^ _OPEN, keys)
        return grids[turned], np.where(is_open(keys[turned]), 1, -1)

    def _read(self, session: Session, *, floor: int) -> tuple[Keys, NDArray[np.float64]]:
        rows = _Rows()
        take: Take = rows.take
        values = {"tree": self.tree, "since": self.since, "floor": floor, "closed": list(closed_states())}
        columns = {"id": "bigint", "marks": "smallint", "geom": "point"}
        copy_out(session, statement("cases_held"), values, columns, take)
        return rows.joined()


@cache
def _turning() -> list[str]:
    """Kinds of events after which a case may be closed, or open, where it was not."""
    known = states()
    return [
        step.name
        for step in steps().values()
        if step.to in known and any(known[step.to].is_open != known[one].is_open for one in step.sources)
    ]


def look(session: Session, tree: str) -> Mark:
    """How far a city has come."""
    newest, writers, ground = session.execute(statement("workspace_mark"), {"tree": tree}).one()
    return Mark(newest, frozenset(writers), ground)

"""Fixes are taken in: what is known is left out, what is off shift is not kept, what cannot be right is set aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from data.binary_rows import Column, copy_rows
from data.errors import BrokenRule
from data.session import unit_of_work
from data.sql import statement
from gis.wall_clock import HOUR_US
from layers.grids.guard import BoundariesChanged
from layers.patrols.days import make_days
from layers.patrols.fixes import DAY_US, OFF_SHIFT, REPEAT, STORED, Batch, Bools, Floats, Ints, Texts
from layers.patrols.instants import day_of, instant_of
from layers.patrols.looking import Seen, look
from layers.patrols.sieve import oldest_us, sieve
from layers.patrols.stamping import Stamper

# Somebody else stores the same fixes at the same time, or publishes boundaries: the second time they are known.
_TRIES = 4
# Days are summarised three hours after their end (layers.patrols.closing); until then younger fixes need no mark. The
# hour between is for what is under way.
LATE_US = 2 * HOUR_US
_QUARTER_US = HOUR_US // 4


@dataclass(frozen=True)
class Device:
    """What is asked of a device when its fixes are taken."""

    id: int
    tree: str
    label: str
    datum: str
    staff_id: int | None


class Taker:
    """Takes batches in, one after the other; keeps its connection, and what it learned of boundaries and days.

    Args:
        bind: Engine of the service role.
        kept_days: For how many days fixes are kept; 0 for ever.
    """

    def __init__(self, bind: Engine, *, kept_days: int) -> None:
        self._bind, self._kept_days = bind, kept_days
        self._connection: Connection | None = None
        self._stamper = Stamper()
        self._days: set[int] = set()

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def take(self, batch: Batch, devices: Mapping[int, Device], *, now_us: int) -> Texts:
        """Take a batch in with one commit; what became of each fix, shape (n,), when that is done.

        Args:
            batch: The fixes; the datum `None` means what the device declares.
            devices: Every device of the batch.
            now_us: When it was received.
        """
        order = _in_order(batch)
        fate = np.full(len(batch), REPEAT, dtype=object)
        for number in range(_TRIES):
            try:
                with unit_of_work(self._connected()) as session:
                    fate[order] = self._take(session, _sorted(batch, order), devices, now_us)
                break
            except OperationalError:
                self.close()
                raise
            except (BoundariesChanged, IntegrityError, BrokenRule):
                if number == _TRIES - 1:
                    raise
                self._stamper.forget()
                self._days.clear()
        return fate

    def _connected(self) -> Connection:
        # Kept, so that it is not asked before each group whether it is still there; if not, the group is told so.
        if self._connection is None or self._connection.closed:
            self._connection = self._bind.connect()
        return self._connection

    def _take(self, session: Session, batch: Batch, devices: Mapping[int, Device], now_us: int) -> Texts:
        fate = np.full(len(batch), "", dtype=object)
        ids, row = np.unique(batch.device, return_inverse=True)
        carriers = [devices[one] for one in ids.tolist()]
        tree = np.array([one.tree for one in carriers], dtype=object)[row]
        carrier = np.array([one.staff_id or -1 for one in carriers])[row]
        self._stamper.get_ready(session, {one.tree for one in carriers})
        seen = look(session, batch, carrier, judged_by=self._stamper.judged_by)
        fate[_repeated(batch) | seen.known] = REPEAT
        if not batch.always:
            fate[(seen.shift_id < 0) & (fate == "")] = OFF_SHIFT
        looked_at = np.flatnonzero(fate == "")
        declared = np.array([one.datum for one in carriers], dtype=object)[row[looked_at]]
        said = batch.datum[looked_at]
        datum = np.where(said == None, declared, said)  # noqa: E711  # elementwise
        oldest = oldest_us(now_us, self._kept_days)
        sieved = sieve(batch.fix[looked_at], datum, declared, now_us=now_us, oldest=oldest)
        lon, lat = np.full(len(batch), np.nan), np.full(len(batch), np.nan)
        fate[looked_at], lon[looked_at], lat[looked_at] = sieved.reason, sieved.lon, sieved.lat
        raw_datum = np.full(len(batch), "", dtype=object)
        raw_datum[looked_at] = datum
        self._store(session, _Rows(batch, tree, lon, lat, raw_datum, seen, now_us), fate)
        return fate

    def _store(self, session: Session, rows: _Rows, fate: Texts) -> None:
        """Put the rows without a fate where they belong; that decides which of them lie too far away."""
        batch, stamps = rows.batch, {}
        at = batch.at
        good = fate == ""
        for name in ("scheme_id", "version", "grid_id"):
            stamps[name] = np.full(len(batch), -1)
        for city in sorted(set(rows.tree[good].tolist())):
            here = np.flatnonzero(good & (rows.tree == city))
            found = self._stamper.stamp(session, city, rows.lon[here], rows.lat[here], at[here])
            for name, column in stamps.items():
                column[here] = getattr(found, name)
            fate[here[found.far]] = "too_far"
        good = fate == ""
        self._require_days(at[good])
        if good.any():
            copy_rows(session, "fixes", rows.stored(good, stamps))
            self._mark_late(session, rows, good & (at < rows.now_us - LATE_US))
        fate[good] = STORED
        if (aside := ~np.isin(fate, [STORED, REPEAT, OFF_SHIFT])).any():
            copy_rows(session, "fixes_aside", rows.aside(aside, fate[aside]))
        if (off := fate == OFF_SHIFT).any():
            copy_rows(session, "fixes_off_shift", rows.keys(off))

    def _mark_late(self, session: Session, rows: _Rows, late: Bools) -> None:
        """Have the local days summarised again that fixes come for which may be over."""
        days: set[tuple[int, date]] = set()
        for city in set(rows.tree[late].tolist()):
            here = np.flatnonzero(late & (rows.tree == city))
            zone = self._stamper.zone(city)
            # Every offset of a zone is a whole number of quarters of an hour; rows are in the order of device and time.
            device, quarter = rows.batch.device[here], rows.batch.at[here] // _QUARTER_US
            new = np.r_[True, (np.diff(device) != 0) | (np.diff(quarter) != 0)]
            some = zip(device[new].tolist(), quarter[new].tolist(), strict=True)
            days |= {(one, instant_of(at * _QUARTER_US).astimezone(zone).date()) for one, at in some}
        if days:
            devices, dates = zip(*sorted(days), strict=True)
            session.execute(statement("patrol_mark_days"), {"devices": list(devices), "days": list(dates)})

    def _require_days(self, at: Ints) -> None:
        missing = set(np.unique(at // DAY_US).tolist()) - self._days
        if missing:
            make_days(self._bind, (day_of(day * DAY_US) for day in missing))
            self._days |= missing


@dataclass(frozen=True)
class _Rows:
    """A batch in the order of its keys, with what was worked out of it."""

    batch: Batch
    tree: Texts
    lon: Floats
    lat: Floats
    raw_datum: Texts
    seen: Seen
    now_us: int

    def keys(self, chosen: Bools) -> dict[str, Column]:
        return {
            "device_id": Column("bigint", self.batch.device[chosen]),
            "at": Column("instant", self.batch.at[chosen]),
        }

    def as_sent(self, chosen: Bools) -> dict[str, Column]:
        _, x, y, accuracy_m, speed_ms, course, _ = self.batch.fix[chosen].T
        return self.keys(chosen) | {
            "raw_x": Column("double", x),
            "raw_y": Column("double", y),
            "raw_datum": Column("text", _bytes(self.raw_datum[chosen])),
            "accuracy_m": Column("real", accuracy_m),
            "speed_ms": Column("real", speed_ms),
            "course": Column("real", course),
            "received_at": Column("instant", np.full(len(x), self.now_us)),
        }

    def stored(self, chosen: Bools, stamps: Mapping[str, Ints]) -> dict[str, Column]:
        return self.as_sent(chosen) | {
            "lon": Column("double", self.lon[chosen]),
            "lat": Column("double", self.lat[chosen]),
            "staff_id": Column("bigint", self.seen.staff_id[chosen]),
            "shift_id": Column("bigint", self.seen.shift_id[chosen]),
            "grid_id": Column("bigint", stamps["grid_id"][chosen]),
            "scheme_id": Column("integer", stamps["scheme_id"][chosen]),
            "version": Column("integer", stamps["version"][chosen]),
        }

    def aside(self, chosen: Bools, reason: Texts) -> dict[str, Column]:
        return self.as_sent(chosen) | {"reason": Column("text", _bytes(reason))}


def _bytes(texts: Texts) -> Any:
    """Texts as bytes; few of them are different."""
    found = {text: text.encode() for text in set(texts.tolist())}
    width = max(map(len, found.values()))
    out = np.empty(len(texts), dtype=f"S{width}")
    for text, as_bytes in found.items():
        out[texts == text] = as_bytes
    return out


def _in_order(batch: Batch) -> Ints:
    """The order of the keys; of two fixes of one instant the more accurate goes first, whichever came first."""
    at, x, y, accuracy = batch.fix[:, :4].T
    before, after = slice(None, -1), slice(1, None)
    same = batch.device[before] == batch.device[after]
    if ((batch.device[before] < batch.device[after]) | same & (at[before] < at[after])).all():
        return np.arange(len(batch))  # as a device that is always heard sends them
    return np.lexsort((y, x, accuracy, at, batch.device))


def _sorted(batch: Batch, order: Ints) -> Batch:
    return Batch(batch.device[order], batch.fix[order], batch.datum[order], batch.always)


def _repeated(batch: Batch) -> Bools:
    """Which rows have the key of the row before."""
    same = np.zeros(len(batch), dtype=np.bool_)
    at = batch.at
    same[1:] = (batch.device[1:] == batch.device[:-1]) & (at[1:] == at[:-1])
    return same

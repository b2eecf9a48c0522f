"""Fixes out of the database as traces: those of everybody asked for, with name, team and shifts, day by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from data.fixed_rows import copy_out
from data.sql import statement
from data.tables import Staff
from gis.errors import BadInput
from gis.quality import Period
from gis.tracks import SPEEDS_MS, Fate, Limits, Track, tracked
from gis.wall_clock import HOUR_US, SECOND_US, Day
from layers.patrols.asking import Asked, Meant
from layers.patrols.fixes import Floats, Ints
from layers.patrols.instants import instant_of, us_of
from layers.staff.lookup import staff_id_of

MOST_FIXES = 2_000_000
# What goes on over midnight is followed so far, and no farther: longer than anybody is on shift without a pause.
MARGIN_US = 12 * HOUR_US
NOBODY = -1
_COLUMNS = {
    "device_id": "bigint",
    "at": "instant",
    "lon": "double",
    "lat": "double",
    "accuracy_m": "double",
    "staff_id": "bigint",
    "shift_id": "bigint",
}
# What comes out counts from 2000.
_EPOCH_US = 946_684_800_000_000


class Who(NamedTuple):
    """A device with whoever carried it, `NOBODY` where that is not known."""

    device_id: int
    staff_id: int


@dataclass(frozen=True, eq=False)
class Trace:
    """The fixes of one who in the order of time, and when there should be some.

    Attributes:
        who: Whose.
        device: Label of the device.
        staff_no, name: Of the person; None where nobody is known.
        team: Of the latest shift; None where there is none.
        limits: By what the trace is judged.
        shifts: From when until when the person was on shift with the device.
        at: Microseconds since 1970 (n,), ascending.
        lon, lat, accuracy_m: As stored (n,); NaN where the accuracy is unknown.
        known_days: What `days_of` found already, by day and present.
    """

    who: Who
    device: str
    staff_no: str | None
    name: str | None
    team: str | None
    limits: Limits
    shifts: list[Period] = field(default_factory=list)
    at: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    lon: Floats = field(default_factory=lambda: np.empty(0))
    lat: Floats = field(default_factory=lambda: np.empty(0))
    accuracy_m: Floats = field(default_factory=lambda: np.empty(0))
    known_days: dict[tuple[Day, int], PersonDay | None] = field(default_factory=dict, repr=False)

    @cached_property
    def runs(self) -> Ints:
        """The number of the run that each fix is in; between two runs nothing is known."""
        return np.cumsum(np.diff(self.at, prepend=self.at[:1]) > self.limits.gap_s * SECOND_US)


@dataclass(frozen=True, eq=False)
class PersonDay:
    """One day of a trace.

    Attributes:
        trace: Whose.
        day: Which.
        period: From when until when it lasts, up to the present.
        track: The trace of that day, with what leads over its ends.
        watched: When it should be known: the shifts, or where there are none from the first fix to the last.
        fates: How many fixes of the day had which fate.
        dropped: Those of the day that were left out, as places in the trace, each with its fate.
    """

    trace: Trace
    day: Day
    period: Period
    track: Track
    watched: list[Period]
    fates: dict[Fate, int]
    dropped: list[tuple[int, Fate]]


def traces_of(session: Session, asked: Asked, what: Meant) -> list[Trace]:
    """The traces asked for, those of shifts without a fix too, by device and person.

    They reach beyond the days by as much as an answer about the days may need.

    Raises:
        NotFound: `unknown_staff`.
        BadInput: `too_many_fixes`.
    """
    since, until = margins(what)
    staff_id = None if asked.staff is None else staff_id_of(session, what.scheme.tree, asked.staff, field="staff")
    values = {
        "tree": what.scheme.tree,
        "since": instant_of(since),
        "until": instant_of(until),
        "device": asked.device,
        "staff_id": staff_id,
    }
    rows = session.execute(statement("patrol_roster"), values).all()
    # Fixes of a team are those of its shifts, so other devices have none.
    devices = {row.device_id for row in rows if asked.team in (None, row.team)}
    fixes = read_fixes(session, sorted(devices), since, until)
    keep = np.ones(len(fixes["at"]), dtype=np.bool_)
    if staff_id is not None:
        keep &= fixes["staff_id"] == staff_id
    if asked.team is not None:
        keep &= np.isin(fixes["shift_id"], [row.shift_id for row in rows if row.team == asked.team])
    shifts = [
        row
        for row in rows
        if row.shift_id is not None
        and staff_id in (None, row.staff_id)
        and asked.team in (None, row.team)
        and us_of(row.since) < what.period[1]
        and us_of(row.until) > what.period[0]
    ]
    return _gathered(session, rows, shifts, {name: column[keep] for name, column in fixes.items()})


def margins(what: Meant) -> Period:
    """From when until when fixes are read for some days."""
    return what.days[0].start - MARGIN_US, what.days[-1].end + MARGIN_US


def read_fixes(session: Session, devices: list[int], since: int, until: int) -> dict[str, Any]:
    """Fixes of some devices as columns, by device, person and time.

    Raises:
        BadInput: `too_many_fixes`.
    """
    pieces: list[Mapping[str, Any]] = []
    values = {"devices": devices, "since": instant_of(since), "until": instant_of(until), "most": MOST_FIXES + 1}
    if devices and copy_out(session, statement("patrol_fixes"), values, _COLUMNS, pieces.append) > MOST_FIXES:
        raise BadInput(
            "too_many_fixes",
            f"There are more than {MOST_FIXES} fixes in that time; ask for fewer days, a team or a person.",
            field="from",
            values={"most": MOST_FIXES},
        )
    none = {name: np.empty(0, np.float64 if kind == "double" else np.int64) for name, kind in _COLUMNS.items()}
    columns = {name: np.concatenate([none[name], *(piece[name] for piece in pieces)]) for name in _COLUMNS}
    columns["at"] += _EPOCH_US
    order = np.lexsort((columns["at"], columns["staff_id"], columns["device_id"]))
    return {name: column[order] for name, column in columns.items()}


def days_of(trace: Trace, days: list[Day], *, now_us: int) -> Iterator[PersonDay]:
    """The days on which there are fixes of a trace, or should be.

    Each day is judged by itself, with what leads over its ends without a silence; so a day comes to the same in
    whatever period it is asked for, and only fixes of the day or of such a run can change it.
    """
    for day in days:
        # Coverage, points and plans all ask for them.
        if (day, now_us) not in trace.known_days:
            trace.known_days[day, now_us] = _day_of(trace, day, now_us)
        if (found := trace.known_days[day, now_us]) is not None:
            yield found


def _day_of(trace: Trace, day: Day, now_us: int) -> PersonDay | None:
    period = day.start, min(day.end, max(now_us, day.start))
    first, stop = np.searchsorted(trace.at, [day.start, day.end]).tolist()
    watched = [(max(a, period[0]), min(b, period[1])) for a, b in trace.shifts]
    watched = [(a, b) for a, b in watched if a < b]
    if first == stop and not watched:
        return None
    begin, end = _with_runs(trace, day, first, stop)
    some = slice(begin, end)
    track = tracked(trace.at[some], trace.lon[some], trace.lat[some], trace.accuracy_m[some], limits=trace.limits)
    fate = track.fate[first - begin : stop - begin]
    return PersonDay(
        trace=trace,
        day=day,
        period=period,
        track=track,
        watched=watched or [(int(trace.at[first]), int(trace.at[stop - 1]))],
        fates={one: count for one in Fate if (count := int(np.count_nonzero(fate == one)))},
        dropped=[(first + int(row), Fate(fate[row])) for row in np.flatnonzero(fate != Fate.kept)],
    )


def reaches_over(trace: Trace, day: Day) -> tuple[bool, bool]:
    """Whether a trace leads over the beginning and over the end of a day without a silence."""
    first, stop = np.searchsorted(trace.at, [day.start, day.end]).tolist()
    begin, end = _with_runs(trace, day, first, stop)
    return begin < first, end > stop


def _with_runs(trace: Trace, day: Day, first: int, stop: int) -> tuple[int, int]:
    """From which fix to which a day is looked at."""
    if first == stop:
        return first, stop
    begin, end = np.searchsorted(trace.runs, [trace.runs[first], trace.runs[stop - 1] + 1]).tolist()
    earliest, latest = np.searchsorted(trace.at, [day.start - MARGIN_US, day.end + MARGIN_US]).tolist()
    return max(begin, earliest), min(end, latest)


def _gathered(session: Session, rows: Any, shifts: list[Row[Any]], fixes: dict[str, Any]) -> list[Trace]:
    devices = {row.device_id: row for row in rows}
    begins = np.flatnonzero(
        np.append(True, (np.diff(fixes["device_id"]) != 0) | (np.diff(fixes["staff_id"]) != 0))[: len(fixes["at"])]
    )
    ends = np.append(begins[1:], len(fixes["at"]))[: len(begins)]
    spans = {
        Who(int(fixes["device_id"][a]), int(fixes["staff_id"][a])): slice(a, b)
        for a, b in zip(begins.tolist(), ends.tolist(), strict=True)
    }
    shifts_of: dict[Who, list[Row[Any]]] = defaultdict(list)
    for row in shifts:
        shifts_of[Who(row.device_id, row.staff_id)].append(row)
    for who in shifts_of:
        spans.setdefault(who, slice(0, 0))
    ids = {who.staff_id for who in spans} - {NOBODY}
    people = {
        row.id: row for row in session.execute(select(Staff.id, Staff.staff_no, Staff.name).where(Staff.id.in_(ids)))
    }
    found = []
    for who, some in sorted(spans.items()):
        device, person, mine = devices[who.device_id], people.get(who.staff_id), shifts_of.get(who, [])
        found.append(
            Trace(
                who=who,
                device=device.label,
                staff_no=person and person.staff_no,
                name=person and person.name,
                team=max(mine, key=lambda row: row.since).team if mine else None,
                limits=replace(Limits(), max_speed_ms=SPEEDS_MS[device.travel]),
                shifts=[(us_of(row.since), us_of(row.until)) for row in mine],
                **{name: fixes[name][some] for name in ("at", "lon", "lat", "accuracy_m")},
            )
        )
    return found

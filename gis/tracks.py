"""The raw fixes of one person as a trace: legs from fix to fix, stops, and for each fix left out the reason.

Fixes come in any order, late and twice. They are put in the order of their own time first, so a trace does not
depend on how they arrived. Nothing is smoothed and nothing invented: what is not known is a gap. docs/tracks.md tells
the rules and why each threshold has its value.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod

from gis.edges import Counts, Floats
from gis.stops import run_ends, spans, still_runs
from gis.strays import Bools, believable, reach_m
from gis.thresholds import Thresholds
from gis.wall_clock import SECOND_US

Codes = NDArray[np.int8]

SPEEDS_MS = {"walk": 3.0, "ebike": 12.0, "car": 35.0}
"""How fast people of a class go at most, in metres a second: running, beyond the legal 25 km/h, on a ring road."""
EARTH = Geod(ellps="WGS84")
_CERTAIN = 2


class Fate(IntEnum):
    """What became of a fix; `SENTENCES` says it to people."""

    kept = 0
    no_position = 1
    inaccurate = 2
    repeated = 3
    contradicted = 4
    frozen = 5
    too_fast = 6


SENTENCES: dict[Fate, dict[str, str]] = {
    Fate.kept: {"zh": "已采用。", "en": "It was used."},
    Fate.no_position: {"zh": "没有可用的经纬度。", "en": "It has no longitude and latitude that could be used."},
    Fate.inaccurate: {"zh": "定位精度太差。", "en": "The device said that the position may be far off."},
    Fate.repeated: {
        "zh": "同一时刻、同一位置已有记录。",
        "en": "The same position at the same instant is there already.",
    },
    Fate.contradicted: {
        "zh": "同一时刻另有一个精度更高的位置。",
        "en": "At the same instant there is another position that is more accurate.",
    },
    Fate.frozen: {
        "zh": "位置数小时分毫不变,设备可能只在重复旧的定位。",
        "en": "The position did not change at all for hours; the device may have repeated an old one.",
    },
    Fate.too_fast: {
        "zh": "在这段时间内不可能从前后的位置到达这里。",
        "en": "Nobody can have come here and gone on in the time between the fixes around it.",
    },
}


class Kind(IntEnum):
    """What a leg is: a way, a part of a stop, or something that nobody knows and that counts for nothing."""

    moved = 0
    still = 1
    gap = 2


@dataclass(frozen=True)
class Limits(Thresholds):
    """By what a trace is judged.

    Attributes:
        max_accuracy_m: A fix whose device gives a larger error is left out; beyond this it would not tell one side of a
            street block from the other. A fix of unknown accuracy is taken.
        assumed_accuracy_m: The accuracy of a fix that does not say it: usual for a phone between buildings.
        max_speed_ms: Nobody goes faster; `SPEEDS_MS` has a value for each class. A fix may be off by twice its
            accuracy, since that is the radius that holds in two cases of three.
        gap_s: Between fixes farther apart in time nothing is known: in 5 minutes a walker is round the block.
        stray_fixes: So many fixes in a row may be out of place at an end of a trace, and twice as many in its middle;
            more of them are believed, and the way there is a gap. A phone that falls back to a radio mast is elsewhere
            for a few fixes.
        stop_radius_m: Half the width of the ground that a stop may cover: three times the usual error, so that a phone
            that lies on a table stays in one place.
        stop_min_s: What is shorter is no stop: a red light takes up to 2 minutes.
        frozen_s: Fixes on the very same spot for so long are a repeated old position, all but the first; a receiver
            that measures does not give the same millimetre for 2 hours.
        sure_s: The course of a leg that takes longer is interpolated: a walker passes a cell of 100 m in 80 seconds,
            and more than one fix in it is wanted. Speed is judged over as long a time, too.
    """

    max_accuracy_m: float = 50.0
    assumed_accuracy_m: float = 10.0
    max_speed_ms: float = SPEEDS_MS["walk"]
    gap_s: float = 300.0
    stray_fixes: int = 2
    stop_radius_m: float = 30.0
    stop_min_s: float = 120.0
    frozen_s: float = 7200.0
    sure_s: float = 60.0


@dataclass(frozen=True, eq=False)
class Legs:
    """The legs of a trace (m - 1,); leg j is the straight piece from kept fix j to kept fix j + 1.

    Attributes:
        kind: Values of `Kind`.
        length_m: On the ellipsoid.
        seconds: More than 0.
        speed_ms: Length by seconds, in metres a second.
        interpolated: Whether the course between the two fixes is a guess; never so for a gap, which has no course.
    """

    kind: Codes
    length_m: Floats
    seconds: Floats
    speed_ms: Floats
    interpolated: Bools


@dataclass(frozen=True, eq=False)
class Stops:
    """The stops of a trace (s,), in order of time.

    Attributes:
        first: The first kept fix of each.
        last: The last one.
        lon: Its centre, the mean of its fixes, in degrees of EPSG:4326.
        lat: The same.
        radius_m: From the centre to the farthest of its fixes.
        dwell_s: From the first to the last fix.
    """

    first: Counts
    last: Counts
    lon: Floats
    lat: Floats
    radius_m: Floats
    dwell_s: Floats


@dataclass(frozen=True, eq=False)
class Track:
    """The trace of one person. Only `fate` and `kept` speak of the order in which the n fixes came in.

    Attributes:
        limits: By what it was judged.
        fate: What became of each fix (n,): values of `Fate`.
        kept: The fixes that were used (m,), in order of time: rows of what came in.
        at: Their instants (m,) in microseconds since 1970.
        lon: Their degrees (m,) of EPSG:4326.
        lat: The same.
        accuracy_m: What their devices say (m,), NaN where unknown.
        legs: Between them.
        stops: Among them.
    """

    limits: Limits
    fate: Codes
    kept: Counts
    at: Counts
    lon: Floats
    lat: Floats
    accuracy_m: Floats
    legs: Legs
    stops: Stops

    def counts(self) -> dict[Fate, int]:
        """How many fixes had which fate; they add up to what came in."""
        return {fate: count for fate in Fate if (count := int(np.count_nonzero(self.fate == fate)))}


def tracked(
    at: ArrayLike, lon: ArrayLike, lat: ArrayLike, accuracy_m: ArrayLike, *, limits: Limits | None = None
) -> Track:
    """The trace of one person.

    Args:
        at: Instants (n,) in whole microseconds since 1970, in any order.
        lon: Degrees (n,) of EPSG:4326.
        lat: The same.
        accuracy_m: Metres (n,) by which the devices say that they may be wrong; NaN or 0 where unknown, below 0 where
            they say that there is no position.
        limits: By what it is judged.

    Raises:
        ValueError: Instants are not whole numbers, or the arrays differ in length.

    >>> minute = np.arange(6) * 60 * SECOND_US
    >>> east = [0.0, 0.001, 9.0, 0.002, 0.002, 0.002]
    >>> found = tracked(minute[::-1], east[::-1], np.zeros(6), np.full(6, 8.0))
    >>> found.counts()
    {<Fate.kept: 0>: 5, <Fate.too_fast: 6>: 1}
    >>> found.legs.length_m.round(1).tolist(), [Kind(one).name for one in found.legs.kind]
    ([111.3, 111.3, 0.0, 0.0], ['moved', 'moved', 'still', 'still'])
    >>> found.stops.dwell_s.tolist(), tracked([], [], [], []).counts()
    ([120.0], {})
    """
    limits = limits or Limits()
    instants, told = np.asarray(at), np.asarray(accuracy_m, dtype=np.float64)
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    if len(instants) and instants.dtype.kind not in "iu":
        raise ValueError("instants are whole microseconds")
    if instants.ndim != 1 or not instants.shape == x.shape == y.shape == told.shape:
        raise ValueError("at, lon, lat and accuracy_m must be four arrays of one length")
    instants = instants.astype(np.int64)
    # Telephones that do not know it say 0, and no position is that accurate.
    told = np.where(told == 0, np.nan, told)
    fate = np.full(len(x), Fate.kept, dtype=np.int8)
    fate[~((np.abs(x) <= 180) & (np.abs(y) <= 90))] = Fate.no_position
    fate[(fate == Fate.kept) & ((told > limits.max_accuracy_m) | (told < 0))] = Fate.inaccurate
    rows = _one_at_each_instant(np.flatnonzero(fate == Fate.kept), instants, x, y, told, fate)
    rows = _without(rows, _frozen(instants[rows], x[rows], y[rows], limits.frozen_s), Fate.frozen, fate)
    error_m = _CERTAIN * np.where(np.isnan(told), limits.assumed_accuracy_m, told)
    stays = believable(
        instants[rows],
        x[rows],
        y[rows],
        error_m[rows],
        max_speed_ms=limits.max_speed_ms,
        gap_s=limits.gap_s,
        stray_fixes=limits.stray_fixes,
    )
    rows = _without(rows, ~stays, Fate.too_fast, fate)
    legs, stops = _legs_and_stops(instants[rows], x[rows], y[rows], error_m[rows], limits)
    return Track(limits, fate, rows, instants[rows], x[rows], y[rows], told[rows], legs, stops)


def _without(rows: Counts, away: Bools, why: Fate, fate: Codes) -> Counts:
    fate[rows[away]] = why
    return rows[~away]


def _one_at_each_instant(rows: Counts, at: Counts, lon: Floats, lat: Floats, told: Floats, fate: Codes) -> Counts:
    """The rows in order of time; of those of one instant the most accurate, known before unknown."""
    error = np.where(np.isnan(told[rows]), np.inf, told[rows])
    rows = rows[np.lexsort((lat[rows], lon[rows], error, at[rows]))]
    again = np.append(False, np.diff(at[rows]) == 0)[: len(rows)]
    taken = rows[np.maximum.accumulate(np.where(again, 0, np.arange(len(rows))))]
    same = again & (lon[rows] == lon[taken]) & (lat[rows] == lat[taken])
    fate[rows[again]] = Fate.contradicted
    fate[rows[same]] = Fate.repeated
    return np.asarray(rows[~again])


def _frozen(at: Counts, lon: Floats, lat: Floats, frozen_s: float) -> Bools:
    """Which fixes repeat the one before them, in a run of such that lasts too long."""
    again = np.append(False, (np.diff(lon) == 0) & (np.diff(lat) == 0))[: len(at)]
    first = np.flatnonzero(~again)
    count = np.diff(np.append(first, len(at)))
    lasts_us = at[first + count - 1] - at[first]
    return np.asarray(again & np.repeat(lasts_us >= frozen_s * SECOND_US, count))


def _legs_and_stops(at: Counts, lon: Floats, lat: Floats, error_m: Floats, limits: Limits) -> tuple[Legs, Stops]:
    course, _, length_m = EARTH.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    seconds = np.diff(at) / SECOND_US
    reach = reach_m(seconds, error_m[:-1], error_m[1:], max_speed_ms=limits.max_speed_ms)
    speed_ms = length_m / seconds
    gap = (seconds > limits.gap_s) | (length_m > reach)
    # The steps laid end to end are a plane that is true near every fix, wherever on Earth the trace leads.
    x, y = (np.append(0.0, np.cumsum(length_m * turn(np.radians(course))))[: len(at)] for turn in (np.sin, np.cos))
    gap |= _rushed(at, x, y, error_m, gap, limits) & (speed_ms > limits.max_speed_ms)
    width_m, least_us = 2 * limits.stop_radius_m, round(limits.stop_min_s * SECOND_US)
    first, last = still_runs(at, x, y, gap, width_m=width_m, least_us=least_us)
    kind = np.where(gap, Kind.gap, Kind.moved).astype(np.int8)
    kind[spans(first, last)] = Kind.still
    legs = Legs(kind, length_m, seconds, speed_ms, ~gap & (seconds > limits.sure_s))
    return legs, _stops(at, lon, lat, x, y, first, last)


def _rushed(at: Counts, x: Floats, y: Floats, error_m: Floats, gap: Bools, limits: Limits) -> Bools:
    """Which legs are part of a minute that leads too far; the errors of fixes in quick succession would hide a ride."""
    if not len(at):
        return gap
    then = np.minimum(np.searchsorted(at, at + round(limits.sure_s * SECOND_US)), run_ends(gap))
    seconds = (at[then] - at) / SECOND_US
    reach = reach_m(seconds, error_m, error_m[then], max_speed_ms=limits.max_speed_ms)
    far = np.flatnonzero(np.hypot(x[then] - x, y[then] - y) > reach)
    begun = np.bincount(far, minlength=len(at)) - np.bincount(then[far], minlength=len(at))
    return np.asarray(np.cumsum(begun)[:-1] > 0)


def _stops(at: Counts, lon: Floats, lat: Floats, x: Floats, y: Floats, first: Counts, last: Counts) -> Stops:
    fixes, count = spans(first, last + 1), last + 1 - first
    begins = np.cumsum(count) - count
    east, north = (
        np.add.reduceat(one[fixes], begins) / count - one[first] if len(first) else np.empty(0) for one in (x, y)
    )
    centre = EARTH.fwd(lon[first], lat[first], np.degrees(np.arctan2(east, north)), np.hypot(east, north))
    off_m = np.hypot(x[fixes] - np.repeat(x[first] + east, count), y[fixes] - np.repeat(y[first] + north, count))
    radius_m = np.maximum.reduceat(off_m, begins) if len(first) else np.empty(0)
    dwell_s = (at[last] - at[first]) / SECOND_US
    return Stops(first, last, np.asarray(centre[0]), np.asarray(centre[1]), radius_m, dwell_s)

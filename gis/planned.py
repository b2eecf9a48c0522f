"""What was asked of patrols beside what they did: places to be visited in windows of the local day.

A place is a shape: a cell of a grid, or the ground within some metres of a point. Somebody is there while a known leg
of the trace is; what lies in a gap counts for nothing, neither for a visit nor for its end. docs/patrol.md tells the
rules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike

from gis.crs import STORED_SRID, transformer
from gis.edges import Counts, Floats, Geometries
from gis.metric import points_to_metric
from gis.quality import Period
from gis.thresholds import Thresholds
from gis.tracks import Kind, Track
from gis.visits import Grids
from gis.wall_clock import SECOND_US
from gis.windows import Window

STATES: dict[str, dict[str, str]] = {
    "done": {"zh": "已完成", "en": "done"},
    "late": {"zh": "超时完成", "en": "late"},
    "partial": {"zh": "部分完成", "en": "partly done"},
    "missed": {"zh": "未完成", "en": "missed"},
    "not_yet": {"zh": "尚未到时", "en": "not yet due"},
}
"""What became of something that was asked for, and how people call it."""

_HALF_ROUND = 180.0
# So many sides to a quarter of a circle: its rim is nowhere off by more than a thousandth of its radius.
_QUARTER = 20
_NONE = np.empty(0, dtype=np.int64)
_NOWHERE = (_NONE, _NONE, np.empty((0, 4)), np.empty((0, 2), dtype=np.int64))


@dataclass(frozen=True)
class Patience(Thresholds):
    """When somebody is late, and when back again.

    Attributes:
        late_s: Whoever comes by then after a window has closed is late; later than that it was missed.
        apart_s: Two visits are two where the person was seen elsewhere for so long in between; a silence tells nothing.
    """

    late_s: float = 7200.0
    apart_s: float = 300.0


class Demand(NamedTuple):
    """What a window asks for.

    Attributes:
        times: How many visits.
        dwell_s: How many seconds each must last at least; 0 for passing by.
    """

    times: int = 1
    dwell_s: float = 0.0


@dataclass(frozen=True, eq=False)
class Presence:
    """When one person was known to be at which of some places.

    Attributes:
        place: Places (k,), ascending.
        start: Instants (k,) in microseconds since 1970, ascending for each place.
        end: The same.
        knots: Instants (2m,) at which what is known begins and ends.
        known: Microseconds (2m,) known up to then.
    """

    place: Counts
    start: Counts
    end: Counts
    knots: Counts
    known: Counts


class Stay(NamedTuple):
    """A visit, as far as it lies in some time: from when to when, and the seconds inside."""

    entered_at: int
    left_at: int
    dwell_s: float


class Verdict(NamedTuple):
    """What became of a demand in a window.

    Attributes:
        state: One of `STATES`.
        visits: How many visits counted, late ones included; several people at a time are one.
        longest_s: The longest visit to the place until it was too late, in seconds; 0 where there was none.
        first_at: When the first one began; None where there was none.
        people: Who was there, by place in the presences given.
    """

    state: str
    visits: int
    longest_s: float
    first_at: int | None
    people: tuple[int, ...]


def circles(lon: ArrayLike, lat: ArrayLike, radius_m: ArrayLike, *, metric_srid: int) -> Geometries:
    """The ground within some metres of points, as polygons (n,) of EPSG:4326.

    Args:
        lon: Degrees (n,) in EPSG:4326.
        lat: The same.
        radius_m: Metres (n,).
        metric_srid: EPSG code of the metric CRS.

    >>> around = circles([113.65], [34.75], [30.0], metric_srid=4547)
    >>> bool(shapely.covers(around[0], shapely.Point(113.6503, 34.75)))
    True
    """
    back = transformer(metric_srid, STORED_SRID)
    middle = shapely.points(*points_to_metric(lon, lat, srid=metric_srid))
    round_ = shapely.buffer(middle, np.asarray(radius_m, dtype=np.float64), quad_segs=_QUARTER)
    return np.asarray(shapely.transform(round_, lambda xy: np.column_stack(back.transform(*xy.T))), dtype=np.object_)


def presence(ways: Iterable[tuple[Track, Period]], places: Grids) -> Presence:
    """When somebody was at which of some places; those may overlap, and their borders belong to them.

    Args:
        ways: Traces of one person, each with the time for which it counts; no two of those times overlap.
        places: The places, with the numbers from 1 up.

    >>> from gis.tracks import tracked
    >>> way = tracked(np.arange(3) * 60 * SECOND_US, np.arange(3) * 2**-10, np.zeros(3), np.full(3, 5.0))
    >>> half = Grids([shapely.box(2**-11, -1, 1, 1)], [1], metric_srid=32631)
    >>> found = presence([(way, (0, 90 * SECOND_US))], half)
    >>> found.place.tolist(), (found.start / SECOND_US).tolist(), (found.end / SECOND_US).tolist()
    ([0, 0], [30.0, 60.0], [60.0, 90.0])
    """
    known = [_known_legs(track, during) for track, during in ways]
    begins, ends, legs, whole = (np.concatenate(each) for each in zip(*known, strict=True)) if known else _NOWHERE
    way, cell, share = places.stretches(legs)
    at = whole[way, :1] + np.rint(share * np.diff(whole[way])).astype(np.int64)
    at = np.clip(at, begins[way][:, None], ends[way][:, None])
    place = places.grid_no[cell].astype(np.int64) - 1
    order = np.lexsort((at[:, 0], place))
    up_to = np.cumsum(ends - begins)
    return Presence(
        place[order],
        at[order, 0],
        at[order, 1],
        np.column_stack([begins, ends]).ravel(),
        np.column_stack([up_to - (ends - begins), up_to]).ravel(),
    )


def stays(found: Presence, place: int, during: Period, *, patience: Patience | None = None) -> list[Stay]:
    """The visits of one person to a place, as far as they lie in some time.

    Args:
        found: When the person was where.
        place: Which place.
        during: What lies outside of it counts for nothing.
        patience: When somebody is back again.

    >>> seen = Presence(*(np.array(one) for one in ([0, 0], [0, 9], [4, 20], [0, 20], [0, 20])))
    >>> [(one.entered_at, one.left_at) for one in stays(seen, 0, (2, 12), patience=Patience(apart_s=5e-6))]
    [(2, 4), (9, 12)]
    >>> len(stays(seen, 0, (2, 12)))
    1
    """
    apart_us = (patience or Patience()).apart_s * SECOND_US
    rows = slice(*np.searchsorted(found.place, [place, place + 1]))
    start, end = np.maximum(found.start[rows], during[0]), np.minimum(found.end[rows], during[1])
    inside = start < end
    start, end = start[inside], end[inside]
    if not len(start):
        return []
    left = np.maximum.accumulate(end)
    elsewhere = _known(found, start[1:]) - _known(found, left[:-1])
    first = np.flatnonzero(np.r_[True, elsewhere >= apart_us])
    dwell = np.add.reduceat(end - start, first) / SECOND_US
    last = np.r_[first[1:], len(start)] - 1
    return [Stay(*one) for one in zip(start[first].tolist(), left[last].tolist(), dwell.tolist(), strict=True)]


def judged(
    seen: Sequence[Presence], place: int, window: Window, demand: Demand, *, now: int, patience: Patience | None = None
) -> Verdict:
    """What became of a demand in a window.

    Late is what was begun or finished after the window had closed, and before `late_until`. A demand that is not met
    while its window is open, or before, is not yet due.

    Args:
        seen: When whom the demand concerns was where, one for each person.
        place: The place that is asked for.
        window: When.
        demand: How often and how long.
        now: Until when anything can be known, in microseconds since 1970.
        patience: When somebody is back again.

    >>> from datetime import date
    >>> there = Presence(*(np.array([one]) for one in (0, 40 * SECOND_US, 70 * SECOND_US, 0, 0)))
    >>> open_until_60 = Window(date(1970, 1, 1), 0, 60 * SECOND_US, 100 * SECOND_US)
    >>> [judged([there], 0, open_until_60, Demand(1, least), now=2**50).state for least in (20, 30, 60)]
    ['done', 'late', 'partial']
    """
    in_time = [stays(one, place, (window.opens, window.closes), patience=patience) for one in seen]
    by_then = [stays(one, place, (window.opens, window.late_until), patience=patience) for one in seen]
    met, met_late = (
        _apart(one for few in each for one in few if one.dwell_s >= demand.dwell_s) for each in (in_time, by_then)
    )
    every = [one for few in by_then for one in few]
    if met >= demand.times:
        state = "done"
    elif now < window.closes:
        state = "not_yet"
    elif met_late >= demand.times:
        state = "late"
    else:
        state = "partial" if every else "missed"
    return Verdict(
        state,
        max(met, met_late),
        max((one.dwell_s for one in every), default=0.0),
        min((one.entered_at for one in every), default=None),
        tuple(number for number, few in enumerate(by_then) if few),
    )


def together(states: Collection[str]) -> str:
    """What becomes of something that is done when all of its parts are.

    >>> together(["done", "late"]), together(["done", "missed"]), together(["missed"]), together(["done", "not_yet"])
    ('late', 'partial', 'missed', 'not_yet')
    """
    different = set(states)
    for state in ("not_yet", "partial"):
        if state in different:
            return state
    if "missed" in different:
        return "missed" if different == {"missed"} else "partial"
    return "late" if "late" in different else "done"


def _known_legs(track: Track, during: Period) -> tuple[Counts, Counts, Floats, Counts]:
    """The legs known in some time: from when (m,), until when (m,), their places (m, 4), their own instants (m, 2)."""
    legs = np.flatnonzero((track.legs.kind != Kind.gap) & (np.abs(np.diff(track.lon)) <= _HALF_ROUND))
    begins, ends = np.maximum(track.at[legs], during[0]), np.minimum(track.at[legs + 1], during[1])
    inside = begins < ends
    legs = legs[inside]
    places = np.column_stack([track.lon[legs], track.lat[legs], track.lon[legs + 1], track.lat[legs + 1]])
    return begins[inside], ends[inside], places, np.column_stack([track.at[legs], track.at[legs + 1]])


def _known(found: Presence, at: Counts) -> Floats:
    """Microseconds up to instants in which it is known where the person was."""
    if not len(found.knots):
        return np.zeros(len(at))
    origin = found.knots[0]
    return np.asarray(np.interp(at - origin, found.knots - origin, found.known), dtype=np.float64)


def _apart(found: Iterable[Stay]) -> int:
    """How many visits there are where those that overlap are one."""
    count, until = 0, -1
    for one in sorted(found):
        count += one.entered_at >= until
        until = max(until, one.left_at)
    return count

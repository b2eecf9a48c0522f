"""How far somebody went, though the fixes of the way are not exact.

The legs of a trace add up to more than the way, since every fix is off by a little, each to another side. So a way is
drawn with as few corners as its fixes allow: a fix is a corner only where it lies farther from the straight line
than it may be wrong by. docs/coverage.md tells how near to known walks that comes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gis.edges import Counts, Floats
from gis.quality import Period
from gis.tracks import EARTH, Kind, Track
from gis.wall_clock import SECOND_US

CORNER = 2.5
"""A corner lies so many accuracies off the line: an accuracy holds in two cases of three, and of the many fixes of a
straight way the worst one counts."""
_DEGREE_M = 111_195.0
_HALF_ROUND, _ROUND = 180.0, 360.0


class Effort(NamedTuple):
    """What somebody did in a period, as far as it is known: metres gone and seconds known, stops among them."""

    metres: float
    seconds: float


def effort(track: Track, during: Period) -> Effort:
    """What the part of a trace that lies in a period comes to.

    Args:
        track: A trace.
        during: The period.

    >>> from gis.tracks import tracked
    >>> way = tracked(np.arange(3) * 60 * SECOND_US, np.arange(3) * 1e-3, np.zeros(3), np.full(3, 5.0))
    >>> [round(one) for one in effort(way, (90 * SECOND_US, 900 * SECOND_US))]
    [56, 30]
    """
    inside_us = np.minimum(track.at[1:], during[1]) - np.maximum(track.at[:-1], during[0])
    seconds = np.where(track.legs.kind == Kind.gap, 0, np.maximum(inside_us, 0)) / SECOND_US
    return Effort(float((metres_gone(track) * seconds / track.legs.seconds).sum()), float(seconds.sum()))


def metres_gone(track: Track) -> Floats:
    """Metres (m - 1,) that each leg of a trace counts for: 0 for stops and gaps, elsewhere its part of the way.

    Args:
        track: A trace.

    >>> from gis.tracks import tracked
    >>> jitter = np.array([0, 5, -5, 5, -5, 0]) * 1e-5
    >>> way = tracked(np.arange(6) * 30 * SECOND_US, np.arange(6) * 5e-4, jitter, np.full(6, 5.0))
    >>> float(way.legs.length_m.sum().round()), float(metres_gone(way).sum().round())
    (282.0, 278.0)
    """
    out = np.zeros(len(track.legs.kind))
    moved = np.flatnonzero(track.legs.kind == Kind.moved)
    if not len(moved):
        return out
    begins = np.flatnonzero(np.append(True, np.diff(moved) > 1))
    last = moved[np.append(begins[1:], len(moved)) - 1] + 1
    error_m = CORNER * np.where(np.isnan(track.accuracy_m), track.limits.assumed_accuracy_m, track.accuracy_m)
    for first, stop in zip(moved[begins].tolist(), (last + 1).tolist(), strict=True):
        corner = first + _corners(track.lon[first:stop], track.lat[first:stop], error_m[first:stop])
        here, there = corner[:-1], corner[1:]
        length_m = EARTH.inv(track.lon[here], track.lat[here], track.lon[there], track.lat[there])[2]
        seconds = track.legs.seconds[first : stop - 1]
        pace = length_m / np.add.reduceat(seconds, here - first)
        out[first : stop - 1] = seconds * np.repeat(pace, there - here)
    return out


def _corners(lon: Floats, lat: Floats, error_m: Floats) -> Counts:
    """Which fixes are the corners of a way, its two ends among them."""
    east = (lon - lon[0] + _HALF_ROUND) % _ROUND - _HALF_ROUND
    places = np.column_stack([east * np.cos(np.radians(lat[0])), lat - lat[0]]) * _DEGREE_M
    keep = np.zeros(len(lon), dtype=np.bool_)
    keep[[0, -1]] = True
    waiting = [(0, len(lon) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        between = slice(first + 1, last)
        course = places[last] - places[first]
        along = places[between] - places[first]
        square = float(course @ course)
        share = np.clip(along @ course / square, 0, 1) if square else np.zeros(len(along))
        off_m = np.hypot(*(along - share[:, None] * course).T) - error_m[between]
        worst = int(off_m.argmax())
        if off_m[worst] > 0:
            corner = first + 1 + worst
            keep[corner] = True
            waiting += [(first, corner), (corner, last)]
    return np.flatnonzero(keep)

"""Where a trace stays in one place."""

from __future__ import annotations

import numpy as np

from gis.edges import Counts, Floats
from gis.strays import Bools

_DIRECTIONS = np.arange(8) * np.pi / 8
_FIRST_LOOK = 64


def still_runs(at: Counts, x: Floats, y: Floats, gap: Bools, *, width_m: float, least_us: int) -> tuple[Counts, Counts]:
    """First and last fix (s,) of each stop, in order of time; no fix is in two.

    A stop is the earliest run of following fixes, without a gap, that lasts long enough and of which no two are farther
    apart than the width; it goes on as long as that holds. Widths are measured in eight directions, so a run may
    be up to 2 % wider than that.

    Args:
        at: Instants (n,) in microseconds, ascending.
        x: Metres (n,) in any plane that is true near each fix.
        y: The same.
        gap: Which steps (n - 1,) from one fix to the next are gaps.
        width_m: How far apart two fixes of a stop may be.
        least_us: How long a stop lasts at least, in microseconds.

    >>> minute, metres = np.arange(5) * 60_000_000, np.array([0.0, 3.0, 1.0, 90.0, 180.0])
    >>> first, last = still_runs(minute, metres, np.zeros(5), np.zeros(4, dtype=bool), width_m=50, least_us=120_000_000)
    >>> first.tolist(), last.tolist()
    ([0], [2])
    """
    none = np.empty(0, dtype=np.int64)
    if len(at) < 2:
        return none, none
    end = run_ends(gap)
    until = np.searchsorted(at, at + max(least_us, 1))
    rows = np.flatnonzero(until <= end)
    along = np.cos(_DIRECTIONS)[:, None] * x + np.sin(_DIRECTIONS)[:, None] * y
    rows = rows[_widths(along, rows, until[rows]) <= width_m]
    first, last = [], []
    while len(rows):
        first.append(int(rows[0]))
        last.append(_grown(along[:, rows[0] : end[rows[0]] + 1], width_m) + first[-1])
        rows = rows[np.searchsorted(rows, last[-1], side="right") :]
    return np.array(first, dtype=np.int64), np.array(last, dtype=np.int64)


def run_ends(gap: Bools) -> Counts:
    """For each fix the last one (n,) that is reached from it without a gap.

    Args:
        gap: Which steps (n - 1,) from one fix to the next are gaps.

    >>> run_ends(np.array([False, True, False])).tolist()
    [1, 1, 3, 3]
    """
    broken = np.flatnonzero(gap)
    fixes = np.arange(len(gap) + 1)
    return np.asarray(np.append(broken, len(gap))[np.searchsorted(broken, fixes)])


def spans(first: Counts, stop: Counts) -> Counts:
    """The numbers from each first one up to its stop, that excluded, one span after the other.

    >>> spans(np.array([2, 7]), np.array([5, 8])).tolist()
    [2, 3, 4, 7]
    """
    count = stop - first
    return np.asarray(np.arange(int(count.sum())) + np.repeat(first - (np.cumsum(count) - count), count))


def _widths(along: Floats, first: Counts, last: Counts) -> Floats:
    """How wide runs of fixes are, in the direction in which each is widest."""
    # A run ends before the next index, and the last run needs one more index than there are fixes.
    padded = np.hstack([along, along[:, -1:]])
    ends = np.column_stack([first, last + 1]).ravel()
    if not len(ends):
        return np.empty(0)
    high, low = np.maximum.reduceat(padded, ends, axis=1), np.minimum.reduceat(padded, ends, axis=1)
    return np.asarray((high - low)[:, ::2].max(axis=0))


def _grown(along: Floats, width_m: float) -> int:
    """The last column up to which the columns stay within the width."""
    look = _FIRST_LOOK
    while True:
        seen = along[:, :look]
        width = (np.maximum.accumulate(seen, axis=1) - np.minimum.accumulate(seen, axis=1)).max(axis=0)
        inside = int(np.count_nonzero(width <= width_m))
        if inside < look:
            return inside - 1
        look *= 2

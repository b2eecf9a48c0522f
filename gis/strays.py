"""Positions that nobody can have been at: the fewest fixes are taken out that make the rest of a trace possible.

Whether one fix is out of place cannot be told from the fix before it: that one may be the wrong one. So a trace is
seen as a chain. Each fix left out costs 1. A step that is too far for its time costs a little more than as many
fixes as may stray; a step over a gap costs nothing, because nobody knows what happened in it. The cheapest
chain stays. A fix that jumps away and back is left out, and a person who really went elsewhere is not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gis.crs import transformer
from gis.edges import Counts, Floats
from gis.wall_clock import SECOND_US

Bools = NDArray[np.bool_]

_GEODETIC, _GEOCENTRIC = 4979, 4978
# Added to a jump's cost: of leaving out so many fixes and believing them, leaving out is the cheaper by this.
_DOUBT = 0.4


def reach_m(seconds: Floats, error_m: Floats, error_then_m: Floats, *, max_speed_ms: float) -> Floats:
    """Metres that may lie between two fixes: what can be gone in the time, and what both may be wrong by.

    >>> reach_m(np.array([10.0]), np.array([8.0]), np.array([20.0]), max_speed_ms=3).tolist()
    [58.0]
    """
    return max_speed_ms * seconds + error_m + error_then_m


def believable(
    at: Counts, lon: Floats, lat: Floats, error_m: Floats, *, max_speed_ms: float, gap_s: float, stray_fixes: int
) -> Bools:
    """Which fixes (n,) stay.

    Args:
        at: Instants (n,) in microseconds, ascending, none twice.
        lon: Degrees (n,) of EPSG:4326.
        lat: The same.
        error_m: Metres (n,) by which each may be wrong.
        max_speed_ms: Nobody goes faster, in metres a second.
        gap_s: Steps that take longer may lead anywhere.
        stray_fixes: So many fixes in a row go at an end of a trace, and twice as many in its middle; a larger group is
            believed.

    >>> east = np.array([0.0, 0.0001, 0.02, 0.0003, 0.0004])
    >>> limits = {"max_speed_ms": 3, "gap_s": 300, "stray_fixes": 2}
    >>> believable(np.arange(5) * 10_000_000, east, np.zeros(5), np.full(5, 5.0), **limits).tolist()
    [True, True, False, True, True]
    >>> believable(np.arange(0), np.empty(0), np.empty(0), np.empty(0), **limits).tolist()
    []
    """
    seconds = (at - at[:1]) / SECOND_US
    xyz = np.column_stack(transformer(_GEODETIC, _GEOCENTRIC).transform(lon, lat, np.zeros(len(lon))))
    steps = np.diff(seconds)
    far = np.linalg.norm(np.diff(xyz, axis=0), axis=1)
    odd = (far > reach_m(steps, error_m[:-1], error_m[1:], max_speed_ms=max_speed_ms)) & (steps <= gap_s)
    keep = np.ones(len(at), dtype=np.bool_)
    for first, stop in _surroundings(np.flatnonzero(odd), margin=2 * stray_fixes + 2, count=len(at)):
        part = slice(first, stop)
        keep[part] = _cheapest_chain(
            seconds[part], xyz[part], error_m[part], max_speed_ms=max_speed_ms, gap_s=gap_s, jump=stray_fixes + _DOUBT
        )
    return keep


def _surroundings(odd: Counts, *, margin: int, count: int) -> list[tuple[int, int]]:
    """Stretches of fixes around steps that are too far.

    A fix with that many possible steps on both sides is in every cheapest chain: to leave it out with all its
    neighbours would cost more than to jump there and back. So each stretch can be judged by itself.
    """
    if not len(odd):
        return []
    first, stop = np.maximum(odd + 1 - margin, 0), np.minimum(odd + 1 + margin, count)
    begins = np.flatnonzero(np.append(True, first[1:] > stop[:-1]))
    ends = np.append(begins[1:], len(odd)) - 1
    return list(zip(first[begins].tolist(), stop[ends].tolist(), strict=True))


def _cheapest_chain(
    seconds: Floats, xyz: Floats, error_m: Floats, *, max_speed_ms: float, gap_s: float, jump: float
) -> Bools:
    """Which fixes the cheapest chain holds; of chains that cost the same, the one with the earlier fixes.

    The cost of a chain up to fix i is told less i, so that the costs of chains to different fixes compare.
    """
    cost, before = np.empty(len(seconds)), np.empty(len(seconds), dtype=np.int64)
    over_gap = anywhere = (np.inf, -1)
    old = 0
    for here in range(len(seconds)):
        while seconds[here] - seconds[old] > gap_s:
            over_gap = min(over_gap, (float(cost[old]), old))
            old += 1
        # A jump is at least as cheap as to come from any other fix, and in a dense trace those are many.
        near = old + np.flatnonzero(cost[old:here] <= anywhere[0] + jump)
        far = np.linalg.norm(xyz[near] - xyz[here], axis=1)
        within = reach_m(seconds[here] - seconds[near], error_m[near], error_m[here], max_speed_ms=max_speed_ms)
        reached = near[far <= within]
        nearest = (float("inf"), -1)
        if len(reached):
            best = int(reached[cost[reached].argmin()])
            nearest = (float(cost[best]), best)
        ways = (
            (1.0, -1),
            over_gap,
            nearest,
            (anywhere[0] + jump, anywhere[1]),
        )
        least, before[here] = min(ways)
        cost[here] = least - 1
        anywhere = min(anywhere, (float(cost[here]), here))
    keep = np.zeros(len(seconds), dtype=np.bool_)
    here = int(cost.argmin())
    while here >= 0:
        keep[here] = True
        here = int(before[here])
    return keep

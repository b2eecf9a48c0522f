"""How many buildings and people have a station within a walk: of groups of buildings, all groups in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.edges import Floats
from gis.walking import Ints
from layers.grids.buildings import Buildings

_MOST_DECIMALS = 4
# Steps in which the reached ground grows.
GROWING_MIN = 0.25


def counted(group: Ints, size: int, minutes: Floats, buildings: Buildings, *, limit: float) -> list[dict[str, Any]]:
    """What is told of each of some groups.

    Args:
        group: The group of each building (n,), -1 for none.
        size: How many groups there are.
        minutes: The walk from each building (n,), infinite where there is none.
        buildings: The buildings.
        limit: How many minutes count as within reach.

    Returns:
        For each group `buildings`, `within`, `share` of them, how many are `off`, which no way leads from; `people`,
        `people_within`, `people_share`, and `people_unknown`: buildings whose people nobody counted; `median_min` of
        all buildings and `longest_min` of those with a way. A number that is not known is None: a share of nothing,
        the people where nobody counted any, a median that lies beyond all ways.
    """
    kept = np.flatnonzero(group >= 0)
    of, walk = group[kept], minutes[kept]
    near = walk <= limit
    known = buildings.counted[kept]
    people = np.where(known, buildings.people[kept], 0)
    count, within = np.bincount(of, minlength=size), np.bincount(of[near], minlength=size)
    all_people, off = np.bincount(of, people, minlength=size), np.bincount(of[np.isinf(walk)], minlength=size)
    people_within, told = np.bincount(of, people * near, minlength=size), np.bincount(of[known], minlength=size)
    median, longest = _median(of, walk, count), _longest(of, walk, size)
    return [
        {
            "buildings": int(count[one]),
            "within": int(within[one]),
            "share": share_of(within[one], count[one]),
            "off": int(off[one]),
            "people": int(all_people[one]) if told[one] else None,
            "people_within": int(people_within[one]) if told[one] else None,
            "people_share": share_of(people_within[one], all_people[one]),
            "people_unknown": int(count[one] - told[one]),
            "median_min": minutes_told(median[one]),
            "longest_min": minutes_told(longest[one]),
        }
        for one in range(size)
    ]


def growing(minutes: Floats, buildings: Buildings, within: NDArray[np.bool_], *, limit: float) -> dict[str, Any]:
    """How many are reached after each quarter of a minute up to the limit: what `/reach` plays.

    Args:
        minutes: The walk from each building (n,), infinite where there is none.
        buildings: The buildings.
        within: Which of them count (n,).
        limit: How many minutes.

    Returns:
        `step_min`, and after each step how many `buildings` and `people`, None where nobody counted any.
    """
    steps = max(1, int(np.ceil(limit / GROWING_MIN)))
    near = within & (minutes <= limit)
    step = np.clip(np.ceil(minutes[near] / GROWING_MIN).astype(np.int64) - 1, 0, steps - 1)
    people = np.where(buildings.counted, buildings.people, 0)[near]
    is_known = bool(buildings.counted[within].any())
    return {
        "step_min": GROWING_MIN,
        "buildings": np.bincount(step, minlength=steps).cumsum().tolist(),
        "people": np.bincount(step, people, minlength=steps).astype(np.int64).cumsum().tolist() if is_known else None,
    }


def share_of(part: float, whole: float) -> float | None:
    """A share from 0 to 1, None of nothing.

    >>> share_of(1, 3), share_of(0, 0)
    (0.3333, None)
    """
    return round(float(part) / float(whole), _MOST_DECIMALS) if whole else None


def minutes_told(minutes: float) -> float | None:
    """Minutes to a hundredth, None where there is no way.

    >>> minutes_told(4.567), minutes_told(float("inf"))
    (4.57, None)
    """
    return round(float(minutes), 2) if np.isfinite(minutes) else None


def _median(of: Ints, walk: Floats, count: Ints) -> Floats:
    """The middle of each group, or between the two in the middle; infinite where there is none."""
    if not len(of):
        return np.full(len(count), np.inf)
    walks = walk[np.lexsort((walk, of))]
    begin = count.cumsum() - count
    low, high = (np.clip(begin + middle, 0, len(walks) - 1) for middle in ((count - 1) // 2, count // 2))
    return np.asarray(np.where(count > 0, (walks[low] + walks[high]) / 2, np.inf))


def _longest(of: Ints, walk: Floats, size: int) -> Floats:
    longest = np.full(size, -np.inf)
    reached = np.isfinite(walk)
    np.maximum.at(longest, of[reached], walk[reached])
    return np.asarray(np.abs(longest))

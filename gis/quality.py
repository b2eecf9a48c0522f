"""How well a trace is known, and whether it can carry a rate: a number that the data cannot hold up is not shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gis.edges import Counts, Floats
from gis.thresholds import Thresholds
from gis.tracks import Kind, Track
from gis.wall_clock import SECOND_US

Period = tuple[int, int]
"""From when on, and until when, that excluded: microseconds since 1970."""


@dataclass(frozen=True)
class Quality:
    """How well traces are known in periods in which they should be.

    Attributes:
        fixes: Those used.
        interval_median_s: Of the times from one used fix to the next; NaN where there are not two.
        interval_p90_s: Nine of ten are at most this.
        longest_silence_s: The longest time without a used fix, the ends of a period included.
        gaps: How many times there is something that counts for nothing: a silence, or a way too fast.
        accuracy_median_m: Of what devices say; NaN where none does.
        traced: Share of the periods that is known, that is, no gap; NaN where they are empty.
        interpolated: Share of what is known whose course is a guess; 0 where nothing is known.
    """

    fixes: int
    interval_median_s: float
    interval_p90_s: float
    longest_silence_s: float
    gaps: int
    accuracy_median_m: float
    traced: float
    interpolated: float


@dataclass(frozen=True)
class Demands(Thresholds):
    """What a rate asks of the traces that it comes from.

    Attributes:
        min_fixes: With fewer, a single wrong one would decide.
        max_interval_s: On the median interval: a walker who is seen every minute misses hardly a cell of 100 m; every
            two minutes a third of them, by points.
        min_traced: Share of the periods; what is unknown may be as good or as bad as what is known, so little may be.
        max_interpolated: Share of what is known: beyond this the straight lines say more than the fixes.
        max_accuracy_m: On the median: errors as wide as the ground beside a street credit the wrong street. Where no
            device says its accuracy, nothing is asked.
    """

    min_fixes: int = 10
    max_interval_s: float = 60.0
    min_traced: float = 0.8
    max_interpolated: float = 0.3
    max_accuracy_m: float = 30.0


WITHHELD: dict[str, dict[str, str]] = {
    "too_few_fixes": {
        "zh": "定位点只有 {value} 个,至少需要 {demand} 个。",
        "en": "There are {value} fixes; at least {demand} are needed.",
    },
    "too_sparse": {
        "zh": "定位间隔的中位数为 {value} 秒,最多允许 {demand} 秒。",
        "en": "The median interval between fixes is {value} s; it may be {demand} s.",
    },
    "too_many_gaps": {
        "zh": "有轨迹的时间只占 {value},至少需要 {demand}。",
        "en": "Only {value} of the time is traced; {demand} is needed.",
    },
    "too_interpolated": {
        "zh": "轨迹中有 {value} 是内插的,最多允许 {demand}。",
        "en": "Of the trace, {value} is interpolated; it may be {demand}.",
    },
    "too_inaccurate": {
        "zh": "定位精度的中位数为 {value} 米,最多允许 {demand} 米。",
        "en": "The median accuracy is {value} m; it may be {demand} m.",
    },
}
"""Why a rate is not shown, as sentences with the figure and what was asked of it."""


class Withheld(NamedTuple):
    """A demand that is not met: its code in `WITHHELD`, the figure, and what was asked of it."""

    code: str
    value: float
    demand: float


def quality(watched: Iterable[tuple[Track, Period]]) -> Quality:
    """How well traces are known, of one person or of many together.

    Args:
        watched: Traces, each with a period in which it should be known, such as a shift.

    >>> from gis.tracks import tracked
    >>> at = np.array([0, 30, 60, 660]) * SECOND_US
    >>> trace = tracked(at, np.arange(4) * 1e-4, np.zeros(4), np.full(4, 8.0))
    >>> found = quality([(trace, (0, 720 * SECOND_US))])
    >>> found.fixes, found.interval_median_s, found.longest_silence_s, found.gaps, round(found.traced, 3)
    (4, 30.0, 600.0, 1, 0.083)
    >>> quality([]).fixes
    0
    """
    fixes = gaps = 0
    wanted_s = known_s = guessed_s = 0.0
    intervals, silences, accuracies = [np.empty(0)], [np.empty(0)], [np.empty(0)]
    for track, (start, end) in watched:
        # The fixes of the period and one on either side: of a day's fixes a visit is a small part.
        since, until = np.searchsorted(track.at, (start, end)).tolist()
        first = max(since - 1, 0)
        at, legs = track.at[first : until + 1], slice(first, until)
        seconds, gap = track.legs.seconds[legs], track.legs.kind[legs] == Kind.gap
        in_period_s = _overlap_s(at, start, end)
        touched, edges_s = in_period_s > 0, _edges_s(track, start, end)
        fixes += max(until - since, 0)
        begins = np.diff(touched & gap, prepend=False) & touched & gap
        gaps += int(np.count_nonzero(begins)) + int(np.count_nonzero(edges_s > track.limits.gap_s))
        wanted_s += max(end - start, 0) / SECOND_US
        known_s += float(in_period_s[~gap].sum())
        guessed_s += float(in_period_s[track.legs.interpolated[legs]].sum())
        intervals.append(seconds[touched])
        silences.append(np.append(in_period_s, edges_s))
        accuracies.append(track.accuracy_m[since:until])
    told = np.concatenate(accuracies)
    interval_median_s, interval_p90_s = _quantiles(np.concatenate(intervals), 0.5, 0.9)
    return Quality(
        fixes=fixes,
        interval_median_s=interval_median_s,
        interval_p90_s=interval_p90_s,
        longest_silence_s=float(np.concatenate(silences).max(initial=0.0)),
        gaps=gaps,
        accuracy_median_m=_quantiles(told[~np.isnan(told)], 0.5)[0],
        traced=known_s / wanted_s if wanted_s else float("nan"),
        interpolated=guessed_s / known_s if known_s else 0.0,
    )


def carries(found: Quality, demands: Demands) -> tuple[Withheld, ...]:
    """Why traces cannot carry a rate; empty where they can.

    >>> good = Quality(500, 20.0, 40.0, 90.0, 0, 8.0, 0.95, 0.05)
    >>> carries(good, Demands()), carries(good, Demands(max_interval_s=10))
    ((), (Withheld(code='too_sparse', value=20.0, demand=10),))
    """
    # Compared so that a share that is NaN is withheld, and a median that is NaN, which nobody measured, is not.
    at_least = (
        ("too_few_fixes", found.fixes, demands.min_fixes),
        ("too_many_gaps", found.traced, demands.min_traced),
    )
    at_most = (
        ("too_sparse", found.interval_median_s, demands.max_interval_s),
        ("too_interpolated", found.interpolated, demands.max_interpolated),
        ("too_inaccurate", found.accuracy_median_m, demands.max_accuracy_m),
    )
    unmet = [one for one in at_least if not one[1] >= one[2]] + [one for one in at_most if one[1] > one[2]]
    return tuple(Withheld(*one) for one in unmet)


def _overlap_s(at: Counts, start: int, end: int) -> Floats:
    """How many seconds between each two instants lie in a period."""
    inside = np.minimum(at[1:], end) - np.maximum(at[:-1], start)
    return np.asarray(np.maximum(inside, 0) / SECOND_US)


def _edges_s(track: Track, start: int, end: int) -> Floats:
    """The silence before the first and after the last fix in a period; the whole period where there is no fix."""
    if not len(track.at):
        return np.array([max(end - start, 0) / SECOND_US])
    before = min(int(track.at[0]), end) - start
    after = end - max(int(track.at[-1]), start)
    return np.asarray(np.maximum(np.array([before, after]), 0) / SECOND_US)


def _quantiles(values: Floats, *shares: float) -> list[float]:
    """As numpy's, which takes ten times as long for the few values of a visit; NaN of none."""
    if not len(values):
        return [float("nan")] * len(shares)
    ordered, last = np.sort(values), len(values) - 1
    found = []
    for share in shares:
        below = int(share * last)
        low, high = float(ordered[below]), float(ordered[min(below + 1, last)])
        found.append(low + (high - low) * (share * last - below))
    return found

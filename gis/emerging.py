"""How hot and cold spots change from week to week: new, growing, waning, gone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from gis.edges import Floats
from gis.neighbours import Neighbours
from gis.significance import false_discovery, getis_ord

KINDS = ("new", "consecutive", "intensifying", "persistent", "diminishing", "sporadic", "oscillating", "historical")
CLASSES = (*(f"{kind}-{side}" for side in ("hot", "cold") for kind in KINDS), "none")
"""What a grid may be; each is told in docs/hotspots.md."""

NEARLY_ALL = 0.9
"""Share of the weeks that a grid must be hot in, to be hot almost always."""


@dataclass(frozen=True)
class Trend:
    """Whether series rise or fall, by Mann and Kendall.

    Attributes:
        score: Pairs of weeks that rise, less those that fall (grids,).
        z: In standard deviations from what chance would give, one step nearer to 0 because scores are whole numbers.
        p: How probable it is to be that far off in either direction; 1 for a series that stays as it is.
    """

    score: NDArray[np.int64]
    z: Floats
    p: Floats


@dataclass(frozen=True)
class Emerging:
    """What became of each grid.

    Attributes:
        z: Gi* of each week among the grids (weeks, grids); NaN where nothing can be said.
        p: Its p, two-sided (weeks, grids).
        threshold: The largest p that is believed, of all weeks and grids together.
        significant: 1 hot, -1 cold, 0 neither (weeks, grids).
        trend: Of z, grid by grid.
        klass: One of `CLASSES` for each grid.
    """

    z: Floats
    p: Floats
    threshold: float
    significant: NDArray[np.int8]
    trend: Trend
    klass: NDArray[np.str_]


def emerging(counts: ArrayLike, neighbours: Neighbours, *, alpha: float = 0.05) -> Emerging:
    """Hot and cold spots of each week, their trend, and the class that follows from both.

    Args:
        counts: Cases (weeks, grids), the first week first; weeks stand for whatever steps of time there are.
        neighbours: Of the same grids.
        alpha: Share of what is believed to be hot or cold that may be chance, of all weeks and grids together; and the
            p below which a trend is one.

    Raises:
        BadInput: `unknown_value`.

    >>> from gis.neighbours import neighbours_of
    >>> row = neighbours_of([(at, at + 1) for at in range(29)], 30)
    >>> weeks = np.ones((12, 30)) + np.arange(30) % 2
    >>> weeks[-1, 10:13] = 40
    >>> emerging(weeks, row).klass[[0, 11]].tolist()
    ['none', 'new-hot']
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(neighbours):
        raise ValueError("counts must have one row for each week and one number for each grid in it")
    found = [getis_ord(week, neighbours) for week in table]
    z = np.array([week.z for week in found]).reshape(table.shape)
    p = np.array([week.p for week in found]).reshape(table.shape)
    believed, threshold = false_discovery(p, alpha=alpha, tested=np.isfinite(z))
    significant = np.where(believed, np.sign(np.nan_to_num(z)), 0).astype(np.int8)
    # Where nothing can be said, a grid is as hot as any other; and what differs by a rounding is equal.
    trend = mann_kendall(np.nan_to_num(z).round(9))
    return Emerging(z, p, threshold, significant, trend, classes(significant, trend, alpha=alpha))


def mann_kendall(series: ArrayLike) -> Trend:
    """The trend of each column, whatever its shape: every pair of weeks is asked whether the later one has more.

    The variance allows for values that are equal; p is that of the normal curve.

    Args:
        series: Values (weeks, grids), finite.

    >>> trend = mann_kendall([[1, 5, 3], [2, 5, 2], [3, 5, 2], [5, 5, 1], [8, 5, 0]])
    >>> trend.score.tolist(), trend.z.round(3).tolist(), trend.p.round(3).tolist()
    ([10, 0, -9], [2.205, 0.0, -2.021], [0.027, 1.0, 0.043])
    >>> mann_kendall(np.ones((1, 2))).p.tolist()
    [1.0, 1.0]
    """
    table = np.asarray(series, dtype=np.float64)
    weeks = len(table)
    score = np.zeros(table.shape[1], dtype=np.int64)
    for later in range(1, weeks):
        score += np.sign(table[later:] - table[:-later]).sum(axis=0).astype(np.int64)
    variance = _spread(weeks) - _equal(np.sort(table, axis=0))
    step = score - np.sign(score)
    z = np.divide(step, np.sqrt(variance), out=np.zeros(len(score)), where=variance > 0)
    return Trend(score, z, 2 * ndtr(-np.abs(z)))


def classes(significant: ArrayLike, trend: Trend, *, alpha: float = 0.05) -> NDArray[np.str_]:
    """The class of each grid, one of `CLASSES`.

    Args:
        significant: 1 hot, -1 cold, 0 neither (weeks, grids).
        trend: Of the same grids.
        alpha: The p below which a trend is one.

    >>> hot = np.array([[0, 1, 1], [0, 0, 1], [1, 1, 1]])
    >>> classes(hot, mann_kendall(np.zeros((3, 3)))).tolist()
    ['new-hot', 'sporadic-hot', 'persistent-hot']
    """
    table = np.asarray(significant)
    named = np.full(table.shape[1], "none", dtype="<U17")
    if len(table):
        moving = np.where(trend.p < alpha, np.sign(trend.z), 0)
        hot, cold = _kinds(table, moving), _kinds(-table, -moving)
        for kind in hot:
            for side, of in (("hot", hot), ("cold", cold)):
                named[of[kind] & (named == "none")] = f"{kind}-{side}"
    return named


def _kinds(of: NDArray[np.int8], moving: Floats) -> dict[str, NDArray[np.bool_]]:
    """Which grids are what kind of hot spot; a grid is the first that it is."""
    weeks, hot = len(of), of > 0
    now, often = hot[-1], hot.sum(axis=0)
    most = often >= math.ceil(NEARLY_ALL * weeks - 1e-9)
    steady = most & now & (weeks > 1)
    # Weeks at the end that are hot one after the other.
    run = np.where(hot.all(axis=0), weeks, np.argmin(hot[::-1], axis=0))
    return {
        "intensifying": steady & (moving > 0),
        "diminishing": steady & (moving < 0),
        "persistent": steady,
        "new": now & (often == 1),
        "consecutive": now & (often == run),
        "oscillating": now & (of < 0).any(axis=0),
        "sporadic": now,
        "historical": most,
    }


def _spread(equal: ArrayLike) -> Floats:
    """The variance of the score of n values in no order; equal ones take from it what they would have alone."""
    n = np.asarray(equal, dtype=np.float64)
    return n * (n - 1) * (2 * n + 5) / 18


def _equal(ascending: Floats) -> Floats:
    """What equal values take from the variance, column by column."""
    weeks, columns = ascending.shape
    if not weeks:
        return np.zeros(columns)
    starts = np.vstack([np.ones((1, columns), dtype=np.bool_), ascending[1:] != ascending[:-1]])
    # Runs of equal values, numbered through all columns.
    run = np.cumsum(starts.T.ravel()) - 1
    first = run[::weeks]
    return np.add.reduceat(_spread(np.bincount(run)), first)

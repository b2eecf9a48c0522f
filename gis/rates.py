"""Rates that few cases cannot throw about: each is drawn towards the mean, the more so the less it rests on.

The empirical Bayes estimator of Marshall (1991). A grid with two households and one case has no rate of a half: what is
known of all grids, or of those around it, says more about it than its own two households.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gis.edges import Floats
from gis.errors import BadInput
from gis.neighbours import Neighbours


def empirical_bayes(cases: ArrayLike, base: ArrayLike) -> Floats:
    """Cases by one of the base (n,), drawn towards the rate of all grids together.

    Args:
        cases: Of each grid (n,), 0 or more.
        base: What they are counted by (n,); where that is 0 or not known (NaN), the rate is NaN and the grid plays no
            part.

    Raises:
        BadInput: `unknown_value`, `negative`.

    >>> empirical_bayes([1, 40, 10, 0], [2, 1000, 1000, 0]).round(4).tolist()
    [0.0403, 0.0392, 0.0109, nan]
    >>> empirical_bayes([2, 2], [100, 100]).tolist(), empirical_bayes([], []).tolist()
    ([0.02, 0.02], [])
    """
    count, by, known = _checked(cases, base)
    total = by[known].sum()
    mean = count[known].sum() / total if known.any() else 0.0
    raw = _divided(count, by, known)
    scatter = (by[known] * (raw[known] - mean) ** 2).sum() / total if known.any() else 0.0
    typical = by[known].mean() if known.any() else 1.0
    return _drawn_in(raw, by, np.full(len(by), mean), np.full(len(by), scatter - mean / typical), known)


def local_empirical_bayes(cases: ArrayLike, base: ArrayLike, neighbours: Neighbours) -> Floats:
    """Cases by one of the base (n,), drawn towards the rate of the grid and its neighbours together.

    Args:
        cases: Of each grid (n,), 0 or more.
        base: What they are counted by (n,); where that is 0 or not known (NaN), the rate is NaN and the grid plays no
            part.
        neighbours: Of the same grids; an island keeps its own rate.

    Raises:
        BadInput: `unknown_value`, `negative`.

    >>> from gis.neighbours import neighbours_of
    >>> row = neighbours_of([(0, 1), (1, 2), (2, 3)], 5)
    >>> local_empirical_bayes([1, 40, 10, 0, 3], [2, 1000, 1000, 0, 10], row).round(4).tolist()
    [0.0484, 0.0392, 0.0117, nan, 0.3]
    """
    count, by, known = _checked(cases, base)
    if len(neighbours) != len(by):
        raise ValueError("neighbours must be of the same grids")
    there = np.where(known, by, 0.0)
    raw = _divided(count, by, known)
    rate = np.where(known, raw, 0.0)

    def around(values: Floats) -> Floats:
        return neighbours.sums(values) + values

    total, grids = around(there), around(known.astype(np.float64))
    mean = _divided(around(np.where(known, count, 0.0)), total, known)
    # The sum of base * (rate - mean)^2 over a grid and its neighbours, where the mean is that grid's own.
    squares = around(there * rate**2) - 2 * mean * around(there * rate) + mean**2 * total
    scatter = _divided(squares, total, known)
    return _drawn_in(raw, by, mean, scatter - mean * grids / np.where(known, total, 1.0), known)


def _checked(cases: ArrayLike, base: ArrayLike) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Cases, base, and where there is a base."""
    count, by = np.asarray(cases, dtype=np.float64), np.asarray(base, dtype=np.float64)
    if count.ndim != 1 or count.shape != by.shape:
        raise ValueError("cases and base must have one number for each grid")
    if not np.isfinite(count).all() or np.isinf(by).any():
        raise BadInput("unknown_value", "A number of cases or a base is not finite.", field="cases")
    for field, values in (("cases", count), ("base", by)):
        if (values < 0).any():
            detail = f"'{field}' has numbers below 0; give 0 or more."
            raise BadInput("negative", detail, field=field, value=values[values < 0][0])
    return count, by, by > 0


def _divided(part: Floats, by: Floats, known: NDArray[np.bool_]) -> Floats:
    return np.asarray(np.divide(part, by, out=np.full(len(by), np.nan), where=known))


def _drawn_in(raw: Floats, by: Floats, mean: Floats, variance: Floats, known: NDArray[np.bool_]) -> Floats:
    """Rates between their own and the mean, by how much of their scatter is more than chance."""
    real = np.maximum(variance, 0.0)
    chance = _divided(mean, by, known)
    share = np.divide(real, real + chance, out=np.zeros(len(by)), where=known & (real + chance > 0))
    return np.asarray(np.where(known, mean + share * (raw - mean), np.nan))

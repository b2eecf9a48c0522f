"""Near repeats: whether cases near in space are near in time more often than chance would have it (Knox).

The places and the times are taken as they are; chance deals the times out to the places anew. How many pairs that gives
on average is known in closed form; how often it gives as many as there are is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from gis.clusters import metres
from gis.edges import Counts, Floats
from gis.errors import BadInput
from gis.kernel import address, kernel

MOST_PAIRS = 10_000_000
# Pairs times permutations: what 999 permutations of the most pairs take.
MOST_DEALT = 999 * MOST_PAIRS
"""Pairs near in space that are looked at."""

_DAY_S = 86_400
# Of 32 bits: what two times may be apart.
_MOST_SECONDS = 2**31 - 1
# Shuffled orders and limits of time that the kernel holds pairs against at once.
_ORDERS, _LIMITS = 8, 4
_THREADS = 2
_AT_ONCE = 1 << 20


@dataclass(frozen=True, eq=False)
class NearRepeat:
    """Pairs of cases by how far apart they are, in space (rows) and in time (columns).

    Attributes:
        distances_m: Ends (d,) of the bands of distance; each begins where the one before ends, the first with 0, itself
            included.
        days: Ends (t,) of the bands of time, likewise.
        observed: Pairs (d, t), each counted once.
        expected: Pairs that chance gives on average (d, t).
        ratio: Observed to expected (d, t), NaN where none are expected.
        p: How probable it is that chance gives as many or more (d, t): one-sided.
        n: Cases.
        permutations: How often chance was tried.
        seed: What its tries come from.
    """

    distances_m: Floats
    days: Floats
    observed: Counts
    expected: Floats
    ratio: Floats
    p: Floats
    n: int
    permutations: int
    seed: int


def near_repeat(
    x: ArrayLike,
    y: ArrayLike,
    at_s: ArrayLike,
    *,
    distances_m: Sequence[float],
    days: Sequence[float],
    permutations: int = 999,
    seed: int,
) -> NearRepeat:
    """Pairs by bands of distance and time, beside those of chance.

    Args:
        x: Metres (n,).
        y: Metres (n,).
        at_s: When (n,), in seconds from any instant; parts of a second do not count.
        distances_m: Ends of the bands of distance, ascending, above 0.
        days: Ends of the bands of time, of 24 hours each, ascending, above 0.
        permutations: How often the times are dealt out anew.
        seed: The same seed gives the same p.

    Raises:
        BadInput: `bad_bands`, `position_not_finite`, `too_many_pairs`.

    >>> day = 86_400
    >>> at = [0, day, 90 * day, 91 * day]
    >>> found = near_repeat([0, 10, 5000, 5010], [0, 0, 0, 0], at, distances_m=[100], days=[2], seed=1)
    >>> found.observed.tolist(), found.expected.round(3).tolist(), found.ratio.round(3).tolist()
    ([[2]], [[0.667]], [[3.0]])
    """
    at, second = metres(x, y), np.floor(np.asarray(at_s, dtype=np.float64))
    if second.shape != (len(at),) or not (np.ptp(second) if len(at) else 0) < _MOST_SECONDS:
        raise ValueError("at_s must have one finite number for each case, all within 68 years")
    apart_m, apart_days = _ends("distances_m", distances_m), _ends("days", days)
    moment = (second - second.min(initial=np.inf)).astype(np.int32)
    limits = np.minimum(np.floor(apart_days * _DAY_S), _MOST_SECONDS).astype(np.int32)
    bands = _pairs(at, apart_m, most=min(MOST_PAIRS, MOST_DEALT // max(permutations, 1)))
    near = [len(pairs) for pairs in bands]
    soon = np.diff(_within(np.sort(moment).astype(np.int64), limits), prepend=0)
    expected = np.outer(near, soon) / max(len(at) * (len(at) - 1) / 2, 1)
    observed, larger = _tried(bands, moment, limits, permutations, seed)
    ratio = np.divide(observed, expected, out=np.full(expected.shape, np.nan), where=expected > 0)
    p = (larger + 1) / (permutations + 1)
    return NearRepeat(apart_m, apart_days, observed, expected, ratio, p, len(at), permutations, seed)


def _ends(field: str, ends: Sequence[float]) -> Floats:
    told = np.asarray(ends, dtype=np.float64)
    if told.ndim != 1 or not len(told) or not (np.diff(told, prepend=0) > 0).all() or not np.isfinite(told).all():
        detail = f"'{field}' is {list(ends)}; give one number or more, above 0 and ascending."
        raise BadInput("bad_bands", detail, field=field, value=list(ends))
    return told


def _pairs(at: Floats, apart_m: Floats, *, most: int) -> list[NDArray[np.int32]]:
    """Pairs (m, 2) of cases by bands of distance, cases near each other near by; refused where there are too many."""
    if not len(at):
        return [np.empty((0, 2), dtype=np.int32) for _ in apart_m]
    tree = cKDTree(at)
    count = int(tree.count_neighbors(tree, apart_m[-1]) - len(at)) // 2
    if count > most:
        raise BadInput(
            "too_many_pairs",
            f"{count:,} pairs of cases lie within {apart_m[-1]:g} m, more than {most:,}; "
            "give a shorter period, fewer kinds of cases, a smaller distance or fewer permutations.",
            field="distances_m",
            value=apart_m[-1],
            values={"pairs": count, "most_pairs": most},
        )
    pairs = tree.query_pairs(apart_m[-1], output_type="ndarray").astype(np.int32)
    squared = np.empty(len(pairs))
    for first in range(0, len(pairs), _AT_ONCE):
        some = pairs[first : first + _AT_ONCE]
        squared[first : first + _AT_ONCE] = ((at[some[:, 0]] - at[some[:, 1]]) ** 2).sum(axis=1)
    band = np.searchsorted(apart_m[:-1] ** 2, squared)
    return [pairs[band == one] for one in range(len(apart_m))]


def _within(ascending: Counts, limits: NDArray[np.int32]) -> Counts:
    """How many pairs of all are at most each limit apart."""
    place = np.arange(len(ascending))
    return np.array([(np.searchsorted(ascending, ascending + limit, "right") - place - 1).sum() for limit in limits])


def _tried(
    bands: Sequence[NDArray[np.int32]],
    moment: NDArray[np.int32],
    limits: NDArray[np.int32],
    permutations: int,
    seed: int,
) -> tuple[Counts, Counts]:
    """Pairs by bands in the order that is, and in how many shuffled ones there are as many or more."""
    chance = np.random.default_rng(seed)
    # Nothing is less than no time apart.
    fours = np.append(limits, np.full(-len(limits) % _LIMITS, -1, dtype=np.int32)).reshape(-1, _LIMITS)

    def counted(orders: NDArray[np.int32]) -> Counts:
        at = np.ascontiguousarray(orders.T)
        found = np.zeros((len(bands), *fours.shape, _ORDERS), dtype=np.int32)
        for band, four in np.ndindex(found.shape[:2]):
            pairs, four_of_band = bands[band], found[band, four]
            kernel.close_in_time(address(pairs), len(pairs), address(at), address(fours[four]), address(four_of_band))
        upto = found.reshape(len(bands), -1, _ORDERS)[:, : len(limits)]
        return np.asarray(np.diff(upto, axis=1, prepend=0), dtype=np.int64)

    observed = counted(np.tile(moment, (_ORDERS, 1)))[..., 0]
    larger = np.zeros_like(observed)
    with ThreadPoolExecutor(_THREADS) as pool:
        for first in range(0, permutations, _THREADS * _ORDERS):
            shuffled = [chance.permuted(np.tile(moment, (_ORDERS, 1)), axis=1) for _ in range(_THREADS)]
            found = np.concatenate(list(pool.map(counted, shuffled)), axis=2)[..., : permutations - first]
            larger += (found >= observed[..., None]).sum(axis=2)
    return observed, larger

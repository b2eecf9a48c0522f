"""Whether values gather on some grids more than chance would have it: Getis-Ord Gi*, local Moran, permutations.

What is held against chance is where the values lie, not how large they are: all of them are taken as they are and dealt
out to the grids anew. The moments of that are known in closed form; `permuted` deals them out indeed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from gis.edges import Floats
from gis.errors import BadInput
from gis.neighbours import Neighbours
from gis.sides import Ints

# What differs by less, relative to what there is, differs by rounding.
_ROUNDING = 1e-12
# At how many places of a shuffled deck a grid with the usual number of neighbours takes theirs.
_PLACES = 16
_CARDS_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class Significance:
    """What was measured of each grid, and how far that is from chance.

    Attributes:
        statistic: As defined (n,).
        z: In standard deviations from what chance would give (n,), below 0 for less; NaN where nothing can be said:
            islands, values that are all equal, a grid beside all others.
        p: How probable it is to be that far off in either direction (n,); 1 where nothing can be said.
    """

    statistic: Floats
    z: Floats
    p: Floats

    @property
    def tested(self) -> NDArray[np.bool_]:
        """The grids of which something can be said (n,)."""
        return np.asarray(np.isfinite(self.z))


@dataclass(frozen=True)
class LocalMoran(Significance):
    """The same of local Moran, with what lies beside what.

    Attributes:
        quadrant: "HH", "LH", "LL" or "HL" (n,): the grid, then its neighbours on average, above the mean (H) or not
            (L); empty where nothing can be said.
    """

    quadrant: NDArray[np.str_]


def getis_ord(values: ArrayLike, neighbours: Neighbours, *, star: bool = True) -> Significance:
    """Getis-Ord Gi*: the share of everything that a grid and its neighbours have together, each counted once.

    Args:
        values: One for each grid (n,), finite.
        neighbours: Of the same grids.
        star: Without it the grid itself is left out of both (Gi), and what it has is not dealt out.

    Raises:
        BadInput: `unknown_value`.

    >>> from gis.neighbours import neighbours_of
    >>> row = neighbours_of([(at, at + 1) for at in range(7)], 9)
    >>> found = getis_ord([9, 8, 9, 1, 0, 1, 0, 2, 5], row)
    >>> found.z.round(2).tolist(), found.p.round(3).tolist()[:2]
    ([1.9, 2.61, 1.15, -0.3, -1.76, -1.94, -1.58, -1.19, nan], [0.057, 0.009])
    >>> getis_ord([3, 3, 3], neighbours_of([(0, 1), (1, 2)], 3)).p.tolist()
    [1.0, 1.0, 1.0]
    """
    value, centred = _checked(values, neighbours)
    own, dealt = float(star), len(value) - (not star)
    squares = float(centred @ centred)
    weight = neighbours.count + own
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = (neighbours.sums(value) + own * value) / (value.sum() - (1 - own) * value)
        # Of the values that are dealt out, centred as all of them are.
        mean = -(1 - own) * centred / dealt
        variance = (squares - (1 - own) * centred**2) / dealt - mean**2
        spread = variance * weight * (dealt - weight) / (dealt - 1)
        z = (neighbours.sums(centred) + own * centred - weight * mean) / np.sqrt(spread)
    known = ~neighbours.islands & (variance > _ROUNDING * squares / max(len(value), 1)) & (weight < dealt)
    return Significance(statistic, *_told(z, known))


def local_moran(values: ArrayLike, neighbours: Neighbours) -> LocalMoran:
    """Local Moran: how far a grid is from the mean, times how far its neighbours are on average.

    z and p are those of the conditional null: the grid keeps its value, all others are dealt out.

    Args:
        values: One for each grid (n,), finite.
        neighbours: Of the same grids.

    Raises:
        BadInput: `unknown_value`.

    >>> from gis.neighbours import neighbours_of
    >>> row = neighbours_of([(at, at + 1) for at in range(7)], 9)
    >>> found = local_moran([9, 8, 9, 1, 0, 1, 0, 2, 5], row)
    >>> found.quadrant.tolist()
    ['HH', 'HH', 'HH', 'LH', 'LL', 'LL', 'LL', 'LL', '']
    >>> found.statistic.round(2).tolist()[:5], found.z.round(2).tolist()[:2]
    ([1.39, 1.39, 0.21, -0.12, 0.74], [1.27, 2.16])
    """
    value, centred = _checked(values, neighbours)
    n, count = len(value), np.maximum(neighbours.count, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = centred / np.sqrt(centred @ centred / max(n, 1))
        beside = neighbours.sums(score) / count
        statistic = (n - 1) / max(n, 1) * score * beside
        # The variance of `beside` with the grid's own value held; all of it is zero where one grid has everything.
        held = 1 - score**2 / (n - 1)
        variance = n / np.float64(n - 2) * (1 / count - 1 / np.float64(n - 1)) * held
        z = np.sign(score) * ((n - 1) / max(n, 1) * beside + score / np.float64(n - 1)) / np.sqrt(variance)
    known = ~neighbours.islands & (np.abs(score) > _ROUNDING) & (held > _ROUNDING) & (count < n - 1)
    letters = np.array([["LL", "LH"], ["HL", "HH"]])[(score > 0).astype(int), (beside > _ROUNDING).astype(int)]
    return LocalMoran(statistic, *_told(z, known), np.where(known, letters, ""))


def permuted(
    values: ArrayLike,
    neighbours: Neighbours,
    *,
    statistic: Literal["gi", "moran"] = "gi",
    permutations: int = 999,
    seed: int,
) -> Floats:
    """How often chance is as far off as what there is, on the side on which it is (n,): one-sided, at most 1.

    Each grid keeps its value and its neighbours get values of others. Where that is at least as far off in k of the
    permutations, p is (k + 1) / (permutations + 1). A tie is as far off, on either side: else grids without cases among
    others without cases would be rare. `two_sided` makes p comparable with `Significance.p`.

    A permutation is a shuffled deck of all values. Each grid takes its neighbours' values from it, its own left out, at
    several places that have no card in common, and k is their average: so it hangs less on luck than a single draw.
    All grids use the same decks.

    Args:
        values: One for each grid (n,), finite.
        neighbours: Of the same grids.
        statistic: "gi" for Gi and Gi*, which have the same p; "moran" for local Moran, which says nothing of a grid
            whose value is the mean, and of all others the same.
        permutations: How many decks are shuffled.
        seed: The same seed gives the same p.

    Raises:
        BadInput: `unknown_value`.

    >>> from gis.neighbours import neighbours_of
    >>> row = neighbours_of([(at, at + 1) for at in range(7)], 9)
    >>> permuted([9, 8, 9, 1, 0, 1, 0, 2, 5], row, seed=1).round(1).tolist()
    [0.3, 0.0, 0.4, 0.6, 0.1, 0.0, 0.2, 0.3, 1.0]
    """
    value, centred = _checked(values, neighbours)
    most = int(neighbours.count.max(initial=0))
    if not most:
        return np.ones(len(value))
    # By their number of neighbours, then by what these have: so what is looked up lies side by side.
    observed = neighbours.sums(value)
    order = np.lexsort([observed, neighbours.count])
    dealt = _Dealt(value[order], observed[order], neighbours.count[order], _ROUNDING * float(np.abs(value).sum()))
    usual = _PLACES * (math.ceil(neighbours.count[~neighbours.islands].mean()) + 1)
    cards = min(max(usual, most + 1), len(value))
    far = np.zeros((2, len(value)))
    for drawn in _decks(len(value), cards, permutations, seed):
        far += dealt.as_far(drawn)
    places = np.maximum(cards // (dealt.count + 1), 1)
    p = np.empty(len(value))
    p[order] = (far.min(axis=0) / places + 1) / (permutations + 1)
    unknown = neighbours.islands
    if statistic == "moran":
        unknown = unknown | (np.abs(centred) <= _ROUNDING * np.abs(value).max())
    return np.where(unknown, 1.0, p)


@dataclass(frozen=True)
class _Dealt:
    """Grids by their number of neighbours, that values are dealt out to.

    Attributes:
        value: What each has (n,).
        observed: What its neighbours have together (n,).
        count: How many these are (n,), ascending.
        slack: How far apart two sums may be that differ by rounding.
    """

    value: Floats
    observed: Floats
    count: Ints
    slack: float

    def as_far(self, drawn: Ints) -> Floats:
        """How often neighbours come to as much as those there are, or more, and how often to as much or less (2, n).

        A place in a deck is as many cards as a grid has neighbours, and one more in case that its own is among these.

        Args:
            drawn: Whose value each card is, deck by deck (some, cards).
        """
        cards = drawn.shape[1]
        sums = np.zeros((len(drawn), cards + 1))
        np.cumsum(self.value[drawn], axis=1, out=sums[:, 1:])
        far = np.zeros((2, len(self.value)))
        for several in np.unique(self.count[self.count > 0]).tolist():
            start = np.arange(cards // (several + 1)) * (several + 1)
            ascending = np.sort((sums[:, start + several] - sums[:, start]).ravel())
            rows = slice(*np.searchsorted(self.count, [several, several + 1]).tolist())
            far[0, rows] = len(ascending) - np.searchsorted(ascending, self.observed[rows] - self.slack)
            far[1, rows] = np.searchsorted(ascending, self.observed[rows] + self.slack, side="right")
        # Where a grid's own value was among those, the card after them takes its place.
        wide = self.count[drawn] + 1
        within = np.arange(cards) % wide
        deck, card = np.nonzero((within < wide - 1) & (np.arange(cards) - within + wide <= cards))
        own, start = drawn[deck, card], card - within[deck, card]
        end = start + self.count[own]
        as_drawn = sums[deck, end] - sums[deck, start] - self.observed[own]
        instead = sums[deck, end + 1] - sums[deck, start] - self.value[own] - self.observed[own]
        for row, side in enumerate((1.0, -1.0)):
            change = (side * instead >= -self.slack).astype(np.float64) - (side * as_drawn >= -self.slack)
            far[row] += np.bincount(own, change, minlength=len(self.value))
        return far


def two_sided(p: ArrayLike) -> Floats:
    """What one-sided p of either side come to where nobody asked for that side before: twice as much, at most 1.

    >>> two_sided([0.02, 0.7]).tolist()
    [0.04, 1.0]
    """
    return np.minimum(2 * np.asarray(p, dtype=np.float64), 1.0)


def false_discovery(
    p: ArrayLike, *, alpha: float = 0.05, tested: ArrayLike | None = None
) -> tuple[NDArray[np.bool_], float]:
    """Which of many p to believe, so that of those at most a share `alpha` is chance (Benjamini-Hochberg).

    Args:
        p: Any shape.
        alpha: Above 0, below 1.
        tested: Those that were tested (same shape); without it all are. The others are not believed, and do not make it
            harder for the rest.

    Returns:
        Which are believed, in the shape of p, and the largest p that is or would be.

    >>> believed, threshold = false_discovery([0.001, 0.02, 0.03, 0.9])
    >>> believed.tolist(), round(threshold, 4)
    ([True, True, True, False], 0.0375)
    >>> false_discovery([])[1]
    0.05
    """
    all_p = np.asarray(p, dtype=np.float64)
    among = np.ones(all_p.shape, dtype=np.bool_) if tested is None else np.asarray(tested, dtype=np.bool_)
    ascending = np.sort(all_p[among])
    allowed = alpha * np.arange(1, len(ascending) + 1) / max(len(ascending), 1)
    small = np.flatnonzero(ascending <= allowed)
    threshold = float(allowed[small[-1]]) if len(small) else alpha / max(len(ascending), 1)
    return among & (all_p <= threshold), threshold


def _checked(values: ArrayLike, neighbours: Neighbours) -> tuple[Floats, Floats]:
    """Values, and how far each is from their mean: exactly 0 where all are equal."""
    value = np.asarray(values, dtype=np.float64)
    if value.shape != (len(neighbours),):
        raise ValueError("values must have one number for each grid")
    bad = np.flatnonzero(~np.isfinite(value))
    if len(bad):
        raise BadInput(
            "unknown_value",
            f"{len(bad)} of {len(value)} grids have no number; leave those grids out.",
            field="values",
            value=value[bad[0]],
        )
    equal = not len(value) or value.min() == value.max()
    return value, np.zeros(len(value)) if equal else value - value.mean()


def _told(z: Floats, known: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """z and its two-sided p under the normal curve, where they are known."""
    return np.where(known, z, np.nan), np.where(known, 2 * ndtr(-np.abs(z)), 1.0)


def _decks(grids: int, cards: int, permutations: int, seed: int) -> Iterator[Ints]:
    """The first cards of shuffled decks of all grids (some, cards), some decks at a time."""
    chance = np.random.default_rng(seed)
    at_once = max(_CARDS_AT_ONCE // max(grids, _PLACES * cards), 1)
    for first in range(0, permutations, at_once):
        deck = np.tile(np.arange(grids, dtype=np.int32), (min(at_once, permutations - first), 1))
        turn = np.arange(len(deck))
        drawn = np.empty((len(deck), cards), dtype=np.int64)
        for place in range(cards):
            taken = chance.integers(place, grids, len(deck))
            drawn[:, place] = deck[turn, taken]
            deck[turn, taken] = deck[:, place]
        yield drawn

"""How evenly a city's work is spread over its grids: what is measured, how far apart they are, who is worst.

Numbers only; where they come from is the caller's business. Arrays have one entry for each grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike

from gis.edges import Floats, Geometries
from gis.errors import BadInput
from gis.raster import Ints

MEASURES = (
    "staff_hours",
    "cases_per_month",
    "open_cases",
    "households",
    "people",
    "buildings",
    "street_m",
    "area_m2",
)
"""What grids can be balanced by."""

_MOST_WORST = 10


@dataclass(frozen=True)
class Effort:
    """What a grid's work takes, as a planner settles it; the defaults stand for no city.

    Attributes:
        case: Minutes for a case.
        household: Minutes a month for a household.
        street_km: Minutes a month for a kilometre of street.

    Raises:
        BadInput: `bad_weight`.
    """

    case: float = 40.0
    household: float = 4.0
    street_km: float = 300.0

    def __post_init__(self) -> None:
        for name, minutes in vars(self).items():
            if not 0 <= minutes < math.inf:
                raise BadInput(
                    "bad_weight",
                    f"The minutes for '{name}' are {minutes}; give a number from 0 up.",
                    field=f"weights.{name}",
                    value=minutes,
                )


@dataclass(frozen=True)
class Band:
    """Where a grid's figure should lie, both ends included.

    Raises:
        BadInput: `bad_band`.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high < math.inf:
            raise BadInput(
                "bad_band",
                f"The band goes from {self.low} to {self.high}; the first may not be below 0 nor above the second.",
                field="band",
                value=f"{self.low}, {self.high}",
            )

    def outside(self, values: ArrayLike) -> int:
        """How many figures lie outside."""
        some = np.asarray(values, dtype=np.float64)
        return int(np.count_nonzero((some < self.low) | (some > self.high)))


@dataclass(frozen=True)
class Worst:
    """A grid far from the mean: its number, its figure, and by what share of the mean that is above it."""

    grid_no: int
    value: float
    deviation: float


@dataclass(frozen=True)
class Balance:
    """How evenly a measure is spread.

    Attributes:
        mean: Over the grids.
        cv: Standard deviation by the mean.
        max_over_mean: The largest figure by the mean.
        imbalance: Largest less smallest figure, by the mean.
        worst: The grids farthest from the mean, worst first.
    """

    mean: float
    cv: float
    max_over_mean: float
    imbalance: float
    worst: tuple[Worst, ...]


def staff_hours(cases_per_month: ArrayLike, households: ArrayLike, street_m: ArrayLike, effort: Effort) -> Floats:
    """Hours a month that grids take: cases, households and streets, each with its minutes.

    >>> staff_hours([30], [300], [2000], Effort(case=40, household=4, street_km=300)).tolist()
    [50.0]
    """
    cases, homes, metres = (np.asarray(one, dtype=np.float64) for one in (cases_per_month, households, street_m))
    return np.asarray((cases * effort.case + homes * effort.household + metres / 1000 * effort.street_km) / 60)


def compactness(cells: Geometries) -> Floats:
    """How round polygons of a metric CRS are: 4 pi times the area by the square of the perimeter, 1 for a circle.

    A polygon without ground has 0.

    >>> compactness(np.array([shapely.box(0, 0, 1, 1), shapely.Polygon()])).round(3).tolist()
    [0.785, 0.0]
    """
    area, around = shapely.area(cells), shapely.length(cells)
    return np.asarray(np.divide(4 * np.pi * area, around**2, out=np.zeros_like(around), where=around > 0))


def imbalance(values: ArrayLike) -> float:
    """Largest less smallest figure by their mean; 0 where there is nothing to balance.

    >>> imbalance([8, 10, 12]), imbalance([0, 0]), imbalance([])
    (0.4, 0.0, 0.0)
    """
    some = np.asarray(values, dtype=np.float64)
    mean = float(some.mean()) if len(some) else 0.0
    return 0.0 if mean == 0 else float(some.max() - some.min()) / mean


def balance(grid_no: ArrayLike, values: ArrayLike) -> Balance:
    """The spread of a measure over grids.

    Args:
        grid_no: Numbers (n,).
        values: Their figures (n,), 0 or more.

    >>> found = balance([7, 8, 9], [8, 10, 12])
    >>> found.mean, found.max_over_mean, [(one.grid_no, round(one.deviation, 2)) for one in found.worst]
    (10.0, 1.2, [(7, -0.2), (9, 0.2), (8, 0.0)])
    >>> balance([], [])
    Balance(mean=0.0, cv=0.0, max_over_mean=0.0, imbalance=0.0, worst=())
    """
    numbers: Ints = np.asarray(grid_no, dtype=np.int32)
    some = np.asarray(values, dtype=np.float64)
    mean = float(some.mean()) if len(some) else 0.0
    if mean == 0:
        return Balance(0.0, 0.0, 0.0, 0.0, ())
    deviation = some / mean - 1
    rows = np.arange(len(some))
    if len(rows) > _MOST_WORST:
        rows = np.argpartition(-np.abs(deviation), _MOST_WORST)[:_MOST_WORST]
    rows = rows[np.lexsort((numbers[rows], -np.abs(deviation[rows])))]
    worst = tuple(Worst(int(numbers[row]), float(some[row]), float(deviation[row])) for row in rows)
    return Balance(mean, float(some.std()) / mean, float(some.max()) / mean, imbalance(some), worst)

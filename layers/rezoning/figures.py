"""What lies in each grid, counted: the figures that a planner balances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.balance import Effort, staff_hours
from gis.edges import Floats

COUNTED = ("area_m2", "street_m", "buildings", "households", "people", "cases", "open_cases")
"""What is counted in each grid; the other measures follow from it. `cases` are those of a year."""

_MONTHS = 12


@dataclass(frozen=True)
class Figures:
    """What lies in grids.

    Attributes:
        grid_no: Their numbers (n,), sorted.
        counted: Each of `COUNTED` (n,).
    """

    grid_no: NDArray[np.int64]
    counted: Mapping[str, Floats]

    def measured(self, measure: str, effort: Effort) -> Floats:
        """One of `gis.balance.MEASURES` (n,) for all grids.

        >>> one = Figures(np.array([7]), {"cases": np.array([24.0]), "people": np.array([9.0])})
        >>> one.measured("cases_per_month", Effort()).tolist(), one.measured("people", Effort()).tolist()
        ([2.0], [9.0])
        """
        if measure == "cases_per_month":
            return self.counted["cases"] / _MONTHS
        if measure == "staff_hours":
            per_month = self.counted["cases"] / _MONTHS
            return staff_hours(per_month, self.counted["households"], self.counted["street_m"], effort)
        return self.counted[measure]

    def row_of(self, number: int) -> int | None:
        """Where a grid stands; None where it has no ground."""
        row = int(np.searchsorted(self.grid_no, number))
        return row if row < len(self.grid_no) and self.grid_no[row] == number else None

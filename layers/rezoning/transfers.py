"""Who gives which ground to whom under other boundaries, with what lies on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import mapping

from gis import difference
from gis.locator import OUTSIDE
from gis.point_store import Flips
from layers.rezoning.caseload import in_year, is_open
from layers.rezoning.shifting import Shift

_Pair = tuple[int | None, int | None]


@dataclass
class Load:
    """What goes along with ground that changes hands: cases of a year, open ones, and what is built."""

    cases: int = 0
    open_cases: int = 0
    buildings: int = 0
    households: int = 0
    people: int = 0


def ground_given(shift: Shift, *, metric_srid: int) -> list[difference.Transfer]:
    """The ground that changes hands, the largest piece first."""
    before = {one: cell for one, cell in zip(shift.numbers, shift.before, strict=True) if cell is not None}
    after = dict(zip(shift.numbers, shift.after, strict=True))
    return difference.transfers(
        before, after, metric_srid=metric_srid, with_nobody=shift.with_nobody, known=shift.memory.pieces
    )


def told(shift: Shift, given: Sequence[difference.Transfer]) -> list[dict[str, Any]]:
    """Each transfer with its load, as it is sent.

    Cases and buildings may change hands where no ground does: on a border they belong to the lowest number beside it.
    """
    loads = _loads(shift)
    shapes = shift.memory.told.all([(one.shape,) for one in given], lambda keys: [mapping(shape) for (shape,) in keys])
    ground = {(one.giver, one.taker): (one.area_m2, shape) for one, shape in zip(given, shapes, strict=True)}
    pairs: dict[_Pair, tuple[float, Any]] = ground | {pair: (0.0, None) for pair in loads if pair not in ground}
    return [
        {
            "from": giver,
            "to": taker,
            "area_m2": round(area_m2, 1),
            "shape": shape,
            **vars(loads.get((giver, taker), Load())),
        }
        for (giver, taker), (area_m2, shape) in pairs.items()
    ]


def _loads(shift: Shift) -> dict[_Pair, Load]:
    keys, (households, people) = shift.cases.key, shift.of_buildings.T
    of_cases = {"cases": in_year(keys), "open_cases": is_open(keys)}
    of_buildings = {"buildings": shift.buildings.key > 0, "households": households, "people": people}
    loads: dict[_Pair, Load] = {}
    for flips, weights in ((shift.cases, of_cases), (shift.buildings, of_buildings)):
        for pair, sums in _sums(flips, weights):
            vars(loads.setdefault(pair, Load())).update(sums)
    return loads


def _sums(flips: Flips, weights: Mapping[str, NDArray[Any]]) -> Iterator[tuple[_Pair, dict[str, int]]]:
    """What goes from one grid to another, pair by pair."""
    both, row = np.unique(flips.before.astype(np.int64) << 32 | (flips.after - OUTSIDE), return_inverse=True)
    pairs = np.column_stack([both >> 32, (both & 0xFFFFFFFF) + OUTSIDE])
    sums = {name: np.bincount(row, weights=some, minlength=len(pairs)) for name, some in weights.items()}
    for at, (giver, taker) in enumerate(pairs.tolist()):
        pair = (None if giver == OUTSIDE else giver, None if taker == OUTSIDE else taker)
        yield pair, {name: round(float(some[at])) for name, some in sums.items()}

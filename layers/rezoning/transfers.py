"""Who gives which ground to whom under other boundaries, with what lies on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import mapping

from gis import difference
from gis.locator import OUTSIDE
from gis.point_store import Flips
from layers.rezoning.caseload import in_year, is_open
from layers.rezoning.workspace import Shift

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
    return difference.transfers(before, after, metric_srid=metric_srid, with_nobody=shift.with_nobody)


def told(shift: Shift, given: Sequence[difference.Transfer]) -> list[dict[str, Any]]:
    """Each transfer with its load, as it is sent.

    Cases and buildings may change hands where no ground does: on a border they belong to the lowest number beside it.
    """
    loads = _loads(shift)
    ground: dict[_Pair, difference.Transfer | None] = {(one.giver, one.taker): one for one in given}
    pairs = ground | {pair: None for pair in loads if pair not in ground}
    return [
        {
            "from": giver,
            "to": taker,
            "area_m2": 0.0 if one is None else round(one.area_m2, 1),
            "shape": None if one is None else mapping(one.shape),
            **vars(loads.get((giver, taker), Load())),
        }
        for (giver, taker), one in pairs.items()
    ]


def _loads(shift: Shift) -> dict[_Pair, Load]:
    loads: dict[_Pair, Load] = {}
    for pair, rows in _rows_of(shift.cases):
        keys = shift.cases.key[rows]
        loads[pair] = Load(int(np.count_nonzero(in_year(keys))), int(np.count_nonzero(is_open(keys))))
    for pair, rows in _rows_of(shift.buildings):
        load = loads.setdefault(pair, Load())
        load.buildings = int(np.count_nonzero(shift.buildings.key[rows]))
        load.households, load.people = shift.of_buildings[rows].sum(axis=0).tolist()
    return loads


def _rows_of(flips: Flips) -> Iterator[tuple[_Pair, NDArray[np.int64]]]:
    """The rows of each pair of grids, in order."""
    for giver, taker in sorted(set(zip(flips.before.tolist(), flips.after.tolist(), strict=True))):
        rows = np.flatnonzero((flips.before == giver) & (flips.after == taker))
        yield (None if giver == OUTSIDE else giver, None if taker == OUTSIDE else taker), rows

"""Legs as the kernel takes them, and what it finds: for the coverage of ground, lines and buildings alike."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gis.edges import Floats
from gis.kernel import REACHED, FoundStruct, LegsStruct, address, kernel
from gis.raster import Structs

Work = Callable[[object], int]


@dataclass
class Legs:
    """Legs by group.

    Attributes:
        xy: From x, y to x, y in metres (m, 4), groups one after the other.
        group: Places (m,) in `names`, ascending.
        names: The caller's numbers of the groups, ascending.
        reach_m: How far the legs reach.
    """

    xy: Floats
    group: NDArray[np.int32]
    names: NDArray[np.int64]
    reach_m: float
    struct: LegsStruct = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.struct = LegsStruct(address(self.xy), address(self.group), len(self.xy), self.reach_m)

    @property
    def pointer(self) -> object:
        """What the kernel is given."""
        return ctypes.byref(self.struct)

    def split(self, parts: int) -> list[Legs]:
        """The same legs in about equal parts that share no group."""
        ends = np.linspace(0, len(self.xy), parts + 1).astype(np.int64)[1:-1]
        starts = np.unique([0, *np.searchsorted(self.group, self.group[ends]), len(self.xy)]).tolist()
        return [Legs(self.xy[a:b], self.group[a:b], self.names, self.reach_m) for a, b in pairwise(starts)]


def legs_of(legs: ArrayLike, group: ArrayLike | None, *, reach_m: float) -> Legs:
    """Legs in the order of their groups.

    Args:
        legs: From x, y to x, y in metres (m, 4).
        group: Whole numbers (m,), or None where all are one group, 0.
        reach_m: Metres above 0.

    >>> both = legs_of([[0, 0, 1, 0], [1, 0, 1, 1]], [9, 7], reach_m=30)
    >>> both.names.tolist(), both.group.tolist(), both.xy[0].tolist()
    ([7, 9], [0, 1], [1.0, 0.0, 1.0, 1.0])
    """
    if not 0 < reach_m < math.inf:
        raise ValueError("reach_m must be a positive number of metres")
    xy = np.ascontiguousarray(np.reshape(np.asarray(legs, dtype=np.float64), (-1, 4)))
    of = np.zeros(len(xy), dtype=np.int64) if group is None else np.asarray(group, dtype=np.int64)
    if of.shape != (len(xy),) or len(xy) >= 2**31:
        raise ValueError("group must have one number for each leg")
    if len(of) and (of[1:] < of[:-1]).any():
        order = np.argsort(of, kind="stable")
        xy, of = xy[order], of[order]
    new = np.diff(of, prepend=of[:1] - 1) != 0
    return Legs(xy, (np.cumsum(new) - 1).astype(np.int32), of[new], float(reach_m))


def found_by(works: Sequence[Work]) -> Structs:
    """What the kernel found, all of it together: structs `REACHED`.

    Args:
        works: Each gives the kernel one place for answers and says whether memory was enough; each has a thread.

    >>> found_by([lambda found: 1]).tolist()
    []
    """

    def one(work: Work) -> Structs:
        found = FoundStruct()
        try:
            if not work(ctypes.byref(found)):
                raise MemoryError("the coverage does not fit into memory")
            if not found.count:
                return np.empty(0, dtype=REACHED)
            size = int(found.count) * REACHED.itemsize
            return np.frombuffer(ctypes.string_at(found.row, size), dtype=REACHED)
        finally:
            kernel.release_found(ctypes.byref(found))

    if len(works) == 1:
        return one(works[0])
    with ThreadPoolExecutor(max(len(works), 1)) as pool:
        return np.concatenate([np.empty(0, dtype=REACHED), *pool.map(one, works)])

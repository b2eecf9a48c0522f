"""Many points in memory, sorted by the grid that owns them.

When a border moves, only the points of the grids beside it are looked at, so a planner sees at once which of ten
million cases change hands. A point takes 16 bytes, and a quarter more in reserve for grids that grow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gis.crs import LATTICE
from gis.locator import OUTSIDE, Locator, Moved
from gis.raster import Ints, Structs

Keys = NDArray[np.int64]

_POINT = np.dtype([("key", np.int64), ("x", np.int32), ("y", np.int32)])
# Farther from the raster than this nothing that is at most 4 degrees wide reaches, and int32 holds it.
_FAR = 1 << 30


@dataclass(frozen=True)
class Flips:
    """Points that changed hands, arrays (n,).

    Attributes:
        key: Which points.
        before, after: Numbers of the grids, `gis.locator.OUTSIDE` for nobody.
    """

    key: Keys
    before: Ints
    after: Ints


class PointStore:
    """Points under a locator whose borders move.

    Args:
        locator: Tells the grid of each point; each of its moves is handed to `reassign`.
        lon: Degrees (n,), rounded to the lattice here.
        lat: The same.
        keys: What to call the points (n,); 0, 1, 2… when not given.

    >>> import shapely
    >>> before, after = shapely.box([0, 1], 0, [1, 2], 1), shapely.box([0, 0.5], 0, [0.5, 2], 1)
    >>> locator = Locator(before, [7, 3])
    >>> store = PointStore(locator, [0.2, 0.7, 1.5], [0.5, 0.5, 0.5])
    >>> flips = store.reassign(locator.replace(before, after, [7, 3]))
    >>> flips.key.tolist(), flips.before.tolist(), flips.after.tolist()
    ([1], [7], [3])
    >>> [sorted(store.keys_in(number).tolist()) for number in (7, 3, -1)]
    [[0], [1, 2], []]
    """

    def __init__(self, locator: Locator, lon: ArrayLike, lat: ArrayLike, *, keys: ArrayLike | None = None) -> None:
        self._locator = locator
        # A slot for each grid by rank, and slot -1 for the points of nobody.
        slot = locator.ranks(lon, lat)
        order = np.argsort(slot, kind="stable")
        count = len(slot)
        self._points: Structs = np.empty(count + count // 4, dtype=_POINT)
        self._used = count
        for name, degrees, start in zip(("x", "y"), (lon, lat), locator.raster.origin, strict=True):
            units = np.rint(np.asarray(degrees, dtype=np.float64) / LATTICE) - start
            self._points[name][:count] = np.nan_to_num(np.clip(units, -_FAR, _FAR), nan=_FAR)[order]
        self._points["key"][:count] = order if keys is None else np.asarray(keys, dtype=np.int64)[order]
        self._count = np.roll(np.bincount(slot + 1, minlength=len(locator.grid_no) + 1), -1)
        self._start = np.roll(np.cumsum(np.roll(self._count, 1)) - np.roll(self._count, 1), -1)
        self._room = self._count.copy()

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._points.nbytes + self._count.nbytes + self._start.nbytes + self._room.nbytes

    def keys_in(self, grid_no: int) -> Keys:
        """Keys of the points that a grid owns, or that nobody owns (`OUTSIDE`), in no order."""
        slot = -1 if grid_no < 0 else int(np.searchsorted(self._locator.grid_no, grid_no))
        return np.array(self._points["key"][self._slice(slot)])

    def reassign(self, moved: Moved) -> Flips:
        """Give the points beside moved borders to the grids that own them now.

        Args:
            moved: What `Locator.replace` said; all moves are to be handed over, in their order.
        """
        slots = [*moved.ranks.tolist(), *([-1] if moved.outside else [])]
        asked = [self._within(slot, moved.box) for slot in slots]
        before = np.repeat(np.array(slots, dtype=np.int32), [len(rows) for rows in asked])
        rows = np.concatenate(asked)
        points = self._points[rows]
        after = self._locator.ranks_of_units(np.ascontiguousarray(points["x"]), np.ascontiguousarray(points["y"]))
        moving = after != before
        rows, points, before, after = rows[moving], points[moving], before[moving], after[moving]
        for slot in set(before.tolist()):
            self._take_out(slot, rows[before == slot])
        for slot in set(after.tolist()):
            self._put_in(slot, points[after == slot])
        number = np.append(self._locator.grid_no, np.int32(OUTSIDE))
        return Flips(points["key"], number[before], number[after])

    def _slice(self, slot: int) -> slice:
        return slice(int(self._start[slot]), int(self._start[slot] + self._count[slot]))

    def _within(self, slot: int, box: tuple[int, int, int, int]) -> NDArray[np.int64]:
        """Rows of a slot's points in a box."""
        west, south, east, north = box
        here = self._slice(slot)
        x, y = self._points["x"][here], self._points["y"][here]
        return np.asarray(here.start + np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north)))

    def _take_out(self, slot: int, rows: NDArray[np.int64]) -> None:
        here = self._slice(slot)
        stays = np.ones(here.stop - here.start, dtype=np.bool_)
        stays[rows - here.start] = False
        self._count[slot] -= len(rows)
        self._points[self._slice(slot)] = self._points[here][stays]

    def _put_in(self, slot: int, points: Structs) -> None:
        here = self._slice(slot)
        need = int(self._count[slot]) + len(points)
        if need > self._room[slot]:
            room = need + need // 4
            if self._used + room > len(self._points):
                self._close_up(room)
                here = self._slice(slot)
            self._points[self._used : self._used + here.stop - here.start] = self._points[here]
            self._start[slot], self._room[slot] = self._used, room
            self._used += room
        self._points[self._start[slot] + self._count[slot] : self._start[slot] + need] = points
        self._count[slot] = need

    def _close_up(self, more: int) -> None:
        """Put the slots side by side again, and see to it that there is room for more behind them."""
        total = int(self._count.sum())
        fresh = np.empty(total + max(total // 4, more), dtype=_POINT)
        end = 0
        for slot in np.argsort(self._start).tolist():
            here = self._slice(slot)
            fresh[end : end + here.stop - here.start] = self._points[here]
            self._start[slot] = end
            end += here.stop - here.start
        self._points, self._used, self._room = fresh, end, self._count.copy()

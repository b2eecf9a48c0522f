"""Many points in memory, sorted by the grid that owns them.

When a border moves, only the points of the grids beside it are looked at, so a planner sees at once which of ten
million cases change hands. A point takes 16 bytes, and a quarter more in reserve for grids that grow.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gis.crs import LATTICE, to_lattice
from gis.edges import Floats
from gis.kernel import POINT, StoreStruct, address, kernel
from gis.locator import OUTSIDE, Locator, Moved
from gis.raster import Ints, Structs

Keys = NDArray[np.int64]

# Farther from the raster than this nothing that is at most 4 degrees wide reaches, and int32 holds it.
_FAR = 1 << 30
# Room for so many points that flip is held from move to move; for more it is made and given back.
_MOST_ROOM = 1 << 17
# A slot that grows gets room for so many points at least; see points.c.
_LEAST_ROOM = 16


class Flips(NamedTuple):
    """Points that changed hands, arrays (n,).

    Attributes:
        key: Which points.
        before, after: Numbers of the grids, `gis.locator.OUTSIDE` for nobody.
    """

    key: Keys
    before: Ints
    after: Ints


@dataclass(frozen=True)
class Held:
    """Points of a store, arrays (n,): which ones, whose they are (`OUTSIDE` for nobody), and where."""

    key: Keys
    grid_no: Ints
    lon: Floats
    lat: Floats


class _Found:
    """Room for points that flip: their rows, their slots before and after, and themselves.

    Args:
        room: For how many.
    """

    def __init__(self, room: int) -> None:
        self.rows = np.empty(room, dtype=np.int64)
        self.before, self.after = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
        self.points: Structs = np.empty(room, dtype=POINT)
        arrays = (self.rows, self.before, self.after)
        self.given = (room, *(address(array) for array in arrays))
        self.points_at = address(self.points)


class Owners(Protocol):
    """What tells the grids of points: a `gis.locator.Locator`, or a `gis.covering.Covering`, which cannot move."""

    grid_no: Ints

    @property
    def origin(self) -> tuple[int, int]:
        """Lattice units from which points count."""

    def ranks(self, lon: ArrayLike, lat: ArrayLike) -> Ints:
        """Places of the owners in the sorted `grid_no`, `OUTSIDE` for nobody."""


class PointStore:
    """Points under a locator whose borders move.

    Args:
        locator: Tells the grid of each point; each of its moves is handed to `reassign`, unless it is taken back.
        lon: Degrees (n,), rounded to the lattice here.
        lat: The same.
        keys: What to call the points (n,); 0, 1, 2… when not given.

    >>> import shapely
    >>> from gis.locator import Locator
    >>> before, after = shapely.box([0, 1], 0, [1, 2], 1), shapely.box([0, 0.5], 0, [0.5, 2], 1)
    >>> locator = Locator(before, [7, 3])
    >>> store = PointStore(locator, [0.2, 0.7, 1.5], [0.5, 0.5, 0.5])
    >>> flips = store.reassign(locator.replace(before, after, [7, 3]))
    >>> flips.key.tolist(), flips.before.tolist(), flips.after.tolist()
    ([1], [7], [3])
    >>> [sorted(store.keys_in(number).tolist()) for number in (7, 3, -1)]
    [[0], [1, 2], []]
    """

    def __init__(self, locator: Owners, lon: ArrayLike, lat: ArrayLike, *, keys: ArrayLike | None = None) -> None:
        self._locator = locator
        # A slot for each grid by rank, and the last one for the points of nobody.
        self._nobody = len(locator.grid_no)
        self._number: Ints = np.append(locator.grid_no, np.int32(OUTSIDE))
        slot = locator.ranks(lon, lat)
        slot[slot == OUTSIDE] = self._nobody
        order = np.argsort(slot, kind="stable")
        count = len(slot)
        self._points: Structs = np.empty(count + count // 4, dtype=POINT)
        for name, degrees, start in zip(("x", "y"), (lon, lat), locator.origin, strict=True):
            self._points[name][:count] = _in_units(degrees, start)[order]
        self._points["key"][:count] = order if keys is None else np.asarray(keys, dtype=np.int64)[order]
        self._count = np.bincount(slot, minlength=self._nobody + 1).astype(np.int64)
        self._start = np.cumsum(self._count) - self._count
        self._room = self._count.copy()
        self._found = _Found(0)
        self._point(count)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._points.nbytes + self._count.nbytes + self._start.nbytes + self._room.nbytes

    def keys_in(self, grid_no: int) -> Keys:
        """Keys of the points that a grid owns, or that nobody owns (`OUTSIDE`), in no order."""
        return np.array(self._points["key"][self._slice(self._slot(grid_no))])

    def flips(self, moved: Moved) -> Flips:
        """The points that have other owners after a move of borders; the store stays as it is.

        Args:
            moved: What `Locator.replace` said of a move that is taken back afterwards.
        """
        count, found = self._found_by(moved, lambda asked, room: kernel.flipping_points(*asked, *room.given))
        before, after = found.before[:count], found.after[:count]
        return Flips(self._points["key"][found.rows[:count]], self._number[before], self._number[after])

    def reassign(self, moved: Moved) -> Flips:
        """Give the points beside moved borders to the grids that own them now.

        Args:
            moved: What `Locator.replace` said; all moves that stay are to be handed over, in their order.
        """
        put = ctypes.c_int64()

        def take_out(asked: tuple[Any, ...], room: _Found) -> int:
            return int(kernel.reassign_points(*asked, *room.given, room.points_at, ctypes.byref(put)))

        count, found = self._found_by(moved, take_out)
        points, before, after = found.points[:count], found.before[:count], found.after[:count]
        self._put_in(points, after, put=put.value)
        return Flips(points["key"].copy(), self._number[before], self._number[after])

    def add(self, lon: ArrayLike, lat: ArrayLike, keys: ArrayLike) -> Ints:
        """Take more points in; the numbers (m,) of the grids that own them.

        Args:
            lon: Degrees (m,), rounded to the lattice here.
            lat: The same.
            keys: What to call the points (m,).
        """
        ranks = self._locator.ranks(lon, lat)
        points = np.empty(len(ranks), dtype=POINT)
        points["key"] = keys
        for name, degrees, start in zip(("x", "y"), (lon, lat), self._locator.origin, strict=True):
            points[name] = _in_units(degrees, start)
        self._put_in(points, np.where(ranks == OUTSIDE, np.int32(self._nobody), ranks))
        return np.asarray(self._number[ranks])

    def rename(self, lon: ArrayLike, lat: ArrayLike, before: Keys, after: Keys) -> tuple[Ints, NDArray[np.bool_]]:
        """Give points other keys; the numbers (m,) of the grids in which they lie, and whether (m,) they were there.

        Args:
            lon: Degrees (m,), where each point lies.
            lat: The same.
            before: The keys (m,) that they have.
            after: The keys (m,) that they get.
        """
        ranks = self._locator.ranks(lon, lat)
        slots = np.where(ranks == OUTSIDE, self._nobody, ranks)
        known = np.zeros(len(slots), dtype=np.bool_)
        for index, slot in enumerate(slots.tolist()):
            keys = self._points["key"][self._slice(slot)]
            same = keys == before[index]
            keys[same] = after[index]
            known[index] = same.any()
        return np.asarray(self._number[ranks]), known

    def within(self, grid_no: Iterable[int], bounds: tuple[float, float, float, float]) -> Held:
        """The points of some grids inside a box.

        Args:
            grid_no: Numbers, `OUTSIDE` for the points of nobody.
            bounds: West, south, east, north in degrees, its edge included.
        """
        x, y = self._locator.origin
        west, south, east, north = np.rint(to_lattice(bounds) / LATTICE).astype(np.int64).tolist()
        box = (west - x, south - y, east - x, north - y)
        slots = sorted({self._slot(number) for number in grid_no})
        asked = [self._within(slot, box) for slot in slots]
        points = self._points[np.concatenate([np.empty(0, dtype=np.int64), *asked])]
        whose = np.repeat(np.array(slots, dtype=np.int32), [len(rows) for rows in asked])
        lon, lat = ((points[name].astype(np.int64) + start) * LATTICE for name, start in (("x", x), ("y", y)))
        return Held(points["key"], self._number[whose], lon, lat)

    def _found_by(self, moved: Moved, ask: Callable[[tuple[Any, ...], _Found], int]) -> tuple[int, _Found]:
        """How many points flip by a move, and they; `ask` is given the first arguments of the kernel and room."""
        locator = self._locator
        assert isinstance(locator, Locator)  # nothing else says that borders moved
        slots = np.append(moved.ranks, np.int32(self._nobody)) if moved.outside else moved.ranks
        asked = locator.raster.pointer, self._pointer, address(slots), len(slots), (ctypes.c_int32 * 4)(*moved.box)
        count, room = ask(asked, self._found), self._found
        if count < 0:
            room = _Found(2 * -count)
            count = ask(asked, room)
            if len(room.rows) <= _MOST_ROOM:
                self._found = room
        return count, room

    def _slot(self, grid_no: int) -> int:
        return self._nobody if grid_no < 0 else int(np.searchsorted(self._locator.grid_no, grid_no))

    def _slice(self, slot: int) -> slice:
        return slice(int(self._start[slot]), int(self._start[slot] + self._count[slot]))

    def _within(self, slot: int, box: tuple[int, int, int, int]) -> NDArray[np.int64]:
        """Rows of a slot's points in a box."""
        west, south, east, north = box
        here = self._slice(slot)
        x, y = self._points["x"][here], self._points["y"][here]
        return np.asarray(here.start + np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north)))

    def _put_in(self, points: Structs, slots: Ints, *, put: int = 0) -> None:
        at = (address(points), address(slots)) if put < len(points) else ()
        while put < len(points):
            put = int(kernel.put_in(self._pointer, *at, put, len(points)))
            if put < len(points):
                self._close_up(2 * (int(self._count[slots[put]]) + _LEAST_ROOM))

    def _close_up(self, more: int) -> None:
        """Put the slots side by side again, and see to it that there is room for more behind them."""
        total = int(self._count.sum())
        fresh = np.empty(total + max(total // 4, more), dtype=POINT)
        end = 0
        for slot in np.argsort(self._start).tolist():
            here = self._slice(slot)
            fresh[end : end + here.stop - here.start] = self._points[here]
            self._start[slot] = end
            end += here.stop - here.start
        self._points = fresh
        self._room[:] = self._count
        self._point(end)

    def _point(self, used: int) -> None:
        arrays = (self._points, self._start, self._count, self._room)
        self._struct = StoreStruct(*(address(array) for array in arrays), used, len(self._points), self._nobody)
        self._pointer = ctypes.byref(self._struct)


def _in_units(degrees: ArrayLike, start: int) -> NDArray[np.float64]:
    """Lattice units from a start; what is far away or no number lies at `_FAR`."""
    units = np.rint(np.asarray(degrees, dtype=np.float64) / LATTICE) - start
    return np.asarray(np.nan_to_num(np.clip(units, -_FAR, _FAR), nan=_FAR))

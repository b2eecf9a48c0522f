"""The raster of a coverage: square cells of ground, each with its grid or with the edges that touch it.

This is what `gis.locator` asks and what a snapshot file holds. The loops are in gis/kernel; the layout of the arrays
is explained in kernel.h.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.crs import LATTICE
from gis.edges import Geometries
from gis.errors import GridError
from gis.kernel import BORDER, CLAIM, EDGE, RasterStruct, address, kernel

Structs = NDArray[Any]
Ints = NDArray[np.int32]

# Ground cells for each edge: more of them leave fewer points in cells with edges, but do not fit into the caches.
_CELLS_AN_EDGE = 24
_FEWEST_CELLS, _MOST_CELLS = 1 << 12, 1 << 25
# Cells around the coverage into which borders may move without a rebuild.
_MARGIN = 32
_SMALLEST_SHIFT = 2
_POLYGONS_AT_ONCE = 4096


class _Seen:
    """Room to note each id once; held from move to move, for a move touches few of all grids."""

    def __init__(self, most: int) -> None:
        self.marks, self.ids = np.zeros(most + 1, dtype=np.uint8), np.empty(most, dtype=np.int32)
        self.addresses = address(self.marks), address(self.ids)


@dataclass
class Raster:
    """A raster as arrays; `kernel.h` says what they mean.

    Attributes:
        origin: Lattice units of its lower left corner, x and y.
        shift: A cell is 2^shift lattice units wide.
        columns, rows: Its size in cells.
        table: int32 (rows * columns + 1,).
        border: Structs `BORDER`; the first `borders` are in use.
        edges: Structs `EDGE`; the first `edges_used` are in use.
    """

    origin: tuple[int, int]
    shift: int
    columns: int
    rows: int
    table: Ints
    border: Structs
    edges: Structs
    borders: int
    edges_used: int
    struct: RasterStruct = field(init=False, repr=False)
    _seen: _Seen = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._seen = _Seen(0)
        self.struct = RasterStruct(
            *self.origin, self.edges_used, 0, 0, self.shift, self.columns, self.rows, self.borders
        )
        self._point()

    def _point(self) -> None:
        self.struct.table, self.struct.border = address(self.table), address(self.border)
        self.struct.edges, self.struct.edges_room = address(self.edges), len(self.edges)
        self.struct.borders_room = len(self.border)

    @property
    def pointer(self) -> Any:
        """What the kernel takes."""
        return ctypes.byref(self.struct)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.table.nbytes + self.border.nbytes + self.edges.nbytes

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in lattice units."""
        return self.columns << self.shift, self.rows << self.shift

    def change(self, changed: Changed) -> int:
        """Strike out the claims that go and enter the others; they lie within the raster.

        Returns:
            0, or 1 + the place of the claim that cannot be; nothing has changed then.
        """
        if not self.table.flags.writeable:  # it lies in a file that others map too
            self.table = self.table.copy()
            self._point()
        asked = (self.pointer, changed.at, len(changed.claims), changed.going)
        wrong = int(kernel.change_claims(*asked))
        if wrong < 0:
            self._grow(changed)
            wrong = int(kernel.change_claims(*asked))
        self.edges_used, self.borders = self.struct.edges_used, self.struct.borders
        return wrong

    def _grow(self, changed: Changed) -> None:
        edges, borders = ctypes.c_int64(), ctypes.c_int64()
        claims = (changed.at, len(changed.claims))
        kernel.room_for(self.pointer, *claims, ctypes.byref(edges), ctypes.byref(borders))
        self.edges = _roomy(self.edges, self.struct.edges_used + edges.value)
        self.border = _roomy(self.border, self.struct.borders + borders.value)
        self._point()

    def beside(self, changed: Changed, ids: list[int], most: int) -> Ints:
        """Ids, and then those of all other grids that have a border in the cells through which new claims run.

        Args:
            changed: What was changed.
            ids: Some ids.
            most: The highest id there is.
        """
        if len(self._seen.ids) < most:
            self._seen = _Seen(most)
        found = self._seen.ids
        found[: len(ids)] = ids
        start = (changed.at or 0) + changed.going * CLAIM.itemsize
        asked = (start, len(changed.claims) - changed.going, *self._seen.addresses, len(ids))
        return found[: int(kernel.ids_beside(self.pointer, *asked))].copy()


class Changed(NamedTuple):
    """By what cells differ before and after a move.

    Attributes:
        claims: Structs `CLAIM` (n,), first those that go, then those that come.
        at: Where they lie in memory, for as long as this object lives.
        going: How many go.
        box: West, south, east, north of all of them in lattice units from the origin; nothing when there are none.
        outline: Whether ground may change hands between a cell and nobody.
    """

    claims: Structs
    at: int | None
    going: int
    box: tuple[int, int, int, int]
    outline: bool


def claims_of(cells: Geometries, ids: Ints, *, origin: tuple[int, int]) -> Structs:
    """The directed edges of polygons, each with its polygon on the left, as structs `CLAIM`.

    Args:
        cells: Valid polygons (n,) on the lattice.
        ids: What to call each (n,).
        origin: Lattice units from which the claims count.

    Raises:
        GridError: `off_lattice`, or `outside_the_frame` where a polygon lies too far from the origin to be counted.

    >>> claims_of(np.array([shapely.box(0, 0, 2**-24, 2**-24)]), np.array([5], dtype=np.int32), origin=(0, 0)).tolist()
    [(1, 0, 1, 1, 5), (1, 1, 0, 1, 5), (0, 1, 0, 0, 5), (0, 0, 1, 0, 5)]
    """
    out = np.empty(int(shapely.get_num_coordinates(cells).sum()), dtype=CLAIM)
    used = 0
    for start in range(0, len(cells), _POLYGONS_AT_ONCE):
        some = slice(start, start + _POLYGONS_AT_ONCE)
        used += _claims_of_some(cells[some], ids[some], origin, out[used:])
    return out[:used]


def _claims_of_some(cells: Geometries, ids: Ints, origin: tuple[int, int], out: Structs) -> int:
    rings = _Rings(cells)
    units = np.empty(rings.xy.shape, dtype=np.int32)  # room for the longest ring
    given = (*rings.addresses, address(ids), len(rings.counts), *origin)
    used = int(kernel.claims_of_rings(*given, address(units), address(out)))
    if used < 0:
        raise _stray(rings.shapes[-used - 1])
    return used


def changed_claims(cells: Geometries, ids: Ints, before: int, *, origin: tuple[int, int]) -> Changed:
    """What cells claim after a move and not before, and the other way round.

    Args:
        cells: Valid polygons (n,) on the lattice.
        ids: What to call each (n,).
        before: How many of them, the first ones, are from before the move.
        origin: Lattice units from which the claims count.

    Raises:
        GridError: As `claims_of`.

    >>> cells = shapely.box(0, 0, [2 * LATTICE, 3 * LATTICE], LATTICE)
    >>> told = changed_claims(cells, np.array([5, 5], dtype=np.int32), 1, origin=(0, 0))
    >>> told.claims["x0"].tolist(), told.going, told.box, told.outline
    ([2, 2, 0, 3, 3, 0], 3, (0, 0, 3, 1), True)
    """
    rings = _Rings(cells)
    claims, told = np.empty(len(rings.xy), dtype=CLAIM), (ctypes.c_int32 * 6)()
    at = address(claims)
    given = (*rings.addresses, address(ids), len(rings.counts), before, *origin)
    found = int(kernel.differing_claims(*given, at, told))
    if found < 0:
        raise _stray(rings.shapes[-found - 1])
    west, south, east, north, going, outline = told
    return Changed(claims[:found], at, going, (west, south, east, north), bool(outline))


class _Rings:
    """The rings of polygons as the kernel takes them: vertices, how many in each ring, its part, the cell of a part.

    Where every cell is one ring, the two last ones are None.
    """

    part_of: NDArray[np.int64] | None
    cell_of: NDArray[np.int64] | None

    def __init__(self, cells: Geometries) -> None:
        if set(shapely.get_num_geometries(cells).tolist()) == {1} and not any(_holes(cells)):
            # Nearly always so, and then much faster.
            self.shapes, self.part_of, self.cell_of = cells, None, None
        else:
            parts, self.cell_of = shapely.get_parts(cells, return_index=True)
            self.shapes, self.part_of = shapely.get_rings(parts, return_index=True)
        self.xy, self.counts = shapely.get_coordinates(self.shapes), shapely.get_num_coordinates(self.shapes)

    @property
    def addresses(self) -> tuple[int | None, ...]:
        """Where they lie, for as long as this object lives."""
        return tuple(address(array) for array in (self.xy, self.counts, self.part_of, self.cell_of))


def _holes(cells: Geometries) -> list[int]:
    """How many holes polygons of one part have."""
    found: list[int] = shapely.get_num_interior_rings(shapely.get_geometry(cells, 0)).tolist()
    return found


def _stray(ring: BaseGeometry) -> GridError:
    xy = shapely.get_coordinates(ring)
    off = (xy / LATTICE % 1 != 0).any(axis=1)
    if not off.any():
        return GridError("outside_the_frame", "The ground reaches out of the raster of the coverage.")
    lon, lat = xy[off][0].tolist()
    return GridError("off_lattice", f"The vertex {lon!r}, {lat!r} is not on the lattice of 2^-24 degree.")


def edges_of(claims: Structs) -> tuple[Structs, int]:
    """Bring the two claims to each edge together.

    Returns:
        Structs `EDGE`, and 0 or 1 + the place of a claim to a side that another one has.

    >>> two = np.array([(0, 0, 4, 4, 1), (4, 4, 0, 0, 2)], dtype=CLAIM)
    >>> edges_of(two)[0].tolist()
    [(0, 0, 4, 4, 1, 2)]
    """
    bits = _bits(len(claims))
    slots = np.zeros(1 << bits, dtype=np.uint32)
    edges = np.empty(len(claims), dtype=EDGE)
    used = int(kernel.edges_of_claims(address(claims), len(claims), address(slots), bits, address(edges)))
    if used < 0:
        return edges[:0], -used
    return edges[:used].copy(), 0


def raster_of(edges: Structs, *, size: tuple[int, int], origin: tuple[int, int]) -> Raster:
    """The raster of edges that close to a coverage.

    Args:
        edges: Structs `EDGE` (n,), in lattice units from `origin`; moved in place to count from the raster's corner.
        size: Width and height of the coverage in lattice units, up to 2^26.
        origin: Lattice units of its lower left corner.

    >>> square = edges_of(claims_of(np.array([shapely.box(1, 1, 2, 2)]), np.array([1], dtype=np.int32), \
    origin=(2**24, 2**24)))[0]
    >>> made = raster_of(square, size=(2**24, 2**24), origin=(2**24, 2**24))
    >>> made.columns == made.rows, made.borders > 0, made.origin < (2**24, 2**24)
    (True, True, True)
    """
    most = min(max(_FEWEST_CELLS, _CELLS_AN_EDGE * len(edges)), _MOST_CELLS)
    shift = _SMALLEST_SHIFT
    while ((size[0] >> shift) + 1) * ((size[1] >> shift) + 1) > most:
        shift += 1
    margin = _MARGIN << shift
    columns, rows = ((length >> shift) + 1 + 2 * _MARGIN for length in size)
    for name in ("x0", "y0", "x1", "y1"):
        edges[name] += margin
    raster = Raster(
        origin=(origin[0] - margin, origin[1] - margin),
        shift=shift,
        columns=columns,
        rows=rows,
        table=np.zeros(rows * columns + 1, dtype=np.int32),
        border=np.empty(0, dtype=BORDER),
        edges=np.empty(0, dtype=EDGE),
        borders=0,
        edges_used=0,
    )
    counts = np.zeros(rows * columns, dtype=np.int32)
    kernel.count_edges(raster.pointer, address(edges), len(edges), address(counts))
    borders = int(np.count_nonzero(counts))
    border = np.empty(borders, dtype=BORDER)
    raster.struct.border = address(border)
    places = int(kernel.fill_table(raster.pointer, address(edges), len(edges), address(counts)))
    del counts
    lists = np.empty(places, dtype=EDGE)
    raster.struct.edges = address(lists)
    kernel.fill_lists(raster.pointer, address(edges), len(edges))
    return Raster(raster.origin, shift, columns, rows, raster.table, border, lists, borders, places)


def _bits(count: int) -> int:
    """The kernel's tables of slots have 2^bits places, more than what is put into them."""
    return max(4, count.bit_length() + 1)


def _roomy(array: Structs, need: int) -> Structs:
    """The array itself while it has room, else a copy with a quarter more than needed."""
    if need <= len(array) and array.flags.writeable:
        return array
    grown = np.empty(need + need // 4, dtype=array.dtype)
    grown[: len(array)] = array
    return grown

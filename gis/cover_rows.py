"""Cells cut into rows, on which coverage is measured: what each row has of each cell, made once per boundary version.

The rows do not run from west to east, as many streets do, but turned by `TURN_DEG`: what runs along rows is wider or
narrower by up to a row, what runs across them is right to a fraction of that. Small cells have finer rows.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.edges import Floats, Geometries
from gis.kernel import SPAN, UNITS, SheetStruct, address
from gis.raster import Structs

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

TURN_DEG = 27.0
# A cell has at least so many rows, unless they would be finer than the finest.
ROWS_A_CELL = 128
FINEST_M = 2.0**-6
_SQUARE_M = 64.0
_SQUARES_ACROSS = 1024


@dataclass
class Sheet:
    """Some cells in rows of one pitch; `kernel.h` says what the arrays mean.

    Attributes:
        spans: Structs `SPAN`, row by row, by x0.
        row_start: Where each row begins (rows + 1,).
        squares: Sums (down + 1, across + 1) of squares that hold ground.
        units: How many units of row each cell of the ground has (n,), 0 for cells of other sheets.
        pitch_m: From row to row.
        corner: West and south in metres, from where legs are turned; left and low after the turn.
        width: In units.
        square_m: Side of a square.
    """

    spans: Structs
    row_start: Longs
    squares: Ints
    units: Longs
    pitch_m: float
    corner: tuple[float, float, float, float]
    width: int
    square_m: float
    struct: SheetStruct = field(init=False, repr=False)

    def __post_init__(self) -> None:
        west, south, left, low = self.corner
        turn = math.radians(TURN_DEG)
        numbers = (west, south, math.cos(turn), math.sin(turn), left, low, self.pitch_m * UNITS, self.square_m * UNITS)
        arrays = (address(array) for array in (self.spans, self.row_start, self.squares))
        sizes = (len(self.row_start) - 1, self.width, len(self.units), *(n - 1 for n in self.squares.shape[::-1]))
        self.struct = SheetStruct(*numbers, *arrays, *sizes)

    @property
    def pointer(self) -> object:
        """What the kernel is given."""
        return ctypes.byref(self.struct)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.spans.nbytes + self.row_start.nbytes + self.squares.nbytes + self.units.nbytes


def sheets_of(cells: Geometries, *, row_m: float) -> list[Sheet]:
    """Sheets that together hold each cell once.

    Args:
        cells: Polygons (n,) in metres; empty ones and None are on no sheet.
        row_m: From row to row for cells that are wide enough, halved as often as a smaller cell needs it.

    >>> sheets = sheets_of(shapely.box([0, 400], 0, [400, 401], [400, 1]), row_m=4.0)
    >>> [sheet.pitch_m for sheet in sheets], [np.flatnonzero(sheet.units).tolist() for sheet in sheets]
    ([4.0, 0.015625], [[0], [1]])
    """
    some = cells[~(shapely.is_empty(cells) | shapely.is_missing(cells))]
    west, south = shapely.total_bounds(some)[:2].tolist() if len(some) else (0.0, 0.0)
    edges, cell_of = _turned_edges(cells, west, south)
    low, high = np.full(len(cells), np.inf), np.full(len(cells), -np.inf)
    np.minimum.at(low, cell_of, edges[:, 1])
    np.maximum.at(high, cell_of, edges[:, 3])
    finest = max(math.floor(math.log2(row_m / FINEST_M)), 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        halved = np.ceil(np.log2(row_m * ROWS_A_CELL / (high - low)))
    level = np.where(high > low, np.clip(np.nan_to_num(halved, posinf=finest), 0, finest), -1).astype(np.int64)
    sheets = []
    for one in np.unique(level[level >= 0]).tolist():
        rows = level[cell_of] == one
        sheets.append(_sheet(edges[rows], cell_of[rows], len(cells), row_m / 2**one, (west, south)))
    return sheets


def _turned_edges(cells: Geometries, west: float, south: float) -> tuple[Floats, Longs]:
    """Edges (m, 4) in metres after the turn, the lower end first, and the cell of each."""
    parts, cell_of = shapely.get_parts(cells, return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    xy, ring_of = shapely.get_coordinates(rings, return_index=True)
    x, y = xy[:, 0] - west, xy[:, 1] - south
    turn = math.radians(TURN_DEG)
    turned = np.column_stack([x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)])
    same = ring_of[1:] == ring_of[:-1]
    first, second = turned[:-1][same], turned[1:][same]
    # Of two cells along one edge both work out the same crossings, bit by bit.
    lower = (first[:, 1] <= second[:, 1])[:, None]
    edges = np.hstack([np.where(lower, first, second), np.where(lower, second, first)])
    return edges, np.asarray(cell_of[part_of[ring_of[:-1][same]]], dtype=np.int64)


def _sheet(edges: Floats, cell_of: Longs, cells: int, pitch_m: float, corner: tuple[float, float]) -> Sheet:
    """One sheet of cells that all have edges."""
    # One pitch of margin, so that a cell without a row can be given one.
    left, low = float(edges[:, [0, 2]].min()) - pitch_m, float(edges[:, 1].min()) - pitch_m
    width_m, height_m = float(edges[:, [0, 2]].max()) - left, float(edges[:, 3].max()) - low
    if width_m * UNITS >= 2**30 or height_m / pitch_m >= 2**30:
        raise ValueError("the ground is too wide to be measured in rows")
    edges = edges - np.array([left, low, left, low])
    rows = math.ceil(height_m / pitch_m) + 1
    row, x, cell = _crossings(edges, cell_of, pitch_m)
    spans, row = _spans(row, x, cell)
    units = np.zeros(cells, dtype=np.int64)
    np.add.at(units, spans["cell"], spans["x1"] - spans["x0"])
    bare = np.setdiff1d(cell_of, spans["cell"])
    if len(bare):
        spans, row = _with_marks(spans, row, edges, cell_of, bare, pitch_m)
        units[bare] = 1
    order = np.lexsort((spans["x0"], row))
    spans, row = spans[order], row[order]
    row_start = np.searchsorted(row, np.arange(rows + 1)).astype(np.int64)
    spans["reach"] = _running_most(spans["x1"], row)
    square_m = max(_SQUARE_M, width_m / _SQUARES_ACROSS, height_m / _SQUARES_ACROSS)
    squares = _squares(spans, row, (width_m, height_m), pitch_m, square_m)
    sizes = (*corner, left, low), math.ceil(width_m * UNITS), square_m
    return Sheet(spans, row_start, squares, units, pitch_m, *sizes)


def _crossings(edges: Floats, cell_of: Longs, pitch_m: float) -> tuple[Longs, Longs, Longs]:
    """Row, x in units and cell of every place where an edge crosses a row; an end on a row counts as above it."""
    first = np.ceil(edges[:, 1] / pitch_m - 0.5).astype(np.int64)
    count = np.ceil(edges[:, 3] / pitch_m - 0.5).astype(np.int64) - first
    edge = np.repeat(np.arange(len(edges)), count)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    x0, y0, x1, y1 = edges[edge].T
    x = x0 + (x1 - x0) * (((row + 0.5) * pitch_m - y0) / (y1 - y0))
    return row, np.rint(x * UNITS).astype(np.int64), cell_of[edge]


def _spans(row: Longs, x: Longs, cell: Longs) -> tuple[Structs, Longs]:
    """What lies between every first and second crossing of a cell on a row, and the rows."""
    order = np.lexsort((x, cell, row))
    row, x, cell = row[order][::2], x[order], cell[order][::2]
    spans = np.zeros(len(row), dtype=SPAN)
    spans["x0"], spans["x1"], spans["cell"] = x[::2], x[1::2], cell
    wide = spans["x1"] > spans["x0"]
    return spans[wide], row[wide]


def _with_marks(
    spans: Structs, row: Longs, edges: Floats, cell_of: Longs, bare: Longs, pitch_m: float
) -> tuple[Structs, Longs]:
    """Spans, and one of a single unit for each cell that lies between two rows: it is covered or it is not."""
    order = np.argsort(cell_of, kind="stable")
    first = order[np.searchsorted(cell_of[order], bare)]
    marks = np.zeros(len(bare), dtype=SPAN)
    marks["x0"] = np.rint(edges[first, 0] * UNITS)
    marks["x1"], marks["cell"] = marks["x0"] + 1, bare
    return np.concatenate([spans, marks]), np.concatenate([row, (edges[first, 1] / pitch_m).astype(np.int64)])


def _running_most(x1: Ints, row: Longs) -> Ints:
    """The largest x1 so far within each row."""
    if not len(row):
        return x1
    # Each row is lifted above the one before, so that one running maximum serves all.
    lift = row * np.int64(2**31)
    return np.asarray(np.maximum.accumulate(x1 + lift) - lift, dtype=np.int32)


def _squares(spans: Structs, row: Longs, size_m: tuple[float, float], pitch_m: float, square_m: float) -> Ints:
    """How many squares hold ground, summed up from the corner."""
    across, down = (math.ceil(metres / square_m) + 1 for metres in size_m)
    square = square_m * UNITS
    line = ((row + 0.5) * pitch_m / square_m).astype(np.int64)
    begun = np.zeros((down, across + 1), dtype=np.int64)
    np.add.at(begun, (line, (spans["x0"] / square).astype(np.int64)), 1)
    np.add.at(begun, (line, (spans["x1"] / square).astype(np.int64) + 1), -1)
    sums = np.zeros((down + 1, across + 1), dtype=np.int32)
    sums[1:, 1:] = np.cumsum(np.cumsum(np.cumsum(begun, axis=1)[:, :-1] > 0, axis=0), axis=1)
    return sums

"""How far points are from the borders of cells, in metres and in bulk.

Borders are cut into runs of a few edges; boxes around runs, around groups of runs and so on let a search skip all
but the nearest. What is measured is what `gis.ownership` defines.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.edges import Floats, Geometries
from gis.kernel import RUN, BordersStruct, address, kernel
from gis.metric import to_metric
from gis.raster import Ints, Structs

NOBODY = -1
_EDGES_A_RUN = 16
_FAN = 16
_POLYGONS_AT_ONCE = 4096
_POINTS_A_THREAD = 1 << 13


@dataclass
class Borders:
    """The borders of n cells as arrays; `kernel.h` says what they mean.

    Attributes:
        xy: Vertices (v, 2) in metres.
        runs: Structs `RUN`, cells near each other side by side.
        cell_start: First and last + 1 of each cell's runs (n, 2).
        boxes: West, south, east, north (b, 4) of runs, then of each 16 of them, and so on.
        levels: Where each level of boxes begins, and the end.
        threads: How many processors one question may use.
    """

    xy: Floats
    runs: Structs
    cell_start: Ints
    boxes: Floats
    levels: tuple[int, ...]
    threads: int = 2
    struct: BordersStruct = field(init=False, repr=False)

    def __post_init__(self) -> None:
        level = (*self.levels, *[0] * (12 - len(self.levels)))
        arrays = (address(a) for a in (self.xy, self.runs, self.cell_start, self.boxes))
        self.struct = BordersStruct(*arrays, level, len(self.levels) - 1, len(self.runs))

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.xy.nbytes + self.runs.nbytes + self.cell_start.nbytes + self.boxes.nbytes

    def edge_m(self, own: Ints, x: Floats, y: Floats) -> Floats:
        """Metres (m,), rounded to the millimetre, from points to the border of a cell of each.

        Args:
            own: Cells (m,).
            x: Metres (m,) in the metric CRS.
            y: The same.
        """
        out = np.empty(len(x))

        def work(rows: slice) -> None:
            points = (address(x[rows]), address(y[rows]), rows.stop - rows.start)
            kernel.edge_distance(ctypes.byref(self.struct), address(own[rows]), *points, address(out[rows]))

        self._in_threads(work, len(x))
        return out

    def closest(self, other_than: Ints, x: Floats, y: Floats, *, reach_m: float) -> tuple[Ints, Floats]:
        """The closest cell (m,) of each point, the lowest among equals, and its rounded distance (m,) in metres.

        Args:
            other_than: A cell (m,) that does not count for each point, or -1.
            x: Metres (m,) in the metric CRS; points that are not finite have no closest cell.
            y: The same.
            reach_m: Cells farther away do not count; there -1 and infinity stand.
        """
        cell, metres = np.empty(len(x), dtype=np.int32), np.empty(len(x))

        def work(rows: slice) -> None:
            points = (address(x[rows]), address(y[rows]), rows.stop - rows.start, reach_m)
            answers = (address(cell[rows]), address(metres[rows]))
            kernel.closest_cell(ctypes.byref(self.struct), address(other_than[rows]), *points, *answers)

        self._in_threads(work, len(x))
        return cell, metres

    def _in_threads(self, work: Callable[[slice], None], count: int) -> None:
        spans = [slice(start, min(start + _POINTS_A_THREAD, count)) for start in range(0, count, _POINTS_A_THREAD)]
        if len(spans) < 2:
            work(slice(0, count))
            return
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(work, spans))


def borders_of(cells: Geometries, *, metric_srid: int) -> Borders:
    """The borders of cells, holes included.

    Args:
        cells: Polygons (n,) of EPSG:4326 on the lattice; their places are what the answers call them.
        metric_srid: EPSG code of the metric CRS.

    >>> two = borders_of(np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]), metric_srid=32631)
    >>> far = two.closest(np.array([-1], dtype=np.int32), np.array([0.0]), np.array([0.0]), reach_m=np.inf)
    >>> far[0].tolist(), bool(far[1][0] > 1e5)
    ([0], True)
    """
    order = _near_ones_together(cells)
    spans = [order[start : start + _POLYGONS_AT_ONCE] for start in range(0, len(order), _POLYGONS_AT_ONCE)]
    parts = [_runs(cells[some], some, srid=metric_srid) for some in spans]
    xy = np.concatenate([np.empty((0, 2)), *(lines for lines, _ in parts)])
    before = np.cumsum([0, *(len(lines) for lines, _ in parts)])
    for first, (_, runs) in zip(before[:-1], parts, strict=True):
        runs["first"] += first
    runs = np.concatenate([np.empty(0, dtype=RUN), *(runs for _, runs in parts)])
    starts = np.zeros((len(cells), 2), dtype=np.int32)
    first = np.flatnonzero(np.diff(runs["cell"], prepend=-1))
    starts[runs["cell"][first], 0] = first
    starts[runs["cell"][first], 1] = np.append(first[1:], len(runs))
    boxes, levels = _boxes(xy, runs)
    return Borders(xy, runs, starts, boxes, levels)


def _runs(cells: Geometries, names: NDArray[np.int64], *, srid: int) -> tuple[Floats, Structs]:
    """Vertices in metres and the runs between them, of cells with their names."""
    parts, cell_of = shapely.get_parts(cells, return_index=True)
    rings, part_of = shapely.get_rings(to_metric(parts, srid=srid), return_index=True)
    vertices = shapely.get_num_coordinates(rings)
    pieces = -(-(vertices - 1) // _EDGES_A_RUN)
    ring_of = np.repeat(np.arange(len(rings)), pieces)
    step = (np.arange(len(ring_of)) - (np.cumsum(pieces) - pieces)[ring_of]) * _EDGES_A_RUN
    runs = np.empty(len(ring_of), dtype=RUN)
    runs["first"] = (np.cumsum(vertices) - vertices)[ring_of] + step
    runs["count"] = np.minimum(_EDGES_A_RUN, vertices[ring_of] - 1 - step)
    runs["cell"] = names[cell_of[part_of[ring_of]]]
    return shapely.get_coordinates(rings), runs


def _boxes(xy: Floats, runs: Structs) -> tuple[Floats, tuple[int, ...]]:
    """Boxes of all levels, one after the other, and where each level begins, and the end."""
    if not len(runs):
        return np.empty((0, 4)), (0, 0)
    # Neighbouring runs share a vertex, so the vertices of each are listed anew.
    own = runs["count"] + 1
    start = np.cumsum(own) - own
    vertex = xy[np.arange(int(own.sum())) + np.repeat(runs["first"] - start, own)]
    boxes = [np.hstack([np.minimum.reduceat(vertex, start), np.maximum.reduceat(vertex, start)])]
    while len(boxes[-1]) > _FAN:
        groups = np.arange(0, len(boxes[-1]), _FAN)
        low, high = boxes[-1][:, :2], boxes[-1][:, 2:]
        boxes.append(np.hstack([np.minimum.reduceat(low, groups), np.maximum.reduceat(high, groups)]))
    levels = np.cumsum([0, *(len(level) for level in boxes)])
    return np.concatenate(boxes), tuple(levels.tolist())


def _near_ones_together(cells: Geometries) -> NDArray[np.int64]:
    """The cells in the order of a curve that fills the plane."""
    if not len(cells):
        return np.empty(0, dtype=np.int64)
    middle = shapely.bounds(cells).reshape(-1, 2, 2).mean(axis=1)
    low, high = middle.min(axis=0), middle.max(axis=0)
    return np.argsort(_interleaved((middle - low) / np.maximum(high - low, 1e-12)), kind="stable")


def _interleaved(unit: Floats) -> NDArray[np.uint64]:
    """The bits of x and y (n, 2) between 0 and 1 in turns: points near each other get numbers near each other."""
    bits = np.minimum(unit * 65536, 65535).astype(np.uint64)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        bits = (bits | (bits << np.uint64(shift))) & np.uint64(mask)
    return np.asarray(bits[:, 0] | (bits[:, 1] << np.uint64(1)))

"""How densely points lie: a Gaussian kernel around each, summed on the cells of a raster.

Points are dealt out to cells first and the raster is smoothed once, so the time hardly grows with the points. Each
point goes to nine cells with weights whose variance does not depend on where in its cell it lies; a kernel that is
narrower by just that makes up for it. docs/hotspots.md tells how near that comes to the sum over all points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import correlate1d

from gis.edges import Floats
from gis.errors import BadInput
from gis.kernel import address, kernel

CELLS_A_BANDWIDTH = 5
FEWEST_CELLS, MOST_CELLS = 3, 20
"""To a bandwidth: with fewer the error grows beyond a thousandth of the peak, more show nothing more."""

MOST_CELLS_OF_A_SURFACE = 20_000_000
_M2_A_KM2 = 1e6
# Bandwidths after which the kernel ends, and that a surface goes beyond its points.
_REACH, _AROUND = 5.0, 3.0
_PAIRS_AT_ONCE = 1 << 22

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Surface:
    """Density on square cells.

    Attributes:
        values: In the middle of each cell, per km² (h, w); row 0 in the south.
        west, south: Outer edges of the raster, in metres.
        cell_m: Side of a cell.
        bandwidth_m: Standard deviation of the kernel.
        n: How many points were given, those out of reach included.
    """

    values: Floats
    west: float
    south: float
    cell_m: float
    bandwidth_m: float
    n: int

    @property
    def x(self) -> Floats:
        """Middles of the columns (w,), in metres."""
        return np.asarray(self.west + (np.arange(self.values.shape[1]) + 0.5) * self.cell_m)

    @property
    def y(self) -> Floats:
        """Middles of the rows (h,), in metres."""
        return np.asarray(self.south + (np.arange(self.values.shape[0]) + 0.5) * self.cell_m)

    @property
    def peak(self) -> float:
        """The largest value; 0 of a surface without cells."""
        return float(self.values.max(initial=0.0))


def density(
    x: ArrayLike,
    y: ArrayLike,
    *,
    bandwidth_m: float,
    cell_m: float | None = None,
    bounds: Box | None = None,
    weights: ArrayLike | None = None,
) -> Surface:
    """Points per km² as a surface, to a thousandth of its peak.

    Args:
        x: Metres (n,), finite.
        y: The same.
        bandwidth_m: Standard deviation of the kernel.
        cell_m: Side of a cell, a third to a twentieth of the bandwidth; a fifth where nothing is said.
        bounds: West, south, east, north that the cells must cover, in metres; points beyond them count as far as they
            reach. Without bounds the surface ends three bandwidths beyond the points, and has no cells where there are
            none.
        weights: What each point counts for (n,), finite; 1 each where nothing is said.

    Raises:
        BadInput: `bad_distance`, `position_not_finite`, `unknown_value`, `surface_too_large`.

    >>> one = density([0.0], [0.0], bandwidth_m=100)
    >>> one.values.shape, round(one.peak, 3), round(float(one.values.sum()) * one.cell_m**2 / 1e6, 2)
    ((30, 30), 15.756, 0.99)
    >>> density([], [], bandwidth_m=100).values.shape, density([], [], bandwidth_m=100, bounds=(0, 0, 60, 30)).peak
    ((0, 0), 0.0)
    """
    px, py, weight = _points(x, y, weights)
    _require(bandwidth_m > 0 and math.isfinite(bandwidth_m), "bandwidth_m", bandwidth_m, "a number of metres above 0")
    size = bandwidth_m / CELLS_A_BANDWIDTH if cell_m is None else float(cell_m)
    fine = FEWEST_CELLS * (1 - 1e-9) <= bandwidth_m / size <= MOST_CELLS * (1 + 1e-9) if size > 0 else False
    _require(fine, "cell_m", size, f"a third to a twentieth of the bandwidth, {bandwidth_m:g} m")
    west, south, east, north = _box(px, py, _AROUND * bandwidth_m) if bounds is None else bounds
    columns, rows = (max(math.ceil((high - low) / size - 1e-9), 0) for low, high in ((west, east), (south, north)))
    # Points beyond the surface reach into it; one more cell takes the parts of those at the rim.
    margin = math.ceil(_REACH * bandwidth_m / size) + 1
    shape = (rows + 2 * margin, columns + 2 * margin)
    _require_room(shape, bandwidth_m)
    if not rows or not columns:
        return Surface(np.zeros((rows, columns)), west, south, size, bandwidth_m, len(px))
    cells = np.zeros(shape)
    place = np.array([west - margin * size, south - margin * size, size])
    across, up = shape[1], shape[0]
    kernel.bin_points(address(px), address(py), address(weight), len(px), address(place), across, up, address(cells))
    part = _kernel(bandwidth_m / size, margin)
    values = correlate1d(cells, part, axis=0, mode="constant")[margin : margin + rows]
    values = correlate1d(values, part, axis=1, mode="constant")[:, margin : margin + columns]
    return Surface(values * (_M2_A_KM2 / size**2), west, south, size, bandwidth_m, len(px))


def exact_density(
    x: ArrayLike,
    y: ArrayLike,
    at_x: ArrayLike,
    at_y: ArrayLike,
    *,
    bandwidth_m: float,
    weights: ArrayLike | None = None,
) -> Floats:
    """Points per km² at some places (m,): the sum over all points, in n times m steps.

    Args:
        x: Metres (n,), finite.
        y: The same.
        at_x: Metres (m,).
        at_y: The same.
        bandwidth_m: Standard deviation of the kernel.
        weights: What each point counts for (n,); 1 each where nothing is said.

    Raises:
        BadInput: `bad_distance`, `position_not_finite`, `unknown_value`.

    >>> exact_density([0.0], [0.0], [0.0, 100.0], [0.0, 0.0], bandwidth_m=100).round(3).tolist()
    [15.915, 9.653]
    """
    px, py, weight = _points(x, y, weights)
    _require(bandwidth_m > 0 and math.isfinite(bandwidth_m), "bandwidth_m", bandwidth_m, "a number of metres above 0")
    ax, ay = np.asarray(at_x, dtype=np.float64), np.asarray(at_y, dtype=np.float64)
    each = np.ones(len(px)) if weight is None else weight
    found = np.zeros(len(ax))
    at_once = max(_PAIRS_AT_ONCE // max(len(ax), 1), 1)
    for first in range(0, len(px), at_once):
        some = slice(first, first + at_once)
        squared = (ax[:, None] - px[some]) ** 2 + (ay[:, None] - py[some]) ** 2
        found += np.exp(squared / (-2 * bandwidth_m**2)) @ each[some]
    return found * (_M2_A_KM2 / (2 * math.pi * bandwidth_m**2))


def rate(cases: ArrayLike, base: ArrayLike, *, least: float) -> Floats:
    """Cases per 1,000 of a base, cell by cell; NaN where the base is thinner than `least`.

    Args:
        cases: Density of cases per km², any shape.
        base: Density per km² of what they are counted by, the same shape, by the same kernel.
        least: Above 0: where there is next to nothing to count by, a rate says nothing.

    Raises:
        BadInput: `not_positive`.

    >>> rate([2.0, 2.0], [400.0, 1.0], least=10).tolist()
    [5.0, nan]
    """
    if not 0 < least < math.inf:
        raise BadInput("not_positive", f"'least' is {least}; give a number above 0.", field="least", value=least)
    some, by = np.asarray(cases, dtype=np.float64), np.asarray(base, dtype=np.float64)
    return np.asarray(np.divide(1000 * some, by, out=np.full(by.shape, np.nan), where=by >= least))


def _points(x: ArrayLike, y: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats, Floats | None]:
    px, py = (np.ascontiguousarray(values, dtype=np.float64) for values in (x, y))
    weight = None if weights is None else np.ascontiguousarray(weights, dtype=np.float64)
    if px.ndim != 1 or px.shape != py.shape or (weight is not None and weight.shape != px.shape):
        raise ValueError("x, y and weights must have one number for each point")
    bad = np.flatnonzero(~(np.isfinite(px) & np.isfinite(py)))
    if len(bad):
        detail = f"{len(bad)} of {len(px)} positions are not finite; leave them out."
        raise BadInput("position_not_finite", detail, field="x, y", value=f"{px[bad[0]]}, {py[bad[0]]}")
    if weight is not None and not np.isfinite(weight).all():
        raise BadInput("unknown_value", "A weight is not a finite number; leave such points out.", field="weights")
    return px, py, weight


def _require(fine: bool, field: str, value: float, what: str) -> None:
    if not fine:
        raise BadInput("bad_distance", f"'{field}' is {value:g}; give {what}.", field=field, value=value)


def _require_room(shape: tuple[int, int], bandwidth_m: float) -> None:
    if shape[0] * shape[1] > MOST_CELLS_OF_A_SURFACE:
        raise BadInput(
            "surface_too_large",
            f"A surface of {shape[1]:,} by {shape[0]:,} cells is too large; give a larger bandwidth or less ground.",
            field="bandwidth_m",
            value=bandwidth_m,
            values={"cells": shape[0] * shape[1], "most_cells": MOST_CELLS_OF_A_SURFACE},
        )


def _box(x: Floats, y: Floats, around_m: float) -> Box:
    if not len(x):
        return 0.0, 0.0, 0.0, 0.0
    west, south, east, north = x.min(), y.min(), x.max(), y.max()
    return float(west) - around_m, float(south) - around_m, float(east) + around_m, float(north) + around_m


def _kernel(bandwidth: float, margin: int) -> NDArray[np.float64]:
    """What the cells around get of one, out of which the variance that binning brings in was taken."""
    variance = bandwidth**2 - 0.25
    steps = np.arange(-margin, margin + 1)
    return np.asarray(np.exp(-(steps**2) / (2 * variance)) / math.sqrt(2 * math.pi * variance))

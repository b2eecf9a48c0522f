"""A raster in metres as a picture for web maps: rows of Web Mercator, the northernmost first."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from gis.crs import STORED_SRID, WEB_SRID, transformer
from gis.edges import Floats

# Every so many pixels the way from the picture to the raster is worked out exactly, and between them along straight
# lines: within a hundredth of a pixel for a city.
_MESH_PX = 16
_AROUND = 32
# More pixels to a cell would show nothing more.
_PX_OF_A_CELL = 2


@dataclass(frozen=True, eq=False)
class WebImage:
    """Where each pixel of a picture lies in a raster.

    Attributes:
        west, south, east, north: Of the picture, in degrees.
        row, column: Places of the middles of the pixels among the middles of the cells, (height, width).
        shape: Of the raster.
    """

    west: float
    south: float
    east: float
    north: float
    row: Floats
    column: Floats
    shape: tuple[int, int]

    @property
    def width(self) -> int:
        """Pixels from west to east."""
        return len(self.row[0])

    @property
    def height(self) -> int:
        """Pixels from north to south."""
        return len(self.row)

    def of(self, values: NDArray[np.floating]) -> Floats:
        """The picture (height, width) of the values of a raster, row 0 in the south; NaN beside the raster.

        Between the middles of cells a cubic spline is drawn, so that a smooth surface keeps its peaks; where a cell has
        no value, straight lines between the four middles around, and NaN next to that cell.
        """
        rows, columns = self.shape
        found = self._straight(values)
        if np.isfinite(values).all():
            found = map_coordinates(values.astype(np.float64), [self.row, self.column], order=3, mode="nearest")
        from_middle = np.abs(self.row - (rows - 1) / 2), np.abs(self.column - (columns - 1) / 2)
        beside = (from_middle[0] > rows / 2) | (from_middle[1] > columns / 2)
        return np.where(beside, np.nan, found)

    def _straight(self, values: NDArray[np.floating]) -> Floats:
        rows, columns = self.shape
        low_r = np.clip(np.floor(self.row), 0, max(rows - 2, 0)).astype(np.int64)
        low_c = np.clip(np.floor(self.column), 0, max(columns - 2, 0)).astype(np.int64)
        up, on = np.clip(self.row - low_r, 0, 1), np.clip(self.column - low_c, 0, 1)
        high_r, high_c = np.minimum(low_r + 1, rows - 1), np.minimum(low_c + 1, columns - 1)
        south = values[low_r, low_c] * (1 - on) + values[low_r, high_c] * on
        north = values[high_r, low_c] * (1 - on) + values[high_r, high_c] * on
        return np.asarray(south * (1 - up) + north * up)


def web_image(
    shape: tuple[int, int], *, west_m: float, south_m: float, cell_m: float, srid: int, most_px: int
) -> WebImage:
    """A picture of a raster of a metric CRS.

    Args:
        shape: Rows and columns of the raster; row 0 is in the south.
        west_m, south_m: Its outer edge.
        cell_m: How wide a cell is.
        srid: EPSG code of its CRS.
        most_px: How many pixels the longer side has at most.

    >>> one = web_image((20, 10), west_m=500_000, south_m=3_800_000, cell_m=100, srid=4547, most_px=30)
    >>> one.height, one.width, round(one.of(np.full((20, 10), 7.0))[15, 8], 9)
    (30, 15, np.float64(7.0))
    """
    rows, columns = shape
    to_web, from_web = transformer(srid, WEB_SRID), transformer(WEB_SRID, srid)
    along = np.linspace(0, 1, _AROUND)
    x = west_m + columns * cell_m * np.r_[along, along, 0 * along, 0 * along + 1]
    y = south_m + rows * cell_m * np.r_[0 * along, 0 * along + 1, along, along]
    web_x, web_y = to_web.transform(x, y)
    west, east, south, north = float(min(web_x)), float(max(web_x)), float(min(web_y)), float(max(web_y))
    pixel = max(east - west, north - south) / min(most_px, _PX_OF_A_CELL * max(shape))
    width, height = math.ceil((east - west) / pixel - 1e-9), math.ceil((north - south) / pixel - 1e-9)
    down, across = _mesh(height), _mesh(width)
    at_x, at_y = np.meshgrid(west + across * pixel, north - down * pixel)
    metric_x, metric_y = from_web.transform(at_x, at_y)
    between_rows, between_columns = _weights(height, down), _weights(width, across)
    row, column = (
        between_rows @ ((np.asarray(metric) - edge) / cell_m - 0.5) @ between_columns.T
        for metric, edge in ((metric_y, south_m), (metric_x, west_m))
    )
    corners = [west, west + width * pixel], [north - height * pixel, north]
    (west_deg, east_deg), (south_deg, north_deg) = transformer(WEB_SRID, STORED_SRID).transform(*corners)
    return WebImage(west_deg, south_deg, east_deg, north_deg, row, column, shape)


def _mesh(pixels: int) -> Floats:
    """Places along a side at which the way is worked out, from edge to edge."""
    return np.linspace(0, pixels, max(2, math.ceil(pixels / _MESH_PX) + 1))


def _weights(pixels: int, mesh: Floats) -> Floats:
    """How much each place of the mesh says about the middle of each pixel, (pixels, m)."""
    place = (np.arange(pixels) + 0.5) / mesh[1]
    low = np.minimum(place.astype(np.int64), len(mesh) - 2)
    weights = np.zeros((pixels, len(mesh)))
    weights[np.arange(pixels), low] = 1 - (place - low)
    weights[np.arange(pixels), low + 1] = place - low
    return weights

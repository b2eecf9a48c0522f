"""From the stored degrees to metres: points, cells, areas, and how a distance is rounded.

Borders are straight in EPSG:4326, so they bend a little in a metric CRS. A geometry is therefore cut at
`SEGMENT_DEG` before it is transformed (`ST_Transform(ST_Segmentize(geom, 0.00390625), srid)` in SQL): between
two cuts the straight line stays within 4 mm of the true border anywhere on Earth that a metric CRS serves.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gis.crs import STORED_SRID, transformer
from gis.edges import Counts, Floats, Geometries, split_edges

SEGMENT_DEG = 2.0**-8


def to_metric(geoms: Geometries, *, srid: int) -> Geometries:
    """Geometries of EPSG:4326 in a metric CRS, borders within 4 mm of the straight line in degrees.

    Args:
        geoms: 2-D geometries (n,); None passes through.
        srid: EPSG code of the metric CRS.

    >>> square = np.array([shapely.box(114.0, 34.0, 114.0625, 34.0625)], dtype=object)
    >>> shapely.get_num_coordinates(to_metric(square, srid=4547)).tolist()
    [65]
    >>> to_metric(np.array([], dtype=object), srid=4547).shape
    (0,)
    """
    way = transformer(STORED_SRID, srid)

    def to_metres(degrees: Floats) -> Floats:
        return np.column_stack(way.transform(degrees[:, 0], degrees[:, 1]))

    return np.asarray(shapely.transform(split_edges(geoms, pieces=_short_pieces), to_metres), dtype=np.object_)


def points_to_metric(lon: ArrayLike, lat: ArrayLike, *, srid: int) -> tuple[Floats, Floats]:
    """Positions in a metric CRS; infinite where the CRS does not reach.

    >>> [round(float(v[0])) for v in points_to_metric([114.0], [34.0], srid=4547)]
    [500000, 3763661]
    """
    x, y = transformer(STORED_SRID, srid).transform(
        np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    )
    return np.asarray(x), np.asarray(y)


def area_m2(geoms: Geometries, *, srid: int) -> Floats:
    """Plane areas in square metres in the metric CRS.

    >>> areas = area_m2(np.array([shapely.box(114.0, 34.0, 114.0625, 34.0625)], dtype=object), srid=4547)
    >>> bool(39.9e6 < areas[0] < 40.1e6)
    True
    """
    return np.asarray(shapely.area(to_metric(geoms, srid=srid)))


def area_and_width(geoms: Geometries, *, srid: int) -> tuple[Floats, Floats]:
    """Areas in square metres and mean widths in metres, twice the area by the perimeter; 0 for points.

    >>> strip = np.array([shapely.box(114.0, 34.0, 114.001, 34.0625)], dtype=object)
    >>> [round(float(values[0])) for values in area_and_width(strip, srid=4547)]
    [640240, 91]
    """
    metric = to_metric(geoms, srid=srid)
    area, around = shapely.area(metric), shapely.length(metric)
    return area, np.divide(2 * area, around, out=np.zeros_like(area), where=around > 0)


def round_m(distance_m: ArrayLike) -> Floats:
    """Round to the millimetre, half up: `floor(d * 1000 + 0.5) / 1000` in doubles, the same bits in SQL.

    Everything that is decided on a distance is decided on the rounded value.

    >>> round_m([0.0004, 0.0005, float("nan"), float("inf")]).tolist()
    [0.0, 0.001, nan, inf]
    """
    return np.asarray(np.floor(np.asarray(distance_m, dtype=np.float64) * 1000 + 0.5) / 1000)


def _short_pieces(low: Floats, high: Floats) -> Counts:
    length_deg: NDArray[np.float64] = np.hypot(high[:, 0] - low[:, 0], high[:, 1] - low[:, 1])
    return np.asarray(np.maximum(np.ceil(length_deg / SEGMENT_DEG), 1), dtype=np.int64)

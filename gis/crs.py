"""Reference systems: the stored CRS and its lattice, metric systems, transformers.

Every coordinate is stored in EPSG:4326 on a lattice of 2^-24 degree (at most 7 mm). A lattice value below
180 degrees needs 8 + 24 = 32 significant bits, so a double holds it exactly, products of two differences
stay exact up to 4 degrees of extent, and PostGIS, GEOS and our own code see the same bits.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Transformer
from tzfpy import get_tz

from gis.errors import BadInput

STORED_SRID = 4326
WEB_SRID = 3857
LATTICE = 2.0**-24
_PER_DEGREE = 2.0**24

# Bounds within which a scheme counts as Chinese ground for the choice of a metric CRS (EPSG area of use of CGCS2000).
_CHINA = (73.62, 16.70, 134.77, 53.56)


def to_lattice(degrees: ArrayLike) -> NDArray[np.float64]:
    """Round each coordinate by itself to the nearest lattice value, half to even.

    >>> float(to_lattice(113.7)) * 2**24 == round(113.7 * 2**24)
    True
    >>> to_lattice([]).shape
    (0,)
    """
    return np.rint(np.asarray(degrees, dtype=np.float64) * _PER_DEGREE) / _PER_DEGREE


def on_lattice(degrees: ArrayLike) -> NDArray[np.bool_]:
    """Tell for each coordinate whether it is a lattice value already.

    >>> on_lattice([113.5, 0.1]).tolist()
    [True, False]
    """
    scaled = np.asarray(degrees, dtype=np.float64) * _PER_DEGREE
    return np.asarray(scaled == np.rint(scaled))


@lru_cache(maxsize=64)
def transformer(source: int | str, target: int | str) -> Transformer:
    """A cached transformer, always in (easting or longitude, northing or latitude) order.

    Args:
        source: EPSG code as a number, or anything PROJ understands (WKT, PROJ string, "ESRI:…").
        target: The same.

    >>> [round(metres) for metres in transformer(4326, 3857).transform(0.001, 0.0)]
    [111, 0]
    """
    return Transformer.from_crs(source, target, always_xy=True)


def metric_srid(lon: float, lat: float) -> int:
    """The metric CRS that fits a place: CGCS2000 / 3-degree Gauss-Krüger in China, else UTM on WGS 84.

    >>> metric_srid(113.65, 34.75), metric_srid(-87.7, 41.9), metric_srid(151.2, -33.9)
    (4547, 32616, 32756)
    """
    if not (-180 <= lon <= 180 and -80 <= lat <= 84):
        raise BadInput("no_metric_crs", "No metric CRS is known for this place; name one.", value=f"{lon}, {lat}")
    west, south, east, north = _CHINA
    if west <= lon <= east and south <= lat <= north and is_china_time(lon, lat):
        return 4534 + (round(lon / 3) * 3 - 75) // 3
    zone = min(int((lon + 180) // 6) + 1, 60)
    return (32600 if lat >= 0 else 32700) + zone


def time_zone(lon: float, lat: float) -> str:
    """The IANA time zone of a place.

    >>> time_zone(113.65, 34.75), time_zone(-87.7, 41.9)
    ('Asia/Shanghai', 'America/Chicago')
    """
    return str(get_tz(lon, lat)) or "UTC"


def is_china_time(lon: float, lat: float) -> bool:
    """Whether the place keeps a time zone of mainland China.

    >>> is_china_time(113.65, 34.75), is_china_time(120.2, 23.1)
    (True, False)
    """
    return time_zone(lon, lat) in ("Asia/Shanghai", "Asia/Urumqi")

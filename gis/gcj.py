"""The offset datums of Chinese web maps: GCJ-02 and BD-09, forward and inverse.

All functions take and give longitude and latitude in degrees as arrays of one shape, longitude first.

The forward formulas are the public ones (Krasovsky ellipsoid, sums of sines); the inverse solves the forward
one by fixed-point iteration, which contracts about a hundredfold a step, good to a micrometre. GCJ-02 is the
identity outside a box around China. Whether a GCJ-02 pair belongs to the box is decided by the WGS-84 place
it comes from, so every WGS-84 place inside the box, its border included, comes back. Just outside the box (at
most 0.02 degree, at sea or abroad) a pair can have two origins; the one inside the box is given. The BD-09
shift on top of GCJ-02 knows no border.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]

_WEST, _SOUTH, _EAST, _NORTH = 72.004, 0.8293, 137.8347, 55.8271
_REACH_DEG = 0.05
_HAIR_DEG = 1e-9
_SEMI_MAJOR_M = 6_378_245.0
_ECCENTRICITY2 = 0.00669342162296594323
_BD_TURN = np.pi * 3000.0 / 180.0
_STEPS = 10


def in_china_box(lon: ArrayLike, lat: ArrayLike, *, margin_deg: float = 0.0) -> NDArray[np.bool_]:
    """Whether WGS-84 places lie in the box, border included, within which GCJ-02 differs from WGS-84.

    >>> in_china_box([113.65, -87.7, 72.004], [34.75, 41.9, 35.0]).tolist()
    [True, False, True]
    """
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    across = (_WEST - margin_deg <= x) & (x <= _EAST + margin_deg)
    return np.asarray(across & (_SOUTH - margin_deg <= y) & (y <= _NORTH + margin_deg))


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """WGS-84 to GCJ-02; the identity outside the box.

    >>> [round(float(v), 6) for v in wgs84_to_gcj02(113.65, 34.75)]
    [113.656078, 34.748856]
    >>> [float(v) for v in wgs84_to_gcj02(-87.7, 41.9)]
    [-87.7, 41.9]
    """
    x, y = _pair(lon, lat)
    inside = in_china_box(x, y)
    x[inside], y[inside] = _gcj_shift(x[inside], y[inside])
    return x, y


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """GCJ-02 to WGS-84, to a micrometre for every place inside the box.

    >>> [round(float(v), 9) for v in gcj02_to_wgs84(*wgs84_to_gcj02(113.65, 34.75))]
    [113.65, 34.75]
    """
    x, y = _pair(lon, lat)
    near = np.flatnonzero(in_china_box(x, y, margin_deg=_REACH_DEG).reshape(-1))
    flat_x, flat_y = x.reshape(-1), y.reshape(-1)
    got_x, got_y = _solve(_gcj_shift, flat_x[near], flat_y[near])
    came_from_box = in_china_box(got_x, got_y, margin_deg=_HAIR_DEG) | in_china_box(flat_x[near], flat_y[near])
    rows = near[came_from_box]
    flat_x[rows], flat_y[rows] = got_x[came_from_box], got_y[came_from_box]
    return x, y


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """GCJ-02 to BD-09.

    >>> [round(float(v), 6) for v in gcj02_to_bd09(113.65, 34.75)]
    [113.6564, 34.756292]
    """
    x, y = _pair(lon, lat)
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_TURN)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """BD-09 to GCJ-02, to a micrometre.

    >>> [round(float(v), 9) for v in bd09_to_gcj02(*gcj02_to_bd09(113.65, 34.75))]
    [113.65, 34.75]
    """
    return _solve(gcj02_to_bd09, *_pair(lon, lat))


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """WGS-84 to BD-09.

    >>> [round(float(v), 6) for v in wgs84_to_bd09(113.65, 34.75)]
    [113.6625, 34.755081]
    """
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """BD-09 to WGS-84.

    >>> [round(float(v), 9) for v in bd09_to_wgs84(*wgs84_to_bd09(113.65, 34.75))]
    [113.65, 34.75]
    """
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def _pair(lon: ArrayLike, lat: ArrayLike) -> Pair:
    return np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)


def _solve(forward: Callable[[Floats, Floats], Pair], x: Floats, y: Floats) -> Pair:
    """Find (u, v) with forward(u, v) = (x, y) by u <- u + x - forward(u); every step gains two digits."""
    u, v = x.copy(), y.copy()
    for _ in range(_STEPS):
        fu, fv = forward(u, v)
        u, v = u + (x - fu), v + (y - fv)
    return u, v


def _gcj_shift(lon: Floats, lat: Floats) -> Pair:
    x, y = lon - 105.0, lat - 35.0
    wave = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    bend = 0.1 * np.sqrt(np.abs(x))
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 2.0 * bend
    north_m += (wave + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi * y / 3.0)) * 2.0 / 3.0
    north_m += (160.0 * np.sin(np.pi * y / 12.0) + 320.0 * np.sin(np.pi * y / 30.0)) * 2.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + bend
    east_m += (wave + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi * x / 3.0)) * 2.0 / 3.0
    east_m += (150.0 * np.sin(np.pi * x / 12.0) + 300.0 * np.sin(np.pi * x / 30.0)) * 2.0 / 3.0
    squash = 1.0 - _ECCENTRICITY2 * np.sin(np.radians(lat)) ** 2
    meridian_m = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY2) / (squash * np.sqrt(squash))
    parallel_m = _SEMI_MAJOR_M / np.sqrt(squash) * np.cos(np.radians(lat))
    return lon + np.degrees(east_m / parallel_m), lat + np.degrees(north_m / meridian_m)

"""Declared datum in, stored position out, with the method and its error.

Every coordinate that enters says which datum it is in; nothing is guessed. `to_stored` gives longitude and
latitude in EPSG:4326, **already rounded to the lattice** (`gis.crs.to_lattice`; at most 5 mm), so that what
is judged, stored and recomputed are the same bits. The raw pair is the caller's to keep.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gis.crs import to_lattice
from gis.declarations import Texts, find_datum, is_degrees
from gis.errors import BadInput
from gis.gcj import Floats, Pair

REASONS = {
    "position_not_finite": "The position is missing or not a number.",
    "position_zero": "The position is exactly 0, 0, which is what an empty position looks like.",
    "position_out_of_range": "The position is outside the range of its datum.",
    "position_swapped": "The position fits only with its axes swapped; longitude or easting goes first.",
    "zone_mismatch": "The zone prefix of the easting contradicts the declared zone.",
    "position_not_transformable": "The position has no longitude and latitude in the declared datum.",
}
"""Reason code of a bad row -> plain sentence."""


@dataclass(frozen=True)
class Stored:
    """Positions in EPSG:4326 on the lattice; NaN where `reason` is not empty.

    Attributes:
        lon, lat: float64 (n,), degrees.
        reason: str (n,), "" for a good row, else a key of `REASONS`.
        datum, method, error_m: As in `Datum`.
    """

    lon: Floats
    lat: Floats
    reason: Texts
    datum: str
    method: str
    error_m: float | None

    @property
    def bad(self) -> NDArray[np.bool_]:
        """Mask (n,) of the rows without a position."""
        return np.asarray(self.reason != "")


@dataclass(frozen=True)
class Position:
    """One position in EPSG:4326 on the lattice."""

    lon: float
    lat: float
    datum: str
    method: str
    error_m: float | None


def to_stored(x: ArrayLike, y: ArrayLike, *, datum: str) -> Stored:
    """Convert a batch; a bad row gets a reason, the rest is kept.

    Args:
        x: Longitudes or eastings (n,).
        y: Latitudes or northings (n,).
        datum: One of `gis.declarations.KNOWN_DATUMS`, in any case.

    Raises:
        BadInput: `unknown_datum`, `legacy_datum` or `unsuitable_crs` for the declaration itself.

    >>> got = to_stored([113.65, 0.0, 34.7, float("nan")], [34.75, 0.0, 113.6, 1.0], datum="WGS84")
    >>> got.reason.tolist()
    ['', 'position_zero', 'position_swapped', 'position_not_finite']
    >>> float(got.lon[0]) == 113.65, round(float(got.lon[0]), 6), bool(np.isnan(got.lon[1]))
    (False, 113.65, True)
    >>> to_stored([], [], datum="gcj02").lon.shape
    (0,)
    """
    kind = find_datum(datum)
    raw_x, raw_y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    finite = np.isfinite(raw_x) & np.isfinite(raw_y)
    reason = np.where((raw_x == 0) & (raw_y == 0), np.str_("position_zero"), kind.screen(raw_x, raw_y))
    reason = np.where(finite, reason, np.str_("position_not_finite"))
    lon, lat = np.full(raw_x.shape, np.nan), np.full(raw_x.shape, np.nan)
    good = reason == ""
    lon[good], lat[good] = kind.convert(raw_x[good], raw_y[good])
    lost = good & ~is_degrees(lon, lat)
    reason = np.where(lost, np.str_("position_not_transformable"), reason)
    lon[lost] = lat[lost] = np.nan
    return Stored(to_lattice(lon), to_lattice(lat), reason, kind.name, kind.method, kind.error_m)


def to_position(x: float, y: float, *, datum: str) -> Position:
    """Convert one position or say what is wrong with it.

    Raises:
        BadInput: With a key of `REASONS` as its code, or as `to_stored`.

    >>> got = to_position(38_465_689.0, 3_846_000.0, datum="gk3-38")
    >>> round(got.lon, 4), round(got.lat, 4), got.method
    (113.6253, 34.7417, 'CGCS2000 / 3-degree Gauss-Krüger zone 38, numbers taken as WGS 84')
    >>> to_position(0, 0, datum="wgs84")
    Traceback (most recent call last):
    gis.errors.BadInput: The position is exactly 0, 0, which is what an empty position looks like.
    """
    got = to_stored([x], [y], datum=datum)
    reason = str(got.reason[0])
    if reason:
        raise BadInput(reason, REASONS[reason], field="position", value=f"{x}, {y}", values={"datum": got.datum})
    return Position(float(got.lon[0]), float(got.lat[0]), got.datum, got.method, got.error_m)


def suspect_swap(lon: ArrayLike, lat: ArrayLike, *, bounds: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    """Tell for each position whether it is outside the bounds and swapping its axes would bring it inside.

    Args:
        lon, lat: As declared, degrees (n,); need not be in range.
        bounds: West, south, east, north in degrees.

    >>> suspect_swap([34.7, 113.6, 0.0], [113.6, 34.7, 0.0], bounds=(112.7, 34.2, 114.3, 35.0)).tolist()
    [True, False, False]
    """
    west, south, east, north = bounds
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    inside = (west <= x) & (x <= east) & (south <= y) & (y <= north)
    turned = (west <= y) & (y <= east) & (south <= x) & (x <= north)
    return np.asarray(turned & ~inside)


def hypotheses(x: ArrayLike, y: ArrayLike, *, datum: str) -> dict[str, Pair]:
    """Where the batch would lie under each plausible declaration, the declared one first.

    Values in degrees may have been any of wgs84, gcj02 and bd09 (cgcs2000 equals wgs84); metres have
    no rival.

    Returns:
        Datum name -> (lon, lat), NaN for bad rows.

    >>> list(hypotheses([113.65], [34.75], datum="gcj02"))
    ['gcj02', 'wgs84', 'bd09']
    >>> list(hypotheses([465689.0], [3846000.0], datum="gk3-38"))
    ['gk3-38']
    """
    declared = find_datum(datum)
    rivals = ("wgs84", "gcj02", "bd09") if declared.in_degrees else ()
    same = "wgs84" if declared.name == "cgcs2000" else declared.name
    names = [declared.name, *(rival for rival in rivals if rival != same)]
    stored = {name: to_stored(x, y, datum=name) for name in names}
    return {name: (one.lon, one.lat) for name, one in stored.items()}

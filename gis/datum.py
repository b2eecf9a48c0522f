"""Declared datum in, stored position out, with the method and its error.

Every coordinate that enters says which datum it is in; nothing is guessed. `to_stored` gives longitude and
latitude in EPSG:4326, **already rounded to the lattice** (`gis.crs.to_lattice`; at most 5 mm), so that what is
judged, stored and recomputed are the same bits. The raw pair is the caller's to keep.

GCJ-02 and BD-09: the forward formulas are the public ones (Krasovsky ellipsoid, sums of sines); the inverse
solves the forward one by fixed-point iteration (it contracts about a hundredfold a step), good to a micrometre.
GCJ-02 is the identity outside a box around China. Whether a GCJ-02 pair belongs to the box is decided by the
WGS-84 place it comes from, so every WGS-84 place inside the box, its border included, comes back. Just outside
the box (at most 0.02 degree, at sea or abroad) a pair can have two origins; the one inside the box is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis.crs import STORED_SRID, to_lattice, transformer
from gis.errors import BadInput
from gis.gcj import bd09_to_wgs84, gcj02_to_wgs84

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]
Texts = NDArray[np.str_]

KNOWN_DATUMS = ("wgs84", "cgcs2000", "gcj02", "bd09", "gk3-<zone 25..45>", "gk6-<zone 13..23>", "epsg:<code>")
"""The names a datum may be declared by, as shown in messages."""

REASONS = {
    "position_not_finite": "The position is missing or not a number.",
    "position_zero": "The position is exactly 0, 0, which is what an empty position looks like.",
    "position_out_of_range": "The position is outside the range of its datum.",
    "position_swapped": "The position fits its datum only with the axes swapped; give longitude (easting) first.",
    "zone_mismatch": "The zone prefix of the easting contradicts the declared zone.",
    "position_not_transformable": "The position has no longitude and latitude in its declared reference system.",
}
"""Reason code of a bad row -> plain sentence."""

_LATTICE_ERROR_M = 0.005
_LEGACY = {
    "beijing54": "Beijing 1954",
    "beijing1954": "Beijing 1954",
    "xian80": "Xian 1980",
    "xian1980": "Xian 1980",
}
_LEGACY_DATUMS = ("Beijing 1954", "New Beijing", "Xian 1980")


@dataclass(frozen=True)
class Datum:
    """One way to declare a position.

    Attributes:
        name: Canonical lower-case name.
        method: One plain sentence, recorded with every position.
        error_m: Bound of the conversion's error in metres, lattice included; None where nobody knows it.
        in_degrees: Whether the raw values are longitude and latitude.
        screen: Raw x, y -> reason code per row, "" where it may be converted.
        convert: Good raw x, y -> longitude, latitude in degrees of EPSG:4326.
    """

    name: str
    method: str
    error_m: float | None
    in_degrees: bool
    screen: Callable[[Floats, Floats], Texts]
    convert: Callable[[Floats, Floats], Pair]


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
class Place:
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
        datum: One of `KNOWN_DATUMS`, in any case.

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
    reason = np.select(
        [~finite, (raw_x == 0) & (raw_y == 0)],
        [np.str_("position_not_finite"), np.str_("position_zero")],
        default=kind.screen(raw_x, raw_y),
    )
    lon, lat = np.full(raw_x.shape, np.nan), np.full(raw_x.shape, np.nan)
    good = reason == ""
    lon[good], lat[good] = kind.convert(raw_x[good], raw_y[good])
    lost = good & ~_is_degrees(lon, lat)
    reason = np.where(lost, np.str_("position_not_transformable"), reason)
    lon[lost] = lat[lost] = np.nan
    return Stored(to_lattice(lon), to_lattice(lat), reason, kind.name, kind.method, kind.error_m)


def to_place(x: float, y: float, *, datum: str) -> Place:
    """Convert one position or say what is wrong with it.

    Raises:
        BadInput: With a key of `REASONS` as its code, or as `to_stored`.

    >>> place = to_place(38_465_689.0, 3_846_000.0, datum="gk3-38")
    >>> round(place.lon, 4), round(place.lat, 4), place.method
    (113.6253, 34.7421, 'CGCS2000 / 3-degree Gauss-Krüger zone 38, numbers taken as WGS 84')
    >>> to_place(0, 0, datum="wgs84")
    Traceback (most recent call last):
    gis.errors.BadInput: The position is exactly 0, 0, which is what an empty position looks like.
    """
    got = to_stored([x], [y], datum=datum)
    reason = str(got.reason[0])
    if reason:
        raise BadInput(
            reason, REASONS[reason], field="position", value=f"{x}, {y}", values={"datum": got.datum}
        )
    return Place(float(got.lon[0]), float(got.lat[0]), got.datum, got.method, got.error_m)


@lru_cache(maxsize=64)
def find_datum(name: str) -> Datum:
    """The datum of a declared name.

    Raises:
        BadInput: `unknown_datum`, `legacy_datum`, `unsuitable_crs`.

    >>> find_datum("GK3-38").name, find_datum("EPSG:4547").name, find_datum("epsg:4326").in_degrees
    ('gk3-38', 'gk3-38', True)
    >>> find_datum("mars")
    Traceback (most recent call last):
    gis.errors.BadInput: No such datum; the names are wgs84, cgcs2000, gcj02, bd09, gk3-<zone 25..45>, \
gk6-<zone 13..23>, epsg:<code>.
    """
    key = name.strip().lower()
    if key in _DEGREE_DATUMS:
        return _DEGREE_DATUMS[key]
    if key in _LEGACY:
        raise _legacy(name, _LEGACY[key])
    if zone := re.fullmatch(r"gk([36])-(\d\d)", key):
        return _gauss_kruger(int(zone[1]), int(zone[2]), name)
    if code := re.fullmatch(r"epsg:(\d{4,6})", key):
        return _epsg(int(code[1]), name)
    raise _unknown(name)


def refuse_unsuitable(crs: CRS, *, name: str) -> None:
    """Refuse a reference system that cannot be brought to EPSG:4326 on the ground without guessing.

    Raises:
        BadInput: `legacy_datum` (Beijing 1954, Xi'an 1980), `unsuitable_crs` (not horizontal).

    >>> refuse_unsuitable(CRS.from_epsg(4547), name="epsg:4547")
    >>> refuse_unsuitable(CRS.from_epsg(2343), name="epsg:2343")
    Traceback (most recent call last):
    gis.errors.BadInput: Xian 1980 lies tens of metres from CGCS2000 and the shift differs from place to place; \
convert the file with your survey office's parameters and declare the result.
    """
    frame = crs.geodetic_crs
    datum = str(frame.datum.name) if frame is not None and frame.datum is not None else ""
    legacy = next((old for old in _LEGACY_DATUMS if old in datum.replace("'", "")), None)
    if legacy:
        raise _legacy(name, legacy)
    if not (crs.is_geographic or crs.is_projected):
        raise BadInput(
            "unsuitable_crs",
            f"{crs.name} is not a map or longitude/latitude system; name one.",
            field="datum",
            value=name,
        )


def suspect_swap(
    lon: ArrayLike, lat: ArrayLike, *, bounds: tuple[float, float, float, float]
) -> NDArray[np.bool_]:
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

    Values in degrees may have been any of wgs84, gcj02 and bd09 (cgcs2000 equals wgs84); others have no rival.

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


def _is_degrees(x: Floats, y: Floats) -> NDArray[np.bool_]:
    return np.asarray((np.abs(x) <= 180) & (np.abs(y) <= 90))


def _screen_degrees(x: Floats, y: Floats) -> Texts:
    return _screened(fits=_is_degrees(x, y), swapped=_is_degrees(y, x))


def _screen_nothing(x: Floats, y: Floats) -> Texts:
    return np.full(x.shape, np.str_(""))


def _screened(*, fits: NDArray[np.bool_], swapped: NDArray[np.bool_]) -> Texts:
    chosen = np.select(
        [fits, swapped], [np.str_(""), np.str_("position_swapped")], np.str_("position_out_of_range")
    )
    return np.asarray(chosen, dtype=np.str_)


def _as_they_are(x: Floats, y: Floats) -> Pair:
    return x, y


_DEGREE_DATUMS = {
    one.name: one
    for one in (
        Datum("wgs84", "WGS 84 as given", _LATTICE_ERROR_M, True, _screen_degrees, _as_they_are),
        Datum("cgcs2000", "CGCS2000 numbers taken as WGS 84", 0.5, True, _screen_degrees, _as_they_are),
        Datum("gcj02", "GCJ-02 inverse, iterated", 0.01, True, _screen_degrees, gcj02_to_wgs84),
        Datum("bd09", "BD-09 and GCJ-02 inverse, iterated", 0.01, True, _screen_degrees, bd09_to_wgs84),
    )
}


def _gauss_kruger(width: int, zone: int, name: str) -> Datum:
    zones = range(25, 46) if width == 3 else range(13, 24)
    if zone not in zones:
        raise _unknown(name)
    centre_srid = (4534 if width == 3 else 4502) + zone - zones[0]

    def valid(easting: Floats, northing: Floats) -> NDArray[np.bool_]:
        in_zone = easting % 1_000_000
        return np.asarray(
            (easting < 100_000_000)
            & (50_000 <= in_zone)
            & (in_zone <= 950_000)
            & (300_000 <= northing)
            & (northing <= 6_500_000)
            & ((easting < 1_000_000) | (easting >= 10_000_000))
        )

    def screen(x: Floats, y: Floats) -> Texts:
        prefix = np.where(np.isfinite(x), x, 0) // 1_000_000
        wrong = valid(x, y) & (prefix != 0) & (prefix != zone)
        return np.where(wrong, np.str_("zone_mismatch"), _screened(fits=valid(x, y), swapped=valid(y, x)))

    def convert(x: Floats, y: Floats) -> Pair:
        lon, lat = transformer(centre_srid, STORED_SRID).transform(x % 1_000_000, y)
        return lon, lat

    method = f"CGCS2000 / {width}-degree Gauss-Krüger zone {zone}, numbers taken as WGS 84"
    return Datum(f"gk{width}-{zone}", method, 0.5, False, screen, convert)


def _epsg(code: int, name: str) -> Datum:
    if code == STORED_SRID:
        return _DEGREE_DATUMS["wgs84"]
    if code == 4490:
        return _DEGREE_DATUMS["cgcs2000"]
    for width, first_code, first_zone, count in (
        (3, 4513, 25, 21),
        (3, 4534, 25, 21),
        (6, 4491, 13, 11),
        (6, 4502, 13, 11),
    ):
        if first_code <= code < first_code + count:
            return _gauss_kruger(width, first_zone + code - first_code, name)
    try:
        crs = CRS.from_epsg(code)
    except CRSError as error:
        raise BadInput(
            "unknown_datum", f"EPSG knows no reference system {code}.", field="datum", value=name
        ) from error
    refuse_unsuitable(crs, name=name)
    way = transformer(code, STORED_SRID)

    def convert(x: Floats, y: Floats) -> Pair:
        lon, lat = way.transform(x, y)
        return lon, lat

    error_m = way.accuracy + _LATTICE_ERROR_M if way.accuracy >= 0 else None
    screen = _screen_degrees if crs.is_geographic else _screen_nothing
    return Datum(
        f"epsg:{code}", f"PROJ from {crs.name} (EPSG:{code})", error_m, crs.is_geographic, screen, convert
    )


def _unknown(name: str) -> BadInput:
    detail = f"No such datum; the names are {', '.join(KNOWN_DATUMS)}."
    return BadInput("unknown_datum", detail, field="datum", value=name, values={"known": list(KNOWN_DATUMS)})


def _legacy(name: str, legacy: str) -> BadInput:
    return BadInput(
        "legacy_datum",
        f"{legacy} lies tens of metres from CGCS2000 and the shift differs from place to place; "
        "convert the file with your survey office's parameters and declare the result.",
        field="datum",
        value=name,
    )

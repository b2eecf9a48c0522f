"""The names a datum may be declared by, and what each does to the numbers.

Beijing 1954 and Xi'an 1980 are refused: without a survey office's parameters they cannot be brought to the
stored system better than tens of metres. A Gauss-Krüger zone takes eastings with and without its prefix
(eight digits carry one); the EPSG codes of CGCS2000 zones mean the same as `gk3-<zone>` and `gk6-<zone>`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis.crs import STORED_SRID, transformer
from gis.errors import BadInput
from gis.gcj import Floats, Pair, bd09_to_wgs84, gcj02_to_wgs84

Texts = NDArray[np.str_]

KNOWN_DATUMS = ("wgs84", "cgcs2000", "gcj02", "bd09", "gk3-<zone 25..45>", "gk6-<zone 13..23>", "epsg:<code>")
"""The names a datum may be declared by, as shown in messages."""

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
    gis.errors.BadInput: Xian 1980 is off by tens of metres, differently from place to place; \
convert it with your survey office's parameters.
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


def is_degrees(x: Floats, y: Floats) -> NDArray[np.bool_]:
    """Whether each pair is a longitude and a latitude.

    >>> is_degrees(np.array([180.0, 34.0]), np.array([-90.0, 113.0])).tolist()
    [True, False]
    """
    return np.asarray((np.abs(x) <= 180) & (np.abs(y) <= 90))


def _screen_degrees(x: Floats, y: Floats) -> Texts:
    return _screened(fits=is_degrees(x, y), swapped=is_degrees(y, x))


def _screen_nothing(x: Floats, y: Floats) -> Texts:
    anything = np.ones(np.broadcast_shapes(x.shape, y.shape), dtype=np.bool_)
    return _screened(fits=anything, swapped=anything)


def _screened(*, fits: NDArray[np.bool_], swapped: NDArray[np.bool_]) -> Texts:
    bad = np.where(swapped, np.str_("position_swapped"), np.str_("position_out_of_range"))
    return np.where(fits, np.str_(""), bad)


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
            & (in_zone >= 50_000)
            & (in_zone <= 950_000)
            & (northing >= 300_000)
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
        raise BadInput("unknown_datum", f"EPSG knows no reference system {code}.", field="datum", value=name) from error
    refuse_unsuitable(crs, name=name)
    way = transformer(code, STORED_SRID)

    def convert(x: Floats, y: Floats) -> Pair:
        lon, lat = way.transform(x, y)
        return lon, lat

    error_m = way.accuracy + _LATTICE_ERROR_M if way.accuracy >= 0 else None
    screen = _screen_degrees if crs.is_geographic else _screen_nothing
    return Datum(f"epsg:{code}", f"PROJ from {crs.name} (EPSG:{code})", error_m, crs.is_geographic, screen, convert)


def _unknown(name: str) -> BadInput:
    detail = f"No such datum; the names are {', '.join(KNOWN_DATUMS)}."
    return BadInput("unknown_datum", detail, field="datum", value=name, values={"known": list(KNOWN_DATUMS)})


def _legacy(name: str, legacy: str) -> BadInput:
    return BadInput(
        "legacy_datum",
        f"{legacy} is off by tens of metres, differently from place to place; "
        "convert it with your survey office's parameters.",
        field="datum",
        value=name,
    )

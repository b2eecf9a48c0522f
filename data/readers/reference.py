"""Which reference system a file's coordinates are in: what it says, what the caller says, and no guess."""

from __future__ import annotations

from math import hypot

from pyproj import CRS, Proj
from pyproj.exceptions import CRSError

from gis.crs import STORED_SRID
from gis.errors import BadInput

_AGREE_M = 0.01
_AGREE_AXIS_M = 0.001
_AGREE_FLATTENING = 1e-5


def named_crs(name: str) -> CRS:
    """The reference system of a code or text: "EPSG:4547", "4547", WKT, a PROJ string.

    Raises:
        BadInput: `crs_unknown`.
    """
    try:
        return horizontal(CRS.from_user_input(f"EPSG:{name}" if name.strip().isdigit() else name))
    except CRSError as error:
        detail = "This reference system is not known; give --crs as a code such as EPSG:4547, or as WKT."
        raise BadInput("crs_unknown", detail, field="crs", value=name) from error


def horizontal(crs: CRS) -> CRS:
    """The horizontal part of a reference system; longitude-latitude WGS 84 under any name becomes EPSG:4326.

    Frames hold x before y whatever the axis order of a system is, so OGC:CRS84 and EPSG:4326 are one here.
    """
    flat = crs.to_2d() if crs.is_geographic else crs.sub_crs_list[0] if crs.is_compound else crs
    stored = CRS.from_epsg(STORED_SRID)
    return stored if flat.equals(stored, ignore_axis_order=True) else flat


def settled_crs(found: CRS | None, given: CRS | None, *, file: str) -> CRS:
    """The reference system to use for a file.

    Args:
        found: What the file says, or None.
        given: What the caller says, or None.
        file: Name for messages.

    Returns:
        The caller's where the two agree (a .prj without a code gets one that way), else the one there is.

    Raises:
        BadInput: `crs_missing` (neither says it) or `crs_contradiction` (they differ).
    """
    if found is None or not (found.is_geographic or found.is_projected or found.is_bound or found.is_compound):
        if given is None:
            detail = f"{file} does not say which reference system it is in; say it with --crs, such as EPSG:4547."
            raise BadInput("crs_missing", detail, field="crs", value=file)
        return given
    flat = horizontal(found)
    if given is None:
        return flat
    if not _agree(flat, given):
        detail = f"{file} says it is in {_title(flat)}, --crs says {_title(given)}; leave --crs out or mend the file."
        raise BadInput("crs_contradiction", detail, field="crs", value=_title(given))
    return given


def _title(crs: CRS) -> str:
    return _code(crs) or str(crs.name)


def _code(crs: CRS) -> str | None:
    """The code a definition carries; asking PROJ which code would fit one without takes seconds."""
    code = crs.to_json_dict().get("id")
    return f"{code['authority']}:{code['code']}" if code else None


def _agree(found: CRS, given: CRS) -> bool:
    """Whether two systems are one: by definition, or (where the file's has no code) by ellipsoid and projection."""
    if found.equals(given, ignore_axis_order=True):
        return True
    if _code(found) is not None or found.is_projected != given.is_projected:
        return False
    if not (found.ellipsoid and given.ellipsoid and found.prime_meridian and given.prime_meridian):
        return False
    axis_m = abs(found.ellipsoid.semi_major_metre - given.ellipsoid.semi_major_metre)
    flattening = abs(found.ellipsoid.inverse_flattening - given.ellipsoid.inverse_flattening)
    is_one_meridian = found.prime_meridian.longitude == given.prime_meridian.longitude
    if axis_m > _AGREE_AXIS_M or flattening > _AGREE_FLATTENING or not is_one_meridian:
        return False
    return found.is_geographic or _project_alike(found, given)


def _project_alike(found: CRS, given: CRS) -> bool:
    area = given.area_of_use
    if area is None:
        return False
    lons, lats = (area.west, area.east, area.west), (area.south, area.south, area.north)
    pairs = [(Proj(found)(lon, lat), Proj(given)(lon, lat)) for lon, lat in zip(lons, lats, strict=True)]
    return all(hypot(a[0] - b[0], a[1] - b[1]) < _AGREE_M for a, b in pairs)

"""Codes of areas and grids: 12 digits down to the community, 15 with the grid's serial.

6 digits county, 3 street, 3 community, 3 serial inside the community. Serials are given from west to east and
from north to south; 001 to 999; a voided code is never given again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gis.errors import BadInput

Floats = NDArray[np.float64]
Level = Literal["city", "county", "street", "community"]
MAX_SERIAL = 999

_LEVEL_BY_DIGITS: dict[int, Level] = {4: "city", 6: "county", 9: "street", 12: "community"}


@dataclass(frozen=True)
class GridCode:
    """The parts of a 15-digit grid code."""

    community: str
    serial: int

    def __str__(self) -> str:
        return f"{self.community}{self.serial:03d}"


def parse_grid_code(code: str) -> GridCode:
    """Take a 15-digit grid code apart.

    Raises:
        BadInput: `bad_grid_code`.

    >>> parse_grid_code("410105001002017")
    GridCode(community='410105001002', serial=17)
    >>> parse_grid_code("410105001002000")
    Traceback (most recent call last):
    gis.errors.BadInput: A grid code has 15 digits and ends with a serial from 001 to 999.
    """
    if not re.fullmatch(r"[0-9]{15}", code) or code.endswith("000"):
        raise _bad_grid_code(code, "A grid code has 15 digits and ends with a serial from 001 to 999.")
    community = code[:12]
    if _significant(community) != 12:
        raise _bad_grid_code(code, "A grid belongs to a community, never directly to a street or county.")
    return GridCode(community, int(code[12:]))


def area_code(code: str) -> str:
    """The 12-digit form of an area code given with 6, 9 or 12 digits.

    Raises:
        BadInput: `bad_area_code`.

    >>> area_code("410105"), area_code("410105001002")
    ('410105000000', '410105001002')
    >>> area_code("4101")
    Traceback (most recent call last):
    gis.errors.BadInput: An area code has 6, 9 or 12 digits and names a city or something inside one.
    """
    full = code.ljust(12, "0")
    if not re.fullmatch(r"[0-9]{6}|[0-9]{9}|[0-9]{12}", code) or _significant(full) < 4:
        detail = "An area code has 6, 9 or 12 digits and names a city or something inside one."
        raise BadInput("bad_area_code", detail, field="code", value=code)
    return full


def area_level(code: str) -> Level:
    """The level an area code stands for.

    >>> [area_level(code) for code in ("410100", "410105", "410105001", "410105001002")]
    ['city', 'county', 'street', 'community']
    """
    return _LEVEL_BY_DIGITS[_significant(area_code(code))]


def parent_area_code(code: str) -> str | None:
    """The 12-digit code of the area above; None above a city.

    A street of a city without counties belongs to the city.

    >>> parent_area_code("410105001002"), parent_area_code("441900003"), parent_area_code("410100")
    ('410105001000', '441900000000', None)
    """
    full = area_code(code)
    digits = _significant(full)
    if digits == 4:
        return None
    above = {12: 9, 9: 6, 6: 4}[digits]
    return full[:above].ljust(12, "0")


def issue_grid_codes(community: str, lon: ArrayLike, lat: ArrayLike, *, highest: int = 0) -> list[str]:
    """Give codes to the new grids of one community, in rows from north to south, each from west to east.

    Rows are bands of equal height, as many as make the bands about as high as grids are wide.

    Args:
        community: 12-digit code.
        lon, lat: A position inside each grid (n,), degrees.
        highest: The highest serial ever given in this community, voided codes included.

    Returns:
        Codes (n,) in the order of the grids.

    Raises:
        BadInput: `bad_area_code`, `serials_exhausted`.

    >>> issue_grid_codes("410105001002", [0.0, 1.0, 0.1, 1.1], [0.0, 0.1, 1.0, 0.9])
    ['410105001002003', '410105001002004', '410105001002001', '410105001002002']
    >>> issue_grid_codes("410105001002", [], [])
    []
    """
    if area_level(community) != "community":
        raise BadInput("bad_area_code", "Serials are given inside a community.", field="code", value=community)
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    if highest + len(x) > MAX_SERIAL:
        raise BadInput(
            "serials_exhausted",
            f"Community {community} has serials up to {highest}; {len(x)} more would pass {MAX_SERIAL}. Divide it.",
            field="code",
            value=community,
            values={"highest": highest, "wanted": len(x)},
        )
    place_in_line = np.argsort(np.lexsort((x, _bands(x, y))))
    return [str(GridCode(community, highest + 1 + int(place))) for place in place_in_line]


def natural_key(code: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that reads numbers as numbers: the order in which permanent grid numbers are given.

    Digits come before other characters; codes that differ only in leading zeros keep a fixed order.

    >>> sorted(["10", "2", "A-10", "A-9", "02", ""], key=natural_key)
    ['', '02', '2', '10', 'A-9', 'A-10']
    """
    runs = re.findall(r"[0-9]+|[^0-9]+", code)
    key = [(0, int(run), "") if run.isascii() and run.isdigit() else (1, 0, run) for run in runs]
    return (*key, (-1, 0, code))


def _bands(x: Floats, y: Floats) -> NDArray[np.int64]:
    """Number of the row of each position, counted from the north."""
    if not len(y):
        return np.empty(0, dtype=np.int64)
    height = np.ptp(y)
    width = np.ptp(x) * np.cos(np.radians(y.mean()))
    rows = 1 if height == 0 else max(1, round(np.sqrt(len(y) * height / max(width, height / len(y)))))
    band = np.floor((y.max() - y) / max(height, 1e-12) * rows)
    return np.asarray(np.minimum(band, rows - 1), dtype=np.int64)


def _significant(full: str) -> int:
    """How many leading digits of a 12-digit area code say something: 2, 4, 6, 9 or 12."""
    for digits, tail in ((12, full[9:]), (9, full[6:9]), (6, full[4:6]), (4, full[2:4])):
        if tail.strip("0"):
            return digits
    return 2


def _bad_grid_code(code: str, detail: str) -> BadInput:
    return BadInput("bad_grid_code", detail, field="code", value=code)

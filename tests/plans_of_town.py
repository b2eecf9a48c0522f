"""A scheme of the hand-drawn town that tiles its ground without a fault, to be redrawn, and edits of it as data.

row 4  +-----+-----+-----+-----+
       | P05 | P06 | P07 | P08 |     Each square of two by two squares of the town has the number of its code.
row 2  +-----+-----+-----+-----+     House b1 stands in P01, b2 in P02, b3 in P08.
       | P01 | P02 | P03 | P04 |
row 0  +-----+-----+-----+-----+
       0     2     4     6     8
"""

from __future__ import annotations

from typing import Any

from shapely import MultiPolygon
from shapely.geometry import mapping
from sqlalchemy.orm import Session

from layers.grids.schemes import SchemeSpec
from tests.imports import take_grids
from tests.town import METRIC_SRID, at, squares

SCHEME = "plan"
WGS84 = {"datum": "wgs84"}


def plan_cell(number: int) -> MultiPolygon:
    """The ground of one grid in version 1."""
    row, column = divmod(number - 1, 4)
    return squares((2 * column, 2 * row, 2 * column + 2, 2 * row + 2))


def take_plan_scheme(session: Session, numbers: range = range(1, 9), **options: Any) -> int:
    """Publish the grids; the number of the version."""
    cells = [(f"P{number:02}", plan_cell(number)) for number in numbers]
    spec = SchemeSpec(name=SCHEME, tree="town", metric_srid=METRIC_SRID, time_zone="Asia/Shanghai")
    return take_grids(session, cells, spec=spec, **options).published.version


def split_first(column: float = 1, **more: Any) -> dict[str, Any]:
    """Cut P01 upright."""
    line = {"type": "LineString", "coordinates": [at(column, -0.5), at(column, 2.5)]}
    return {"kind": "split", "grid": 1, "line": line, **WGS84, **more}


def merge_top() -> dict[str, Any]:
    """P07 and P08 become one."""
    return {"kind": "merge", "grids": [7, 8], "into": 7, **WGS84}


def move_corner(column: float = 2.25, row: float = 2.25) -> dict[str, Any]:
    """Move the corner of P01, P02, P05 and P06."""
    return {"kind": "move_vertex", "vertex": at(2, 2), "to": at(column, row), **WGS84}


def move_side() -> dict[str, Any]:
    """Move the border of P02 and P03 to the east."""
    return {"kind": "move_edge", "ends": [at(4, 0), at(4, 2)], "to": [at(4.5, 0), at(4.5, 2)], **WGS84}


def add_corner() -> dict[str, Any]:
    """Put a corner into the border of P03 and P04."""
    return {"kind": "insert_vertex", "at": at(6.001, 1), **WGS84}


def give(giver: int | None = 1, taker: int = 2, **ground: Any) -> dict[str, Any]:
    """Ground of P01 for P02, the part next to it when nothing is said."""
    area = mapping(squares((1, 0.5, 3, 1.5)))
    return {"kind": "transfer", "giver": giver, "taker": taker, **(ground or {"area": area}), **WGS84}


def carve_middle(**more: Any) -> dict[str, Any]:
    """A grid of its own around the corner of P02, P03, P06 and P07."""
    return {"kind": "carve", "area": mapping(squares((3, 1, 5, 3))), **WGS84, **more}


def every_kind() -> list[dict[str, Any]]:
    """One edit of each kind that can be drawn; each can be made on version 1, and all in this order."""
    return [move_corner(), move_side(), add_corner(), carve_middle(), merge_top(), split_first(), give()]

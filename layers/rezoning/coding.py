"""Codes for the grids that a publication makes; no code is ever given to a second grid."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.tables import Area, Grid, Scheme
from gis.codes import area_level, issue_grid_codes, parse_grid_code
from gis.crs import STORED_SRID
from gis.errors import BadInput

_NUMBERED = re.compile("(.+)-([0-9]+)")


@dataclass(frozen=True)
class Coded:
    """What a new grid is called by, and the area it belongs to."""

    code: str
    area_id: int | None


@dataclass(frozen=True)
class Parent:
    """The grid that gave a new one the most of its ground."""

    code: str
    area_id: int | None


def issue_codes(
    session: Session, scheme: Scheme, new: Mapping[int, BaseGeometry], parents: Mapping[int, Parent]
) -> dict[int, Coded]:
    """Codes for new grids.

    Where the grids have national codes of 15 digits, the next free serials of the community that holds the most of the
    grid's ground, from west to east and from north to south. Elsewhere the code of the grid that gave it the most
    ground with the next number after a hyphen; the grid's own number where nobody gave it any.

    Args:
        session: An open session.
        scheme: The scheme.
        new: Number -> ground of the new grids.
        parents: Number -> the grid that gave it the most, where one did.

    Raises:
        BadInput: `serials_exhausted`.
    """
    ever = list(session.scalars(select(Grid.code).where(Grid.scheme_id == scheme.id)))
    numbered: dict[str, int] = {}
    for code in ever:
        _take_down(code, numbered)
    national: dict[str, list[int]] = defaultdict(list)
    areas: dict[int, int | None] = {}
    coded: dict[int, Coded] = {}
    for number, ground in sorted(new.items()):
        parent = parents.get(number)
        if _community(parent.code if parent else ever[0]) is None:
            code = _next_code(parent.code if parent else str(number), numbered)
            coded[number] = Coded(code, parent.area_id if parent else None)
            continue
        community, areas[number] = _home(session, scheme.tree, ground, parent)
        national[community].append(number)
    for community, numbers in national.items():
        inside = shapely.get_coordinates(shapely.point_on_surface([new[number] for number in numbers]))
        codes = issue_grid_codes(community, inside[:, 0], inside[:, 1], highest=_highest(community, ever))
        coded |= {number: Coded(code, areas[number]) for number, code in zip(numbers, codes, strict=True)}
    return coded


def _community(code: str) -> str | None:
    """The community of a code of 15 digits, None where it is not such a code."""
    try:
        return parse_grid_code(code).community
    except BadInput:
        return None


def _home(session: Session, tree: str, ground: BaseGeometry, parent: Parent | None) -> tuple[str, int | None]:
    """The community that holds the most of the ground, and its area where it is stored."""
    near = Area.geom.op("&&")(func.ST_MakeEnvelope(*ground.bounds, STORED_SRID))
    areas = session.execute(
        select(Area.id, Area.code, Area.geom)
        .where(Area.tree == tree, Area.level == "community", near)
        .order_by(Area.code)
    ).all()
    shares = [float(shapely.area(shapely.intersection(area.geom, ground))) for area in areas]
    if shares and max(shares) > 0:
        most = areas[int(np.argmax(shares))]
        if len(most.code) == 12 and area_level(most.code) == "community":
            return most.code, most.id
    community = _community(parent.code) if parent else None
    if community is None or parent is None:
        raise BadInput(
            "no_community",
            "A new grid lies in no community that is stored, so it cannot get a code; import the communities first.",
            field="grid",
            where=ground,
        )
    return community, parent.area_id


def _highest(community: str, ever: Collection[str]) -> int:
    """The highest serial ever given in a community.

    >>> _highest("410105001002", ["410105001002017", "410105001002018", "410105001003099", "410105001002abc"])
    18
    """
    return max((int(code[12:]) for code in ever if code[:12] == community and _community(code)), default=0)


def _next_code(stem: str, numbered: dict[str, int]) -> str:
    """A code that no grid ever had; it is taken down.

    >>> numbered = {"P01": 2, "P01-2": 0}
    >>> [_next_code(stem, numbered) for stem in ("P01", "P01", "P01-2", "9")]
    ['P01-3', 'P01-4', 'P01-2-1', '9']
    """
    code = f"{stem}-{numbered[stem] + 1}" if stem in numbered else stem
    _take_down(code, numbered)
    return code


def _take_down(code: str, numbered: dict[str, int]) -> None:
    """Keep of each code the highest number that ever followed it after a hyphen; 0 where none did."""
    numbered.setdefault(code, 0)
    if found := _NUMBERED.fullmatch(code):
        numbered[found[1]] = max(numbered.get(found[1], 0), int(found[2]))

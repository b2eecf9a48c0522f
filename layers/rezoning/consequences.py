"""What other boundaries mean for people and things beside the ground: duties, printed boards, the areas above."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.tables import Building, Duty, Staff
from gis.difference import Transfer
from gis.edges import Geometries
from gis.locator import OUTSIDE
from gis.metric import area_and_width
from gis.point_store import Flips
from gis.remembered import Key
from gis.topology import SLIVER_M
from layers.rezoning.above import AreaAbove, AreasAbove
from layers.rezoning.shifting import Shift

_MOST_BUILDINGS = 200


def duties(session: Session, ids: Mapping[int, int], shift: Shift, givers: Mapping[int, int]) -> list[dict[str, Any]]:
    """Who is on duty today in the grids concerned, and what becomes of that.

    A duty stays with its grid. One in the grid that a new grid got most of its ground from covers the new one too; one
    in a grid that ends, ends.

    Args:
        session: An open session.
        ids: Number -> id of the grids that are there today.
        shift: The change.
        givers: New grid -> the grid that it got most of its ground from.
    """
    fresh, ended = _new(shift), _ended(shift)
    source = {number: givers[number] for number in fresh if number in givers}
    asked = [ids[number] for number in {*shift.numbers, *source.values()} if number in ids]
    rows = session.execute(
        select(Duty.grid_id, Staff.name, Duty.role, Duty.leads)
        .join(Staff, Staff.id == Duty.staff_id)
        .where(Duty.grid_id.in_(asked), Duty.valid.contains(func.now()))
        .order_by(Duty.leads.desc(), Duty.id)
    ).all()
    on_duty: dict[int | None, list[Any]] = defaultdict(list)
    for row in rows:
        on_duty[row.grid_id].append(row)
    told = []
    for number in shift.numbers:
        what = "covers_new" if number in fresh else "ends" if number in ended else "keeps"
        of = ids.get(source.get(number, number))
        told += [
            {"grid_no": number, "name": row.name, "role": row.role, "leads": row.leads, "what": what}
            for row in on_duty[of]
        ]
    return told


def boards(
    session: Session, shift: Shift, names: Mapping[int, Mapping[str, Any]], stale: Collection[int | None]
) -> dict[str, Any]:
    """Printed boards that will be wrong: of grids whose ground changes, and of buildings that change hands.

    Args:
        session: An open session.
        shift: The change.
        names: Number -> code and name of each grid concerned.
        stale: The grids whose ground changes.
    """
    fresh, ended = _new(shift), _ended(shift)
    grids = [
        {**names[number], "why": "new" if number in fresh else "ended" if number in ended else "ground"}
        for number in shift.numbers
        if number in stale
    ]
    return {
        "grids": grids,
        "buildings": _buildings(session, shift.buildings),
        "buildings_total": int(np.count_nonzero(shift.buildings.key)),
    }


def nesting(
    session: Session,
    above: AreasAbove,
    ids: Mapping[int, int],
    shift: Shift,
    given: Sequence[Transfer],
    *,
    metric_srid: int,
) -> list[dict[str, Any]]:
    """Ground that would newly lie outside the area its grid belongs to.

    A new grid belongs to the area whose grids give it the most ground.

    Args:
        session: An open session.
        above: Knows the areas.
        ids: Number -> id of the grids that are there today.
        shift: The change.
        given: What ground changes hands.
        metric_srid: EPSG code of the metric CRS.
    """
    areas = above.of(session, ids.values())
    judged: dict[int, tuple[AreaAbove, BaseGeometry | None, BaseGeometry]] = {}
    for number, was, now in zip(shift.numbers, shift.before, shift.after, strict=True):
        area = areas.get(ids[number]) if number in ids else _most_from(number, given, ids, areas)
        if area is not None and now is not None:
            judged[number] = (area, was, now)

    def outside(keys: list[Key]) -> list[tuple[Geometries, float]]:
        return _outside(keys, metric_srid)

    found = shift.memory.outside.all([(now, area.geom) for area, _, now in judged.values()], outside)
    more = {number: one for number, one in zip(judged, found, strict=True) if one[1] > 0}
    had = {number: (was, area.geom) for number, (area, was, _) in judged.items() if number in more and was is not None}
    fewer = dict(zip(had, shift.memory.outside.all(list(had.values()), outside), strict=True))
    told = []
    for number, (parts, outside_m2) in more.items():
        fewer_m2 = fewer[number][1] if number in fewer else 0.0
        if round(outside_m2, 1) > round(fewer_m2, 1):
            told.append(
                {
                    "grid_no": number,
                    "area_code": judged[number][0].code,
                    "area_name": judged[number][0].name,
                    "outside_m2": round(outside_m2, 1),
                    "where": mapping(shapely.multipolygons(parts)),
                }
            )
    return told


def _most_from(
    number: int, given: Sequence[Transfer], ids: Mapping[int, int], areas: Mapping[int, AreaAbove]
) -> AreaAbove | None:
    """The area whose grids give a grid the most ground."""
    sums: dict[AreaAbove, float] = defaultdict(float)
    for one in given:
        area = areas.get(ids.get(one.giver or 0, 0))
        if one.taker == number and area is not None:
            sums[area] += one.area_m2
    return max(sums, key=sums.__getitem__, default=None)


def _new(shift: Shift) -> set[int]:
    return {number for number, cell in zip(shift.numbers, shift.before, strict=True) if cell is None}


def _ended(shift: Shift) -> set[int]:
    return {number for number, cell in zip(shift.numbers, shift.after, strict=True) if cell is None}


def _buildings(session: Session, flips: Flips) -> list[dict[str, Any]]:
    """The first buildings that change hands, in the order of their ids."""
    # Key 0 is a block that stands in where the city has no buildings.
    order = np.argsort(flips.key)[np.count_nonzero(flips.key == 0) :][:_MOST_BUILDINGS]
    asked = flips.key[order].tolist()
    if not asked:
        return []
    known = {
        row.id: row
        for row in session.execute(
            select(Building.id, Building.source_id, Building.address).where(Building.id.in_(asked))
        )
    }
    return [
        {
            "source_id": known[one].source_id,
            "address": known[one].address,
            "from": None if before == OUTSIDE else before,
            "to": None if after == OUTSIDE else after,
        }
        for one, before, after in zip(asked, flips.before[order].tolist(), flips.after[order].tolist(), strict=True)
    ]


def _outside(keys: Sequence[Key], metric_srid: int) -> list[tuple[Geometries, float]]:
    """The ground of grids outside areas, mere slivers left out, and how much it is."""
    cells, areas = np.array(keys, dtype=np.object_).reshape(-1, 2).T
    beyond = np.flatnonzero(~shapely.covers(areas, cells))
    parts, part_of = shapely.get_parts(shapely.difference(cells[beyond], areas[beyond]), return_index=True)
    area_m2, width_m = area_and_width(parts, srid=metric_srid)
    wide = width_m >= SLIVER_M
    parts, area_m2, row = parts[wide], area_m2[wide], beyond[part_of[wide]]
    ends = np.searchsorted(row, np.arange(len(keys) + 1)).tolist()
    return [(parts[first:end], float(area_m2[first:end].sum())) for first, end in pairwise(ends)]

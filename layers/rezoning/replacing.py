"""Whole grids put in the place of others, as a file or a partition brings them: refused where they would not tile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from gis.crs import LATTICE
from gis.edges import Geometries
from gis.edits import Edited
from gis.errors import BadInput
from gis.metric import area_and_width
from gis.repair import GAP_LIMIT_M
from gis.shapes import to_cells
from gis.topology import SLIVER_M, Problem, problems
from layers.rezoning.ground import Ground

Cells = dict[int, BaseGeometry]
# Grids count as meeting up to a step or two of the lattice.
_APART = 2 * LATTICE
# Faults told at once; the sentence says how many there are.
_MOST_TOLD = 20


def replace(ground: Ground, numbers: Sequence[int], shapes: Sequence[BaseGeometry | None]) -> Edited:
    """Put new ground in the place of the old, grid by grid.

    A number that is free makes a new grid; a shape that is None ends one. What was at fault near by before may stay
    at fault; nothing new may be.

    Args:
        ground: The ground as it is before.
        numbers: Numbers of grids, or the next free ones.
        shapes: Their new polygons of EPSG:4326.

    Raises:
        BadInput: `number_taken`, `grid_not_given`, `nothing_changes`, a code of `gis.shapes.NOTES`,
            `tiling_not_kept`, `ground_lost`.
    """
    _require_numbers(ground, numbers)
    cells = dict(zip(numbers, _cells(numbers, shapes), strict=True))
    made = {
        number: cell
        for number, cell in sorted(cells.items())
        if cell is None or number not in ground or not same_ground(cell, ground[number])
        if cell is not None or number in ground
    }
    if not made:
        raise BadInput("nothing_changes", "All grids keep the ground they have.", field="cells")
    require_tiled(ground, made)
    before = tuple(ground.get(number) for number in made)
    return Edited(tuple(made), before, tuple(made.values()))


def same_ground(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Whether two polygons have the same rings, wherever each ring begins and whichever way it runs."""
    return bool(shapely.equals_identical(*shapely.normalize([one, other])))


def _require_numbers(ground: Ground, numbers: Sequence[int]) -> None:
    twice = [number for number, times in Counter(numbers).items() if times > 1]
    if twice:
        raise BadInput("number_taken", f"Grid {twice[0]} is there twice.", field="cells", value=twice[0])
    fresh = sorted(number for number in numbers if number not in ground and number not in ground.base.cells)
    if fresh != list(range(ground.next_no, ground.next_no + len(fresh))):
        stray = next(number for number in fresh if number != ground.next_no + fresh.index(number))
        raise BadInput(
            "grid_not_given",
            f"There is no grid {stray}; new grids are numbered from {ground.next_no} on.",
            field="cells",
            value=stray,
        )


def _cells(numbers: Sequence[int], shapes: Sequence[BaseGeometry | None]) -> list[BaseGeometry | None]:
    given: Geometries = np.array(shapes, dtype=np.object_)
    cells, notes = to_cells(given)
    for note in notes:
        if note.refused and given[note.row] is not None:
            detail = f"Grid {numbers[note.row]}: {note.detail}"
            raise BadInput(note.code, detail, field="cells", value=numbers[note.row], where=note.where)
    return list(cells)


def require_tiled(ground: Ground, made: Mapping[int, BaseGeometry | None]) -> None:
    """Refuse changes that bring a fault which was not there before, or end a grid and leave ground of it to nobody.

    Args:
        ground: The ground as it is before.
        made: Number -> new ground, None for a grid that ends.

    Raises:
        BadInput: `tiling_not_kept`, `ground_lost`.
    """
    apart = _apart(ground, made)
    faults = [fault for some in apart for fault in _new_faults(ground, some)]
    if faults:
        raise _untiled(faults)
    for some in apart:
        _require_taken(ground, [number for number, cell in some.items() if cell is None], _around(ground, some)[1])


def _apart(ground: Ground, made: Mapping[int, BaseGeometry | None]) -> list[dict[int, BaseGeometry | None]]:
    """Changes that do not meet, each for itself: two corners of a city are looked at without all between them."""
    numbers = list(made)
    sides = (np.array(side, dtype=np.object_) for side in ([ground.get(one) for one in numbers], list(made.values())))
    old, new = (shapely.bounds(side) for side in sides)
    corners = np.hstack([np.fmin(old, new)[:, :2] - _APART, np.fmax(old, new)[:, 2:] + _APART])
    boxes = shapely.box(*corners.T)
    blocks = shapely.get_parts(shapely.union_all(boxes))
    block_of = STRtree(blocks).query(shapely.centroid(boxes), predicate="within")[1]
    found: list[dict[int, BaseGeometry | None]] = [{} for _ in blocks]
    for number, block in zip(numbers, block_of.tolist(), strict=True):
        found[block][number] = made[number]
    return found


def _around(ground: Ground, made: Mapping[int, BaseGeometry | None]) -> tuple[Cells, Cells]:
    """All grids in the box of what changes, before and after; so a hole between them is one between all grids."""
    cells = [cell for cell in (*map(ground.get, made), *made.values()) if cell is not None]
    hood = ground.around([shapely.box(*shapely.total_bounds(cells))])
    return hood, {number: cell for number, cell in {**hood, **made}.items() if cell is not None}


def _new_faults(ground: Ground, made: Mapping[int, BaseGeometry | None]) -> list[Problem]:
    hood, after = _around(ground, made)
    srid = ground.base.metric_srid
    found = problems(list(after.values()), metric_srid=srid, labels=list(after))
    if not found:
        return []
    there = problems(list(hood.values()), metric_srid=srid, labels=list(hood))
    had = shapely.union_all([ground[number] for number in made if number in ground])
    return [
        one
        for one in found
        if not any(_was_there(one, other) for other in there) and not _is_enclave(one, had, srid=srid)
    ]


def _is_enclave(one: Problem, had: BaseGeometry, *, srid: int) -> bool:
    """Whether ground of nobody was closed in that nobody had before either; a narrow strip of it is a gap."""
    if one.kind not in ("gap", "hole") or one.width_m <= GAP_LIMIT_M:
        return False
    _, width_m = area_and_width(np.array([shapely.intersection(one.where, had)], dtype=np.object_), srid=srid)
    return bool(width_m[0] < SLIVER_M)


def _was_there(one: Problem, other: Problem) -> bool:
    """Whether a fault was there before; a gap may have changed its form, as with every edit."""
    if one.kind != other.kind or set(one.labels).isdisjoint(other.labels):
        return False
    grew = one.kind == "overlap" and one.area_m2 > other.area_m2 + SLIVER_M
    return not grew and bool(shapely.dwithin(one.where, other.where, 2 * LATTICE))


def _untiled(faults: list[Problem]) -> BadInput:
    told = [
        {
            "kind": one.kind,
            "grids": list(one.labels),
            "area_m2": round(one.area_m2, 3),
            "width_m": round(one.width_m, 3),
        }
        for one in faults[:_MOST_TOLD]
    ]
    first = faults[0]
    grids = " and ".join(str(label) for label in first.labels)
    return BadInput(
        "tiling_not_kept",
        f"The grids would not tile their ground: {len(faults)} faults, first {first.kind.replace('_', '-')} at grids "
        f"{grids}, {first.area_m2:.2f} m². Mend them in the file or draw the change here.",
        field="cells",
        where=shapely.GeometryCollection([one.where for one in faults[:_MOST_TOLD]]),
        values={"faults": len(faults), "first": told},
    )


def _require_taken(ground: Ground, ended: list[int], after: Cells) -> None:
    """Refuse to end a grid whose ground nobody takes: a file that lacks a grid is more often a part than a plan."""
    if not ended:
        return
    lost = shapely.difference([ground[number] for number in ended], shapely.union_all(list(after.values())))
    _, width_m = area_and_width(lost, srid=ground.base.metric_srid)
    for row in np.flatnonzero(width_m >= SLIVER_M).tolist():
        raise BadInput(
            "ground_lost",
            f"Grid {ended[row]} would end and leave ground to nobody; give all of it to other grids, or keep the grid.",
            field="cells",
            value=ended[row],
            where=lost[row],
        )

"""One edit as data -> the pure function that makes it, on the grids it can reach and their neighbours.

The form of an edit is in docs/planner.md. Of the database it needs the buildings, blocks and streets that are named.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.tables import Atom, Building, Street
from gis.declarations import find_datum
from gis.edits import Edited, carve, insert_vertex, merge, move_edge, move_vertex, split, transfer
from gis.edits_snap import snap_line
from gis.errors import BadInput
from layers.rezoning.ground import Ground
from layers.rezoning.replacing import replace

# What these declare is stored as it is given, so what is drawn lies where the planner sees it.
_STORED_DATUMS = ("wgs84", "cgcs2000")
_METRES_PER_DEGREE = 111_320.0


def drawn(session: Session, ground: Ground, edit: Mapping[str, Any]) -> Edited:
    """Make an edit on a draft's ground; nothing is stored.

    Args:
        session: An open session, to look up what the edit names.
        ground: The ground as it is before.
        edit: The edit; its `kind` says what else it holds.

    Raises:
        BadInput: What `gis.edits` raises, `datum_not_stored`, `unknown_kind_of_edit`, `unknown_building`,
            `unknown_block`, and those of `replace`.
    """
    require_stored(edit.get("datum"))
    make = _KINDS.get(edit["kind"])
    if make is None:
        known = ", ".join(_KINDS)
        raise BadInput(
            "unknown_kind_of_edit",
            f"There is no such edit; known: {known}.",
            field="kind",
            value=edit["kind"],
        )
    return make(session, ground, edit)


def names_given(edit: Mapping[str, Any], made: Edited) -> dict[int, str]:
    """Number -> the name that an edit gives to a grid that is new by it."""
    fresh = [number for number, before in zip(made.numbers, made.before, strict=True) if before is None]
    if edit["kind"] == "replace":
        given = {cell["grid_no"]: cell.get("name") for cell in edit["cells"]}
    else:
        given = dict.fromkeys(fresh, edit.get("name"))
    return {number: name for number in fresh if (name := given.get(number))}


def require_stored(datum: str | None) -> None:
    """Refuse a drawing in a datum that would have to be converted.

    Raises:
        BadInput: `datum_not_stored`, and those of `find_datum`.
    """
    name = find_datum(datum or "").name
    if name not in _STORED_DATUMS:
        raise BadInput(
            "datum_not_stored",
            f"Edits are drawn in the coordinates that are stored; convert the drawing to {_STORED_DATUMS[0]}.",
            field="datum",
            value=datum,
        )


def shape_drawn(geometry: Mapping[str, Any], *, field: str) -> BaseGeometry:
    """What is drawn, from GeoJSON.

    Args:
        geometry: The drawing as data.
        field: What to call it in an error.

    Raises:
        BadInput: `bad_drawing`.
    """
    try:
        return shapely.from_geojson(json.dumps(geometry))
    except (shapely.errors.ShapelyError, ValueError, TypeError) as fault:
        raise BadInput("bad_drawing", "What is drawn is no geometry of GeoJSON.", field=field) from fault


def _split(session: Session, ground: Ground, edit: Mapping[str, Any]) -> Edited:
    line = shape_drawn(edit["line"], field="line")
    if edit.get("snap_m") is not None:
        line = snap_line(line, _streets(session, ground.base.tree, line, edit["snap_m"]), within_m=edit["snap_m"])
    grid = edit["grid"]
    return split(ground.beside([grid]), grid, line, ground.next_no, larger=edit.get("larger", False))


def _merge(_: Session, ground: Ground, edit: Mapping[str, Any]) -> Edited:
    return merge(ground.beside([*edit["grids"], edit["into"]]), edit["grids"], edit["into"])


def _move_vertex(_: Session, ground: Ground, edit: Mapping[str, Any]) -> Edited:
    vertex, to = edit["vertex"], edit["to"]
    return move_vertex(_reached(ground, [vertex], [to]), tuple(vertex), tuple(to))


def _move_edge(_: Session, ground: Ground, edit: Mapping[str, Any]) -> Edited:
    ends, to = edit["ends"], edit["to"]
    cells = _reached(ground, ends, to)
    return move_edge(cells, (tuple(ends[0]), tuple(ends[1])), (tuple(to[0]), tuple(to[1])))


def _insert_vertex(_: Session, ground: Ground, edit: Mapping[str, Any]) -> Edited:
    cells = ground.around([shapely.Point(edit["at"])])
    if not cells:
        raise BadInput("no_ground_here", "No grid lies here.", field="at", where=shapely.Point(edit["at"]))
    return insert_vertex(cells, tuple(edit["at"]))


def _transfer(session: Session, ground: Ground, edit: Mapping[str, Any]) -> Edited:
    area, giver, taker = _area(session, ground, edit), edit.get("giver"), edit["taker"]
    if giver is not None:
        return transfer(ground.beside([giver, taker]), giver, taker, area)
    cells = {**ground.around(area), **ground.beside([taker])}
    return transfer(dict(sorted(cells.items())), None, taker, area)


def _carve(session: Session, ground: Ground, edit: Mapping[str, Any]) -> Edited:
    area = _area(session, ground, edit)
    return carve(ground.around(area), area, ground.next_no)


def _replace(_: Session, ground: Ground, edit: Mapping[str, Any]) -> Edited:
    cells = edit["cells"]
    shapes = [None if one["geometry"] is None else shape_drawn(one["geometry"], field="cells") for one in cells]
    return replace(ground, [one["grid_no"] for one in cells], shapes)


_KINDS: Mapping[str, Callable[[Session, Ground, Mapping[str, Any]], Edited]] = {
    "split": _split,
    "merge": _merge,
    "move_vertex": _move_vertex,
    "move_edge": _move_edge,
    "insert_vertex": _insert_vertex,
    "transfer": _transfer,
    "carve": _carve,
    "replace": _replace,
}


def _reached(ground: Ground, vertices: Sequence[Sequence[float]], to: Sequence[Sequence[float]]) -> dict[int, Any]:
    """All grids that borders sweep over when vertices move: those from the vertices next to them to where they go."""
    spots = shapely.points(np.array(vertices, dtype=np.float64))
    corners = [*vertices, *to]
    for cell in ground.around(spots).values():
        rings = shapely.get_rings(cell)
        for ring in rings[shapely.dwithin(rings[:, None], spots, 1e-6).any(axis=1)]:
            xy = shapely.get_coordinates(ring)[:-1]
            here = np.hypot(*(xy[:, None] - shapely.get_coordinates(spots)).transpose(2, 0, 1)).min(axis=1) < 1e-6
            corners += xy[np.roll(here, 1) | np.roll(here, -1)].tolist()
    return ground.around([shapely.MultiPoint(corners)])


def _area(session: Session, ground: Ground, edit: Mapping[str, Any]) -> list[BaseGeometry]:
    """The drawn polygons, or those of the buildings or blocks that are named in their place."""
    for field, table, code, detail in (
        ("buildings", Building, "unknown_building", "A building that is named is not in this city."),
        ("atoms", Atom, "unknown_block", "A block that is named is not in this city."),
    ):
        ids = edit.get(field)
        if ids:
            rows = session.execute(
                select(table.id, table.geom).where(table.id.in_(ids), table.tree == ground.base.tree)
            ).all()
            missing = sorted(set(ids) - {row.id for row in rows})
            if missing:
                raise BadInput(code, detail, field=field, value=missing[0])
            return [row.geom for row in rows]
    return [shape_drawn(edit["area"], field="area")]


def _streets(session: Session, tree: str, line: BaseGeometry, within_m: float) -> list[BaseGeometry]:
    """The streets whose box comes so near to a line."""
    west, south, east, north = line.bounds
    reach = within_m / _METRES_PER_DEGREE
    aside = reach / max(math.cos(math.radians(max(abs(south), abs(north)))), 0.01)
    box = func.ST_MakeEnvelope(west - aside, south - reach, east + aside, north + reach, 4326)
    return list(session.scalars(select(Street.geom).where(Street.tree == tree, Street.geom.op("&&")(box))))

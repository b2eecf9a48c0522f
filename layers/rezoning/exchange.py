"""A draft as a file for another drawing program, and back: what changed in it becomes one edit."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely import STRtree
from sqlalchemy.orm import Session

from data.readers.columns import require
from data.writers import write_layer
from gis.crs import LATTICE, STORED_SRID
from gis.edges import Geometries
from gis.errors import BadInput
from layers.actor import Actor
from layers.errors import Conflict
from layers.grids.incoming import as_code
from layers.rezoning.drafts import Opened, draft_changed, held, note, opened, opened_of
from layers.rezoning.editing import Saved, require_open, store_edit
from layers.rezoning.ground import Ground
from layers.rezoning.reading import properties
from layers.rezoning.replacing import replace

# Programs that write seven decimals move a vertex by half a unit of the seventh, and rounding by half a lattice step.
_NEAR = 2.0


def export(session: Session, actor: Actor, draft_id: int, path: Path) -> int:
    """Write all grids of a draft to a file; the suffix chooses the format. Gives the number of grids.

    Raises:
        NotFound: `unknown_draft`.
        BadInput: `unknown_format`, `file_unwritable`.
    """
    found = opened(session, draft_id)
    frame = as_frame(found)
    write_layer(frame, path)
    note(session, actor, found.draft, "exported", {"format": path.suffix.removeprefix(".")})
    return len(frame)


def as_frame(opened: Opened) -> geopandas.GeoDataFrame:
    """All grids of a draft; the column `draft` says which one and at which edit, so that a file is known again."""
    base, ground = opened.ground.base, opened.ground
    rows = [properties(base, number, opened.names) for number in ground]
    for row in rows:
        row["status"] = row["status"] if row["grid_no"] in ground.changed else "same"
    return geopandas.GeoDataFrame(
        {**pd.DataFrame(rows, columns=["grid_no", "code", "name", "status"]), "draft": _mark(opened)},
        geometry=list(ground.values()),
        crs=STORED_SRID,
    )


def bring_back(
    session: Session, actor: Actor, draft_id: int, frame: geopandas.GeoDataFrame, *, file: str | None, revision: int
) -> Saved:
    """Take the ground of a file for that of a draft, as one edit.

    Polygons are known by `grid_no`, or by `code` where the file has no such column. One whose number is not known is a
    new grid; a grid that the file lacks ends. What is as it was stays bit for bit.

    Args:
        session: An open session.
        actor: Who brings it.
        draft_id: Which draft.
        frame: Polygons with a CRS and `row_no`.
        file: Name of the file, for the record; None where it had none.
        revision: The revision of the draft that the actor saw.

    Raises:
        Outdated: `draft_changed`; also when the draft stands at another edit than the file was written at.
        Conflict: `draft_not_open`, `file_of_another_draft`.
        BadInput: `crs_not_stored`, `shape_missing`, `grid_twice`, `bad_name`, `column_missing`, and those of
            `replace`; nothing was stored.
    """
    draft = held(session, draft_id, revision=revision)
    require_open(draft)
    now = opened_of(session, draft)
    _require_ours(session, now, frame)
    given, numbers = _shapes(frame), _numbers(now.ground, frame)
    shapes = _unchanged(now.ground, numbers, given, otherwise=_settled_on(now.ground, given))
    names = _names(frame)
    ended = sorted(now.ground.keys() - numbers)
    made = replace(now.ground, [*numbers, *ended], [*shapes, *[None] * len(ended)])
    name_of = dict(zip(numbers, names, strict=True))
    cells = [{"grid_no": number, "name": name_of.get(number)} for number in made.numbers]
    counts = {
        "changed": sum(None not in pair for pair in zip(made.before, made.after, strict=True)),
        "new": made.before.count(None),
        "ended": made.after.count(None),
    }
    note(session, actor, draft, "imported", {"file": file, **counts})
    return store_edit(session, actor, now, {"kind": "replace", "file": file, "cells": cells}, made)


def _mark(opened: Opened) -> str:
    return f"{opened.draft.id}/{opened.draft.tip or 0}"


def _require_ours(session: Session, now: Opened, frame: geopandas.GeoDataFrame) -> None:
    """Refuse a file of another draft, and one that is older than what the draft says now."""
    for mark in {one for one in _texts(frame, "draft") if one is not None} - {_mark(now)}:
        draft = mark.partition("/")[0]
        if draft != str(now.draft.id):
            raise Conflict(
                "file_of_another_draft",
                f"The file was written from draft {draft}, not from draft {now.draft.id}.",
                field="draft",
                value=mark,
            )
        raise draft_changed(session, now.draft)


def _shapes(frame: geopandas.GeoDataFrame) -> Geometries:
    """The shapes of a file in the stored CRS. Any other would bend each border a little, those nobody touched too."""
    if not frame.crs.equals(CRS.from_epsg(STORED_SRID), ignore_axis_order=True):
        raise BadInput(
            "crs_not_stored",
            f"The file is in {frame.crs.name}; save it in EPSG:{STORED_SRID}, as it was written.",
            field="crs",
            value=frame.crs.name,
        )
    shapes: Geometries = np.asarray(frame.geometry.array, dtype=np.object_)
    for row in np.flatnonzero(shapely.is_missing(shapes)).tolist():
        # A slip, not the end of a grid: that is said by leaving the row out.
        raise BadInput("shape_missing", f"Row {row + 1} has no shape.", field="geometry", value=row + 1)
    return shapes


def _names(frame: geopandas.GeoDataFrame) -> list[str | None]:
    names = _texts(frame, "name")
    for row, name in enumerate(names, start=1):
        if name is not None and not name.isprintable():
            raise BadInput(
                "bad_name", f"The name in row {row} holds a character that cannot be shown.", field="name", value=row
            )
    return names


def _texts(frame: geopandas.GeoDataFrame, column: str) -> list[str | None]:
    return [as_code(value) for value in frame[column]] if column in frame.columns else [None] * len(frame)


def _numbers(ground: Ground, frame: geopandas.GeoDataFrame) -> list[int]:
    """The number of each row; rows that are no grid of the draft get the next free ones."""
    known = {str(number): number for number in {*ground, *ground.base.cells}}
    column = "grid_no"
    if column not in frame.columns:
        column = "code"
        require([str(name) for name in frame.columns], {"code": "code"})
        known = {str(ground.base.grids.code[row]): number for number, row in ground.base.row_of.items()}
    numbers: dict[int, int] = {}
    free = ground.next_no
    for row, text in zip(frame["row_no"].tolist(), _texts(frame, column), strict=True):
        number = known.get(text or "")
        if number is None:
            number, free = free, free + 1
        if number in numbers:
            raise BadInput(
                "grid_twice",
                f"Grid {text} is there twice, in rows {numbers[number]} and {row}. Leave {column} empty in the piece "
                "that is to be a new grid, or make both one multipolygon.",
                field=column,
                value=text,
                where=frame.geometry[frame["row_no"] == row].iloc[0],
            )
        numbers[number] = row
    return list(numbers)


def _unchanged(ground: Ground, numbers: list[int], shapes: Geometries, *, otherwise: Geometries) -> Geometries:
    """The ground that a grid has already, where its shape differs by no more than a program's rounding."""
    old = np.array([ground.get(number) for number in numbers], dtype=np.object_)
    alike = np.flatnonzero(
        (shapely.get_num_coordinates(old) == shapely.get_num_coordinates(shapes)) & ~shapely.is_missing(old)
    )
    xy, of = shapely.get_coordinates(shapes[alike], return_index=True)
    apart = np.abs(xy - shapely.get_coordinates(old[alike])).max(axis=1) / LATTICE
    same = np.delete(alike, np.unique(of[~(apart <= _NEAR)]))
    found = otherwise.copy()
    found[same] = old[same]
    return found


def _settled_on(ground: Ground, shapes: Geometries) -> Geometries:
    """The shapes on the lattice, each vertex on the vertex of a grid that it was before a program rounded it."""
    known: NDArray[np.complex128] = np.unique(_spots(np.array(list(ground.values()), dtype=np.object_)))
    places = _spots(shapes)
    stray = np.flatnonzero(~np.isin(places, known) & np.isfinite(places))
    if len(stray) and len(known):
        tree = STRtree(shapely.points(known.real, known.imag))
        points = shapely.points(places[stray].real, places[stray].imag)
        row, vertex = tree.query_nearest(points, max_distance=_NEAR, all_matches=False)
        places[stray[row]] = known[vertex]
    xy = np.column_stack([places.real, places.imag]) * LATTICE
    return np.asarray(shapely.set_coordinates(shapely.force_2d(shapes), xy), dtype=np.object_)


def _spots(shapes: Geometries) -> NDArray[np.complex128]:
    """All vertices in whole lattice steps, easting and northing as one number."""
    x, y = np.rint(shapely.get_coordinates(shapes) / LATTICE).T
    return np.asarray(x + 1j * y)

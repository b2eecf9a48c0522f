"""The tree of areas: one level comes in at a time; parents are found by code or made by union; nesting is checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from data.readers.columns import require
from data.tables import Area
from data.tables.catalogue import PLACE_CLASSES
from data.tables.ground import AREA_LEVELS
from gis.crs import metric_srid
from gis.errors import BadInput
from gis.topology import nesting, parents_by_union
from layers.actor import Actor
from layers.batches import Progress, Summary, close_batch, open_batch, quarantine, unheard
from layers.grids.incoming import CellColumns, Incoming, as_code, read_cells

# The symmetric difference divided by the length of the border, in metres.
NESTING_LIMIT_M = 0.1
# Of an import: shapes read, areas above found or made, stored, nesting checked.
AREA_STEPS = 4


def import_areas(
    session: Session,
    actor: Actor,
    frame: geopandas.GeoDataFrame,
    *,
    tree: str,
    level: str,
    columns: CellColumns,
    datum: str | None,
    file: str,
    place_class: str | None = None,
    accept_problems: bool = False,
    progress: Progress = unheard,
) -> Summary:
    """Take in one level of a city's tree; areas known by code stay as they are, but for their place class.

    Args:
        session: An open session; all or nothing.
        actor: Who imports.
        frame: Polygons with a CRS and `row_no`.
        tree: The city.
        level: Their level in its tree.
        columns: Which columns say what.
        datum: Declared datum where the CRS does not tell it.
        file: Name of the file, for the record.
        place_class: Column that says what limits hold there; empty takes those of the area above.
        accept_problems: Import although areas do not nest.
        progress: Told after each of the `AREA_STEPS`.

    Raises:
        BadInput: A column is missing, the level or a place class is unknown, or areas do not nest and that is not
            accepted.
    """
    require_level(level)
    require([str(name) for name in frame.columns], {"place_class": place_class})
    summary = open_batch(session, actor, kind="areas", dataset=tree, file=file, options={"level": level})
    incoming = read_cells(frame, columns, datum=datum)
    progress(1)
    summary.remarks += incoming.remarks
    parents = _parents(session, tree, level, incoming, columns)
    progress(1)
    new = _store(session, tree, level, incoming, column_text(incoming.frame, columns.name, incoming.code), parents)
    if place_class is not None:
        summary.changed = _store_place_classes(session, tree, incoming, place_class, new)
    progress(1)
    check_nesting(session, {p for p in parents if p is not None}, summary, accept_problems=accept_problems)
    progress(1)
    codes = [as_code(value) for value in frame[columns.code]]
    summary.read = len(frame)
    summary.quarantined = len(incoming.bad)
    summary.stored = sum(code in new for code in codes) - sum(row.raw.get("code") in new for row in incoming.bad)
    summary.already_there = summary.read - summary.quarantined - summary.stored - summary.changed
    quarantine(session, summary, incoming.bad)
    close_batch(session, summary)
    return summary


def _parents(session: Session, tree: str, level: str, incoming: Incoming, columns: CellColumns) -> NDArray[Any]:
    if columns.parent_code is None:
        return np.full(len(incoming.code), None, dtype=object)
    return parent_ids(
        session,
        tree,
        incoming.frame,
        incoming.geom,
        level=above(level),
        code=columns.parent_code,
        name=columns.parent_name,
    )


def _store(
    session: Session, tree: str, level: str, incoming: Incoming, names: NDArray[Any], parents: NDArray[Any]
) -> set[str]:
    """The codes of the areas that are new."""
    known = area_ids(session, tree)
    new = [row for row, code in enumerate(incoming.code) if code not in known]
    session.add_all(
        Area(
            tree=tree,
            level=level,
            code=incoming.code[row],
            name=names[row],
            parent_id=parents[row],
            geom=incoming.geom[row],
        )
        for row in new
    )
    session.flush()
    return {incoming.code[row] for row in new}


def _store_place_classes(session: Session, tree: str, incoming: Incoming, column: str, new: set[str]) -> int:
    """Give the areas their place classes; how many that were there before have another one now."""
    classes = {code: as_code(value) for code, value in zip(incoming.code, incoming.frame[column], strict=True)}
    for code, value in classes.items():
        if value not in (None, *PLACE_CLASSES):
            raise BadInput(
                "unknown_word",
                f"'{value}' of the area {code} is no place class; known: {', '.join(PLACE_CLASSES)}.",
                field="place_class",
                value=value,
                values={"area": code},
            )
    changed = 0
    for value in (None, *PLACE_CLASSES):
        codes = [code for code, of in classes.items() if of == value]
        of_them = update(Area).where(Area.tree == tree, Area.code.in_(codes), Area.place_class.is_distinct_from(value))
        done = session.scalars(of_them.values(place_class=value).returning(Area.code)).all()
        changed += len(set(done) - new)
    return changed


def require_level(level: str) -> None:
    """Refuse a word that is no level."""
    if level not in AREA_LEVELS:
        raise BadInput(
            "unknown_word",
            f"'{level}' is no level; known: {', '.join(AREA_LEVELS)}.",
            field="level",
            value=level,
        )


def above(level: str) -> str:
    """The level over this one.

    >>> above("community")
    'street'
    """
    at = AREA_LEVELS.index(level)
    if at == 0:
        raise BadInput("no_level_above", "There is no level above the city.", field="level", value=level)
    return AREA_LEVELS[at - 1]


def column_text(frame: geopandas.GeoDataFrame, column: str | None, otherwise: NDArray[Any]) -> NDArray[Any]:
    """A column as text, the other values where it is empty or not named."""
    if column is None:
        return otherwise
    given = [as_code(value) for value in frame[column]]
    return np.array([value or other for value, other in zip(given, otherwise, strict=True)], dtype=object)


def area_ids(session: Session, tree: str) -> dict[str, int]:
    """Code to id of all areas of a city."""
    return dict(session.execute(select(Area.code, Area.id).where(Area.tree == tree)).all())


def parent_ids(
    session: Session,
    tree: str,
    frame: geopandas.GeoDataFrame,
    cells: NDArray[Any],
    *,
    level: str,
    code: str,
    name: str | None,
) -> NDArray[Any]:
    """The area each cell belongs to, by the code in a column; areas not known yet are made by union."""
    require_level(level)
    codes = column_text(frame, code, np.full(len(frame), None, dtype=object))
    names = column_text(frame, name, codes)
    known = area_ids(session, tree)
    missing = np.array([c is not None and c not in known for c in codes], dtype=bool)
    if missing.any():
        made: Mapping[str, Any] = parents_by_union(cells[missing], codes[missing])
        titles = dict(zip(codes[missing], names[missing], strict=True))
        session.add_all(
            Area(tree=tree, level=level, code=one, name=titles[one], geom=geom) for one, geom in sorted(made.items())
        )
        session.flush()
        known = area_ids(session, tree)
    return np.array([known.get(c) for c in codes], dtype=object)


def check_nesting(session: Session, parents: set[int], summary: Summary, *, accept_problems: bool) -> None:
    """Compare each parent with the union of its children, and list every excess."""
    if not parents:
        return
    of_these = Area.id.in_(parents) | Area.parent_id.in_(parents)
    rows = session.execute(select(Area.id, func.ST_AsBinary(Area.geom), Area.parent_id).where(of_these)).all()
    shape = _shapes(rows)
    children = [row for row in rows if row[2] in parents]
    report_excess(
        session,
        parents,
        [shape[row[0]] for row in children],
        [row[2] for row in children],
        shape,
        summary,
        accept_problems=accept_problems,
    )


def check_grid_nesting(
    session: Session, cells: NDArray[Any], area_id: NDArray[Any], summary: Summary, *, accept_problems: bool
) -> None:
    """Compare each area with the union of the grids of a whole scheme in it."""
    inside = np.array([area is not None for area in area_id], dtype=bool)
    parents = set(area_id[inside].tolist())
    if parents:
        rows = session.execute(select(Area.id, func.ST_AsBinary(Area.geom)).where(Area.id.in_(parents))).all()
        children, parent_of = cells[inside].tolist(), area_id[inside].tolist()
        report_excess(session, parents, children, parent_of, _shapes(rows), summary, accept_problems=accept_problems)


def _shapes(rows: Iterable[Any]) -> dict[int, Any]:
    """Id to geometry, from rows of id and WKB."""
    return dict(zip([row[0] for row in rows], shapely.from_wkb([bytes(row[1]) for row in rows]), strict=True))


def report_excess(
    session: Session,
    parents: set[int],
    children: list[Any],
    parent_of: list[int],
    shape: Mapping[int, Any],
    summary: Summary,
    *,
    accept_problems: bool,
) -> None:
    """Add a remark for each parent that its children do not fill, and refuse them unless accepted."""
    names = dict(session.execute(select(Area.id, Area.name).where(Area.id.in_(parents))).all())
    order = sorted(parents)
    place = {parent: at for at, parent in enumerate(order)}
    lon, lat = shapely.get_coordinates(shapely.centroid(shape[order[0]]))[0]
    excesses = nesting(
        np.array(children, dtype=object),
        np.array([place[p] for p in parent_of]),
        np.array([shape[p] for p in order], dtype=object),
        metric_srid=metric_srid(lon, lat),
    )
    for excess in excesses:
        summary.remarks.append(f"Area {names[order[excess.parent]]} is not the union of its parts: {excess.detail}")
    worst = [excess for excess in excesses if excess.ratio_m >= NESTING_LIMIT_M]
    if worst and not accept_problems:
        raise BadInput(
            "areas_do_not_nest",
            f"{len(worst)} areas are not the union of their parts, first {names[order[worst[0].parent]]}; mend them "
            "or use --accept-problems.",
            where=worst[0].where,
            values={"areas": len(worst)},
        )

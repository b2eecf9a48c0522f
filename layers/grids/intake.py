"""A file of grids becomes a boundary version of a scheme: cells, tiling, areas, numbers, publication."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables import Scheme
from gis.errors import BadInput
from gis.metric import area_m2
from gis.repair import repair
from gis.topology import Problem, problems
from layers.actor import Actor
from layers.batches import Progress, Summary, close_batch, open_batch, quarantine, unheard
from layers.grids.areas import check_grid_nesting, column_text, parent_ids
from layers.grids.incoming import CellColumns, Incoming, as_code, read_cells
from layers.grids.publish import NewCells, Published, publish
from layers.grids.schemes import SchemeSpec, make_scheme, require_as_stored

# A hole that lies inside one grid is that grid's own business; a partial scheme may leave gaps.
_HARMLESS = {"whole": {"hole"}, "partial": {"hole", "gap"}}
_LISTED = 20
# Of an import: shapes read, tiling checked, areas found or made, stored.
GRID_STEPS = 4


@dataclass(frozen=True, kw_only=True)
class GridColumns(CellColumns):
    """Which columns say what, and of which level the areas are that they name as parents."""

    parent_level: str = "county"


@dataclass(frozen=True)
class GridImport:
    """What an import of grids did.

    Attributes:
        problems: The tiling's problems, each with kind, grids, area and place (WKT).
        published: The version it made.
    """

    summary: Summary
    problems: list[dict[str, Any]]
    published: Published


def import_grids(
    session: Session,
    actor: Actor,
    frame: geopandas.GeoDataFrame,
    *,
    spec: SchemeSpec,
    columns: GridColumns,
    datum: str | None = None,
    file: str,
    since: datetime | None = None,
    repair_to_m: float | None = None,
    accept_problems: bool = False,
    progress: Progress = unheard,
) -> GridImport:
    """Take in the whole coverage of a scheme.

    Args:
        session: An open session; all or nothing.
        actor: Who imports.
        frame: Polygons with a CRS and `row_no`.
        spec: The scheme; made where there is none of that name.
        columns: Which columns say what.
        datum: Declared datum where the CRS does not tell it.
        file: Name of the file, for the record.
        since: When the boundaries begin to hold; see `publish`.
        repair_to_m: Repair before the tiling is checked, with gaps up to this mean width; None takes the grids as
            they are.
        accept_problems: Import although cells were refused or do not tile.
        progress: Told after each of the `GRID_STEPS`.

    Raises:
        BadInput: A column is missing, or there are problems that are not accepted.
        Conflict: The spec contradicts the scheme that is there, or the version would begin too early.
    """
    summary = open_batch(
        session, actor, kind="grids", dataset=spec.name, file=file, options={"code": columns.code, "datum": datum}
    )
    incoming = read_cells(frame, columns, datum=datum)
    _require_usable(incoming, file, accept_problems=accept_problems)
    progress(1)
    scheme = _scheme(session, spec, incoming, summary)
    incoming, found = _tiled(incoming, scheme, repair_to_m, summary)
    _require_tiling(scheme, found, accept_problems=accept_problems)
    progress(1)
    cells = _cells(session, scheme, incoming, columns)
    if scheme.extent == "whole":
        check_grid_nesting(session, cells.geom, cells.area_id, summary, accept_problems=accept_problems)
    progress(1)
    published = publish(session, actor, scheme, cells, since=since, reason=f"import of {file}")
    _sum_up(summary, frame, columns, incoming, published)
    quarantine(session, summary, incoming.bad)
    close_batch(session, summary)
    progress(1)
    return GridImport(summary, [_described(problem) for problem in found], published)


def _require_usable(incoming: Incoming, file: str, *, accept_problems: bool) -> None:
    if not len(incoming.geom):
        raise BadInput("no_cells", "The file holds no usable polygon.", field="file", value=file)
    if incoming.bad and not accept_problems:
        first = incoming.bad[0]
        raise BadInput(
            "cells_refused",
            f"{len(incoming.bad)} polygons cannot be used, first row {first.row_no}: {first.detail} Mend them or use "
            "--accept-problems.",
            field="geometry",
            value=f"row {first.row_no}",
        )


def _scheme(session: Session, spec: SchemeSpec, incoming: Incoming, summary: Summary) -> Scheme:
    known = session.scalar(select(Scheme).where(Scheme.name == spec.name))
    if known is not None:
        require_as_stored(known, spec)
        return known
    west, south, east, north = shapely.total_bounds(incoming.geom)
    scheme = make_scheme(session, spec, lon=(west + east) / 2, lat=(south + north) / 2)
    summary.remarks.append(
        f"Scheme '{scheme.name}' ({scheme.kind}, {scheme.extent}) measures in EPSG:{scheme.metric_srid} "
        f"and keeps the time of {scheme.time_zone}."
    )
    return scheme


def _tiled(
    incoming: Incoming, scheme: Scheme, repair_to_m: float | None, summary: Summary
) -> tuple[Incoming, list[Problem]]:
    """The cells, repaired where that was asked for; the faults they have."""
    codes = incoming.code.tolist()
    if repair_to_m is None:
        return incoming, problems(incoming.geom, metric_srid=scheme.metric_srid, labels=codes)
    done = repair(incoming.geom, metric_srid=scheme.metric_srid, labels=codes, gap_limit_m=repair_to_m)
    moved_m2 = {codes[row]: round(float(done.moved_m2[row]), 3) for row in np.argsort(-done.moved_m2, kind="stable")}
    moved_m2 = {code: area for code, area in moved_m2.items() if area}
    largest = "; ".join(f"{code} {area} m²" for code, area in list(moved_m2.items())[:_LISTED])
    summary.remarks.append(
        f"Repair closed {_sums(done.closed)} and kept {_sums(done.kept)}; {len(moved_m2)} grids gained or lost ground"
        f"{': ' + largest if largest else ''}{'; …' if len(moved_m2) > _LISTED else '.'}"
    )
    closed = [_described(problem) for problem in done.closed]
    summary.facts |= {"repaired": {"closed": closed, "moved_m2": moved_m2}}
    return replace(incoming, geom=done.cells), done.kept


def _require_tiling(scheme: Scheme, found: list[Problem], *, accept_problems: bool) -> None:
    serious = [problem for problem in found if problem.kind not in _HARMLESS[scheme.extent]]
    if not serious or accept_problems:
        return
    listed = "; ".join(_sentence(problem) for problem in serious[:_LISTED])
    raise BadInput(
        "tiling_broken",
        f"The grids do not tile ({_sums(serious)}): {listed}. Mend them, "
        "close overlaps and narrow gaps with --repair, or import them as they are with --accept-problems.",
        field="geometry",
        where=serious[0].where,
        values={"kinds": _kinds(serious), "problems": [_described(problem) for problem in serious]},
    )


def _kinds(found: list[Problem]) -> dict[str, int]:
    return dict(sorted(Counter(problem.kind for problem in found).items()))


def _sums(found: list[Problem]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in _kinds(found).items()) or "nothing"


def _sentence(problem: Problem) -> str:
    lon, lat = shapely.get_coordinates(shapely.point_on_surface(problem.where))[0]
    grids = " and ".join(str(label) for label in problem.labels[:4])
    return f"{problem.kind} of {problem.area_m2:.2f} m² at {lon:.6f}, {lat:.6f} ({grids})"


def _described(problem: Problem) -> dict[str, Any]:
    return {
        "kind": problem.kind,
        "grids": [str(label) for label in problem.labels],
        "area_m2": round(problem.area_m2, 3),
        "where": shapely.to_wkt(shapely.point_on_surface(problem.where), rounding_precision=8),
    }


def _cells(session: Session, scheme: Scheme, incoming: Incoming, columns: GridColumns) -> NewCells:
    areas: NDArray[Any] = np.full(len(incoming.code), None, dtype=object)
    if columns.parent_code:
        areas = parent_ids(
            session,
            scheme.tree,
            incoming.frame,
            incoming.geom,
            level=columns.parent_level,
            code=columns.parent_code,
            name=columns.parent_name,
        )
    return NewCells(
        code=incoming.code,
        name=column_text(incoming.frame, columns.name, incoming.code),
        area_id=areas,
        area_m2=area_m2(incoming.geom, srid=scheme.metric_srid),
        geom=incoming.geom,
    )


def _sum_up(
    summary: Summary, frame: geopandas.GeoDataFrame, columns: GridColumns, incoming: Incoming, published: Published
) -> None:
    refused = {row.row_no for row in incoming.bad}
    codes = [
        as_code(value) for value, row in zip(frame[columns.code], frame["row_no"], strict=True) if row not in refused
    ]
    summary.read = len(frame)
    summary.quarantined = len(incoming.bad)
    summary.reasons.update(row.reason for row in incoming.bad)
    summary.stored = sum(code in published.added for code in codes)
    summary.changed = sum(code in published.changed for code in codes)
    summary.already_there = len(codes) - summary.stored - summary.changed
    summary.remarks += incoming.remarks
    summary.facts |= {"grids": len(incoming.code), "version": published.version, "ended": len(published.ended)}
    since = "the beginning of time" if published.since is None else published.since.isoformat()
    summary.remarks.append(
        f"{len(codes)} polygons are {len(incoming.code)} grids; version {published.version} holds since {since}."
        if published.added or published.changed or published.ended
        else f"{len(incoming.code)} grids, none of them new or changed; version {published.version} goes on."
    )

"""Boundary versions: which one holds when, and the cells of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from data.tables import Boundary, Grid, Scheme, SchemeVersion
from layers.errors import NotFound


@dataclass(frozen=True)
class Version:
    """A published version; bounds are None where open, and `snapshot_id` names files made from its boundaries."""

    number: int
    since: datetime | None
    until: datetime | None
    snapshot_id: UUID


@dataclass(frozen=True)
class Grids:
    """The grids of one version as arrays of equal length, in the order of `grid_no`."""

    grid_id: NDArray[np.int64]
    grid_no: NDArray[np.int64]
    code: NDArray[Any]
    name: NDArray[Any]


@dataclass(frozen=True)
class Cells(Grids):
    """The same with their ground."""

    geom: NDArray[Any]


def versions_of(session: Session, scheme_id: int) -> list[Version]:
    """All versions of a scheme, oldest first."""
    valid = SchemeVersion.valid
    rows = session.execute(
        select(SchemeVersion.version, func.lower(valid), func.upper(valid), SchemeVersion.snapshot_id)
        .where(SchemeVersion.scheme_id == scheme_id)
        .order_by(SchemeVersion.version)
    )
    return [Version(*row) for row in rows]


def version_numbered(session: Session, scheme: Scheme, number: int) -> Version:
    """One version of a scheme.

    Raises:
        NotFound: `unknown_version`.
    """
    found = next((one for one in versions_of(session, scheme.id) if one.number == number), None)
    if found is None:
        raise NotFound(
            "unknown_version",
            f"Scheme '{scheme.name}' has no version {number}.",
            field="version",
            value=number,
        )
    return found


def version_at(session: Session, scheme: Scheme, at: datetime) -> Version:
    """The version that holds at an instant; the oldest where none held yet."""
    versions = versions_of(session, scheme.id)
    return next((one for one in reversed(versions) if one.since is None or one.since <= at), versions[0])


def grids_of(session: Session, scheme: Scheme, *, version: int) -> Grids:
    """The grids that have ground in one version of a scheme."""
    return Grids(*_columns(session, scheme, version))


def cells_of(session: Session, scheme: Scheme, *, version: int) -> Cells:
    """The grids that have ground in one version of a scheme, with that ground."""
    grid_id, grid_no, code, name, wkb = _columns(session, scheme, version, func.ST_AsBinary(Boundary.geom))
    return Cells(grid_id, grid_no, code, name, shapely.from_wkb([bytes(one) for one in wkb]))


def bounds_of(session: Session, scheme: Scheme, code: str, *, version: int) -> tuple[float, float, float, float] | None:
    """West, south, east, north of a grid in one version of a scheme, in degrees; None where it has no ground there."""
    edges = [edge(Boundary.geom) for edge in (func.ST_XMin, func.ST_YMin, func.ST_XMax, func.ST_YMax)]
    *_, west, south, east, north = _columns(session, scheme, version, *edges, code=code)
    return (float(west[0]), float(south[0]), float(east[0]), float(north[0])) if len(west) else None


def _columns(session: Session, scheme: Scheme, version: int, *more: Any, code: str | None = None) -> list[NDArray[Any]]:
    when = select(func.coalesce(func.lower(SchemeVersion.valid), "-infinity")).where(
        SchemeVersion.scheme_id == scheme.id, SchemeVersion.version == version
    )
    rows = session.execute(
        select(Grid.id, Grid.grid_no, Grid.code, Grid.name, *more)
        .join(Boundary, Boundary.grid_id == Grid.id)
        .where(Boundary.scheme_id == scheme.id, Boundary.valid.contains(when.scalar_subquery()))
        .where(true() if code is None else Grid.code == code)
        .order_by(Grid.grid_no)
    ).all()
    kinds = (np.int64, np.int64, *[object] * (2 + len(more)))
    columns = zip(*rows, strict=True) if rows else [()] * len(kinds)
    # Not np.array, which takes shapes of equally many bytes for one table of bytes.
    return [np.fromiter(column, dtype=kind) for column, kind in zip(columns, kinds, strict=True)]

"""Boundary versions: which one holds when, and the cells of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.tables import Boundary, Grid, Scheme, SchemeVersion


@dataclass(frozen=True)
class Version:
    """A published version; bounds are None where open."""

    number: int
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True)
class Cells:
    """The grids of one version as arrays of equal length, in the order of `grid_no`."""

    grid_id: NDArray[np.int64]
    grid_no: NDArray[np.int64]
    code: NDArray[Any]
    name: NDArray[Any]
    geom: NDArray[Any]


def versions_of(session: Session, scheme_id: int) -> list[Version]:
    """All versions of a scheme, oldest first."""
    rows = session.execute(
        select(SchemeVersion.version, func.lower(SchemeVersion.valid), func.upper(SchemeVersion.valid))
        .where(SchemeVersion.scheme_id == scheme_id)
        .order_by(SchemeVersion.version)
    )
    return [Version(number, since, until) for number, since, until in rows]


def cells_of(session: Session, scheme: Scheme, *, version: int) -> Cells:
    """The cells that hold in one version of a scheme."""
    when = select(func.coalesce(func.lower(SchemeVersion.valid), "-infinity")).where(
        SchemeVersion.scheme_id == scheme.id, SchemeVersion.version == version
    )
    rows = session.execute(
        select(Grid.id, Grid.grid_no, Grid.code, Grid.name, func.ST_AsBinary(Boundary.geom))
        .join(Boundary, Boundary.grid_id == Grid.id)
        .where(Boundary.scheme_id == scheme.id, Boundary.valid.contains(when.scalar_subquery()))
        .order_by(Grid.grid_no)
    ).all()
    columns = list(zip(*rows, strict=True)) or [()] * 5
    return Cells(
        grid_id=np.array(columns[0], dtype=np.int64),
        grid_no=np.array(columns[1], dtype=np.int64),
        code=np.array(columns[2], dtype=object),
        name=np.array(columns[3], dtype=object),
        geom=shapely.from_wkb([bytes(wkb) for wkb in columns[4]]),
    )

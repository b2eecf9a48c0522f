"""Cases that were there before a scheme: each gets its placement in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from data.copying import copy_columns
from data.sql import statement
from data.tables import Case, Placement, Scheme
from layers.cases.placing import Placer
from layers.cases.storing import placement_columns
from layers.grids.guard import BoundariesChanged, hold_versions

_ROWS = 100_000


@dataclass(frozen=True)
class Backfill:
    """How many cases were placed, and what a person should know of how."""

    placed: int
    remarks: list[str]


def place_existing(session: Session, scheme: Scheme) -> Backfill:
    """Place the cases of the scheme's city that have no placement in it.

    None of them routes: a case keeps the grid by which it was dispatched. The scheme's newest boundaries are made ready
    for those to come, even where there are no cases.

    Raises:
        BoundariesChanged: The scheme's boundaries changed twice meanwhile.
    """
    try:
        with session.begin_nested():
            return _place_all(session, scheme)
    except BoundariesChanged:
        session.refresh(scheme)
        return _place_all(session, scheme)


def _place_all(session: Session, scheme: Scheme) -> Backfill:
    placer = Placer(session, scheme, only=scheme)
    placer.get_ready(scheme)
    placed, after = 0, 0
    while rows := _unplaced(session, scheme, after=after):
        ids, lon, lat, at = (np.array(column) for column in zip(*rows, strict=True))
        instants = np.array([instant.replace(tzinfo=None) for instant in at], dtype="datetime64[us]")
        found = placer.place(lon.astype(float), lat.astype(float), instants)[0]
        session.execute(statement("stage_placements"))
        columns = placement_columns(found, row_no=ids.astype(np.int64), routing=np.zeros(len(ids), dtype=bool))
        copy_columns(session, "stage_placements", columns)
        session.execute(statement("insert_backfilled"))
        session.execute(text("DROP TABLE stage_placements"))
        placed += int(found.covers.sum())
        after = int(ids[-1])
    if placed:
        hold_versions(session, placer.newest, whole_city=False)
    return Backfill(placed, placer.remarks)


def _unplaced(session: Session, scheme: Scheme, *, after: int) -> Sequence[Any]:
    """The next cases without a placement in the scheme: id, position, instant."""
    return session.execute(
        select(Case.id, func.ST_X(Case.geom), func.ST_Y(Case.geom), Case.occurred_at)
        .outerjoin(Placement, (Placement.case_id == Case.id) & (Placement.scheme_id == scheme.id))
        .where(Case.tree == scheme.tree, Placement.case_id.is_(None), Case.id > after)
        .order_by(Case.id)
        .limit(_ROWS)
    ).all()

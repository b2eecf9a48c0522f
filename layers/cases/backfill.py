"""Cases that were there before a scheme: each gets its placement in it."""

from __future__ import annotations

import numpy as np
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from data.copying import copy_columns
from data.sql import statement
from data.tables import Case, Placement, Scheme
from layers.cases.placing import Placer
from layers.cases.storing import placement_columns

_ROWS = 100_000


def place_existing(session: Session, scheme: Scheme) -> int:
    """Place the cases of the scheme's city that have no placement in it; how many were placed.

    None of them routes: a case keeps the grid by which it was dispatched.
    """
    placer = Placer(session, scheme, only=scheme)
    placed, after = 0, 0
    while True:
        rows = session.execute(
            select(Case.id, func.ST_X(Case.geom), func.ST_Y(Case.geom), Case.occurred_at)
            .outerjoin(Placement, (Placement.case_id == Case.id) & (Placement.scheme_id == scheme.id))
            .where(Case.tree == scheme.tree, Placement.case_id.is_(None), Case.id > after)
            .order_by(Case.id)
            .limit(_ROWS)
        ).all()
        if not rows:
            return placed
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

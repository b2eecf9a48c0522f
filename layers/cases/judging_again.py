"""Cases that happened after a version begins and were placed before it was published: it places them anew."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from data.copying import copy_columns
from data.sql import statement
from data.tables import Case, Placement, Scheme
from layers.cases.placing import Placer
from layers.cases.storing import placement_columns
from layers.errors import Conflict


def judge_again(session: Session, scheme: Scheme, *, since: datetime) -> dict[int, int | None]:
    """Place the cases of a city that happened at an instant or later by the scheme's newest boundaries.

    There are some in every publication: clocks of reporters run ahead a little, and a scheduled version is published a
    moment after it begins.

    Args:
        session: An open session that has the scheme alone and has published its newest version.
        scheme: The scheme.
        since: When that version begins.

    Returns:
        Number of each such case -> the grid by which it is routed now, None outside all.

    Raises:
        Conflict: `cases_after`: a partial scheme would leave a case without any place.
    """
    rows = session.execute(
        select(Case.id, func.ST_X(Case.geom), func.ST_Y(Case.geom), Case.occurred_at)
        .where(Case.tree == scheme.tree, Case.occurred_at >= since)
        .order_by(Case.id)
    ).all()
    if not rows:
        return {}
    ids, lon, lat, at = (np.array(column) for column in zip(*rows, strict=True))
    instants = np.array([instant.replace(tzinfo=None) for instant in at], dtype="datetime64[us]")
    found = Placer(session, scheme, only=scheme).place(lon.astype(float), lat.astype(float), instants)[0]
    columns = placement_columns(found, row_no=ids.astype(np.int64), routing=np.zeros(len(ids), dtype=bool))
    session.execute(statement("stage_placements"))
    copy_columns(session, "stage_placements", columns)
    session.execute(statement("judge_again"), {"scheme_id": scheme.id, "cases": ids.tolist()})
    session.execute(text("DROP TABLE stage_placements"))
    if scheme.extent == "partial":
        session.execute(statement("route_again"), {"cases": ids.tolist()})
    routed = select(Placement.case_id, Placement.grid_id).where(Placement.routing, Placement.case_id.in_(ids.tolist()))
    now: dict[int, int | None] = dict(session.execute(routed).all())
    lost = sorted(set(ids.tolist()) - now.keys())
    if lost:
        raise Conflict(
            "cases_after",
            f"Case {lost[0]} happened after {since.isoformat()} where scheme '{scheme.name}' would have no grid any "
            "more, and no other scheme has a place for it. Leave that ground to a grid, or publish later.",
            field="at",
            value=since.isoformat(),
            values={"cases": len(lost), "first": str(lost[0])},
        )
    return now

"""Drafts as they are told: one line each, one with its edits and events, what one changes as GeoJSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.sql import statement
from data.tables import DraftEvent
from gis.edits import Edited
from layers.errors import NotFound
from layers.grids.schemes import scheme_named
from layers.rezoning.drafts import Opened
from layers.rezoning.ground import Base


def listed(session: Session, *, scheme: str | None = None) -> list[dict[str, Any]]:
    """All drafts, or those of a scheme, oldest first.

    Raises:
        NotFound: `unknown_scheme`.
    """
    if scheme is not None:
        scheme_named(session, scheme)
    rows = session.execute(statement("drafts"), {"draft_id": None, "scheme": scheme}).mappings()
    return [dict(row) for row in rows]


def described(session: Session, draft_id: int) -> dict[str, Any]:
    """One draft.

    Raises:
        NotFound: `unknown_draft`.
    """
    row = session.execute(statement("drafts"), {"draft_id": draft_id, "scheme": None}).mappings().one_or_none()
    if row is None:
        raise NotFound("unknown_draft", f"There is no draft {draft_id}.", field="draft", value=draft_id)
    return dict(row)


def detail(session: Session, draft_id: int) -> dict[str, Any]:
    """One draft with its edits, undone ones too, and all that happened to it.

    Raises:
        NotFound: `unknown_draft`.
    """
    # First, so that its revision is never newer than what is told with it: who writes on it is refused then.
    draft = described(session, draft_id)
    events = session.execute(
        select(DraftEvent.id, DraftEvent.at, DraftEvent.actor, DraftEvent.kind, DraftEvent.detail)
        .where(DraftEvent.draft_id == draft_id)
        .order_by(DraftEvent.id)
    ).mappings()
    edits = session.execute(statement("draft_edits"), {"draft_id": draft_id}).mappings()
    return {
        **draft,
        "edits": [dict(row) for row in edits],
        "events": [dict(row) for row in events],
    }


def changes(opened: Opened) -> dict[str, Any]:
    """What a draft changes of its base version."""
    ground = opened.ground
    return {**_told(ground.base, ground.changed, opened.names), "revision": opened.draft.revision}


def edited(opened: Opened, made: Edited) -> dict[str, Any]:
    """What one edit of a draft changed."""
    after = dict(zip(made.numbers, made.after, strict=True))
    return {**_told(opened.ground.base, after, opened.names), "torn": made.torn}


def features(base: Base, cells: Mapping[int, BaseGeometry], names: Mapping[int, str]) -> dict[str, Any]:
    """Grids of a draft as GeoJSON, in the order given.

    Args:
        base: The version that the draft started from.
        cells: Number -> ground.
        names: Number -> name of the grids that are new.
    """
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "id": number, "geometry": mapping(cell), "properties": properties(base, number, names)}
            for number, cell in cells.items()
        ],
    }


def properties(base: Base, number: int, names: Mapping[int, str]) -> dict[str, Any]:
    """What a grid of a draft is called; one that is new has no code yet."""
    row = base.row_of.get(number)
    if row is None:
        return {"grid_no": number, "code": None, "name": names.get(number), "status": "new"}
    return {
        "grid_no": number,
        "code": str(base.grids.code[row]),
        "name": str(base.grids.name[row]),
        "status": "changed",
    }


def _told(base: Base, cells: Mapping[int, BaseGeometry | None], names: Mapping[int, str]) -> dict[str, Any]:
    left = {number: cell for number, cell in cells.items() if cell is not None}
    return {
        "changed": features(base, left, names),
        "ended": [number for number, cell in cells.items() if cell is None],
    }

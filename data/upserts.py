"""Rows known by a key come in again: new ones are added, those that say something new brought up to date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import literal_column, or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.base import Base


def upsert(session: Session, table: type[Base], key: Sequence[str], rows: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """How many rows are new, and how many of the others say something new.

    Args:
        session: An open session.
        table: Where they are stored.
        key: The columns of the constraint that makes a row known.
        rows: Values by column, the same columns in each.
    """
    if not rows:
        return 0, 0
    new = insert(table).values(list(rows))
    said = [name for name in rows[0] if name not in key]
    stored: Sequence[bool] = session.scalars(
        new.on_conflict_do_update(
            index_elements=key,
            set_={name: new.excluded[name] for name in said},
            where=or_(*(table.__table__.c[name].is_distinct_from(new.excluded[name]) for name in said)),
        ).returning(literal_column("xmax = 0"))
    ).all()
    return sum(stored), len(stored) - sum(stored)

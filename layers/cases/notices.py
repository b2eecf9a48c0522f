"""Notices of censure: against which department each is, and the letter that a second one drafts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, insert, select
from sqlalchemy.orm import Session

from data.tables import CaseEvent, Department, Letter
from layers.cases.effects import Owner

# Two notices with no more than this between them are consecutive.
CONSECUTIVE = timedelta(days=90)


def censured(session: Session, case: Row[Any]) -> dict[str, Owner]:
    """The department that a notice about a case is against, as a field of the event; none where a person handles it.

    Its row is held: of two notices at the same time one must see the other.
    """
    if case.department_id is None:
        return {}
    one = session.get_one(Department, case.department_id, with_for_update={"key_share": True})
    words = {"department_id": one.id, "department": one.code, "zh": one.name_zh, "en": one.name_en}
    return {"department": Owner(words, department_id=one.id)}


def draft_letter(session: Session, case: Row[Any], *, at: datetime) -> None:
    """Draft the letter that asks a department in, when the notice just stored is the second in a row.

    A notice counts for one letter only.
    """
    if case.department_id is None:
        return
    last = select(func.max(Letter.created_at)).where(Letter.department_id == case.department_id)
    event = CaseEvent
    against = event.detail["department"]["department_id"].as_integer()
    asked = select(event.case_id, event.at).where(
        event.kind == "notify",
        event.at >= at - CONSECUTIVE,
        event.at > func.coalesce(last.scalar_subquery(), "-infinity"),
        against == case.department_id,
    )
    notices = session.execute(asked.order_by(event.at, event.id)).all()
    if len(notices) > 1:
        # Of two at the same time the one stored last may be the earlier one.
        drafted = {
            "tree": case.tree,
            "department_id": case.department_id,
            "case_ids": [notice.case_id for notice in notices],
            "created_at": notices[-1].at,
        }
        session.execute(insert(Letter), drafted)

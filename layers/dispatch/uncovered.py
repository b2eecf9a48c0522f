"""Grids that nobody of their own answers for at an instant, why, and who answers in their place."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from data.sql import statement
from data.tables import Boundary
from layers.cases.assign import person_reasons
from layers.cases.loop import closed_states
from layers.cases.reasons import SENTENCES, Reason, rendered
from layers.grids.schemes import scheme_named
from layers.staff.duties import Answer, who_answers

SAID = {
    **SENTENCES,
    "no_duty": {
        "zh": "无人在该网格任职。",
        "en": "Nobody has a duty in the grid.",
    },
    "no_lead": {
        "zh": "该网格没有负责人,也没有在岗的副手。",
        "en": "The grid has people, but no lead and no deputy on duty.",
    },
    "lead_away": {
        "zh": "负责人 {away} 不在岗,未指定替班人员,也没有在岗的副手。",
        "en": "The lead, {away}, is away without a substitute, and no deputy is on duty.",
    },
    "substitute_away": {
        "zh": "负责人 {away} 与替班人员 {substitute} 均不在岗,也没有在岗的副手。",
        "en": "The lead, {away}, and the substitute, {substitute}, are both away, and no deputy is on duty.",
    },
}


def uncovered(session: Session, scheme: str, *, at: datetime) -> dict[str, Any]:
    """The grids of a scheme that nobody of their own answers for, those first that nobody answers for at all.

    Args:
        session: An open session.
        scheme: Name of the scheme.
        at: The instant whose boundaries, duties and absences count; open cases are those of now.

    Raises:
        NotFound: `unknown_scheme`.
    """
    found = scheme_named(session, scheme)
    ground = select(Boundary.grid_id).where(Boundary.scheme_id == found.id, Boundary.valid.contains(at))
    answers = who_answers(session, session.scalars(ground), at=at)
    # A climb of 0 is the grid itself, none is nobody.
    without = {grid: answer for grid, answer in answers.items() if answer.climb != 0}
    values = {"grids": list(without), "at": at, "tree": found.tree, "closed": list(closed_states())}
    rows = [_told(row, without[row.id]) for row in session.execute(statement("uncovered_grids"), values)]
    rows.sort(key=lambda row: (row["covered_by"] is not None, -row["open_cases"]))
    return {
        "scheme": scheme,
        "at": at.isoformat(),
        "grids_in_all": len(answers),
        "uncovered": len(rows),
        "by_nobody": sum(row["covered_by"] is None for row in rows),
        "open_cases": sum(row["open_cases"] for row in rows),
        "grids": rows,
    }


def _told(row: Row[Any], answer: Answer) -> dict[str, Any]:
    person = answer if answer.staff_id is not None else None
    return {
        "grid_no": row.grid_no,
        "code": row.code,
        "name": row.name,
        "area": row.area_code and {"code": row.area_code, "name": row.area_name},
        "open_cases": row.open_cases,
        "covered_by": person
        and {"name": person.name, "phone": person.phone, "role": person.role, "place": person.place_name},
        "why": rendered([_why(row), *person_reasons(person)], SAID),
    }


def _why(row: Row[Any]) -> Reason:
    if row.away is None:
        return {"code": "no_lead" if row.has_people else "no_duty"}
    if row.substitute is None:
        return {"code": "lead_away", "away": row.away}
    return {"code": "substitute_away", "away": row.away, "substitute": row.substitute}

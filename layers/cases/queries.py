"""Reading one case."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from data.sql import statement
from layers.cases.events import told
from layers.cases.reasons import rendered
from layers.errors import NotFound

_MOST_DIGITS = 18


def detail(session: Session, number: str) -> dict[str, Any]:
    """All there is to know of one case, reasons and events as sentences in both languages: one statement.

    Raises:
        NotFound: No case has this number.
    """
    is_number = number.isascii() and number.isdecimal() and len(number) <= _MOST_DIGITS
    row = session.execute(statement("case_detail"), {"id": int(number)}).mappings().one_or_none() if is_number else None
    if row is None:
        raise NotFound("unknown_case", f"There is no case with the number {number[:40]}.", field="number", value=number)
    roles = (reason["role"] for reason in row["reasons"] if "role" in reason)
    return {
        **row,
        "person": row["person"] and {**row["person"], "role": next(roles, None)},
        "reasons": rendered(row["reasons"]),
        "events": [told(event) for event in row["events"]],
    }

"""Reading one case."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from data.sql import statement
from layers.actor import RESIDENT
from layers.cases.effects import open_steps
from layers.cases.events import told
from layers.cases.fields import number_in
from layers.cases.loop import states
from layers.cases.reasons import rendered
from layers.cases.replay import Standing
from layers.errors import NotFound


def detail(session: Session, number: str, *, roles: Collection[str] = (RESIDENT,)) -> dict[str, Any]:
    """All there is to know of one case, reasons and events as sentences in both languages: one statement.

    Args:
        session: An open session.
        number: Its number.
        roles: Whose possible steps are told.

    Raises:
        NotFound: No case has this number.
    """
    row = session.execute(statement("case_detail"), {"id": case_id(number)}).mappings().one_or_none()
    if row is None:
        raise unknown_case(number)
    found = dict(row)
    standing = Standing(found["state"], found["paused_state"], returns=found["returns"])
    possible = open_steps(standing, roles, most_returns=found.pop("most_returns"))
    state = states()[standing.state]
    by_role = (reason["role"] for reason in found["reasons"] if "role" in reason)
    return {
        **found,
        "state_names": {"zh": state.zh, "en": state.en},
        "stage": standing.stage,
        "person": found["person"] and {**found["person"], "role": next(by_role, None)},
        "reasons": rendered(found["reasons"]),
        "events": [told(event) for event in found["events"]],
        "allowed": [
            {"step": step.name, "zh": step.zh, "en": step.en, "needs": step.needs, "may": step.may} for step in possible
        ],
    }


def case_id(number: str) -> int:
    """A case's number as a number.

    Raises:
        NotFound: `unknown_case`: it is none.
    """
    found = number_in(number)
    if found is None:
        raise unknown_case(number)
    return found


def unknown_case(number: str) -> NotFound:
    """What whoever asks for a case is told that is not there."""
    return NotFound("unknown_case", f"There is no case with the number {number[:40]}.", field="number", value=number)


def plain(answer: dict[str, Any]) -> dict[str, Any]:
    """The same in plain JSON, instants as texts: what can be stored and comes back as it was."""
    found: dict[str, Any] = json.loads(json.dumps(answer, default=datetime.isoformat))
    return found

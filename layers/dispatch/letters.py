"""Letters that ask a department in for a talk: drafted by the program, decided on by a person, sent by nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from data.sql import statement
from data.tables import Letter
from data.tables.loop import LETTER_STATES
from gis.errors import BadInput
from layers.actor import Actor
from layers.cases.notices import CONSECUTIVE
from layers.dispatch.cities import city
from layers.errors import Conflict, Forbidden, NotFound

# What is decided -> the state of the letter then.
DECISIONS = {"send": "sent", "drop": "dropped"}
_DECIDE = ("supervisor", "administrator")
_TEXT = {
    "zh": "{department}:贵单位就下列案件被两次通报,现请贵单位前来约谈。案件:{cases}。",
    "en": "{department}: you are asked to come to a talk, because two notices were given about these cases: {cases}.",
}


def letters(session: Session, *, tree: str | None = None, state: str | None = None) -> list[dict[str, Any]]:
    """Letters, the newest first, each with its text in both languages and the notices that led to it.

    Args:
        session: An open session.
        tree: Only those of this city.
        state: Only those in this state.

    Raises:
        BadInput: `unknown_word`.
        NotFound: `unknown_tree`.
    """
    if tree is not None:
        city(session, tree)
    if state is not None and state not in LETTER_STATES:
        known = ", ".join(LETTER_STATES)
        raise BadInput(
            "unknown_word", f"'{state}' is no state of a letter. Known: {known}.", field="state", value=state
        )
    return _told(session, tree=tree, state=state, letter=None)


def decide(session: Session, actor: Actor, number: int, decision: str, *, note: str | None = None) -> dict[str, Any]:
    """Record that a person sent a letter, or dropped it; the program itself sends none.

    Args:
        session: An open session.
        actor: Who decided.
        number: Number of the letter.
        decision: send or drop.
        note: Why, or how it was sent.

    Raises:
        BadInput: `unknown_word`.
        Forbidden: `letter_role`.
        NotFound: `unknown_letter`.
        Conflict: `letter_decided`.
    """
    if not set(_DECIDE) & set(actor.roles):
        raise Forbidden("letter_role", f"Letters are decided on by {' or '.join(_DECIDE)}.", field="X-Role")
    if decision not in DECISIONS:
        known = ", ".join(DECISIONS)
        detail = f"'{decision[:40]}' is no decision on a letter. Known: {known}."
        raise BadInput("unknown_word", detail, field="decision", value=decision)
    found = session.get(Letter, number, with_for_update=True)
    if found is None:
        raise NotFound("unknown_letter", f"There is no letter {number}.", field="letter", value=number)
    if found.state != "draft":
        raise Conflict(
            "letter_decided",
            f"The letter was {found.state} already, by {found.decided_by}.",
            field="letter",
            value=number,
            values={"state": found.state, "by": found.decided_by},
        )
    found.state, found.decided_by, found.note = DECISIONS[decision], actor.name, note
    found.decided_at = datetime.now(UTC)
    session.flush()
    (told,) = _told(session, tree=None, state=None, letter=number)
    return told


def _told(session: Session, *, tree: str | None, state: str | None, letter: int | None) -> list[dict[str, Any]]:
    values = {"tree": tree, "state": state, "letter": letter, "within": CONSECUTIVE}
    rows = session.execute(statement("letters"), values).mappings()
    return [{**row, "text": _text(row["department"], row["cases"])} for row in rows]


def _text(department: dict[str, str], cases: Sequence[dict[str, Any]]) -> dict[str, str]:
    numbers = list(dict.fromkeys(one["number"] for one in cases))
    return {
        lang: form.format(department=department[lang], cases={"zh": "、", "en": ", "}[lang].join(numbers))
        for lang, form in _TEXT.items()
    }

"""Drafts of the plan scheme, edited and published; people who answer there, cases that lie there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from data.session import unit_of_work
from data.tables import Duty, Staff
from layers.actor import Actor
from layers.cases.intake import Report, receive
from layers.rezoning import drafts, editing
from layers.rezoning.carrying_out import Asked, Done
from layers.rezoning.publishing import publish
from tests.cluster import Database
from tests.plans_of_town import SCHEME, take_plan_scheme
from tests.town import FIRST, at

WANG, LI = Actor("wang", ("planner",)), Actor("li", ("planner",))
WHY = Asked(reason="too much work in P01")
EARLIER = datetime(2026, 5, 3, tzinfo=UTC)


def drafted(session: Session, *edits: dict[str, Any], scheme: str = SCHEME, name: str = "Summer") -> tuple[int, int]:
    """A draft with these edits: its number and its revision."""
    made = drafts.create(session, WANG, scheme=scheme, name=name)
    for edit in edits:
        editing.save_edit(session, WANG, made.id, edit, revision=made.revision)
    return made.id, made.revision


def first_draft(town: Database) -> Database:
    """The town with the plan scheme, and a draft of it, number 1."""
    with unit_of_work(town.app) as session:
        take_plan_scheme(session)
    assert a_draft(town, SCHEME) == 1
    return town


def a_draft(database: Database, scheme: str, **settings: Any) -> int:
    """A stored draft with these settings: its number."""
    with unit_of_work(database.app) as session:
        number, revision = drafted(session, scheme=scheme)
        if settings:
            drafts.change(session, WANG, number, revision=revision, settings=settings)
        return number


def saved(database: Database, draft: int, edit: dict[str, Any]) -> None:
    """Save an edit of a draft as it is now."""
    with unit_of_work(database.app) as session:
        revision = drafts.opened(session, draft).draft.revision
        editing.save_edit(session, WANG, draft, edit, revision=revision)


def published(session: Session, *edits: dict[str, Any], asked: Asked = WHY, scheme: str = SCHEME) -> Done:
    """Publish a new draft with these edits."""
    draft, revision = drafted(session, *edits, scheme=scheme)
    return publish(session, WANG, draft, revision=revision, asked=asked)


def lead(session: Session, code: str, person: str, *, scheme: str = SCHEME, **more: Any) -> None:
    """Let a person of the town lead a grid."""
    grid_id = grid_ids(session, scheme)[code]
    staff_id = session.query(Staff.id).where(Staff.staff_no == person).scalar()
    given = {"role": "grid_lead", "leads": True, "valid": Range(FIRST, None), **more}
    session.add(Duty(staff_id=staff_id, grid_id=grid_id, **given))
    session.flush()


def grid_ids(session: Session, scheme: str = SCHEME) -> dict[str, int]:
    """Code -> id of every grid of a scheme."""
    rows = session.execute(
        text("SELECT g.code, g.id FROM grids g JOIN schemes s ON s.id = g.scheme_id WHERE s.name = :name"),
        {"name": scheme},
    )
    return dict(rows.all())


def case_at(
    session: Session, column: float, row: float, *, state: str | None = None, when: datetime = EARLIER, **more: Any
) -> int:
    """A case in squares of the town; its number."""
    x, y = at(column, row)
    report = Report(**{"x": x, "y": y, "datum": "wgs84", "scheme": SCHEME, "occurred_at": when, **more})
    number = int(receive(session, WANG, report).answer["number"])
    if state is not None:
        reason = ", queue_reason = NULL" if state != "queued" else ""
        session.execute(text(f"UPDATE cases SET state = :state{reason} WHERE id = :id"), {"state": state, "id": number})
    return number


def case(session: Session, number: int) -> dict[str, Any]:
    """What is stored of a case, in words."""
    row = session.execute(
        text(
            """
            SELECT c.state, c.queue_reason, s.staff_no AS person, o.staff_no AS owner, t.code AS task, g.code AS grid,
                p.version, by.name AS routed_by
            FROM cases c JOIN placements p ON p.case_id = c.id AND p.routing JOIN schemes by ON by.id = p.scheme_id
            LEFT JOIN staff s ON s.id = c.staff_id LEFT JOIN staff o ON o.id = c.owner_staff_id
            LEFT JOIN grids t ON t.id = c.task_grid_id LEFT JOIN grids g ON g.id = p.grid_id WHERE c.id = :id
            """
        ),
        {"id": number},
    )
    return dict(row.mappings().one())


def last_event(session: Session, number: int) -> tuple[str, dict[str, Any]]:
    """Kind and detail of the last event of a case."""
    row = session.execute(
        text("SELECT kind, detail FROM case_events WHERE case_id = :id ORDER BY id DESC LIMIT 1"), {"id": number}
    )
    return tuple(row.one())

"""A case lies elsewhere, or a dispatcher gives it to another grid: its places, and who has it then."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.as_json import as_json
from data.sql import statement
from gis.errors import BadInput
from layers.actor import Actor
from layers.cases.assign import person_reasons
from layers.cases.fields import Told
from layers.cases.finding import judged, lie
from layers.cases.intake import placement_row
from layers.cases.reasons import OF_THE_PERSON, Reason
from layers.grids.lookup import GridRef
from layers.staff.duties import who_answers


def move_pin(session: Session, case: Row[Any], pin: Told, *, at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Place a case where its pin is now, by the boundaries of when it happened, in every scheme of its city.

    Who answers there gets it where another grid owns it than before; where nobody answers, it stays with who has it.

    Args:
        session: An open session that keeps publications away.
        case: A row of `data/sql/lock_cases.sql`.
        pin: Where it lies.
        at: When the pin is moved.

    Returns:
        New values of columns, and what the event tells.

    Raises:
        BadInput: Nothing can lie there.
    """
    places = lie(session, pin.stored, at=case.occurred_at, scheme=case.scheme)
    rows = [placement_row(place, routing=False) for place in places if place.covers]
    values = {"id": case.id, "lon": pin.stored.lon, "lat": pin.stored.lat, "placements": as_json(rows)}
    session.execute(statement("place_again"), values)
    # Which scheme routes it is the rule's of the day it came in: one that is newer has no say.
    session.execute(statement("route_again"), {"cases": [case.id]})
    routing = session.scalar(text("SELECT scheme_id FROM placements WHERE case_id = :id AND routing"), {"id": case.id})
    says = [place for place in places if place.scheme_id in (places[0].scheme_id, routing)]
    found = judged(session, pin.stored, says, scheme=case.scheme, at=case.occurred_at, now=at)
    place, decision = found.place, found.decision
    is_moved = place.grid is not None and place.today_grid_id != place.grid.id
    columns = {
        "reasons": decision.reasons,
        "task_grid_id": place.today_grid_id if is_moved else None,
        "owner_staff_id": found.answer and found.answer.owner_staff_id,
        "queue_reason": decision.queue_reason,
        "version": place.version,
    }
    if (place.grid.id if place.grid else None) != case.grid_id and decision.staff_id is not None:
        columns["staff_id"] = decision.staff_id
    return columns, {"before": {"lon": case.lon, "lat": case.lat}, "grid": place.grid and _words(place.grid)}


def override_grid(
    session: Session, actor: Actor, case: Row[Any], code: str, *, reason: str, at: datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give a case to another grid than the one that it lies in; where it lies stays on record.

    Args:
        session: An open session that keeps publications away.
        actor: Who chose it.
        case: A row of `data/sql/lock_cases.sql`.
        code: Code of the grid.
        reason: Why, for the record.
        at: When.

    Returns:
        New values of columns, and what the event tells.

    Raises:
        BadInput: `grid_not_there`.
    """
    values = {"id": case.id, "code": code, "actor": actor.name, "reason": reason}
    grid = session.execute(statement("override_grid"), values).one_or_none()
    if grid is None:
        raise BadInput(
            "grid_not_there",
            f"No grid of the code {code} has ground today in the scheme by which the case was sent.",
            field="grid",
            value=code,
        )
    answer = who_answers(session, [grid.id], at=at)[grid.id]
    person = answer if answer.staff_id is not None else None
    reasons: list[Reason] = [one for one in case.reasons if one["code"] not in OF_THE_PERSON]
    reasons += [{"code": "override", "grid": grid.name}, *person_reasons(person)]
    columns: dict[str, Any] = {
        "reasons": reasons,
        "task_grid_id": None,
        "queue_reason": None if person else "no_person",
    }
    if person is not None and grid.id != case.grid_id:
        columns["staff_id"] = person.staff_id
    return columns, {"grid": _words(grid)}


def _words(grid: GridRef | Row[Any]) -> dict[str, Any]:
    return {"grid_no": grid.grid_no, "code": grid.code, "name": grid.name}

"""One report comes in: datum, place, person, decision, and one statement that stores it all."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shapely import Point
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.sql import statement
from gis.datum import Position, to_position
from gis.errors import BadInput
from layers.actor import Actor
from layers.cases.assign import Decision, decide, routing_place
from layers.cases.reasons import render
from layers.errors import Conflict, NotFound
from layers.grids.lookup import GridRef, Place, places_at
from layers.grids.schemes import DEFAULT_SCHEME
from layers.staff.duties import Answer, who_answers

# Clocks of phones run ahead a little.
CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report as it came in; `x` and `y` in the declared datum."""

    x: float
    y: float
    datum: str
    scheme: str = DEFAULT_SCHEME
    source: str = "resident"
    category: str | None = None
    description: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True)
class Claim:
    """An idempotency key with a fingerprint of the request's body."""

    key: str
    body_hash: str


def receive(session: Session, actor: Actor, report: Report, *, claim: Claim | None = None) -> dict[str, Any]:
    """Take one report in and answer where it went and why: at most four statements.

    Nothing is refused for want of a grid near by or a person: such a case is queued with its reason.

    Args:
        session: An open session; the caller commits before answering.
        actor: Who reports.
        report: The report.
        claim: Makes a repeat return the first answer.

    Raises:
        BadInput: The position or time cannot be used.
        NotFound: No such scheme.
        Conflict: The key was used with another body.
    """
    received_at = datetime.now(UTC)
    occurred_at = report.occurred_at or received_at
    if occurred_at > received_at + CLOCK_TOLERANCE:
        raise BadInput(
            "in_the_future",
            f"occurred_at {occurred_at.isoformat()} lies in the future.",
            field="occurred_at",
            value=occurred_at.isoformat(),
        )
    position = to_position(report.x, report.y, datum=report.datum)
    places = _places(session, position, at=occurred_at, scheme=report.scheme)
    place = routing_place(places)
    answer = answer_for(session, place, at=received_at, occurred_at=occurred_at)
    decision = decide(places, answer, datum=report.datum)
    body = answer_body(report.scheme, place, decision, answer)
    events = [
        {"at": received_at.isoformat(), "kind": "received", "detail": {"source": report.source}},
        {
            "at": received_at.isoformat(),
            "kind": decision.state,
            "detail": {"queue_reason": decision.queue_reason, "staff_id": decision.staff_id},
        },
    ]
    moved = place.grid is not None and place.today_grid_id != place.grid.id
    number = session.execute(
        statement("insert_case"),
        {
            "actor": actor.name,
            "role": actor.role,
            "key": claim.key if claim else None,
            "body_hash": claim.body_hash if claim else None,
            "answer": json.dumps(body),
            "tree": place.tree,
            "scheme_id": places[0].scheme_id,
            "source": report.source,
            "category": report.category,
            "description": report.description,
            "state": decision.state,
            "queue_reason": decision.queue_reason,
            "occurred_at": occurred_at,
            "occurred_precision": "instant",
            "received_at": received_at,
            "raw_x": report.x,
            "raw_y": report.y,
            "raw_datum": report.datum,
            "staff_id": decision.staff_id,
            "owner_staff_id": decision.owner_staff_id,
            "task_grid_id": place.today_grid_id if moved else None,
            "reasons": json.dumps(decision.reasons),
            "lon": position.lon,
            "lat": position.lat,
            "version": place.version,
            "events": json.dumps(events),
            "placements": json.dumps([_placement(p, routing=p is place) for p in places if p.covers]),
        },
    ).scalar()
    if number is not None:
        return body | {"number": number}
    assert claim is not None  # only a claimed key keeps the row from being written
    return _first_answer(session, actor, claim)


def _places(session: Session, position: Position, *, at: datetime, scheme: str) -> list[Place]:
    try:
        return places_at(session, position.lon, position.lat, at=at, scheme=scheme)
    except BadInput as error:
        if error.code == "too_far" and _swapping_fits(session, position, at=at, scheme=scheme):
            raise BadInput(
                "too_far",
                f"{error.detail} Swapped? With the two coordinates exchanged it would lie inside.",
                field=error.field,
                value=error.value,
                where=Point(position.lon, position.lat),
                values=error.values | {"hint": "swapped"},
            ) from None
        raise


def _swapping_fits(session: Session, position: Position, *, at: datetime, scheme: str) -> bool:
    if abs(position.lon) > 90:
        return False
    try:
        places_at(session, position.lat, position.lon, at=at, scheme=scheme)
    except BadInput:
        return False
    return True


def answer_for(session: Session, place: Place, *, at: datetime, occurred_at: datetime) -> Answer | None:
    """Who answers for a place; None where there is no grid to answer for."""
    if place.grid is None or place.today_grid_id is None:
        return None
    answers = who_answers(session, {place.today_grid_id, place.grid.id}, at=at, occurred_at=occurred_at)
    return replace(answers[place.today_grid_id], owner_staff_id=answers[place.grid.id].owner_staff_id)


def _placement(place: Place, *, routing: bool) -> dict[str, Any]:
    return {
        "scheme_id": place.scheme_id,
        "version": place.version,
        "grid_id": place.grid.id if place.grid else None,
        "nearest_grid_id": place.nearest.id if place.nearest else None,
        "outside_m": place.outside_m,
        "edge_distance_m": place.edge_distance_m,
        "near_border": place.near_border,
        "second_grid_id": place.second.id if place.second else None,
        "routing": routing,
    }


def answer_body(scheme: str, place: Place, decision: Decision, answer: Answer | None) -> dict[str, Any]:
    """What a reporter is told of the decision, without the number."""
    person = None
    if answer is not None and answer.staff_id is not None:
        person = {"name": answer.name, "phone": answer.phone, "role": answer.role}
    return {
        "state": decision.state,
        "queue_reason": decision.queue_reason,
        "scheme": scheme,
        "version": place.version,
        "grid": grid_body(place.grid),
        "nearest_grid": grid_body(place.nearest),
        "outside_m": place.outside_m,
        "edge_distance_m": place.edge_distance_m,
        "near_border": place.near_border,
        "second_grid": grid_body(place.second),
        "person": person,
        "reasons": [
            {**reason, "zh": render(reason, lang="zh"), "en": render(reason, lang="en")} for reason in decision.reasons
        ],
    }


def grid_body(grid: GridRef | None) -> dict[str, Any] | None:
    """A grid in an answer."""
    return None if grid is None else {"code": grid.code, "name": grid.name}


def _first_answer(session: Session, actor: Actor, claim: Claim) -> dict[str, Any]:
    row = session.execute(
        text("SELECT body_hash, answer FROM idempotency_keys WHERE actor = :actor AND key = :key"),
        {"actor": actor.name, "key": claim.key},
    ).one_or_none()
    if row is None:
        raise NotFound(
            "key_gone",
            "The first request with this Idempotency-Key did not finish; send it again.",
            field="Idempotency-Key",
            value=claim.key,
        )
    if row.body_hash != claim.body_hash:
        raise Conflict(
            "key_reused",
            "This Idempotency-Key came before with another body; use a new key for a new report.",
            field="Idempotency-Key",
            value=claim.key,
        )
    first: dict[str, Any] = row.answer
    return first

"""One report comes in: place, person, decision, and one statement that stores it all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.sql import statement
from gis.errors import BadInput
from layers.actor import Actor
from layers.cases.finding import Finding, described, find
from layers.errors import Conflict, NotFound, Unavailable
from layers.grids.lookup import Place
from layers.grids.schemes import DEFAULT_SCHEME

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


@dataclass(frozen=True)
class Receipt:
    """What a reporter is told.

    Attributes:
        answer: Where the case went and why, with its number.
        is_replay: Whether this is the answer to an earlier request with the same key.
    """

    answer: dict[str, Any]
    is_replay: bool = False


def receive(session: Session, actor: Actor, report: Report, *, claim: Claim | None = None) -> Receipt:
    """Take one report in and answer where it went and why: at most four statements.

    Nothing is refused for want of a grid near by or a person: such a case is queued with its reason. Where boundaries
    were published between finding and storing, it is found again by those.

    Args:
        session: An open session; the caller commits before answering.
        actor: Who reports.
        report: The report.
        claim: Makes a repeat return the first answer.

    Raises:
        BadInput: The position or time cannot be used.
        NotFound: No such scheme.
        Conflict: The key was used with another body.
        Unavailable: The first request with the key was undone.
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

    def found_and_stored() -> tuple[dict[str, Any], Row[Any]]:
        found = find(
            session, report.x, report.y, datum=report.datum, scheme=report.scheme, at=occurred_at, now=received_at
        )
        answer = {"state": found.decision.state, "queue_reason": found.decision.queue_reason, **described(found)}
        values = _values(found, report, occurred_at=occurred_at, received_at=received_at)
        return answer, session.execute(statement("insert_case"), values | _claimed(actor, claim, answer)).one()

    try:
        answer, stored = found_and_stored()
        if not stored.is_current:
            # From here on the guard keeps publications away, so the second time is the last.
            answer, stored = found_and_stored()
    except (BadInput, NotFound):
        # What was good the first time stays good for a repeat, whatever has changed since.
        if first := _first_answer(session, actor, claim):
            return Receipt(first, is_replay=True)
        raise
    if stored.number is not None:
        return Receipt({**answer, "number": stored.number})
    first = _first_answer(session, actor, claim)
    if first is None:
        raise Unavailable("key_gone", "The first request with this Idempotency-Key was undone; send it again.")
    return Receipt(first, is_replay=True)


def _claimed(actor: Actor, claim: Claim | None, answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "actor": actor.name,
        "role": actor.role,
        "key": claim.key if claim else None,
        "body_hash": claim.body_hash if claim else None,
        "answer": json.dumps(answer),
    }


def _values(found: Finding, report: Report, *, occurred_at: datetime, received_at: datetime) -> dict[str, Any]:
    place, decision = found.place, found.decision
    moved = place.grid is not None and place.today_grid_id != place.grid.id
    return {
        "tree": place.tree,
        "scheme_id": found.places[0].scheme_id,
        "source": report.source,
        "category": report.category,
        "description": report.description,
        "state": decision.state,
        "queue_reason": decision.queue_reason,
        "occurred_at": occurred_at,
        "occurred_precision": "instant" if report.occurred_at else "received",
        "received_at": received_at,
        "raw_x": report.x,
        "raw_y": report.y,
        "raw_datum": found.position.datum,
        "staff_id": decision.staff_id,
        "owner_staff_id": decision.owner_staff_id,
        "task_grid_id": place.today_grid_id if moved else None,
        "reasons": json.dumps(decision.reasons),
        "lon": found.position.lon,
        "lat": found.position.lat,
        "version": place.version,
        "events": json.dumps(_events(found, report, at=received_at)),
        "judged_by": json.dumps(place.city_versions),
        "placements": json.dumps([_placement(p, routing=p is place) for p in found.places if p.covers]),
    }


def _events(found: Finding, report: Report, *, at: datetime) -> list[dict[str, Any]]:
    decided = {"queue_reason": found.decision.queue_reason, "staff_id": found.decision.staff_id}
    return [
        {"at": at.isoformat(), "kind": "received", "detail": {"source": report.source}},
        {"at": at.isoformat(), "kind": found.decision.state, "detail": decided},
    ]


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


def _first_answer(session: Session, actor: Actor, claim: Claim | None) -> dict[str, Any] | None:
    if claim is None:
        return None
    row = session.execute(
        text("SELECT body_hash, answer FROM idempotency_keys WHERE actor = :actor AND key = :key"),
        {"actor": actor.name, "key": claim.key},
    ).one_or_none()
    if row is not None and row.body_hash != claim.body_hash:
        raise Conflict(
            "key_reused",
            "This Idempotency-Key came before with another body; use a new key for a new report.",
            field="Idempotency-Key",
            value=claim.key,
        )
    return None if row is None else row.answer

"""One report comes in: place, person, decision, and one statement that stores it all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from data.as_json import as_json
from data.prepared import execute_prepared
from gis.errors import BadInput
from layers.actor import Actor
from layers.cases.claims import Claim, Receipt, first_answer
from layers.cases.duplicates import search
from layers.cases.finding import Finding, described, find
from layers.cases.ruling import Ruling, known_catalogue, learn, rule_on
from layers.errors import NotFound, Unavailable
from layers.grids.lookup import Place
from layers.grids.schemes import DEFAULT_SCHEME
from layers.matters.held import Edition

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
    urgency: str = "normal"


def receive(session: Session, actor: Actor, report: Report, *, claim: Claim | None = None) -> Receipt:
    """Take one report in and answer where it went, why and by when: at most four statements.

    Nothing is refused for want of a grid near by or a person: such a case is queued with its reason. Where boundaries
    or a catalogue were published between finding and storing, it is judged again by those.

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

    times = {"occurred_at": occurred_at, "received_at": received_at}
    try:
        answer, stored = _judge_and_store(session, actor, report, claim, **times)
        if not stored.is_current:
            # From here on the locks keep publications away, so the second time is the last.
            answer, stored = _judge_and_store(session, actor, report, claim, **times)
    except (BadInput, NotFound):
        # What was good the first time stays good for a repeat, whatever has changed since.
        if first := first_answer(session, actor, claim):
            return Receipt(first, is_replay=True)
        raise
    if stored.number is not None:
        return Receipt({**answer, "number": stored.number, "duplicates": stored.duplicates})
    first = first_answer(session, actor, claim)
    if first is None:
        raise Unavailable("key_gone", "The first request with this Idempotency-Key was undone; send it again.")
    return Receipt(first, is_replay=True)


def _judge_and_store(
    session: Session, actor: Actor, report: Report, claim: Claim | None, *, occurred_at: datetime, received_at: datetime
) -> tuple[dict[str, Any], Any]:
    """The answer but for its number, and the row that comes back from `data/sql/insert_case.sql`."""
    found = find(session, report.x, report.y, datum=report.datum, scheme=report.scheme, at=occurred_at, now=received_at)
    ruling = rule_on(
        found,
        known_catalogue(session, found.place.tree),
        category=report.category,
        source=report.source,
        urgency=report.urgency,
        at=received_at,
    )
    answer = {**described(replace(found, decision=ruling.decision)), **ruling.described()}
    values = _values(found, ruling, report, occurred_at=occurred_at)
    (stored,) = execute_prepared(session, "insert_case", values | _claimed(actor, claim, answer))
    if not stored.is_current:
        learn(session, found.place.tree, Edition(*stored[1:6]) if stored.edition_id else None)
    return answer, stored


def _claimed(actor: Actor, claim: Claim | None, answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "actor": actor.name,
        "role": actor.role,
        "key": claim.key if claim else None,
        "body_hash": claim.body_hash if claim else None,
        "answer": as_json(answer) if claim else None,
    }


def _values(found: Finding, ruling: Ruling, report: Report, *, occurred_at: datetime) -> dict[str, Any]:
    place, decision, rule = found.place, ruling.decision, ruling.rule
    moved = place.grid is not None and place.today_grid_id != place.grid.id
    edition, facts, face = ruling.catalogue and ruling.catalogue.edition, ruling.facts, ruling.derived.face
    return search(rule, facts.matter_id, lat=found.position.lat, occurred_at=occurred_at) | {
        "tree": place.tree,
        "scheme_id": found.places[0].scheme_id,
        "source": report.source,
        "category": report.category,
        "description": report.description,
        "state": decision.state,
        "queue_reason": decision.queue_reason,
        "occurred_at": occurred_at,
        "occurred_precision": "instant" if report.occurred_at else "received",
        "received_at": facts.received_at,
        "raw_x": report.x,
        "raw_y": report.y,
        "raw_datum": found.position.datum,
        "staff_id": decision.staff_id,
        "owner_staff_id": decision.owner_staff_id,
        "task_grid_id": place.today_grid_id if moved else None,
        "reasons": as_json(decision.reasons),
        "lon": found.position.lon,
        "lat": found.position.lat,
        "version": place.version,
        "matter_id": facts.matter_id,
        "urgency": facts.urgency,
        "place_class": facts.place_class,
        "department_id": rule and rule.department_id,
        "assisting": list(rule.assisting) if rule else [],
        "clock": face.clock,
        "due_at": face.due_at,
        "due_milestone": face.due_milestone,
        "clocks": as_json(ruling.derived.clock_rows()),
        "events": as_json([vars(event) for event in ruling.events]),
        "judged_by": as_json(place.city_versions),
        "placements": as_json([placement_row(p, routing=p is place) for p in found.places if p.covers]),
        "catalogue_id": edition and edition.id,
        "first_day": edition and edition.first_day,
        "last_day": edition and edition.last_day,
    }


def placement_row(place: Place, *, routing: bool) -> dict[str, Any]:
    """A row of `placements` but for the case's number."""
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

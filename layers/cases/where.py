"""Where would a case go? The same look-ups and decision as intake, with nothing stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from layers.cases.assign import Decision, decide, routing_place
from layers.cases.intake import answer_body, answer_for
from layers.grids.lookup import places_at
from layers.staff.duties import Answer


@dataclass(frozen=True)
class Whereabouts:
    """The answer to "who owns this place?"."""

    decision: Decision
    answer: Answer | None
    body: dict[str, Any]


def whereabouts(
    session: Session, lon: float, lat: float, *, at: datetime, scheme: str, datum: str = "wgs84"
) -> Whereabouts:
    """Who owns a place at an instant, and who answers there today.

    Args:
        session: An open session.
        lon: Degrees east on the lattice.
        lat: Degrees north on the lattice.
        at: The instant whose boundaries judge.
        scheme: Name of the routing scheme.
        datum: The datum the position was given in, for the reasons.
    """
    places = places_at(session, lon, lat, at=at, scheme=scheme)
    place = routing_place(places)
    answer = answer_for(session, place, at=datetime.now(UTC), occurred_at=at)
    decision = decide(places, answer, datum=datum)
    body = answer_body(scheme, place, decision, answer)
    return Whereabouts(decision, answer, {"position": {"lon": lon, "lat": lat}, "at": at.isoformat(), **body})

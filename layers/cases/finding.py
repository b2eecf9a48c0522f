"""Where one point lies, who answers there and why: the same for a report and for a mere question."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shapely import Point
from sqlalchemy.orm import Session

from gis.datum import Position, to_position
from gis.errors import BadInput
from layers.cases.assign import Decision, decide, routing_place
from layers.cases.reasons import rendered
from layers.grids.lookup import GridRef, Place, places_at
from layers.staff.duties import Answer, who_answers


@dataclass(frozen=True)
class Finding:
    """What is found for one point.

    Attributes:
        position: Where it is in the stored CRS, with the method of conversion.
        scheme: The scheme asked for.
        places: Where it lies, that scheme first, then the other schemes of its city.
        place: The one of them that routes.
        answer: Who answers there; None outside every grid.
        decision: What becomes of a report from there.
    """

    position: Position
    scheme: str
    places: list[Place]
    place: Place
    answer: Answer | None
    decision: Decision


def find(session: Session, x: float, y: float, *, datum: str, scheme: str, at: datetime, now: datetime) -> Finding:
    """Find out about one point in two queries.

    Args:
        session: An open session.
        x: Longitude or easting in the declared datum.
        y: Latitude or northing.
        datum: The declared datum.
        scheme: Name of the scheme that routes.
        at: The instant whose boundaries judge.
        now: The instant whose duties decide on the person.

    Raises:
        BadInput: The position cannot be used, is too far away, or the scheme had no boundaries then.
        NotFound: No such scheme.
    """
    position = to_position(x, y, datum=datum)
    return judged(session, position, lie(session, position, at=at, scheme=scheme), scheme=scheme, at=at, now=now)


def judged(
    session: Session, position: Position, places: list[Place], *, scheme: str, at: datetime, now: datetime
) -> Finding:
    """Who answers for a point that was placed, and what becomes of a report from there: one query.

    Args:
        session: An open session.
        position: The point.
        places: Where it lies, the scheme asked for first.
        scheme: Its name.
        at: The instant whose boundaries judged.
        now: The instant whose duties decide on the person.
    """
    place = routing_place(places)
    answer = _answer(session, place, at=at, now=now)
    return Finding(position, scheme, places, place, answer, decide(places, answer, datum=position.datum))


def described(found: Finding) -> dict[str, Any]:
    """What a caller is told of it."""
    place = found.place
    return {
        "position": {"lon": found.position.lon, "lat": found.position.lat},
        "datum": {
            "declared": found.position.datum,
            "method": found.position.method,
            "error_m": found.position.error_m,
        },
        "scheme": found.scheme,
        "routed_by": place.scheme,
        "version": place.version,
        "grid": _grid(place.grid),
        "nearest_grid": _grid(place.nearest),
        "outside_m": place.outside_m,
        "edge_distance_m": place.edge_distance_m,
        "near_border": place.near_border,
        "second_grid": _grid(place.second),
        "person": _person(found.answer),
        "reasons": rendered(found.decision.reasons),
    }


def _grid(grid: GridRef | None) -> dict[str, Any] | None:
    return None if grid is None else {"grid_no": grid.grid_no, "code": grid.code, "name": grid.name}


def _person(answer: Answer | None) -> dict[str, Any] | None:
    if answer is None or answer.staff_id is None:
        return None
    return {"name": answer.name, "phone": answer.phone, "role": answer.role}


def lie(session: Session, position: Position, *, at: datetime, scheme: str) -> list[Place]:
    """Where a point lies in the named scheme, then in the others of its city: one query, two before it is refused.

    Raises:
        BadInput: It is too far away, or the scheme had no boundaries then.
        NotFound: No such scheme.
    """
    try:
        return places_at(session, position.lon, position.lat, at=at, scheme=scheme)
    except BadInput as error:
        if error.code != "too_far" or not _swapping_fits(session, position, at=at, scheme=scheme):
            raise
        raise BadInput(
            "too_far",
            f"{error.detail} Swapped? With the two coordinates exchanged it would lie inside.",
            field=error.field,
            value=error.value,
            where=Point(position.lon, position.lat),
            values=error.values | {"hint": "swapped"},
        ) from None


def _swapping_fits(session: Session, position: Position, *, at: datetime, scheme: str) -> bool:
    if abs(position.lon) > 90:
        return False
    try:
        places_at(session, position.lat, position.lon, at=at, scheme=scheme)
    except BadInput:
        return False
    return True


def _answer(session: Session, place: Place, *, at: datetime, now: datetime) -> Answer | None:
    if place.grid is None or place.today_grid_id is None:
        return None
    answers = who_answers(session, {place.today_grid_id, place.grid.id}, at=now, occurred_at=at)
    return replace(answers[place.today_grid_id], owner_staff_id=answers[place.grid.id].owner_staff_id)

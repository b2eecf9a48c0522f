"""The decision: from where a case lies and who answers there to its grid, person, state and reasons. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from layers.cases.reasons import Reason
from layers.grids.lookup import Place
from layers.staff.duties import Answer

_OPEN = ("reported", "queued")


@dataclass(frozen=True)
class Decision:
    """What becomes of a case.

    Attributes:
        state: Its state after the decision.
        queue_reason: Why it waits for a dispatcher; None unless the state is 'queued'.
        staff_id: Who gets the task today; None when nobody does.
        owner_staff_id: Who led the owning grid when it happened, where that is another person.
        reasons: Codes with values, in the order they apply.
    """

    state: str
    queue_reason: str | None
    staff_id: int | None
    owner_staff_id: int | None
    reasons: list[Reason]

    def with_state(self, asked: str) -> Decision:
        """The same decision for a report that came with a state: history keeps its own.

        Only what is still 'reported' or 'queued' is dispatched or queued anew.
        """
        if asked in _OPEN:
            return self
        return Decision(asked, None, self.staff_id, self.owner_staff_id, self.reasons)


def routing_place(places: Sequence[Place]) -> Place:
    """The place that routes: a partial scheme that covers the point, by priority, else the first one."""
    partial = [p for p in places[1:] if p.extent == "partial" and p.grid is not None and p.priority > 0]
    return max(partial, key=lambda p: p.priority, default=places[0])


def decide(places: Sequence[Place], answer: Answer | None, *, datum: str = "wgs84") -> Decision:
    """Decide on one case.

    Args:
        places: Where it lies: the routing scheme first, then the other schemes of the city.
        answer: Who answers for the grid that gets the task; None when it lies in no grid.
        datum: The declared datum, noted as a reason where it needed converting.
    """
    place = routing_place(places)
    person = answer if answer is not None and answer.staff_id is not None else None
    reasons = _place_reasons(place, over=places[0])
    if place.grid is not None:
        reasons += person_reasons(person)
    if datum.lower() not in ("wgs84", "cgcs2000", "epsg:4326", "epsg:4490"):
        reasons.append({"code": "datum", "datum": datum})
    queue_reason = None
    if place.grid is None:
        queue_reason = "outside"
    elif person is None:
        queue_reason = "no_person"
    state = "queued" if queue_reason else "dispatched"
    owner = answer.owner_staff_id if answer else None
    staff_id = person.staff_id if person else None
    return Decision(state, queue_reason, staff_id, owner if owner != staff_id else None, reasons)


def _place_reasons(place: Place, *, over: Place) -> list[Reason]:
    if place.grid is None:
        nearest = place.nearest.name if place.nearest else ""
        return [{"code": "outside", "nearest": nearest, "outside_m": place.outside_m}]
    reasons: list[Reason] = []
    if place.scheme_id != over.scheme_id:
        reasons.append({"code": "partial_wins", "grid": place.grid.name, "scheme": place.scheme})
    if place.edge_distance_m == 0:
        reasons.append({"code": "on_border", "grid": place.grid.name})
    else:
        reasons.append({"code": "inside", "grid": place.grid.name})
    if place.near_border:
        near: Reason = {"code": "near_outer_border", "edge_distance_m": place.edge_distance_m}
        if place.second:
            near |= {"code": "near_border", "second": place.second.name}
        reasons.append(near)
    if place.today_grid_id != place.grid.id:
        reasons.append({"code": "boundary_then", "version": place.version})
        if place.today_grid_id is not None:
            reasons.append({"code": "moved_to_today"})
    return reasons


def person_reasons(person: Answer | None) -> list[Reason]:
    """Why this person gets the task, or why nobody does."""
    if person is None:
        return [{"code": "no_person"}]
    if person.climb:
        return [{"code": "next_level", "place": person.place_name, "role": person.role}]
    if person.via == "substitute":
        return [{"code": "substitute", "absent": person.stands_in_for, "role": person.role}]
    if person.via == "deputy":
        return [{"code": "deputy", "place": person.place_name, "role": person.role}]
    return [{"code": "lead", "place": person.place_name, "role": person.role}]

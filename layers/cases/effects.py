"""What a step does to a case, worked out from its row, its events and what was said; pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gis.errors import BadInput
from layers.cases.derived import Derived, Facts, derive
from layers.cases.fields import Told
from layers.cases.loop import Step, allowed
from layers.cases.replay import Happening, Standing
from layers.errors import Conflict
from layers.matters.held import Catalogue
from layers.matters.limits import END

# Why a case waits for a dispatcher where the decision at intake, or new boundaries, put it there.
OUTSIDE, NO_PERSON = "outside", "no_person"
# Met by the step of its name, so nobody says that it was reached.
_MET_BY_A_STEP = ("accept", END)


@dataclass(frozen=True)
class CaseRow:
    """What steps read of a case and write to it; the names are those of the columns."""

    id: int
    tree: str
    revision: int
    queue_reason: str | None
    staff_id: int | None
    department_id: int | None
    assisting: tuple[int, ...]
    facts: Facts


@dataclass(frozen=True)
class Owner:
    """A person or a department that was looked up, with the words in which events tell of it."""

    words: Mapping[str, Any]
    staff_id: int | None = None
    department_id: int | None = None

    def has(self, case: CaseRow) -> bool:
        """Whether the case is with this one already."""
        if self.department_id is not None:
            return case.department_id == self.department_id
        return case.department_id is None and case.staff_id == self.staff_id


@dataclass(frozen=True)
class Change:
    """What a step makes of a case: the new values of columns, the event, and all clocks."""

    columns: Mapping[str, Any]
    event: Happening
    derived: Derived


def open_steps(standing: Standing, roles: Collection[str], *, most_returns: int | None) -> tuple[Step, ...]:
    """The steps that people of these roles may take with a case, as it stands."""
    return tuple(
        step
        for step in allowed(standing.state, roles)
        if step.guard is None or _GUARDS[step.guard](standing, most_returns)
    )


def require_open(step: Step, standing: Standing, roles: Collection[str], *, most_returns: int | None) -> None:
    """Refuse a step that does not fit.

    Raises:
        Conflict: `step_not_allowed`, with the steps that are.
    """
    possible = open_steps(standing, roles, most_returns=most_returns)
    if step in possible:
        return
    why = f"is {standing.state}"
    if standing.state in step.sources:
        why += f" and was returned {standing.returns} times, so that only a referee settles who is responsible"
    names = [one.name for one in possible]
    raise Conflict(
        "step_not_allowed",
        f"The case {why}; {step.name} is not possible now. Possible are: {', '.join(names) or 'none'}.",
        field="step",
        value=step.name,
        values={"state": standing.state, "allowed": names},
    )


def changed(
    case: CaseRow,
    events: Sequence[Happening],
    step: Step,
    said: Mapping[str, Any],
    catalogue: Catalogue | None,
    *,
    at: datetime,
) -> Change:
    """What a step that is possible makes of a case.

    Args:
        case: The case.
        events: Its events so far.
        step: The step.
        said: Its fields, looked up: an `Owner` for who was named, a number for a case.
        catalogue: The one that held when the case came in.
        at: When the step is taken.

    Raises:
        BadInput: `milestone_not_open`, or `owner_unchanged`.
    """
    before = derive(case.facts, events, catalogue)
    _require_sense(case, before, said)
    state = step.target(before.standing.state, before.standing.paused_state)
    detail = {"from": before.standing.state, "to": state} | {name: _in_words(value) for name, value in said.items()}
    event = Happening(at, step.name, detail)
    after = derive(case.facts, [*events, event], catalogue)
    columns: dict[str, Any] = {
        "queue_reason": case.queue_reason,
        "staff_id": case.staff_id,
        "department_id": case.department_id,
        "assisting": list(case.assisting),
    }
    if state != before.standing.state:
        # Queued by a step: the step is the reason.
        columns["queue_reason"] = step.name if state == "queued" else None
    for name, effect in _EFFECTS.items():
        if name in said:
            columns |= effect(columns, said[name])
    return Change(columns | after.columns(), event, after)


def _require_sense(case: CaseRow, before: Derived, said: Mapping[str, Any]) -> None:
    if "milestone" in said:
        stage = before.standing.stage
        rounds = [one.round for one in before.clocks if one.stage == stage]
        unmet = [
            one.milestone
            for one in before.clocks
            if (one.stage, one.round) == (stage, max(rounds)) and one.met_at is None and not one.void
        ]
        names = [name for name in unmet if name not in _MET_BY_A_STEP]
        if said["milestone"] not in names:
            raise BadInput(
                "milestone_not_open",
                f"No milestone of this name is left in this round; left are: {', '.join(names) or 'none'}.",
                field="milestone",
                value=said["milestone"],
                values={"milestones": names},
            )
    right = said.get("right_owner")
    if right is not None and right.has(case):
        raise BadInput(
            "owner_unchanged",
            "The right owner named is who has the case; name who should have it instead.",
            field="right_owner",
            values=dict(right.words),
        )


def _in_words(value: Any) -> Any:
    if isinstance(value, Owner):
        return dict(value.words)
    if isinstance(value, Told):
        stored = value.stored
        return {"lon": stored.lon, "lat": stored.lat, "x": value.x, "y": value.y, "datum": stored.datum}
    if isinstance(value, list):
        return [_in_words(one) for one in value]
    return value


def _owner(columns: Mapping[str, Any], owner: Owner) -> dict[str, Any]:
    """Who leads from now on; it is not among those that assist, and a person takes it from the department."""
    assisting = [one for one in columns["assisting"] if one != owner.department_id]
    lead = {"department_id": owner.department_id, "assisting": assisting}
    return lead if owner.staff_id is None else lead | {"staff_id": owner.staff_id}


def _assisting(columns: Mapping[str, Any], units: Sequence[Owner]) -> dict[str, Any]:
    """The first asked keeps the lead: it does not assist itself."""
    return {"assisting": [one.department_id for one in units if one.department_id != columns["department_id"]]}


def _sent(_: Mapping[str, Any], person: Owner) -> dict[str, Any]:
    return {"staff_id": person.staff_id}


_EFFECTS: dict[str, Callable[[Mapping[str, Any], Any], dict[str, Any]]] = {
    "owner": _owner,
    "assisting": _assisting,
    "staff": _sent,
}
"""Field -> what it does to columns, in this order; fields of which the events alone tell are not here."""


def _returns_left(standing: Standing, most_returns: int | None) -> bool:
    return most_returns is None or standing.returns < most_returns


_GUARDS: dict[str, Callable[[Standing, int | None], bool]] = {"returns_left": _returns_left}
"""Name in the table of steps -> whether the step is possible."""

"""Taking a step with a case: one transaction, the case held, its events read, the table of the loop asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, insert
from sqlalchemy.orm import Session

from data.as_json import as_json
from data.sql import statement
from data.tables import Precedent
from gis.errors import BadInput, GridError
from layers.actor import Actor
from layers.cases.claims import Claim, Receipt, first_answer, keep_answer
from layers.cases.derived import Facts, happening
from layers.cases.effects import CaseRow, Change, Owner, changed, require_open
from layers.cases.fields import Told, case_number, read_fields
from layers.cases.loop import Step, states, steps
from layers.cases.naming import looked_up
from layers.cases.notices import censured, draft_letter
from layers.cases.placing_again import move_pin, override_grid
from layers.cases.queries import case_id, detail, plain, unknown_case
from layers.cases.replay import Happening, replay
from layers.errors import Forbidden, Outdated
from layers.grids.guard import keep_publications_away
from layers.matters.held import Catalogue, catalogue_of

_PLACES = frozenset({"lon", "grid"})


def take(
    session: Session,
    actor: Actor,
    number: str,
    step: str,
    fields: Mapping[str, Any],
    *,
    seen: int | None,
    at: datetime | None = None,
) -> dict[str, Any]:
    """Take one step with a case.

    Args:
        session: An open session; the caller commits before answering.
        actor: Who; a role of the step's is written into the event.
        number: Number of the case.
        step: Name of the step.
        fields: Its fields as they came.
        seen: The revision that was seen; None for whoever need not have looked, like a timer.
        at: When, for what is told later; now if not given, and never before what happened to the case last.

    Returns:
        The case as it is then, as `layers.cases.queries.detail` tells it.

    Raises:
        BadInput: `unknown_step`, or a field is missing or cannot be used.
        Forbidden: `step_role`.
        NotFound: `unknown_case`.
        Outdated: `case_changed`.
        Conflict: `step_not_allowed`.
    """
    wanted = _known(step)
    role = _role(wanted, actor)
    id_ = case_id(number)
    if _PLACES & set(wanted.needs):
        keep_publications_away(session, id_)
    rows = _locked(session, id_, wanted, fields)
    row = rows[id_]
    if seen is not None and seen != row.revision:
        raise _changed_meanwhile(row, seen)
    events = [happening(one) for one in session.execute(statement("events_of_cases"), {"cases": [id_]}).mappings()]
    catalogue = catalogue_of(session, row.tree, at=row.received_at)
    most_returns = catalogue.most_returns if catalogue else None
    require_open(wanted, replay(events), actor.roles, most_returns=most_returns)
    said = looked_up(session, id_, row.tree, read_fields(wanted, fields))
    if "into" in said:
        said["into"] = _target(session, row, rows, said["into"])
    if wanted.name == "notify":
        said |= censured(session, row)
    instant = max(at or datetime.now(UTC), events[-1].at if events else row.received_at)
    change, columns = _worked_out(session, actor, row, events, wanted, said, catalogue, at=instant)
    _write(session, Actor(actor.name, (role,)), row, change, columns, said)
    if wanted.name == "settle":
        _remember(session, actor, row, said, at=instant)
    elif wanted.name == "notify":
        draft_letter(session, row, at=instant)
    return detail(session, number, roles=actor.roles)


def take_once(
    session: Session,
    actor: Actor,
    number: str,
    step: str,
    fields: Mapping[str, Any],
    *,
    seen: int,
    claim: Claim | None,
) -> Receipt:
    """Take a step, or tell the first answer again when the same request came before.

    Raises:
        Conflict: `key_reused`.
        GridError: As `take`.
    """
    if first := first_answer(session, actor, claim):
        return Receipt(first, is_replay=True)
    try:
        answer = plain(take(session, actor, number, step, fields, seen=seen))
    except GridError:
        # The first request may have been under way still when this one came.
        if first := first_answer(session, actor, claim):
            return Receipt(first, is_replay=True)
        raise
    if claim is not None:
        keep_answer(session, actor, claim, answer)
    return Receipt(answer)


def _known(name: str) -> Step:
    if name not in steps():
        raise BadInput(
            "unknown_step", f"There is no step {name[:40]}; there are {', '.join(steps())}.", field="step", value=name
        )
    return steps()[name]


def _role(step: Step, actor: Actor) -> str:
    role = next((role for role in actor.roles if role in step.roles), None)
    if role is None:
        raise Forbidden(
            "step_role",
            f"The step {step.name} is for {', '.join(sorted(step.roles))}.",
            field="step",
            value=step.name,
            values={"roles": sorted(step.roles)},
        )
    return role


def _locked(session: Session, id_: int, step: Step, fields: Mapping[str, Any]) -> dict[int, Row[Any]]:
    """The case, and the one that it is to be merged into, by number."""
    other = {case_number("into", fields["into"])} if "into" in step.needs and fields.get("into") else set()
    rows = session.execute(statement("lock_cases"), {"ids": [id_, *(other - {id_})]})
    found = {row.id: row for row in rows}
    if id_ not in found:
        raise unknown_case(str(id_))
    return found


def _changed_meanwhile(row: Row[Any], seen: int) -> Outdated:
    return Outdated(
        "case_changed",
        f"Somebody else was faster: the case is {row.state} by now. Look at it again.",
        field="If-Match",
        value=seen,
        values={"state": row.state, "revision": row.revision},
    )


def _target(session: Session, row: Row[Any], rows: dict[int, Row[Any]], into: int) -> int:
    """The open case in which a case that is to be merged ends, past those that were merged themselves."""

    def refused(why: str) -> BadInput:
        return BadInput("merge_impossible", f"The case cannot be merged into {into}: {why}.", field="into", value=into)

    number = into
    while True:
        if number == row.id:
            raise refused("that is the case itself" if number == into else "that was merged into this one")
        if number not in rows:
            rows |= {one.id: one for one in session.execute(statement("lock_cases"), {"ids": [number]})}
        target = rows.get(number)
        if target is None or target.tree != row.tree:
            raise refused("this city has no such case")
        if target.merged_into is None:
            break
        number = target.merged_into
    if not states()[target.state].is_open:
        raise refused(f"it is {target.state}")
    return number


def _worked_out(
    session: Session,
    actor: Actor,
    row: Row[Any],
    events: list[Happening],
    step: Step,
    said: dict[str, Any],
    catalogue: Catalogue | None,
    *,
    at: datetime,
) -> tuple[Change, dict[str, Any]]:
    """The change, and all columns that are written."""
    facts = Facts(row.received_at, row.matter_id, row.urgency, row.place_class)
    case = CaseRow(
        row.id, row.tree, row.revision, row.queue_reason, row.staff_id, row.department_id, tuple(row.assisting), facts
    )
    placed: dict[str, Any] = {}
    told: dict[str, Any] = {}
    if "pin" in said:
        placed, told = move_pin(session, row, said["pin"], at=at)
    elif "grid" in said:
        placed, told = override_grid(session, actor, row, said["grid"], reason=said["reason"], at=at)
    change = changed(case, events, step, said | told, catalogue, at=at)
    stays = {name: getattr(row, name) for name in ("owner_staff_id", "task_grid_id", "reasons", "version")}
    columns = {**stays, **change.columns, **placed}
    if columns["state"] != "queued":
        columns["queue_reason"] = None
    elif placed:
        # It waits all the same: a dispatcher sends it, to whom it is offered now.
        columns |= {"queue_reason": placed["queue_reason"] or step.name, "staff_id": row.staff_id}
    if columns["owner_staff_id"] == columns["staff_id"]:
        columns["owner_staff_id"] = None
    return change, columns


def _write(
    session: Session, actor: Actor, row: Row[Any], change: Change, columns: dict[str, Any], said: dict[str, Any]
) -> None:
    position: Told | None = said.get("position")
    values = columns | {
        "id": row.id,
        "tree": row.tree,
        "reasons": as_json(columns["reasons"]),
        "at": change.event.at,
        "kind": change.event.kind,
        "actor": actor.name,
        "role": actor.role,
        "detail": as_json(change.event.detail),
        "event_lon": position and position.stored.lon,
        "event_lat": position and position.stored.lat,
        "clocks": as_json(change.derived.clock_rows()),
    }
    session.execute(statement("write_step"), values)


def _remember(session: Session, actor: Actor, row: Row[Any], said: dict[str, Any], *, at: datetime) -> None:
    """A settled dispute is offered the next time."""
    owner: Owner = said["owner"]
    session.execute(
        insert(Precedent),
        {
            "tree": row.tree,
            "matter_id": row.matter_id,
            "case_id": row.id,
            "department_id": owner.department_id,
            "staff_id": owner.staff_id,
            "reason": said["reason"],
            "actor": actor.name,
            "at": at,
        },
    )

"""What becomes of open cases when their ground changes hands: moved to who has it now, or kept by who had them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pyarrow as pa
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from data.as_json import as_json
from data.copying import copy_columns
from data.sql import statement
from data.tables import Grid, Scheme
from gis.crs import LATTICE
from layers.actor import Actor
from layers.cases.assign import person_reasons
from layers.cases.loop import closed_states, steps
from layers.cases.reasons import OF_THE_PERSON, Reason
from layers.cases.winding import wind
from layers.staff.duties import Answer, who_answers

Rule = Literal["move", "keep"]
RULES: tuple[Rule, ...] = ("move", "keep")
"""`move`: to who answers for the grid that has the ground now. `keep`: with who has it, unless that grid ends."""

# Why a case waits that nobody but the ground decided on; what a dispatcher is asked about goes on waiting.
_BY_THE_GROUND = (None, "outside", "no_person")


@dataclass(frozen=True)
class Move:
    """An open case whose ground changed hands.

    Attributes:
        case: A row of `at_stake`.
        to_id: The grid that has its ground now; None where no grid has.
        must: Whether it cannot stay: the grid that had the task is gone.
    """

    case: Row[Any]
    to_id: int | None
    must: bool


@dataclass(frozen=True)
class Moves:
    """How many cases were moved, were kept, and wait for a dispatcher since."""

    moved: int = 0
    kept: int = 0
    queued: int = 0


def at_stake(
    session: Session, scheme: Scheme, *, boxes: Sequence[BaseGeometry], ended: Sequence[int], since: datetime
) -> Sequence[Row[Any]]:
    """Open cases that a new version of a scheme may send elsewhere, in the order of their numbers.

    Args:
        session: An open session; the new boundaries are stored, the cases' places are the old ones.
        scheme: The scheme.
        boxes: Shapes; cases in their boxes are found.
        ended: Ids of the grids that lost their ground.
        since: When the version begins.
    """
    west, south, east, north = zip(*(box.bounds for box in boxes), strict=True) if boxes else [()] * 4
    values = {
        "scheme_id": scheme.id,
        "tree": scheme.tree,
        "since": since,
        "ended": list(ended),
        "closed": list(closed_states()),
        # An intersection is worked out in floating point; a point on its edge must be in its box.
        "west": [value - LATTICE for value in west],
        "south": [value - LATTICE for value in south],
        "east": [value + LATTICE for value in east],
        "north": [value + LATTICE for value in north],
    }
    return session.execute(statement("open_cases_at_stake"), values).all()


def move_cases(
    session: Session, actor: Actor, scheme: Scheme, moves: Sequence[Move], *, rule: Rule, since: datetime
) -> Moves:
    """Move or keep cases, with an event each that tells from where to where, by which version and rule.

    Who answers for the grid at the instant gets the case, by the same rule as for a report; where nobody does, it
    waits for a dispatcher. A case that nobody has is moved by either rule.

    Args:
        session: An open session; duties and places are those of the new version.
        actor: Who publishes.
        scheme: The scheme, in its new version.
        moves: The cases.
        rule: What becomes of them.
        since: When the version begins.
    """
    if not moves:
        return Moves()
    grids = _grids(session, moves)
    answers = who_answers(session, {move.to_id for move in moves if move.to_id is not None}, at=since)
    rows = [_row(move, grids, answers, rule=rule, version=scheme.version) for move in moves]
    session.execute(statement("stage_moves"))
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    typed = {name: pa.array(columns[name], pa.int64()) for name in ("case_id", "staff_id", "task_grid_id")}
    typed["queue_reason"] = pa.array(columns["queue_reason"], pa.string())
    copy_columns(session, "stage_moves", columns | typed)
    values = {"at": since, "actor": actor.name, "role": actor.role, "version": scheme.version}
    session.execute(statement("move_cases"), values)
    session.execute(text("DROP TABLE stage_moves"))
    # Where the state changed, other clocks run from here on.
    wind(session, [move.case.id for move, row in zip(moves, rows, strict=True) if row["state"] != move.case.state])
    kept = columns["kind"].count("kept")
    queued = sum(row["kind"] == "moved" and row["state"] == "queued" for row in rows)
    return Moves(len(rows) - kept, kept, queued)


def _grids(session: Session, moves: Sequence[Move]) -> dict[int | None, dict[str, Any]]:
    ids = {move.to_id for move in moves} | {move.case.held_id for move in moves}
    rows = session.execute(select(Grid.id, Grid.grid_no, Grid.code, Grid.name).where(Grid.id.in_(ids - {None})))
    return {row.id: {"grid_no": row.grid_no, "code": row.code, "name": row.name} for row in rows}


def _row(
    move: Move,
    grids: Mapping[int | None, dict[str, Any]],
    answers: Mapping[int, Answer],
    *,
    rule: Rule,
    version: int,
) -> dict[str, Any]:
    case = move.case
    stays = rule == "keep" and case.staff_id is not None and not move.must
    answer = None if move.to_id is None else answers[move.to_id]
    person = answer if answer is not None and answer.staff_id is not None else None
    staff_id = case.staff_id if stays else person and person.staff_id
    state, queue_reason = case.state, case.queue_reason
    reasons: list[Reason] = list(case.reasons)
    if stays:
        reasons.append({"code": "kept", "version": version})
    else:
        state, queue_reason = _settled(case, move.to_id, person)
        reasons = [reason for reason in reasons if reason["code"] not in OF_THE_PERSON]
        reasons += _moved_reasons(grids.get(move.to_id), person, version)
    return {
        "case_id": case.id,
        "kind": "kept" if stays else "moved",
        "state": state,
        "queue_reason": queue_reason,
        "staff_id": staff_id,
        "task_grid_id": case.held_id if stays else move.to_id,
        "reasons": as_json(reasons),
        "detail": as_json(
            {
                "from": grids.get(case.held_id),
                "to": grids.get(move.to_id),
                "version": version,
                "rule": rule,
                "why": "grid_ended" if move.must else "ground_changed_hands",
                "staff_id": staff_id,
                "state": state,
                "queue_reason": queue_reason,
            }
        ),
    }


def _settled(case: Row[Any], to_id: int | None, person: Answer | None) -> tuple[str, str | None]:
    """State and reason to wait of a case that is moved.

    One that waited for a person gets one; one that a person worked on waits where nobody answers. What is done, is
    stopped, is with a department, or asks who is responsible goes on as before.
    """
    waits = case.state in steps()["dispatch"].sources
    is_at_work = case.state in steps()["feed_back"].sources and case.department_id is None
    if waits and person is not None and case.queue_reason in _BY_THE_GROUND:
        return "dispatched", None
    if (waits or is_at_work) and person is None:
        return "queued", "outside" if to_id is None else "no_person"
    return case.state, case.queue_reason


def _moved_reasons(to: Mapping[str, Any] | None, person: Answer | None, version: int) -> list[Reason]:
    if to is None:
        return [{"code": "moved_outside", "version": version}]
    return [{"code": "moved", "grid": to["name"], "version": version}, *person_reasons(person)]

"""What a dispatcher is offered for a case: its best owners, and why; and other cases that may be the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from data.sql import statement
from data.tables import Department, Staff
from layers.actor import Actor
from layers.cases.assign import person_reasons
from layers.cases.derived import happening
from layers.cases.duplicates import search
from layers.cases.loop import states, steps
from layers.cases.queries import case_id, unknown_case
from layers.cases.reasons import SENTENCES, Reason, rendered
from layers.cases.replay import Happening
from layers.dispatch.nearest import nearest
from layers.dispatch.weighing import LEANING, NAMED, RULE, SETTLED, Choice, Sign, Who, best, past_weight
from layers.matters.held import Catalogue, Rule, catalogue_of
from layers.staff.duties import who_answers

# A dispute is about the place: settled within ten times the distance within which two reports are taken for one.
REACH = 10
# The same, for a city without a catalogue.
REACH_M = 500.0
MOST_SETTLED = 5
MOST_PAST = 50
# The newest cases of a grid, of any kind, among which those of one kind are looked for.
_LOOKED_AT = 5_000

SAID = {
    **SENTENCES,
    "settled": {
        "zh": "相距 {away_m} 米的案件 {number} 曾裁定由其负责:{reason}",
        "en": "Case {number}, {away_m} m away, was settled on it: {reason}",
    },
    "past": {
        "zh": "本网格最近 {total} 件同类案件中,{cases} 件由其办结。",
        "en": "It had {cases} of the last {total} cases of this kind in the grid when they were verified.",
    },
    "named": {
        "zh": "退回时被指为应由其负责:{reason}",
        "en": "Named as responsible when the case was returned: {reason}",
    },
    "assists": {
        "zh": "此类事项由其协办。",
        "en": "It assists with what the case is about.",
    },
    "returned": {
        "zh": "曾退回本案:{reason}",
        "en": "It has returned this case: {reason}",
    },
}


def choices(session: Session, actor: Actor, number: str, *, now: datetime | None = None) -> dict[str, Any]:
    """The best owners for a case with confidence and reasons, who assists, and for an urgent one who is nearest.

    Args:
        session: An open session.
        actor: Who asks; where people are is told to those who may send them.
        number: Number of the case.
        now: The instant whose duties and positions count; now if not given.

    Raises:
        NotFound: `unknown_case`.
    """
    now = now or datetime.now(UTC)
    case, catalogue, rule = _ruled(session, number)
    events = [happening(row) for row in session.execute(statement("events_of_cases"), {"cases": [case.id]}).mappings()]
    named, returned = returns(events)
    found = best([*_signs(session, case, catalogue, rule, now), *named], returned)
    is_sent = case.urgency == "urgent" and not _senders().isdisjoint(actor.roles)
    return {
        "number": number,
        "best": _told(session, found),
        "assisting": _assisting(catalogue, rule, found),
        "nearest": nearest(session, case, skill=rule.skill if rule else None, now=now) if is_sent else [],
    }


def duplicates(session: Session, number: str) -> list[dict[str, Any]]:
    """Open cases that may be the same as one: of its matter, as near and as close in time as its rule says.

    Args:
        session: An open session.
        number: Number of the case.

    Raises:
        NotFound: `unknown_case`.
    """
    case, _, rule = _ruled(session, number)
    values = search(rule, case.matter_id, lat=case.lat, occurred_at=case.occurred_at) | {"id": case.id}
    return [dict(row) for row in session.execute(statement("duplicates_of_case"), values).mappings()]


def _ruled(session: Session, number: str) -> tuple[Row[Any], Catalogue | None, Rule | None]:
    """A case, with the catalogue that held when it came in and what that says of it."""
    case = session.execute(statement("case_for_choices"), {"id": case_id(number)}).one_or_none()
    if case is None:
        raise unknown_case(number)
    catalogue = catalogue_of(session, case.tree, at=case.received_at)
    return case, catalogue, catalogue.rule(case.matter_id, case.urgency, case.place_class) if catalogue else None


def returns(events: Iterable[Happening]) -> tuple[list[Sign], dict[Who, Reason]]:
    """Who was named when a case was last returned, and who has returned it.

    >>> day = datetime(2026, 5, 3)
    >>> sent = Happening(day, "dispatched", {"staff_id": 4, "department_id": None})
    >>> back = Happening(day, "return", {"reason": "no water main", "right_owner": {"department_id": 7}})
    >>> signs, returned = returns([sent, back])
    >>> signs[0].who, returned
    (Who(kind='department', id=7), {Who(kind='staff', id=4): {'code': 'returned', 'reason': 'no water main'}})
    """
    owner: Who | None = None
    named: list[Sign] = []
    returned: dict[Who, Reason] = {}
    for event in events:
        detail = event.detail
        if event.kind == "return":
            reason = detail["reason"]
            if owner is not None:
                returned[owner] = {"code": "returned", "reason": reason}
            right = _who(detail["right_owner"])
            named = [] if right is None else [Sign(right, NAMED, {"code": "named", "reason": reason})]
        elif "owner" in detail:
            owner = _who(detail["owner"])
        elif event.kind in states():
            owner = _who(detail)
        elif owner is not None and owner.kind == "staff" and event.kind in ("moved", "move_pin", "override_grid"):
            # With the grid its person changed; only a publication tells to whom.
            owner = _who(detail)
    return named, returned


def _who(words: Mapping[str, Any]) -> Who | None:
    """The owner that an event tells of; a department where there is one, since it does the work."""
    if words.get("department_id") is not None:
        return Who("department", words["department_id"])
    return None if words.get("staff_id") is None else Who("staff", words["staff_id"])


def _signs(
    session: Session, case: Row[Any], catalogue: Catalogue | None, rule: Rule | None, now: datetime
) -> Iterator[Sign]:
    grids = {grid for grid in (case.grid_id, case.beside_id) if grid is not None}
    answers = who_answers(session, grids, at=now) if grids else {}
    unit = catalogue.departments[rule.department_id] if catalogue and rule and rule.department_id else None
    if unit is not None:
        yield Sign(Who("department", unit.id), RULE, {"code": "department", "department": dict(unit.names)})
    own, beside = (answers.get(grid) for grid in (case.grid_id, case.beside_id))
    own_id, beside_id = (answer.staff_id if answer else None for answer in (own, beside))
    if own is not None and own_id is not None:
        yield Sign(Who("staff", own_id), LEANING if unit else RULE, person_reasons(own)[0])
    if beside_id not in (None, own_id):
        reason: Reason = {"code": "near_border", "edge_distance_m": case.edge_distance_m, "second": case.beside}
        if case.outside_m is not None:
            reason = {"code": "outside", "nearest": case.beside, "outside_m": case.outside_m}
        yield Sign(Who("staff", beside_id), LEANING, reason)
    for id_ in rule.assisting if rule else ():
        yield Sign(Who("department", id_), LEANING, {"code": "assists"})
    yield from _signs_of_cases(session, case, rule)


def _signs_of_cases(session: Session, case: Row[Any], rule: Rule | None) -> Iterator[Sign]:
    """What other cases of the same kind tell: those that were disputed, and those that were handled."""
    within_m = rule.same_within_m * REACH if rule else REACH_M
    kind = {name: getattr(case, name) for name in ("matter_id", "category", "grid_id")}
    near = kind | {"tree": case.tree, "lon": case.lon, "lat": case.lat, "within_m": within_m, "most": MOST_SETTLED}
    for row in session.execute(statement("precedents_near"), near):
        reason = {"code": "settled", "number": row.number, "away_m": row.away_m, "reason": row.reason}
        if (who := _who(row._asdict())) is not None:
            yield Sign(who, SETTLED, reason)
    if case.grid_id is not None:
        past = kind | {"id": case.id, "done": _done(), "reach": _LOOKED_AT, "most": MOST_PAST}
        for row in session.execute(statement("past_owners"), past):
            reason = {"code": "past", "cases": row.cases, "total": row.total}
            if (who := _who(row._asdict())) is not None:
                yield Sign(who, past_weight(row.cases, row.total), reason)


def _done() -> list[str]:
    """States in which whoever had a case has handled it, and somebody has looked at that."""
    return [*(name for name, state in states().items() if state.stage in ("assess", "archive")), "archived"]


def _senders() -> frozenset[str]:
    """Roles that may give a case to somebody."""
    return frozenset().union(*(step.roles for step in steps().values() if "owner" in step.needs))


def _told(session: Session, found: Sequence[Choice]) -> list[dict[str, Any]]:
    ids = {kind: [one.who.id for one in found if one.who.kind == kind] for kind in ("staff", "department")}
    people = select(Staff.id, Staff.staff_no, Staff.name).where(Staff.id == func.any(ids["staff"]))
    units = select(Department.id, Department.code, Department.name_zh, Department.name_en).where(
        Department.id == func.any(ids["department"])
    )
    names: dict[Who, dict[str, Any]] = {}
    if ids["staff"]:
        names |= {Who("staff", id_): {"staff_no": no, "name": name} for id_, no, name in session.execute(people)}
    if ids["department"]:
        names |= {
            Who("department", id_): {"code": code, "zh": zh, "en": en} for id_, code, zh, en in session.execute(units)
        }
    return [
        {
            "owner": names[one.who] if one.who.kind == "staff" else None,
            "department": names[one.who] if one.who.kind == "department" else None,
            "confidence": one.confidence,
            "why": rendered(one.why, SAID),
        }
        for one in found
    ]


def _assisting(catalogue: Catalogue | None, rule: Rule | None, found: Sequence[Choice]) -> list[dict[str, Any]]:
    """Who assists by the rule; the first choice keeps the lead and does not assist itself."""
    if catalogue is None or rule is None:
        return []
    lead = found[0].who if found else None
    units = [catalogue.departments[id_] for id_ in rule.assisting if Who("department", id_) != lead]
    return [{"code": unit.code, **unit.names} for unit in units]

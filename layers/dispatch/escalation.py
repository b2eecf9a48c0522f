"""Missed deadlines go up: from the community to the street, the county and the city, one level at a time."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, Row
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from data.session import unit_of_work
from data.sql import statement
from data.tables import Escalation
from data.tables.ground import AREA_LEVELS
from gis.working_time import BeyondCalendar, deadline
from layers.actor import SYSTEM
from layers.cases.steps import take
from layers.matters.held import catalogue_of

# Level 1 is the first of these.
LEVELS = tuple(reversed(AREA_LEVELS))
# Cases of one transaction: while it lasts nobody takes a step with them.
_BATCH = 20
_LOG = logging.getLogger("gridkeeper")


def escalate_due(bind: Engine, *, now: datetime | None = None, given_up: set[int] | None = None) -> bool:
    """Take up some of the cases whose missed deadline is to go up one level; whether there may be more.

    Several threads and processes may look at the same time: a case that one of them holds the others leave to it.

    Args:
        bind: Engine of the service role.
        now: As of when; now if not given.
        given_up: Cases left alone. One whose events or rules make no sense is logged and added, so that the others go
            on; keep the set between calls.
    """
    at, left = now or datetime.now(UTC), given_up if given_up is not None else set()
    with unit_of_work(bind) as session:
        held = _due(session, at, None, left)
        certain = _due(session, at, [one.id for one in held], left) if held else []
        done = [one.id for one in certain if _went_up(session, one, at, left)]
    if done:
        _LOG.info("%s cases escalated", len(done))
    return len(held) == _BATCH


def _due(session: Session, at: datetime, cases: list[int] | None, left: set[int]) -> Sequence[Row[Any]]:
    values = {"now": at, "top": len(LEVELS), "cases": cases, "left": list(left), "limit": _BATCH}
    return session.execute(statement("due_escalations"), values).all()


def _went_up(session: Session, case: Row[Any], at: datetime, left: set[int]) -> bool:
    try:
        with session.begin_nested():
            return _go_up(session, case, at)
    except (OperationalError, InterfaceError):  # the database's trouble, or a lock's, is not the case's
        raise
    except Exception:
        _LOG.exception("case %s cannot be escalated; until the service starts again it is left alone", case.id)
        left.add(case.id)
        return False


def _go_up(session: Session, case: Row[Any], at: datetime) -> bool:
    """Record that a case went up and take the step; False where the record says that it did already."""
    row = {
        "case_id": case.id,
        "stage": case.stage,
        "round": case.round,
        "level": case.level,
        "at": at,
        "staff_id": _told(session, case, at),
        "next_at": _next(session, case, at),
    }
    first = session.execute(insert(Escalation).on_conflict_do_nothing().returning(Escalation.case_id), row)
    if first.one_or_none() is None:
        return False
    take(session, SYSTEM, str(case.id), "escalate", {"level": case.level}, seen=None, at=at)
    return True


def _told(session: Session, case: Row[Any], at: datetime) -> int | None:
    values = {"grid": case.grid_id, "levels": list(LEVELS[case.level - 1 :]), "at": at}
    found: int | None = session.scalar(statement("area_lead"), values)
    return found


def _next(session: Session, case: Row[Any], at: datetime) -> datetime | None:
    """When the limit has passed once more, counted in its own unit."""
    catalogue = catalogue_of(session, case.tree, at=case.received_at)
    if catalogue is None or case.level >= len(LEVELS):
        return None
    limits = catalogue.limits(case.matter_id, case.urgency, case.place_class, case.stage)
    missed = next((one for one in limits if one.milestone == case.due_milestone), None)
    if missed is None:
        return None
    try:
        return deadline(catalogue.calendar, at, missed.amount, missed.unit)
    except BeyondCalendar:
        return None

"""The record of who looked at whose trace: written where it is looked at, and read by whoever was looked at."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from data.tables import Device, TraceView
from layers.actor import Actor
from layers.staff.lookup import staff_id_of


@dataclass(frozen=True)
class Seen:
    """Whose trace somebody is about to see; one of the two may be unknown.

    Attributes:
        staff_id: The person.
        device_id: The device that was carried.
    """

    staff_id: int | None
    device_id: int | None


@dataclass(frozen=True)
class View:
    """That somebody saw where a person was.

    Attributes:
        at: When.
        viewer: Who.
        role: In which role.
        staff_no: Whose trace.
        device: Label of the device; None where all of the person's were looked at.
        since, until: Which time was looked at.
        what: In which way (`data.tables.patrol_plans.WAYS_OF_LOOKING`).
    """

    at: datetime
    viewer: str
    role: str
    staff_no: str | None
    device: str | None
    since: datetime
    until: datetime
    what: str


def note_view(
    session: Session, actor: Actor, seen: Collection[Seen], *, tree: str, since: datetime, until: datetime, what: str
) -> None:
    """Put down that somebody sees traces; call it in the transaction that reads them, and commit before the answer.

    Args:
        session: An open session that will be committed.
        actor: Who looks.
        seen: Whose traces; each is one row, also where it is the actor's own.
        tree: The city.
        since: From when on they are seen.
        until: Until when.
        what: In which way (`data.tables.patrol_plans.WAYS_OF_LOOKING`).
    """
    common = {"tree": tree, "viewer": actor.name, "role": actor.role, "period": Range(since, until), "what": what}
    rows = [{"staff_id": one.staff_id, "device_id": one.device_id, **common} for one in dict.fromkeys(seen)]
    if rows:
        session.execute(insert(TraceView).values(rows))


def views_of(session: Session, staff_no: str, *, tree: str, limit: int = 500) -> list[View]:
    """Who looked at a person's traces, newest first.

    Args:
        session: An open session.
        staff_no: The person.
        tree: The city.
        limit: How many at the most.

    Raises:
        NotFound: `unknown_staff`.
    """
    staff_id = staff_id_of(session, tree, staff_no, field="staff")
    asked = (
        select(
            TraceView.at,
            TraceView.viewer,
            TraceView.role,
            Device.label,
            func.lower(TraceView.period),
            func.upper(TraceView.period),
            TraceView.what,
        )
        .outerjoin(Device, Device.id == TraceView.device_id)
        .where(TraceView.staff_id == staff_id)
        .order_by(TraceView.at.desc(), TraceView.id.desc())
        .limit(limit)
    )
    return [
        View(at, viewer, role, staff_no, device, since, until, what)
        for at, viewer, role, device, since, until, what in session.execute(asked)
    ]

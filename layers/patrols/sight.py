"""Who may see where people have been, and the record of each look."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from data.tables import Device, Scheme, Shift, Staff, TraceView
from layers.actor import Actor
from layers.cases.loop import steps
from layers.errors import Forbidden
from layers.patrols.views import Seen, note_view

SUPERVISING = frozenset({"supervisor", "shift_chief"})
# Whoever sends people somewhere has to know where they are, and not where they were.
SENDING = SUPERVISING | {"dispatcher"}
# Pages ask again and again; a look that goes on is one look.
ONE_LOOK = timedelta(minutes=10)


def may_see(actor: Actor, staff: str | None, *, among: Collection[str] = SUPERVISING) -> str | None:
    """Whose traces an actor sees: the staff number asked for, the actor's own, or None for everybody's.

    Args:
        actor: Who asks; a worker's name is the staff number.
        staff: Whose are asked for, None for nobody in particular.
        among: Roles that see everybody's.

    Raises:
        Forbidden: `trace_role`.

    >>> may_see(Actor("sue", ("supervisor",)), None), may_see(Actor("P01", ("grid_worker",)), None)
    (None, 'P01')
    """
    if not set(among).isdisjoint(actor.roles):
        return staff
    if staff in (None, actor.name) and not steps()["accept"].roles.isdisjoint(actor.roles):
        return actor.name
    raise Forbidden(
        "trace_role",
        f"Traces of others are seen as one of {', '.join(sorted(among))}; a worker sees the own ones.",
        field="staff",
        value=staff,
        values={"roles": sorted(among)},
    )


def note(
    session: Session,
    actor: Actor,
    told: Collection[Mapping[str, Any]],
    *,
    tree: str,
    period: tuple[datetime, datetime],
    what: str,
    once: bool = False,
) -> None:
    """Put down that an actor sees these traces or positions.

    Args:
        session: An open session that will be committed.
        actor: Who looks.
        told: What is seen, each with `device` (a label or None) and `staff_no` (or None).
        tree: The city.
        period: Which time is seen.
        what: In which way.
        once: Leave out whom the actor was noted to see in this way within `ONE_LOOK`: at the same time, or live.
    """
    devices = _ids(session, Device, Device.label, tree, {one["device"] for one in told})
    people = _ids(session, Staff, Staff.staff_no, tree, {one["staff_no"] for one in told})
    seen = {Seen(people.get(one["staff_no"]), devices.get(one["device"])) for one in told}
    # Of a device that nobody knows there is nothing to be seen.
    seen.discard(Seen(None, None))
    if once:
        seen -= _seen_lately(session, actor, tree, period, what)
    ordered = sorted(seen, key=lambda one: (one.staff_id or 0, one.device_id or 0))
    note_view(session, actor, ordered, tree=tree, since=period[0], until=period[1], what=what)


def roster(session: Session, scheme: Scheme, period: tuple[datetime, datetime], *, staff: str | None) -> dict[str, Any]:
    """The teams and the people who were on shift in a period, by name; whose alone they are, for whom sees no other."""
    asked = (
        select(Device.label, Staff.staff_no, Staff.name, Shift.team)
        .join(Device, Device.id == Shift.device_id)
        .join(Staff, Staff.id == Shift.staff_id)
        .where(Device.tree == scheme.tree, Shift.valid.op("&&")(Range(*period)))
        .distinct()
        .order_by(Staff.name, Staff.staff_no, Device.label, Shift.team)
    )
    if staff is not None:
        asked = asked.where(Staff.staff_no == staff)
    rows = session.execute(asked).all()
    people = [
        {"device": label, "staff_no": staff_no, "name": name, "team": team} for label, staff_no, name, team in rows
    ]
    return {"only": staff, "teams": sorted({one["team"] for one in people if one["team"]}), "people": people}


def _seen_lately(session: Session, actor: Actor, tree: str, period: tuple[datetime, datetime], what: str) -> set[Seen]:
    asked = select(TraceView.staff_id, TraceView.device_id).where(
        TraceView.tree == tree,
        TraceView.viewer == actor.name,
        TraceView.what == what,
        TraceView.at > func.now() - ONE_LOOK,
    )
    if what != "live":
        asked = asked.where(TraceView.period == Range(*(one.astimezone(UTC) for one in period)))
    return {Seen(*row) for row in session.execute(asked)}


def _ids(session: Session, table: Any, key: Any, tree: str, wanted: Collection[str | None]) -> dict[str | None, int]:
    known = [one for one in wanted if one is not None]
    if not known:
        return {}
    return dict(session.execute(select(key, table.id).where(table.tree == tree, key.in_(known))).all())

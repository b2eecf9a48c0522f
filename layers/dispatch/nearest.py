"""Where people are, as they tell it, and who of them is nearest to a case that cannot wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shapely import Point
from sqlalchemy import Row
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.sql import statement
from data.tables import StaffPosition
from gis.datum import to_position
from gis.errors import BadInput
from layers.actor import Actor
from layers.cases.intake import CLOCK_TOLERANCE
from layers.cases.loop import closed_states, states, steps
from layers.dispatch.cities import city
from layers.errors import Forbidden
from layers.staff.lookup import staff_id_of

# A position older than this is told as stale, and one older than that not at all.
FRESH = timedelta(minutes=30)
OLDEST = timedelta(hours=8)
MOST_NEAREST = 5


@dataclass(frozen=True)
class Fix:
    """Where somebody is, as told.

    Attributes:
        lon: Degrees east in the declared datum, or an easting.
        lat: Degrees north, or a northing.
        datum: The declared datum.
        at: When; now if nobody says.
        accuracy_m: How far off it may be, if the phone told.
    """

    lon: float
    lat: float
    datum: str
    at: datetime | None = None
    accuracy_m: float | None = None


def keep_position(
    session: Session, actor: Actor, staff_no: str, fix: Fix, *, tree: str | None = None
) -> dict[str, Any]:
    """Keep where a person is; one that comes late never takes the place of a newer one.

    Args:
        session: An open session; the caller commits.
        actor: Must be that person, in a role that accepts cases.
        staff_no: Whose position it is.
        fix: The position.
        tree: The city; that of the scheme which takes reports if not given.

    Returns:
        The newest position known after that, and whether it is this one.

    Raises:
        Forbidden: `own_position_only`.
        NotFound: `unknown_tree` or `unknown_staff`.
        BadInput: The position cannot be used, or `in_the_future`.
    """
    roles = steps()["accept"].roles
    if actor.name != staff_no or roles.isdisjoint(actor.roles):
        raise Forbidden(
            "own_position_only",
            f"Only {staff_no[:100]} tells where {staff_no[:100]} is, as one of {', '.join(sorted(roles))}.",
            field="staff_no",
            value=staff_no,
            values={"roles": sorted(roles)},
        )
    tree = city(session, tree)
    staff_id = staff_id_of(session, tree, staff_no, field="staff_no")
    now = datetime.now(UTC)
    at = fix.at or now
    if at > now + CLOCK_TOLERANCE:
        detail = f"at {at.isoformat()} lies in the future."
        raise BadInput("in_the_future", detail, field="at", value=at.isoformat())
    stored = to_position(fix.lon, fix.lat, datum=fix.datum)
    row = {"at": min(at, now), "accuracy_m": fix.accuracy_m, "geom": Point(stored.lon, stored.lat)}
    told = insert(StaffPosition).values(staff_id=staff_id, **row)
    newer = told.on_conflict_do_update(
        index_elements=["staff_id"],
        set_={name: told.excluded[name] for name in row},
        where=StaffPosition.at < told.excluded.at,
    ).returning(StaffPosition.staff_id)
    is_newest = session.scalar(newer) is not None
    kept = session.get_one(StaffPosition, staff_id, populate_existing=True)
    point = kept.geom
    return {
        "staff_no": staff_no,
        "at": kept.at.isoformat(),
        "position": {"lon": point.x, "lat": point.y},
        "accuracy_m": kept.accuracy_m,
        "is_newest": is_newest,
    }


def nearest(session: Session, case: Row[Any], *, skill: str | None, now: datetime) -> list[dict[str, Any]]:
    """The free people nearest to a case, as the crow flies: on duty, not away, able, with no other urgent case in hand.

    Args:
        session: An open session.
        case: A row of `data/sql/case_for_choices.sql`.
        skill: What the person must be able to do, if anything.
        now: The instant whose duties count, and from which positions age.
    """
    values = {
        "id": case.id,
        "tree": case.tree,
        "lon": case.lon,
        "lat": case.lat,
        "now": now,
        "since": now - OLDEST,
        "skill": skill,
        "closed": list(closed_states()),
        "handled": [name for name, state in states().items() if state.stage == "handle" and not state.is_paused],
        "most": MOST_NEAREST,
    }
    return [
        {
            "staff_no": row.staff_no,
            "name": row.name,
            "distance_m": row.distance_m,
            "accuracy_m": row.accuracy_m,
            "at": row.at.isoformat(),
            "age_s": int((now - row.at).total_seconds()),
            "is_stale": now - row.at > FRESH,
            "open_cases": row.open_cases,
            "on_duty": True,
        }
        for row in session.execute(statement("nearest_staff"), values)
    ]

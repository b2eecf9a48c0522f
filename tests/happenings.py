"""Cases and events for tests of what follows them."""

from __future__ import annotations

import time

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from data.session import unit_of_work
from layers.actor import Actor
from layers.cases.intake import Report, receive
from layers.dispatch.feed import Cursor, now
from tests.cluster import Database
from tests.town import at

ANNA = Actor("anna", ("dispatcher",))
_PATIENCE_S = 60
_NOTES = """
INSERT INTO case_events (case_id, at, kind, actor, role)
SELECT :case, now(), 'note', 'anna', 'dispatcher' FROM generate_series(1, :count) RETURNING id
"""


def this_moment(town: Database) -> Cursor:
    """A place behind all that is written: what else is written in the cluster, as a service starts, holds it back."""
    give_up = time.monotonic() + _PATIENCE_S
    while True:
        with Session(town.app) as session:
            place = now(session)
            newest = session.scalar(text("SELECT COALESCE(max(xact), 0) FROM case_events"))
        if newest < place.xact:
            return place
        assert time.monotonic() < give_up, "an older transaction of the cluster does not end"
        time.sleep(0.05)


def report_meanwhile(town: Database, column: float = 1, row: float = 0.25) -> int:
    """Report a case in the town, in grid D01 when no place is said, while another transaction is open: its number."""
    lon, lat = at(column, row)
    with unit_of_work(town.app) as session:
        receipt = receive(session, ANNA, Report(x=lon, y=lat, datum="wgs84", category="garbage"))
    return int(receipt.answer["number"])


def report_one(town: Database, column: float = 1, row: float = 0.25) -> int:
    """The same while none is open: its number, when who follows is behind it."""
    number = report_meanwhile(town, column, row)
    this_moment(town)
    return number


def note(place: Session | Connection, case: int, count: int = 1) -> list[int]:
    """Write notes to a case: the numbers of the events."""
    return [int(number) for number in place.execute(text(_NOTES), {"case": case, "count": count}).scalars()]


def noted(town: Database, case: int, count: int = 1) -> list[int]:
    """The same, committed."""
    with unit_of_work(town.app) as session:
        return note(session, case, count)

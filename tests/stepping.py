"""Cases in the hand-drawn town that people take steps with, under the small catalogue and a calendar of today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from layers.actor import Actor
from layers.cases.intake import Report, receive
from layers.cases.loop import roles
from layers.cases.steps import take
from layers.cases.timing import take_catalogue
from tests.imports import PLANNER
from tests.rules import HOURS, TREE, Rows, give_days, write_days, write_rules
from tests.town import at

DORA = Actor("dora", ("dispatcher",))
REX = Actor("rex", ("referee",))
HAN = Actor("han", ("handler",))
VERA = Actor("vera", ("verifier",))
SUE = Actor("sue", ("supervisor",))
CLEO = Actor("cleo", ("collector",))
ANYBODY = Actor("anybody", tuple(sorted(roles() - {"system"})))
RUBBISH, BUILDING = "06010", "06001"
OWN = {"owner": {"department": "S"}}
PERSON = {"owner": {"staff_no": "P01"}}


def days_around_now(before: int = 3, after: int = 60) -> dict[str, str]:
    """Days on all of which people work."""
    today = datetime.now(UTC).date()
    return {str(today + timedelta(days=n)): HOURS for n in range(-before, after)}


def give_town_rules(session: Session, folder: Path, *, after: int = 60, **tables: Rows) -> None:
    """The small catalogue, valid since yesterday."""
    give_days(session, write_days(folder / "days.csv", days_around_now(after=after)))
    files = write_rules(folder / "rules", **tables)
    take_catalogue(session, PLANNER, files, tree=TREE, since=datetime.now(UTC) - timedelta(days=1))
    session.flush()


def reported(session: Session, column: float = 1, row: float = 0.25, **more: Any) -> str:
    """A report from a patrol in squares of the town, D01 when no place is said: its number."""
    lon, lat = at(column, row)
    said = {"x": lon, "y": lat, "datum": "wgs84", "category": RUBBISH, "source": "patrol", **more}
    return str(receive(session, CLEO, Report(**said)).answer["number"])


def step(session: Session, number: str, name: str, who: Actor = ANYBODY, **fields: Any) -> dict[str, Any]:
    """Take a step without a look at the revision: the case."""
    when = fields.pop("when", None)
    return take(session, who, number, name, fields, seen=None, at=when)


def steps_along(session: Session, number: str, *names: str) -> dict[str, Any]:
    """Take steps with the fields that do for each: the case."""
    found: dict[str, Any] = {}
    for name in names:
        found = step(session, number, name, **GOOD.get(name, {}))
    return found


GOOD: dict[str, dict[str, Any]] = {
    "dispatch": OWN,
    "redispatch": OWN,
    "settle": {"owner": {"department": "W"}, "reason": "by the list"},
    "reassign": {"owner": {"staff_no": "P02"}, "reason": "she is near"},
    "reject": {"reason": "not ours"},
    "reopen": {"reason": "it is ours"},
    "confirm": {"note": "seen"},
    "return": {"reason": "not ours", "right_owner": {"department": "T"}},
    "ask_extension": {"reason": "rain", "amount": 1, "unit": "working_days"},
    "grant_extension": {"amount": 4, "unit": "working_hours"},
    "refuse_extension": {"reason": "no"},
    "suspend": {"reason": "winter"},
    "defer": {"reason": "next year"},
    "wait": {"reason": "nobody at home"},
    "feed_back": {"note": "done"},
    "fail": {"reason": "still there"},
    "assess": {"grade": 4},
    "supervise": {"reason": "late"},
    "notify": {"reason": "late"},
    "note": {"note": "a word"},
}
"""Step -> fields that do, where it needs any and they are the same for every case."""


def row_of(session: Session, number: str) -> dict[str, Any]:
    """The row of a case."""
    return dict(session.execute(text("SELECT * FROM cases WHERE id = :id"), {"id": int(number)}).mappings().one())


def a_photo(session: Session, number: str, digit: str = "a") -> str:
    """Store the record of a photo of a case: its name."""
    name = digit * 64
    session.execute(
        text(
            "INSERT INTO photos (case_id, sha256, media_type, bytes, width, height, actor) "
            "VALUES (:case, :name, 'image/jpeg', 1000, 40, 30, 'han') ON CONFLICT DO NOTHING"
        ),
        {"case": int(number), "name": name},
    )
    return name

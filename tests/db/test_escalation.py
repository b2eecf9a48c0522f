"""Missed deadlines go up: when, to whom, once whoever looks, and never for what was missed elsewhere."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.due import watches
from data.session import unit_of_work
from data.tables import Absence, Staff
from layers.cases.check import check
from layers.dispatch.escalation import escalate_due
from tests.cluster import Database
from tests.imports import rows_of
from tests.rules import RULES
from tests.stepping import BUILDING, give_town_rules, reported, row_of, step, steps_along

MINUTE = timedelta(minutes=1)
# Handling is due in two hours of any day, and to be begun within one.
LIMITS = [
    ("", "", "", "dispatch", "end", 0.5, "hours", "book"),
    ("", "", "", "handle", "accept", 1, "hours", "book"),
    ("", "", "", "handle", "end", 2, "hours", "book"),
    ("06001", "", "", "handle", "end", 1, "working_days", "book"),
]
LOOKING = """
import sys
from datetime import datetime
from data.session import engine
from data.settings import DatabaseSettings
from layers.dispatch.escalation import escalate_due
bind = engine(DatabaseSettings())
while escalate_due(bind, now=datetime.fromisoformat(sys.argv[1])):
    pass
"""


@pytest.fixture
def city(town: Database, tmp_path: Path) -> Database:
    """A town of its own with limits in hours."""
    with unit_of_work(town.app) as session:
        give_town_rules(session, tmp_path, limits=LIMITS, settings=RULES["settings"])
    return town


def a_case(city: Database, **more: Any) -> str:
    with unit_of_work(city.app) as session:
        return reported(session, **more)


def due_of(city: Database, number: str) -> datetime:
    return the_row(city, number)["due_at"]


def the_row(city: Database, number: str) -> dict[str, Any]:
    with Session(city.app) as session:
        return row_of(session, number)


def act(city: Database, number: str, name: str, **fields: Any) -> None:
    with unit_of_work(city.app) as session:
        step(session, number, name, **fields) if fields else steps_along(session, number, name)


def look(city: Database, at: datetime) -> None:
    while escalate_due(city.app, now=at):
        pass


def levels(city: Database, number: str) -> list[tuple[Any, ...]]:
    sql = f"""
        SELECT e.stage, e.round, e.level, s.staff_no FROM escalations e LEFT JOIN staff s ON s.id = e.staff_id
        WHERE case_id = {number} ORDER BY level
    """
    return [tuple(row) for row in rows_of(city.app, sql)]


def test_a_missed_deadline_is_told_to_the_nearest_lead_above_once(city: Database):
    number = a_case(city)
    due = due_of(city, number)
    look(city, due)
    assert levels(city, number) == []
    look(city, due + MINUTE)
    look(city, due + 2 * MINUTE)
    ((stage, round_, level, lead),) = levels(city, number)
    assert (stage, round_, level) == ("handle", 1, 1)
    ((wanted,),) = rows_of(
        city.app,
        "SELECT s.staff_no FROM duties d JOIN staff s ON s.id = d.staff_id JOIN areas a ON a.id = d.area_id "
        "WHERE a.code = '410199001000'",
    )
    assert lead == wanted
    row = the_row(city, number)
    assert (row["level"], row["revision"]) == (1, 2)
    ((kind, actor, role, detail),) = rows_of(
        city.app, f"SELECT kind, actor, role, detail FROM case_events WHERE case_id = {number} ORDER BY id DESC LIMIT 1"
    )
    assert (kind, actor, role, detail["level"]) == ("escalate", "gridkeeper", "system", 1)
    with Session(city.app) as session:
        assert check(session).differences == []


def test_it_goes_on_up_each_time_the_limit_has_passed_once_more_and_ends_at_the_city(city: Database):
    number = a_case(city)
    due = due_of(city, number)
    seen = []
    for minutes in range(0, 600, 30):
        look(city, due + minutes * MINUTE + MINUTE)
        seen.append(the_row(city, number)["level"])
    # To accept it is due after an hour, so that is how long each level has.
    assert seen[:8] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert set(seen[8:]) == {4}
    assert rows_of(city.app, "SELECT next_at FROM escalations WHERE level = 4") == [(None,)]


def test_the_next_deadline_that_is_missed_goes_up_at_once(city: Database):
    number = a_case(city)
    due = due_of(city, number)
    look(city, due + MINUTE)
    act(city, number, "accept", when=due + 2 * MINUTE)
    look(city, due + 59 * MINUTE)
    assert the_row(city, number)["level"] == 1
    look(city, due_of(city, number) + MINUTE)
    assert [row[:3] for row in levels(city, number)] == [("handle", 1, 1), ("handle", 1, 2)]


def test_the_wait_for_the_next_level_counts_working_days_where_the_limit_does(city: Database):
    number = a_case(city, category=BUILDING)
    due = due_of(city, number)
    look(city, due + MINUTE)
    ((at, next_at),) = rows_of(city.app, "SELECT at, next_at FROM escalations")
    assert at == due + MINUTE
    assert next_at == due + timedelta(days=1)


def test_a_pause_begins_the_wait_anew_and_a_paused_case_stays_where_it_is(city: Database):
    number = a_case(city)
    due = due_of(city, number)
    look(city, due + MINUTE)
    act(city, number, "suspend", reason="winter", when=due + 2 * MINUTE)
    look(city, due + 500 * MINUTE)
    assert the_row(city, number)["level"] == 1
    act(city, number, "resume", when=due + 600 * MINUTE)
    look(city, due + 659 * MINUTE)
    assert the_row(city, number)["level"] == 1
    look(city, due + 661 * MINUTE)
    assert the_row(city, number)["level"] == 2


def test_after_a_standstill_of_the_service_each_level_still_has_its_time(city: Database):
    number = a_case(city)
    much_later = due_of(city, number) + timedelta(days=30)
    look(city, much_later)
    look(city, much_later + 30 * MINUTE)
    assert the_row(city, number)["level"] == 1


def test_what_had_been_missed_before_a_file_brought_it_is_not_escalated(city: Database):
    number = a_case(city)
    due = due_of(city, number)
    with city.owner.begin() as connection:
        batch = connection.execute(
            text(
                "INSERT INTO import_batches (kind, dataset, file, options, actor, started_at) "
                "VALUES ('cases', 'd', 'f', '{}', 'planner', :at) RETURNING id"
            ),
            {"at": due},
        ).scalar_one()
        connection.execute(text("UPDATE cases SET batch_id = :batch"), {"batch": batch})
    look(city, due + MINUTE)
    assert levels(city, number) == []
    act(city, number, "accept", when=due + 2 * MINUTE)
    look(city, due_of(city, number) + MINUTE)
    assert [row[:3] for row in levels(city, number)] == [("handle", 1, 1)]


def test_the_substitute_of_a_lead_who_is_away_is_told_and_the_next_area_where_there_is_none(city: Database):
    with unit_of_work(city.owner) as session:
        street = "SELECT d.staff_id FROM duties d JOIN areas a ON a.id = d.area_id WHERE a.code = '410199001000'"
        lead = session.scalar(text(street))
        other = Staff(tree="town", staff_no="N1", name="Other")
        chief = Staff(tree="town", staff_no="N2", name="Chief")
        session.add_all([other, chief])
        session.flush()
        session.execute(
            text(
                "INSERT INTO duties (staff_id, area_id, role, leads, valid) SELECT :chief, id, 'street_lead', true, "
                "'[2020-01-01,)' FROM areas WHERE level = 'county'"
            ),
            {"chief": chief.id},
        )
        session.execute(
            text("INSERT INTO absences (staff_id, substitute_id, kind, valid) VALUES (:a, :b, 'ill', '[2020-01-01,)')"),
            {"a": lead, "b": other.id},
        )
    first = a_case(city)
    look(city, due_of(city, first) + MINUTE)
    assert levels(city, first)[0][3] == "N1"
    with unit_of_work(city.owner) as session:
        session.add(Absence(staff_id=other.id, kind="ill", valid=session.scalar(text("SELECT tstzrange(NULL, NULL)"))))
    second = a_case(city)
    look(city, due_of(city, second) + MINUTE)
    assert levels(city, second)[0][3] == "N2"


def test_the_service_looks_after_it(city: Database):
    number = a_case(city)
    with city.owner.begin() as connection:
        for sql in ("UPDATE cases SET due_at = now()", "UPDATE case_clocks SET due_at = c.due_at FROM cases c"):
            connection.execute(text(sql))
    (watch,) = (one for one in watches(city.app) if one.name == "escalations")
    assert watch.look() is False
    assert [row[2] for row in levels(city, number)] == [1]


@pytest.mark.parametrize(
    "trouble",
    [
        "INSERT INTO case_events (case_id, at, kind, actor, role, detail) "
        "VALUES ({}, now(), 'merge', 'x', 'x', '{{}}')",
        "ALTER TABLE case_events ADD CHECK (case_id <> {} OR kind <> 'escalate') NOT VALID",
    ],
    ids=["events", "rule of the database"],
)
def test_a_case_that_makes_no_sense_is_named_in_the_log_and_keeps_no_other_back(
    city: Database, caplog: pytest.LogCaptureFixture, trouble: str
):
    broken, *others = (a_case(city) for _ in range(3))
    with city.owner.begin() as connection:
        connection.execute(text(trouble.format(broken)))
    given_up: set[int] = set()
    while escalate_due(city.app, now=due_of(city, broken) + timedelta(minutes=30), given_up=given_up):
        pass
    assert [row[2] for number in others for row in levels(city, number)] == [1, 1]
    assert (levels(city, broken), given_up) == ([], {int(broken)})
    assert f"case {broken} cannot be escalated" in caplog.text


def test_threads_that_look_at_once_escalate_each_case_once(city: Database):
    numbers = [a_case(city) for _ in range(30)]
    at = datetime.now(UTC) + timedelta(hours=1, minutes=30)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: look(city, at), range(4)))
    require_one_each(city, numbers)


def test_processes_that_look_at_once_escalate_each_case_once(city: Database):
    numbers = [a_case(city) for _ in range(30)]
    at = datetime.now(UTC) + timedelta(hours=1, minutes=30)
    command = [sys.executable, "-c", LOOKING, at.isoformat()]
    running = [subprocess.Popen(command, env=city.env) for _ in range(2)]
    assert [one.wait(120) for one in running] == [0, 0]
    look(city, at)
    require_one_each(city, numbers)


def require_one_each(city: Database, numbers: list[str]) -> None:
    told = rows_of(city.app, "SELECT case_id, level FROM escalations ORDER BY case_id")
    assert [tuple(row) for row in told] == [(int(number), 1) for number in numbers]
    events = rows_of(city.app, "SELECT case_id FROM case_events WHERE kind = 'escalate' ORDER BY case_id")
    assert [str(row[0]) for row in events] == numbers
    assert rows_of(city.app, "SELECT DISTINCT level, revision FROM cases") == [(1, 2)]

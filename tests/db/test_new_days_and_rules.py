"""New days of a calendar and a first catalogue change deadlines: each case that shows it is told of, and no other."""

from __future__ import annotations

import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from data.session import unit_of_work
from layers.batches import Summary
from layers.cases.check import check
from layers.cases.queries import detail
from layers.cases.steps import take
from layers.dispatch import delivery, outbox
from layers.dispatch.feed import read
from layers.errors import Outdated
from tests.cluster import Database
from tests.happenings import ANNA, report_one, this_moment
from tests.imports import COLUMNS, rows_of, take_cases, write_csv
from tests.receivers import receiving
from tests.rules import give_days, write_days
from tests.stepping import BUILDING, DORA, days_around_now, give_town_rules, reported, row_of, step
from tests.town import at

SHOWN = ("clock", "due_at", "due_milestone")


def more_days(session: Session, folder: Path) -> Summary:
    return give_days(session, write_days(folder / "more.csv", days_around_now(after=40)))


def kinds(session: Session, number: str) -> list[str]:
    return [one["kind"] for one in detail(session, number)["events"]]


def shown(session: Session, number: str) -> dict[str, Any]:
    row = {name: row_of(session, number)[name] for name in SHOWN}
    return row | {"due_at": row["due_at"] and row["due_at"].isoformat()}


def until_locked(town: Database, work: Future[int]) -> None:
    """Wait until a piece of work waits for what somebody else holds, or is done."""
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
    while rows_of(town.app, waits) == [(0,)] and not work.done():
        time.sleep(0.01)


def test_what_came_in_before_the_first_catalogue_was_there_gets_its_clocks_when_it_begins_earlier(
    town_session: Session, tmp_path: Path
):
    number = reported(town_session)
    before = shown(town_session, number)
    give_town_rules(town_session, tmp_path)
    assert shown(town_session, number)["clock"] == "running"
    assert row_of(town_session, number)["revision"] == 2
    event = detail(town_session, number)["events"][-1]
    assert (event["kind"], event["actor"], event["role"]) == ("retimed", "planner", "planner")
    assert event["detail"] == {"why": "catalogue", "from": before, "to": shown(town_session, number)}
    assert event["en"].startswith("Its deadline was worked out again: the catalogue of the day it came in")
    assert event["zh"].startswith("重新计算办理时限:受理时的事项目录")
    assert check(town_session).differences == []


def test_cases_that_waited_for_more_days_get_their_deadlines_when_these_come_and_the_second_time_nothing(
    town_session: Session, tmp_path: Path
):
    give_town_rules(town_session, tmp_path, after=2)
    number, other = reported(town_session, category=None), reported(town_session)
    before = shown(town_session, number)
    assert before["clock"] == "beyond_calendar"
    assert more_days(town_session, tmp_path).facts["waited"] == 1
    event = detail(town_session, number)["events"][-1]
    assert event["detail"] == {"why": "calendar", "from": before, "to": shown(town_session, number)}
    assert event["en"].startswith("Its deadline was worked out again: more days")
    told = [(row_of(town_session, one)["revision"], len(kinds(town_session, one))) for one in (number, other)]
    assert told == [(2, 3), (1, 2)]
    assert more_days(town_session, tmp_path).facts["waited"] == 0
    assert [(row_of(town_session, one)["revision"], len(kinds(town_session, one))) for one in (number, other)] == told
    assert check(town_session).differences == []


def test_deadlines_behind_the_next_one_of_what_is_paused_and_of_what_is_done_follow_in_silence(
    town_session: Session, tmp_path: Path
):
    give_town_rules(town_session, tmp_path, after=2)
    merged, other, paused = (reported(town_session, category=None) for _ in range(3))
    building = reported(town_session, category=BUILDING)
    step(town_session, merged, "merge", DORA, into=other)
    step(town_session, paused, "suspend", reason="winter")
    silent = (building, merged, paused)
    before = [shown(town_session, one) for one in silent]
    assert [one["clock"] for one in before] == ["running", "stopped", "paused"]
    assert None in [one["due_at"] for one in detail(town_session, building)["clocks"]]
    assert more_days(town_session, tmp_path).facts["waited"] == 1
    assert [shown(town_session, one) for one in silent] == before
    assert "retimed" not in [kind for one in silent for kind in kinds(town_session, one)]
    for number in (building, merged, other):
        assert None not in [one["due_at"] for one in detail(town_session, number)["clocks"]]
    assert check(town_session).differences == []
    assert step(town_session, paused, "resume")["clock"] == "running"


def test_who_has_seen_the_old_deadline_is_told_of_the_newer_state(town_session: Session, tmp_path: Path):
    give_town_rules(town_session, tmp_path, after=2)
    number = reported(town_session, category=None)
    more_days(town_session, tmp_path)
    with pytest.raises(Outdated) as refused:
        take(town_session, DORA, number, "note", {"note": "x"}, seen=1)
    assert (refused.value.code, refused.value.values) == ("case_changed", {"state": "dispatched", "revision": 2})
    found = take(town_session, DORA, number, "note", {"note": "x"}, seen=2)
    assert (found["revision"], found["clock"]) == (3, "running")
    assert kinds(town_session, number)[-2:] == ["retimed", "note"]


def test_open_pages_and_other_systems_hear_of_it_once(town: Database, tmp_path: Path):
    file = write_csv(tmp_path / "cases.csv", [("a", *at(1, 0.25)), ("b", *at(1, 0.25))], header=list(COLUMNS))
    take_cases(town.app, file)
    untouched, touched = (str(id_) for (id_,) in rows_of(town.app, "SELECT id FROM cases ORDER BY id"))
    with unit_of_work(town.app) as session:
        step(session, touched, "note", note="seen")
    number = report_one(town)
    after = this_moment(town)
    with receiving() as receiver:
        with unit_of_work(town.app) as session:
            outbox.add(session, ANNA, receiver.url, kinds=["retimed"])
        with unit_of_work(town.app) as session:
            give_town_rules(session, tmp_path)
        with unit_of_work(town.app) as session:
            more_days(session, tmp_path)
        this_moment(town)
        delivery.deliver_next(town.app)
    assert [event["number"] for event in receiver.batches[0]["events"]] == [touched, str(number)]
    with Session(town.app) as session:
        bodies = [json.loads(event.body) for event in read(session, after, 100).events]
        assert check(session).differences == []
    assert [(one["kind"], one["number"]) for one in bodies] == [("retimed", touched), ("retimed", str(number))]
    assert all((one["clock"], one["revision"] > 1) == ("running", True) for one in bodies)
    assert rows_of(town.app, "SELECT clock, revision FROM cases WHERE id = :id", id=int(untouched)) == [("no_limit", 1)]


def test_a_report_that_is_being_stored_as_the_days_come_is_not_passed_over(town: Database, tmp_path: Path):
    with unit_of_work(town.app) as session:
        give_town_rules(session, tmp_path, after=2)
    with ThreadPoolExecutor(1) as other, Session(town.app) as session:
        number = reported(session, category=None)

        def import_them() -> int:
            with unit_of_work(town.app) as importing:
                return int(more_days(importing, tmp_path).facts["waited"])

        waited = other.submit(import_them)
        until_locked(town, waited)
        session.commit()
        assert waited.result() == 1
    with Session(town.app) as session:
        assert shown(session, number)["clock"] == "running"

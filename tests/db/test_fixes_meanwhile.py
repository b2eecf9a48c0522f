"""Fixes while something else happens: boundaries are published, connections are lost, grids overlap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from starlette.testclient import TestClient

from data.session import unit_of_work
from layers.patrols.fixes import Fix
from layers.patrols.instants import us_of
from layers.patrols.taking import Taker
from tests.boundaries import publish_halves
from tests.cluster import Database
from tests.imports import grid_frame, rows_of, take_grids
from tests.patrolling import batch_of, enrol, enrolled, fix, on_shift, secret_of, stored, take
from tests.town import at, squares

NOW = datetime.now(UTC)


def test_boundaries_that_are_published_judge_the_next_fix(town: Database):
    with unit_of_work(town.app) as session:
        device = enrol(session)
        on_shift(session, device, NOW - timedelta(days=1), NOW + timedelta(days=1))
    taker = Taker(town.app, kept_days=0)
    sent = []
    for minutes_ago in (5, 0):
        now_us = us_of(datetime.now(UTC))
        one = Fix(now_us - minutes_ago * 60_000_000, *at(1, 1), accuracy_m=5.0)
        sent += taker.take(batch_of(device, [one]), {device.id: device}, now_us=now_us).tolist()
        newest = publish_halves(town.app, 3)
    assert sent == ["stored", "stored"]
    asked = "SELECT version FROM fixes ORDER BY at"
    assert rows_of(town.app, asked) == [(2,), (newest,)]
    taker.close()


def test_where_grids_overlap_fixes_are_stamped_all_the_same(database: Database):
    with unit_of_work(database.app) as session:
        cells = [("A1", squares((0, 0, 2, 2))), ("A2", squares((1, 0, 3, 2)))]
        take_grids(session, grid_frame(cells), accept_problems=True)
        device = enrol(session, tree="duty", staff_no=None)
    for minutes in (0, 10):  # tables that a transaction made are gone in the next one
        sent = [fix(minutes, 0.5), fix(minutes + 1, 1.5), fix(minutes + 2, 2.5), fix(minutes + 3, 3.5)]
        assert take(database.app, device, sent, always=True).stored == 4
    asked = "SELECT g.code FROM fixes f LEFT JOIN grids g ON g.id = f.grid_id ORDER BY f.at"
    assert [code for (code,) in rows_of(database.app, asked)] == ["A1", "A1", "A2", None] * 2


def test_a_lost_connection_costs_one_answer_and_no_fix(committing_client: TestClient, town: Database):
    with unit_of_work(town.app) as session:
        device = enrol(session)
        on_shift(session, device, NOW - timedelta(days=1), NOW + timedelta(days=1))
    x, y = at(1, 1)
    statuses = []
    for seconds in range(6):
        if seconds == 2:
            town.cut()
        one = {"at": (NOW - timedelta(minutes=1, seconds=seconds)).isoformat(), "x": x, "y": y}
        answer = committing_client.post(
            "/api/v1/fixes", json={"fixes": [one]}, headers={"X-Device": secret_of("phone-1")}
        )
        statuses.append(answer.status_code)
        if answer.status_code == 503:
            assert answer.headers["retry-after"]
    assert set(statuses) <= {200, 503}
    assert statuses.count(503) <= 1
    assert stored(town.app)["fixes"] == statuses.count(200)


def test_a_day_that_was_dropped_is_made_again_when_it_is_needed(town: Database):
    device = enrolled(town.app)
    taker = Taker(town.app, kept_days=0)
    for minute in (0, 1):
        batch = batch_of(device, [fix(minute)])
        assert taker.take(batch, {device.id: device}, now_us=us_of(NOW)).tolist() == ["stored"]
        with unit_of_work(town.owner) as session:
            session.execute(text("SELECT forget_fixes(current_date + 1)"))
    taker.close()
    assert stored(town.app)["fixes"] == 0

"""All open cases as columns: what they hold, their order, and that nothing slips between them and the live stream."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from time import monotonic, sleep
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.session import read_only
from data.tables import Case
from gis.crs import LATTICE
from layers.cases.loop import closed_states, states
from layers.dispatch import kept_cases as module
from layers.dispatch.feed import Cursor, read
from layers.dispatch.open_cases import open_cases
from tests.cluster import Database
from tests.columns import unpacked_columns
from tests.happenings import note, report_meanwhile, report_one
from tests.waiting import fill

NOW = "2026-05-06T08:00:00+08:00"
COLUMNS = {
    "number", "lon", "lat", "state", "clock", "due", "level", "urgent", "supervised", "matter", "department", "grid",
    "staff", "received", "revision",
}  # fmt: skip


def asked(session: Session, tree: str | None = None) -> dict[str, Any]:
    return unpacked_columns(open_cases(session, tree))


def test_the_columns_hold_every_open_case_as_it_is_stored(town_session: Session):
    fill(town_session, 3200, now=NOW, late=500)
    town_session.execute(
        text(
            "UPDATE placements SET override_grid_id = (SELECT id FROM grids WHERE code = 'D08'), "
            "override_by = 'x' WHERE case_id % 9 = 0"
        )
    )
    told = asked(town_session)
    stored = list(town_session.scalars(select(Case).where(Case.state.notin_(closed_states()))))
    assert len(stored) > 2000
    columns = told["columns"]
    assert set(columns) == COLUMNS
    assert {len(column) for column in columns.values()} == {len(stored)}
    stored.sort(key=lambda case: (case.due_at is None, case.due_at, case.id))
    assert columns["number"] == [case.id for case in stored]
    assert [told["states"][place] for place in columns["state"]] == [case.state for case in stored]
    assert [told["clocks"][place] for place in columns["clock"]] == [case.clock for case in stored]
    assert columns["due"] == [case.due_at and math.ceil(case.due_at.timestamp()) for case in stored]
    assert columns["received"] == [math.ceil(case.received_at.timestamp()) for case in stored]
    for name in ("level", "revision"):
        assert columns[name] == [getattr(case, name) for case in stored]
    assert columns["urgent"] == [int(case.urgency == "urgent") for case in stored]
    assert columns["supervised"] == [int(case.supervised) for case in stored]
    assert columns["lon"] == [round(case.geom.x / LATTICE) * LATTICE for case in stored]
    assert columns["lat"] == [round(case.geom.y / LATTICE) * LATTICE for case in stored]


def test_names_are_told_once_and_pointed_to(town_session: Session):
    fill(town_session, 320, now=NOW)
    told = asked(town_session, "town")
    columns, stored = told["columns"], {}
    for case in town_session.scalars(select(Case)):
        stored[case.id] = case
    cases = [stored[number] for number in columns["number"]]
    assert told["matters"] == [{"code": "04-01", "standard": "2026", "zh": "街面秩序", "en": "Street order"}]
    assert columns["matter"] == [None if case.matter_id is None else 0 for case in cases]
    assert told["departments"] == [{"code": "U1", "zh": "城管局", "en": "Urban management"}]
    assert columns["department"] == [None if case.department_id is None else 0 for case in cases]
    assert told["staff"] == [{"staff_no": "P01", "name": "Wang 王一"}]
    assert columns["staff"] == [None if case.staff_id is None else 0 for case in cases]
    assert [grid["code"] for grid in told["grids"]] == ["D01", "D03"]
    assert columns["grid"] == [case.id % 2 for case in cases]
    areas = {area["code"]: area for area in told["areas"]}
    assert {grid["area"] for grid in told["grids"]} <= set(areas)
    assert areas["410199001000"]["parent"] == "410199000000"
    assert told["states"] == list(states())


def test_a_city_without_cases_has_empty_columns(town_session: Session):
    told = asked(town_session, "lakeside")
    assert told["tree"] == "lakeside"
    assert set(told["columns"]) == COLUMNS
    assert told["rows"] == 0
    assert set(map(tuple, told["columns"].values())) == {()}


def test_a_case_outside_every_grid_points_to_none(town_session: Session):
    fill(town_session, 1, now=NOW)
    town_session.execute(text("UPDATE placements SET grid_id = NULL, nearest_grid_id = grid_id, outside_m = 5"))
    assert asked(town_session)["columns"]["grid"] == [None]
    assert asked(town_session)["grids"] == []


def test_the_order_is_by_deadline_then_by_number_and_those_without_come_last(town_session: Session):
    fill(town_session, 500, now=NOW, late=100)
    town_session.execute(text(f"UPDATE cases SET due_at = '{NOW}' WHERE due_at IS NOT NULL AND id % 3 = 0"))
    columns = asked(town_session)["columns"]
    keys = [(due is None, due or 0, number) for due, number in zip(columns["due"], columns["number"], strict=True)]
    assert keys == sorted(keys)


def test_what_commits_while_the_columns_are_read_is_in_them_or_after_their_cursor(town: Database, monkeypatch):
    """Somebody began before, and commits after the columns were read; another begins and ends in between."""
    case = report_one(town)
    between: list[int] = []
    real = module._read

    def meanwhile(session: Session, tree: str, **only: Any):
        between.append(report_meanwhile(town, 3, 1))
        return real(session, tree, **only)

    monkeypatch.setattr(module, "_read", meanwhile)
    with town.app.connect() as slow:
        (noted,) = note(slow, case)
        with read_only(town.app) as session:
            told = asked(session)
        slow.commit()
    assert datetime.fromisoformat(told["now"]).tzinfo is not None
    with Session(town.app) as session:
        page = read(session, Cursor.parse(told["cursor"]), 100)
    after = [event.cursor.id for event in page.events]
    assert noted in after
    assert between[0] in told["columns"]["number"]
    assert case in told["columns"]["number"]


def test_what_is_kept_is_brought_up_to_date_by_what_happened_since(town: Database, monkeypatch):
    """Many reports and steps in turns: each answer is that of a service that has kept nothing."""
    asked_for: list[list[int] | None] = []
    real = module._read

    def watched(session: Session, tree: str, only: list[int] | None = None):
        asked_for.append(only)
        return real(session, tree, only)

    monkeypatch.setattr(module, "_read", watched)
    cases = [report_one(town) for _ in range(3)]
    for step in range(4):
        with read_only(town.app) as session:
            kept = asked(session)
        with town.app.begin() as other:
            module._kept.clear()
            assert (fresh := asked(Session(other)))["columns"] == kept["columns"]
            assert len(fresh["columns"]["number"]) == 3 + step
        with read_only(town.app) as session:
            asked(session)
        cases.append(report_one(town))
        with town.app.begin() as other:
            note(other, cases[0])
            other.execute(
                text("UPDATE cases SET level = level + 1, revision = revision + 1 WHERE id = :id"), {"id": cases[0]}
            )
    with read_only(town.app) as session:
        told = asked(session)["columns"]
    assert sorted(told["number"]) == sorted(cases)
    assert told["level"][told["number"].index(cases[0])] == 4
    assert [cases[0], cases[-1]] in [sorted(only) for only in asked_for if only], (
        "what did not change is not read again"
    )


def test_what_a_transaction_wrote_and_took_back_is_not_kept(town: Database):
    case = report_one(town)
    with Session(town.app) as session:
        session.execute(text("UPDATE cases SET level = 3 WHERE id = :id"), {"id": case})
        assert asked(session)["columns"]["level"] == [3]
        session.rollback()
    with read_only(town.app) as session:
        assert asked(session)["columns"]["level"] == [0]


def test_a_file_of_cases_or_a_restored_database_is_read_whole(town: Database):
    with read_only(town.app) as session:
        assert asked(session)["rows"] == 0
    with town.app.begin() as other:
        fill(Session(other), 320, now=NOW)
        (one,) = other.execute(text("SELECT min(id) FROM cases")).one()
        other.execute(
            text(
                "INSERT INTO case_events (case_id, at, kind, actor, role) "
                "VALUES (:id, now(), 'imported', 't', 'dispatcher')"
            ),
            {"id": one},
        )
    with read_only(town.app) as session:
        assert asked(session)["rows"] == 260
        (key,) = [key for key in module._kept if key[0] == str(town.app.url)]
        module._kept[key] = replace(module._kept[key], cursor=Cursor(2**60, 0), rows={})
        assert asked(session)["rows"] == 260


def test_a_year_that_was_mistyped_keeps_no_case_from_the_page(town_session: Session):
    fill(town_session, 32, now=NOW)
    first, last = "0226-05-06T08:00:00+00:00", "9026-05-06T08:00:00+00:00"
    town_session.execute(
        text("UPDATE cases SET received_at = :first WHERE id = (SELECT min(id) FROM cases)"), {"first": first}
    )
    town_session.execute(
        text("UPDATE cases SET due_at = :last WHERE id = (SELECT min(id) FROM cases WHERE due_at IS NOT NULL)"),
        {"last": last},
    )
    columns = asked(town_session)["columns"]
    assert min(columns["received"]) == datetime.fromisoformat(first).timestamp()
    assert max(due for due in columns["due"] if due is not None) == datetime.fromisoformat(last).timestamp()
    assert len(columns["number"]) > 20


def test_of_many_who_ask_at_once_one_reads(town: Database, monkeypatch):
    with town.app.begin() as other:
        fill(Session(other), 320, now=NOW)
    asked_for: list[list[int] | None] = []
    real = module._read

    def slowly(session: Session, tree: str, only: list[int] | None = None):
        asked_for.append(only)
        sleep(0.2)
        return real(session, tree, only)

    monkeypatch.setattr(module, "_read", slowly)

    def ask(_: int) -> int:
        with read_only(town.app) as session:
            return int(open_cases(session)["rows"])

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(ask, range(6))) == {260}
    assert asked_for == [None]


def test_what_was_changed_by_hand_is_looked_for_once_the_rows_are_old(town: Database):
    case = report_one(town)
    with read_only(town.app) as session:
        asked(session)
    with town.app.begin() as other:
        other.execute(text("UPDATE cases SET level = 3 WHERE id = :id"), {"id": case})
    (key,) = [key for key in module._kept if key[0] == str(town.app.url)]
    module._kept[key] = replace(module._kept[key], read_s=monotonic() - 61)
    with read_only(town.app) as session:
        assert asked(session)["columns"]["level"] == [0], "nobody waits for it"
    give_up = monotonic() + 10
    while monotonic() - module._kept[key].read_s > 60 and monotonic() < give_up:
        sleep(0.02)
    with read_only(town.app) as session:
        assert asked(session)["columns"]["level"] == [3]
    with town.app.begin() as other:
        other.execute(text("UPDATE cases SET level = 2 WHERE id = :id"), {"id": case})
    module._kept[key] = replace(module._kept[key], read_s=monotonic() - 3601)
    with read_only(town.app) as session:
        assert asked(session)["columns"]["level"] == [2], "what is very old is read before anybody is answered"

"""Cases that come by file are measured by the catalogue that held when they came in, as if they had come in live."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.session import unit_of_work
from gis.errors import BadInput
from layers.batches import Summary
from layers.cases.derived import Facts, derive, happening
from layers.errors import NotFound
from layers.matters.held import catalogue_of
from tests.cluster import Database
from tests.imports import rows_of, take_cases, write_csv
from tests.rules import RULES, give_rules
from tests.town import at

HEADER = ("id", "lon", "lat", "at", "closed", "category", "state", "urgency", "unit")
ROLES = {"at": "at", "received_at": "at", "closed_at": "closed", "category": "category", "state": "state"}
EVERY = {**ROLES, "urgency": "urgency", "department": "unit"}
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
HERE = at(0.5, 0.5)
MONDAY, TUESDAY = "2026-05-04 09:00", "2026-05-05 09:00"
ROWS = (
    ("in time", *HERE, MONDAY, "2026-05-04 15:00", "06010", "", "", ""),
    ("late", *HERE, MONDAY, TUESDAY, "06010", "", "", ""),
    ("at the limit", *HERE, MONDAY, "2026-05-04 15:30", "0110", "archived", "", ""),
    ("urgent", *HERE, MONDAY, TUESDAY, "L1", "", "urgent", ""),
    ("unknown", *HERE, MONDAY, TUESDAY, "who knows", "", "", ""),
    ("other unit", *HERE, MONDAY, TUESDAY, "06010", "", "", "W"),
    ("no unit", *HERE, MONDAY, TUESDAY, "06010", "", "", "X"),
    ("too early", *HERE, "2026-04-20 09:00", "2026-04-21 09:00", "06010", "", "", ""),
    ("before the rules", *HERE, "2025-12-01 09:00", "2025-12-02 09:00", "06010", "", "", ""),
    ("when?", *HERE, MONDAY, "", "06010", "archived", "", ""),
    ("open", *HERE, MONDAY, "", "06010", "", "", ""),
    ("outside", *at(6, 5.5), MONDAY, "", "06010", "", "", ""),
    ("paused", *HERE, MONDAY, "", "06010", "suspended", "", ""),
    ("open too early", *HERE, "2026-04-20 09:00", "", "06010", "", "", ""),
    ("verified", *HERE, MONDAY, "", "06010", "verified", "", ""),
)


def take(
    town: Database, folder: Path, *rows: tuple[object, ...], columns: dict[str, str] = EVERY, **more: Any
) -> Summary:
    file = write_csv(folder / "cases.csv", rows or ROWS, header=HEADER)
    return take_cases(town.app, file, columns=columns, **more)


@pytest.fixture
def ruled(town: Database, tmp_path: Path) -> Database:
    with unit_of_work(town.app) as session:
        give_rules(session, tmp_path, since=SINCE)
    return town


def cases(town: Database) -> dict[str, Any]:
    rows = rows_of(
        town.app,
        "SELECT c.*, d.code AS unit, m.code AS matter FROM cases c LEFT JOIN departments d ON d.id = c.department_id "
        "LEFT JOIN matters m ON m.id = c.matter_id",
    )
    return {row.source_id: row for row in rows}


def test_what_was_closed_is_counted_as_in_time_late_or_unmeasured(ruled: Database, tmp_path: Path):
    done = take(ruled, tmp_path)
    assert done.stored == len(ROWS)
    assert {name: done.facts[name] for name in done.facts if name.startswith(("closed", "un", "without"))} == {
        "closed_in_time": 4,
        "closed_late": 3,
        "unmeasured": 2,
        "closed_without_time": 1,
        "closed_without_limit": 1,
        "without_matter": 1,
        "unknown_department": 1,
    }
    found = cases(ruled)
    clocks = {name: case.clock for name, case in found.items()}
    assert clocks == {
        **dict.fromkeys(("in time", "late", "at the limit", "urgent", "unknown", "other unit", "no unit"), "stopped"),
        **dict.fromkeys(("when?", "before the rules"), "stopped"),
        **dict.fromkeys(("too early", "open too early"), "unmeasured"),
        **dict.fromkeys(("open", "outside"), "running"),
        **{"paused": "paused", "verified": "no_limit"},
    }  # fmt: skip
    assert {name for name, case in found.items() if case.due_at} == {"open", "outside"}
    assert found["open"].due_at == datetime(2026, 5, 4, 7, 30, tzinfo=UTC)
    assert found["outside"].due_at == datetime(2026, 5, 4, 1, 30, tzinfo=UTC)
    assert found["at the limit"].matter == "06010"
    assert found["in time"].closed_at == datetime(2026, 5, 4, 7, tzinfo=UTC)
    assert found["paused"].paused_state == "handling"


def test_the_file_says_who_handled_it_and_else_the_rule_does(ruled: Database, tmp_path: Path):
    take(ruled, tmp_path)
    found = cases(ruled)
    units = {name: found[name].unit for name in ("in time", "other unit", "no unit", "urgent", "unknown")}
    assert units == {"in time": "S", "other unit": "W", "no unit": "S", "urgent": "T", "unknown": None}
    assert (len(found["in time"].assisting), found["other unit"].assisting) == (2, [])
    assert [found[name].urgency for name in ("in time", "urgent")] == ["normal", "urgent"]


def test_all_that_is_stored_of_clocks_can_be_worked_out_again_from_the_events(ruled: Database, tmp_path: Path):
    take(ruled, tmp_path)
    shown = ("clock", "due_at", "due_milestone", "paused_state", "state")
    with Session(ruled.app) as session:
        for case in cases(ruled).values():
            asked = text("SELECT at, kind, detail FROM case_events WHERE case_id = :id ORDER BY id")
            events = [happening(row) for row in session.execute(asked, {"id": case.id}).mappings()]
            facts = Facts(case.received_at, case.matter_id, case.urgency, case.place_class)
            again = derive(facts, events, catalogue_of(session, "town", case.received_at))
            assert {name: again.columns()[name] for name in shown} == {name: getattr(case, name) for name in shown}
            rows = rows_of(ruled.app, "SELECT * FROM case_clocks WHERE case_id = :id", id=case.id)
            stored = [{name: getattr(row, name) for name in again.clock_rows()[0]} for row in rows] if rows else []
            assert stored == again.clock_rows()
            if "closed_at" in events[0].detail:
                assert again.columns()["closed_at"] == case.closed_at


def test_the_limit_is_that_of_the_place(ruled: Database, tmp_path: Path):
    with unit_of_work(ruled.app) as session:
        of_it = (
            "SELECT area_id FROM grids WHERE code = 'D01' AND scheme_id = (SELECT id FROM schemes WHERE name = 'duty')"
        )
        session.execute(text(f"UPDATE areas SET place_class = 'rural' WHERE id = ({of_it})"))
    take(ruled, tmp_path, ("1", *HERE, MONDAY, "", "06010", "", "", ""))
    case = cases(ruled)["1"]
    assert (case.place_class, case.unit) == ("rural", "W")
    assert case.due_at == datetime(2026, 5, 5, 10, tzinfo=UTC)


def test_the_rules_that_held_then_measure_it(ruled: Database, tmp_path: Path):
    now = datetime.now(UTC)
    with unit_of_work(ruled.app) as session:
        longer = [("", "", "", "handle", "end", 9, "hours", "new book")]
        give_rules(session, tmp_path, limits=longer, departments=RULES["departments"])
    rows = (
        ("then", *HERE, MONDAY, "", "06010", "", "", ""),
        ("now", *HERE, datetime.now(UTC).isoformat(), "", "06010", "", "", ""),
    )
    take(ruled, tmp_path, *rows)
    found = cases(ruled)
    assert found["then"].due_at == datetime(2026, 5, 4, 7, 30, tzinfo=UTC)
    assert found["now"].due_at > now
    assert (found["now"].due_at - found["now"].received_at).total_seconds() == 9 * 3600


def test_categories_are_mapped_by_a_table(ruled: Database, tmp_path: Path):
    row = ("1", *HERE, MONDAY, TUESDAY, "rubbish", "", "", "")
    done = take(ruled, tmp_path, row, matters={"rubbish": "0110"})
    assert done.facts["closed_late"] == 1
    assert "without_matter" not in done.facts
    assert cases(ruled)["1"].matter == "06010"
    with pytest.raises(BadInput) as caught:
        take(ruled, tmp_path, row, matters={"rubbish": "99999"})
    assert (caught.value.code, caught.value.value) == ("unknown_matter", "99999")


def test_a_city_without_rules_keeps_the_closings_and_nothing_else(town: Database, tmp_path: Path):
    done = take(town, tmp_path)
    assert (done.stored, "closed_in_time" in done.facts) == (len(ROWS), False)
    found = cases(town)
    assert {found["late"].clock, found["when?"].clock} == {"stopped"}
    assert found["open"].clock == "no_limit"
    assert found["late"].closed_at == datetime(2026, 5, 5, 1, tzinfo=UTC)
    assert rows_of(town.app, "SELECT count(*) FROM case_clocks") == [(0,)]
    with pytest.raises(NotFound) as caught:
        take(town, tmp_path, matters={"rubbish": "06010"})
    assert caught.value.code == "no_catalogue"


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        (("1", *HERE, MONDAY, "2026-05-04 08:00", "", "", "", ""), "closed", "closed_before_it_began"),
        (("1", *HERE, MONDAY, "2150-01-01", "", "", "", ""), "closed", "in_the_future"),
        (("1", *HERE, MONDAY, "soon", "", "", "", ""), "closed", "time_format"),
        (("1", *HERE, MONDAY, TUESDAY, "", "handling", "", ""), "closed", "closed_but_open"),
        (("1", *HERE, MONDAY, "", "", "merged", "", ""), "state", "unknown_state"),
        (("1", *HERE, MONDAY, "", "", "", "very", ""), "urgency", "unknown_urgency"),
    ],
)
def test_a_row_that_contradicts_itself_is_set_aside(ruled: Database, tmp_path: Path, row, field: str, reason: str):
    done = take(ruled, tmp_path, row)
    assert (done.stored, done.reasons) == (0, {reason: 1})
    assert rows_of(ruled.app, "SELECT field, reason FROM quarantine") == [(field, reason)]


def test_what_is_closed_was_received_when_it_happened(ruled: Database, tmp_path: Path):
    columns = {name: column for name, column in EVERY.items() if name != "received_at"}
    begun = datetime.now(UTC)
    take(ruled, tmp_path, ROWS[0], ("open", *HERE, MONDAY, "", "06010", "", "", ""), columns=columns)
    found = cases(ruled)
    assert found["in time"].received_at == found["in time"].occurred_at
    assert found["open"].received_at >= begun

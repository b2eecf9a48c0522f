"""What an import decides for each case: instant, boundaries, grid, person, reasons; the same as for one report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from data.session import unit_of_work
from gis.crs import LATTICE
from gis.gcj import wgs84_to_gcj02
from layers.actor import Actor
from layers.cases.backfill import place_existing
from layers.cases.check import check
from layers.cases.intake import Report, receive
from layers.cases.reasons import SENTENCES
from layers.grids.schemes import SchemeSpec, scheme_named
from tests.cluster import Database
from tests.imports import rows_of, take_cases, take_grids, write_csv
from tests.town import LEAD_CHANGED, MOVED, at, squares

NOW = "2026-05-03T08:00:00+08:00"
BEFORE = MOVED - timedelta(days=1)
HEADER = ("id", "lon", "lat", "at")
_CASES = """
    SELECT c.source_id, c.state, c.queue_reason, g.code AS grid, task.code AS task, second.code AS second,
        nearest.code AS nearest, p.version, p.edge_distance_m, p.outside_m, p.near_border, s.name AS scheme,
        person.name AS person, owner.name AS owner, c.reasons, c.occurred_at, c.occurred_precision, c.raw_x, c.raw_y,
        c.raw_datum, ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat, c.id
    FROM cases c
    JOIN placements p ON p.case_id = c.id AND p.routing
    JOIN schemes s ON s.id = p.scheme_id
    LEFT JOIN grids g ON g.id = p.grid_id
    LEFT JOIN grids task ON task.id = c.task_grid_id
    LEFT JOIN grids second ON second.id = p.second_grid_id
    LEFT JOIN grids nearest ON nearest.id = p.nearest_grid_id
    LEFT JOIN staff person ON person.id = c.staff_id
    LEFT JOIN staff owner ON owner.id = c.owner_staff_id
    ORDER BY c.id"""


def cases_of(database: Database) -> dict[str, Any]:
    """All cases by source id (or number), with grids and people by their names."""
    return {row.source_id or str(row.id): row for row in rows_of(database.app, _CASES)}


def take(database: Database, folder: Path, *rows: tuple[object, ...], header: tuple[str, ...] = HEADER, **options: Any):
    """Import rows and give the stored cases."""
    options = {"columns": {"at": "at"} if "at" in header else {}, **options}
    take_cases(database.app, write_csv(folder / "rows.csv", rows, header=header), **options)
    return cases_of(database)


def codes(case: Any) -> list[str]:
    return [reason["code"] for reason in case.reasons]


def test_naive_times_are_on_the_clock_that_was_given_or_the_schemes(town: Database, tmp_path: Path):
    row = ("1", *at(0.5, 0.5), "2026-05-03 08:00")
    assert take(town, tmp_path, row, time_zone="Asia/Shanghai")["1"].occurred_at == datetime(
        2026, 5, 3, 0, 0, tzinfo=UTC
    )
    other = ("2", *at(0.5, 0.5), "2026-05-03 08:00")
    assert take(town, tmp_path, other, time_zone="America/Chicago")["2"].occurred_at == datetime(
        2026, 5, 3, 13, tzinfo=UTC
    )


def test_a_bare_date_is_local_midnight_and_a_missing_time_that_of_receipt(town: Database, tmp_path: Path):
    begun = datetime.now(UTC)
    found = take(town, tmp_path, ("day", *at(1, 1), "2026-05-03"), ("none", *at(1, 1), ""), ("all", *at(1, 1), NOW))
    assert found["day"].occurred_at == datetime(2026, 5, 2, 16, tzinfo=UTC)
    assert {name: case.occurred_precision for name, case in found.items()} == {
        "day": "day", "none": "received", "all": "instant",
    }  # fmt: skip
    assert begun <= found["none"].occurred_at <= datetime.now(UTC)


def test_a_missing_time_takes_that_of_the_column_of_receipt(town: Database, tmp_path: Path):
    row = ("1", *at(4.5, 4.5), "", "2024-05-03")
    named = {"at": "at", "received_at": "got"}
    found = take(town, tmp_path, row, header=(*HEADER, "got"), columns=named)["1"]
    assert (found.grid, found.version, found.occurred_precision) == ("D09", 1, "received")


def test_the_boundary_of_that_time_decides_the_owner_and_todays_grid_gets_the_task(town: Database, tmp_path: Path):
    found = take(
        town, tmp_path,
        ("then", *at(4.5, 4.5), BEFORE), ("at once", *at(4.5, 4.5), MOVED), ("border", *at(2.25, 3), BEFORE),
    )  # fmt: skip
    then = found["then"]
    assert (then.grid, then.task, then.version, then.state) == ("D09", "D03", 1, "dispatched")
    assert (then.owner, then.person) == ("Feng 冯八", "Zhou 周五")
    assert {"boundary_then", "moved_to_today"} <= set(codes(then))
    assert (found["at once"].grid, found["at once"].task, found["at once"].version) == ("D03", None, 2)
    assert (found["border"].grid, found["border"].version) == ("D06", 1)


def test_a_dedicated_grid_takes_the_case_and_the_duty_grid_is_stored_too(town: Database, tmp_path: Path):
    found = take(town, tmp_path, ("1", *at(1.75, 1), NOW))["1"]
    assert (found.scheme, found.grid, found.person) == ("dedicated", "Z01", "Zhao 赵三")
    assert "partial_wins" in codes(found)
    both = "SELECT g.code, p.routing FROM placements p JOIN grids g ON g.id = p.grid_id ORDER BY g.code"
    assert rows_of(town.app, both) == [("D01", False), ("Z01", True)]


@pytest.mark.parametrize(
    ("place", "person", "reason"),
    [
        ((0.5, 0.5), "Wang 王一", "lead"),
        ((3.5, 1.8), "Zhao 赵三", "substitute"),
        ((4.5, 0.5), "Zhou 周五", "deputy"),
        ((6, 2), "Zheng 郑七", "next_level"),
        ((3.5, 3), "Wu 吴六", "next_level"),
    ],
)
def test_whoever_stands_in_gets_the_task(town: Database, tmp_path: Path, place, person, reason):
    found = take(town, tmp_path, ("1", *at(*place), NOW))["1"]
    assert (found.state, found.person) == ("dispatched", person)
    assert reason in codes(found)


def test_cases_nobody_answers_for_or_outside_wait_with_their_reason(town: Database, tmp_path: Path):
    outside = take(town, tmp_path, ("out", *at(6, 5.5), NOW))["out"]
    assert (outside.state, outside.queue_reason, outside.grid, outside.nearest) == ("queued", "outside", None, "D03")
    nobody = take(town, tmp_path, ("none", -87.7, 41.9, NOW), scheme="beats")["none"]
    assert (nobody.state, nobody.queue_reason, nobody.grid, nobody.person) == ("queued", "no_person", "B1", None)


def test_history_keeps_its_state(town: Database, tmp_path: Path):
    rows = [(state, *at(6, 5.5), state) for state in ("archived", "verified")]
    found = take(town, tmp_path, *rows, header=("id", "lon", "lat", "state"), columns={"state": "state"})
    assert {name: (case.state, case.queue_reason) for name, case in found.items()} == {
        "archived": ("archived", None), "verified": ("verified", None),
    }  # fmt: skip


def test_who_led_then_is_stored_where_it_is_another_person(town: Database, tmp_path: Path):
    day = timedelta(days=1)
    found = take(
        town, tmp_path, ("then", *at(0.5, 2.5), LEAD_CHANGED - day), ("since", *at(0.5, 2.5), LEAD_CHANGED + day)
    )  # fmt: skip
    assert (found["then"].owner, found["then"].person) == ("Feng 冯八", "Chen 陈九")
    assert (found["since"].owner, found["since"].person) == (None, "Chen 陈九")


def test_positions_in_gcj02_land_where_their_twins_do_and_the_raw_pair_is_kept(town: Database, tmp_path: Path):
    places = [at(column, 1.3) for column in (0.5, 2.0, 3.9, 7.9)]
    moved = [
        tuple(float(value) for value in wgs84_to_gcj02([lon], [lat])[axis]) for lon, lat in places for axis in (0, 1)
    ]
    shifted = list(zip((x for (x,) in moved[::2]), (y for (y,) in moved[1::2]), strict=True))
    rows = [(f"w{no}", *place, "wgs84") for no, place in enumerate(places)]
    rows += [(f"g{no}", *place, "GCJ02") for no, place in enumerate(shifted)]
    found = take(town, tmp_path, *rows, header=("id", "lon", "lat", "crs"), columns={"datum": "crs"}, datum=None)
    for no, (x, y) in enumerate(shifted):
        one, twin = found[f"w{no}"], found[f"g{no}"]
        assert max(abs(one.lon - twin.lon), abs(one.lat - twin.lat)) <= LATTICE
        assert (twin.raw_x, twin.raw_y, twin.raw_datum) == (x, y, "gcj02")
        assert {"code": "datum", "datum": "gcj02"} in twin.reasons


def test_reasons_are_stored_as_codes_and_each_case_has_one_event(town: Database, tmp_path: Path):
    found = take(town, tmp_path, *((str(no), *at(no / 4, no / 5), NOW) for no in range(24)))
    assert {code for case in found.values() for code in codes(case)} <= SENTENCES.keys()
    events = "SELECT case_id, kind, actor, role, detail->>'state' FROM case_events ORDER BY case_id"
    assert rows_of(town.app, events) == [(c.id, "imported", "planner", "planner", c.state) for c in found.values()]


def test_a_version_that_is_only_announced_does_not_take_tasks_yet(town: Database, tmp_path: Path):
    with unit_of_work(town.app) as session:
        spec = SchemeSpec(name="duty")
        take_grids(session, [("N1", squares((-1, 0, 8, 5)))], spec=spec, since=datetime.now(UTC) + timedelta(days=30))
    found = take(town, tmp_path, ("now", *at(0.5, 0.5), NOW), ("then", *at(4.5, 4.5), BEFORE))
    assert (found["now"].grid, found["now"].task, found["now"].person) == ("D01", None, "Wang 王一")
    assert (found["then"].grid, found["then"].task) == ("D09", "D03")


def test_where_a_dedicated_grid_is_gone_the_duty_grid_gets_the_task(town: Database, tmp_path: Path):
    with unit_of_work(town.app) as session:
        take_grids(session, [("Z02", squares((6, 0, 7, 0.5)))], spec=SchemeSpec(name="dedicated"), since=MOVED)
    lon, lat = at(1.75, 1)
    with unit_of_work(town.app) as session:
        receive(session, Actor("wang"), Report(x=lon, y=lat, datum="wgs84", occurred_at=BEFORE))
    one, many = take(town, tmp_path, ("many", lon, lat, BEFORE)).values()
    assert (many.scheme, many.grid, many.task, many.person) == ("dedicated", "Z01", "D01", "Wang 王一")
    assert told(one) == told(many)


def test_cases_that_were_there_before_a_scheme_get_their_place_in_it(town: Database, tmp_path: Path):
    take(town, tmp_path, *((str(no), *at(no / 2, 1), NOW) for no in range(8)))
    blocks = [("M1", squares((0, 0, 1, 5))), ("M2", squares((1, 0, 2, 5)))]
    with unit_of_work(town.app) as session:
        take_grids(session, blocks, spec=SchemeSpec(name="micro", tree="town"))
        assert place_existing(session, scheme_named(session, "micro")).placed == 8
        assert place_existing(session, scheme_named(session, "micro")).placed == 0
    placed = """
        SELECT c.source_id, g.code, n.code FROM cases c JOIN placements p ON p.case_id = c.id AND NOT p.routing
        JOIN schemes s ON s.id = p.scheme_id AND s.name = 'micro'
        LEFT JOIN grids g ON g.id = p.grid_id LEFT JOIN grids n ON n.id = p.nearest_grid_id ORDER BY 1"""
    owners = ["M1", "M1", "M1", "M2", "M2", None, None, None]
    expected = [(str(no), code, None if code else "M2") for no, code in enumerate(owners)]
    assert rows_of(town.app, placed) == expected
    with Session(town.app) as session:
        assert check(session).differences == []


PLACES = st.tuples(st.integers(-24, 136), st.integers(-8, 88)).map(lambda place: at(place[0] / 16, place[1] / 16))
ASIDE = st.sampled_from([-20_000, -1, 0, 0, 0, 1, 300])
INSTANTS = st.sampled_from([MOVED - timedelta.resolution, MOVED, LEAD_CHANGED, datetime(2026, 5, 3, tzinfo=UTC)])


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(asked=st.lists(st.tuples(PLACES, ASIDE, ASIDE, INSTANTS), min_size=20, max_size=20))
def test_a_file_and_single_reports_decide_the_same(town: Database, tmp_path: Path, asked):
    rows = [(lon + x * LATTICE, lat + y * LATTICE, when) for (lon, lat), x, y, when in asked]
    before = len(cases_of(town))
    with unit_of_work(town.app) as session:
        for lon, lat, when in rows:
            receive(session, Actor("wang"), Report(x=lon, y=lat, datum="wgs84", occurred_at=when))
    file = [(f"{before}-{no}", *row) for no, row in enumerate(rows)]
    cases = list(take(town, tmp_path, *file).values())[before:]
    singly, together = cases[: len(rows)], cases[len(rows) :]
    assert [told(case) for case in together] == [told(case) for case in singly]
    with Session(town.app) as session:
        assert check(session).differences == []


def told(case: Any) -> dict[str, Any]:
    """What must not depend on the way a case came in."""
    apart = ("source_id", "occurred_precision", "id")
    return {name: value for name, value in case._mapping.items() if name not in apart}

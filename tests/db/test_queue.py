"""The queue: what comes first, what is late, how pages follow each other, and that only open cases are read for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.session import unit_of_work
from data.sql import statement
from data.tables import Case
from data.tables.casework import CLOSED_STATES
from gis.errors import BadInput
from layers.cases.loop import closed_states
from layers.dispatch.queue import USUAL_ROWS, Filters, Page, page
from layers.errors import NotFound
from tests.cluster import Cluster, Database
from tests.plans import plan_nodes
from tests.waiting import fill

NOW = datetime.fromisoformat("2026-05-06T08:00:00+08:00")
CASES, LATE = 1600, 400


@pytest.fixture(scope="module")
def filled(cluster: Cluster, town_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    """The town with many cases, open and closed."""
    with cluster.clone(town_template, next(clone_name)) as made:
        with unit_of_work(made.app) as session:
            fill(session, CASES, now=NOW.isoformat(), late=LATE)
        yield made


@pytest.fixture
def full(filled: Database) -> Iterator[Session]:
    """A session in that town; nothing it writes stays."""
    with Session(filled.app) as session:
        yield session


def rows_of(found: Page) -> list[dict[str, Any]]:
    return json.loads(found.rows)


def walked(session: Session, filters: Filters | None = None, limit: int = 100) -> list[dict[str, Any]]:
    """All pages one after another."""
    rows, after = [], None
    while True:
        found = page(session, "town", filters=filters, after=after, limit=limit, now=NOW)
        rows += rows_of(found)
        after = found.next
        if after is None:
            return rows


def wanted(session: Session, *conditions: Any) -> list[Case]:
    return list(session.scalars(select(Case).where(Case.state.notin_(closed_states()), *conditions)))


@pytest.mark.parametrize(("name", "times"), [("queue", 2), ("insert_case", 1), ("duplicates_of_case", 1)])
def test_the_index_of_open_cases_the_loop_and_statements_agree_on_what_is_closed(name: str, times: int):
    assert closed_states() == CLOSED_STATES
    # Wherever the statement leaves closed cases out, it does so in the words of the index.
    assert statement(name).text.count(f"state IN {CLOSED_STATES}") == statement(name).text.count("state IN") == times


def test_what_no_deadline_can_be_found_for_comes_first_and_what_has_none_last(full: Session):
    rows = walked(full)
    clocks = [row["clock"] for row in rows]
    beyond = clocks.count("beyond_calendar")
    assert beyond > 0
    assert set(clocks[:beyond]) == {"beyond_calendar"}
    assert {row["reason"] for row in rows[:beyond]} == {"beyond_calendar"}
    running = [row for row in rows if row["due_at"]]
    assert rows[beyond : beyond + len(running)] == running
    assert [row["due_at"] for row in running] == sorted(row["due_at"] for row in running)
    assert set(clocks[beyond + len(running) :]) == {"no_limit"}


@pytest.mark.parametrize("limit", [7, 100, 1000])
def test_pages_give_every_open_case_once_and_no_closed_one(full: Session, limit: int):
    numbers = [row["number"] for row in walked(full, limit=limit)]
    assert sorted(numbers) == sorted(str(case.id) for case in wanted(full))
    assert len(set(numbers)) == len(numbers)


def test_total_and_overdue_are_exact(full: Session):
    found = page(full, "town", now=NOW)
    assert found.total == len(wanted(full))
    assert found.overdue == len(wanted(full, Case.due_at < NOW)) > 0
    late = page(full, "town", filters=Filters(overdue=True), now=NOW)
    assert (late.total, late.overdue) == (found.overdue, found.overdue)
    rows = walked(full, Filters(overdue=True))
    assert len(rows) == found.overdue
    assert all(datetime.fromisoformat(row["due_at"]) < NOW for row in rows)


def test_a_case_is_late_after_its_deadline_and_not_at_it(full: Session):
    case = wanted(full, Case.due_at > NOW)[0]
    assert case.due_at is not None
    at_it = page(full, "town", now=case.due_at).overdue
    assert page(full, "town", now=case.due_at + timedelta(microseconds=1)).overdue == at_it + 1


@pytest.mark.parametrize(
    ("filters", "condition"),
    [
        (Filters(state=("queued", "returned")), Case.state.in_(("queued", "returned"))),
        (Filters(clock=("no_limit",)), Case.clock == "no_limit"),
        (Filters(matter=("04-01",)), Case.matter_id.isnot(None)),
        (Filters(matter=("3-07",)), Case.matter_id.isnot(None)),
        (Filters(department=("U1",)), Case.department_id.isnot(None)),
        (Filters(staff=("P01", "P02")), Case.staff_id.isnot(None)),
        (Filters(grid=("D01",)), Case.id % 2 == 0),
        (Filters(area=("410199002000",)), Case.id % 2 == 1),
        (Filters(area=("410199000000",), grid=("D03",)), Case.id % 2 == 1),
        (Filters(area=("410199001000",), grid=("D03",)), Case.id < 0),
        (Filters(text=" 第77"), Case.description.startswith("第77")),
        (Filters(text="100%"), Case.id < 0),
        (Filters(overdue=True, department=("U1",)), (Case.due_at < NOW) & Case.department_id.isnot(None)),
    ],
    ids=str,
)
def test_a_filter_keeps_what_it_says(full: Session, filters: Filters, condition: Any):
    meant = wanted(full, condition)
    found = page(full, "town", filters=filters, now=NOW)
    assert sorted(row["number"] for row in walked(full, filters)) == sorted(str(case.id) for case in meant)
    assert found.total == len(meant)
    assert found.overdue == sum(case.due_at is not None and case.due_at < NOW for case in meant)


def test_a_row_says_what_a_list_shows(full: Session):
    case = wanted(full, Case.matter_id.isnot(None), Case.department_id.isnot(None), Case.staff_id.isnot(None))[0]
    (row,) = rows_of(page(full, "town", filters=Filters(text=str(case.id)), now=NOW))
    assert row["matter"] == {"code": "04-01", "zh": "街面秩序", "en": "Street order"}
    assert row["department"] == {"code": "U1", "zh": "城管局", "en": "Urban management"}
    assert row["grid"]["code"] in ("D01", "D03")
    assert row["staff"] == {"staff_no": "P01", "name": "Wang 王一"}
    assert (row["level"], row["urgent"], row["supervised"]) == (case.level, case.urgency == "urgent", case.supervised)
    assert (row["revision"], row["description"], row["state"]) == (1, case.description, case.state)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("state", "archived", "unknown_word"),
        ("state", "lost", "unknown_word"),
        ("clock", "fast", "unknown_word"),
        ("matter", "99", "unknown_matter"),
        ("department", "U9", "unknown_department"),
        ("area", "41", "unknown_area"),
        ("grid", "B1", "unknown_grid"),
        ("staff", "P99", "unknown_staff"),
    ],
)
def test_a_filter_that_names_nothing_is_refused_by_its_name(full: Session, field: str, value: str, code: str):
    with pytest.raises(BadInput) as refused:
        page(full, "town", filters=Filters(**{field: (value,)}))
    assert (refused.value.code, refused.value.field, refused.value.value) == (code, field, value)


def test_an_unknown_city_is_refused_with_those_there_are(full: Session):
    with pytest.raises(NotFound, match="Known: lakeside, town") as refused:
        page(full, "village")
    assert refused.value.code == "unknown_tree"


@pytest.mark.parametrize("after", ["", "7", "1-none", "2-3-4", "1--99999999999999999-4", "1-none-x"])
def test_a_place_that_no_page_gave_is_refused(full: Session, after: str):
    with pytest.raises(BadInput) as refused:
        page(full, "town", after=after)
    assert refused.value.code == "bad_cursor"


def test_a_case_that_moves_on_between_pages_costs_no_other_its_place(full: Session):
    first = page(full, "town", now=NOW, limit=50)
    shown = {row["number"] for row in rows_of(first)}
    last = rows_of(first)[-1]["number"]
    full.execute(text("UPDATE cases SET clock = 'no_limit', due_at = NULL WHERE id = :id"), {"id": int(last)})
    rest, after = [], first.next
    while after:
        found = page(full, "town", after=after, limit=1000, now=NOW)
        rest += [row["number"] for row in rows_of(found)]
        after = found.next
    assert {str(case.id) for case in wanted(full)} <= shown | set(rest)


@pytest.mark.parametrize("limit", [USUAL_ROWS, USUAL_ROWS - 1], ids=["planned once", "planned each time"])
def test_overdue_cases_are_counted_in_the_index_alone_and_no_closed_case_is_read(town: Database, limit: int):
    with Session(town.owner) as session:
        # Closed cases by far the most, as in a city.
        fill(session, 3000, now=NOW.isoformat(), late=300)
        session.execute(
            text(
                "UPDATE cases SET state = 'archived', queue_reason = NULL, merged_into = NULL, clock = 'stopped', "
                "due_at = NULL WHERE id % 21 > 0"
            )
        )
        session.execute(text("ANALYZE cases"))
        overdue = len(wanted(session, Case.due_at < NOW))
        assert overdue > 0
        late = partial(page, session, "town", filters=Filters(overdue=True), now=NOW, limit=limit)
        nodes = plan_nodes(session, late, how="ANALYZE, FORMAT JSON")
        nodes = [node for node in nodes if node.get("Relation Name") == "cases"]
        assert {node["Index Name"] for node in nodes} == {"ix_cases_queue", "ix_cases_tree_due_at_id"}
        assert {node["Node Type"] for node in nodes if node["Index Name"] == "ix_cases_tree_due_at_id"} == {
            "Index Only Scan"
        }
        assert max(node["Actual Rows"] for node in nodes) <= overdue
        assert sum(node.get("Rows Removed by Filter", 0) for node in nodes) == 0


def test_the_index_is_kept_good_for_counting_while_cases_change(town: Database):
    with Session(town.owner) as session:
        told = session.execute(text("SELECT reloptions FROM pg_class WHERE relname = 'cases'")).scalar_one()
    assert {"autovacuum_vacuum_scale_factor=0.01", "autovacuum_vacuum_insert_scale_factor=0.01"} <= set(told)

"""`check` recomputes every placement from the stored points and boundaries alone, and finds what was spoilt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from layers.cases.check import CheckReport, check, check_side_by_side
from tests.cluster import Cluster, Database
from tests.imports import rows_of, take_cases, write_csv
from tests.town import MOVED, at

CASES = 60


def fill(database: Database, folder: Path) -> None:
    """Cases all over the town: on borders, outside, in the dedicated grid, under both versions."""
    rows = []
    for no in range(CASES):
        column = 2 if no % 10 == 0 else no * 8.6 / CASES - 0.3
        when = MOVED.replace(year=2024 + no % 2, month=3)
        rows.append((f"r{no}", *at(column, (no * 7 % 50) / 10), when.isoformat()))
    file = write_csv(folder / "cases.csv", rows, header=("id", "lon", "lat", "at"))
    take_cases(database.app, file, columns={"at": "at"})


@pytest.fixture(scope="module")
def filled_template(cluster: Cluster, town_template: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of a database with the town and cases in it."""
    folder = tmp_path_factory.mktemp("check")
    return cluster.template("checked", lambda database: fill(database, folder), source=town_template)


@pytest.fixture
def filled(cluster: Cluster, filled_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    with cluster.clone(filled_template, next(clone_name)) as made:
        yield made


def checked(database: Database, *, scheme: str | None = None) -> CheckReport:
    with Session(database.app) as session:
        return check(session, scheme=scheme)


def spoil(database: Database, sql: str) -> str:
    """Change one placement behind the program's back, as the owner of the tables; the number of its case."""
    with database.owner.begin() as connection:
        return str(connection.execute(text(f"{sql} RETURNING case_id")).scalar_one())


def one_where(condition: str) -> str:
    """A condition that holds for one placement of the duty scheme."""
    return (
        "(case_id, scheme_id) = (SELECT p.case_id, p.scheme_id FROM placements p JOIN schemes s ON s.id = p.scheme_id "
        f"WHERE s.name = 'duty' AND {condition} ORDER BY p.case_id LIMIT 1)"
    )


INSIDE = one_where("p.edge_distance_m > 50 AND p.routing")
NEAR = one_where("p.second_grid_id IS NOT NULL")
OUTSIDE = one_where("p.grid_id IS NULL")
SPOILS = {
    "grid": f"UPDATE placements SET grid_id = grid_id % 5 + 1 WHERE {INSIDE}",
    "dangling grid": f"UPDATE placements SET grid_id = 999999 WHERE {INSIDE}",
    "edge_distance_m": f"UPDATE placements SET edge_distance_m = edge_distance_m + 0.01 WHERE {INSIDE}",
    "near_border": f"UPDATE placements SET near_border = NOT near_border WHERE {INSIDE}",
    "second_grid": f"UPDATE placements SET second_grid_id = NULL WHERE {NEAR}",
    "nearest_grid": f"UPDATE placements SET nearest_grid_id = 999999 WHERE {OUTSIDE}",
    "outside_m": f"UPDATE placements SET outside_m = outside_m - 1 WHERE {OUTSIDE}",
    "version": f"UPDATE placements SET version = 3 - version WHERE {INSIDE}",
    "routing": f"UPDATE placements SET routing = false WHERE {INSIDE}",
    "placement": f"DELETE FROM placements WHERE {OUTSIDE}",
}


def test_nothing_differs_after_an_import(filled: Database):
    report = checked(filled)
    placements = rows_of(filled.app, "SELECT count(*), count(DISTINCT scheme_id) FROM placements")
    assert (report.differences, [(report.placements, 2)]) == ([], placements)
    kinds = "SELECT count(*) FILTER (WHERE grid_id IS NULL), count(*) FILTER (WHERE second_grid_id IS NOT NULL), "
    kinds += "count(*) FILTER (WHERE edge_distance_m = 0), count(DISTINCT version) FROM placements"
    assert all(count > 1 for count in rows_of(filled.app, kinds)[0])


@pytest.mark.parametrize("spoilt", SPOILS)
def test_a_spoilt_placement_is_found_by_its_field(filled: Database, spoilt: str):
    number = spoil(filled, SPOILS[spoilt])
    report = checked(filled)
    assert {found.number for found in report.differences} == {number}
    assert spoilt.removeprefix("dangling ") in {found.field for found in report.differences}
    assert all(found.stored != found.expected for found in report.differences)


def test_three_spoilt_cases_are_exactly_the_three_that_are_listed(filled: Database):
    spoilt = {
        spoil(filled, f"UPDATE placements SET grid_id = grid_id % 5 + 1 WHERE {INSIDE}"),
        spoil(filled, f"UPDATE placements SET edge_distance_m = 7 WHERE {NEAR}"),
        spoil(filled, f"UPDATE placements SET near_border = true WHERE {OUTSIDE}"),
    }
    report = checked(filled)
    assert len(spoilt) == report.cases == 3
    assert {found.number for found in report.differences} == spoilt


def test_a_recorded_override_is_no_difference(filled: Database):
    spoil(
        filled,
        f"UPDATE placements SET override_grid_id = 4, override_by = 'dispatcher', override_reason = 'x' WHERE {INSIDE}",
    )
    assert checked(filled).differences == []


def test_one_scheme_can_be_checked_by_itself(filled: Database):
    spoil(filled, SPOILS["edge_distance_m"])
    assert checked(filled, scheme="dedicated").differences == []
    assert checked(filled, scheme="duty").cases == 1


def test_placements_and_events_without_a_case_are_found(filled: Database):
    with filled.owner.begin() as connection:
        number = connection.execute(text("DELETE FROM cases WHERE id = (SELECT min(id) FROM cases) RETURNING id::text"))
        gone = number.scalar_one()
    stored = {(found.number, found.stored) for found in checked(filled).differences}
    assert stored == {(gone, "placement without a case"), (gone, "event without a case")}


def test_a_placement_without_a_scheme_is_found(filled: Database):
    number = spoil(filled, f"UPDATE placements SET scheme_id = 99 WHERE {INSIDE}")
    found = {(found.number, found.field, found.scheme) for found in checked(filled).differences}
    assert {(number, "placement", "duty"), (number, "case", "99")} <= found


def test_it_shares_no_code_with_intake():
    own = Path(check.__code__.co_filename)
    others = [source for source in own.parents[1].rglob("*.py") if source != own]
    statements = [file.name.removesuffix(".sql") for file in files("data.sql").iterdir() if file.name[:6] == "check_"]
    assert all(f'"{name}"' in own.read_text(encoding="utf-8") for name in statements)
    assert not [source for source in others for name in statements if name in source.read_text(encoding="utf-8")]
    imported = re.findall(r"^from (\S+) import", own.read_text(encoding="utf-8"), re.M)
    # The replay of the loop is another matter: its tables are the one thing that there is to check by.
    imported.remove("layers.cases.check_loop")
    assert not [name for name in imported if name.startswith(("gis", "layers.cases", "layers.grids.lookup"))]


def test_the_placements_of_each_scheme_are_told_when_they_are_checked(filled: Database):
    told: list[int] = []
    report = check_side_by_side(filled.app, progress=told.append)
    stored = rows_of(
        filled.app, "SELECT count(p.case_id) FROM schemes s LEFT JOIN placements p ON p.scheme_id = s.id GROUP BY s.id"
    )
    assert sorted(told) == sorted(count for (count,) in stored)
    assert sum(told) == report.placements > CASES

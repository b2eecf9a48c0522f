"""The command line from end to end: what it prints, writes and answers with its exit code."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from data.session import unit_of_work
from tests.cluster import Cluster, Database
from tests.imports import grid_frame, take_cases, take_grids, write_csv
from tests.journeys.commands import gridkeeper, gridkeeper_within
from tests.town import at, squares

TWO = (("A1", squares((0, 0, 2, 2))), ("A2", squares((2, 0, 4, 2))))
# Official zone as the file has it: A2 is wrong for the second row, which lies far from the border.
ROWS = (
    ("1", *at(1, 1), "2026-05-03", "A1"), ("2", *at(0.5, 1), "2026-05-03", "A2"), ("3", *at(2, 1), "2026-05-04", "A1"),
    ("4", *at(3, 2.1), "2026-05-05", "A2"), ("5", 0, 0, "2026-05-05", "A2"), ("6", *at(2.01, 1), "2026-05-06", "A1"),
)  # fmt: skip
HEADER = ("id", "lon", "lat", "at", "code")
AS_NAMED = ("--id", "id", "--lon", "lon", "--lat", "lat", "--at", "at", "--datum", "wgs84")


@pytest.fixture(scope="session")
def cases_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("commands") / "reports.csv", ROWS, header=HEADER)


@pytest.fixture
def grids_file(tmp_path: Path) -> Path:
    grid_frame(TWO).to_file(tmp_path / "grids.geojson")
    return tmp_path / "grids.geojson"


@pytest.fixture(scope="session")
def filled_template(cluster: Cluster, empty_template: str, cases_file: Path) -> str:
    """Name of a database with two grids and some cases."""

    def fill(database: Database) -> None:
        with unit_of_work(database.app) as session:
            take_grids(session, TWO)
        take_cases(database.app, cases_file, columns={"at": "at"})

    return cluster.template("commanded", fill, source=empty_template)


@pytest.fixture
def filled(cluster: Cluster, filled_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    with cluster.clone(filled_template, next(clone_name)) as made:
        yield made


def test_grids_then_cases_come_in_and_the_sums_are_told(database: Database, grids_file: Path, cases_file: Path):
    grids = gridkeeper(database, "import", "grids", grids_file, "--as", "wang")
    assert grids.code == 0, grids.err
    assert "Scheme 'duty' (duty, whole) measures in EPSG:4547 and keeps the time of Asia/Shanghai." in grids.out
    assert (grids.facts["read"], grids.facts["stored"], grids.facts["problems"]) == (2, 2, [])
    cases = gridkeeper(database, "import", "cases", cases_file, *AS_NAMED, "--as", "wang")
    assert cases.code == 0, cases.err
    assert "6 rows read = 5 new + 0 changed + 0 already there + 1 set aside." in cases.out
    assert "1 set aside: position_zero" in cases.out
    assert cases.facts["reasons"] == {"position_zero": 1}
    with database.app.connect() as connection:
        assert connection.scalars(text("SELECT DISTINCT actor FROM import_batches")).all() == ["wang"]


def test_check_is_0_when_nothing_differs_and_1_when_something_does(filled: Database):
    good = gridkeeper(filled, "check")
    assert (good.code, good.facts["placements"], good.facts["differences"]) == (0, 5, [])
    with filled.owner.begin() as connection:
        connection.execute(text("UPDATE placements SET edge_distance_m = 1 WHERE edge_distance_m > 100"))
    spoilt = gridkeeper(filled, "check")
    assert (spoilt.code, spoilt.facts["cases"]) == (1, len({d["number"] for d in spoilt.facts["differences"]}))
    assert "edge_distance_m is 1, should be" in spoilt.out


def test_compare_finds_the_official_column_even_when_it_is_called_code(filled: Database):
    told = gridkeeper(filled, "compare")
    assert told.code == 0, told.err
    assert "Comparing with column 'code' of reports.csv, scheme 'duty'." in told.out
    counts = {name: told.facts[name] for name in ("stored", "not_stored", "agree", "outside", "near_border")}
    assert counts == {"stored": 5, "not_stored": 1, "agree": 2, "outside": 1, "near_border": 2}
    assert (told.facts["differ_flagged"], told.facts["differ_unflagged"]) == (1, 1)


def test_exported_cases_begin_with_how_they_were_placed(filled: Database, tmp_path: Path):
    told = gridkeeper(filled, "export", "cases", "-o", tmp_path / "out.csv")
    assert (told.code, told.facts["rows"]) == (0, 5)
    rows = list(csv.reader((tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0][:6] == ["source_id", "grid_code", "near_border", "edge_distance_m", "second_grid_code", "outside_m"]
    placed = {row[0]: row[1:6] for row in rows[1:]}
    assert [placed["3"][0], placed["3"][2], placed["3"][3]] == ["A1", "0.0", "A2"]
    assert (placed["4"][0], placed["4"][4]) == ("", "43.338")


def test_rows_set_aside_can_be_exported(filled: Database, tmp_path: Path):
    assert gridkeeper_within(filled, "export", "quarantine", "-o", tmp_path / "bad.csv").facts["rows"] == 1
    (row,) = csv.DictReader((tmp_path / "bad.csv").read_text(encoding="utf-8-sig").splitlines())
    assert (row["row_no"], row["field"], row["reason"], row["id"]) == ("6", "lon", "position_zero", "5")


def test_locate_names_the_grid_and_the_reason(filled: Database):
    told = gridkeeper(filled, "locate", *at(2, 1), "--datum", "wgs84")
    assert told.code == 0, told.err
    assert told.facts["grid"] == {"grid_no": 1, "code": "A1", "name": "A1"}
    assert "The place lies on a border; the grid with the lowest number, A1, owns it." in told.out


def test_a_naive_beginning_is_on_the_clock_of_the_scheme(filled: Database, tmp_path: Path):
    grid_frame((("A1", squares((0, 0, 3, 2))), ("A2", squares((3, 0, 4, 2))))).to_file(tmp_path / "new.geojson")
    told = gridkeeper_within(filled, "import", "grids", tmp_path / "new.geojson", "--valid-from", "2026-06-01")
    assert "version 2 holds since 2026-05-31T16:00:00+00:00" in told.out
    there = ("locate", *at(2.5, 1), "--datum", "wgs84", "--at")
    assert gridkeeper_within(filled, *there, "2026-06-01").facts["grid"]["code"] == "A1"
    assert gridkeeper_within(filled, *there, "2026-05-31T23:59").facts["grid"]["code"] == "A2"


def test_staff_with_duties_is_one_object_on_the_last_line(filled: Database, tmp_path: Path):
    staff = write_csv(tmp_path / "staff.csv", [("P1", "王一")], header=("staff_no", "name"))
    columns = ("staff_no", "role", "leads", "valid_from", "grid_code")
    duties = write_csv(tmp_path / "duties.csv", [("P1", "grid_lead", "yes", "2026-01-01", "A1")], header=columns)
    told = gridkeeper_within(filled, "import", "staff", staff, "--tree", "duty", "--duties", duties)
    assert told.code == 0, told.err
    assert [batch["stored"] for batch in told.facts["batches"]] == [1, 1]
    assert sum(line.startswith("{") for line in told.out.splitlines()) == 1
    assert "王一" in gridkeeper_within(filled, "locate", *at(1, 1), "--datum", "wgs84").out


def test_grids_that_nobody_covers_are_listed_with_why(filled: Database):
    told = gridkeeper_within(filled, "uncovered", "--at", "2026-05-03")
    assert "2 of 2 grids have nobody of their own, 2 of them nobody at any level" in told.out
    assert "Nobody has a duty in the grid." in told.out
    assert told.facts["at"] == "2026-05-02T16:00:00+00:00"
    assert [grid["code"] for grid in told.facts["grids"]] == ["A1", "A2"]


def test_a_map_is_one_file_that_needs_no_other_host(filled: Database, tmp_path: Path):
    told = gridkeeper(filled, "map", "cases", "-o", tmp_path / "map.html", "--lang", "en")
    assert told.code == 0, told.err
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert "<html" in page
    assert 'src="http' not in page


def test_status_tells_that_all_is_well(filled: Database):
    told = gridkeeper(filled, "db", "status")
    assert told.code == 0
    assert (told.facts["running"], told.facts["revision"]) == (True, told.facts["head"])


def test_a_missing_file_is_one_sentence_for_people_too(database: Database):
    told = gridkeeper(database, "import", "grids", "nowhere.gpkg")
    assert (told.code, told.err) == (2, "There is no file nowhere.gpkg.\n")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("import", "cases", "nowhere.csv", *AS_NAMED), "file_missing", "There is no file nowhere.csv."),
        (("check", "--scheme", "night"), "unknown_scheme", "There is no scheme named 'night'. Known: duty."),
        (("locate", "0", "0", "--datum", "wgs84"), "position_zero", "The position is exactly 0, 0"),
        (("export", "nothing", "-o", "x.csv"), "unknown_layer", "There is no layer named 'nothing'."),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(filled: Database, words, code, sentence):
    told = gridkeeper_within(filled, *words)
    assert told.code == 2
    assert sentence in told.err
    assert told.facts["error"]["code"] == code
    assert json.loads(told.out) == told.facts

"""Cases come in from files: every row is stored or set aside with its reason, and a second run adds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import geopandas
import pandas as pd
import pytest
from sqlalchemy.orm import Session

from data.readers.chunk import BadRow, Chunk
from data.readers.rows import read_rows
from gis.errors import BadInput, GridError
from layers.batches import quarantined_rows
from layers.cases.check import check
from tests.cluster import Database
from tests.imports import rows_of, take_cases, write_csv
from tests.town import at

X, Y = at(0.5, 0.5)
HEADER = ("id", "lon", "lat", "at", "state", "system", "words")
NAMED = {"at": "at", "state": "state", "datum": "system", "description": "words"}
TIME = "2026-05-03 08:00"
TOWNS_LON_LAT_SWAPPED = f"{Y},{X}"
# Line of the file -> text, and what becomes of it: (field, value, reason), or None for a row that is stored.
LINES: tuple[tuple[str, tuple[str, str | None, str] | None], ...] = (
    (f"g1,{X},{Y},{TIME},,wgs84,good", None),
    (f",{X},{Y},{TIME},,wgs84,", ("id", None, "id_missing")),
    (f"g1,{X},{Y},{TIME},,wgs84,good", ("id", "g1", "repeated_row")),
    (f"g1,{X},{Y},{TIME},,wgs84,other words", ("id", "g1", "id_reused")),
    (f"b1,113°45',{Y},{TIME},,wgs84,", ("lon", "113°45'", "not_a_number")),
    (f'b2,"113,63",{Y},{TIME},,wgs84,', ("lon", "113,63", "decimal_comma")),
    (f"b3,NaN,{Y},{TIME},,wgs84,", ("lon", "NaN", "nan")),
    (f"b4,{X},-inf,{TIME},,wgs84,", ("lat", "-inf", "nan")),
    (f"b5,{X},,{TIME},,wgs84,", ("lat", None, "empty")),
    (f"b6,{TOWNS_LON_LAT_SWAPPED},{TIME},,wgs84,", ("lon", f"{Y}, {X}", "position_swapped")),
    (f"b7,200,{Y},{TIME},,wgs84,", ("lon", f"200, {Y}", "position_out_of_range")),
    (f"b8,0,0,{TIME},,wgs84,", ("lon", "0, 0", "position_zero")),
    (f"b9,114.5,{Y},{TIME},,wgs84,", ("lon", f"114.5, {Y}", "too_far")),
    (f"c1,{X},{Y},2150-01-01,,wgs84,", ("at", "2150-01-01", "in_the_future")),
    (f"c2,{X},{Y},03/04/2024,,wgs84,", ("at", "03/04/2024", "day_month_order")),
    (f"c3,{X},{Y},2024-02-30,,wgs84,", ("at", "2024-02-30", "no_such_date")),
    (f"c4,{X},{Y},2023-12-31,,wgs84,", ("lon", f"{X}, {Y}", "no_boundaries_then")),
    (f"c5,{X},{Y},{TIME},lost,wgs84,", ("state", "lost", "unknown_state")),
    (f"c6,{X},{Y},{TIME},,mars,", ("system", "mars", "unknown_datum")),
    (f"c7,{X},{Y},{TIME},,xian80,", ("system", "xian80", "legacy_datum")),
    (f"c8,{X},{Y},{TIME},,,", ("system", None, "datum_missing")),
    (f'c9,{X},{Y},{TIME},,wgs84,"open', ("row", None, "quote")),
    (f"d1,{X},{Y},{TIME},,wgs84,a\0b", ("words", "a␀b", "nul")),
    (f"d2,{X},{Y},{TIME},,wgs84", ("row", "6", "columns")),
    (f"g2,{X},{Y},,,WGS84,no time", None),
)
GOOD = sum(fate is None for _, fate in LINES)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A file with every kind of bad row between two good ones."""
    file = tmp_path / "reports.csv"
    file.write_text("\n".join([",".join(HEADER), *(line for line, _ in LINES)]) + "\n", encoding="utf-8")
    return file


def set_aside(database: Database, batch_id: int) -> list[BadRow]:
    with Session(database.app) as session:
        return quarantined_rows(session, batch_id=batch_id)


def differences(database: Database) -> list[object]:
    with Session(database.app) as session:
        return list(check(session).differences)


def good_rows(tmp_path: Path, number: int) -> Path:
    """A file of rows along the town's middle, some outside."""
    rows = [(f"r{no}", *at(no * 9 / number - 0.5, 1.3), "2026-05-03T08:00+08:00") for no in range(number)]
    return write_csv(tmp_path / "good.csv", rows, header=("id", "lon", "lat", "at"))


def test_every_bad_row_is_set_aside_with_its_number_field_value_and_reason(town: Database, hostile: Path):
    done = take_cases(town.app, hostile, columns=NAMED, datum=None)
    found = {row.row_no: (row.field, row.value, row.reason) for row in set_aside(town, done.batch_id)}
    assert found == {no: fate for no, (_, fate) in enumerate(LINES, start=2) if fate}
    assert (done.read, done.stored, done.quarantined) == (len(LINES), GOOD, len(LINES) - GOOD)
    assert sum(done.reasons.values()) == done.quarantined
    assert rows_of(town.app, "SELECT source_id FROM cases ORDER BY source_id") == [("g1",), ("g2",)]


def test_what_was_set_aside_keeps_the_row_and_a_sentence(town: Database, hostile: Path):
    rows = set_aside(town, take_cases(town.app, hostile, columns=NAMED, datum=None).batch_id)
    assert all(row.detail.endswith(".") for row in rows)
    assert all(row.raw for row in rows)
    assert next(row for row in rows if row.value == "mars").raw["id"] == "c6"


def test_an_import_run_again_adds_nothing(town: Database, hostile: Path):
    take_cases(town.app, hostile, columns=NAMED, datum=None)
    again = take_cases(town.app, hostile, columns=NAMED, datum=None)
    assert (again.stored, again.already_there, again.quarantined) == (0, GOOD, len(LINES) - GOOD)
    assert rows_of(town.app, "SELECT (SELECT count(*) FROM cases), (SELECT count(*) FROM case_events)") == [
        (GOOD, GOOD)
    ]


def test_a_known_id_with_other_values_is_set_aside_and_the_stored_row_stays(town: Database, tmp_path: Path):
    header = ("id", "lon", "lat", "kind")
    first = write_csv(tmp_path / "a.csv", [("1", X, Y, "litter"), ("2", X, Y, "noise")], header=header)
    take_cases(town.app, first, columns={"category": "kind"})
    write_csv(first, [("1", X, Y, "litter"), ("2", X, Y, "water"), ("3", X, Y, "road")], header=header)
    done = take_cases(town.app, first, columns={"category": "kind"})
    assert (done.stored, done.already_there, done.quarantined) == (1, 1, 1)
    (row,) = set_aside(town, done.batch_id)
    assert (row.row_no, row.field, row.value, row.reason) == (3, "id", "2", "id_known_with_other_values")
    assert row.raw["kind"] == "water"
    assert rows_of(town.app, "SELECT category FROM cases WHERE source_id = '2'") == [("noise",)]


def test_a_file_without_ids_is_known_by_its_lines(town: Database, tmp_path: Path):
    file = write_csv(tmp_path / "a.csv", [(X, Y), (X, Y)], header=("lon", "lat"))
    with pytest.raises(BadInput, match="There is no column id"):
        take_cases(town.app, file)
    base = {"lon": "lon", "lat": "lat"}
    assert take_cases(town.app, file, base=base).stored == 2
    assert take_cases(town.app, file, base=base).already_there == 2


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"datum": None}, "datum_missing"),
        ({"datum": "mars"}, "unknown_datum"),
        ({"base": {"lon": "lon"}}, "column_not_named"),
        ({"columns": {"at": "when"}}, "column_missing"),
        ({"expect": "beat"}, "column_missing"),
        ({"scheme": "nowhere"}, "unknown_scheme"),
        ({"time_zone": "Mars/Base", "columns": {"at": "at"}}, "time_zone_unknown"),
    ],
)
def test_options_that_do_not_fit_the_file_are_refused_and_nothing_is_stored(town: Database, tmp_path, options, code):
    with pytest.raises(GridError) as caught:
        take_cases(town.app, good_rows(tmp_path, 4), **options)
    assert caught.value.code == code
    assert rows_of(town.app, "SELECT count(*) FROM cases") == [(0,)]


def test_a_place_too_far_away_that_would_fit_swapped_says_so(town: Database, tmp_path: Path):
    file = write_csv(tmp_path / "a.csv", [("1", 41.9, -87.7), ("2", -80, 41.9)], header=("id", "lon", "lat"))
    done = take_cases(town.app, file, scheme="beats")
    assert [row.reason for row in set_aside(town, done.batch_id)] == ["too_far_swapped", "too_far"]


def test_a_partial_scheme_cannot_take_cases_where_it_has_no_grid(town: Database, tmp_path: Path):
    file = write_csv(tmp_path / "a.csv", [("1", *at(2, 1)), ("2", *at(6, 4))], header=("id", "lon", "lat"))
    done = take_cases(town.app, file, scheme="dedicated")
    assert (done.stored, done.reasons) == (1, {"not_covered": 1})
    assert differences(town) == []


WRITERS = {
    "rows.csv.gz": lambda frame, path: frame.to_csv(path, index=False),
    "rows.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "rows.xlsx": lambda frame, path: frame.assign(at=frame["at"].dt.tz_localize(None)).to_excel(path, index=False),
    "rows.parquet": lambda frame, path: frame.to_parquet(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_table_gives_the_same_cases(town: Database, tmp_path: Path, name: str):
    ids, at_utc = [7, 8, 8, 9], pd.to_datetime(["2026-05-03T00:00Z"] * 4)
    frame = pd.DataFrame(
        {"id": ids, "lon": [X, X, X, None], "lat": [Y] * 4, "at": at_utc, "size": [1.5, None, None, 2]}
    )
    WRITERS[name](frame, tmp_path / name)
    done = take_cases(town.app, tmp_path / name, columns={"at": "at", "category": "size"}, time_zone="UTC")
    assert (done.read, done.stored, done.reasons) == (4, 2, {"repeated_row": 1, "empty": 1})
    again = take_cases(town.app, tmp_path / name, columns={"at": "at", "category": "size"}, time_zone="UTC")
    assert (again.stored, again.already_there) == (0, 2)
    stored = "SELECT source_id, category, raw_x, occurred_at FROM cases ORDER BY source_id"
    when = at_utc[0].to_pydatetime()
    assert rows_of(town.app, stored) == [("7", "1.5", X, when), ("8", None, X, when)]


def test_a_file_of_points_is_read_in_its_own_crs_and_may_not_be_contradicted(town: Database, tmp_path: Path):
    points = geopandas.GeoDataFrame({"id": ["1", "2"]}, geometry=geopandas.points_from_xy([X, X], [Y, Y + 1]), crs=4326)
    points.to_crs(4547).to_file(tmp_path / "points.gpkg")
    with pytest.raises(BadInput, match="which wgs84 contradicts"):
        take_cases(town.app, tmp_path / "points.gpkg")
    points.to_crs("+proj=tmerc +lon_0=113.5 +x_0=500000 +ellps=GRS80").to_file(tmp_path / "no_code.gpkg")
    with pytest.raises(BadInput, match="Declare the datum"):
        take_cases(town.app, tmp_path / "no_code.gpkg", datum=None)
    done = take_cases(town.app, tmp_path / "points.gpkg", datum=None)
    assert (done.stored, done.reasons) == (1, {"too_far": 1})
    stored = "SELECT raw_datum, abs(ST_X(geom) - :x) < 1e-7 AND abs(ST_Y(geom) - :y) < 1e-7 FROM cases"
    assert rows_of(town.app, stored, x=X, y=Y) == [("gk3-38", True)]


def test_a_crash_between_chunks_leaves_whole_chunks_and_a_second_run_completes(town: Database, tmp_path: Path):
    file = good_rows(tmp_path, 30)

    def breaking() -> Iterator[Chunk]:
        for number, chunk in enumerate(read_rows(file, chunk_rows=10)):
            if number == 2:
                raise OSError("the disk went away")
            yield chunk

    with pytest.raises(OSError, match="the disk went away"):
        take_cases(town.app, file, columns={"at": "at"}, chunks=breaking())
    stored = "SELECT (SELECT count(*) FROM cases), (SELECT count(*) FROM placements WHERE routing)"
    assert rows_of(town.app, stored) in ([(10, 10)], [(20, 20)])
    assert rows_of(town.app, "SELECT finished_at, counts FROM import_batches") == [(None, {})]
    before = rows_of(town.app, stored)[0][0]
    again = take_cases(town.app, file, columns={"at": "at"}, chunk_rows=10)
    assert (again.read, again.stored, again.already_there) == (30, 30 - before, before)
    assert rows_of(town.app, stored) == [(30, 30)]
    assert differences(town) == []


def test_a_batch_remembers_its_file_options_and_sums(town: Database, hostile: Path):
    done = take_cases(town.app, hostile, columns=NAMED, datum=None)
    ((file, options, counts, actor, finished_at),) = rows_of(
        town.app, "SELECT file, options, counts, actor, finished_at FROM import_batches"
    )
    assert (file, actor, options["scheme"]) == ("reports.csv", "planner", "duty")
    assert options["path"] == str(hostile.resolve())
    assert (counts["read"], counts["stored"], counts["quarantined"]) == (done.read, done.stored, done.quarantined)
    assert finished_at <= datetime.now(UTC)

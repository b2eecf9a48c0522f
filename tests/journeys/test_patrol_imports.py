"""Devices, shifts and the fixes of real people, cars and animals come in by the command line; the counts add up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import geopandas
import pandas as pd
import pytest
import shapely
from sqlalchemy import text

from data.session import unit_of_work
from data.tables import Staff
from gis.errors import BadInput
from layers.patrols.fixes import hash_of
from layers.patrols.reading import Reading, read_fixes
from tests.cluster import Database
from tests.imports import rows_of, write_csv
from tests.journeys.commands import Told, gridkeeper_within
from tests.patrolling import TABLES, stored

TREE = ("--tree", "field")


@pytest.fixture(autouse=True)
def everything_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDKEEPER_FIXES_KEPT_DAYS", "0")


@pytest.fixture
def people(database: Database) -> Database:
    """A city with two people and no grids."""
    with unit_of_work(database.app) as session:
        session.add_all([Staff(tree="field", staff_no=f"P0{number}", name=f"Person {number}") for number in (1, 2)])
    return database


def enrolled(database: Database, folder: Path, labels: Iterable[str]) -> dict[str, str]:
    """Devices of these labels; their secrets."""
    file = write_csv(folder / "devices.csv", [(label,) for label in labels], header=("label",))
    told = gridkeeper_within(database, "import", "devices", file, *TREE, "--datum", "wgs84")
    assert told.code == 0, told.err
    return told.facts["secrets"]


def imported(database: Database, file: Path, *options: object) -> dict[str, Any]:
    """The sums of an import of history; they add up, and a second run changes nothing."""
    first = adding_up(gridkeeper_within(database, "import", "fixes", file, *TREE, "--shift", "always", *options))
    before = content(database)
    again = adding_up(gridkeeper_within(database, "import", "fixes", file, *TREE, "--shift", "always", *options))
    assert (again["stored"], again["kept_aside"], again["off_shift"]) == (0, 0, 0)
    assert again["already_there"] == first["read"] - first["quarantined"]
    assert content(database) == before
    return first


def adding_up(told: Told) -> dict[str, Any]:
    assert told.code == 0, told.err
    sums = told.facts
    parts = sums["stored"] + sums["kept_aside"] + sums["off_shift"] + sums["already_there"] + sums["quarantined"]
    assert sums["read"] == parts
    assert sums["kept_aside"] == sum(sums["aside"].values())
    return sums


def content(database: Database) -> list[tuple[Any, ...]]:
    """All there is of fixes, but for when they came in."""
    columns = "device_id, at, lon, lat, raw_x, raw_y, accuracy_m, speed_ms, course"
    return [*rows_of(database.app, f"SELECT {columns} FROM fixes ORDER BY 1, 2"), tuple(stored(database.app).values())]


def test_a_device_s_secret_is_shown_once_and_kept_as_its_hash(people: Database, tmp_path: Path):
    first = enrolled(people, tmp_path, ["a", "b"])
    assert sorted(first) == ["a", "b"]
    assert all(re.fullmatch(r"[\w-]{22}", secret) for secret in first.values())
    assert enrolled(people, tmp_path, ["a", "b", "c"]).keys() == {"c"}
    hashes = dict(rows_of(people.app, "SELECT label, secret_hash FROM devices"))
    assert {label: hash_of(secret) for label, secret in first.items()} == {label: hashes[label] for label in first}


def test_devices_are_brought_up_to_date_and_bad_ones_set_aside(people: Database, tmp_path: Path):
    header = ("label", "datum", "staff_no", "secret", "active", "travel")
    long = "a secret that is long enough"
    rows = [
        ("a", "gcj02", "P01", long, "yes", "eBike"),
        ("b", "mars", "", "", "yes", ""),
        ("c", "wgs84", "P99", "", "yes", ""),
        ("d", "wgs84", "", "short", "yes", ""),
        ("e", "wgs84", "", long, "yes", ""),
        ("f", "EPSG:4326", "", "", "no", ""),
        ("g", "wgs84", "", "", "yes", "broom"),
    ]
    told = gridkeeper_within(people, "import", "devices", write_csv(tmp_path / "d.csv", rows, header=header), *TREE)
    reasons = {"unknown_datum": 1, "unknown_staff": 1, "secret_short": 1, "secret_shared": 1, "unknown_word": 1}
    assert (told.facts["stored"], told.facts["reasons"], list(told.facts["secrets"])) == (2, reasons, ["f"])
    assert rows_of(people.app, "SELECT label, datum, active, travel FROM devices ORDER BY 1") == [
        ("a", "gcj02", True, "ebike"), ("f", "wgs84", False, "walk"),
    ]  # fmt: skip
    rows = [("a", "gcj02", "P02", "", "no", "ebike")]
    told = gridkeeper_within(people, "import", "devices", write_csv(tmp_path / "d.csv", rows, header=header), *TREE)
    assert (told.facts["changed"], told.facts["secrets"]) == (1, {})
    assert rows_of(people.app, "SELECT secret_hash FROM devices WHERE label = 'a'") == [(hash_of(long),)]


def test_a_row_that_repeats_another_is_told_by_what_makes_it_known(people: Database, tmp_path: Path):
    header = ("label", "staff_no")
    file = write_csv(tmp_path / "devices.csv", [("a", "P01"), ("a", "P02")], header=header)
    told = gridkeeper_within(people, "import", "devices", file, *TREE, "--datum", "wgs84")
    assert (told.facts["stored"], told.facts["reasons"]) == (1, {"repeated_row": 1})
    rows = [("a", "2026-05-04 08:00", "2026-05-04 12:00", team) for team in ("north", "south")]
    file = write_csv(tmp_path / "shifts.csv", rows, header=("device", "valid_from", "valid_to", "team"))
    told = gridkeeper_within(people, "import", "shifts", file, *TREE)
    assert (told.facts["stored"], told.facts["reasons"]) == (1, {"repeated_row": 1})
    asked = "SELECT field, value FROM quarantine ORDER BY id"
    assert rows_of(people.app, asked) == [("label", "a"), ("device", "a")]


def test_required_points_and_plans_come_in_and_the_bad_ones_are_told(people: Database, tmp_path: Path):
    header = ("ort", "name", "lon", "lat", "opens", "closes")
    rows = [("gate", "School gate", 113.65, 34.75, "07:30", "08:30"), ("pump", "Pump", 34.75, 113.65, "22:00", "06:00")]
    file, columns = write_csv(tmp_path / "points.csv", rows, header=header), tmp_path / "columns.toml"
    columns.write_text('[columns]\nlabel = "ort"\n')
    words = ("import", "points", file, *TREE, "--columns", columns, "--datum", "wgs84")
    told = gridkeeper_within(people, *words).facts
    assert (told["stored"], told["reasons"]) == (1, {"position_swapped": 1})
    assert gridkeeper_within(people, *words).facts["already_there"] == 1
    rows = [("a", "P01", "", "gate", "2026-05-04"), ("b", "", "north", "gate", ""), ("c", "", "north", "pump", "")]
    file = write_csv(tmp_path / "plans.csv", rows, header=("label", "staff_no", "team", "points", "day"))
    told = gridkeeper_within(people, "import", "plans", file, *TREE).facts
    assert (told["stored"], told["reasons"]) == (2, {"unknown_point": 1})
    joined = "patrol_plans l JOIN required_points p ON p.id = ANY(point_ids)"
    assert rows_of(people.app, f"SELECT l.label, l.team, l.day::text, p.label FROM {joined} ORDER BY 1") == [
        ("a", None, "2026-05-04", "gate"), ("b", "north", None, "gate"),
    ]  # fmt: skip


def test_shifts_decide_which_positions_are_kept(people: Database, tmp_path: Path):
    enrolled(people, tmp_path, ["a"])
    header = ("device", "staff_no", "team", "valid_from", "valid_to")
    rows = [
        ("a", "P01", "north", "2026-05-04 08:00", "2026-05-04 12:00"),
        ("a", "P02", "south", "2026-05-04 13:00", "2026-05-04 17:00"),
        ("a", "P02", "south", "2026-05-04 11:00", "2026-05-04 14:00"),
        ("a", "", "", "2026-05-05 08:00", "2026-05-05 12:00"),
        ("z", "P01", "", "2026-05-05 08:00", "2026-05-05 12:00"),
        ("a", "P01", "", "2026-05-05 08:00", ""),
    ]
    file = write_csv(tmp_path / "shifts.csv", rows, header=header)
    told = gridkeeper_within(people, "import", "shifts", file, *TREE)
    assert (told.facts["stored"], told.facts["reasons"]) == (
        2, {"shifts_overlap": 1, "empty": 2, "unknown_device": 1},
    )  # fmt: skip
    assert gridkeeper_within(people, "import", "shifts", file, *TREE).facts["already_there"] == 2
    rows = [(f"2026-05-04 {hour:02}:30", 113.65, 34.75, "no") for hour in range(6, 20)]
    rows += [("2026-05-04 08:45", 113.65, 34.75, "yes"), ("late", 1, 2, ""), ("2026-05-04 09:10", "east", 2, "")]
    file = write_csv(tmp_path / "fixes.csv", rows, header=("at", "lon", "lat", "mock"))
    told = gridkeeper_within(people, "import", "fixes", file, *TREE, "--device", "a", "--tz", "Asia/Shanghai")
    sums = adding_up(told)
    assert (sums["stored"], sums["off_shift"], sums["aside"]) == (8, 6, {"made_up": 1})
    assert sums["reasons"] == {"time_format": 1, "not_a_number": 1}
    asked = "SELECT s.staff_no, count(*) FROM fixes f JOIN staff s ON s.id = f.staff_id GROUP BY 1 ORDER BY 1"
    assert rows_of(people.app, asked) == [("P01", 4), ("P02", 4)]
    kept = rows_of(
        people.app,
        "SELECT raw::text, value FROM quarantine WHERE batch_id = (SELECT max(id) FROM import_batches)",
    )
    assert set(kept) == {("{}", None)}


def test_rows_of_devices_that_are_not_known_are_no_fixes(people: Database, tmp_path: Path):
    rows = [("b", "2026-05-04T08:00:00Z", 113.65, 34.75)]
    file = write_csv(tmp_path / "fixes.csv", rows, header=("device", "at", "lon", "lat"))
    sums = adding_up(gridkeeper_within(people, "import", "fixes", file, *TREE))
    assert sums["reasons"] == {"unknown_device": 1}


def test_a_datum_that_is_none_is_refused_before_any_row_is_known(people: Database, tmp_path: Path):
    enrolled(people, tmp_path, ["a"])
    file = write_csv(tmp_path / "fixes.csv", [("2026-05-04T08:00:00Z", 113.65, 34.75)], header=("at", "lon", "lat"))
    words = ("import", "fixes", file, *TREE, "--device", "a", "--shift", "always")
    told = gridkeeper_within(people, *words, "--datum", "wsg84")
    fault = told.facts["error"]
    assert (told.code, fault["code"], fault["field"], fault["value"]) == (2, "unknown_datum", "datum", "wsg84")
    assert adding_up(gridkeeper_within(people, *words, "--datum", "EPSG:4326"))["stored"] == 1


def test_a_file_in_a_system_without_a_code_is_refused_before_any_row_is_known(tmp_path: Path):
    frame = geopandas.GeoDataFrame(
        {"at": ["2026-11-20T08:00:00Z"]}, geometry=[shapely.Point(0, 0)], crs="+proj=tmerc +lon_0=113.6 +ellps=GRS80"
    )
    frame.to_file(tmp_path / "fixes.gpkg")
    with pytest.raises(BadInput, match="no EPSG code") as refused:
        list(read_fixes(tmp_path / "fixes.gpkg", Reading(columns={})))
    assert refused.value.code == "unsuitable_crs"


def test_history_older_than_what_is_kept_is_kept_aside(people: Database, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("GRIDKEEPER_FIXES_KEPT_DAYS", "30")
    enrolled(people, tmp_path, ["a"])
    now = datetime.now(UTC).isoformat()
    rows = [("2008-10-23T02:53:04Z", 116.3, 39.9), (now, 116.3, 39.9)]
    file = write_csv(tmp_path / "fixes.csv", rows, header=("at", "lon", "lat"))
    told = gridkeeper_within(people, "import", "fixes", file, *TREE, "--device", "a", "--shift", "always")
    assert (told.facts["stored"], told.facts["aside"]) == (1, {"too_old": 1})


@pytest.mark.shared_data
def test_ten_people_of_geolife_go_in(people: Database, shared_data: Path, tmp_path: Path):
    file = shared_data / "tracks/geolife_10users.parquet"
    frame = pd.read_parquet(file)
    enrolled(people, tmp_path, sorted(frame["user"].unique()))
    sums = imported(people, file, "--label", "user", "--at", "tracked_at")
    assert (sums["read"], sums["stored"]) == (164_531, len(frame.drop_duplicates(["user", "tracked_at"])))


@pytest.mark.shared_data
def test_in_any_order_the_same_people_end_as_the_same_rows(people: Database, shared_data: Path, tmp_path: Path):
    frame = pd.read_parquet(shared_data / "tracks/geolife_10users.parquet")
    # Two positions for one instant: of these the first file of several wins.
    frame = frame.drop_duplicates(["user", "tracked_at"]).iloc[::5]
    enrolled(people, tmp_path, sorted(frame["user"].unique()))
    mixed = frame.sample(frac=1, random_state=6)
    found = []
    for parts in ([frame], [mixed.iloc[first::3] for first in range(3)]):
        with unit_of_work(people.owner) as session:
            session.execute(text(f"TRUNCATE {', '.join(TABLES)}"))
        for part in parts:
            part.to_parquet(tmp_path / "part.parquet")
            columns = ("--label", "user", "--at", "tracked_at", "--shift", "always")
            adding_up(gridkeeper_within(people, "import", "fixes", tmp_path / "part.parquet", *TREE, *columns))
        found.append(content(people))
    assert found[0] == found[1]


@pytest.mark.shared_data
def test_the_bus_of_liverpool_goes_in(people: Database, shared_data: Path, tmp_path: Path):
    file = shared_data / "tracks/liverpool_bus14_avl.csv"
    frame = pd.read_csv(file, dtype={"vehicle_id": str})
    enrolled(people, tmp_path, sorted(frame["vehicle_id"].unique()))
    columns = tmp_path / "columns.toml"
    roles = {"device": "vehicle_id", "at": "timestamp", "lon": "longitude", "lat": "latitude", "course": "bearing"}
    columns.write_text("\n".join(["[columns]", *(f'{role} = "{name}"' for role, name in roles.items())]))
    sums = imported(people, file, "--columns", columns, "--tz", "Europe/London")
    assert (sums["read"], sums["quarantined"]) == (1_533, 0)
    assert sums["stored"] == len(frame.drop_duplicates(["vehicle_id", "timestamp"]))


@pytest.mark.shared_data
def test_the_patrols_of_earthranger_go_in(people: Database, shared_data: Path, tmp_path: Path):
    file = shared_data / "tracks/earthranger_patrols_2015.parquet"
    frame = pd.read_parquet(file)
    enrolled(people, tmp_path, sorted(frame["patrol_subject"].unique()))
    sums = imported(people, file, "--label", "patrol_subject", "--at", "fixtime")
    assert sums["read"] == len(frame) == 8_621
    assert sums["stored"] == len(frame.drop_duplicates(["patrol_subject", "fixtime"]))


@pytest.mark.shared_data
def test_the_gpx_files_go_in_or_say_why_not(people: Database, shared_data: Path, tmp_path: Path):
    enrolled(people, tmp_path, ["a"])
    with ZipFile(shared_data / "media/gpx_kml_tcx_gpxpy.zip") as archive:
        archive.extractall(tmp_path)
    points = 0
    for file in sorted(tmp_path.glob("*.gpx")):
        told = gridkeeper_within(people, "import", "fixes", file, *TREE, "--device", "a", "--shift", "always")
        assert told.code == 0, (file.name, told.err)
        points += adding_up(told)["read"]
        imported(people, file, "--device", "a")
    assert points == sum(len(re.findall(rb"<(?:\w+:)?trkpt\b", file.read_bytes())) for file in tmp_path.glob("*.gpx"))
    assert stored(people.app)["fixes"] > 500


@pytest.mark.shared_data
def test_what_the_recorder_kept_goes_in(people: Database, shared_data: Path, tmp_path: Path):
    enrolled(people, tmp_path, ["a"])
    file = shared_data / "media/owntracks_demo_iphone.rec"
    sums = imported(people, file, "--device", "a")
    messages = [json.loads(line.split("\t")[2]) for line in file.read_text().splitlines()]
    located = [one for one in messages if one["_type"] == "location"]
    instants = {one["tst"] for one in located}
    assert sums["read"] == len(messages)
    assert sums["quarantined"] == len(messages) - len(located)
    assert sums["stored"] + sums["kept_aside"] == len(instants)
    assert sums["aside"].keys() == {"inaccurate"}

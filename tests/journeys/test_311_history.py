"""Reports of New York and San Francisco as history: mapped by a table, measured by the sample catalogue, counted."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from data.matters import SAMPLE_CATALOGUE
from data.sample_town.calendar import calendar
from gis.working_time import deadline
from layers.matters.held import catalogue_of
from tests.cluster import Database
from tests.imports import rows_of
from tests.journeys.commands import gridkeeper_within

pytestmark = pytest.mark.shared_data

HERE = Path(__file__).parent
MEASURED = ("closed_in_time", "closed_late", "unmeasured", "closed_without_time", "closed_without_limit")
NYC = ("--id", "unique_key", "--lon", "longitude", "--lat", "latitude", "--category", "complaint_type")
SF = ("--id", "CaseID", "--lon", "Long", "--lat", "Lat", "--category", "Category")


def done(database: Database, *words: object) -> tuple[dict[str, Any], str]:
    told = gridkeeper_within(database, *words)
    assert told.code == 0, told.err
    return told.facts, told.out


def give_rules(database: Database, tree: str, zone: str, years: tuple[int, int], folder: Path) -> None:
    """The sample catalogue for a city, from the beginning of its calendar's first year on."""
    days = folder / "sample.csv"
    calendar(*years).to_csv(days, index=False)
    done(database, "import", "calendar", days, "--tree", tree, "--zone", zone)
    done(database, "import", "catalogue", SAMPLE_CATALOGUE, "--tree", tree, "--valid-from", "2000-01-01")


def closings(database: Database) -> list[Any]:
    return rows_of(
        database.app,
        "SELECT c.category, c.matter_id, c.received_at, c.closed_at, k.due_at, k.met_at, k.started_at, c.clock "
        "FROM cases c JOIN case_clocks k ON k.case_id = c.id WHERE c.state = 'archived'",
    )


def test_new_yorks_reports_are_measured(database: Database, shared_data: Path, tmp_path: Path):
    boroughs = shared_data / "boundaries/nyc_boroughs.geojson"
    file = shared_data / "incidents/nyc_311_2026_06_sample10k.csv"
    done(database, "import", "grids", boroughs, "--scheme", "nyc", "--code", "BoroCode", "--accept-problems")
    give_rules(database, "nyc", "America/New_York", (2025, 2027), tmp_path)
    times = ("--at", "created_date", "--received-at", "created_date", "--closed-at", "closed_date")
    mapped = ("--matters", HERE / "nyc_matters.toml", "--datum", "wgs84", "--scheme", "nyc")
    facts, said = done(database, "import", "cases", file, *NYC, *times, *mapped)
    assert facts["read"] == 10_000 == facts["stored"] + facts["quarantined"]
    closed = sum(facts.get(name, 0) for name in MEASURED)
    stored = rows_of(database.app, "SELECT count(*), count(closed_at) FROM cases WHERE state = 'archived'")
    assert stored == [(closed, closed)]
    assert facts["closed_in_time"] + facts["closed_late"] == closed
    assert f"{facts['closed_in_time']} closed in time" in said
    assert f"{facts['closed_late']} late, 0 unmeasured." in said

    rows = closings(database)
    assert sum(row.closed_at <= row.due_at for row in rows) == facts["closed_in_time"]
    assert {row.clock for row in rows} == {"stopped"}
    with Session(database.app) as session:
        rules = catalogue_of(session, "nyc")
        noise = rules.matter("06028")
        (limit,) = [one for one in rules.limits(noise.id, "normal", "city", "handle") if one.milestone == "end"]
    for row in [row for row in rows if row.category.startswith("Noise")][:50]:
        assert row.matter_id == noise.id
        assert row.due_at == deadline(rules.calendar, row.received_at, limit.amount, limit.unit)
        assert (row.started_at, row.met_at) == (row.received_at, row.closed_at)
    still_open = (
        "SELECT count(*), count(due_at), count(*) FILTER (WHERE clock = 'running') FROM cases WHERE state <> 'archived'"
    )
    ((open_, due, running),) = rows_of(database.app, still_open)
    assert open_ == due == running == facts["stored"] - closed

    again, _ = done(database, "import", "cases", file, *NYC, *times, *mapped)
    assert (again["stored"], again["already_there"]) == (0, facts["stored"])


def test_san_franciscos_years_without_a_calendar_are_unmeasured(database: Database, shared_data: Path, tmp_path: Path):
    neighbourhoods = shared_data / "boundaries/sf_neighborhoods.zip"
    file = shared_data / "incidents/sf_311_sample.csv.gz"
    done(database, "import", "grids", neighbourhoods, "--scheme", "sf", "--code", "nhood", "--accept-problems")
    give_rules(database, "sf", "America/Los_Angeles", (2012, 2016), tmp_path)
    times = ("--at", "Opened", "--closed-at", "Closed")
    mapped = ("--matters", HERE / "sf_matters.toml", "--datum", "wgs84", "--scheme", "sf")
    facts, said = done(database, "import", "cases", file, *SF, *times, *mapped)
    assert facts["read"] == 4_984 == facts["stored"] + facts["quarantined"]
    assert facts["reasons"]["closed_before_it_began"] == 55
    assert f"{facts['unmeasured']} unmeasured." in said
    assert f"{facts['without_matter']} are of a category" in said

    rows = closings(database)
    unmeasured = [row for row in rows if row.clock == "unmeasured"]
    assert unmeasured
    assert all(row.due_at is None and row.met_at == row.closed_at for row in unmeasured)
    first_day = datetime.fromisoformat("2012-01-01T08:00:00+00:00")
    assert {row.received_at < first_day for row in unmeasured} == {True}
    assert sum(row.due_at is not None and row.met_at <= row.due_at for row in rows) == facts["closed_in_time"]
    assert len(rows) == facts["closed_in_time"] + facts["closed_late"] + len(unmeasured)

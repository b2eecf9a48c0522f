"""A planner brings in the rules of a city by command, is told what is wrong with them, and takes them out again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from data.matters import SAMPLE_CATALOGUE
from data.sample_town.calendar import calendar
from data.session import unit_of_work
from layers.cases.intake import Report, receive
from tests.cluster import Database
from tests.imports import PLANNER, grid_frame, rows_of
from tests.journeys.commands import gridkeeper_within
from tests.rules import RULES, may_2026, write_days, write_rules
from tests.town import at, squares


def test_rules_come_in_are_refused_with_their_faults_and_go_out(town: Database, tmp_path: Path):
    rules, office = write_rules(tmp_path / "rules"), write_days(tmp_path / "office.csv", may_2026())
    early = gridkeeper_within(town, "import", "catalogue", rules, "--tree", "town")
    assert early.code == 2
    assert "settings.csv, row 2, value 'office': The city has no calendar of this name. Known: none yet." in early.err
    assert [fault["reason"] for fault in early.facts["error"]["faults"]] == ["unknown_calendar"]

    days = gridkeeper_within(town, "import", "calendar", office, "--tree", "town", "--zone", "Asia/Shanghai")
    assert (days.code, days.facts["stored"], days.facts["waited"]) == (0, 31, 0)
    since = ("--valid-from", "2026-01-01", "--reason", "the first list")
    done = gridkeeper_within(town, "import", "catalogue", rules, "--tree", "town", *since)
    assert (done.code, done.facts["version"], done.facts["valid_from"]) == (0, 1, "2025-12-31T16:00:00+00:00")
    assert rows_of(town.app, "SELECT version, reason, most_returns FROM catalogues") == [(1, "the first list", 3)]
    batches = (
        "SELECT kind, dataset, finished_at IS NOT NULL FROM import_batches WHERE kind LIKE 'cal%' OR kind LIKE 'cat%'"
    )
    assert rows_of(town.app, batches) == [("calendar", "town", True), ("catalogue", "town", True)]

    out = gridkeeper_within(town, "export", "catalogue", "-o", tmp_path / "out")
    assert (out.code, out.facts["rows"]) == (0, sum(len(rows) for rows in RULES.values()) + 31)
    before = gridkeeper_within(town, "export", "catalogue", "-o", tmp_path / "out", "--at", "2025-12-31")
    assert (before.code, before.facts["error"]["code"]) == (2, "no_catalogue")


def test_cases_beyond_the_calendar_get_their_deadlines_when_its_days_come_in(town: Database, tmp_path: Path):
    now = datetime.now(UTC)
    last_year = tmp_path / "sample.csv"
    calendar(now.year - 1, now.year - 1).to_csv(last_year, index=False)
    gridkeeper_within(town, "import", "calendar", last_year, "--tree", "town")
    gridkeeper_within(town, "import", "catalogue", SAMPLE_CATALOGUE, "--tree", "town", "--valid-from", "2020-01-01")
    lon, lat = at(0.5, 0.5)
    with unit_of_work(town.app) as session:
        receive(session, PLANNER, Report(x=lon, y=lat, datum="wgs84", category="06010"))
    assert rows_of(town.app, "SELECT clock, due_at FROM cases") == [("beyond_calendar", None)]
    more = tmp_path / "more.csv"
    calendar(now.year, now.year + 1).to_csv(more, index=False)
    told = gridkeeper_within(town, "import", "calendar", more, "--tree", "town", "--name", "sample")
    assert told.facts["waited"] == 1
    ((clock, due),) = rows_of(town.app, "SELECT clock, due_at FROM cases")
    assert clock == "running"
    assert now < due < now + timedelta(days=30)


def test_the_limits_of_an_area_follow_its_place_class(database: Database, tmp_path: Path):
    cells = [("410100001000", squares((0, 0, 2, 2))), ("410100002000", squares((2, 0, 4, 2)))]

    def streets(*kinds: str) -> Path:
        grid_frame(cells, kind=list(kinds)).to_file(tmp_path / "streets.gpkg", driver="GPKG")
        return tmp_path / "streets.gpkg"

    words = ("--tree", "town", "--level", "street", "--place-class", "kind")
    first = gridkeeper_within(database, "import", "areas", streets("city", ""), *words)
    assert (first.code, first.facts["stored"]) == (0, 2), first.err
    classes = "SELECT place_class FROM areas ORDER BY code"
    assert rows_of(database.app, classes) == [("city",), (None,)]
    second = gridkeeper_within(database, "import", "areas", streets("city", "rural"), *words)
    assert (second.facts["stored"], second.facts["changed"], second.facts["already_there"]) == (0, 1, 1)
    assert rows_of(database.app, classes) == [("city",), ("rural",)]
    third = gridkeeper_within(database, "import", "areas", streets("sea", "rural"), *words)
    assert (third.code, third.facts["error"]["value"]) == (2, "sea")
    assert "'sea' of the area 410100001000 is no place class" in third.err
    assert rows_of(database.app, classes) == [("city",), ("rural",)]

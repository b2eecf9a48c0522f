"""A city's catalogue is one whole: it comes in by version, or not at all, and what held once is not changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.session import unit_of_work
from gis.errors import BadInput
from layers.errors import Conflict, NotFound
from layers.matters.export import export_catalogue
from layers.matters.held import Catalogue, catalogue_of
from layers.matters.publishing import import_catalogue
from tests.cluster import Database
from tests.imports import PLANNER, rows_of
from tests.rules import HEADERS, RULES, Rows, give_days, give_rules, may_2026, write_days, write_rules
from tests.statements import noting

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2126, 1, 1, tzinfo=UTC)


def faults(session: Session, folder: Path, **tables: Rows) -> list[tuple[str, int, str, str | None, str]]:
    """What a catalogue with other rows is refused for."""
    with pytest.raises(BadInput) as caught:
        give_rules(session, folder, **tables)
    assert caught.value.code == "rules_faulty"
    return [
        (one["file"], one["row"], one["field"], one["value"], one["reason"]) for one in caught.value.values["faults"]
    ]


def known(session: Session, at: datetime | None = None) -> Catalogue:
    found = catalogue_of(session, "town", at)
    assert found is not None
    return found


def test_a_city_without_a_catalogue_has_none(session: Session):
    assert catalogue_of(session, "town") is None


def test_what_was_imported_is_what_the_program_asks(session: Session, tmp_path: Path):
    done = give_rules(session, tmp_path, since=SINCE)
    rows = sum(len(rows) for rows in RULES.values())
    assert (done.read, done.stored, done.facts["version"]) == (rows, rows, 1)
    rules = known(session)
    assert (rules.version, rules.most_returns) == (1, 3)
    rubbish = rules.matter("06010")
    assert rubbish is not None
    assert rubbish.names == {"zh": "暴露垃圾", "en": "Exposed rubbish"}
    assert [rules.departments[one].code for one in rules.rule(rubbish.id, "normal", "city").assisting] == ["T", "W"]
    assert (rules.path("resident"), rules.path("nobody")) == ("on_site", "direct")
    assert known(session, SINCE).version == 1
    assert catalogue_of(session, "town", SINCE - timedelta(seconds=1)) is None


def test_a_replaced_number_stands_for_the_matter_that_it_became(session: Session, tmp_path: Path):
    give_rules(session, tmp_path, since=SINCE)
    rules = known(session)
    assert rules.matter("0110") == rules.matter("06010") == rules.matter("0110", "2013")
    assert rules.matter("0110", "2026") is None
    assert rules.matter("99999") is None
    assert rules.matter(None) is None


def test_a_number_of_two_replaced_standards_means_nothing_without_its_standard(session: Session, tmp_path: Path):
    older = ("2005", "0110", "别的", "Something else", "类", "Class", "06001")
    give_rules(session, tmp_path, since=SINCE, matters=[*RULES["matters"], older])
    rules = known(session)
    assert rules.matter("0110") is None
    assert rules.matter("0110", "2005") == rules.matter("06001")


def test_a_number_that_was_replaced_later_is_itself_under_the_rules_that_name_it(session: Session, tmp_path: Path):
    give_rules(session, tmp_path, since=SINCE)
    soon = datetime.now(UTC) + timedelta(hours=1)
    replaced = [(*row[:6], "06001" if row[1] in ("06010", "0110") else row[6]) for row in RULES["matters"]]
    others = {name: [row for row in RULES[name] if row[0] != "06010"] for name in ("rules", "limits")}
    give_rules(session, tmp_path, since=soon, matters=replaced, **others)
    rubbish, building = known(session, SINCE).matter("06010"), known(session, soon).matter("06010")
    assert rubbish is not None
    assert building is not None
    assert (rubbish.code, building.code) == ("06010", "06001")
    assert known(session, SINCE).matter("06010", "2026") == rubbish
    assert [one.amount for one in known(session, SINCE).limits(rubbish.id, "normal", "city", "handle")] == [4]


def test_what_a_number_became_may_be_replaced_in_its_turn(session: Session, tmp_path: Path):
    give_rules(session, tmp_path, since=SINCE)
    soon = datetime.now(UTC) + timedelta(hours=1)
    replaced = [(*row[:6], "06001" if row[1] == "06010" else row[6]) for row in RULES["matters"] if row[1] != "0110"]
    others = {name: [row for row in RULES[name] if row[0] != "06010"] for name in ("rules", "limits")}
    give_rules(session, tmp_path, since=soon, matters=replaced, **others)
    meant = [known(session, at).matter("0110") for at in (SINCE, soon)]
    assert [one and one.code for one in meant] == ["06010", "06001"]


def test_a_version_in_memory_costs_one_small_statement(session: Session, tmp_path: Path):
    give_rules(session, tmp_path, since=SINCE)
    first = known(session)
    statements: list[str] = []
    with noting(session.connection(), lambda sql, _: statements.append(sql)):
        assert known(session) is first
    assert len(statements) == 1


def test_a_new_version_ends_the_one_before_and_leaves_its_rules(session: Session, tmp_path: Path):
    give_rules(session, tmp_path, since=SINCE)
    soon = datetime.now(UTC) + timedelta(hours=1)
    faster = [("", "", "", "handle", "end", 1, "working_days", "new book")]
    done = give_rules(session, tmp_path, since=soon, limits=faster)
    assert (done.facts["version"], done.changed) == (2, 0)
    before, after = known(session), known(session, soon)
    assert (before.version, after.version) == (1, 2)
    assert [one.amount for one in before.limits(None, "normal", "city", "handle")] == [5]
    assert [one.amount for one in after.limits(None, "normal", "city", "handle")] == [1]
    assert known(session, soon - timedelta(microseconds=1)).version == 1


@pytest.mark.parametrize("since", [SINCE, datetime.now(UTC) - timedelta(hours=1)])
def test_rules_never_begin_where_cases_came_in_under_others(session: Session, tmp_path: Path, since: datetime):
    give_rules(session, tmp_path, since=SINCE)
    with pytest.raises(Conflict) as caught:
        give_rules(session, tmp_path, since=since)
    assert caught.value.code == "catalogue_too_early"


def test_names_are_brought_up_to_date_and_nothing_is_lost(session: Session, tmp_path: Path):
    give_rules(session, tmp_path, since=SINCE)
    soon = datetime.now(UTC) + timedelta(hours=1)
    renamed = [("S", "环境卫生", "Sanitation", "", "1"), *RULES["departments"][1:]]
    done = give_rules(session, tmp_path, since=soon, departments=renamed, matters=RULES["matters"][:4])
    assert done.changed == 1
    assert known(session, soon).department("S").names["zh"] == "环境卫生"
    assert known(session, soon).matter("L1") is not None


@pytest.mark.parametrize(
    ("table", "row", "field", "value", "reason"),
    [
        ("departments", ("X", "", "X", "", ""), "name_zh", None, "empty"),
        ("departments", ("X", "某", "X", "99", ""), "area", "99", "unknown_area"),
        ("departments", ("S", "某", "X", "", ""), "code", "S", "row_twice"),
        ("matters", ("2013", "0111", "某", "X", "类", "Class", "06099"), "same_as", "06099", "unknown_matter"),
        ("matters", ("2013", "0111", "某", "X", "类", "Class", "0110"), "same_as", "0110", "unknown_matter"),
        ("matters", ("own", "06010", "某", "X", "类", "Class", ""), "code", "06010", "matter_ambiguous"),
        ("rules", ("06099", "", "", "S", "", "", 50, 24, "b"), "matter", "06099", "unknown_matter"),
        ("rules", ("0110", "", "", "S", "", "", 50, 24, "b"), "matter", "0110", "matter_replaced"),
        ("rules", ("L1", "", "", "Q", "", "", 50, 24, "b"), "department", "Q", "unknown_department"),
        ("rules", ("L1", "", "", "S", "T Q", "", 50, 24, "b"), "assisting", "T Q", "unknown_department"),
        ("rules", ("L1", "", "", "S", "S", "", 50, 24, "b"), "assisting", "S", "assists_itself"),
        ("rules", ("L1", "soon", "", "S", "", "", 50, 24, "b"), "urgency", "soon", "unknown_word"),
        ("rules", ("L1", "", "sea", "S", "", "", 50, 24, "b"), "place", "sea", "unknown_word"),
        ("rules", ("L1", "", "", "S", "", "", -1, 24, "b"), "same_within_m", "-1", "negative"),
        ("rules", ("L1", "", "", "S", "", "", 50, "inf", "b"), "same_within_h", "inf", "not_a_number"),
        ("rules", ("L1", "", "", "S", "", "", 50, 24, ""), "source", None, "empty"),
        ("rules", ("06010", "", "", "S", "", "", 50, 24, "b"), "matter", "06010", "row_twice"),
        ("limits", ("L1", "", "", "nap", "end", 1, "hours", "b"), "stage", "nap", "unknown_word"),
        ("limits", ("L1", "", "", "handle", "end", 1, "days", "b"), "unit", "days", "unknown_word"),
        ("limits", ("L1", "", "", "handle", "end", 0, "hours", "b"), "amount", "0", "limit_out_of_range"),
        ("limits", ("L1", "", "", "handle", "end", 2e6, "hours", "b"), "amount", "2000000.0", "limit_out_of_range"),
        ("limits", ("L1", "", "", "handle", "end", 1.5, "working_days", "b"), "amount", "1.5", "not_whole"),
        ("limits", ("L1", "", "", "handle", "end", "two", "hours", "b"), "amount", "two", "not_a_number"),
        ("limits", ("L1", "", "", "handle", "stop", 1, "hours", "b"), "milestone", "stop", "no_end"),
        ("limits", ("", "", "", "dispatch", "stop", 1, "hours", "b"), "milestone", "stop", "milestone_unreachable"),
        ("limits", ("06001", "", "", "handle", "stop", 1, "hours", "b"), "matter", "06001", "row_twice"),
        ("limits", ("L1", "", "", "verify", "end", 1, "hours", "b"), "matter", None, "no_default"),
        ("paths", ("camera", "later"), "path", "later", "unknown_word"),
        ("settings", ("colour", "red"), "name", "colour", "unknown_word"),
    ],
)
def test_a_fault_is_named_with_file_row_field_and_value(
    session: Session, tmp_path: Path, table, row, field, value, reason
):
    ((file, line, *rest),) = faults(session, tmp_path, **{table: [*RULES[table], row]})
    assert (file, rest) == (f"{table}.csv", [field, value, reason])
    assert line == (1 if reason == "no_default" else len(RULES[table]) + 2)


@pytest.mark.parametrize(
    ("table", "rows", "found"),
    [
        ("rules", RULES["rules"][1:], [("rules.csv", 1, "matter", None, "no_default")]),
        ("limits", RULES["limits"][1:], [("limits.csv", 1, "matter", None, "no_default")]),
        ("settings", [("most_returns", 3)], [("settings.csv", 1, "name", "calendar", "setting_missing")]),
        (
            "settings",
            [("calendar", "lunar"), ("most_returns", 0)],
            [("settings.csv", 3, "value", "0", "not_whole"), ("settings.csv", 2, "value", "lunar", "unknown_calendar")],
        ),
    ],
)
def test_what_is_missing_in_the_whole_is_a_fault(session: Session, tmp_path: Path, table, rows, found):
    assert faults(session, tmp_path, **{table: rows}) == found


def test_all_faults_are_told_at_once_and_nothing_is_stored(database: Database, tmp_path: Path):
    broken = [*RULES["limits"], ("L1", "", "", "handle", "end", 0, "days", "b"), ("06099", "", "", "x", "", "", "", "")]
    folder = write_rules(tmp_path / "rules", limits=broken)
    with unit_of_work(database.app) as session:
        give_days(session, write_days(tmp_path / "office.csv", may_2026()))
    with (
        pytest.raises(BadInput, match=r"limits\.csv, row 10, amount '0'") as caught,
        unit_of_work(database.app) as session,
    ):
        import_catalogue(session, PLANNER, folder, tree="town")
    assert len(caught.value.values["faults"]) > 4
    for name in ("catalogues", "departments", "matters", "service_rules", "time_limits", "intake_paths"):
        assert rows_of(database.app, f"SELECT count(*) FROM {name}") == [(0,)]
    assert rows_of(database.app, "SELECT kind FROM import_batches") == [("calendar",)]


def test_a_missing_file_or_column_is_told(session: Session, tmp_path: Path):
    give_rules(session, tmp_path / "good", since=SINCE)
    folder = write_rules(tmp_path / "rules")
    (folder / "paths.csv").unlink()
    with pytest.raises(BadInput, match=r"paths\.csv") as caught:
        import_catalogue(session, PLANNER, folder, tree="town")
    assert caught.value.code == "file_missing"
    (folder / "paths.csv").write_text("source,road\n", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        import_catalogue(session, PLANNER, folder, tree="town")
    assert (caught.value.code, caught.value.value) == ("column_missing", "path")


def test_an_exported_catalogue_comes_in_as_the_same(session: Session, tmp_path: Path):
    give_rules(session, tmp_path, since=SINCE)
    rows = export_catalogue(session, tmp_path / "out", tree="town")
    assert rows == {**{f"{name}.csv": len(table) for name, table in RULES.items()}, "calendar.csv": 31}
    give_days(session, tmp_path / "out/calendar.csv", tree="other")
    import_catalogue(session, PLANNER, tmp_path / "out", tree="other", since=SINCE)
    assert export_catalogue(session, tmp_path / "again", tree="other") == rows
    for name in (*HEADERS, "calendar"):
        first, second = ((tmp_path / folder / f"{name}.csv").read_text() for folder in ("out", "again"))
        assert first == second
    with pytest.raises(NotFound) as caught:
        export_catalogue(session, tmp_path / "none", tree="nowhere")
    assert caught.value.code == "no_catalogue"


def test_days_are_added_to_a_calendar_and_known_ones_stay(session: Session, tmp_path: Path):
    give_rules(session, tmp_path, since=SINCE)
    before = known(session)
    more = {"2026-06-01": "09:00-12:00", "2026-05-31": ""}
    done = give_days(session, write_days(tmp_path / "more.csv", more))
    assert (done.read, done.stored, done.already_there) == (2, 1, 1)
    assert done.facts == {"calendar": "office", "first_day": "2026-05-01", "last_day": "2026-06-01", "waited": 0}
    after = known(session)
    assert (before.calendar.last.isoformat(), after.calendar.last.isoformat()) == ("2026-05-31", "2026-06-01")
    assert before.version == after.version


@pytest.mark.parametrize(
    ("days", "field", "value", "reason"),
    [
        ({"2026-06-03": ""}, "day", "2026-06-03", "calendar_gap"),
        ({"2026-04-28": ""}, "day", "2026-04-28", "calendar_gap"),
        ({"2026-05-04": "09:00-12:00"}, "spans", "09:00-12:00", "day_known_otherwise"),
        ({"2026-06-31": ""}, "day", "2026-06-31", "no_such_date"),
        ({"2026-06-01": "8.30-12"}, "spans", "8.30-12", "bad_spans"),
        ({"2026-06-01": "08:60-12:00"}, "spans", "08:60-12:00", "bad_spans"),
        ({"2026-06-01": "20:00-24:30"}, "spans", "20:00-24:30", "bad_spans"),
        ({"2026-06-01": "12:00-08:00"}, "spans", "12:00-08:00", "bad_spans"),
        ({"2026-06-01": "08:00-12:00 11:00-15:00"}, "spans", "08:00-12:00 11:00-15:00", "bad_spans"),
    ],
)
def test_a_faulty_day_is_named(session: Session, tmp_path: Path, days, field, value, reason):
    give_rules(session, tmp_path, since=SINCE)
    with pytest.raises(BadInput) as caught:
        give_days(session, write_days(tmp_path / "more.csv", days))
    ((fault),) = caught.value.values["faults"]
    assert (fault["row"], fault["field"], fault["value"], fault["reason"]) == (2, field, value, reason)


def test_a_calendar_without_a_day_is_named(session: Session, tmp_path: Path):
    with pytest.raises(BadInput, match=r"none\.csv, row 1, day: There is no day in it\."):
        give_days(session, write_days(tmp_path / "none.csv", {}))


def test_a_calendar_keeps_its_clock(session: Session, tmp_path: Path):
    file = write_days(tmp_path / "office.csv", may_2026())
    give_days(session, file)
    with pytest.raises(Conflict) as caught:
        give_days(session, file, zone="America/New_York")
    assert caught.value.code == "calendar_differs"
    with pytest.raises(BadInput) as refused:
        give_days(session, file, name="moon", zone="Moon/Base")
    assert refused.value.code == "unknown_time_zone"


def test_no_statement_can_change_rules_or_known_days(database: Database, tmp_path: Path):
    with unit_of_work(database.app) as session:
        give_rules(session, tmp_path, since=SINCE)
    for name in ("service_rules", "time_limits", "intake_paths", "calendar_days"):
        with database.owner.connect() as connection, pytest.raises(Exception, match="append-only"):
            connection.execute(text(f"DELETE FROM {name}"))

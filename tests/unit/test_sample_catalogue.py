"""The sample catalogue: departments and service items in both languages, two numberings, limits with their source."""

from __future__ import annotations

from datetime import date

import pytest

from data.matters import SAMPLE_CATALOGUE, matters
from data.sample_town.calendar import calendar
from data.sample_town.reports import _CODES
from data.tables.catalogue import PLACE_CLASSES, STAGES
from layers.matters.calendars import minutes_of
from layers.matters.checking import check_whole
from layers.matters.faults import Faults
from layers.matters.tables import Tables, read_tables

NEW, OLD = "GB/T 47678.5-2026", "GB/T 30428.2-2013 (derived)"


@pytest.fixture(scope="module")
def tables() -> Tables:
    faults = Faults()
    found = read_tables(SAMPLE_CATALOGUE, faults)
    check_whole(found, faults, areas=(), calendars=("sample",), other_codes={})
    assert faults.found == []
    return found


def test_it_has_32_departments_and_more_than_100_items_named_in_both_languages(tables: Tables):
    assert len(tables.departments) == 32
    current = [line for line in tables.matters if line.get("same_as") is None]
    assert len(current) > 100
    for line in (*tables.departments, *tables.matters):
        assert not (line.get("name_zh") or "").isascii()
        assert (line.get("name_en") or "").isascii()
    assert {line.get("standard") for line in current} == {NEW, "local"}


def test_the_classes_of_the_appendix_are_whole(tables: Tables):
    of_2026 = [line.get("code") or "" for line in tables.matters if line.get("standard") == NEW]
    assert [sum(code.startswith(large) for code in of_2026) for large in ("06", "07", "08", "09", "10")] == [
        51, 7, 16, 21, 2,
    ]  # fmt: skip


def test_the_numbers_of_2013_are_marked_as_derived_and_lead_to_those_of_2026(tables: Tables):
    became = {line.get("code"): line.get("same_as") for line in tables.matters if line.get("standard") == OLD}
    assert {line.get("standard") for line in tables.matters if line.get("same_as")} == {OLD}
    known = {"0110": "06010", "0111": "06011", "0136": "06036", "0201": "07001", "0203": "07003", "0311": "08011"}
    assert known.items() <= became.items()
    assert {"0401": "09001", "0405": "09005", "0406": "09006", "0409": "09009"}.items() <= became.items()


def test_every_row_says_where_it_comes_from_and_every_step_has_a_limit(tables: Tables):
    assert all(line.get("source") for line in (*tables.rules, *tables.limits))
    assert {line.get("stage") for line in tables.limits} == set(STAGES)
    assert {line.get("place") for line in tables.limits} == {None, *PLACE_CLASSES[1:]}
    three = [
        line.get("milestone") for line in tables.limits if (line.get("matter"), line.get("place")) == ("06001", None)
    ]
    assert three == ["accept", "stop", "penalty", "end"]


def test_what_the_sample_town_reports_is_in_it(tables: Tables):
    assert set(_CODES) <= set(matters())
    assert len(matters()) == sum(line.get("same_as") is None for line in tables.matters)


def test_the_sample_calendar_has_every_day_with_summer_winter_holidays_and_two_shifted_workdays_a_year():
    days = calendar(2025, 2027)
    spans = {date.fromisoformat(day): minutes_of(text) for day, text in zip(days["day"], days["spans"], strict=True)}
    assert (min(spans), max(spans), len(spans)) == (date(2025, 1, 1), date(2027, 12, 31), 365 * 3)
    assert spans[date(2026, 1, 15)] != spans[date(2026, 7, 15)]
    for year in (2025, 2026, 2027):
        of_year = [day for day, minutes in spans.items() if day.year == year and minutes]
        assert sum(day.weekday() >= 5 for day in of_year) == 2
        assert not spans[date(year, 10, 1)]
        assert not spans[date(year, 1, 1)]
        assert 240 <= len(of_year) <= 260

"""What the catalogue makes of a report: matter, department, path, first deadlines, and what it may be the same as."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from shapely.geometry import mapping
from sqlalchemy import text
from sqlalchemy.orm import Session

from layers.cases.check import check
from layers.cases.intake import Report, receive
from layers.cases.queries import detail
from tests.plans_of_town import give, take_plan_scheme
from tests.publications import case_at, published
from tests.stepping import BUILDING, CLEO, DORA, give_town_rules, reported, row_of, step
from tests.town import at, squares


@pytest.fixture
def town(town_session: Session, tmp_path: Path) -> Session:
    """The town under the small catalogue."""
    give_town_rules(town_session, tmp_path)
    return town_session


def answered(session: Session, column: float = 1, row: float = 0.25, **more: object) -> dict[str, object]:
    lon, lat = at(column, row)
    said = {"x": lon, "y": lat, "datum": "wgs84", "category": "06010", "source": "patrol", **more}
    return receive(session, CLEO, Report(**said)).answer


def test_a_report_is_told_its_matter_its_department_and_by_when(town: Session):
    answer = answered(town)
    assert answer["matter"] == {"standard": "2026", "code": "06010", "zh": "暴露垃圾", "en": "Exposed rubbish"}
    assert answer["department"] == {"code": "S", "zh": "环卫", "en": "Sanitation"}
    assert (answer["state"], answer["clock"], answer["urgency"]) == ("dispatched", "running", "normal")
    row = row_of(town, str(answer["number"]))
    assert answer["due_at"] == row["due_at"].isoformat()
    assert (row["due_milestone"], row["place_class"], len(row["assisting"])) == ("end", "city", 2)
    assert "Sanitation handles what it is about." in [one["en"] for one in answer["reasons"]]
    assert check(town).differences == []


def test_a_number_of_the_old_standard_is_the_matter_that_it_became(town: Session):
    assert answered(town, category="0110")["matter"]["code"] == "06010"


def test_what_the_catalogue_does_not_know_goes_by_its_general_rules(town: Session):
    answer = answered(town, category="a cat in a tree")
    assert (answer["matter"], answer["department"], answer["clock"]) == (None, None, "running")
    urgent = answered(town, category="a cat in a tree", urgency="urgent")
    assert urgent["department"]["code"] == "T"
    assert urgent["due_at"] < answer["due_at"]


def test_a_resident_s_report_is_looked_at_on_site_first_and_waits_all_the_same_where_nobody_answers(town: Session):
    answer = answered(town, source="resident")
    assert (answer["state"], answer["person"]["name"]) == ("on_site", "Wang 王一")
    assert [one["kind"] for one in detail(town, str(answer["number"]))["events"]] == ["received", "on_site"]
    outside = answered(town, 6, 5.5, source="resident")
    assert (outside["state"], outside["queue_reason"]) == ("queued", "outside")
    assert check(town).differences == []


def test_the_nearest_area_that_says_so_makes_a_place_rural(town: Session):
    town.execute(text("UPDATE areas SET place_class = 'fringe' WHERE code = '410199000000'"))
    town.execute(text("UPDATE areas SET place_class = 'rural' WHERE code = '410199002000'"))
    assert row_of(town, str(answered(town)["number"]))["place_class"] == "fringe"
    rural = answered(town, 6, 2)
    assert row_of(town, str(rural["number"]))["place_class"] == "rural"
    assert rural["department"]["code"] == "W"


def test_a_city_without_a_catalogue_has_no_limits(town_session: Session):
    answer = answered(town_session)
    assert (answer["clock"], answer["due_at"], answer["matter"], answer["duplicates"]) == ("no_limit", None, None, [])
    assert check(town_session).differences == []


def test_beyond_the_known_calendar_there_is_no_deadline_and_the_case_says_so(town_session: Session, tmp_path: Path):
    give_town_rules(town_session, tmp_path, after=2)
    answer = answered(town_session, category=BUILDING)
    assert (answer["clock"], answer["due_at"]) == (
        "running",
        row_of(town_session, str(answer["number"]))["due_at"].isoformat(),
    )
    plain = answered(town_session, category=None)
    assert (plain["clock"], plain["due_at"]) == ("beyond_calendar", None)
    assert check(town_session).differences == []


def test_open_cases_of_the_same_matter_near_by_are_offered_across_borders(town: Session):
    width_m = 357.8  # of a square at this latitude
    here, beside, far = (1.999, 1.9), (1.999 + 20 / width_m, 1.9), (1.999 + 40 / width_m, 1.9)
    first = answered(town, *here)
    assert first["duplicates"] == []
    assert answered(town, *far)["duplicates"] == []
    found = answered(town, *beside)
    assert found["grid"]["code"] != first["grid"]["code"]
    numbers = [one["number"] for one in found["duplicates"]]
    assert (len(numbers), first["number"] in numbers) == (2, True)
    assert [one["away_m"] for one in found["duplicates"]] == pytest.approx([20, 20], abs=0.3)
    assert answered(town, *beside, category=BUILDING)["duplicates"] == []


def test_neither_a_closed_case_nor_one_of_another_day_is_offered(town: Session):
    first, second = reported(town), reported(town)
    step(town, second, "merge", DORA, into=first)
    assert [one["number"] for one in answered(town)["duplicates"]] == [first]
    early = answered(town, occurred_at=datetime.now(UTC) - timedelta(hours=13))
    assert early["duplicates"] == []


def test_a_catalogue_that_was_published_meanwhile_is_learnt_by_the_next_report(town_session: Session, tmp_path: Path):
    assert answered(town_session)["clock"] == "no_limit"
    give_town_rules(town_session, tmp_path)
    assert answered(town_session)["clock"] == "running"


def test_a_case_that_new_boundaries_send_to_the_queue_has_the_clock_of_the_queue(town: Session):
    take_plan_scheme(town)
    number = case_at(town, 4.5, 1, category="06010", source="patrol", when=datetime.now(UTC) - timedelta(hours=1))
    assert row_of(town, str(number))["state"] == "queued"
    published(town, give(3, 2, area=mapping(squares((4, 0, 5, 2)))))
    assert check(town).differences == []

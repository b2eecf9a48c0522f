"""Staff, duties and absences come in; who answers for a grid follows from them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from data.readers.chunk import Chunk
from data.readers.rows import read_rows
from data.tables import Absence, Duty, Grid, Staff
from gis.errors import BadInput
from layers.batches import Summary, quarantined_rows
from layers.staff.duties import Answer, who_answers
from layers.staff.intake import ABSENCES, DUTIES, STAFF, PeopleTable, import_people
from tests.imports import PLANNER, write_csv
from tests.town import FIRST, LEAD_CHANGED

STAFF_HEADER = ("staff_no", "name", "phone")
DUTIES_HEADER = ("staff_no", "role", "leads", "valid_from", "valid_to", "scheme", "grid_code", "area_code")
ABSENCES_HEADER = ("staff_no", "valid_from", "valid_to", "kind", "substitute_no")
TODAY = datetime(2026, 5, 3, tzinfo=UTC)
A_DUTY = ("P01", "grid_worker", "no", "2026-01-01", "", "duty", "D04", "")
AN_ABSENCE = ("P01", "2026-06-01", "2026-06-08", "leave", "P02")


def chunk(folder: Path, header: tuple[str, ...], *rows: tuple[str, ...]) -> Chunk:
    return next(iter(read_rows(write_csv(folder / "people.csv", rows, header=header))))


def take(session: Session, table: PeopleTable, found: Chunk, **options: Any) -> Summary:
    return import_people(
        session, PLANNER, found, table, tree="town", file="people.csv", time_zone="Asia/Shanghai", **options
    )


def staff(session: Session, folder: Path, *rows: tuple[str, ...], header: tuple[str, ...] = STAFF_HEADER) -> Summary:
    return take(session, STAFF, chunk(folder, header, *rows))


def duties(session: Session, folder: Path, *rows: tuple[str, ...]) -> Summary:
    return take(session, DUTIES, chunk(folder, DUTIES_HEADER, *rows))


def absences(session: Session, folder: Path, *rows: tuple[str, ...]) -> Summary:
    return take(session, ABSENCES, chunk(folder, ABSENCES_HEADER, *rows))


def sums(done: Summary) -> tuple[int, int, int, int, int]:
    return done.read, done.stored, done.changed, done.already_there, done.quarantined


def set_aside(session: Session, done: Summary) -> list[tuple[int, str | None, str | None, str]]:
    rows = quarantined_rows(session, batch_id=done.batch_id)
    return [(row.row_no, row.field, row.value, row.reason) for row in rows]


def answer(session: Session, code: str, *, at: datetime = TODAY, then: datetime | None = None) -> Answer:
    grid = session.scalars(select(Grid.id).where(Grid.code == code)).one()
    return who_answers(session, [grid], at=at, occurred_at=then)[grid]


def test_staff_come_in_once_and_are_brought_up_to_date(town_session: Session, tmp_path: Path):
    rows = [("X1", "新一", "555-1"), ("X2", "新二", ""), ("", "无号", ""), ("X3", "", ""), ("X1", "又一", "")]
    done = staff(town_session, tmp_path, *rows)
    assert sums(done) == (5, 2, 0, 0, 3)
    assert set_aside(town_session, done) == [
        (4, "staff_no", None, "empty"), (5, "name", None, "empty"), (6, "staff_no", "X1", "repeated_row"),
    ]  # fmt: skip
    assert sums(staff(town_session, tmp_path, *rows[:2])) == (2, 0, 0, 2, 0)
    assert sums(staff(town_session, tmp_path, ("X1", "新一", "555-9"))) == (1, 0, 1, 0, 0)
    without_phone = staff(town_session, tmp_path, ("X1", "新一"), header=("staff_no", "name"))
    assert sums(without_phone) == (1, 0, 0, 1, 0)
    assert town_session.scalars(select(Staff.phone).where(Staff.staff_no == "X1")).one() == "555-9"


def test_skills_are_taken_where_a_file_tells_them_and_kept_where_it_does_not(town_session: Session, tmp_path: Path):
    header = ("staff_no", "name", "skills")
    rows = [("X1", "新一", "boat; gas fitter、电工,boat"), ("X2", "新二", "")]
    assert sums(staff(town_session, tmp_path, *rows, header=header)) == (2, 2, 0, 0, 0)
    assert sums(staff(town_session, tmp_path, *rows, header=header)) == (2, 0, 0, 2, 0)
    staff(town_session, tmp_path, ("X1", "新一"), header=("staff_no", "name"))
    found = town_session.execute(select(Staff.staff_no, Staff.skills).where(Staff.staff_no.in_(["X1", "X2"]))).all()
    assert sorted((no, list(skills)) for no, skills in found) == [("X1", ["boat", "gas fitter", "电工"]), ("X2", [])]


def test_a_column_that_is_needed_and_missing_is_named(town_session: Session, tmp_path: Path):
    with pytest.raises(BadInput, match="There is no column name"):
        staff(town_session, tmp_path, ("X1",), header=("staff_no",))


def test_columns_are_found_under_the_names_they_have_in_the_file(town_session: Session, tmp_path: Path):
    found = chunk(tmp_path, ("工号", "姓名", "phone", "name"), ("X1", "新一", "555", "x"), ("X2", "", "", "y"))
    done = take(town_session, STAFF, found, columns={"staff_no": "工号", "name": "姓名"})
    assert (sums(done), set_aside(town_session, done)) == ((2, 1, 0, 0, 1), [(3, "姓名", None, "empty")])
    assert quarantined_rows(town_session, batch_id=done.batch_id)[0].raw["工号"] == "X2"
    row = town_session.execute(select(Staff.name, Staff.phone).where(Staff.staff_no == "X1")).one()
    assert tuple(row) == ("新一", "555")
    header = ("工号", "role", "leads", "上岗", "网格")
    rows = [("X1", "grid_lead", "是", "2026-05-01", "D04"), ("X1", "grid_lead", "是", "2026-05-32", "D04")]
    columns = {"staff_no": "工号", "valid_from": "上岗", "grid_code": "网格"}
    done = take(town_session, DUTIES, chunk(tmp_path, header, *rows), columns=columns)
    assert set_aside(town_session, done) == [(3, "上岗", "2026-05-32", "no_such_date")]
    assert answer(town_session, "D04").name == "新一"
    away = chunk(tmp_path, ("工号", "起", "止"), ("X1", "2026-06-01", "2026-06-08"))
    done = take(town_session, ABSENCES, away, columns={"staff_no": "工号", "valid_from": "起", "valid_to": "止"})
    assert sums(done) == (1, 1, 0, 0, 0)


def test_rows_are_told_as_they_are_done_and_known_from_slice_to_slice(town_session: Session, tmp_path: Path):
    told: list[int] = []
    rows = [*((f"X{no}", "新一", "") for no in range(1_000)), ("X7", "又一", ""), ("", "无", ""), ("X1000", "三", "")]
    done = take(town_session, STAFF, chunk(tmp_path, STAFF_HEADER, *rows), progress=told.append)
    assert told == [1_000, 3]
    assert sums(done) == (1_003, 1_001, 0, 0, 2)
    assert set_aside(town_session, done) == [
        (1_002, "staff_no", "X7", "repeated_row"), (1_003, "staff_no", None, "empty"),
    ]  # fmt: skip


BAD_DUTIES = (
    (("X9", *A_DUTY[1:]), ("staff_no", "X9", "unknown_staff")),
    ((*A_DUTY[:6], "D99", ""), ("grid_code", "D99", "unknown_grid")),
    ((*A_DUTY[:5], "night", "D04", ""), ("grid_code", "D04", "unknown_grid")),
    ((*A_DUTY[:6], "", "410000"), ("area_code", "410000", "unknown_area")),
    ((*A_DUTY[:6], "D04", "410199001000"), ("grid_code", "D04", "one_place_needed")),
    ((*A_DUTY[:6], "", ""), ("grid_code", None, "one_place_needed")),
    ((*A_DUTY[:2], "perhaps", *A_DUTY[3:]), ("leads", "perhaps", "not_yes_or_no")),
    ((*A_DUTY[:3], "2026-02-30", *A_DUTY[4:]), ("valid_from", "2026-02-30", "no_such_date")),
    ((*A_DUTY[:4], "2025-12-31", *A_DUTY[5:]), ("valid_to", "2025-12-31", "ends_before_it_begins")),
    (("P01", "", *A_DUTY[2:]), ("role", None, "empty")),
    (A_DUTY, ("staff_no", "P01", "repeated_row")),
)


def test_bad_duties_are_set_aside_and_the_good_ones_stored_once(town_session: Session, tmp_path: Path):
    before = town_session.scalar(select(func.count()).select_from(Duty))
    done = duties(town_session, tmp_path, A_DUTY, *(row for row, _ in BAD_DUTIES))
    assert sums(done) == (12, 1, 0, 0, 11)
    assert set_aside(town_session, done) == [(no, *fate) for no, (_, fate) in enumerate(BAD_DUTIES, start=3)]
    assert sums(duties(town_session, tmp_path, A_DUTY)) == (1, 0, 0, 1, 0)
    assert town_session.scalar(select(func.count()).select_from(Duty)) == before + 1


def test_duties_name_grids_of_the_duty_scheme_others_or_areas_and_begin_at_local_midnight(
    town_session: Session, tmp_path: Path
):
    rows = [
        ("P01", "grid_lead", "是", "2026-05-01", "2026-06-01", "", "D04", ""),
        ("P02", "deputy", "否", "2026-05-01", "", "dedicated", "Z01", ""),
        ("P03", "area_lead", "Yes", "2026-05-01", "", "", "", "410199000000"),
    ]
    assert sums(duties(town_session, tmp_path, *rows)) == (3, 3, 0, 0, 0)
    lead = answer(town_session, "D04")
    assert (lead.name, lead.via, lead.climb) == ("Wang 王一", "lead", 0)
    beginning = datetime(2026, 4, 30, 16, tzinfo=UTC)
    assert answer(town_session, "D04", at=beginning - datetime.resolution).name == "Zheng 郑七"
    assert answer(town_session, "D04", at=beginning).name == "Wang 王一"


def test_bad_absences_are_set_aside_and_a_substitute_may_be_named_later(town_session: Session, tmp_path: Path):
    bad = (
        (("P99", *AN_ABSENCE[1:]), ("staff_no", "P99", "unknown_staff")),
        ((*AN_ABSENCE[:4], "P99"), ("substitute_no", "P99", "unknown_staff")),
        ((*AN_ABSENCE[:4], "P01"), ("substitute_no", "P01", "substitutes_for_oneself")),
        ((*AN_ABSENCE[:2], "2026-05-01", *AN_ABSENCE[3:]), ("valid_to", "2026-05-01", "ends_before_it_begins")),
        ((*AN_ABSENCE[:1], "03/04/2026", *AN_ABSENCE[2:]), ("valid_from", "03/04/2026", "day_month_order")),
    )
    done = absences(town_session, tmp_path, (*AN_ABSENCE[:4], ""), *(row for row, _ in bad))
    assert sums(done) == (6, 1, 0, 0, 5)
    assert set_aside(town_session, done) == [(no, *fate) for no, (_, fate) in enumerate(bad, start=3)]
    assert sums(absences(town_session, tmp_path, AN_ABSENCE)) == (1, 0, 1, 0, 0)
    assert sums(absences(town_session, tmp_path, AN_ABSENCE)) == (1, 0, 0, 1, 0)
    away = datetime(2026, 6, 3, tzinfo=UTC)
    assert town_session.scalar(select(func.count()).select_from(Absence).where(Absence.valid.contains(away))) == 5
    # Li, the substitute, is away too: the street answers.
    assert answer(town_session, "D01", at=away).name == "Wu 吴六"


@pytest.mark.parametrize(
    ("code", "name", "via", "climb", "absent"),
    [
        ("D01", "Wang 王一", "lead", 0, None),
        ("D02", "Zhao 赵三", "substitute", 0, "Li 李二"),
        ("D03", "Zhou 周五", "deputy", 0, None),
        ("D04", "Zheng 郑七", "lead", 1, None),
        ("D06", "Wu 吴六", "lead", 1, None),
        ("B1", None, None, None, None),
    ],
)
def test_the_lead_else_the_substitute_else_a_deputy_else_the_next_level_answers(
    town_session: Session, code, name, via, climb, absent
):
    found = answer(town_session, code)
    assert (found.name, found.via, found.climb, found.stands_in_for) == (name, via, climb, absent)


def test_who_led_then_is_told_beside_who_answers_now(town_session: Session):
    lead = "SELECT s.name FROM staff s WHERE s.id = :id"
    then = answer(town_session, "D05", then=FIRST).owner_staff_id
    assert town_session.execute(text(lead), {"id": then}).scalar() == "Feng 冯八"
    assert answer(town_session, "D05", then=LEAD_CHANGED).owner_staff_id == answer(town_session, "D05").staff_id
    assert answer(town_session, "D05").owner_staff_id is None


def test_before_anybody_had_a_duty_nobody_answers(town_session: Session):
    found = answer(town_session, "D01", at=FIRST - datetime.resolution)
    assert (found.staff_id, found.via) == (None, None)

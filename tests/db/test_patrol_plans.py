"""Required points and plans come in, are set beside where people were, and whoever looks leaves a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from data.readers.rows import read_rows
from data.tables import Absence, Device, Grid, PatrolPlan, RequiredPoint, Scheme, Shift, Staff, StoredFix
from gis.crs import on_lattice
from gis.planned import STATES
from layers.actor import Actor
from layers.batches import Summary, quarantined_rows
from layers.errors import NotFound
from layers.patrols.asking import Asked
from layers.patrols.demands import PLANS, points_table
from layers.patrols.plans import named, points_and_plans
from layers.patrols.points import points_of
from layers.patrols.taking import Device as Known
from layers.patrols.views import Seen, note_view, views_of
from layers.staff.intake import PeopleTable, import_people
from tests.imports import PLANNER, write_csv
from tests.patrolling import enrol
from tests.town import at

DAY = date(2026, 5, 4)  # a Monday
MIDNIGHT = datetime(2026, 5, 3, 16, 0, tzinfo=UTC)
LONG_AFTER = datetime(2026, 6, 1, tzinfo=UTC)
GATE = ("label", "name", "lon", "lat")
MIDDLE_OF_D01 = at(1, 1)


def take(session: Session, table: PeopleTable, folder: Path, header: Sequence[str], *rows: Sequence[object]) -> Summary:
    file = write_csv(folder / "rows.csv", rows, header=header)
    (chunk,) = read_rows(file)
    return import_people(session, PLANNER, chunk, table, tree="town", file=file.name, time_zone="Asia/Shanghai")


def counts(summary: Summary) -> tuple[int, int, int, int]:
    return summary.stored, summary.changed, summary.already_there, summary.quarantined


def aside(session: Session, summary: Summary) -> list[str]:
    return [row.reason for row in quarantined_rows(session, batch_id=summary.batch_id)]


def hour(hours: float, day: int = 0) -> datetime:
    """An instant by the clock of the town, on the day or some days after it."""
    return MIDNIGHT + timedelta(days=day, hours=hours)


def on_shift(session: Session, device: Known, since: float, until: float, *, team: str = "north", day: int = 0) -> None:
    valid = Range(hour(since, day), hour(until, day))
    session.add(Shift(device_id=device.id, staff_id=device.staff_id, team=team, valid=valid))
    session.flush()


def walk(session: Session, device: Known, *ways: tuple[float, float, tuple[float, float]], day: int = 0) -> None:
    """Fixes each half minute from an hour to an hour, at a place of the town."""
    shift_id = session.scalar(select(Shift.id).where(Shift.device_id == device.id).limit(1))
    days = sorted({hour(since, day).date() for since, *_ in ways} | {hour(until, day).date() for _, until, _ in ways})
    session.execute(text("SELECT make_fix_days(:days)"), {"days": days})
    for since, until, (lon, lat) in ways:
        begin, count = hour(since, day), round((until - since) * 120) + 1
        session.add_all(
            StoredFix(
                device_id=device.id, at=begin + timedelta(seconds=30 * number), raw_x=lon, raw_y=lat,
                lon=lon + number % 3 * 1e-5, lat=lat,  # to the last digit in one place is nobody
                raw_datum="wgs84", accuracy_m=5.0, staff_id=device.staff_id, shift_id=shift_id, received_at=begin,
            )
            for number in range(count)
        )  # fmt: skip
    session.flush()


def required(session: Session, label: str = "G1", **given: Any) -> RequiredPoint:
    lon, lat = MIDDLE_OF_D01
    where = {"lon": lon, "lat": lat, "raw_x": lon, "raw_y": lat, "raw_datum": "wgs84"}
    point = RequiredPoint(**{"tree": "town", "label": label, "name": f"Gate {label}", **where, **given})
    session.add(point)
    session.flush()
    return point


def planned(session: Session, label: str = "A", **given: Any) -> PatrolPlan:
    staff_id = session.scalar(select(Staff.id).where(Staff.tree == "town", Staff.staff_no == "P01"))
    mine = {"staff_id": staff_id} if "team" not in given else {}
    days = {"weekdays": [1, 2, 3, 4, 5, 6, 7]} if "day" not in given else {}
    hours = {"opens": time(8), "closes": time(12)}
    plan = PatrolPlan(**{"tree": "town", "label": label, **mine, **days, **hours, **given})
    session.add(plan)
    session.flush()
    return plan


def grid_ids(session: Session, *codes: str) -> list[int]:
    asked = select(Grid.code, Grid.id).join(Scheme, Scheme.id == Grid.scheme_id).where(Scheme.name == "duty")
    ids = dict(session.execute(asked).all())
    return [ids[code] for code in codes]


def told(session: Session, **given: Any) -> dict[str, list[dict[str, Any]]]:
    days = {"first": DAY, "last": DAY, "now": LONG_AFTER}
    return points_and_plans(session, Asked(**{"scheme": "duty", **days, **given}))


def became(point: dict[str, Any]) -> str:
    """The one state in which the windows of a point are."""
    [state] = [name for name in STATES if point.get(name)]
    return state


def states(rows: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["label"], row["state"]) for row in rows]


def test_points_come_in_on_the_lattice_with_what_the_file_said_and_are_brought_up_to_date(
    town_session: Session, tmp_path: Path
):
    table, (lon, lat) = points_table(datum="gcj02"), MIDDLE_OF_D01
    header, row = (*GATE, "weekdays", "opens", "closes", "times"), ("G1", "Gate", lon, lat, "1-5;7", "7:30", "24:00", 2)
    first = take(town_session, table, tmp_path, header, row)
    assert counts(first) == (1, 0, 0, 0)
    point = town_session.scalars(select(RequiredPoint)).one()
    assert (point.raw_x, point.raw_y, point.raw_datum) == (lon, lat, "gcj02")
    assert on_lattice([point.lon, point.lat]).all()
    assert 0.004 < lon - point.lon < 0.01
    assert (point.weekdays, point.opens, point.closes) == ([1, 2, 3, 4, 5, 7], time(7, 30), time())
    assert (point.times, point.dwell_s, point.radius_m) == (2, 0, 30)
    header, row = (*GATE, "radius_m", "valid_to"), ("G1", "Gate", lon, lat, 50, "2026-07-01")
    assert counts(take(town_session, table, tmp_path, header, row)) == (0, 1, 0, 0)
    town_session.refresh(point)
    assert (point.radius_m, point.weekdays) == (50, [1, 2, 3, 4, 5, 7])
    assert point.valid.upper == datetime(2026, 6, 30, 16, tzinfo=UTC)
    assert counts(take(town_session, table, tmp_path, GATE, ("G1", "Gate", lon, lat))) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("name", "", "empty"),
        ("lon", "far", "not_a_number"),
        ("lon", 999, "position_out_of_range"),
        ("datum", "", "empty"),
        ("datum", "wgs48", "unknown_datum"),
        ("weekdays", "0", "bad_weekdays"),
        ("weekdays", "5-2", "bad_weekdays"),
        ("weekdays", "Monday", "bad_weekdays"),
        ("opens", "8", "bad_time_of_day"),
        ("opens", "24:30", "bad_time_of_day"),
        ("closes", "11:60", "bad_time_of_day"),
        ("closes", "10:30", "window_too_long"),
        ("times", "0", "not_a_count"),
        ("dwell_s", "-1", "not_a_count"),
        ("dwell_s", "1.5", "not_a_count"),
        ("radius_m", "0", "not_positive"),
        ("valid_to", "2026-01-01", "ends_before_it_begins"),
    ],
)
def test_a_point_that_makes_no_sense_is_set_aside(town_session: Session, tmp_path: Path, field, value, reason):
    lon, lat = MIDDLE_OF_D01
    good = {"label": "G1", "name": "Gate", "lon": lon, "lat": lat, "datum": "wgs84", "weekdays": "1-5"}
    good |= {"opens": "20:00", "closes": "06:00", "times": 1, "dwell_s": 60, "radius_m": 25}
    good |= {"valid_from": "2026-05-01", "valid_to": ""}
    bad = {**good, "label": "G2", field: value}
    table, rows = points_table(datum=None), [tuple(one.values()) for one in (good, bad)]
    found = take(town_session, table, tmp_path, tuple(good), *rows)
    assert counts(found) == (1, 0, 0, 1)
    assert aside(town_session, found) == [reason]


def test_times_and_numbers_of_a_table_are_read_as_they_are(town_session: Session, tmp_path: Path):
    lon, lat = MIDDLE_OF_D01
    row = {"label": "G1", "name": "Gate", "lon": lon, "lat": lat, "weekdays": 5, "opens": time(8), "dwell_s": 60}
    frame = pd.DataFrame([row, {**row, "label": "G2", "weekdays": None, "dwell_s": None}])
    for file in (tmp_path / "points.xlsx", tmp_path / "points.parquet"):
        getattr(frame, f"to_{'excel' if file.suffix == '.xlsx' else 'parquet'}")(file, index=False)
        (chunk,) = read_rows(file)
        table = points_table(datum="wgs84")
        found = import_people(
            town_session, PLANNER, chunk, table, tree="town", file=file.name, time_zone="Asia/Shanghai"
        )
        assert (found.quarantined, found.stored + found.already_there) == (0, 2)
    first, second = points_of(town_session, "town", Range(hour(0), hour(1)))
    assert (first.weekdays, first.opens, first.dwell_s) == ([5], time(8), 60)
    assert (second.weekdays, second.dwell_s) == ([1, 2, 3, 4, 5, 6, 7], 0)


PLAN = ("label", "staff_no", "team", "day", "weekdays", "opens", "closes", "grids", "points")


def test_plans_name_grids_and_points_and_are_brought_up_to_date(town_session: Session, tmp_path: Path):
    point = required(town_session)
    rows = [
        ("A", "P01", "", "", "1,3", "08:00", "12:00", "D01;D03", "G1"),
        ("B", "", "north", "2026-05-04", "", "", "", "", "G1"),
    ]
    assert counts(take(town_session, PLANS, tmp_path, PLAN, *rows)) == (2, 0, 0, 0)
    one, other = town_session.scalars(select(PatrolPlan).order_by(PatrolPlan.label))
    assert (one.weekdays, one.day, one.grid_ids) == ([1, 3], None, grid_ids(town_session, "D01", "D03"))
    assert (other.staff_id, other.team, other.day, other.weekdays) == (None, "north", DAY, None)
    assert one.point_ids == other.point_ids == [point.id]
    changed = [(*rows[0][:4], "2", *rows[0][5:]), rows[1]]
    assert counts(take(town_session, PLANS, tmp_path, PLAN, *changed)) == (0, 1, 1, 0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"staff_no": ""}, "one_needed"),
        ({"team": "north"}, "one_needed"),
        ({"staff_no": "P99"}, "unknown_staff"),
        ({"day": "2026-05-04", "weekdays": "1"}, "one_needed"),
        ({"day": "4 May"}, "no_such_date"),
        ({"grids": ""}, "no_place"),
        ({"grids": "D01 D99"}, "unknown_grid"),
        ({"points": "G9"}, "unknown_point"),
    ],
)
def test_a_plan_that_makes_no_sense_is_set_aside(town_session: Session, tmp_path: Path, change, reason):
    good = dict(zip(PLAN, ("A", "P01", "", "", "", "08:00", "12:00", "D01", ""), strict=True))
    found = take(town_session, PLANS, tmp_path, PLAN, tuple((good | change).values()))
    assert aside(town_session, found) == [reason]


def test_a_point_is_done_late_or_missed_by_whoever_came(town_session: Session):
    wang = enrol(town_session)
    on_shift(town_session, wang, 7, 15)
    walk(town_session, wang, (8.5, 8.75, MIDDLE_OF_D01), (8.76, 10, at(2.5, 1)), (10.1, 10.4, at(5, 0.5)))
    lon, lat = at(5, 0.5)
    for label, opens, closes, more in (
        ("done", 8, 9, {}),
        ("late", 7, 8, {}),
        ("long", 8, 12, {"dwell_s": 1200}),
        ("missed", 11, 12, {}),
        ("night", 22, 6, {}),
        ("other place", 10, 11, {"lon": lon, "lat": lat}),
        ("twice", 8, 12, {"times": 2}),
        ("weekend", 8, 9, {"weekdays": [6, 7]}),
        ("gone", 8, 9, {"valid": Range(None, MIDNIGHT)}),
    ):
        required(town_session, label, opens=time(opens), closes=time(closes), **more)
    found = {row["label"]: row for row in told(town_session)["points"]}
    assert {label: became(row) for label, row in found.items()} == {
        "done": "done",
        "late": "late",
        "long": "partial",
        "missed": "missed",
        "night": "missed",
        "other place": "done",
        "twice": "partial",
    }
    assert [(one["staff_no"], one["device"]) for one in found["done"]["people"]] == [("P01", "phone-1")]
    assert named(told(town_session)) == [{"staff_no": "P01", "device": None}] * 5
    assert (found["missed"]["due"], found["missed"]["people"]) == (1, [])
    assert {row["due"] for row in found.values()} == {1}
    assert {row["label"] for row in told(town_session, staff="P01")["points"]} == set(found) - {"missed", "night"}
    assert told(town_session, staff="P02")["points"] == []
    assert {row["label"] for row in told(town_session, grid="D03")["points"]} == {"other place"}


def test_what_is_still_to_come_is_not_due(town_session: Session):
    wang = enrol(town_session)
    on_shift(town_session, wang, 7, 15)
    required(town_session, opens=time(8), closes=time(9))
    planned(town_session, grid_ids=grid_ids(town_session, "D01"))
    [point], [plan] = told(town_session, now=hour(8.5)).values()
    assert (point["due"], point["not_yet"], plan["state"]) == (0, 1, "not_yet")
    tomorrow = DAY + timedelta(days=1)
    [point], [plan] = told(town_session, first=tomorrow, last=tomorrow, now=hour(8.5)).values()
    assert (point["due"], point["not_yet"], plan["state"], plan["day"]) == (0, 1, "not_yet", "2026-05-05")
    [point] = told(town_session, last=tomorrow, now=hour(9.5))["points"]
    assert (point["due"], point["missed"], point["not_yet"]) == (1, 1, 1)


def test_a_night_belongs_to_the_day_on_which_it_begins(town_session: Session):
    wang = enrol(town_session)
    on_shift(town_session, wang, 22, 31)
    required(town_session, opens=time(22), closes=time(6), dwell_s=3000)
    walk(town_session, wang, (23.5, 24.5, MIDDLE_OF_D01))
    for day, state in ((-1, "missed"), (0, "done"), (1, "missed")):
        [row] = told(town_session, first=DAY + timedelta(days=day), last=DAY + timedelta(days=day))["points"]
        assert became(row) == state, day
    [row] = told(town_session, first=DAY - timedelta(days=1), last=DAY + timedelta(days=1))["points"]
    assert (row["due"], row["done"], row["missed"]) == (3, 1, 2)


def test_a_plan_is_done_when_each_of_its_places_was_visited_for_long_enough(town_session: Session):
    wang = enrol(town_session)
    on_shift(town_session, wang, 8, 12)
    walk(town_session, wang, (8, 10, MIDDLE_OF_D01), (10.1, 10.2, at(3, 1)), (10.21, 12, at(1, 1)))
    gate = required(town_session)
    places = {"grid_ids": grid_ids(town_session, "D01", "D02"), "point_ids": [gate.id]}
    planned(town_session, "A", **places)
    planned(town_session, "B", dwell_s=900, **places)
    planned(town_session, "C", grid_ids=grid_ids(town_session, "D04"))
    planned(town_session, "D", day=DAY + timedelta(days=1), **places)
    planned(town_session, "E", weekdays=[2], **places)
    found = told(town_session)["plans"]
    assert states(found) == [("A", "done"), ("B", "partial"), ("C", "missed")]
    assert (found[0]["who"], found[0]["window"], found[0]["day"]) == (found[1]["who"], "08:00–12:00", "2026-05-04")
    assert found[0]["opens"] == "2026-05-04T08:00:00+08:00"
    assert (found[1]["places"], found[1]["done"]) == (3, 2)
    [missing] = found[1]["missing"]
    assert (missing["kind"], missing["code"], missing["state"], missing["demand_s"]) == ("grid", "D02", "partial", 900)
    assert 300 < missing["dwell_s"] < 600
    assert states(told(town_session, grid="D04")["plans"]) == [("C", "missed")]
    assert told(town_session, staff="P02")["plans"] == []


def test_nobody_is_accused_where_the_traces_cannot_tell(town_session: Session):
    wang = enrol(town_session)
    on_shift(town_session, wang, 8, 12)
    planned(town_session, grid_ids=grid_ids(town_session, "D04"))
    [silent] = told(town_session)["plans"]
    assert silent["state"] == "unknown"
    assert [one["reason"] for one in silent["withheld"]] == ["too_few_fixes", "too_many_gaps"]
    walk(town_session, wang, (8, 9.5, MIDDLE_OF_D01), (11.5, 12, MIDDLE_OF_D01))
    [half] = told(town_session)["plans"]
    assert half["state"] == "unknown"
    assert [(one["reason"], one["demand"]) for one in half["withheld"]] == [("too_many_gaps", 0.8)]
    assert half["withheld"][0]["value"] == pytest.approx(0.5, abs=0.01)
    walk(town_session, wang, (9.6, 11.4, MIDDLE_OF_D01))
    assert states(told(town_session)["plans"]) == [("A", "missed")]


def test_a_plan_of_somebody_on_leave_is_not_due(town_session: Session):
    wang = enrol(town_session)
    planned(town_session, grid_ids=grid_ids(town_session, "D01"))
    town_session.add(Absence(staff_id=wang.staff_id, kind="leave", valid=Range(hour(0), hour(24))))
    town_session.flush()
    assert told(town_session)["plans"] == []
    assert len(told(town_session, last=DAY + timedelta(days=1))["plans"]) == 1


def test_a_team_s_plan_is_done_by_all_who_were_on_shift_with_it(town_session: Session):
    wang, li = enrol(town_session), enrol(town_session, "phone-2", staff_no="P02")
    on_shift(town_session, wang, 8, 12)
    on_shift(town_session, li, 8, 12, team="south")
    walk(town_session, wang, (8, 12, MIDDLE_OF_D01))
    walk(town_session, li, (8, 12, at(3, 1)))
    both = grid_ids(town_session, "D01", "D02")
    planned(town_session, "north", team="north", grid_ids=both)
    planned(town_session, "south", team="south", grid_ids=both[1:])
    planned(town_session, "P01", grid_ids=both[:1])
    found = told(town_session)["plans"]
    assert states(found) == [("P01", "done"), ("north", "partial"), ("south", "done")]
    assert (found[1]["who"], found[1]["team"], found[1]["staff_no"]) == ("north", "north", None)
    assert states(told(town_session, team="north")["plans"]) == [("P01", "done"), ("north", "partial")]
    assert states(told(town_session, team="south")["plans"]) == [("south", "done")]
    assert told(town_session, device="phone-1")["plans"] == []
    # Who is with the team only after its window does nothing for its plan.
    on_shift(town_session, li, 15, 16)
    assert dict(states(told(town_session)["plans"]))["north"] == "partial"


def test_a_grid_is_where_it_was_when_the_window_opened(town_session: Session):
    moved = date(2024, 7, 1)  # the border between D05 and D06, at 08:00 of the town
    wang = enrol(town_session)
    days = {"first": moved - timedelta(days=1), "last": moved + timedelta(days=1)}
    for day in range(-1, 2):
        since = (moved - DAY).days + day
        on_shift(town_session, wang, 8, 12, day=since)
        walk(town_session, wang, (8, 12, at(2.25, 3)), day=since)
    planned(town_session, "D05", grid_ids=grid_ids(town_session, "D05"))
    planned(town_session, "D06", grid_ids=grid_ids(town_session, "D06"))
    planned(town_session, "D09", grid_ids=grid_ids(town_session, "D09"))
    found = [(row["day"][-2:], row["label"], row["state"]) for row in told(town_session, **days)["plans"]]
    assert found == [
        ("30", "D05", "missed"), ("30", "D06", "done"), ("30", "D09", "missed"),
        ("01", "D05", "done"), ("01", "D06", "missed"),
        ("02", "D05", "done"), ("02", "D06", "missed"),
    ]  # fmt: skip


def test_whoever_looks_leaves_a_row_that_the_person_may_see(town_session: Session):
    wang, li = enrol(town_session), enrol(town_session, "phone-2", staff_no="P02")
    nobody_s = enrol(town_session, "tracker", staff_no=None)
    sue = Actor("sue", ("supervisor",))
    seen = [Seen(wang.staff_id, wang.id), Seen(li.staff_id, None), Seen(None, nobody_s.id)]
    seen += seen[:1]
    note_view(town_session, sue, seen, tree="town", since=hour(0), until=hour(24), what="page")
    note_view(town_session, Actor("P01"), seen[:1], tree="town", since=hour(0), until=hour(24), what="gpx")
    note_view(town_session, sue, [], tree="town", since=hour(0), until=hour(24), what="page")
    mine = views_of(town_session, "P01", tree="town")
    assert [(one.viewer, one.role, one.what, one.device) for one in mine] == [
        ("P01", "resident", "gpx", "phone-1"),
        ("sue", "supervisor", "page", "phone-1"),
    ]
    assert (mine[0].since, mine[0].until) == (hour(0), hour(24))
    assert len(views_of(town_session, "P01", tree="town", limit=1)) == 1
    assert [one.device for one in views_of(town_session, "P02", tree="town")] == [None]
    assert town_session.execute(text("SELECT count(*) FROM trace_views")).scalar_one() == 4
    assert town_session.scalar(select(Device.id).where(Device.label == "tracker")) == nobody_s.id
    with pytest.raises(NotFound):
        views_of(town_session, "P99", tree="town")

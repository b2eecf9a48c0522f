"""Fixes are stored once, on shift, with their grid; the rest is counted, with its reason."""

from __future__ import annotations

import random
import threading
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from data.session import unit_of_work
from gis.crs import to_lattice
from layers.patrols.days import look_after_days, make_days
from layers.patrols.fixes import Taken
from tests.cluster import Database
from tests.imports import rows_of
from tests.patrolling import AFTERWARDS, NOON, TABLES, enrol, enrolled, fix, on_shift, reasons, stored, take
from tests.town import MOVED


def test_a_fix_is_stored_with_its_grid_its_shift_and_what_was_sent(town: Database):
    device = enrolled(town.app)
    one = fix(0, 1.001, 1, accuracy_m=4.5, speed_ms=1.25, course=270)
    assert take(town.app, device, [one]) == Taken(1, stored=1)
    asked = (
        "SELECT f.*, g.code, s.team FROM fixes f JOIN grids g ON g.id = f.grid_id JOIN shifts s ON s.id = f.shift_id"
    )
    with town.app.connect() as connection:
        (row,) = connection.exec_driver_sql(asked).mappings().all()
    assert (row["at"], row["code"], row["team"], row["version"]) == (NOON, "D01", "north", 2)
    assert (row["raw_x"], row["raw_y"], row["raw_datum"]) == (one.x, one.y, "wgs84")
    assert (row["lon"], row["lat"]) == (float(to_lattice(one.x)), float(to_lattice(one.y)))
    assert (row["accuracy_m"], row["speed_ms"], row["course"]) == (4.5, 1.25, 270)
    assert row["staff_id"] == device.staff_id


def test_what_the_device_does_not_say_is_empty(town: Database):
    device = enrolled(town.app)
    take(town.app, device, [fix(0), fix(1, accuracy_m=np.nan)])
    asked = "SELECT accuracy_m, speed_ms, course FROM fixes ORDER BY at"
    assert rows_of(town.app, asked) == [(5, None, None), (None, None, None)]


def test_the_boundaries_of_its_own_instant_judge_a_fix(town: Database):
    with unit_of_work(town.app) as session:
        device = enrol(session)
        on_shift(session, device, MOVED - timedelta(days=1), MOVED + timedelta(days=1))
    minutes = (MOVED - NOON) / timedelta(minutes=1)
    take(town.app, device, [fix(minutes - 1, 2.25, 3), fix(minutes, 2.25, 3)])
    asked = "SELECT g.code, f.version FROM fixes f JOIN grids g ON g.id = f.grid_id ORDER BY f.at"
    assert rows_of(town.app, asked) == [("D06", 1), ("D05", 2)]


def test_the_same_fixes_twice_change_nothing(town: Database):
    device = enrolled(town.app)
    sent = [fix(0), fix(1, 40), fix(2, mock=1), fix(600)]
    first = take(town.app, device, sent)
    assert first == Taken(4, stored=1, off_shift=1, aside={"made_up": 1, "too_far": 1})
    then = stored(town.app)
    assert take(town.app, device, sent) == Taken(4, repeats=4)
    assert stored(town.app) == then == {"fixes": 1, "fixes_aside": 2, "fixes_off_shift": 1}


def test_a_fix_kept_aside_stays_there_when_it_would_be_good_later(town: Database):
    device = enrolled(town.app)
    assert take(town.app, device, [fix(6)], now=NOON).aside == {"in_the_future": 1}
    assert take(town.app, device, [fix(6)]) == Taken(1, repeats=1)


def test_off_shift_no_position_is_kept_whatever_is_wrong_with_it(town: Database):
    device = enrolled(town.app)
    assert take(town.app, device, [fix(600), fix(-600, mock=1), fix(601, 400)]) == Taken(3, off_shift=3)
    assert stored(town.app) == {"fixes": 0, "fixes_aside": 0, "fixes_off_shift": 3}
    columns = "SELECT column_name FROM information_schema.columns WHERE table_name = 'fixes_off_shift' ORDER BY 1"
    assert rows_of(town.app, columns) == [("at",), ("device_id",)]


def test_history_is_taken_as_always_on_shift_when_that_is_said(town: Database):
    device = enrolled(town.app)
    assert take(town.app, device, [fix(600), fix(0)], always=True).stored == 2
    asked = "SELECT shift_id IS NULL, staff_id FROM fixes ORDER BY at"
    assert rows_of(town.app, asked) == [(False, device.staff_id), (True, device.staff_id)]


def test_a_shift_begins_with_its_first_instant_and_ends_before_its_last(town: Database):
    with unit_of_work(town.app) as session:
        device = enrol(session)
        on_shift(session, device, NOON, NOON + timedelta(minutes=5))
        on_shift(session, device, NOON + timedelta(minutes=10), NOON + timedelta(minutes=15))
    found = take(town.app, device, [fix(minute) for minute in (-1, 0, 4.9, 5, 7, 10, 15)])
    assert (found.stored, found.off_shift) == (3, 4)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (fix(accuracy_m=201), "inaccurate"),
        (fix(accuracy_m=-1), "inaccurate"),
        (fix(mock=1), "made_up"),
        (fix(0, 40), "too_far"),
        (fix()._replace(x=0, y=0), "position_zero"),
        (fix()._replace(x=fix().y, y=fix().x), "position_swapped"),
        (fix()._replace(x=500.0), "position_out_of_range"),
        (fix(5.1), "in_the_future"),
    ],
)
def test_what_cannot_be_right_is_kept_aside_with_its_reason(town: Database, wrong, reason):
    device = enrolled(town.app)
    assert take(town.app, device, [wrong, fix(1)], now=NOON) == Taken(2, stored=1, aside={reason: 1})
    assert reasons(town.app) == {reason: 1}
    asked = "SELECT raw_x, raw_y, raw_datum FROM fixes_aside"
    assert rows_of(town.app, asked) == [(wrong.x, wrong.y, "wgs84")]


def test_a_fix_older_than_what_is_kept_is_kept_aside(town: Database):
    with unit_of_work(town.app) as session:
        device = enrol(session)
        on_shift(session, device, NOON - timedelta(days=40), NOON + timedelta(days=1))
    day = 24 * 60
    found = take(town.app, device, [fix(-31 * day), fix(-30 * day), fix(0)], kept_days=30)
    assert found == Taken(3, stored=2, aside={"too_old": 1})


def test_a_datum_other_than_the_declared_one_is_wrong(town: Database):
    device = enrolled(town.app, datum="gcj02")
    said = np.array(["gcj02", "wgs84", "mars", None], dtype=object)
    found = take(town.app, device, [fix(minute) for minute in range(4)], datum=said)
    assert found == Taken(4, stored=2, aside={"wrong_datum": 2})
    assert rows_of(town.app, "SELECT DISTINCT raw_datum, lon <> raw_x FROM fixes") == [("gcj02", True)]
    assert rows_of(town.app, "SELECT raw_datum FROM fixes_aside ORDER BY at") == [("wgs84",), ("mars",)]


def test_outside_all_grids_but_near_a_fix_is_stored_without_a_grid(town: Database):
    device = enrolled(town.app)
    assert take(town.app, device, [fix(0, -3, 3)]).stored == 1
    assert rows_of(town.app, "SELECT grid_id, version FROM fixes") == [(None, 2)]


def test_in_a_city_without_grids_fixes_are_stored_without_a_version(town: Database):
    with unit_of_work(town.app) as session:
        device = enrol(session, tree="elsewhere", staff_no=None)
    assert take(town.app, device, [fix()], always=True).stored == 1
    assert rows_of(town.app, "SELECT grid_id, scheme_id, version FROM fixes") == [(None, None, None)]


def test_of_two_positions_for_one_instant_the_more_accurate_is_taken(town: Database):
    device = enrolled(town.app)
    assert take(town.app, device, [fix(0, 1, accuracy_m=9), fix(0, 1.5, accuracy_m=3)]) == Taken(2, 1, repeats=1)
    assert rows_of(town.app, "SELECT accuracy_m FROM fixes") == [(3,)]


def test_in_whatever_order_and_parts_they_come_the_same_is_stored(town: Database):
    chance = random.Random(6)
    sent = [fix(0), fix(1, 40), fix(2, mock=1), fix(600), *(fix(3 + number) for number in range(8))]
    for number in range(8):
        device = enrolled(town.app, f"phone {number}")
        mixed = chance.sample([*sent, *sent[:5]], len(sent) + 5)
        edges = [0, *sorted(chance.sample(range(1, len(mixed)), 3)), len(mixed)]
        for first, last in pairwise(edges):
            take(town.app, device, mixed[first:last])
        assert take(town.app, device, sent) == Taken(12, repeats=12)
    each = "SELECT DISTINCT count(*) FROM {} GROUP BY device_id"
    assert [rows_of(town.app, each.format(table)) for table in TABLES] == [[(9,)], [(2,)], [(1,)]]


def test_two_who_store_the_same_at_once_store_it_once(town: Database):
    device = enrolled(town.app)
    sent = [fix(number / 60) for number in range(3_000)]
    found = []
    both = [threading.Thread(target=lambda: found.append(take(town.app, device, sent))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted((one.stored, one.repeats) for one in found) == [(0, 3_000), (3_000, 0)]
    assert stored(town.app)["fixes"] == 3_000


def test_a_plan_for_some_days_names_exactly_those(town: Database):
    days = [(NOON + timedelta(days=number)).date() for number in range(40)]
    assert make_days(town.app, days) == 40
    assert make_days(town.app, days) == 0
    for first, count in ((0, 1), (5, 3), (0, 40)):
        asked = f"EXPLAIN SELECT * FROM fixes WHERE at >= '{days[first]}' AND at < date '{days[first]}' + {count}"
        plan = "\n".join(line for (line,) in rows_of(town.app, asked))
        named = [day for day in days if f"fixes_{day:%Y_%m_%d}" in plan]
        assert named == days[first : first + count]


def test_one_device_and_day_is_read_by_its_key(town: Database):
    make_days(town.app, [NOON.date(), AFTERWARDS.date() + timedelta(days=1)])
    asked = (
        f"EXPLAIN SELECT * FROM fixes WHERE device_id = 1 AND at >= '{NOON.date()}' AND at < '{NOON.date()}'::date + 1"
    )
    plan = "\n".join(line for (line,) in rows_of(town.app, asked))
    assert "_pkey" in plan
    assert plan.count("Scan") <= 2


def test_the_days_to_come_are_made_and_those_whose_time_is_over_are_dropped(town: Database):
    with unit_of_work(town.app) as session:
        device = enrol(session)
        on_shift(session, device, NOON - timedelta(days=40), NOON - timedelta(hours=1))
    day = 24 * 60
    take(town.app, device, [fix(-32 * day), fix(-31 * day), fix(-30 * day), fix(-29 * day, mock=1), fix(0)])
    assert look_after_days(town.app, kept_days=30, now=AFTERWARDS) is False
    assert rows_of(town.app, "SELECT at FROM fixes") == [(NOON - timedelta(days=30),)]
    made = rows_of(
        town.app, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'fixes'::regclass ORDER BY 1"
    )
    assert made[0][0] == f"fixes_{NOON - timedelta(days=30):%Y_%m_%d}"
    assert made[-1][0] == f"fixes_{NOON + timedelta(days=7):%Y_%m_%d}"
    look_after_days(town.app, kept_days=30, now=AFTERWARDS + timedelta(days=90))
    assert stored(town.app)["fixes_off_shift"] == 0

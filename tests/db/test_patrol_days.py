"""Days that are over are summarised once, and exactly those again that late fixes or other boundaries touch."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from data.session import read_only, unit_of_work
from data.sql import statement
from layers.patrols.asking import meant
from layers.patrols.closing import close_next_day, mark_days_over, tidy_next_day
from layers.patrols.covering import coverage
from layers.patrols.days import make_days
from layers.patrols.instants import instant_of
from layers.patrols.recorded import margins
from layers.patrols.traces import Asked
from layers.patrols.unvisited import unvisited
from tests.cluster import Cluster, Database
from tests.imports import rows_of
from tests.patrolling import NOON, enrol, fix, on_shift, take, way
from tests.statements import noting

DAY = timedelta(days=1)
LATER = NOON + 4 * DAY
# At half past eleven in the evening Li sits down in D02, and stays until one in the morning.
NIGHT = [fix(11.5 * 60 + minute, 3.05, 1.05 + minute % 2 / 1e5) for minute in range(90)]
ROUND = way(0, (0.05, 1.98), (4, 1.98), pace_ms=1.5)
SENT = {"phone-1": ROUND + way(24 * 60, (0.05, 1.98), (1.5, 1.98)), "phone-2": NIGHT}
ROWS = """
    SELECT d.day, d.device_id, p.staff_no, d.judged_by, round(CAST(d.gone_m AS numeric), 6), d.known_s, d.on_grid_s,
        d.quality, d.fates, (
            SELECT array_agg(to_jsonb(g) - 'patrol_day_id' ORDER BY g.grid_id, g.version)
            FROM patrol_grid_days g WHERE g.patrol_day_id = d.id
        ), (
            SELECT array_agg(to_jsonb(v) - 'patrol_day_id' ORDER BY v.entered_at)
            FROM patrol_visits v WHERE v.patrol_day_id = d.id
        )
    FROM patrol_days d JOIN staff p ON p.id = d.staff_id ORDER BY d.day, d.device_id
"""
IN_D02 = """
    SELECT d.day, v.dwell_s FROM patrol_visits v
    JOIN patrol_days d ON d.id = v.patrol_day_id
    JOIN devices e ON e.id = d.device_id AND e.label = 'phone-2'
    JOIN grids g ON g.id = v.grid_id AND g.code = 'D02'
"""


def enrol_both(town: Database):
    with unit_of_work(town.app) as session:
        both = {label: enrol(session, label, staff_no=no) for label, no in (("phone-1", "P01"), ("phone-2", "P02"))}
        for device in both.values():
            on_shift(session, device, NOON - DAY, NOON + 3 * DAY)
    return both


def close_all(town: Database, now: datetime = LATER, kept_days: int = 0) -> list[tuple[str, date]]:
    """Do what the service does by itself; the days that were summarised."""
    before = dict(rows_of(town.app, "SELECT (device_id, day), done_at FROM patrol_days_due"))
    mark_days_over(town.app, now=now)
    while close_next_day(town.app, kept_days=kept_days, now=now):
        pass
    asked = """
        SELECT (p.device_id, p.day), p.done_at, d.label, p.day
        FROM patrol_days_due p JOIN devices d ON d.id = p.device_id ORDER BY d.label, p.day
    """
    return [(label, day) for key, done_at, label, day in rows_of(town.app, asked) if before.get(key) != done_at]


@pytest.fixture(scope="module")
def closed_town(cluster: Cluster, town_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    """The town with two days, all of whose fixes were there when they were summarised."""
    with cluster.clone(town_template, next(clone_name)) as town:
        for label, device in enrol_both(town).items():
            take(town.app, device, SENT[label], now=LATER)
        close_all(town)
        yield town


def test_a_day_is_summarised_with_its_grids_and_visits(closed_town: Database):
    days = rows_of(
        closed_town.app, "SELECT day, round(gone_m), known_s, fates FROM patrol_days ORDER BY day, device_id"
    )
    monday, tuesday = date(2026, 5, 4), date(2026, 5, 5)
    assert [(day, fates) for day, _, _, fates in days] == [
        (monday, {"kept": len(ROUND)}),
        (monday, {"kept": 30}),
        (tuesday, {"kept": len(SENT["phone-1"]) - len(ROUND)}),
        (tuesday, {"kept": 60}),
    ]
    assert rows_of(closed_town.app, IN_D02) == [(monday, 89 * 60)]  # whole, on the day on which it begins


def test_random_order_and_late_fixes_give_the_same_rows(closed_town: Database, town: Database):
    devices, chance = enrol_both(town), random.Random(7)
    pieces = [(label, SENT[label][start::7]) for label in devices for start in range(7)]
    chance.shuffle(pieces)
    for hours, (label, fixes) in zip((20, 30, 44, *[80] * 11), pieces, strict=True):
        now = NOON + timedelta(hours=hours)
        late = [one for one in fixes if one.at < now.timestamp() * 1e6]
        take(town.app, devices[label], late, now=now)
        close_all(town, now=now)
    for label, fixes in pieces:
        take(town.app, devices[label], fixes, now=LATER)
    close_all(town)
    assert rows_of(town.app, ROWS) == rows_of(closed_town.app, ROWS)


def test_a_late_fix_has_exactly_its_day_summarised_again_and_the_one_that_it_leads_into(town: Database):
    devices = enrol_both(town)
    assert len(take_all(town, devices)) == 4
    assert close_all(town) == []
    take(town.app, devices["phone-1"], [fix(25 * 60 + 30, 2, 1.98)], now=LATER)
    assert close_all(town) == [("phone-1", date(2026, 5, 5))]
    take(town.app, devices["phone-2"], [fix(12.5 * 60 + 31.5, 3.05, 1.05)], now=LATER)
    assert close_all(town) == [("phone-2", date(2026, 5, 4)), ("phone-2", date(2026, 5, 5))]


def take_all(town: Database, devices) -> list[tuple[str, date]]:
    for label, device in devices.items():
        take(town.app, device, SENT[label], now=LATER)
    return close_all(town)


def test_a_version_that_reaches_back_has_the_days_that_it_touches_summarised_again(town: Database):
    take_all(town, enrol_both(town))
    with unit_of_work(town.owner) as session:
        # Published late, for the evening of the first day: whoever was in D02 over midnight is concerned.
        since = {"since": NOON + timedelta(hours=12, minutes=20)}
        session.execute(
            text("UPDATE scheme_versions SET valid = tstzrange(lower(valid), :since) WHERE version = 2"), since
        )
        session.execute(
            text(
                "INSERT INTO scheme_versions (scheme_id, version, valid, reason, actor) "
                "SELECT id, 3, tstzrange(:since, NULL), 'late', 'planner' FROM schemes WHERE name = 'duty'"
            ),
            since,
        )
        session.execute(text("UPDATE schemes SET version = 3 WHERE name = 'duty'"))
    again = [("phone-1", date(2026, 5, 5)), ("phone-2", date(2026, 5, 4)), ("phone-2", date(2026, 5, 5))]
    assert close_all(town) == again
    assert close_all(town) == []


def test_days_are_closed_some_hours_after_their_end_and_by_one_of_many(town: Database):
    devices = enrol_both(town)
    take(town.app, devices["phone-1"], ROUND, now=NOON + timedelta(hours=1))
    midnight = datetime(2026, 5, 4, 16, tzinfo=UTC)
    assert close_all(town, now=midnight + timedelta(hours=2, minutes=59)) == []
    with town.app.connect() as another, another.begin():
        another.execute(text("SELECT pg_advisory_xact_lock(hashtext('patrol summaries'))"))
        assert close_all(town, now=midnight + timedelta(hours=3, minutes=1)) == []
    assert close_all(town, now=midnight + timedelta(hours=3, minutes=1)) == [("phone-1", date(2026, 5, 4))]


def test_a_fix_that_is_committed_while_its_day_is_summarised_is_not_missed(town: Database):
    device = enrol_both(town)["phone-1"]
    take(town.app, device, ROUND, now=NOON + timedelta(hours=1))
    mark_days_over(town.app, now=LATER)
    late = {"devices": [device.id], "days": [date(2026, 5, 4)]}
    with town.app.connect() as another, another.begin() as transaction:
        another.execute(statement("patrol_mark_days"), late)
        with ThreadPoolExecutor(1) as pool:
            # It reads the mark before this one, and the fixes without what comes here; then it waits to be done.
            closing = pool.submit(close_next_day, town.app, kept_days=0, now=LATER)
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            while not closing.done() and rows_of(town.owner, waits) == [(0,)]:
                time.sleep(0.01)
            transaction.commit()
            assert closing.result()
    assert rows_of(town.app, "SELECT done_at IS NULL FROM patrol_days_due") == [(True,)]
    assert close_all(town) == [("phone-1", date(2026, 5, 4))]


def test_a_day_whose_fixes_are_not_kept_stays_as_it_was(town: Database):
    devices = enrol_both(town)
    take_all(town, devices)
    before = rows_of(town.app, ROWS)
    with unit_of_work(town.app) as session:
        session.execute(text("UPDATE patrol_days_due SET done_at = NULL"))
        session.execute(text("SELECT forget_fixes('2026-05-06')"))
    close_all(town, now=NOON + 30 * DAY, kept_days=20)
    assert rows_of(town.app, ROWS) == before


def test_of_days_whose_fixes_are_gone_it_is_told_what_was_done_and_no_share(town: Database):
    take_all(town, enrol_both(town))
    asked = Asked(scheme="duty", first=date(2026, 5, 4), last=date(2026, 5, 5), now=NOON + 30 * DAY)
    told = []
    for _ in range(2):
        with read_only(town.app) as session:
            told.append(coverage(session, asked))
        with unit_of_work(town.app) as session:
            session.execute(text("SELECT forget_fixes('2026-05-07')"))
    before, after = told
    done = ("km", "hours", "grids_visited", "visits", "fates")
    assert [[one[name] for name in done] for one in after["people"]] == [
        [one[name] for name in done] for one in before["people"]
    ]
    spent = ("code", "visits", "dwell_s", "on_grid_s", "last_visit")
    assert [[row[name] for name in spent] for row in after["grids"]] == [
        [row[name] for name in spent] for row in before["grids"]
    ]
    assert {row["area_share"] for row in after["grids"]} == {None}
    assert (after["people"][0]["on_grid_share"], after["total"]["km"]) == (None, before["total"]["km"])


def test_many_days_whose_fixes_are_gone_are_recalled_in_as_many_statements_as_one(town: Database):
    take_all(town, enrol_both(town))
    with unit_of_work(town.app) as session:
        session.execute(text("SELECT forget_fixes('2026-05-07')"))
    sent: list[str] = []

    counts = []
    for last in (4, 5):
        asked = Asked(scheme="duty", first=date(2026, 5, 4), last=date(2026, 5, last), now=NOON + 30 * DAY)
        sent.clear()
        with noting(town.app, lambda sql, _: sent.append(sql)), read_only(town.app) as session:
            assert coverage(session, asked)["total"]["visits"] > 0
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_days_since_come_from_summaries_of_everybody(closed_town: Database):
    day = date(2026, 5, 7)
    asked = Asked(scheme="duty", first=day, last=day, now=NOON + 4 * DAY)
    with read_only(closed_town.app) as session:
        rows = {row["code"]: row for row in coverage(session, asked)["grids"]}
        streets, buildings = (unvisited(session, asked, what=what)["features"] for what in ("streets", "buildings"))
    assert {code: row["days_since"] for code, row in rows.items() if row["last_visit"]} == {"D01": 2, "D02": 2}
    assert [one["properties"]["days_since"] for one in streets] == [3]
    assert {one["properties"]["name"]: one["properties"]["days_since"] for one in buildings} == {
        "House 1": None,
        "House 2": 2,
        "House 3": None,
    }


def test_a_day_that_is_over_is_put_in_the_order_of_its_key_and_what_comes_late_meanwhile_is_not_lost(town: Database):
    devices = enrol_both(town)
    halves = (ROUND[: len(ROUND) // 2], ROUND[len(ROUND) // 2 :])
    for some in reversed(halves):
        for device in reversed(devices.values()):
            take(town.app, device, some, now=LATER)
    make_days(town.app, [(NOON + 10 * DAY).date()])
    in_order = (
        "SELECT bool_and(later) FROM (SELECT (device_id, at) > lag((device_id, at)) OVER (ORDER BY ctid) AS later "
        "FROM fixes WHERE extract(microsecond FROM at) = 0) AS lying"
    )
    assert rows_of(town.app, in_order) == [(False,)]
    assert not tidy_next_day(town.app, now=NOON + 2 * DAY)
    # One step makes the copy, the next fills it, the last puts it in place; late ones come between them, before and
    # behind what was copied, and one afterwards.
    late = [(fix(minute + 1e-7, 1, 1), device) for minute in (-60, 60) for device in devices.values()]
    steps = 0
    while tidy_next_day(town.app, now=NOON + 3 * DAY):
        late_one, device = late[steps]
        take(town.app, device, [late_one], now=LATER)
        steps += 1
    assert steps == 3
    assert rows_of(town.app, in_order) == [(True,)]
    assert rows_of(town.app, "SELECT count(*) FROM fixes") == [(2 * len(ROUND) + 3,)]
    assert rows_of(town.app, "SELECT relname FROM pg_class WHERE relname ~ '_tidy'") == []
    assert not tidy_next_day(town.app, now=NOON + 3 * DAY)


def test_the_plan_names_exactly_the_days_asked(town: Database):
    first = date(2026, 4, 1)
    make_days(town.app, [first + timedelta(days=number) for number in range(40)])
    device = enrol_both(town)["phone-1"]
    with read_only(town.app) as session:
        # A local day begins at 16:00 of the day before in UTC, and twelve hours on either side are read with it.
        what = meant(session, Asked(scheme="duty", first=date(2026, 4, 20), last=date(2026, 4, 21)))
        since, until = (instant_of(us) for us in margins(what))
        values = {"devices": [device.id], "since": since, "until": until, "most": 10}
        plan = session.scalars(text(f"EXPLAIN {statement('patrol_fixes').text}"), values).all()
    named = {found[0] for line in plan if (found := re.findall(r"on (fixes_\d+_\d+_\d+)", line))}
    assert (since, until) == (datetime(2026, 4, 19, 4, tzinfo=UTC), datetime(2026, 4, 22, 4, tzinfo=UTC))
    assert named == {"fixes_2026_04_19", "fixes_2026_04_20", "fixes_2026_04_21", "fixes_2026_04_22"}

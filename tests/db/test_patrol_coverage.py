"""What people covered, from fixes to the numbers of the page: hand-walked ways in the hand-drawn town."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from api.due import watches
from data.session import read_only, unit_of_work
from gis.errors import BadInput
from gis.metric import points_to_metric, to_metric
from layers.actor import Actor
from layers.batches import close_batch, open_batch
from layers.cases.intake import Report, receive
from layers.errors import NotFound
from layers.grids.schemes import scheme_named
from layers.grids.versions import versions_of
from layers.patrols.covering import coverage
from layers.patrols.live import live
from layers.patrols.terrains import town_of
from layers.patrols.traces import Asked, traces_told
from layers.patrols.unvisited import unvisited
from tests.cluster import Cluster, Database
from tests.imports import PLANNER
from tests.patrolling import NOON, enrol, fix, on_shift, take, way
from tests.town import METRIC_SRID, MOVED, at, squares

DAY, MOVING_DAY = date(2026, 5, 4), date(2024, 7, 1)
EVENING = NOON + timedelta(hours=10)
WANG = way(0, (0.05, 1.98), (4, 1.98), (4.5, 1.98), (0.3, 1.98), pace_ms=1.5)
LI = [fix(minute / 3, 3.05 + minute % 2 / 10000, 1.05) for minute in range(180)]
SUN = [fix(minute, 6, 0.5 + minute / 100) for minute in range(0, 60, 10)]


def walk_in(town: Database, *, shuffled: random.Random | None = None) -> None:
    """Wang walks along Bend road and back at noon, and Li stands in D02. The telephone of Chen, who has D05, is dead;
    that of Sun, who has D03, tells its place every ten minutes. Two years before, Wang walks from D06 into D05 while
    the border between them moves."""
    with unit_of_work(town.app) as session:
        people = ("P01", "P02", "P09", "P04")
        devices = [enrol(session, f"phone-{number}", staff_no=one) for number, one in enumerate(people, start=1)]
        for device, minutes in zip(devices, (35, 60, 60, 60), strict=True):
            on_shift(session, device, NOON, NOON + timedelta(minutes=minutes))
        on_shift(session, devices[0], MOVED - timedelta(minutes=10), MOVED + timedelta(minutes=10))
    moving = way((MOVED - NOON) / timedelta(minutes=1) - 10, (2.3, 3.9), (2.3, 2.1), pace_ms=0.6)
    sent = [(devices[0], WANG + moving), (devices[1], LI), (devices[3], SUN)]
    for device, fixes in sent:
        if shuffled is None:
            take(town.app, device, fixes)
            continue
        shuffled.shuffle(fixes := list(fixes))
        for first in range(0, len(fixes), 40):
            take(town.app, device, fixes[first : first + 50])


@pytest.fixture(scope="module")
def walked_town(cluster: Cluster, town_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    """The town with those ways, and cases that Wang filed that day."""
    with cluster.clone(town_template, next(clone_name)) as town:
        walk_in(town)
        with unit_of_work(town.app) as session:
            for column, row in ((1, 1), (1.2, 1), (-3, 3)):
                lon, lat = at(column, row)
                receive(session, Actor("P01", ("grid_worker",)), Report(x=lon, y=lat, datum="wgs84"))
        with unit_of_work(town.owner) as session:
            session.execute(text("UPDATE cases SET received_at = :noon"), {"noon": NOON})
        yield town


def asked(**given) -> Asked:
    return Asked(**{"scheme": "duty", "first": DAY, "last": DAY, "now": EVENING, **given})


def covered(town: Database, **given) -> dict:
    with read_only(town.app) as session:
        found = coverage(session, asked(**given))
    json.dumps(found, allow_nan=False)
    return found


def by(rows: list[dict], name: str) -> dict:
    return {row[name]: row for row in rows}


def reasons(row: dict) -> list[str]:
    return [one["reason"] for one in row["withheld"]]


def test_the_share_of_a_grid_is_that_of_the_ground_within_reach_of_the_way(walked_town: Database):
    grid = by(covered(walked_town, staff="P01")["grids"], "code")["D02"]
    x, y = points_to_metric(*zip(*((one.x, one.y) for one in WANG), strict=True), srid=METRIC_SRID)
    cell = to_metric(np.array([squares((2, 0, 4, 2))], dtype=object), srid=METRIC_SRID)[0]
    reached = shapely.linestrings(list(zip(x, y, strict=True))).buffer(20, quad_segs=64)
    assert grid["area_share"] == pytest.approx(cell.intersection(reached).area / cell.area, abs=0.001)
    assert (grid["street_share"], grid["building_share"], grid["visits"]) == (1.0, 0.0, 2)
    assert grid["street_m"] == pytest.approx(715.3, abs=0.1)


def test_what_two_people_reach_counts_once(walked_town: Database):
    grids = [
        by(covered(walked_town, **whose)["grids"], "code")["D02"] for whose in ({"staff": "P01"}, {"staff": "P02"}, {})
    ]
    wang, li, both = (grid["area_share"] for grid in grids)
    assert max(wang, li) < both <= wang + li
    assert [grid["dwelled"] for grid in grids] == [0, 1, 1]


def test_of_one_person_the_grids_are_told_that_were_entered_or_are_the_person_s_duty(walked_town: Database):
    # Wang has D01 and D08, and walks through D01 and D02 a little way into D03.
    assert [row["code"] for row in covered(walked_town, staff="P01")["grids"]] == ["D01", "D02", "D03", "D08"]
    assert len(covered(walked_town)["grids"]) == 8


def test_of_one_person_nothing_is_unvisited_in_grids_of_others(walked_town: Database):
    def missed(**whose: str) -> list[str]:
        with read_only(walked_town.app) as session:
            found = unvisited(session, asked(**whose), what="buildings")
        return [one["properties"]["name"] for one in found["features"]]

    # House 2 stands in D02, where Li stood; House 3 in D04, where neither was.
    assert (missed(staff="P02"), missed(staff="P01")) == ([], ["House 1", "House 2"])
    assert missed() == ["House 1", "House 3"]


def test_the_same_fixes_in_any_order_cover_the_same(walked_town: Database, town: Database):
    walk_in(town, shuffled=random.Random(5))
    found, again = (covered(one, first=DAY - timedelta(days=1)) for one in (walked_town, town))
    for one in (found, again):
        for row in (one["total"], *one["people"]):
            row.pop("finds"), row.pop("finds_per_10km")
    assert found == again


def test_a_day_comes_to_the_same_in_every_period(walked_town: Database):
    one, many = covered(walked_town), covered(walked_town, first=DAY - timedelta(days=3), last=DAY + timedelta(days=3))
    assert [row["area_share"] for row in one["grids"]] == [row["area_share"] for row in many["grids"]]
    assert one["people"] == many["people"]


def test_a_rate_is_withheld_where_the_data_cannot_carry_it(walked_town: Database):
    people = by(covered(walked_town)["people"], "staff_no")
    assert {staff_no: reasons(row) for staff_no, row in people.items()} == {
        "P01": [],
        "P02": [],
        "P04": ["too_few_fixes", "too_many_gaps", "too_sparse"],
        "P09": ["too_few_fixes", "too_many_gaps"],
    }
    assert (people["P09"]["hours"], people["P09"]["on_grid_share"], people["P01"]["on_grid_share"]) == (0, None, 1.0)


def test_a_grid_whose_worker_has_a_dead_telephone_is_not_called_neglected(walked_town: Database):
    grids = by(covered(walked_town)["grids"], "code")
    assert reasons(grids["D05"]) == ["too_few_fixes", "too_many_gaps"]
    assert grids["D05"]["area_share"] is None
    assert (reasons(grids["D08"]), grids["D08"]["area_share"]) == ([], 0.0)  # Wang has it, and was surely not there
    assert grids["D01"]["area_share"] > 0


def test_effort_and_finds_are_those_of_the_person(walked_town: Database):
    found = covered(walked_town)
    people = by(found["people"], "staff_no")
    assert people["P01"]["km"] == pytest.approx((4.45 + 4.2) * 0.3577, rel=0.02)
    assert people["P02"]["km"] == 0
    assert people["P01"]["finds"] == 2
    assert people["P01"]["finds_per_10km"] == pytest.approx(20 / people["P01"]["km"], rel=0.01)
    assert found["total"]["finds"] == 2
    assert [row["name"] for row in found["people"]] == sorted(row["name"] for row in found["people"])


def test_each_version_of_the_boundaries_is_credited_with_its_own_time(walked_town: Database):
    found = covered(walked_town, first=MOVING_DAY, last=MOVING_DAY)
    assert [one["version"] for one in found["versions"]] == [1, 2]
    rows = [(row["code"], row["version"], row["visits"], row["until"][:16]) for row in found["grids"] if row["visits"]]
    assert rows == [("D05", 2, 1, "2024-07-01T16:00"), ("D06", 1, 1, "2024-07-01T00:00")]
    codes = [row["code"] for row in found["grids"]]
    assert codes == ["D01", "D02", "D03", "D03", "D04", "D05", "D05", "D06", "D06", "D07", "D08", "D09"]
    seconds = [row["on_grid_s"] for row in found["grids"] if row["visits"]]
    assert seconds == pytest.approx([600, 600], abs=25)


def test_one_grid_names_those_who_were_in_it(walked_town: Database):
    found = covered(walked_town, grid="D03")
    assert [row["code"] for row in found["grids"]] == ["D03"]
    assert [row["staff_no"] for row in found["people"]] == ["P01"]
    with read_only(walked_town.app) as session:
        told = traces_told(session, asked(grid="D03"))["traces"]
    assert sorted(one["staff_no"] for one in told) == ["P01", "P04"]


def test_a_trace_is_told_with_its_legs_stops_and_what_was_left_out(walked_town: Database):
    with read_only(walked_town.app) as session:
        told = by(traces_told(session, asked())["traces"], "staff_no")
    assert {staff_no: (len(one["at"]), set(one["kind"])) for staff_no, one in told.items()} == {
        "P01": (len(WANG), {"moved"}),
        "P02": (180, {"still"}),
        "P04": (6, {"gap"}),
        "P09": (0, set()),
    }
    assert [stop["dwell_s"] for stop in told["P02"]["stops"]] == [3580.0]
    assert (told["P01"]["team"], told["P01"]["day"]) == ("north", "2026-05-04")


def test_the_ground_is_built_once_and_anew_when_streets_or_buildings_come_in(walked_town: Database):
    (watch,) = (one for one in watches(walked_town.app) if one.name == "ground of patrols")
    assert (watch.wake.is_set(), watch.every_s <= 30) == (True, True)
    watch.look()
    with read_only(walked_town.app) as session:
        scheme = scheme_named(session, "duty")
        newest = versions_of(session, scheme.id)[-1]
        known = town_of(session, scheme, newest)
        assert town_of(session, scheme, newest) is known
    with unit_of_work(walked_town.app) as session:
        close_batch(session, open_batch(session, PLANNER, kind="streets", dataset="town", file="s.gpkg", options={}))
        assert town_of(session, scheme, newest) is not known


def test_a_team_is_only_its_shifts(walked_town: Database):
    assert len(covered(walked_town, team="north")["people"]) == 4
    assert covered(walked_town, team="south")["people"] == []


def test_what_nobody_was_near_is_told_and_what_somebody_was_near_is_not(walked_town: Database):
    with read_only(walked_town.app) as session:
        street, buildings = (unvisited(session, asked(), what=what) for what in ("streets", "buildings"))
        of_li = unvisited(session, asked(staff="P02"), what="streets")
        in_grid = unvisited(session, asked(grid="D04"), what="buildings")
    assert street["features"] == []
    assert [one["properties"]["name"] for one in buildings["features"]] == ["House 1", "House 3"]
    assert [one["properties"]["name"] for one in of_li["features"]] == ["Bend road 河湾路"]
    assert [one["properties"]["name"] for one in in_grid["features"]] == ["House 3"]
    assert buildings["features"][0]["geometry"]["type"] == "MultiPolygon"


def test_those_on_shift_are_where_their_last_fix_of_the_shift_was(walked_town: Database):
    with read_only(walked_town.app) as session:
        now = live(session, "duty", now=NOON + timedelta(minutes=55))["positions"]
        later = live(session, "duty", now=EVENING)["positions"]
    assert [(one["staff_no"], one["age_s"]) for one in now] == [("P02", 0), ("P04", 300)]
    assert later == []


@pytest.mark.parametrize(
    ("given", "error", "code"),
    [
        ({"first": DAY, "last": DAY - timedelta(days=1)}, BadInput, "bad_period"),
        ({"first": DAY - timedelta(days=92)}, BadInput, "bad_period"),
        ({"reach_m": 0.0}, BadInput, "bad_distance"),
        ({"scheme": "none"}, NotFound, "unknown_scheme"),
        ({"staff": "P99"}, NotFound, "unknown_staff"),
        ({"grid": "X"}, BadInput, "unknown_grid"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_by_name(walked_town: Database, given, error, code):
    with pytest.raises(error) as refused:
        covered(walked_town, **given)
    assert refused.value.code == code

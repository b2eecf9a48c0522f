"""Previews: what they foretell is what a computation from scratch finds, and what is there after publishing."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import mapping
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import InternalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from data import embedded
from data.fixed_rows import copy_out
from data.roles import ADMIN
from data.session import read_only, unit_of_work
from gis.balance import MEASURES
from gis.crs import STORED_SRID
from gis.metric import to_metric
from layers.grids.schemes import SchemeSpec, scheme_named
from layers.rezoning import drafts, workspace
from layers.rezoning.carrying_out import Asked
from layers.rezoning.desk import workspace_on
from layers.rezoning.figures import Figures
from layers.rezoning.ground import base_of
from layers.rezoning.preview import preview
from layers.rezoning.publishing import publish
from tests.cluster import Cluster, Database
from tests.forms import forms
from tests.imports import rows_of, take_grids
from tests.plans_of_town import SCHEME, give, move_corner, split_first, take_plan_scheme
from tests.publications import WANG, a_draft, first_draft, saved
from tests.redrawing import LOAD, Redrawer, Things, cells_today, with_changes
from tests.town import METRIC_SRID, at, build_town, squares

PARTS = ("changed", "ended", "grids", "balance", "transfers", "nesting", "duties", "boards", "cases")


@pytest.fixture(scope="module")
def sample(cluster: Cluster, sample_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    """The sample town, with older cases too."""
    with cluster.clone(sample_template, next(clone_name)) as made:
        with unit_of_work(made.owner) as session:
            session.execute(text("UPDATE cases SET occurred_at = occurred_at - interval '2 years' WHERE id % 5 = 0"))
        yield made


@pytest.fixture
def plan(town: Database) -> Database:
    """The hand-drawn town with a scheme that tiles its ground, and a draft of it, number 1."""
    return first_draft(town)


def previewed(database: Database, draft: int, edit: dict[str, Any] | None = None) -> dict[str, Any]:
    with read_only(database.app) as session:
        return preview(session, draft, edit)


def published(database: Database, draft: int) -> None:
    with unit_of_work(database.app) as session:
        revision = drafts.opened(session, draft).draft.revision
        publish(session, WANG, draft, revision=revision, asked=Asked(reason="test"))


def report(database: Database, column: float, row: float, **values: Any) -> int:
    """A case put into the town, with nothing but what a preview looks at; its number."""
    given = {"state": "reported", "occurred_at": datetime.now().astimezone(), **values}
    with unit_of_work(database.app) as session:
        return int(session.scalar(text(A_CASE), {"lon": at(column, row)[0], "lat": at(column, row)[1], **given}) or 0)


A_CASE = """
    INSERT INTO cases (tree, scheme_id, source, state, occurred_at, occurred_precision, received_at, raw_x, raw_y,
        raw_datum, reasons, geom)
    SELECT 'town', id, 'test', :state, :occurred_at, 'instant', now(), 0, 0, 'wgs84', '[]',
        ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)
    FROM schemes WHERE name = 'duty' RETURNING id"""


def holds(told: dict[str, Any], things: Things, before: dict, after: dict) -> None:
    """A preview says what a computation from scratch finds: figures, transfers, balance."""
    was, now = things.counted(before), things.counted(after)
    for one in told["grids"]:
        number = one["grid_no"]
        for side, counted, cells in (("before", was, before), ("after", now, after)):
            if number not in counted:
                assert one[side] is None
                continue
            for name in LOAD[1:]:
                assert one[side][name] == counted[number][name], (number, side, name)
            assert one[side]["cases_per_month"] == pytest.approx(counted[number]["cases"] / 12, abs=0.006)
            load, metres = counted[number], one[side]["street_m"]
            minutes = load["cases"] / 12 * 40 + load["households"] * 4 + metres / 1000 * 300
            assert one[side]["staff_hours"] == pytest.approx(minutes / 60, abs=0.01)
            holds_of_shape(one[side], cells[number])
    for number in before.keys() & after.keys() - {one["grid_no"] for one in told["grids"]}:
        assert was[number] == now[number]
    expected = {pair: load for pair, load in things.changing(before, after).items() if any(load.values())}
    given = {(one["from"], one["to"]): {name: one[name] for name in LOAD} for one in told["transfers"]}
    assert {pair: load for pair, load in given.items() if any(load.values())} == expected
    assert told["cases"]["changing_hands"] == sum(load["cases"] for load in expected.values())
    assert told["boards"]["buildings_total"] == sum(load["buildings"] for load in expected.values())
    for side, counted in (("before", was), ("after", now)):
        figures = [load["open_cases"] for number, load in counted.items() if number is not None]
        spread = told["balance"][side]
        assert spread["mean"] == pytest.approx(np.mean(figures), abs=1e-4)
        assert spread["imbalance"] == pytest.approx((max(figures) - min(figures)) / np.mean(figures), abs=1e-4)


def holds_of_shape(told: dict[str, Any], cell: Any) -> None:
    """Of a grid: area, how round it is, in how many parts."""
    (metric,) = to_metric(np.array([cell]), srid=METRIC_SRID)
    assert told["area_m2"] == pytest.approx(metric.area, abs=0.1)
    assert told["compactness"] == pytest.approx(4 * math.pi * metric.area / metric.length**2, abs=1e-4)
    assert told["parts"] == shapely.get_num_geometries(cell)


@pytest.mark.parametrize("edits", forms(short=25, long=200))
def test_random_edits_have_the_consequences_that_a_computation_from_scratch_finds(sample, edits: int):
    scheme, draft = "duty", a_draft(sample, "duty", measure="open_cases")
    base = cells_today(sample.app, scheme)
    redrawer, kinds, flips = Redrawer(base, seed=4), set(), 0
    things = Things.of(sample.app, "town", since=datetime.fromisoformat(previewed(sample, draft)["cases_since"]))
    assert 0 < things.in_year.sum() < len(things.in_year)
    assert (things.is_open & ~things.in_year).any()
    for _ in range(edits):
        edit = redrawer.some_edit()
        told = previewed(sample, draft, edit)
        if told["grids"] is None:
            assert told["problems"]
            assert all(told[part] is None for part in PARTS)
            continue
        after = with_changes(redrawer.cells, told["changed"], told["ended"])
        holds(told, things, base, after)
        flips += told["cases"]["changing_hands"]
        if redrawer.rng.random() < 0.4:
            saved(sample, draft, edit)
            redrawer.cells = after
            kinds.add(edit["kind"])
    assert len(kinds) >= 4
    assert flips > 100
    assert previewed(sample, draft)["changed"]["features"] == []
    holds(previewed(sample, draft), things, base, redrawer.cells)


def test_ground_that_changes_hands_adds_up(sample):
    draft = a_draft(sample, "duty")
    base = cells_today(sample.app, "duty")
    redrawer = Redrawer(base, seed=11)
    for _ in range(12):
        told = previewed(sample, draft, redrawer.some_edit())
        if told["grids"] is None:
            continue
        for one in told["grids"]:
            number = one["grid_no"]
            for name, within in (
                ("area_m2", 1.0),
                ("households", 0),
                ("people", 0),
                ("buildings", 0),
                ("open_cases", 0),
            ):
                won = sum(given[name] for given in told["transfers"] if given["to"] == number)
                lost = sum(given[name] for given in told["transfers"] if given["from"] == number)
                before, after = (0 if one[side] is None else one[side][name] for side in ("before", "after"))
                assert after - before == pytest.approx(won - lost, abs=within), (name, one)
        metres = {
            side: sum(one[side]["street_m"] for one in told["grids"] if one[side]) for side in ("before", "after")
        }
        if all(given["from"] and given["to"] for given in told["transfers"]):
            assert metres["after"] == pytest.approx(metres["before"], abs=len(told["grids"]) + 1)


def test_what_was_foretold_is_there_after_publishing(cluster, sample_template, clone_name):
    with cluster.clone(sample_template, next(clone_name)) as made:
        draft, base = a_draft(made, "duty"), cells_today(made.app, "duty")
        redrawer = Redrawer(base, seed=8)
        for _ in range(30):
            edit = redrawer.some_edit()
            told = previewed(made, draft, edit)
            if told["grids"] is not None:
                saved(made, draft, edit)
                redrawer.make(told["changed"], told["ended"])
        foretold = {one["grid_no"]: one["after"] for one in previewed(made, draft)["grids"]}
        published(made, draft)
        now = {row.grid_no: row for row in rows_of(made.app, NOW, scheme="duty")}
        assert len(foretold) > 15
        for number, one in foretold.items():
            if one is None:
                assert number not in now
                continue
            assert (one["open_cases"], one["cases_per_month"]) == (
                now[number].open_cases,
                pytest.approx(now[number].cases / 12, abs=0.006),
            )
            assert one["area_m2"] == pytest.approx(now[number].area_m2, abs=0.1)
        # The workspace has followed, and is the one that would be made now; the owner's engine has one of its own.
        followed, anew = figures_of(made.app, "duty"), figures_of(made.owner, "duty")
        assert followed.grid_no.tolist() == anew.grid_no.tolist() == list(now)
        for name, values in anew.counted.items():
            np.testing.assert_array_equal(followed.counted[name], values, err_msg=name)


def figures_of(bind: Engine, scheme: str) -> Figures:
    """The figures of a scheme as the workspace of an engine has them."""
    with read_only(bind) as session:
        found = scheme_named(session, scheme)
        with workspace_on(session, found, base_of(session, found)) as held:
            return held.figures()


NOW = """
    WITH today AS (
        SELECT b.grid_no, b.geom, b.area_m2 FROM boundaries b JOIN schemes s ON s.id = b.scheme_id
        WHERE s.name = :scheme AND upper_inf(b.valid)
    ), owned AS (
        SELECT min(t.grid_no) AS grid_no, c.id, c.state, c.occurred_at
        FROM cases c JOIN today t ON ST_Covers(t.geom, c.geom)
        WHERE c.tree = 'town' GROUP BY c.id
    )
    SELECT t.grid_no, t.area_m2, count(o.id) FILTER (WHERE o.state <> 'archived') AS open_cases,
        count(o.id) FILTER (WHERE o.occurred_at >= now() - interval '365 days') AS cases
    FROM today t LEFT JOIN owned o USING (grid_no) GROUP BY t.grid_no, t.area_m2"""


@pytest.fixture(scope="module")
def quiet() -> Iterator[Database]:
    """The town in a cluster of its own, in which nobody else writes."""
    with tempfile.TemporaryDirectory(prefix="gridkeeper-test-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        home.chmod(0o755)
        started = embedded.start(home, lambda _: None)
        local = started.place.data / "local.conf"
        local.write_text("autovacuum = off\nwal_level = minimal\nmax_wal_senders = 0\n")
        embedded.stop(home, lambda _: None)
        embedded.start(home, lambda _: None)
        own = Cluster(home)
        with own.clone(own.template("town", build_town), "quiet") as made:
            yield made
        embedded.stop(home, lambda _: None)


def settle(database: Database) -> None:
    """Have the server write what it would otherwise write at the first reading of a row."""
    url = embedded.find(database.settings.home).url(ADMIN, database.settings.database)
    with create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect() as admin:
        admin.execute(text("VACUUM (FREEZE)"))
        admin.execute(text("CHECKPOINT"))


def test_fifty_previews_write_nothing_at_all(quiet):
    with unit_of_work(quiet.app) as session:
        take_plan_scheme(session)
    for column in range(8):
        report(quiet, column + 0.5, 1.5)
    draft = a_draft(quiet, SCHEME)
    saved(quiet, draft, split_first())
    edits = [None, move_corner(), give(2, 3), {**move_corner(), "to": at(9, 9)}, {**split_first(), "grid": 2}]

    def state() -> tuple[Any, ...]:
        with quiet.owner.connect() as connection:
            tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
            counts = {name: connection.scalar(text(f'SELECT count(*) FROM "{name}"')) for name in tables}
            sequences = connection.execute(text("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")).all()
            return connection.scalar(text("SELECT pg_current_wal_lsn()")), counts, sequences

    previewed(quiet, draft)
    settle(quiet)
    for edit in edits:
        previewed(quiet, draft, edit)
    before = state()
    answers = [previewed(quiet, draft, edits[number % len(edits)]) for number in range(50)]
    assert state() == before
    assert {one["grids"] is None for one in answers} == {True, False}


def test_a_preview_could_not_write_if_it_wanted_to(plan):
    with read_only(plan.app) as session, pytest.raises(InternalError, match="read-only transaction"):
        session.execute(text("UPDATE drafts SET name = 'other'"))


def grid(told: dict[str, Any], number: int) -> dict[str, Any]:
    return next(one for one in told["grids"] if one["grid_no"] == number)


def test_cases_that_come_in_later_are_in_the_next_preview(plan):
    assert grid(previewed(plan, 1, split_first()), 1)["before"]["open_cases"] == 0
    for _ in range(3):
        report(plan, 0.5, 1.5)
    report(plan, 1.5, 1.5, state="archived")
    report(plan, 0.5, 1.5, state="archived", occurred_at=datetime.now().astimezone() - timedelta(days=800))
    report(plan, 1.5, 1.5, occurred_at=datetime.now().astimezone() - timedelta(days=800))
    told = previewed(plan, 1, split_first())
    both = grid(told, 1)["after"], grid(told, 9)["after"]
    assert grid(told, 1)["before"]["open_cases"] == 4
    assert sorted(one["open_cases"] for one in both) == [1, 3]
    assert sorted(one["cases_per_month"] for one in both) == [0.08, 0.25]


def happens(database: Database, case: int, kind: str, state: str) -> None:
    """A step of a case, with nothing but what a preview looks at."""
    with unit_of_work(database.app) as session:
        given = {"case": case, "kind": kind, "state": state}
        session.execute(text("UPDATE cases SET state = :state WHERE id = :case"), given)
        step = "INSERT INTO case_events (case_id, at, kind, actor, role) VALUES (:case, now(), :kind, 'wang', 'test')"
        session.execute(text(step), given)


def open_in(plan: Database, number: int, count: int) -> bool:
    """Whether previews come to count so many open cases of a grid; older transactions elsewhere hold events up."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        if grid(previewed(plan, 1, split_first()), number)["before"]["open_cases"] == count:
            return True
    return False


def test_cases_that_are_closed_or_reopened_are_counted_so_in_the_next_preview(plan):
    first, second = report(plan, 0.5, 1.5), report(plan, 1.5, 1.5)
    assert open_in(plan, 1, 2)
    happens(plan, first, "archive", "archived")
    assert open_in(plan, 1, 1)
    happens(plan, second, "reject", "rejected")
    assert open_in(plan, 1, 0)
    happens(plan, second, "reopen", "reported")
    assert open_in(plan, 1, 1)
    told = previewed(plan, 1, split_first())
    assert sorted(grid(told, number)["after"]["open_cases"] for number in (1, 9)) == [0, 1]
    assert sorted(grid(told, number)["after"]["cases_per_month"] for number in (1, 9)) == [0.08, 0.08]
    third = report(plan, 0.5, 1.5)
    happens(plan, third, "archive", "archived")
    assert open_in(plan, 1, 1)


@pytest.mark.parametrize("is_younger", [False, True])
def test_a_case_that_is_committed_late_under_a_low_number_is_not_lost(plan, is_younger):
    previewed(plan, 1)
    slow, quick = Session(plan.app), Session(plan.app)
    for session in (quick, slow) if is_younger else (slow, quick):
        session.execute(text("SELECT pg_current_xact_id()"))
    case = {**place(0.5), "state": "reported", "occurred_at": datetime.now().astimezone()}
    low, high = (session.scalar(text(A_CASE), case) for session in (slow, quick))
    assert high > low
    quick.commit()
    assert grid(previewed(plan, 1, split_first()), 1)["before"]["open_cases"] == 1
    slow.commit()
    for _ in range(3):
        assert grid(previewed(plan, 1, split_first()), 1)["before"]["open_cases"] == 2


def place(column: float) -> dict[str, float]:
    return {"lon": at(column, 1.5)[0], "lat": at(column, 1.5)[1]}


def test_a_case_on_a_border_goes_where_the_border_rule_says(plan):
    report(plan, 2, 1)  # on the border of 1 and 2, so it is 1's
    told = previewed(plan, 1, give(1, 2, area=mapping(squares((1.5, 0.5, 2, 1.5)))))
    assert [(one["from"], one["to"], one["cases"]) for one in told["transfers"]] == [(1, 2, 1)]
    told = previewed(plan, 1, give(2, 1, area=mapping(squares((2, 0.5, 2.5, 1.5)))))
    assert told["cases"]["changing_hands"] == 0
    # The corner of 1, 2, 5 and 6 moves away from a case that stays where it is: 1 loses it, though it gave no ground.
    report(plan, 2, 2)
    told = previewed(plan, 1, move_corner(1.75, 1.75))
    assert [(one["from"], one["to"]) for one in told["transfers"] if one["cases"]] == [(1, 2), (1, 6)]


def test_a_neighbour_that_is_not_touched_loses_a_case_on_its_border_to_a_lower_number(plan):
    report(plan, 5, 2)  # on the border of 3 and 7, so it is 3's
    told = previewed(plan, 1, {"kind": "merge", "grids": [1, 7], "into": 1, "datum": "wgs84"})
    assert (3, 1, 1) in {(one["from"], one["to"], one["cases"]) for one in told["transfers"]}
    assert grid(told, 3)["status"] == "same ground"
    assert [grid(told, 3)[side]["open_cases"] for side in ("before", "after")] == [1, 0]
    assert 3 not in {one["grid_no"] for one in told["boards"]["grids"]}


def test_buildings_and_streets_that_come_in_later_are_in_the_next_preview(plan):
    before = grid(previewed(plan, 1, split_first()), 1)["before"]
    assert (before["buildings"], before["households"]) == (1, 12)
    with unit_of_work(plan.app) as session:
        session.execute(text(HOUSE))
        session.execute(text(BATCH), {"kind": "buildings"})
    after = grid(previewed(plan, 1, split_first()), 1)["before"]
    assert (after["buildings"], after["households"]) == (2, 19)


HOUSE = """
    INSERT INTO buildings (tree, source_id, households, geom)
    SELECT 'town', 'new', 7, ST_Translate(geom, 0.001, 0.001) FROM buildings WHERE source_id = 'b1'"""
BATCH = """
    INSERT INTO import_batches (kind, dataset, file, options, actor, finished_at)
    VALUES (:kind, 'town', 'f', '{}', 'a', now())"""


def test_what_an_import_brought_that_ended_after_a_younger_one_is_in_the_next_preview(plan):
    with Session(plan.app) as slow:
        slow.execute(text(BATCH), {"kind": "buildings"})
        with unit_of_work(plan.app) as session:
            session.execute(text(BATCH), {"kind": "streets"})
        assert grid(previewed(plan, 1, split_first()), 1)["before"]["households"] == 12
        slow.execute(text(HOUSE))
        slow.commit()
    assert grid(previewed(plan, 1, split_first()), 1)["before"]["households"] == 19


def test_a_street_on_a_border_counts_half_on_either_side(plan):
    told = previewed(plan, 1, move_corner(2, 2.125))
    before = {number: grid(told, number)["before"]["street_m"] for number in (1, 2, 5, 6)}
    assert len(set(before.values())) == 1
    assert sum(before.values()) == pytest.approx(1431, abs=8)  # four squares


@pytest.mark.parametrize("reach", [3, 200])
def test_ground_outside_the_frame_of_the_raster_is_foretold_as_exactly(plan, reach):
    report(plan, -reach + 0.5, 1.5)
    report(plan, 0.5, 1.5)
    far = give(None, 1, area=mapping(squares((-reach, 1, 0, 2))))
    told = previewed(plan, 1, far)
    assert grid(told, 1)["after"]["open_cases"] == 2
    assert [(one["from"], one["to"], one["open_cases"]) for one in told["transfers"]] == [(None, 1, 1)]
    saved(plan, 1, far)
    assert grid(previewed(plan, 1, split_first()), 1)["before"]["open_cases"] == 1


def test_more_new_grids_than_numbers_are_spare_are_foretold_as_exactly(plan, monkeypatch):
    monkeypatch.setattr(workspace, "_SPARE_NUMBERS", 0)
    report(plan, 0.5, 1.5)
    told = previewed(plan, 1, split_first())
    assert sorted(grid(told, number)["after"]["open_cases"] for number in (1, 9)) == [0, 1]
    assert told["balance"]["after"]["mean"] < told["balance"]["before"]["mean"]


def test_a_scheme_whose_grids_overlap_is_foretold_as_exactly(town):
    cells = [("A", squares((0, 0, 2, 2))), ("B", squares((2, 0, 4, 2))), ("C", squares((7, 2, 8, 4), (7, 0, 8, 2)))]
    cells += [("D", squares((7, 3, 8, 5)))]
    spec = SchemeSpec(name="over", tree="town", metric_srid=METRIC_SRID)
    with unit_of_work(town.app) as session:
        take_grids(session, cells, spec=spec, accept_problems=True)
    for column, row in ((1.5, 0.5), (2, 1), (2.5, 0.5), (7.5, 3.5), (7.5, 4.5)):
        report(town, column, row)
    draft = a_draft(town, "over")
    told = previewed(town, draft, {**give(1, 2), "area": mapping(squares((1, 0, 2, 2)))})
    assert [(one["from"], one["to"], one["cases"]) for one in told["transfers"]] == [(1, 2, 2)]
    assert grid(told, 1)["before"]["open_cases"] == 2
    figures = figures_of(town.app, "over")
    assert dict(zip(figures.grid_no.tolist(), figures.counted["open_cases"].tolist(), strict=True)) == {
        1: 2,
        2: 1,
        3: 1,
        4: 1,
    }


def test_a_draft_on_an_older_version_is_compared_with_that_version(plan):
    report(plan, 0.5, 1.5)
    report(plan, 1.5, 1.5)
    other = a_draft(plan, SCHEME)
    saved(plan, other, split_first())
    previewed(plan, 1)
    published(plan, other)
    newest = a_draft(plan, SCHEME)
    corner = give(1, 2, area=mapping(squares((0.75, 0.25, 1.25, 0.5))))
    for _ in range(2):
        told = previewed(plan, newest, corner)
        assert (told["version"], grid(told, 1)["before"]["open_cases"]) == (2, 1)
        told = previewed(plan, 1, corner)
        assert (told["version"], told["newest_version"], grid(told, 1)["before"]["open_cases"]) == (1, 2, 2)


def test_duties_boards_and_areas_that_a_draft_touches_are_named(sample):
    base = cells_today(sample.app, "duty")
    draft = a_draft(sample, "duty")
    number, other = neighbours_of_two_areas(sample, base)
    where = shapely.intersection(base[number], base[other])
    middle = shapely.line_interpolate_point(shapely.line_merge(where), 0.5, normalized=True)
    area = mapping(shapely.intersection(middle.buffer(0.0015), base[number]))
    told = previewed(
        sample, draft, {"kind": "transfer", "giver": number, "taker": other, "area": area, "datum": "wgs84"}
    )
    assert [one["grid_no"] for one in told["nesting"]] == [other]
    given = next(one for one in told["transfers"] if (one["from"], one["to"]) == (number, other))
    assert told["nesting"][0]["outside_m2"] == pytest.approx(given["area_m2"], rel=1e-3)
    assert {one["grid_no"]: one["why"] for one in told["boards"]["grids"]} == {number: "ground", other: "ground"}
    assert {(one["grid_no"], one["what"]) for one in told["duties"] if one["grid_no"] in (number, other)} == {
        (number, "keeps"),
        (other, "keeps"),
    }
    leads = [one["name"] for one in told["duties"] if one["grid_no"] == number and one["leads"]]
    merge = {"kind": "merge", "grids": [number, other], "into": other, "datum": "wgs84"}
    told = previewed(sample, draft, merge)
    assert [one["name"] for one in told["duties"] if one["what"] == "ends" and one["leads"]] == leads
    assert ("ended", number) in {(one["why"], one["grid_no"]) for one in told["boards"]["grids"]}


def neighbours_of_two_areas(database: Database, cells: dict[int, Any]) -> tuple[int, int]:
    """Two grids with a common border, of two areas, the second of which has a duty."""
    area = dict(rows_of(database.app, AREAS))
    for number, cell in cells.items():
        for other, beside in cells.items():
            if area[number] != area[other] and cell.intersection(beside).length > 0.002:
                return number, other
    raise AssertionError("the sample town has more than one area")


AREAS = "SELECT g.grid_no, g.area_id FROM grids g JOIN schemes s ON s.id = g.scheme_id WHERE s.name = 'duty'"


def test_a_new_grid_is_covered_by_those_of_the_grid_it_came_from(sample):
    base = cells_today(sample.app, "duty")
    draft, number = a_draft(sample, "duty"), next(iter(base))
    west, south, east, north = base[number].bounds
    line = {"type": "LineString", "coordinates": [[(west + east) / 2, south - 1], [(west + east) / 2, north + 1]]}
    told = previewed(sample, draft, {"kind": "split", "grid": number, "line": line, "datum": "wgs84"})

    def names(one: int, what: str) -> set[str]:
        return {duty["name"] for duty in told["duties"] if (duty["grid_no"], duty["what"]) == (one, what)}

    new = max(one["grid_no"] for one in told["grids"])
    assert names(number, "keeps") == names(new, "covers_new") != set()
    assert grid(told, new)["status"] == "new"
    assert grid(told, new)["before"] is None
    untouched = [one for one in told["grids"] if one["grid_no"] not in (number, new)]
    assert {one["status"] for one in untouched} <= {"same ground"}


def test_a_grid_that_would_be_torn_is_told_with_the_place(plan):
    told = previewed(plan, 1, give(1, 2, area=mapping(squares((0.5, 0, 1.5, 2)))))
    assert [(one["code"], one["grids"]) for one in told["problems"]] == [("torn", [1]), ("torn", [2])]
    assert told["grids"] is not None
    assert told["problems"][0]["where"]["type"] == "MultiPolygon"


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_can_be_balanced_and_held_against_a_band(plan, measure):
    report(plan, 0.5, 1.5)
    with unit_of_work(plan.owner) as session:
        session.execute(text("UPDATE buildings SET people = 3"))
    draft = a_draft(plan, SCHEME, measure=measure, band={"low": 0, "high": 0.01})
    told = previewed(plan, draft, split_first())
    assert told["balance"]["measure"] == measure
    assert told["balance"]["band"]["outside_before"] > 0
    assert all(math.isfinite(told["balance"][side]["cv"]) for side in ("before", "after"))


def test_previews_of_many_threads_do_not_mix(sample):
    base = cells_today(sample.app, "duty")
    draft = a_draft(sample, "duty", measure="open_cases")
    redrawer = Redrawer(base, seed=21)
    edits = [redrawer.some_edit() for _ in range(24)]
    alone = [previewed(sample, draft, edit) for edit in edits]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda edit: previewed(sample, draft, edit), edits * 2))
    assert together == alone * 2


def test_no_shape_is_prepared_that_threads_share(sample):
    draft, base = a_draft(sample, "duty"), cells_today(sample.app, "duty")
    redrawer = Redrawer(base, seed=6)
    for _ in range(8):
        previewed(sample, draft, redrawer.some_edit())
    with read_only(sample.app) as session:
        scheme = scheme_named(session, "duty")
        shared = base_of(session, scheme)
        with workspace_on(session, scheme, shared) as held:
            areas = held.above.of(session, shared.grids.grid_id.tolist())
    shapes = [*shared.cells.values(), *(area.geom for area in areas.values())]
    assert len(shapes) > len(shared.cells)
    assert not shapely.is_prepared(shapes).any()


def test_asking_what_would_change_changes_nothing_in_memory(sample):
    draft = a_draft(sample, "duty")
    redrawer, before = Redrawer(cells_today(sample.app, "duty"), seed=3), figures_of(sample.app, "duty")
    for _ in range(20):
        previewed(sample, draft, redrawer.some_edit())
    after = figures_of(sample.app, "duty")
    for name, values in before.counted.items():
        np.testing.assert_array_equal(after.counted[name], values, err_msg=name)
    assert_as_asked_alone(sample, draft, redrawer)


def assert_as_asked_alone(database: Database, draft: int, redrawer: Redrawer) -> None:
    """The next answer is the one of a workspace that was never asked before."""
    edit = redrawer.some_edit()
    with read_only(database.owner) as session:
        alone = preview(session, draft, edit)
    assert previewed(database, draft, edit) == alone


def test_rows_with_a_null_are_not_read_for_others(session):
    taken: list[Any] = []
    query = text("SELECT CAST(7 AS bigint), ST_SetSRID(ST_MakePoint(1, 2), 4326) UNION ALL SELECT NULL, NULL")
    with pytest.raises(ValueError, match="one width"):
        copy_out(session, query, {}, {"id": "bigint", "geom": "point"}, taken.append)


def test_rows_come_out_of_the_database_as_they_are(session):
    taken: list[Any] = []
    query = text(
        "SELECT CAST(n AS bigint), CAST(-n AS smallint), ST_SetSRID(ST_MakePoint(n / 3.0, :south), 4326) "
        "FROM generate_series(1, 1000) AS n"
    )
    columns = {"id": "bigint", "mark": "smallint", "geom": "point"}
    assert copy_out(session, query, {"south": -1.5}, columns, taken.append) == 1000
    assert STORED_SRID == 4326
    (rows,) = taken
    assert rows["id"].tolist() == list(range(1, 1001))
    assert rows["mark"].tolist() == list(range(-1, -1001, -1))
    assert rows["geom"].tolist() == [[number / 3.0, -1.5] for number in range(1, 1001)]

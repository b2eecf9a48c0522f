"""Grids come in: numbers for ever, faults named with their place, versions that leave the past as it was."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
import shapely
from shapely import box
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.session import unit_of_work
from data.tables import Area, Boundary, Grid, Scheme
from gis.errors import BadInput
from layers.actor import Actor
from layers.batches import quarantined_rows
from layers.cases.intake import Report, receive
from layers.errors import Conflict
from layers.grids.areas import AREA_STEPS, import_areas
from layers.grids.incoming import CellColumns
from layers.grids.intake import GRID_STEPS, GridColumns
from layers.grids.lookup import places_at
from layers.grids.schemes import SchemeSpec
from tests.cluster import Database
from tests.imports import PLANNER, grid_frame, rows_of, take_grids
from tests.town import at, squares

WEST_HALF, EAST_HALF = squares((0, 0, 2, 2)), squares((2, 0, 4, 2))
TWO = (("A1", WEST_HALF), ("A2", EAST_HALF))
MAY, JUNE = datetime(2026, 5, 3, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
BOW_TIE = shapely.Polygon([at(4, 0), at(6, 2), at(6, 0), at(4, 2)])
CHICAGO = tuple((f"B{no}", box(west, 41.875, west + 0.0625, 41.9375)) for no, west in ((1, -87.75), (2, -87.6875)))


LIMITS = ("near_limit_m", "far_limit_m")


def numbers(session: Session) -> dict[str, int]:
    return dict(session.execute(select(Grid.code, Grid.grid_no)).all())


def owner(session: Session, column: float, row: float, when: datetime) -> str | None:
    grid = places_at(session, *at(column, row), at=when, scheme="duty")[0].grid
    return grid.code if grid else None


def test_numbers_are_given_in_code_order_and_kept_for_ever(session: Session):
    row = [(code, squares((no, 0, no + 1, 1))) for no, code in enumerate(("A10", "A9", "B1", "A2"))]
    take_grids(session, row)
    assert numbers(session) == {"A2": 1, "A9": 2, "A10": 3, "B1": 4}
    longer = [("A1", squares((4, 0, 5, 1))), *reversed(row), ("A3", squares((5, 0, 6, 1)))]
    done = take_grids(session, longer)
    assert numbers(session) == {"A2": 1, "A9": 2, "A10": 3, "B1": 4, "A1": 5, "A3": 6}
    assert (done.summary.read, done.summary.stored, done.summary.already_there) == (6, 2, 4)
    take_grids(session, longer[1:])
    back = take_grids(session, longer)
    assert numbers(session)["A1"] == 5
    assert (back.published.version, back.summary.changed) == (4, 1)


def test_the_same_file_again_makes_no_version(session: Session):
    take_grids(session, TWO)
    again = take_grids(session, TWO)
    assert (again.published.version, again.summary.already_there) == (1, 2)
    assert "none of them new or changed" in again.summary.remarks[-1]


def test_disjoint_rows_of_one_code_become_one_multipolygon_and_that_is_told(session: Session):
    done = take_grids(
        session, [("A", squares((0, 0, 1, 1))), ("B", squares((1, 0, 2, 1))), ("A", squares((2, 0, 3, 1)))]
    )
    assert (done.summary.read, done.summary.stored, done.summary.facts["grids"]) == (3, 3, 2)
    assert "2 rows of code A became one multipolygon." in done.summary.remarks
    assert [owner(session, column, 0.5, MAY) for column in (0.5, 1.5, 2.5)] == ["A", "B", "A"]


def test_overlapping_rows_of_one_code_are_refused_by_name_with_the_place_whatever_is_accepted(session: Session):
    with pytest.raises(BadInput, match="It is code A7") as caught:
        take_grids(session, [("A7", squares((0, 0, 2, 2))), ("A7", squares((1, 0, 3, 2)))], accept_problems=True)
    assert (caught.value.code, caught.value.value) == ("shape_parts_overlap", "A7")
    assert caught.value.where.equals(squares((1, 0, 2, 2)))


BROKEN = {
    "gap": [(f"{x}{y}", squares((x, y, x + 1, y + 1))) for x in range(3) for y in range(3) if (x, y) != (1, 1)],
    "overlap": [("A", squares((0, 0, 2, 2))), ("B", squares((1, 0, 3, 2)))],
    "t_junction": [("A", squares((0, 0, 1, 2))), ("B", squares((1, 0, 2, 1))), ("C", squares((1, 1, 2, 2)))],
}
PLACES = {"gap": at(1.5, 1.5), "overlap": at(1.5, 1), "t_junction": at(1, 1)}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_tiling_is_refused_with_its_place_and_imported_when_accepted(session: Session, kind: str):
    with pytest.raises(BadInput) as caught:
        take_grids(session, BROKEN[kind])
    refused = caught.value
    assert refused.code == "tiling_broken"
    assert set(refused.values["kinds"]) == {kind}
    assert refused.where.distance(shapely.Point(PLACES[kind])) == 0
    lon, lat = PLACES[kind]
    assert f"{kind} of" in refused.detail
    assert f"{lon:.6f}, {lat:.6f}" in refused.detail
    session.rollback()
    done = take_grids(session, BROKEN[kind], accept_problems=True)
    assert {problem["kind"] for problem in done.problems} == {kind}
    assert shapely.from_wkt(done.problems[0]["where"]).distance(shapely.Point(PLACES[kind])) < 1e-7
    assert (done.problems[0]["area_m2"] > 100_000) == (kind != "t_junction")
    assert done.summary.stored == len(BROKEN[kind])


def test_a_partial_scheme_may_leave_gaps_but_not_overlap(session: Session):
    spec = SchemeSpec(name="dedicated", extent="partial", priority=5)
    assert take_grids(session, BROKEN["gap"], spec=spec).summary.stored == 8
    with pytest.raises(BadInput, match="1 overlap"):
        take_grids(session, BROKEN["overlap"], spec=SchemeSpec(name="stations", extent="partial"))


def test_a_polygon_that_crosses_itself_is_refused_by_row_or_set_aside_when_accepted(session: Session):
    with pytest.raises(BadInput, match="first row 3: The outline crosses") as caught:
        take_grids(session, [*TWO, ("BOW", BOW_TIE), ("NONE", None), (None, squares((6, 0, 7, 1)))])
    assert caught.value.code == "cells_refused"
    session.rollback()
    done = take_grids(
        session, [*TWO, ("BOW", BOW_TIE), ("NONE", None), (None, squares((6, 0, 7, 1)))], accept_problems=True
    )
    assert (done.summary.read, done.summary.stored, done.summary.quarantined) == (5, 2, 3)
    bad = quarantined_rows(session, batch_id=done.summary.batch_id)
    assert [(row.row_no, row.field, row.value, row.reason) for row in bad] == [
        (3, "geometry", "BOW", "shape_ambiguous"),
        (4, "geometry", "NONE", "shape_missing"),
        (5, "code", None, "code_missing"),
    ]


@pytest.mark.parametrize(("cells", "srid", "zone"), [(TWO, 4547, "Asia/Shanghai"), (CHICAGO, 32616, "America/Chicago")])
def test_metric_crs_and_time_zone_come_from_the_place_and_are_told(session: Session, cells, srid, zone):
    done = take_grids(session, cells)
    told = f"Scheme 'duty' (duty, whole) measures in EPSG:{srid} and keeps the time of {zone}."
    assert done.summary.remarks[0] == told


def test_a_given_metric_crs_and_time_zone_are_kept(session: Session):
    take_grids(session, TWO, spec=SchemeSpec(name="duty", metric_srid=4526, time_zone="Asia/Urumqi"))
    scheme = session.scalars(select(Scheme)).one()
    assert (scheme.metric_srid, scheme.time_zone) == (4526, "Asia/Urumqi")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"metric_srid": 4326}, "not_metric"),
        ({"metric_srid": 2263}, "not_metric"),
        ({"metric_srid": 999999}, "unknown_crs"),
        ({"time_zone": "Mars/Base"}, "unknown_time_zone"),
        ({"kind": "borough"}, "unknown_word"),
        ({"extent": "half"}, "unknown_word"),
        *(({limit: metres}, "bad_distance") for limit in LIMITS for metres in (-0.001, math.nan, math.inf)),
    ],
)
def test_a_scheme_that_cannot_be_is_refused(session: Session, given, code):
    with pytest.raises(BadInput) as caught:
        take_grids(session, TWO, spec=SchemeSpec(name="duty", **given))
    assert (caught.value.code, caught.value.field) == (code, *given)


def test_a_limit_may_be_0(session: Session):
    take_grids(session, TWO, spec=SchemeSpec(name="duty", near_limit_m=0, far_limit_m=0))
    assert tuple(session.execute(select(Scheme.near_limit_m, Scheme.far_limit_m)).one()) == (0, 0)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"near_limit_m": 20.0}, 10.0),
        ({"far_limit_m": 0.0}, 5000.0),
        ({"metric_srid": 4526}, 4547),
        ({"time_zone": "Asia/Urumqi"}, "Asia/Shanghai"),
        ({"tree": "town"}, "duty"),
        ({"kind": "micro"}, "duty"),
        ({"extent": "partial"}, "whole"),
        ({"priority": 3}, 0),
    ],
)
def test_a_scheme_that_is_there_is_not_told_otherwise(session: Session, given, stored):
    take_grids(session, TWO)
    with pytest.raises(Conflict) as caught:
        take_grids(session, TWO, spec=SchemeSpec(name="duty", **given))
    ((field, value),) = given.items()
    error = caught.value
    assert (error.code, error.field, error.value) == ("scheme_differs", field, str(value))
    assert error.values == {"stored": stored}
    assert f"has the {field} {stored}, and {value} was given" in error.detail


def test_what_a_scheme_has_already_may_be_said_again(session: Session):
    said = SchemeSpec(
        name="duty", tree="town", kind="duty", extent="whole", priority=0, metric_srid=4547, time_zone="Asia/Shanghai",
        near_limit_m=25, far_limit_m=300,
    )  # fmt: skip
    take_grids(session, TWO, spec=said)
    assert take_grids(session, TWO, spec=said).summary.already_there == 2
    assert take_grids(session, TWO).summary.already_there == 2
    assert session.scalars(select(Scheme.near_limit_m)).one() == 25


def test_a_town_in_henan_and_chicago_live_side_by_side(session: Session):
    take_grids(session, TWO)
    take_grids(session, CHICAGO, spec=SchemeSpec(name="beats"))
    here = places_at(session, *at(1, 1), at=MAY, scheme="duty")
    there = places_at(session, -87.7, 41.9, at=MAY, scheme="beats")
    assert [(p.scheme, p.tree, p.grid.code, p.time_zone) for p in (*here, *there)] == [
        ("duty", "duty", "A1", "Asia/Shanghai"),
        ("beats", "beats", "B1", "America/Chicago"),
    ]


def test_a_second_version_leaves_the_past_as_it_was(session: Session):
    take_grids(session, TWO)
    unchanging = text(
        "SELECT id, grid_id, grid_no, version, ST_AsBinary(geom), lower(valid) FROM boundaries ORDER BY id"
    )
    before = session.execute(unchanging).all()
    take_grids(session, [("A1", squares((0, 0, 3, 2))), ("A2", squares((3, 0, 4, 2)))], since=JUNE)
    assert session.execute(unchanging).all()[: len(before)] == before
    assert [owner(session, 2.5, 1, when) for when in (MAY, JUNE - timedelta.resolution, JUNE)] == ["A2", "A2", "A1"]
    assert places_at(session, *at(2.5, 1), at=MAY, scheme="duty")[0].version == 1


def test_a_version_must_begin_after_the_last_one(session: Session):
    take_grids(session, TWO, since=JUNE)
    with pytest.raises(Conflict, match="must begin later") as caught:
        take_grids(session, TWO[:1], since=JUNE)
    assert caught.value.code == "version_order"


def test_a_version_may_not_begin_before_cases_that_are_placed(town_session: Session):
    lon, lat = at(1, 1)
    receive(town_session, Actor("wang"), Report(x=lon, y=lat, datum="wgs84"))
    with pytest.raises(Conflict, match="1 cases happened after") as caught:
        take_grids(town_session, TWO, since=datetime.now(UTC) - timedelta(days=1))
    assert caught.value.code == "cases_after"
    assert take_grids(town_session, TWO).published.version == 3


def test_parents_are_made_by_union_with_their_names(session: Session):
    cells = [("1", squares((0, 0, 1, 1))), ("2", squares((1, 0, 2, 1))), ("3", squares((2, 0, 3, 1)))]
    frame = grid_frame(cells, district=["D1", "D1", "D2"], title=["一区", "一区", "二区"])
    columns = GridColumns(code="code", parent_code="district", parent_name="title", parent_level="street")
    take_grids(session, frame, columns=columns)
    rows = session.execute(select(Area.code, Area.name, Area.level, Area.geom).order_by(Area.code)).all()
    assert [row[:3] for row in rows] == [("D1", "一区", "street"), ("D2", "二区", "street")]
    assert rows[0].geom.equals(squares((0, 0, 2, 1)))
    belongs = session.execute(select(Grid.code, Area.code).join(Area, Area.id == Grid.area_id).order_by(Grid.code))
    assert [tuple(row) for row in belongs] == [("1", "D1"), ("2", "D1"), ("3", "D2")]


def test_each_step_of_grids_and_areas_is_told(session: Session):
    told: list[int] = []
    frame = grid_frame(TWO, district=["D1", "D1"])
    take_grids(session, frame, columns=GridColumns(parent_code="district"), progress=told.append)
    assert told == [1] * GRID_STEPS
    told.clear()
    options = {"tree": "t", "level": "street", "columns": CellColumns(parent_code="district"), "datum": None}
    import_areas(session, PLANNER, frame, **options, file="a.gpkg", progress=told.append)
    assert told == [1] * AREA_STEPS


def test_a_named_column_that_is_missing_is_told_with_its_role(session: Session):
    frame = grid_frame(TWO, district=["D1", "D1"])
    for columns in ({"parent_code": "distrct"}, {"name": "distrct"}, {"code": "distrct"}):
        with pytest.raises(BadInput, match="did you mean district") as caught:
            take_grids(session, frame, columns=GridColumns(**columns))
        assert (caught.value.code, caught.value.field) == ("column_missing", *columns)


def test_areas_that_do_not_nest_are_refused_or_listed(session: Session):
    def areas(level: str, cells, **options):
        frame = grid_frame(cells, above=["410199"] * len(cells))
        columns = CellColumns(code="code", parent_code="above" if level == "street" else None)
        return import_areas(
            session, PLANNER, frame, tree="t", level=level, columns=columns, datum=None, file="a.gpkg", **options
        )

    areas("county", [("410199", squares((0, 0, 4, 2)))])
    undo = session.begin_nested()
    assert not [r for r in areas("street", TWO).remarks if "not the union" in r]
    undo.rollback()
    with pytest.raises(BadInput, match="1 areas are not the union of their parts, first 410199") as caught:
        areas("street", TWO[:1])
    assert (caught.value.code, caught.value.values) == ("areas_do_not_nest", {"areas": 1})
    assert caught.value.where.equals(EAST_HALF)
    remarks = areas("street", TWO[:1], accept_problems=True).remarks
    assert any("Area 410199 is not the union of its parts" in remark for remark in remarks)


def test_grids_must_fill_the_areas_that_are_known(session: Session):
    columns = CellColumns(code="code")
    known = grid_frame([("D1", squares((0, 0, 4, 2)))])
    import_areas(session, PLANNER, known, tree="duty", level="county", columns=columns, datum=None, file="a.gpkg")
    parents = GridColumns(code="code", parent_code="district")
    undo = session.begin_nested()
    take_grids(session, grid_frame(TWO, district=["D1", "D1"]), columns=parents)
    undo.rollback()
    half = grid_frame(TWO[:1], district=["D1"])
    with pytest.raises(BadInput, match="1 areas are not the union of their parts, first D1"):
        take_grids(session, half, columns=parents)
    session.rollback()
    import_areas(session, PLANNER, known, tree="duty", level="county", columns=columns, datum=None, file="a.gpkg")
    remarks = take_grids(session, half, columns=parents, accept_problems=True).summary.remarks
    assert any("Area D1 is not the union of its parts" in remark for remark in remarks)


def test_a_datum_of_metres_is_asked_for_as_a_crs(session: Session):
    with pytest.raises(BadInput, match="give it as --crs EPSG") as caught:
        take_grids(session, TWO, datum="gk3-38")
    assert caught.value.code == "datum_is_a_crs"


def test_a_refused_import_leaves_nothing_behind(database: Database):
    frame = grid_frame([*BROKEN["overlap"]], district=["D1", "D2"])
    with pytest.raises(BadInput), unit_of_work(database.app) as session:
        take_grids(session, frame, columns=GridColumns(code="code", parent_code="district"))
    for table in ("schemes", "areas", "grids", "boundaries", "scheme_versions", "import_batches", "quarantine"):
        assert rows_of(database.app, f"SELECT count(*) FROM {table}") == [(0,)]


def test_a_projected_file_is_densified_the_same_from_both_sides(session: Session):
    west, east, south, side = 460_000, 480_000, 3_840_000, 5_000
    cells = [(str(no), box(west, south + no * side, east, south + (no + 1) * side)) for no in range(2)]
    done = take_grids(session, grid_frame(cells, crs=4547))
    assert done.problems == []
    upper, lower = session.scalars(select(Boundary.geom).order_by(Boundary.grid_no.desc()))
    corners = [{tuple(xy) for xy in shapely.get_coordinates(cell).tolist()} for cell in (upper, lower)]
    shared = upper.intersection(lower)
    assert len(corners[0] & corners[1]) > 10
    assert {tuple(xy) for xy in shapely.get_coordinates(shared).tolist()} == corners[0] & corners[1]

"""Schemes that the locator refuses are placed in SQL in bulk: the same answers as for one point, and as from arrays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.tables import Scheme
from gis.crs import LATTICE
from gis.ownership import Coverage, Judgement
from layers.cases.check import check
from layers.cases.intake import Report, receive
from layers.grids.coverage_in_sql import CoverageInSql
from layers.grids.lookup import Place, places_at
from layers.grids.schemes import SchemeSpec
from layers.grids.versions import Cells, cells_of
from tests.cluster import Database
from tests.coverages import UNITS, coverages, owner_by_integers
from tests.coverages import Coverage as Drawn
from tests.drawn_scheme import FAR_LIMIT_M, NEAR_LIMIT_M, imported, placed_alone
from tests.imports import PLANNER, rows_of, take_cases, take_grids, write_csv

AGREE_WITHIN_M = 0.002
POINTS = 12
AROUND_THE_TOWN = (113.5, 34.5)


@st.composite
def broken_coverages(draw: st.DrawFn) -> Drawn:
    """A coverage over which further cells are laid: triangles, slivers among them, between points that are asked about,
    and the ground of another cell once more.
    """
    drawn = draw(coverages(points=POINTS))
    corner = st.integers(0, len(drawn.lon) - 1)
    corners = draw(st.lists(st.tuples(corner, corner, corner), max_size=3))
    again = draw(st.lists(st.integers(0, max(len(drawn.cells) - 1, 0)), max_size=1)) if len(drawn.cells) else []
    rings = [np.column_stack([drawn.lon[list(three)], drawn.lat[list(three)]]) for three in corners]
    further = [shapely.multipolygons([shapely.polygons(ring)]) for ring in rings if _area_units2(ring)]
    cells = [*drawn.cells, *further, *drawn.cells[again]]
    as_array = np.empty(len(cells), dtype=object)
    as_array[:] = cells
    numbers = draw(st.permutations(range(1, len(cells) + 1)))
    return replace(drawn, cells=as_array, grid_no=np.array(numbers, dtype=np.int64))


def _area_units2(ring: np.ndarray) -> int:
    (ax, ay), (bx, by), (cx, cy) = ((round(x * UNITS), round(y * UNITS)) for x, y in ring.tolist())
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)


def staged(session: Session, name: str, *, version: int = 1) -> tuple[CoverageInSql, Cells]:
    scheme = session.scalars(select(Scheme).where(Scheme.name == name)).one()
    cells = cells_of(session, scheme, version=version)
    return CoverageInSql(session, scheme, version, cells), cells


def agree(session: Session, drawn: Drawn) -> None:
    """Ask every engine about the points of a coverage and compare, leaving nothing behind."""
    with imported(session, drawn):
        compare(session, drawn)


def compare(session: Session, drawn: Drawn) -> None:
    in_sql, cells = staged(session, "drawn")
    found = in_sql.judge(drawn.lon, drawn.lat, near_limit_m=NEAR_LIMIT_M, far_limit_m=FAR_LIMIT_M)
    stored = replace(drawn, cells=cells.geom, grid_no=cells.grid_no)
    owners = [owner_by_integers(stored, x, y) for x, y in zip(drawn.lon, drawn.lat, strict=True)]
    assert found.own.tolist() == owners == in_sql.owners(drawn.lon, drawn.lat).tolist()
    for row, place in placed_alone(session, drawn, found):
        assert as_told(found, row, cells) == as_named(place), (drawn.lon[row], drawn.lat[row])
        one_m = [np.nan if m is None else m for m in (place.edge_distance_m, place.outside_m)]
        assert [found.edge_distance_m[row], found.outside_m[row]] == pytest.approx(
            one_m, abs=AGREE_WITHIN_M, nan_ok=True
        )
    if not overlapping(cells):
        in_arrays = Coverage(cells.geom, cells.grid_no, metric_srid=drawn.metric_srid)
        same(found, in_arrays.judge(drawn.lon, drawn.lat, near_limit_m=NEAR_LIMIT_M, far_limit_m=FAR_LIMIT_M))


def as_told(found: Judgement, row: int, cells: Cells) -> tuple[str | None, str | None, str | None, bool]:
    code = np.append(cells.code, None)
    own, second, nearest = (code[index[row]] for index in (found.own, found.second, found.nearest))
    return own, second, nearest, bool(found.near_border[row])


def as_named(place: Place) -> tuple[str | None, str | None, str | None, bool]:
    own, second, nearest = (grid.code if grid else None for grid in (place.grid, place.second, place.nearest))
    return own, second, nearest, place.near_border


def overlapping(cells: Cells) -> bool:
    grown = shapely.relate_pattern(cells.geom[:, None], cells.geom[None, :], "T********")
    return bool(grown.sum() > len(cells.geom))


def same(found: Judgement, expected: Judgement) -> None:
    """Both say the same, but for the hint which cell is nearest to a point that is too far away."""
    for name in ("own", "second", "near_border", "far"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    np.testing.assert_array_equal(found.nearest[~found.far], expected.nearest[~found.far])
    for name in ("edge_distance_m", "outside_m"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=0, atol=AGREE_WITHIN_M)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=broken_coverages())
def test_sql_in_bulk_says_of_hostile_points_what_it_says_of_each(session: Session, drawn: Drawn):
    agree(session, drawn)


@pytest.mark.long
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=broken_coverages())
def test_sql_in_bulk_says_of_hostile_points_what_it_says_of_each_at_length(session: Session, drawn: Drawn):
    agree(session, drawn)


def test_a_cell_swallowed_by_another_is_the_second_choice_beside_it_though_no_border_is_near(session: Session):
    west, south = AROUND_THE_TOWN
    cells = [shapely.box(west, south, west + 2, south + 2), shapely.box(west + 1, south + 1, west + 1.5, south + 1.5)]
    take_grids(session, zip("12", cells, strict=True), accept_problems=True)
    lon, lat = west + 1 - 2**-17, south + 1.25
    place = places_at(session, lon, lat, at=datetime.now(UTC), scheme="duty")[0]
    in_sql, grids = staged(session, "duty")
    found = in_sql.judge([lon], [lat], near_limit_m=10, far_limit_m=5000)
    assert as_told(found, 0, grids) == as_named(place) == ("1", "2", None, False)


def test_cases_of_an_overlapping_scheme_are_stored_in_bulk_and_singly_as_the_check_expects(
    database: Database, tmp_path: Path
):
    west, south = AROUND_THE_TOWN
    cells = [shapely.box(west, south, west + 2, south + 2), shapely.box(west + 1, south + 1, west + 1.5, south + 1.5)]
    with Session(database.app) as session:
        take_grids(session, zip("12", cells, strict=True), accept_problems=True)
        session.commit()
    beside, within, astray = (west + 1 - 2**-17, south + 1.25), (west + 1.25, south + 1.25), (west - 2**-7, south + 1)
    points = [("beside", *beside), ("within", *within), ("astray", *astray)]
    summary = take_cases(database.app, write_csv(tmp_path / "cases.csv", points, header=("id", "lon", "lat")))
    assert (summary.stored, summary.quarantined) == (3, 0)
    with Session(database.app) as session:
        for lon, lat in (beside, within, astray):
            receive(session, PLANNER, Report(x=lon, y=lat, datum="wgs84", scheme="duty"))
        session.commit()
    places = (
        "SELECT count(*), grid_id, second_grid_id, nearest_grid_id, edge_distance_m, outside_m FROM placements "
        "GROUP BY 2, 3, 4, 5, 6"
    )
    assert sorted(row[0] for row in rows_of(database.app, places)) == [2, 2, 2]
    with Session(database.app) as session:
        assert check(session, scheme="duty").differences == []


def test_a_scheme_wider_than_four_degrees_is_placed_in_sql(session: Session):
    west, south = AROUND_THE_TOWN
    strips = [shapely.box(west + 2 * n, south, west + 2 * n + 2, south + 5) for n in range(3)]
    take_grids(session, zip("123", strips, strict=True), accept_problems=True)
    in_sql, _ = staged(session, "duty")
    lon, lat = west + np.array([1.0, 2.0, 2.0 + LATTICE, 6.0, 6.0 + LATTICE]), np.full(5, south + 1.5)
    found = in_sql.judge(lon, lat, near_limit_m=10, far_limit_m=5000)
    assert found.own.tolist() == [0, 0, 1, 2, -1]
    assert found.second.tolist() == [-1, 1, 0, -1, -1]
    assert found.nearest.tolist() == [-1, -1, -1, -1, 2]


def test_equally_near_cells_rank_by_number_though_the_lower_one_was_redrawn_later(session: Session):
    west, south = AROUND_THE_TOWN
    left, right = shapely.box(west - 1, south, west, south + 1), shapely.box(west, south, west + 1, south + 1)
    take_grids(session, [("1", left), ("2", right)])
    larger = shapely.box(west - 1.5, south, west, south + 1)
    take_grids(session, [("1", larger), ("2", right)])
    in_sql, _ = staged(session, "duty", version=2)
    found = in_sql.judge([west, west + 1], [south - 2**-12, south], near_limit_m=10, far_limit_m=5000)
    assert (found.own.tolist(), found.nearest.tolist()) == ([-1, 1], [0, -1])


def test_a_point_between_the_vertices_of_an_oblique_border_is_on_it(session: Session):
    west, south = AROUND_THE_TOWN
    # The metric CRS bends a border of 11 km away from this point by some millimetres.
    below, above = (
        (corner, (west, south), (west + 0.125, south + 0.125))
        for corner in ((west + 0.125, south), (west, south + 0.125))
    )
    take_grids(session, [("1", shapely.Polygon(below)), ("2", shapely.Polygon(above))])
    in_sql, _ = staged(session, "duty")
    steps = np.arange(1, 64) * 2.0**-9
    found = in_sql.judge(west + steps, south + steps, near_limit_m=10, far_limit_m=5000)
    assert set(found.own.tolist()) == {0}
    assert set(found.edge_distance_m.tolist()) == {0.0}


def test_points_far_away_are_far_and_one_that_the_metric_crs_cannot_reach_has_no_nearest(session: Session):
    west, south = AROUND_THE_TOWN
    take_grids(
        session, [("1", shapely.box(west, south, west + 1, south + 1))], spec=SchemeSpec(name="duty", metric_srid=4547)
    )
    in_sql, _ = staged(session, "duty")
    found = in_sql.judge([0.0, -156.0], [51.5, 0.0], near_limit_m=10, far_limit_m=5000)
    assert found.far.all()
    assert (found.nearest[1], found.outside_m[1]) == (-1, np.inf)


def test_without_a_far_limit_nobody_asks_what_lies_nearest(town_session: Session):
    in_sql, _ = staged(town_session, "duty")
    found = in_sql.judge([0.0], [0.0], near_limit_m=10, far_limit_m=None)
    assert (found.own[0], found.nearest[0], bool(found.far[0])) == (-1, -1, False)
    assert np.isnan(found.outside_m[0])
    assert in_sql.owners([], []).shape == (0,)


def test_many_chunks_and_versions_in_one_transaction_keep_no_more_locks_than_one(town: Database):
    west, south = AROUND_THE_TOWN
    rng = np.random.default_rng(7)
    held = text("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()")
    with Session(town.app) as session:
        in_sql, _ = staged(session, "duty")
        locks = []
        for _ in range(20):
            lon, lat = (np.round(rng.uniform(low, low + 1, 50) / LATTICE) * LATTICE for low in (west, south))
            assert len(in_sql.judge(lon, lat, near_limit_m=10, far_limit_m=5000).own) == 50
            locks.append(session.scalar(held))
            staged(session, "duty")
        assert locks[-1] == locks[1]


def test_a_version_is_published_while_points_are_placed_by_the_one_before(town: Database):
    strongest = text(
        "SELECT DISTINCT mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
        "WHERE l.pid = pg_backend_pid() AND c.relpersistence = 'p' AND c.relnamespace = 'public'::regnamespace"
    )
    with Session(town.app) as reading, Session(town.app) as publishing:
        before, cells = staged(reading, "duty", version=2)
        inside = shapely.point_on_surface(cells.geom)
        lon, lat = (np.round(part / LATTICE) * LATTICE for part in (shapely.get_x(inside), shapely.get_y(inside)))
        owners = before.owners(lon, lat)
        assert reading.scalars(strongest).all() == ["AccessShareLock"]
        take_grids(publishing, [("everything", shapely.union_all(cells.geom))], accept_problems=True)
        publishing.commit()
        assert before.owners(lon, lat).tolist() == owners.tolist() == list(range(len(owners)))
        after, _ = staged(reading, "duty", version=3)
        assert after.owners(lon, lat).tolist() == [0] * len(owners)

"""The border rule in SQL (one point) and in arrays (many points): the same grid, second choice and distances."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from sqlalchemy.orm import Session

from gis.ownership import Coverage
from layers.grids.lookup import Place, places_at
from layers.grids.schemes import SchemeSpec
from tests.coverages import Coverage as Drawn
from tests.coverages import coverages
from tests.forms import forms
from tests.imports import take_grids

NEAR_LIMIT_M, FAR_LIMIT_M, AGREE_WITHIN_M = 10.0, 5000.0, 0.002
POINTS = 12


def agree(session: Session, drawn: Drawn) -> None:
    """Import the coverage, ask both engines about its points and compare, leaving nothing behind."""
    assume(len(drawn.cells) > 0)
    undo = session.begin_nested()
    try:
        compare(session, drawn)
    finally:
        undo.rollback()


def compare(session: Session, drawn: Drawn) -> None:
    spec = SchemeSpec(name="drawn", metric_srid=drawn.metric_srid, near_limit_m=NEAR_LIMIT_M, far_limit_m=FAR_LIMIT_M)
    # Codes are whole numbers, so that the numbers given in code order rank the cells as the drawn numbers do.
    codes = [str(number) for number in drawn.grid_no]
    take_grids(session, zip(codes, drawn.cells, strict=True), spec=spec, accept_problems=True)
    in_arrays = Coverage(drawn.cells, drawn.grid_no, metric_srid=drawn.metric_srid)
    found = in_arrays.judge(drawn.lon, drawn.lat, near_limit_m=NEAR_LIMIT_M, far_limit_m=FAR_LIMIT_M)
    code_of = np.array([*codes, None], dtype=object)
    at = datetime.now(UTC)
    for row, (lon, lat) in enumerate(zip(drawn.lon.tolist(), drawn.lat.tolist(), strict=True)):
        place = places_at(session, lon, lat, at=at, scheme="drawn")[0]
        own, second, nearest = (code_of[index[row]] for index in (found.own, found.second, found.nearest))
        assert named(place) == (own, second, nearest, bool(found.near_border[row])), (lon, lat)
        in_sql_m = [np.nan if m is None else m for m in (place.edge_distance_m, place.outside_m)]
        in_arrays_m = [found.edge_distance_m[row], found.outside_m[row]]
        assert in_sql_m == pytest.approx(in_arrays_m, abs=AGREE_WITHIN_M, nan_ok=True)


def named(place: Place) -> tuple[str | None, str | None, str | None, bool]:
    grids = (place.grid, place.second, place.nearest)
    own, second, nearest = (grid.code if grid else None for grid in grids)
    return own, second, nearest, place.near_border


@pytest.mark.parametrize("examples", forms(short=15, long=1500))
def test_both_engines_say_the_same_of_hostile_points(session: Session, examples: int):
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(drawn=coverages(points=POINTS))
    def holds(drawn: Drawn) -> None:
        agree(session, drawn)

    holds()

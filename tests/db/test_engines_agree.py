"""The border rule in SQL (one point) and in arrays (many points): the same grid, second choice and distances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy.orm import Session

from gis.ownership import Coverage
from layers.grids.lookup import Place
from tests.coverages import Coverage as Drawn
from tests.coverages import coverages
from tests.drawn_scheme import FAR_LIMIT_M, NEAR_LIMIT_M, imported, placed_alone
from tests.forms import forms

AGREE_WITHIN_M = 0.002
POINTS = 12


def compare(session: Session, drawn: Drawn, codes: list[str]) -> None:
    in_arrays = Coverage(drawn.cells, drawn.grid_no, metric_srid=drawn.metric_srid)
    found = in_arrays.judge(drawn.lon, drawn.lat, near_limit_m=NEAR_LIMIT_M, far_limit_m=FAR_LIMIT_M)
    code_of = np.array([*codes, None], dtype=object)
    for row, place in placed_alone(session, drawn, found):
        own, second, nearest = (code_of[index[row]] for index in (found.own, found.second, found.nearest))
        assert named(place) == (own, second, nearest, bool(found.near_border[row])), (drawn.lon[row], drawn.lat[row])
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
        with imported(session, drawn) as codes:
            compare(session, drawn, codes)

    holds()

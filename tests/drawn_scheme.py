"""A drawn coverage as the scheme `drawn` of a database, for as long as its points are asked about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import assume
from sqlalchemy.orm import Session

from gis.errors import BadInput
from gis.ownership import Judgement
from layers.grids.lookup import Place, places_at
from layers.grids.schemes import SchemeSpec
from tests.coverages import Coverage
from tests.imports import take_grids

NEAR_LIMIT_M, FAR_LIMIT_M = 10.0, 5000.0


@contextmanager
def imported(session: Session, drawn: Coverage) -> Iterator[list[str]]:
    """Codes of the cells: whole numbers, so that numbers given in code order rank the cells as the drawn ones do."""
    assume(len(drawn.cells) > 0)
    spec = SchemeSpec(name="drawn", metric_srid=drawn.metric_srid, near_limit_m=NEAR_LIMIT_M, far_limit_m=FAR_LIMIT_M)
    codes = [str(number) for number in drawn.grid_no]
    undo = session.begin_nested()
    try:
        take_grids(session, zip(codes, drawn.cells, strict=True), spec=spec, accept_problems=True)
        yield codes
    finally:
        undo.rollback()


def placed_alone(session: Session, drawn: Coverage, found: Judgement) -> Iterator[tuple[int, Place]]:
    """Points of the drawn scheme with their places when asked for one by one, but for those that are far outside.

    Those are refused, and have to be the ones that were found to be far.
    """
    now = datetime.now(UTC)
    for row, (lon, lat) in enumerate(zip(drawn.lon.tolist(), drawn.lat.tolist(), strict=True)):
        if found.far[row]:
            with pytest.raises(BadInput) as refused:
                places_at(session, lon, lat, at=now, scheme="drawn")
            assert refused.value.code == "too_far"
        else:
            yield row, places_at(session, lon, lat, at=now, scheme="drawn")[0]

"""A drawn coverage as the scheme `drawn` of a database, for as long as its points are asked about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import assume
from sqlalchemy.orm import Session

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

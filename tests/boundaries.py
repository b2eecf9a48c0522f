"""Boundaries of the town that change while something else goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from data.session import unit_of_work
from layers.cases.backfill import place_existing
from layers.grids.schemes import SchemeSpec, scheme_named
from tests.imports import take_grids
from tests.statements import noting
from tests.town import squares

# Versions whose grids are placed wrongly: judged by another version than the one valid when it happened, or not at all.
MISPLACED = """
    SELECT c.id, s.name, p.version AS judged_by, v.version AS valid_then
    FROM cases c
    JOIN schemes s ON s.tree = c.tree
    JOIN scheme_versions v ON v.scheme_id = s.id AND v.valid @> c.occurred_at
    LEFT JOIN placements p ON p.case_id = c.id AND p.scheme_id = s.id
    WHERE p.version IS DISTINCT FROM v.version AND (s.extent = 'whole' OR p.case_id IS NOT NULL)"""


def publish_halves(
    bind: Engine, border: float, *, spec: SchemeSpec | None = None, since: datetime | None = None
) -> int:
    """Publish two grids of the town, W and E, that meet at a column; the number of the version."""
    cells = [("W", squares((-1, 0, border, 5))), ("E", squares((border, 0, 8, 5)))]
    with unit_of_work(bind) as session:
        return take_grids(session, cells, spec=spec, since=since).published.version


def publish_new_scheme(bind: Engine, name: str) -> None:
    """Publish a whole scheme of one grid in the town, and give its place in it to every case that is there."""
    with unit_of_work(bind) as session:
        take_grids(session, [("M1", squares((-1, 0, 8, 5)))], spec=SchemeSpec(name=name, tree="town"))
    with unit_of_work(bind) as session:
        place_existing(session, scheme_named(session, name))


@contextmanager
def just_before(bind: Engine, words: str, *acts: Callable[[], Any]) -> Iterator[list[Callable[[], Any]]]:
    """Do the acts, one each time a statement with these words is about to run; yields those still to do."""
    left = list(acts)

    def note(sql: str, _: Any) -> None:
        if left and words in sql:
            left.pop(0)()

    with noting(bind, note):
        yield left

"""Connections that the pool keeps can place a report before the first one comes."""

from __future__ import annotations

from contextlib import ExitStack

from sqlalchemy import Engine, QueuePool, text

from data.session import engine
from layers.cases.warming import warm
from tests.cluster import Database


def kept(bind: Engine) -> QueuePool:
    assert isinstance(bind.pool, QueuePool)
    return bind.pool


def test_every_connection_that_is_kept_has_placed_a_point(town: Database):
    bind = engine(town.settings, pool_size=3)
    warm(bind)
    assert (kept(bind).checkedin(), kept(bind).overflow()) == (3, 0)
    with ExitStack() as held:
        connections = [held.enter_context(bind.connect()) for _ in range(3)]
        asked = text("SELECT name FROM pg_prepared_statements ORDER BY name")
        prepared = [connection.execute(asked).scalars().all() for connection in connections]
    bind.dispose()
    assert prepared == [["grid_at", "who_answers"]] * 3


def test_in_a_city_without_grids_nothing_is_opened_ahead(database: Database):
    bind = engine(database.settings, pool_size=3)
    warm(bind)
    assert kept(bind).checkedin() == 1
    bind.dispose()

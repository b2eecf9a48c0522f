"""Connections that can place a report before the first one comes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from sqlalchemy import Engine, QueuePool, Row
from sqlalchemy.orm import Session

from data.session import read_only
from data.sql import statement
from layers.cases.finding import find

# Of the database's processors the rest stay with those who ask already.
_AT_ONCE = 2


def warm(bind: Engine) -> None:
    """Have every connection that the pool keeps find out about a point of each city.

    The first time a connection does that, it loads PostGIS and PROJ and makes plans: 0.07 s that a report would wait.
    Without a city there is nothing to find out.

    Args:
        bind: The engine whose reports shall not wait.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: The database cannot be reached.
        GridError: Boundaries changed meanwhile.
    """
    with read_only(bind) as session:
        points = session.execute(statement("a_point_of_each_city")).all()
    if not points or not isinstance(bind.pool, QueuePool):
        return
    with ExitStack() as held, ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="warming") as threads:
        sessions = [held.enter_context(read_only(bind)) for _ in range(bind.pool.size())]
        for _ in threads.map(lambda session: _find_all(session, points), sessions):
            pass


def _find_all(session: Session, points: Sequence[Row[Any]]) -> None:
    for point in points:
        find(session, point.lon, point.lat, datum="wgs84", scheme=point.scheme, at=point.now, now=point.now)

"""Statements that each report needs are planned once a connection."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.prepared import execute_prepared
from tests.cluster import Database
from tests.town import at

NOW = datetime.now(UTC)


def where(session: Session, column: float) -> str:
    lon, lat = at(column, 1)
    row, *_ = execute_prepared(session, "grid_at", {"lon": lon, "lat": lat, "at": NOW, "scheme": "duty"})
    return str(row.code)


def plans(session: Session) -> tuple[int, int]:
    asked = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = 'grid_at'"
    return tuple(session.execute(text(asked)).one())  # type: ignore[return-value]


def test_a_statement_is_prepared_once_a_connection_and_planned_once(town: Database):
    with Session(town.app) as session:
        assert [where(session, 1), where(session, 3), where(session, 1)] == ["D01", "D02", "D01"]
        assert plans(session) == (3, 0)
        session.rollback()
        assert where(session, 3) == "D02"
        assert plans(session) == (4, 0)


def test_a_new_connection_prepares_for_itself(town: Database):
    with Session(town.app) as one, Session(town.app) as other:
        assert where(one, 1) == where(other, 1)
        assert plans(one) == plans(other) == (1, 0)


def test_values_that_are_written_in_make_a_plan_of_their_own(town: Database):
    with Session(town.app) as session:
        for limit in (1, 2, 1):
            values = {"lon": at(1, 1)[0], "lat": at(1, 1)[1], "at": NOW, "scheme": None}
            execute_prepared(session, "grid_at", values, written=["scheme"]) if limit == 1 else where(session, 1)
        asked = "SELECT generic_plans FROM pg_prepared_statements WHERE name ~ '^grid_at' ORDER BY name"
        assert session.execute(text(asked)).scalars().all() == [1, 2]

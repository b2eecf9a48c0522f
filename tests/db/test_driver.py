"""What goes wrong with the driver's own cursor is told as SQLAlchemy tells it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from data.binary_rows import Column, copy_rows
from data.copying import copy_columns
from data.fixed_rows import copy_out
from data.prepared import execute_prepared
from tests.cluster import Database

_ASKED = {"grids": [1], "at": None, "occurred_at": None}
WAYS = {
    "a prepared statement": lambda session: execute_prepared(session, "who_answers", _ASKED),
    "rows in": lambda session: copy_columns(session, "photos", {"sha256": ["x"]}),
    "binary rows in": lambda session: copy_rows(session, "photos", {"bytes": Column("bigint", np.array([1]))}),
    "rows out": lambda session: copy_out(session, text("SELECT 1::bigint"), {}, {"one": "bigint"}, lambda _: None),
}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@each_way
def test_a_lost_connection_is_known_as_such_and_the_next_session_has_another(
    town: Database, way: Callable[[Session], Any]
):
    with Session(town.app) as session:
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with Session(town.app) as other:
            assert other.execute(text(f"SELECT pg_terminate_backend({pid}, 5000)")).scalar_one()
        with pytest.raises(OperationalError) as raised:
            way(session)
        assert raised.value.connection_invalidated
    with Session(town.app) as session:
        assert session.execute(text("SELECT pg_backend_pid()")).scalar_one() != pid


@each_way
def test_a_statement_in_a_broken_transaction_is_refused_without_losing_the_connection(
    town: Database, way: Callable[[Session], Any]
):
    with Session(town.app) as session:
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with pytest.raises(DBAPIError):
            session.connection().exec_driver_sql("SELECT 1 / 0")
        with pytest.raises(DBAPIError) as raised:
            way(session)
        assert not raised.value.connection_invalidated
        session.rollback()
        assert session.execute(text("SELECT pg_backend_pid()")).scalar_one() == pid

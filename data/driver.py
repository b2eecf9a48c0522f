"""The driver's own cursor, for what SQLAlchemy has no words for or takes long to say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2.extensions import cursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session


@contextmanager
def driver_cursor(session: Session) -> Iterator[cursor]:
    """A cursor within the session's transaction, until the block ends.

    Args:
        session: An open session.

    Raises:
        DBAPIError: What went wrong, told as if SQLAlchemy had run it, so that a broken rule and a lost connection are
            known as such.
    """
    connection = session.connection()
    dialect: Any = connection.dialect
    driver = connection.connection
    made: Any = driver.cursor()
    try:
        with made:
            yield made
    except psycopg2.Error as error:
        is_gone = dialect.is_disconnect(error, driver.dbapi_connection, made)
        if is_gone:
            connection.invalidate(error)
        raise DBAPIError.instance(None, None, error, psycopg2.Error, connection_invalidated=is_gone) from error

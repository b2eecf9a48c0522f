"""What is sent to the database, where the driver sends it: by SQLAlchemy or past it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg2.extensions import cursor
from sqlalchemy import Connection, Engine, event

Note = Callable[[str, Any], None]
# What the pool asks a connection that lay idle.
_PING = ";"


@contextmanager
def noting(bind: Engine | Connection, note: Note) -> Iterator[None]:
    """Call `note` with each statement and its values before it is sent, until the block ends; not with a COPY.

    Args:
        bind: One connection, or an engine: those connections that are taken from it meanwhile.
        note: Whatever is to be done then.
    """
    is_on = True

    class Noting(cursor):
        def execute(self, sql: Any, values: Any = None) -> None:
            if is_on and sql != _PING:
                note(sql.decode() if isinstance(sql, bytes) else sql, values)
            super().execute(sql, values)

    def give(connection: Any, *_: Any) -> None:
        connection.cursor_factory = Noting

    if isinstance(bind, Connection):
        give(bind.connection.dbapi_connection)
    else:
        event.listen(bind, "checkout", give)
    try:
        yield
    finally:
        is_on = False
        if isinstance(bind, Engine):
            event.remove(bind, "checkout", give)

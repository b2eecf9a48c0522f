"""Statements that each report needs: planned once a connection, for planning them takes longer than running them."""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple
from zlib import crc32

from psycopg2.extensions import adapt
from sqlalchemy.orm import Session

from data.driver import driver_cursor
from data.session import notice_events
from data.sql import statement

_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")


class _Prepared(NamedTuple):
    prepare: str
    execute: str


def execute_prepared(
    session: Session, name: str, values: Mapping[str, Any], *, written: Iterable[str] = ()
) -> list[Any]:
    """The rows of the query in `data/sql/NAME.sql`, named as its columns; a connection new to it prepares it first.

    Args:
        session: An open session.
        name: Name of the file.
        values: Its parameters.
        written: Parameters whose values are written into the statement before it is planned, so that the plan is made
            for them. Each combination of values is prepared by itself: there may be a few of them.

    Raises:
        DBAPIError: As the statements of SQLAlchemy do, which take a third longer for so little.
    """
    known = session.connection().info.setdefault("prepared", set())
    made = _made(name, tuple((one, values[one]) for one in written))
    with driver_cursor(session) as cursor:
        if made not in known:
            cursor.execute(made.prepare)
            known.add(made)
        notice_events(session, made.prepare)
        cursor.execute(made.execute, dict(values))
        row = _row(tuple(column.name for column in cursor.description or ()))
        return [row(*values) for values in cursor.fetchall()]


@cache
def _row(names: tuple[str, ...]) -> type[Any]:
    return namedtuple("Row", names)


@cache
def _made(name: str, written: tuple[tuple[str, Any], ...]) -> _Prepared:
    sql = statement(name).text
    for one, value in written:
        sql = re.sub(rf"(?<![:\w]):{one}\b", adapt(value).getquoted().decode(), sql)
    if written:
        # Of a name the server reads the first 63 characters.
        name = f"{name}_{crc32(sql.encode()):08x}"
    names = list(dict.fromkeys(_PARAMETER.findall(sql)))
    numbered = _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", sql)
    return _Prepared(f"PREPARE {name} AS {numbered}", f"EXECUTE {name} ({', '.join(f'%({one})s' for one in names)})")

"""Statements that each report needs: planned once a connection, for planning them takes longer than running them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple
from zlib import crc32

from psycopg2.extensions import adapt
from sqlalchemy import Result
from sqlalchemy.orm import Session

from data.session import notice_events
from data.sql import statement

_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")


class _Prepared(NamedTuple):
    prepare: str
    execute: str


def execute_prepared(
    session: Session, name: str, values: Mapping[str, Any], *, written: Iterable[str] = ()
) -> Result[*tuple[Any, ...]]:
    """Run the statement in `data/sql/NAME.sql`; a connection that has not run it before has it prepared first.

    Args:
        session: An open session.
        name: Name of the file.
        values: Its parameters.
        written: Parameters whose values are written into the statement before it is planned, so that the plan is made
            for them. Each combination of values is prepared by itself: there may be a few of them.
    """
    connection = session.connection()
    known = connection.info.setdefault("prepared", set())
    made = _made(name, tuple((one, values[one]) for one in written))
    if made not in known:
        connection.exec_driver_sql(made.prepare)
        known.add(made)
    notice_events(session, made.prepare)
    return connection.exec_driver_sql(made.execute, dict(values))


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
    # What is sent as it stands is still read for the driver's own placeholders.
    prepare = f"PREPARE {name} AS {numbered}".replace("%", "%%")
    return _Prepared(prepare, f"EXECUTE {name} ({', '.join(f'%({one})s' for one in names)})")

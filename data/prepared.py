"""Statements that each report needs: planned once a connection, for planning them takes longer than running them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Result
from sqlalchemy.orm import Session

from data.session import notice_events
from data.sql import statement

_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")


class _Prepared(NamedTuple):
    prepare: str
    execute: str


def execute_prepared(session: Session, name: str, values: Mapping[str, Any]) -> Result[*tuple[Any, ...]]:
    """Run the statement in `data/sql/NAME.sql`; a connection that has not run it before has it prepared first.

    Args:
        session: An open session.
        name: Name of the file.
        values: Its parameters.
    """
    connection = session.connection()
    known = connection.info.setdefault("prepared", set())
    made = _made(name)
    if name not in known:
        connection.exec_driver_sql(made.prepare)
        known.add(name)
    notice_events(session, made.prepare)
    return connection.exec_driver_sql(made.execute, dict(values))


@cache
def _made(name: str) -> _Prepared:
    sql = statement(name).text
    names = list(dict.fromkeys(_PARAMETER.findall(sql)))
    numbered = _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", sql)
    # What is sent as it stands is still read for the driver's own placeholders.
    prepare = f"PREPARE {name} AS {numbered}".replace("%", "%%")
    return _Prepared(prepare, f"EXECUTE {name} ({', '.join(f'%({one})s' for one in names)})")

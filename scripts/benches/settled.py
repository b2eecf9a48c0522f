"""Tables that were filled a moment ago, brought to where a city's are: what the server does by itself, done at once."""

from __future__ import annotations

import time
from collections.abc import Iterable

from sqlalchemy import text

from data.roles import ADMIN
from data.session import engine
from data.settings import DatabaseSettings

_PATIENCE_S = 120
_IS_VACUUMED = text("SELECT relallvisible >= 0.99 * relpages FROM pg_class WHERE oid = CAST(:name AS regclass)")


def settle(settings: DatabaseSettings, *, vacuum: Iterable[str] = (), analyze: Iterable[str] = ()) -> None:
    """Wait until tables are as they will be, and what is on its way to the disk has got there.

    Args:
        settings: The database of the benchmark.
        vacuum: Tables that are vacuumed and get statistics.
        analyze: Tables that get statistics only.

    Raises:
        TimeoutError: Somebody keeps looking at a table as it was, so that a VACUUM is of no use.
    """
    admin = engine(settings, role=ADMIN, statement_limit_s=0)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in analyze:
            connection.execute(text(f"ANALYZE {name}"))
        for name in vacuum:
            give_up = time.monotonic() + _PATIENCE_S
            # Whoever still looks at it as it was before, such as the server itself, passes by.
            while True:
                connection.execute(text(f"VACUUM (ANALYZE) {name}"))
                if connection.execute(_IS_VACUUMED, {"name": name}).scalar_one():
                    break
                if time.monotonic() > give_up:
                    raise TimeoutError(f"{name} cannot be vacuumed")
                time.sleep(1)
        connection.execute(text("CHECKPOINT"))
    admin.dispose()

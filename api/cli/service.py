"""What commands that work on the database share: it is up, migrated, and reached as the service role."""

from __future__ import annotations

from sqlalchemy import Engine

from api.cli.output import Output
from data.ready import ensure_ready
from data.session import engine
from data.settings import DatabaseSettings


def service_engine(out: Output, *, long: bool = False) -> Engine:
    """An engine of the service role on a database that is ready.

    Args:
        out: Gets the steps that take time.
        long: For imports and checks: statements may take as long as they need.
    """
    settings = DatabaseSettings()
    ensure_ready(settings, out.say)
    return engine(settings, statement_limit_s=0 if long else 30, pool_size=2)

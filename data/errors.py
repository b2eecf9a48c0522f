"""Errors of keeping: the database cannot be had."""

from __future__ import annotations

from gis.errors import GridError


class DatabaseAway(GridError):
    """The database is not there, not reachable or not prepared; the command line exits with 3."""


class BrokenRule(GridError):
    """What was to be stored breaks a rule that the tables hold; nothing was stored."""


def server_missing(version: str = "15") -> DatabaseAway:
    """The error for a machine without the server's programs."""
    return DatabaseAway(
        "database_server_missing",
        f"PostgreSQL {version} with PostGIS is not installed. Run scripts/serve, or install the packages "
        f"postgresql-{version} and postgresql-{version}-postgis-3, or set GRIDKEEPER_DATABASE_URL.",
    )

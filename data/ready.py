"""Before any command: the database is up, prepared and migrated; milliseconds when it is already."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import OperationalError

from data import bootstrap, embedded, migrate
from data.roles import ADMIN, OWNER
from data.session import database_url, engine
from data.settings import DatabaseSettings


def ensure_ready(settings: DatabaseSettings, say: Callable[[str], None]) -> None:
    """Start the embedded database if it is down, make what is missing in it, and migrate.

    Args:
        settings: Where the database is.
        say: Gets one sentence for each step that takes time.

    Raises:
        DatabaseAway: It cannot be started, reached, prepared or migrated; the message says what to do.
    """
    if settings.database_url is None:
        embedded.start(settings.home, say)
    owner = engine(settings, role=OWNER, statement_limit_s=0, pool_size=1)
    try:
        if _is_current(owner):
            return
        say("Preparing the database")
        _prepare(settings)
        migrate.upgrade(owner)
    except OperationalError as error:
        raise bootstrap.unreachable(owner.url, error) from error
    finally:
        owner.dispose()


def describe(settings: DatabaseSettings) -> dict[str, object]:
    """Facts for people: does the database run, where is it, at which revision, at which should it be."""
    if settings.database_url is None:
        facts = embedded.status(settings.home, database=settings.database)
    else:
        facts = {"url": make_url(settings.database_url).render_as_string(hide_password=True)}
    owner = engine(settings, role=OWNER, pool_size=1)
    try:
        with owner.connect() as connection:
            reached = {"running": True, "revision": migrate.current(connection)}
    except OperationalError as error:
        reached = {"running": bool(facts.get("running")), "revision": None, "reason": str(error.orig).strip()}
    finally:
        owner.dispose()
    return {"embedded": settings.database_url is None, **facts, **reached, "head": migrate.head()}


def _is_current(owner: Engine) -> bool:
    try:
        with owner.connect() as connection:
            return migrate.current(connection) == migrate.head() is not None
    except OperationalError:
        return False  # no such database or role yet, or nobody there: preparing tells


def _prepare(settings: DatabaseSettings) -> None:
    if settings.database_url is None:
        cluster = embedded.find(settings.home)
        bootstrap.make_database(make_url(cluster.url(ADMIN, "postgres")), name=settings.database)
        bootstrap.prepare(make_url(cluster.url(ADMIN, settings.database)))
    else:
        bootstrap.prepare(database_url(settings, role=OWNER))

"""The way to the database: engines that act as one role, and the only commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from select import POLLIN, poll
from time import monotonic

from sqlalchemy import URL, Connection, Engine, TextClause, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.pool import ConnectionPoolEntry

from data import embedded
from data.bell import Bell
from data.constraints import named_constraints
from data.roles import APP, OWNER
from data.settings import DatabaseSettings

_CONNECT_LIMIT_S = 5
# A database on another machine that is gone without a word is missed after half a minute.
_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 4}
# A connection that was used so lately is not asked whether it is there, which takes as long as many an answer: when the
# database ends a connection it says so, and that can be read.
_USED_S, _TRUSTED_S = "used_s", 1.0
_WRITES_EVENTS, _WROTE_EVENTS = "INSERT INTO case_events", "wrote_events"


def database_url(settings: DatabaseSettings, *, role: str) -> URL:
    """The URL that reaches the database for a role; it does not start anything."""
    if settings.database_url is None:
        return make_url(embedded.find(settings.home).url(role, settings.database))
    return make_url(settings.owner_url if role == OWNER and settings.owner_url else settings.database_url)


def engine(
    settings: DatabaseSettings,
    *,
    role: str = APP,
    statement_limit_s: float = 30,
    lock_limit_s: float = 10,
    pool_size: int = 10,
) -> Engine:
    """An engine whose every connection acts as `role`; it recovers by itself when the database comes back.

    Args:
        settings: Where the database is.
        role: `data.roles.APP` or `data.roles.OWNER`.
        statement_limit_s: Longest statement; 0 for none (imports, checks).
        lock_limit_s: Longest wait for a lock; 0 for none.
        pool_size: Connections kept; twice as many at the peak.
    """
    url = database_url(settings, role=role)
    given = url.query.get("options", "")
    options = [
        given if isinstance(given, str) else " ".join(given),
        f"-c role={role}",
        f"-c statement_timeout={statement_limit_s * 1000:.0f}",
        f"-c lock_timeout={lock_limit_s * 1000:.0f}",
        "-c timezone=UTC",
        # What is prepared (data/prepared.py) is planned once; left to itself, the database often plans it each time.
        "-c plan_cache_mode=force_generic_plan",
    ]
    made = create_engine(
        url.difference_update_query(["options"]),
        connect_args={
            "options": " ".join(options).strip(),
            "connect_timeout": _CONNECT_LIMIT_S,
            "application_name": "gridkeeper",
            **_ALIVE,
        },
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_use_lifo=True,  # the one used last has everything prepared
    )
    event.listen(made, "connect", _note_use)
    event.listen(made, "checkin", _note_use)
    event.listen(made, "checkout", partial(_require_there, made))
    made.update_execution_options(bell=Bell(made))
    return made


def _note_use(_: object, record: ConnectionPoolEntry) -> None:
    record.info[_USED_S] = monotonic()


def _require_there(bind: Engine, connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
    """Ask a connection that lay idle, or has something to say, whether it is still there; if not, all are made anew."""
    heard = poll()
    heard.register(connection.fileno(), POLLIN)
    if monotonic() - record.info[_USED_S] < _TRUSTED_S and not heard.poll(0):
        return
    try:
        bind.dialect.do_ping(connection)
    except bind.dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error


@contextmanager
def unit_of_work(bind: Engine | Connection) -> Iterator[Session]:
    """One transaction: committed when the block ends, rolled back when it raises.

    Where it wrote events of cases, those who follow them are woken after the commit.

    Raises:
        BrokenRule: A constraint of the tables was broken, in the block or by the commit.
    """
    with named_constraints(), Session(bind, expire_on_commit=False) as session:
        yield session
        session.commit()
        if session.info.get(_WROTE_EVENTS):
            bind.get_execution_options()["bell"].ring()


@event.listens_for(Session, "do_orm_execute")
def _notice_events(state: ORMExecuteState) -> None:
    if isinstance(state.statement, TextClause):
        notice_events(state.session, state.statement.text)


def notice_events(session: Session, sql: str) -> None:
    """Remember, until the commit, that events of cases are written where the statement writes some."""
    if _WRITES_EVENTS in sql:
        session.info[_WROTE_EVENTS] = True


@contextmanager
def read_only(bind: Engine) -> Iterator[Session]:
    """One transaction in which nothing can be written; it is rolled back."""
    with Session(bind, expire_on_commit=False) as session:
        session.execute(text("SET TRANSACTION READ ONLY"))
        yield session

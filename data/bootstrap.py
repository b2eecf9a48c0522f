"""What must exist before the first migration: roles, the database, extensions."""

from __future__ import annotations

from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from data.errors import DatabaseAway
from data.roles import APP, OWNER

EXTENSIONS = ("postgis", "btree_gist", "pg_trgm")


def make_database(admin_url: URL, *, name: str) -> None:
    """Make the roles and the database in a cluster that is ours alone; what exists stays as it is.

    Args:
        admin_url: A superuser's URL of the maintenance database.
        name: The database to make.
    """
    # CREATE DATABASE stands outside a transaction, so the lock is the session's.
    maintenance = create_engine(admin_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with maintenance.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(hashtext('gridkeeper bootstrap'))"))
        _make_login_roles(connection)
        exists = text("SELECT 1 FROM pg_database WHERE datname = :name")
        if connection.execute(exists, {"name": name}).first() is None:
            quoted = _quoted(connection, name)
            connection.execute(text(f"CREATE DATABASE {quoted} OWNER {OWNER} TEMPLATE template0"))


def prepare(url: URL) -> None:
    """Make in the database what is missing of roles, rights and extensions.

    Raises:
        DatabaseAway: The database cannot be reached, or this login may not prepare it; then the message
            holds the SQL that an administrator must run there.
    """
    chosen = create_engine(url, connect_args={"connect_timeout": 5}, poolclass=NullPool)
    try:
        with chosen.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('gridkeeper bootstrap'))"))
            _run(connection, missing(connection))
    except OperationalError as error:
        raise unreachable(url, error) from error


def missing(connection: Connection) -> list[str]:
    """The SQL that is still to be run in this database, in order."""
    login, is_superuser = connection.execute(
        text("SELECT session_user, rolsuper FROM pg_roles WHERE rolname = session_user")
    ).one()
    member = _quoted(connection, login)
    roles = {name for (name,) in connection.execute(text("SELECT rolname FROM pg_roles"))}
    statements = []
    for role in (OWNER, APP):
        if role not in roles:
            statements.append(f"CREATE ROLE {role} NOLOGIN")
        if not is_superuser and (role not in roles or not _is_member(connection, role)):
            statements.append(f"GRANT {role} TO {member}")
    installed = {name for (name,) in connection.execute(text("SELECT extname FROM pg_extension"))}
    statements += [f"CREATE EXTENSION {name}" for name in EXTENSIONS if name not in installed]
    if OWNER not in roles or not _may_create(connection):
        statements.append(f"GRANT USAGE, CREATE ON SCHEMA public TO {OWNER}")
    return statements


def unreachable(url: URL, error: OperationalError) -> DatabaseAway:
    """The named error for a database that does not answer."""
    return DatabaseAway(
        "database_unreachable",
        f"The database {url.render_as_string(hide_password=True)} cannot be reached: {_first_line(error)}. "
        "Start it, or correct GRIDKEEPER_DATABASE_URL.",
    )


def _make_login_roles(connection: Connection) -> None:
    roles = {name for (name,) in connection.execute(text("SELECT rolname FROM pg_roles"))}
    for role in (OWNER, APP):
        if role not in roles:
            connection.execute(text(f"CREATE ROLE {role} LOGIN"))


def _is_member(connection: Connection, role: str) -> bool:
    asked = text("SELECT pg_has_role(session_user, :role, 'MEMBER')")
    return bool(connection.execute(asked, {"role": role}).scalar_one())


def _may_create(connection: Connection) -> bool:
    asked = text("SELECT has_schema_privilege(:role, 'public', 'CREATE')")
    return bool(connection.execute(asked, {"role": OWNER}).scalar_one())


def _run(connection: Connection, statements: list[str]) -> None:
    try:
        for statement in statements:
            connection.execute(text(statement))
    except DBAPIError as error:
        raise _ask_an_administrator(connection.engine.url, statements, error) from error


def _ask_an_administrator(url: URL, statements: list[str], error: DBAPIError) -> DatabaseAway:
    script = "\n".join(f"  {statement};" for statement in statements)
    return DatabaseAway(
        "database_not_prepared",
        f"The login {url.username} could not prepare the database {url.database}: {_first_line(error)}. "
        f"Ask an administrator to run there:\n{script}",
        values={"sql": statements},
    )


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)


def _first_line(error: DBAPIError) -> str:
    lines = str(error.orig).strip().splitlines() or ["no answer"]
    return lines[0].removeprefix("ERROR:").strip()

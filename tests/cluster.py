"""Databases for tests: templates made once a run, clones made in a moment, all dropped at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from data import embedded
from data.ready import ensure_ready
from data.roles import ADMIN, APP, OWNER
from data.session import engine
from data.settings import DatabaseSettings

RUN = "GRIDKEEPER_TEST_RUN"


@dataclass(frozen=True)
class Database:
    """A migrated database of one's own.

    Attributes:
        settings: As a program would read them.
    """

    settings: DatabaseSettings

    @cached_property
    def app(self) -> Engine:
        """Connections as the serving role."""
        return engine(self.settings, role=APP)

    @cached_property
    def owner(self) -> Engine:
        """Connections as the role that owns the tables."""
        return engine(self.settings, role=OWNER)

    @property
    def env(self) -> dict[str, str]:
        """Environment for a program that is to use this database."""
        ours = {"GRIDKEEPER_HOME": str(self.settings.home), "GRIDKEEPER_DATABASE": self.settings.database}
        return {**os.environ, **ours}

    def cut(self) -> None:
        """End every other connection of the serving role; they have ended when this returns."""
        ours = "FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
        with self.app.connect() as connection:
            others = connection.scalars(text(f"SELECT pid {ours} AND pid <> pg_backend_pid()")).all()
            # Says whether it was still there to be ended: some go by themselves when they see another one end.
            ending = "SELECT pg_terminate_backend(pid, 5000) FROM unnest(CAST(:pids AS int[])) pid"
            connection.execute(text(ending), {"pids": others})
            connection.rollback()
            left = connection.scalars(text(f"SELECT pid {ours} AND pid = ANY(:pids)"), {"pids": others}).all()
            assert not left, f"connections did not end: {left}"

    def let_go(self) -> None:
        """Close what is open."""
        for made in (self.__dict__.get("app"), self.__dict__.get("owner")):
            if made is not None:
                made.dispose()


@dataclass(frozen=True)
class Cluster:
    """The PostGIS of one of the tests' processes; database names begin with the process that started the tests.

    Attributes:
        home: Its GRIDKEEPER_HOME.
    """

    home: Path

    def settings(self, name: str) -> DatabaseSettings:
        """Settings of a database of this run."""
        return DatabaseSettings(database_url=None, owner_url=None, home=self.home, database=f"{_prefix()}{name}")

    def template(self, name: str, fill: Callable[[Database], None], *, source: str | None = None) -> str:
        """A database to clone, made and filled by whoever comes first; its name.

        Args:
            name: Name within the run.
            fill: Gets the new database and fills it.
            source: Template that it starts from; None for a newly migrated database.
        """
        final, draft = self.settings(name).database, self.settings(f"{name}_draft")
        with self.admin() as admin:
            admin.execute(text("SELECT pg_advisory_lock(hashtext(:name))"), {"name": final})
            if admin.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": final}) is None:
                admin.execute(text(f'DROP DATABASE IF EXISTS "{draft.database}" WITH (FORCE)'))
                if source:
                    _copy(admin, source, draft.database)
                ensure_ready(draft, lambda _: None)
                made = Database(draft)
                fill(made)
                made.let_go()
                admin.execute(text(f'ALTER DATABASE "{draft.database}" RENAME TO "{final}"'))
        return final

    @contextmanager
    def clone(self, template: str, name: str) -> Iterator[Database]:
        """A copy of a template, dropped at the end."""
        database = Database(self.settings(name))
        with self.admin() as admin:
            _copy(admin, template, database.settings.database)
        try:
            yield database
        finally:
            database.let_go()
            with self.admin() as admin:
                admin.execute(text(f'DROP DATABASE "{database.settings.database}" WITH (FORCE)'))

    def drop_left_over(self) -> None:
        """Drop the databases of this run and of runs whose process has ended."""
        with self.admin() as admin:
            names = admin.scalars(text("SELECT datname FROM pg_database WHERE datname ~ '^t[0-9]+_'")).all()
            for name in names:
                run = name[1:].split("_")[0]
                if run == os.environ[RUN] or not Path(f"/proc/{run}").exists():
                    admin.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))

    def hurry(self) -> None:
        """Let it not wait for the disk, nor keep a long log: what a test writes need not outlive a power cut."""
        with self.admin() as admin:
            for setting in ("fsync = off", "full_page_writes = off", "max_wal_size = '256MB'"):
                admin.execute(text(f"ALTER SYSTEM SET {setting}"))
            admin.execute(text("SELECT pg_reload_conf()"))

    @contextmanager
    def admin(self) -> Iterator[Connection]:
        """A connection that may make and drop databases."""
        url = embedded.find(self.home).url(ADMIN, "postgres")
        maintenance = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with maintenance.connect() as connection:
            yield connection


def _prefix() -> str:
    return f"t{os.environ[RUN]}_"


def _copy(admin: Connection, template: str, name: str) -> None:
    # Files that are copied as they are cost a tenth of pages that pass through the log.
    admin.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER {OWNER} STRATEGY file_copy'))

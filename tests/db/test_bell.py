"""The wake-up: after commits that wrote events, never more often than needed, and in no transaction."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg2.extensions import connection as DriverConnection
from sqlalchemy import text

from data.bell import CHANNEL, of_its_own
from data.session import unit_of_work
from tests.cluster import Cluster, Database
from tests.happenings import note, noted, report_one
from tests.imports import COLUMNS, take_cases, write_csv
from tests.town import at

_QUIET_S = 0.3


@contextmanager
def listening(town: Database) -> Iterator[DriverConnection]:
    connection = of_its_own(town.owner)
    connection.exec_driver_sql(f"LISTEN {CHANNEL}")
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, DriverConnection)
    yield driver
    connection.close()


def rings(listener: DriverConnection) -> int:
    """How often it rang until now and shortly after."""
    count = 0
    while select.select([listener], [], [], _QUIET_S)[0]:
        listener.poll()
        count += len(listener.notifies)
        listener.notifies.clear()
    return count


def test_many_commits_ring_once_in_fifty_milliseconds(town: Database):
    case = report_one(town)
    with listening(town) as listener:
        rings(listener)
        started = time.monotonic()
        for _ in range(100):
            noted(town, case)
        took_s = time.monotonic() - started
        assert 1 <= rings(listener) <= took_s / 0.05 + 2


def test_a_single_commit_rings_at_once(town: Database):
    case = report_one(town)
    with listening(town) as listener:
        rings(listener)
        noted(town, case)
        assert select.select([listener], [], [], 5)[0]
        assert rings(listener) == 1


def write_and_fail(town: Database, case: int) -> None:
    with unit_of_work(town.app) as session:
        note(session, case)
        raise ZeroDivisionError


def test_what_writes_no_event_or_is_rolled_back_does_not_ring(town: Database):
    case = report_one(town)
    with listening(town) as listener:
        rings(listener)
        with unit_of_work(town.app) as session:
            session.execute(text("SELECT count(*) FROM case_events"))
        with pytest.raises(ZeroDivisionError):
            write_and_fail(town, case)
        assert rings(listener) == 0


def test_an_import_rings_once_for_each_chunk_at_the_most(town: Database, tmp_path: Path):
    rows = [(f"r{number}", *at(1, 0.25)) for number in range(30)]
    file = write_csv(tmp_path / "cases.csv", rows, header=list(COLUMNS))
    with listening(town) as listener:
        take_cases(town.app, file, chunk_rows=10)
        assert 1 <= rings(listener) <= 3


def test_a_bell_whose_connection_was_killed_rings_again(cluster: Cluster, town: Database):
    case = report_one(town)
    with listening(town) as listener:
        rings(listener)
        noted(town, case)
        assert rings(listener) == 1
        with cluster.admin() as admin:
            kill = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name AND query LIKE 'NOTIFY%'"
            )
            assert admin.scalar(text(kill), {"name": town.settings.database})
        noted(town, case)
        assert rings(listener) == 1


def test_what_was_not_said_yet_is_said_when_the_engine_is_disposed_of(town: Database):
    case = report_one(town)
    with listening(town) as listener:
        rings(listener)
        for _ in range(3):
            noted(town, case)
        town.app.dispose()
        assert 1 <= rings(listener) <= 3

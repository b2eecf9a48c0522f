"""`gridkeeper serve` says that it is there once nobody has to wait for its first answers."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from data.session import unit_of_work
from tests.cluster import Database
from tests.columns import unpacked_columns
from tests.imports import rows_of
from tests.journeys.commands import free_port, service
from tests.stepping import give_town_rules, reported

_OPEN_ONES = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
def town_with_a_case(town: Database, tmp_path: Path) -> Database:
    with unit_of_work(town.app) as session:
        give_town_rules(session, tmp_path)
        reported(session)
    return town


def test_a_service_that_says_it_is_there_has_its_connections_open(town_with_a_case: Database):
    before = rows_of(town_with_a_case.app, _OPEN_ONES)[0][0]
    with service(town_with_a_case, free_port()):
        assert rows_of(town_with_a_case.app, _OPEN_ONES)[0][0] >= before + 10


def test_a_service_that_says_it_is_there_has_read_the_open_cases(town_with_a_case: Database):
    port = free_port()
    with service(town_with_a_case, port):
        # What changes without an event shows whether the cases were read before or are read now.
        with unit_of_work(town_with_a_case.owner) as session:
            session.execute(text("UPDATE cases SET urgency = 'urgent'"))
        answer = httpx2.get(f"http://127.0.0.1:{port}/api/v1/dispatch/cases")
    assert unpacked_columns(answer.json())["columns"]["urgent"] == [0]

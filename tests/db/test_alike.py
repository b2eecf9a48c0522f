"""Cases that may be the same are looked for nearby, however many are open in the city."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.session import unit_of_work
from layers.dispatch.choices import duplicates
from tests.cluster import Database
from tests.plans import reading
from tests.stepping import give_town_rules, reported
from tests.waiting import fill


@pytest.fixture(params=[True, False], ids=["with statistics", "without statistics"])
def busy(town: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Database:
    """A town with thousands of cases."""
    with unit_of_work(town.app) as session:
        fill(session, 3000, now=datetime.now(UTC).isoformat())
        give_town_rules(session, tmp_path)
    if request.param:
        with town.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE cases"))
    return town


def test_a_report_and_a_case_are_compared_with_the_open_cases_nearby_alone(busy: Database):
    with Session(busy.app) as session:
        number = reported(session)
        for ask in (lambda: reported(session), lambda: duplicates(session, number)):
            read = reading(session, ask)
            assert "cases" not in read.whole
            assert {index for index in read.indexes if index.startswith("ix_cases")} == {"ix_cases_open_geom"}
